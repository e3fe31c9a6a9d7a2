"""Where jobs are done on this machine: threads where a server thinks, processes where Python does.

A served model's answer is waiting and picture work that leaves Python's lock alone, so threads
keep a server busy and share its connections and decoded pictures. The built-in model is Python and onnxruntime: two
threads are no faster than one, two processes are. An interactive suite owns a display, which one process cannot hold
twice. A worker process that dies takes nothing with it but the sample it was at, which is tried again.
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
from benchmarks.runner.work import Desk, Job, JobResult
from benchmarks.suite import SuiteError

_PATIENCE = 5.0
"""Seconds a worker has for each of: ending by itself, ending when told to."""


class Engine(Protocol):
    """Does jobs, several at a time."""

    @property
    def slots(self) -> int:
        """How many jobs may be under way."""

    def begin(self, job: Job) -> None:
        """Take a job; only called with fewer than `slots` under way."""

    def finished(self, timeout: float) -> Sequence[JobResult]:
        """What has been done since the last call; waits up to `timeout` seconds for the first."""

    def close(self) -> None:
        """End the workers. Jobs under way are given up."""


class Threads:
    """`slots` threads around one desk. They are daemons: a runner that is stopped does not wait for a server."""

    def __init__(self, desk: Desk, slots: int) -> None:
        self.slots, self._desk = slots, desk
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[JobResult] = queue.SimpleQueue()
        for n in range(slots):
            threading.Thread(target=self._work, name=f"bench-{n}", daemon=True).start()

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            self._done.put(self._desk.do(job))

    def begin(self, job: Job) -> None:
        """Queue a job."""
        self._jobs.put(job)

    def finished(self, timeout: float) -> Sequence[JobResult]:
        """At least one outcome, unless none comes in time."""
        found = list[JobResult]()
        with suppress(queue.Empty):
            found.append(self._done.get(timeout=timeout))
            while True:
                found.append(self._done.get_nowait())
        return found

    def close(self) -> None:
        """Let the threads end; the desk is closed under those that wait for a server."""
        for _ in range(self.slots):
            self._jobs.put(None)
        self._desk.close()


@dataclass
class _WorkerProcess:
    """A process with our end of its pipe, and the job it is at."""

    process: multiprocessing.process.BaseProcess
    pipe: Connection
    job: Job | None = None


class Processes:
    """`slots` processes, each with a desk of its own; one that dies is replaced when its turn comes."""

    def __init__(self, plan: RunPlan, slots: int) -> None:
        self.slots, self._plan = slots, plan
        self._context = multiprocessing.get_context("spawn")
        self._workers: list[_WorkerProcess] = []
        self._stillborn: list[JobResult] = []

    def begin(self, job: Job) -> None:
        """Give the job to an idle worker, or to a new one."""
        idle = next((worker for worker in self._workers if worker.job is None), None) or self._hire()
        idle.job = job
        try:
            idle.pipe.send(job)
        except (BrokenPipeError, ConnectionError):
            self._stillborn += filter(None, [self._buried(idle)])

    def _hire(self) -> _WorkerProcess:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=_serve, args=(theirs, self._plan), daemon=True)
        process.start()
        theirs.close()
        self._workers.append(_WorkerProcess(process, ours))
        return self._workers[-1]

    def finished(self, timeout: float) -> Sequence[JobResult]:
        """Answers, and the jobs of workers that died as failures. Raises `SuiteError` for one that could not begin."""
        found, self._stillborn = self._stillborn, []
        ready = set(wait([w.pipe for w in self._workers], 0 if found else timeout))
        return found + [o for o in (self._heard(w) for w in list(self._workers) if w.pipe in ready) if o is not None]

    def _heard(self, worker: _WorkerProcess) -> JobResult | None:
        try:
            said: JobResult | str = worker.pipe.recv()
        except (EOFError, ConnectionError):
            return self._buried(worker)
        if isinstance(said, str):
            raise SuiteError(f"a worker could not begin: {said}")
        worker.job = None
        return said

    def _buried(self, worker: _WorkerProcess) -> JobResult | None:
        """Its job as a failure; None for one that died while idle."""
        self._workers.remove(worker)
        worker.pipe.close()
        worker.process.join(_PATIENCE)
        if worker.job is None:
            return None
        code = worker.process.exitcode
        how = f"was killed by signal {-code}" if code is not None and code < 0 else f"ended with status {code}"
        return JobResult(worker.job, error=f"the worker process {how}", passing=True)

    def close(self) -> None:
        """Idle workers end at once; busy ones are told to, and killed if they do not."""
        for worker in self._workers:
            if worker.job is not None:
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
    """A worker process: jobs in, outcomes out, until the pipe ends."""
    signal.signal(signal.SIGINT, _ignore)  # Ctrl-C is the runner's to answer; SIG_IGN would be inherited by programs
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    os.dup2(2, 1)  # nothing but the runner's own object belongs on stdout
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with suppress(EOFError, ConnectionError, KeyboardInterrupt):
        try:
            desk = Desk.open(plan)
        except Exception as error:  # noqa: BLE001 - told to the runner, which ends the run with it
            pipe.send(" ".join(f"{type(error).__name__}: {error}".split()))
            return
        try:
            while True:
                pipe.send(desk.do(pipe.recv()))
        finally:
            desk.close()


def _ignore(*_: Any) -> None:
    pass


def _end_with_parent() -> None:
    """A runner that was killed leaves no workers behind: they clean up, or are killed in turn."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)
        threading.Event().wait(2 * _PATIENCE)
        os.kill(os.getpid(), signal.SIGKILL)
