"""One sample answered, wherever the worker is: in a thread, a process or on another machine."""

from __future__ import annotations

import time
from dataclasses import dataclass

from agent.core.errors import UserError
from agent.core.model import ModelError
from benchmarks.runner.model_pool import ModelPool, open_minds
from benchmarks.runner.plan import RunPlan
from benchmarks.suite import Prediction, Sample, Suite
from envs.env import EnvError


@dataclass(frozen=True)
class Job:
    """A sample to be answered; `attempt` counts from 1."""

    index: int
    sample: Sample
    attempt: int = 1


@dataclass(frozen=True)
class JobResult:
    """What came of a job: an answer, or why there is none.

    `passing` says that another try may help: the server, the display or the worker failed, not the suite.
    `asked` and `requests` are questions to a server and the requests that they took (its own retries included),
    `model_seconds` how long they took, `seconds` the whole.
    """

    job: Job
    answer: Prediction | None = None
    error: str = ""
    passing: bool = False
    seconds: float = 0.0
    asked: int = 0
    requests: int = 0
    model_seconds: float = 0.0


class Desk:
    """A suite and its model, opened: where jobs are done. Safe for threads where the model is."""

    def __init__(self, suite: Suite, minds: ModelPool) -> None:
        self._suite, self._minds = suite, minds

    @classmethod
    def open(cls, plan: RunPlan) -> Desk:
        """In a worker of its own. Raises what opening the suite or the model raises."""
        suite = plan.open()
        return cls(suite, open_minds(plan, suite))

    def do(self, job: Job) -> JobResult:
        """Answer one sample. Never raises but for an interrupt: what goes wrong is in the outcome."""
        start = time.perf_counter()
        meter = self._minds.turn.fresh()
        try:
            answer = self._suite.answer(job.sample, self._minds.of(job.sample))
        except (ModelError, EnvError, OSError, MemoryError) as error:
            return JobResult(job, error=_said(error), passing=True, seconds=time.perf_counter() - start)
        except Exception as error:  # noqa: BLE001 - a fault of ours is reported with the sample, not as a crash
            return JobResult(job, error=_said(error), seconds=time.perf_counter() - start)
        seconds = time.perf_counter() - start
        cost = meter.asked, meter.requests, meter.seconds
        return JobResult(job, answer, "", False, seconds, *cost)

    def close(self) -> None:
        """Give the model back, and the screens that the suite keeps open."""
        self._minds.close()
        self._suite.close()


def _said(error: BaseException) -> str:
    """One line; a fault of the program is named by its class."""
    words = " ".join(str(error).split())[:500] or "no reason given"
    return words if isinstance(error, (UserError, ModelError, EnvError)) else f"{type(error).__name__}: {words}"
