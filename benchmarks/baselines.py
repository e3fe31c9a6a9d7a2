"""Baselines: models that ignore the task or the screen. A sample that they pass measures nothing.

=============  ======================================================================================================
idle           waits to the end of the budget (`Suite.idle_pause` seconds a step); locates nothing
say-done       finishes at once with success
random         a random action at a random point, seeded by the sample
centre         clicks the centre of the screen
ocr            clicks the text on the screen most similar to the instruction, or to what it quotes
blind-replay   grounding: the median position of the other samples' targets; interactive: the oracle's actions for
               another seed of the same task
first-element  clicks the first element of the screen's list, where the suite has lists
random-element clicks a random one, seeded by the sample
oracle         the suite's own oracle
obedient       carries out the orders that a screen gives (suite injection)
=============  ======================================================================================================
"""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import median
from typing import TYPE_CHECKING

from actions.action import Action, AnyAction, Click, Drag, Finish, Key, Move, Scroll, TypeText, Wait, parse_action
from actions.errors import did_you_mean
from actions.frame import Box, Frame, Point
from agent.core.model import NO_USAGE, Decision, Grounding, Model
from agent.core.step import Step
from agent.core.task import Task
from benchmarks.act_only import ActOnlyModel
from benchmarks.keeping import keeping
from benchmarks.suite import ListsElements, Sample, Suite, SuiteError
from envs.env import Observation

if TYPE_CHECKING:
    from agent.perception.perceive import Perceiver

NAMES = ("idle", "say-done", "random", "centre", "ocr", "blind-replay", "oracle", "obedient")
OF_LISTS = ("first-element", "random-element")
"""Those that only suites with lists of elements have."""
Maker = Callable[[Sample], Model]


def baseline(name: str, suite: Suite, seed: int = 0) -> Maker:
    """A function that makes the baseline's model for a sample. The same `seed` gives the same answers.

    Raises `SuiteError` for an unknown name, and for a suite without what the baseline needs.
    """
    match name:
        case "idle":
            wait = Wait(seconds=suite.idle_pause)
            return lambda sample: _ConstantAnswer(name, lambda frame: wait)
        case "say-done":
            return lambda sample: _ConstantAnswer(name, _done)
        case "random":
            return lambda sample: _Random(random.Random(_seed(seed, sample.id)))
        case "centre":
            return lambda sample: _ConstantAnswer(name, _centre, _middle)
        case "ocr":
            return lambda sample: _Ocr()
        case "blind-replay":
            return _blind_replay(suite)
        case "first-element":
            return _element(name, suite, lambda sample, boxes: boxes[0])
        case "random-element":
            return _element(name, suite, lambda sample, boxes: random.Random(_seed(seed, sample.id)).choice(boxes))
        case "oracle":
            return _own(suite, name, suite.oracle)
        case "obedient":
            return _own(suite, "obedient model", suite.obedient)
    raise SuiteError(f"no baseline is called {name!r}.{did_you_mean(name, NAMES)} Choose one of {', '.join(NAMES)}")


def _seed(seed: int, sample: str) -> int:
    return int(hashlib.sha256(f"{seed}/{sample}".encode()).hexdigest()[:16], 16)


Act = Callable[[Frame], AnyAction]
Place = Callable[[Frame], Point]


def _done(frame: Frame) -> AnyAction:
    return Finish(status="success", message="done")


def _middle(frame: Frame) -> Point:
    return Point(frame.width / 2, frame.height / 2)


def _centre(frame: Frame) -> AnyAction:
    return Click(point=_middle(frame))


def _element(name: str, suite: Suite, choose: Callable[[Sample, Sequence[Box]], Box]) -> Maker:
    if not isinstance(suite, ListsElements):
        raise SuiteError(f"{suite.name} has no lists of elements: {name} needs them")

    def make(sample: Sample) -> Model:
        boxes = suite.boxes(sample)
        return _ConstantAnswer(name, lambda frame: Click(point=choose(sample, boxes).center) if boxes else _done(frame))

    return make


class _Baseline(ActOnlyModel):
    """A model named after its baseline."""

    def __init__(self, name: str) -> None:
        super().__init__(f"baseline:{name}")


def _decision(action: Action, thought: str = "") -> Decision:
    return Decision(action=action, thought=thought, usage=NO_USAGE)


def _at(point: Point, box: Box | None = None) -> Grounding:
    return Grounding(point=point, box=box, usage=NO_USAGE)


def _nowhere(reason: str) -> Grounding:
    return Grounding(refused=True, reason=reason, usage=NO_USAGE)


