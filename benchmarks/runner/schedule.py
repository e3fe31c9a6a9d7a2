"""Who is asked what, when: every sample once, failures again after a pause, and an end when nothing works."""

from __future__ import annotations

import heapq
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from benchmarks.runner.engines import Engine
from benchmarks.runner.work import Job, JobResult

_TICK = 0.5
"""Seconds between looks at the clock while nothing comes."""


@dataclass(frozen=True)
class Retries:
    """How failures of the infrastructure are met: `times` more tries of a sample, with pauses that double.

    After `in_a_row` failed tries without one answer the run ends: the server is away, and what is left can be resumed.
    """

    times: int = 3
    first_pause: float = 0.5
    max_pause: float = 30.0
    in_a_row: int = 12

    def pause(self, attempt: int) -> float:
        """Seconds before the try after `attempt`."""
        return float(min(self.first_pause * 2 ** (attempt - 1), self.max_pause))


class RunListener(Protocol):
    """Is told what happens, in the runner's own thread."""

    def answered(self, outcome: JobResult) -> None:
        """A sample has its answer."""

    def failed(self, outcome: JobResult, again: bool) -> None:
        """A try failed; `again` says whether there will be another."""


@dataclass
class Schedule:
    """The jobs of one sitting. `errors` is what could not be answered; `gave_up` why the run ended early."""

    jobs: Sequence[Job]
    engine: Engine
    retries: Retries
    listener: RunListener
    errors: list[JobResult] = field(default_factory=list)
    gave_up: str = ""

    def run(self) -> None:
        """Do all jobs. Raises what the engine raises."""
        ready, later, under_way, failing = deque(self.jobs), list[tuple[float, int, Job]](), 0, 0
        while ready or later or under_way:
            while later and later[0][0] <= time.monotonic():
                ready.append(heapq.heappop(later)[2])
            while ready and under_way < self.engine.slots:
                self.engine.begin(ready.popleft())
                under_way += 1
            for outcome in self._finished(later, under_way):
                under_way -= 1
                failing = 0 if outcome.answer is not None or not outcome.passing else failing + 1
                self._take(outcome, later)
            if failing >= self.retries.in_a_row:
                self.gave_up = f"{failing} tries failed in a row"
                return

    def _finished(self, later: list[tuple[float, int, Job]], under_way: int) -> Sequence[JobResult]:
        wait = min(_TICK, max(0.0, later[0][0] - time.monotonic())) if later else _TICK
        if under_way:
            return self.engine.finished(wait)
        time.sleep(wait)
        return ()

    def _take(self, outcome: JobResult, later: list[tuple[float, int, Job]]) -> None:
        job = outcome.job
        if outcome.answer is not None:
            self.listener.answered(outcome)
            return
        again = outcome.passing and job.attempt <= self.retries.times
        self.listener.failed(outcome, again)
        if again:
            due = time.monotonic() + self.retries.pause(job.attempt)
            heapq.heappush(later, (due, job.index, replace(job, attempt=job.attempt + 1)))
        else:
            self.errors.append(outcome)
