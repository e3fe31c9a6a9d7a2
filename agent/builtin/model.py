"""The built-in model: follows explicit instructions on perceived elements; no download and no GPU."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np

from actions.action import Answer, AnyAction, AskUser, Finish, Wait, describe
from agent.builtin.extraction import extract_values
from agent.builtin.follower import Follower, Rank
from agent.builtin.grammar.parse import parse_instructions
from agent.builtin.instructions import NeedsPlanning
from agent.builtin.resuming import instructions_done, was_skipped
from agent.builtin.screen_diff import PerceivedObservation
from agent.core.model import NO_USAGE, Decision, Extraction, Grounding, Usage
from agent.core.step import Step
from agent.core.task import Task
from agent.perception.elements import PerceivedScreen
from agent.perception.naming import perceived_targets
from envs.env import Image, Observation


class ScreenPerceiver(Protocol):
    """`agent.perception.perceive.Perceiver`, or a stand-in."""

    def perceive(self, image: Image) -> PerceivedScreen:
        """Everything on an RGB image (uint8, height x width x 3)."""


class BuiltinModel:
    """An `agent.core.model.Model` without a language model.

    `perceiver`, `rank` and `locator` replace those of `agent.perception`.
    """

    def __init__(
        self,
        perceiver: ScreenPerceiver | None = None,
        rank: Rank | None = None,
        locator: Callable[[PerceivedScreen, str], Grounding] | None = None,
    ) -> None:
        self._perceiver, self._rank, self._locator = perceiver, rank, locator
        self._follower: Follower | None = None
        self._default_perceiver = perceiver is None
        self._seen: Image | None = None
        self._task = ""
        self._decided: AnyAction | None = None

    @property
    def name(self) -> str:
        """``builtin``."""
        return "builtin"

    @property
    def dialect(self) -> str | None:
        """None: it is not prompted."""
        return None

    @property
    def prompt_hash(self) -> str | None:
        """None: it is not prompted."""
        return None

    def decide(self, task: Task, observation: Observation, history: Sequence[Step]) -> Decision:
        """The next action of the plan; the check of the one before is made on this observation.

        A new plan begins with an empty `history`, with another task, and wherever the history's last action is not the
        one decided last, or was refused as out of date: then it takes up behind the last instruction that the
        history's actions can have carried out (`agent.builtin.resuming`). A task that needs planning is a `finish`
        with status failure before anything is done.
        """
        last = history[-1] if history else None
        if not self._continues(task, last) and (refusal := self._begin(task, observation, history)):
            return refusal
        assert self._follower is not None
        if last is not None and (refused := _refused(last)):
            return Decision(action=Finish(status="failure", message=refused), thought=refused, usage=NO_USAGE)
        started = time.perf_counter()
        if last is not None and isinstance(last.action, Wait) and self._follower.searching:
            self._drop_caches(observation.image)
        screen = self._see(observation.image)
        seen = time.perf_counter()
        done = last is None or last.outcome is None or last.outcome.performed or isinstance(last.action, Answer)
        performed = done or (last is not None and was_skipped(last))
        action, thought = self._follower.next(PerceivedObservation(screen, observation.image), performed=performed)
        if isinstance(action, Finish) and action.status == "success" and (skipped := sum(map(was_skipped, history))):
            action = Finish(status="success", message=f"all instructions are over; {skipped} skipped by a person")
        self._decided = action
        usage = Usage(seconds=time.perf_counter() - started, requests=0)
        timings = {"model": seen - started, "parse": time.perf_counter() - seen}
        targets, raw = perceived_targets(action, screen), describe(action)
        return Decision(action=action, targets=targets, thought=thought, raw=raw, usage=usage, timings=timings)

    def locate(self, observation: Observation, instruction: str) -> Grounding:
        """The point and box of the element described, or a refusal with the reason."""
        started = time.perf_counter()
        screen = self._see(observation.image)
        found = self._locate(screen, instruction)
        return found.model_copy(update={"usage": Usage(seconds=time.perf_counter() - started, requests=0)})

    def extract(self, observation: Observation, schema: dict[str, Any], question: str) -> Extraction:
        """Values from the screen for a flat schema. Raises `ModelError` for what it cannot fill."""
        started = time.perf_counter()
        data = extract_values(self._see(observation.image), schema)
        return Extraction(data=data, usage=Usage(seconds=time.perf_counter() - started, requests=0))

    def _continues(self, task: Task, last: Step | None) -> bool:
        """Whether the plan in memory is the one that `last` belongs to."""
        if self._follower is None or last is None or task.instruction != self._task:
            return False
        return (last.decided or last.action) == self._decided and last.error is None and not was_skipped(last)

    def _begin(self, task: Task, observation: Observation, history: Sequence[Step]) -> Decision | None:
        steps = parse_instructions(task.instruction)
        if isinstance(steps[0], NeedsPlanning):
            message = steps[0].message
            return Decision(action=Finish(status="failure", message=message), thought=message, usage=NO_USAGE)
        phone = observation.keyboard_shown is not None or observation.frame.height > 1.3 * observation.frame.width
        self._follower = Follower(steps, self._ranker(), phone=phone, done=instructions_done(steps, history))
        self._task = task.instruction
        return None

    def _drop_caches(self, image: Image) -> None:
        """After a wait that changed nothing, drop the caches of perception."""
        if self._default_perceiver and self._seen is not None and np.array_equal(self._seen, image):
            self._perceiver = None

    def _see(self, image: Image) -> PerceivedScreen:
        self._seen = image
        if self._perceiver is None:
            from agent.perception.perceive import Perceiver

            self._perceiver = Perceiver()
        return self._perceiver.perceive(image)

    def _ranker(self) -> Rank:
        if self._rank is None:
            from agent.perception.meaning.ranking import rank

            self._rank = rank
        return self._rank

    def _locate(self, screen: PerceivedScreen, instruction: str) -> Grounding:
        if self._locator is None:
            from agent.perception.meaning.locate import locate

            self._locator = locate
        return self._locator(screen, instruction)


def _refused(last: Step) -> str:
    """Why the device did not do the last action; empty in a dry run, which says what it *would* do."""
    outcome = last.outcome
    if outcome is None or outcome.performed or last.error is not None or was_skipped(last) or not outcome.detail:
        return ""  # what had an error is decided again
    if last.action is None or isinstance(last.action, Answer | AskUser):
        return ""
    return "" if outcome.dry_run else f"I could not {describe(last.action)}: {outcome.detail}"