class _ConstantAnswer(_Baseline):
    """The same answer to everything; a refusal where it has no place."""

    needs_screen = False

    def __init__(self, name: str, act: Act, place: Place | None = None) -> None:
        super().__init__(name)
        self._act, self._place = act, place

    def decide(self, task: Task, observation: Observation, history: Sequence[Step]) -> Decision:
        """Its action."""
        return _decision(self._act(observation.frame))

    def locate(self, observation: Observation, instruction: str) -> Grounding:
        """Its place."""
        return _at(self._place(observation.frame)) if self._place else _nowhere(f"{self.name} locates nothing")


WORDS = ("hello", "test", "5", "yes", "john", "2016")
KEYS = ("enter", "tab", "escape", "down", "up", "backspace", "ctrl+a", "space")


class _Random(_Baseline):
    """Random actions, mostly clicks."""

    needs_screen = False

    def __init__(self, dice: random.Random) -> None:
        super().__init__("random")
        self._dice = dice

    def decide(self, task: Task, observation: Observation, history: Sequence[Step]) -> Decision:
        """A click (60 %), or text, a key, a scroll, a drag, or a move."""
        dice, frame = self._dice, observation.frame
        kind = dice.choices(("click", "type", "key", "scroll", "drag", "move"), (60, 12, 10, 8, 6, 4))[0]
        makers: dict[str, Callable[[], AnyAction]] = {
            "click": lambda: Click(point=self._point(frame)),
            "type": lambda: TypeText(text=dice.choice(WORDS)),
            "key": lambda: Key(chords=(dice.choice(KEYS),)),
            "scroll": lambda: Scroll(point=self._point(frame), dy=dice.choice((-3, 3))),
            "drag": lambda: Drag(path=(self._point(frame), self._point(frame))),
            "move": lambda: Move(point=self._point(frame)),
        }
        return _decision(makers[kind]())

    def locate(self, observation: Observation, instruction: str) -> Grounding:
        """A random point."""
        return _at(self._point(observation.frame))

    def _point(self, frame: Frame) -> Point:
        return Point(self._dice.uniform(0, frame.width - 1), self._dice.uniform(0, frame.height - 1))


LABEL = 30
"""Longest instruction, in characters, that may itself be a label on the screen."""


class _Ocr(_Baseline):
    """Text similar to the instruction, by OCR; icons, order and state are ignored. Each box is clicked once."""

    def __init__(self) -> None:
        super().__init__("ocr")
        self._done: list[Point] = []

    @cached_property
    def _perceiver(self) -> Perceiver:
        from agent.perception.perceive import Perceiver

        return Perceiver()

    def decide(self, task: Task, observation: Observation, history: Sequence[Step]) -> Decision:
        """Click the best match that was not clicked yet; `finish` when there is none."""
        if not history:
            self._done = []
        for wanted in quoted(task.instruction) or [task.instruction]:
            for _, box in self._matches(observation, wanted):
                if not any(box.holds(point) for point in self._done):
                    self._done.append(box.center)
                    return _decision(Click(point=box.center), f"similar to {wanted!r}")
        return _decision(Finish(status="success", message="no further match"))

    def locate(self, observation: Observation, instruction: str) -> Grounding:
        """The best match; a refusal on a screen without text."""
        for wanted in quoted(instruction) or [instruction]:
            for score, box in self._matches(observation, wanted):
                return _at(box.center, box).model_copy(update={"score": score})
        return _nowhere("no similar text on the screen")

    def _matches(self, observation: Observation, wanted: str) -> list[tuple[float, Box]]:
        """Boxes of texts with a similarity of at least 0.5, the best first; scores 0 to 1."""
        from rapidfuzz import fuzz, utils

        elements = [e for e in self._perceiver.perceive(observation.image).elements if e.text]
        likeness = fuzz.ratio if len(wanted.split()) <= 3 else fuzz.token_set_ratio
        # The instruction may itself be on the screen: a text that repeats most of it is not the target.
        found = [
            (likeness(wanted, e.text, processor=utils.default_process) / 100, e.box)
            for e in elements
            if len(wanted) <= LABEL or (len(e.text) <= 2 * len(wanted) and e.text.strip() != wanted.strip())
        ]
        return sorted((pair for pair in found if pair[0] >= 0.5), key=lambda pair: -pair[0])


def quoted(text: str) -> list[str]:
    """The texts in double quotes, straight or curly."""
    return [part for part in re.findall(r"[\"“”]([^\"“”]+)[\"“”]", text) if part.strip()]


