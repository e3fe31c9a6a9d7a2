"""The scheduler of a run: every sample once, failures again after a pause, an early end when every try fails."""

from __future__ import annotations

import heapq
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from benchmarks.runner.engines import Engine
from benchmarks.runner.work import Attempt, AttemptResult

_TICK = 0.5
"""Polling interval in seconds."""


@dataclass(frozen=True)
class Retries:
    """Retries after infrastructure failures: `times` more tries of a sample, with pauses that double.

    After `in_a_row` failed tries without an answer the run ends; the rest can be resumed.
    """

    times: int = 3
    first_pause: float = 0.5
    max_pause: float = 30.0
    in_a_row: int = 12

    def pause(self, attempt: int) -> float:
        """Seconds before the try after `attempt`."""
        return float(min(self.first_pause * 2 ** (attempt - 1), self.max_pause))


class RunListener(Protocol):
    """Receives the results, in the runner's thread."""

    def answered(self, result: AttemptResult) -> None:
        """A sample was answered."""

    def failed(self, result: AttemptResult, again: bool) -> None:
        """An attempt failed; `again`: it will be retried."""


@dataclass
class Schedule:
    """The attempts of one session. `errors` are the final failures, `gave_up` is the reason of an early end."""

    attempts: Sequence[Attempt]
    engine: Engine
    retries: Retries
    listener: RunListener
    errors: list[AttemptResult] = field(default_factory=list)
    gave_up: str = ""

    def run(self) -> None:
        """Run all attempts. Raises what the engine raises."""
        ready, later, running, failing = deque(self.attempts), list[tuple[float, int, Attempt]](), 0, 0
        while ready or later or running:
            while later and later[0][0] <= time.monotonic():
                ready.append(heapq.heappop(later)[2])
            while ready and running < self.engine.slots:
                self.engine.begin(ready.popleft())
                running += 1
            for result in self._finished(later, running):
                running -= 1
                failing = 0 if result.answer is not None or not result.transient else failing + 1
                self._take(result, later)
            if failing >= self.retries.in_a_row:
                self.gave_up = f"{failing} tries failed in a row"
                return

    def _finished(self, later: list[tuple[float, int, Attempt]], running: int) -> Sequence[AttemptResult]:
        wait = min(_TICK, max(0.0, later[0][0] - time.monotonic())) if later else _TICK
        if running:
            return self.engine.finished(wait)
        time.sleep(wait)
        return ()

    def _take(self, result: AttemptResult, later: list[tuple[float, int, Attempt]]) -> None:
        attempt = result.attempt
        if result.answer is not None:
            self.listener.answered(result)
            return
        again = result.transient and attempt.number <= self.retries.times
        self.listener.failed(result, again)
        if again:
            due = time.monotonic() + self.retries.pause(attempt.number)
            heapq.heappush(later, (due, attempt.index, replace(attempt, number=attempt.number + 1)))
        else:
            self.errors.append(result)
