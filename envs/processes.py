"""Processes, read from /proc. Linux only."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterable
from pathlib import Path


def children(pid: int) -> list[int]:
    """The direct children of `pid`, of all its threads."""
    found: list[int] = []
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            found += map(int, (task / "children").read_text().split())
    except OSError:
        return found
    return found


def descendants(pid: int) -> list[int]:
    """All children of `pid`, their children and so on; parents first. `pid` itself is not among them."""
    found: list[int] = []
    waiting = [pid]
    while waiting:
        new = [child for child in children(waiting.pop()) if child not in found]
        found += new
        waiting += new
    return found


def marked(mark: str) -> list[int]:
    """The processes that have `mark` (``NAME=value``) in the environment they were started with, zombies apart.

    Only those whose environment this user may read.
    """
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit() and _has(path, mark)]


def _has(process: Path, mark: str) -> bool:
    try:
        return mark.encode() in (process / "environ").read_bytes().split(b"\0")
    except OSError:
        return False


def alive(pid: int) -> bool:
    """Whether `pid` runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def kill_all(pids: Iterable[int], number: signal.Signals = signal.SIGKILL) -> None:
    """Signal every process of `pids` that still exists."""
    for pid in pids:
        try:
            os.kill(pid, number)
        except (ProcessLookupError, PermissionError):
            continue


def reap() -> None:
    """Collect every ended child of this process, exit statuses that ``subprocess`` waits for included."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return


def wait_gone(pids: Iterable[int], seconds: float) -> bool:
    """Wait until none of `pids` runs, for at most `seconds`. Reaps those of them that are our children, no others."""
    deadline = time.monotonic() + seconds
    left = list(pids)
    while True:
        for pid in left:
            _collect(pid)
        left = [pid for pid in left if alive(pid)]
        if not left or time.monotonic() >= deadline:
            return not left
        time.sleep(0.01)


def _collect(pid: int) -> None:
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return