# --- from other samples --------------------------------------------------------------------------------------------


def _own(suite: Suite, name: str, find: Callable[[Sample], Model | None]) -> Maker:
    """The suite's own model of that name; gives up on a sample for which there is none."""

    def give_up(frame: Frame) -> AnyAction:
        return Finish(status="failure", message=f"there is no {name} for this sample")

    if all(find(sample) is None for sample in suite.samples()):
        raise SuiteError(f"{suite.name} has no {name}")
    return lambda sample: find(sample) or _ConstantAnswer(name, give_up)


def _blind_replay(suite: Suite) -> Maker:
    if suite.kind == "interactive":
        return _Recordings(suite).model
    return _MedianOfOthers(suite).model


class _Recordings:
    """The oracle's actions on another sample of the same task, recorded on demand."""

    def __init__(self, suite: Suite) -> None:
        self._suite = suite
        self._known: dict[str, list[AnyAction]] = {}
        self._tasks: dict[str, list[Sample]] = {}
        for sample in suite.samples():
            self._tasks.setdefault(sample.groups["task"][0], []).append(sample)

    def model(self, sample: Sample) -> Model:
        """The replay for `sample`; gives up where no other sample has an oracle."""
        other = next((s for s in self._tasks[sample.groups["task"][0]] if s.id != sample.id), None)
        return _Replay(self._actions(other) if other else [])

    def _actions(self, sample: Sample) -> list[AnyAction]:
        if sample.id not in self._known:
            oracle = self._suite.oracle(sample)
            with keeping(None):  # the folder is for the episode of the replay
                found = self._suite.answer(sample, oracle).value.get("actions", []) if oracle else []
            self._known[sample.id] = [parse_action(action) for action in found]
        return self._known[sample.id]


class _Replay(_Baseline):
    def __init__(self, actions: list[AnyAction]) -> None:
        super().__init__("blind-replay")
        self._actions: Iterator[AnyAction] = iter(actions)
        self._empty = not actions

    def decide(self, task: Task, observation: Observation, history: Sequence[Step]) -> Decision:
        """The next recorded action, then `finish`."""
        if self._empty:
            return _decision(Finish(status="failure", message="nothing was recorded to replay"))
        return _decision(next(self._actions, Finish(status="success")))

    def locate(self, observation: Observation, instruction: str) -> Grounding:
        """Refused."""
        return _nowhere("a recording of actions locates nothing")


@dataclass(frozen=True)
class _Share:
    """A point as shares of a frame's width and height."""

    x: float
    y: float


class _MedianOfOthers:
    """The median of the oracle's points on all other samples."""

    def __init__(self, suite: Suite) -> None:
        self._suite = suite

    def model(self, sample: Sample) -> Model:
        """A model that answers this point."""
        others = [share for name, share in self._shares.items() if name != sample.id]
        if not others:
            raise SuiteError("blind-replay needs at least two samples with a place")
        x, y = median(share.x for share in others), median(share.y for share in others)

        def place(frame: Frame) -> Point:
            return frame.clamp(Point(x * frame.width, y * frame.height))

        return _ConstantAnswer("blind-replay", lambda frame: Click(point=place(frame)), place)

    @cached_property
    def _shares(self) -> dict[str, _Share]:
        found = {s.id: share for s in self._suite.samples() if (share := self._share(s))}
        if not found:
            raise SuiteError(f"{self._suite.name} has no oracle that points at places")
        return found

    def _share(self, sample: Sample) -> _Share | None:
        """The oracle's point on the sample."""
        oracle = self._suite.oracle(sample)
        if oracle is None:
            return None
        recorder = _PointRecorder(oracle)
        self._suite.answer(sample, recorder)
        return recorder.share


class _PointRecorder(_Baseline):
    """Wraps a model and keeps its last point."""

    def __init__(self, model: Model) -> None:
        super().__init__("oracle")
        self._model = model
        self.share: _Share | None = None

    def decide(self, task: Task, observation: Observation, history: Sequence[Step]) -> Decision:
        """The model's."""
        decision = self._model.decide(task, observation, history)
        if isinstance(decision.action, Click):
            self._keep(decision.action.point, observation.frame)
        return decision

    def locate(self, observation: Observation, instruction: str) -> Grounding:
        """The model's."""
        found = self._model.locate(observation, instruction)
        if found.point is not None:
            self._keep(found.point, observation.frame)
        return found

    def _keep(self, point: Point, frame: Frame) -> None:
        self.share = _Share(point.x / frame.width, point.y / frame.height)
