"""Stand-ins for the parts a loop test does not drive: a screen that only remembers, a model that reads a script."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from actions.action import AnyAction
from actions.frame import Frame
from agent.core.model import Decision, Extraction, Grounding, Usage
from agent.core.step import Step
from agent.core.task import Ending, Task
from envs.env import Env, Image, Observation, Outcome


class FakeEnv(Env):
    """A 100x50 grey screen; `faults` are raised, in turn, by observe (key 'observe') and perform (key 'perform')."""

    platform = "desktop"
    name = "fake 100x50"
    supported = frozenset({"click", "type", "key", "wait"})

    def __init__(self, faults: dict[str, Sequence[Exception | None]] | None = None) -> None:
        self.done: list[AnyAction] = []
        self._faults: dict[str, Iterator[Exception | None]] = {k: iter(v) for k, v in (faults or {}).items()}
        self._count = 0

    def reset(self) -> None: ...

    def close(self) -> None: ...

    def observe(self) -> Observation:
        self._fault("observe")
        self._count += 1
        frame = Frame(id=f"{self._count:04}", width=100, height=50)
        return Observation(np.full((50, 100, 3), 128, np.uint8), frame, app="fake")

    def perform(self, action: AnyAction, frame: Frame) -> Outcome:
        self._fault("perform")
        self.done.append(action)
        return Outcome(performed=True, detail="sent", timings={"act": 0.001, "settle": 0.002})

    def _fault(self, where: str) -> None:
        if (error := next(self._faults.get(where, iter(())), None)) is not None:
            raise error


Answer = AnyAction | Exception | Callable[[], AnyAction] | tuple[AnyAction, ...]


class ScriptedModel:
    """Gives its answers in turn; an exception is raised, a callable is called first, a tuple is several actions."""

    name, dialect, prompt_hash = "scripted", None, None

    def __init__(self, answers: Iterable[Answer], usage: Usage | None = None) -> None:
        self._answers = iter(answers)
        self._usage = usage or Usage()
        self.histories: list[tuple[Step, ...]] = []

    def decide(self, task: Task, observation: Observation, history: Sequence[Step]) -> Decision:
        self.histories.append(tuple(history))
        answer = next(self._answers)
        if isinstance(answer, Exception):
            raise answer
        said = answer() if callable(answer) else answer
        action, *rest = said if isinstance(said, tuple) else (said,)
        return Decision(action=action, rest=tuple(rest), thought="because", raw="raw answer", usage=self._usage)

    def locate(self, observation: Observation, instruction: str) -> Grounding:
        raise NotImplementedError

    def extract(self, observation: Observation, schema: dict[str, Any], question: str) -> Extraction:
        raise NotImplementedError


class ListMemory:
    """Keeps steps in a list."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.frames = 0
        self.ending: tuple[Ending, str, str | None] | None = None

    def add_frame(self, image: Image) -> str:
        self.frames += 1
        return f"frames/{self.frames:04}.png"

    def append(self, step: Step) -> None:
        self.steps.append(step)

    def finish(self, ending: Ending, message: str = "", answer: str | None = None) -> None:
        self.ending = (ending, message, answer)
