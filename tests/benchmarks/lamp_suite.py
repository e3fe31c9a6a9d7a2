"""An interactive suite without programs: a screen with one lit lamp; the task is to click it and to say so."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from actions.action import AnyAction, Click, Finish
from actions.frame import Box, Frame, Point
from agent.core.model import Decision, Model
from agent.core.step import Step
from agent.core.task import Limits, Task
from benchmarks.interactive import figures, judge, play
from benchmarks.suite import Judged, Kind, Prediction, Sample, SampleVerdict, Suite, SuiteOptions, Summary
from benchmarks.suites.tasks.world import StateWorld
from envs.env import Env, EnvError, Observation, Outcome, UiElement

SIZE = (320, 200)
TASKS = ("lamp", "lamps")


def place(seed: int) -> Point:
    chance = random.Random(seed)
    return Point(20 * chance.randrange(1, 15), 20 * chance.randrange(1, 9))


class LampScreen(Env):
    name, supported = "lamps", frozenset({"click", "move", "scroll", "type", "key", "wait", "drag", "long_press"})

    def __init__(self, lamp: Point) -> None:
        self.lamp, self.lit, self.gone = lamp, True, False

    def observe(self) -> Observation:
        if self.gone:
            raise EnvError("the lamps are gone")
        image = np.full((SIZE[1], SIZE[0], 3), 40, np.uint8)
        x, y = map(int, self.lamp)
        image[y - 8 : y + 8, x - 8 : x + 8] = (250, 220, 60) if self.lit else (90, 90, 90)
        return Observation(image, Frame(id="0", width=SIZE[0], height=SIZE[1]), details=self)

    def perform(self, action: AnyAction, frame: Frame) -> Outcome:
        if not (
            isinstance(action, Click) and abs(action.point.x - self.lamp.x) < 9 > abs(action.point.y - self.lamp.y)
        ):
            return Outcome(performed=True, changed=False)
        self.lit = False
        return Outcome(performed=True, changed=True)

    def tree(self, frame: Frame) -> tuple[UiElement, ...]:
        x, y = self.lamp
        return (UiElement(Box(x - 8, y - 8, x + 8, y + 8), "button", "Lamp «ü»", clickable=True),)

    def app_names(self) -> tuple[str, ...]:
        return ()


class LampWorld(StateWorld):
    instruction = "Put the lamp out: «ü»"

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.env = LampScreen(place(seed))

    def problem(self) -> str:
        return "the lamp is lit" if self.env.lit else ""


class LampSuite(Suite):
    name = "lamps"
    kind: Kind = "interactive"
    screen = SIZE
    worlds: list[LampWorld]

    def __init__(self, options: SuiteOptions) -> None:
        self._options, self.worlds, self.closed = options, [], 0
        self._steps = options.max_steps or 4

    @property
    def protocol(self) -> Mapping[str, Any]:
        return {"version": 1, "step_budget": self._steps}

    def samples(self) -> Sequence[Sample]:
        seeds = range(self._options.seed, self._options.seed + (self._options.seeds or 1))
        tasks = self._options.tasks or TASKS
        return [Sample(f"{t}/{s}", LampWorld.instruction, {"task": (t,)}, (t, s)) for t in tasks for s in seeds]

    def answer(self, sample: Sample, model: Model) -> Prediction:
        self.worlds.append(LampWorld(sample.data[1]))
        return play(self.worlds[-1], model, Limits(steps=self._steps))

    def judge(self, sample: Sample, answer: Prediction) -> SampleVerdict:
        return judge(sample, answer)

    def summarise(self, judged: Sequence[Judged]) -> Summary:
        return figures(judged)

    def close(self) -> None:
        self.closed += 1


class LampReader(Model):
    """Clicks the lit lamp that it sees, but misses those in the left third; done when it is dark."""

    name = "lamp-reader"

    def decide(self, task: Task, observation: Observation, history: Sequence[Step]) -> Decision:
        lit = np.argwhere((observation.image == (250, 220, 60)).all(axis=2))
        if not len(lit) or len(history) > 1:
            return Decision(action=Finish(status="success", message="dark"), raw="done")
        y, x = (float(side) for side in lit.mean(axis=0))
        return Decision(action=Click(point=Point(x if x > SIZE[0] / 3 else 1, y)), raw="a lamp", thought="it is lit")


def right_actions(seed: int) -> list[AnyAction]:
    return [Click(point=place(seed)), Finish(status="success")]


def open_lamps(name: str, data: object, options: SuiteOptions) -> LampSuite:
    return LampSuite(options)
