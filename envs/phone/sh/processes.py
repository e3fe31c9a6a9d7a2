"""The processes of a phone's shell that ``ps``, ``kill`` and ``wait`` know: jobs and commands that run for long."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass(eq=False)
class ShellProcess:
    """One process. `stopping` is set by a signal, which the command has to look for; `ended` when it is over."""

    pid: int
    name: str
    stopping: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)


class ProcessTable:
    """All that run, by number. Methods may be called from any thread."""

    def __init__(self) -> None:
        self._running: dict[int, ShellProcess] = {}
        self._numbers = itertools.count(4300)

    def start(self, name: str) -> ShellProcess:
        """A new process."""
        process = ShellProcess(next(self._numbers), name)
        self._running[process.pid] = process
        return process

    def end(self, process: ShellProcess) -> None:
        """Remove it, and wake those who wait for it."""
        self._running.pop(process.pid, None)
        process.ended.set()

    def all(self) -> list[ShellProcess]:
        """Those that run, oldest first."""
        return list(self._running.values())

    def stop(self, pid: int) -> bool:
        """Send it a signal to end; whether it runs."""
        process = self._running.get(pid)
        if process:
            process.stopping.set()
        return process is not None

    @contextmanager
    def run(self, name: str, job: ShellProcess | None) -> Iterator[ShellProcess]:
        """A process for the time of a command: its `job`, under its own name, or a new one."""
        if job:
            job.name = name
            yield job
            return
        process = self.start(name)
        try:
            yield process
        finally:
            self.end(process)
