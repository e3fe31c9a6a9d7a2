"""A sample of an interactive suite, decided on from outside, one action at a time.

The run is the suite's own (`Suite.answer`), as in ``handeye bench``: the same loop, budget, check and endings. Its
model gives away each observation and waits for the action.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from actions.action import AnyAction, Finish
from actions.errors import HandeyeError
from agent.core.model import NO_USAGE, Decision, ParseError
from agent.core.step import Step
from agent.core.task import Ending, Task
from agent.perception.listing.lister import ElementLister
from agent.perception.listing.rows import ElementList
from benchmarks.act_only import ActOnlyModel
from benchmarks.handover import Handover, Returned
from benchmarks.suite import Prediction, Sample, SampleVerdict, Suite
from envs.env import EnvError, Observation

_TERMINAL = {Ending.DONE, Ending.VERIFIED, Ending.GAVE_UP, Ending.WORLD_OVER, Ending.NEEDS_HUMAN}


@dataclass(frozen=True)
class DecisionRequest:
    """What is to be decided on. `effect` is what came of the last action; `elements` is None where not asked for."""

    instruction: str
    observation: Observation
    effect: str = ""
    elements: ElementList | None = None


@dataclass(frozen=True)
class SampleEnd:
    """The run is over. `observation` is the last screen, after the last action where the screen was still there."""

    prediction: Prediction
    verdict: SampleVerdict
    observation: Observation

    @property
    def ending(self) -> Ending:
        """How the run ended."""
        return Ending(self.prediction.value["ending"])

    @property
    def terminated(self) -> bool:
        """Whether the agent's word or the world ended it; every other ending cuts the episode off."""
        return self.ending in _TERMINAL


Choice = AnyAction | ParseError
"""An action, or why an answer is none: it counts as the model's unusable answer."""


class OutsideModel(ActOnlyModel):
    """A model whose decisions are made by whoever answers `exchange`."""

    def __init__(self, exchange: Callable[[DecisionRequest], Choice]) -> None:
        super().__init__("outside")
        self._exchange = exchange
        self.last: Observation | None = None

    def decide(self, task: Task, observation: Observation, history: Sequence[Step]) -> Decision:
        """The action from outside. Raises the `ParseError` from outside."""
        self.last = observation
        effect = history[-1].effect if history else ""
        choice = self._exchange(DecisionRequest(task.instruction, observation, effect, self._elements(observation)))
        if isinstance(choice, ParseError):
            raise choice
        return Decision(action=choice, raw=choice.model_dump_json(), usage=NO_USAGE)

    def see_end(self, observation: Observation) -> None:
        """See `benchmarks.interactive.SeesEnd`."""
        self.last = observation

    def _elements(self, observation: Observation) -> ElementList | None:
        return None


class ListingOutsideModel(OutsideModel):
    """An `OutsideModel` that also gives away the numbered elements of each screen."""

    def __init__(self, exchange: Callable[[DecisionRequest], Choice], lister: ElementLister, phone: bool) -> None:
        super().__init__(exchange)
        self.lister, self._phone = lister, phone
        self._before: ElementList | None = None

    def _elements(self, observation: Observation) -> ElementList:
        self._before = self.lister.listed(observation, self._phone, self._before)
        return self._before


class SuiteRun:
    """Runs samples of `suite`, one after another; `elements` also lists what is on each screen."""

    def __init__(self, suite: Suite, elements: bool = False) -> None:
        self._suite = suite
        self._lister = ElementLister() if elements else None
        self._handover: Handover[DecisionRequest, Choice, SampleEnd] | None = None

    @property
    def under_way(self) -> bool:
        """Whether a sample waits for an action."""
        return self._handover is not None and not self._handover.over

    def begin(self, sample: Sample) -> DecisionRequest:
        """The first screen of `sample`, which is set up. Raises `EnvError`; a sample under way is given up."""
        self.leave()
        self._handover = Handover(lambda exchange: self._run(sample, exchange), f"handeye {sample.id}")
        given = self._handover.start()
        if isinstance(given, Returned):
            raise EnvError(f"{sample.id} was over before it began: {given.value.prediction.value.get('message')}")
        return given

    def act(self, choice: Choice) -> DecisionRequest | SampleEnd:
        """The screen after an action, or the end. Raises `EnvError` for a screen that failed."""
        if self._handover is None:
            raise RuntimeError("no sample was begun")
        given = self._handover.reply(choice)
        return given.value if isinstance(given, Returned) else given

    def leave(self) -> None:
        """Give up a sample that is under way, which is then judged and cleared away as any other."""
        with suppress(HandeyeError):
            while self.under_way:
                self.act(Finish(status="failure", message="the sample was left"))

    def close(self) -> None:
        """Give up what is under way and close the suite. Safe to call twice."""
        self.leave()
        self._suite.close()

    def _run(self, sample: Sample, exchange: Callable[[DecisionRequest], Choice]) -> SampleEnd:
        lister, phone = self._lister, self._suite.platform == "mobile"
        model = OutsideModel(exchange) if lister is None else ListingOutsideModel(exchange, lister, phone)
        prediction = self._suite.answer(sample, model)
        if model.last is None:
            raise EnvError(f"{sample.id} ended before anything was seen: {prediction.value.get('message')}")
        return SampleEnd(prediction, self._suite.judge(sample, prediction), model.last)
