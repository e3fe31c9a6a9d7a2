"""Answering one sample in a worker: a thread, a process or an actor on another machine."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from agent.core.errors import UserError
from agent.core.model import ModelError
from benchmarks.keeping import keeping
from benchmarks.runner.model_pool import ModelPool, open_models
from benchmarks.runner.plan import RunPlan
from benchmarks.suite import Prediction, Sample, Suite
from envs.env import EnvError


@dataclass(frozen=True)
class Attempt:
    """One try of a sample; `number` counts from 1. `keep` is where its episode is kept, absolute; None for nowhere."""

    index: int
    sample: Sample
    number: int = 1
    keep: Path | None = None


@dataclass(frozen=True)
class AttemptResult:
    """The result of an attempt: a prediction, or an error.

    `transient`: another try may help, because the server, display or worker failed, not the suite. `asked` and
    `requests` count the questions to a server and the HTTP requests for them (retries included), `model_seconds` is
    their duration, `seconds` that of the whole attempt.
    """

    attempt: Attempt
    answer: Prediction | None = None
    error: str = ""
    transient: bool = False
    seconds: float = 0.0
    asked: int = 0
    requests: int = 0
    model_seconds: float = 0.0


class Worker:
    """An open suite with its models; answers samples. Thread-safe if the model is."""

    def __init__(self, suite: Suite, models: ModelPool) -> None:
        self._suite, self._models = suite, models

    @classmethod
    def open(cls, plan: RunPlan) -> Worker:
        """Open the suite and the models of `plan`. Raises what opening them raises."""
        suite = plan.open()
        return cls(suite, open_models(plan, suite))

    def do(self, attempt: Attempt) -> AttemptResult:
        """Answer one sample. Errors are in the result; only an interrupt is raised."""
        start = time.perf_counter()
        meter = self._models.gate.fresh()
        try:
            with keeping(attempt.keep):
                answer = self._suite.answer(attempt.sample, self._models.of(attempt.sample))
        except (ModelError, EnvError, OSError, MemoryError) as error:
            return AttemptResult(attempt, error=_line_of(error), transient=True, seconds=time.perf_counter() - start)
        except Exception as error:  # noqa: BLE001 - a bug is reported with the sample, not as a crash
            return AttemptResult(attempt, error=_line_of(error), seconds=time.perf_counter() - start)
        seconds = time.perf_counter() - start
        cost = meter.asked, meter.requests, meter.seconds
        return AttemptResult(attempt, answer, "", False, seconds, *cost)

    def close(self) -> None:
        """Close the models and the suite."""
        self._models.close()
        self._suite.close()


def _line_of(error: BaseException) -> str:
    """One line; other errors than the expected ones are named by their class."""
    words = " ".join(str(error).split())[:500] or "no reason given"
    return words if isinstance(error, (UserError, ModelError, EnvError)) else f"{type(error).__name__}: {words}"
