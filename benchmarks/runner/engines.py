"""The local engines: threads for served models, processes for models that run in Python and for interactive suites.

A served model's answer is I/O and image work without the GIL, so threads keep a server busy and share its connections
and decoded images. The built-in model is Python and onnxruntime, which scales with processes only. An interactive suite
owns a display, which one process cannot hold twice. When a worker process dies, only its current sample is retried.
"""

from __future__ import annotations

import multiprocessing
import os
import queue
import signal
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any, Protocol

from benchmarks.runner.plan import RunPlan
from benchmarks.runner.work import Attempt, AttemptResult, Worker
from benchmarks.suite import SuiteError

_PATIENCE = 5.0
"""Seconds that a worker has to exit by itself, and again after SIGTERM."""


class Engine(Protocol):
    """Runs attempts, several at a time."""

    @property
    def slots(self) -> int:
        """The number of attempts that may run at once."""

    def begin(self, attempt: Attempt) -> None:
        """Start an attempt; only called with fewer than `slots` running."""

    def finished(self, timeout: float) -> Sequence[AttemptResult]:
        """The results since the last call; waits up to `timeout` seconds for the first."""

    def close(self) -> None:
        """End the workers; running attempts are abandoned."""


class Threads:
    """`slots` daemon threads around one `Worker`: a runner that is stopped does not wait for a server."""

    def __init__(self, worker: Worker, slots: int) -> None:
        self.slots, self._worker = slots, worker
        self._queue: queue.SimpleQueue[Attempt | None] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[AttemptResult] = queue.SimpleQueue()
        for n in range(slots):
            threading.Thread(target=self._work, name=f"bench-{n}", daemon=True).start()

    def _work(self) -> None:
        while (attempt := self._queue.get()) is not None:
            self._done.put(self._worker.do(attempt))

    def begin(self, attempt: Attempt) -> None:
        """Queue an attempt."""
        self._queue.put(attempt)

    def finished(self, timeout: float) -> Sequence[AttemptResult]:
        """At least one result, unless none arrives in time."""
        found = list[AttemptResult]()
        with suppress(queue.Empty):
            found.append(self._done.get(timeout=timeout))
            while True:
                found.append(self._done.get_nowait())
        return found

    def close(self) -> None:
        """Let the threads end; the worker is closed while some may still wait for a server."""
        for _ in range(self.slots):
            self._queue.put(None)
        self._worker.close()


@dataclass
class _WorkerProcess:
    """A process, the runner's end of its pipe, and its current attempt."""

    process: multiprocessing.process.BaseProcess
    pipe: Connection
    attempt: Attempt | None = None


class Processes:
    """`slots` processes, each with its own `Worker`; one that dies is replaced on demand."""

    def __init__(self, plan: RunPlan, slots: int) -> None:
        self.slots, self._plan = slots, plan
        self._context = multiprocessing.get_context("spawn")
        self._workers: list[_WorkerProcess] = []
        self._lost: list[AttemptResult] = []

    def begin(self, attempt: Attempt) -> None:
        """Send the attempt to an idle process, or to a new one."""
        idle = next((worker for worker in self._workers if worker.attempt is None), None) or self._start_process()
        idle.attempt = attempt
        try:
            idle.pipe.send(attempt)
        except (BrokenPipeError, ConnectionError):
            self._lost += filter(None, [self._remove(idle)])

    def _start_process(self) -> _WorkerProcess:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=_serve, args=(theirs, self._plan), daemon=True)
        process.start()
        theirs.close()
        self._workers.append(_WorkerProcess(process, ours))
        return self._workers[-1]

    def finished(self, timeout: float) -> Sequence[AttemptResult]:
        """Results; the attempts of dead processes are failures. Raises `SuiteError` when a process cannot start."""
        found, self._lost = self._lost, []
        ready = set(wait([w.pipe for w in self._workers], 0 if found else timeout))
        return found + [o for o in (self._receive(w) for w in list(self._workers) if w.pipe in ready) if o is not None]

    def _receive(self, worker: _WorkerProcess) -> AttemptResult | None:
        try:
            said: AttemptResult | str = worker.pipe.recv()
        except (EOFError, ConnectionError):
            return self._remove(worker)
        if isinstance(said, str):
            raise SuiteError(f"a worker could not start: {said}")
        worker.attempt = None
        return said

    def _remove(self, worker: _WorkerProcess) -> AttemptResult | None:
        """The attempt of a dead process as a failure; None if it was idle."""
        self._workers.remove(worker)
        worker.pipe.close()
        worker.process.join(_PATIENCE)
        if worker.attempt is None:
            return None
        code = worker.process.exitcode
        how = f"was killed by signal {-code}" if code is not None and code < 0 else f"ended with status {code}"
        return AttemptResult(worker.attempt, error=f"the worker process {how}", transient=True)

    def close(self) -> None:
        """End idle processes at once, terminate busy ones, kill those that do not exit."""
        for worker in self._workers:
            if worker.attempt is not None:
                worker.process.terminate()
            worker.pipe.close()
        for worker in self._workers:
            worker.process.join(_PATIENCE)
            if worker.process.is_alive():
                worker.process.terminate()
                worker.process.join(_PATIENCE)
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join(_PATIENCE)
        self._workers.clear()


def _serve(pipe: Connection, plan: RunPlan) -> None:
    """The main function of a worker process: attempts in, results out, until the pipe ends."""
    signal.signal(signal.SIGINT, _ignore)  # the runner handles Ctrl-C; SIG_IGN would be inherited by child programs
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    os.dup2(2, 1)  # stdout is reserved for the runner's result
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with suppress(EOFError, ConnectionError, KeyboardInterrupt):
        try:
            worker = Worker.open(plan)
        except Exception as error:  # noqa: BLE001 - sent to the runner, which ends the run
            pipe.send(" ".join(f"{type(error).__name__}: {error}".split()))
            return
        try:
            while True:
                pipe.send(worker.do(pipe.recv()))
        finally:
            worker.close()


def _ignore(*_: Any) -> None:
    pass


def _end_with_parent() -> None:
    """Terminate this process when the runner is gone; kill it if it does not exit."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)
        threading.Event().wait(2 * _PATIENCE)
        os.kill(os.getpid(), signal.SIGKILL)
