"""Planners that name elements by their numbers in a list: the base of the text planner, and one that sees marks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from agent.core.model import NO_USAGE, Grounding
from agent.core.step import ELEMENT_LIST, Step
from agent.core.task import Task
from agent.models.chat import ChatModel, PhaseClock
from agent.models.endpoints.endpoint import Reply
from agent.perception.listing.lister import ElementLister
from agent.perception.listing.marks import marked
from agent.perception.listing.rows import ElementList
from envs.env import Observation

_NUMBER = re.compile(r"(?:.* (?=\[))?\[?(\d{1,6})\]?", re.DOTALL)
"""A number alone, or at the end of an element's words, in brackets."""
_LISTS = 100
"""Lists that are kept: those of the steps that are told, and of unusable answers among them."""


@dataclass
class KnownLists:
    """The lists of the screens that were decided on, by the time of their capture, and the names of the apps."""

    lists: dict[float, ElementList] = field(default_factory=dict)
    apps: tuple[str, ...] | None = None


@dataclass(frozen=True)
class ListPlanner(ChatModel):
    """A `ChatModel` whose descriptions may be numbers of the listed elements; the grounder finds the others."""

    lister: ElementLister = field(default_factory=ElementLister, repr=False, compare=False)
    known: KnownLists = field(default_factory=KnownLists, repr=False, compare=False)

    def _check_description(self, description: str) -> None:
        """Numbers are elements here."""

    def _found(self, observation: Observation, description: str, clock: PhaseClock) -> tuple[Grounding, str]:
        number = _NUMBER.fullmatch(description)
        if number is None:
            return super()._found(observation, description, clock)
        row = self._list(observation, ()).numbered(int(number[1]))
        if row is None:
            return Grounding(refused=True, reason="the list has no element with this number"), ELEMENT_LIST
        point = observation.frame.clamp(row.box.center)
        return Grounding(point=point, box=row.box, raw=row.words, usage=NO_USAGE), ELEMENT_LIST

    def _list(self, observation: Observation, history: Sequence[Step]) -> ElementList:
        """The elements of `observation`, numbered with regard to the screen decided on before."""
        lists = self.known.lists
        if observation.time not in lists:
            before = next((lists[step.time] for step in reversed(history) if step.time in lists), None)
            lists[observation.time] = self.lister.listed(observation, self.platform == "mobile", before)
            for time in [*lists][:-_LISTS]:
                del lists[time]
        return lists[observation.time]


@dataclass(frozen=True)
class MarkedPlanner(ListPlanner):
    """A planner that sees the picture with the numbered elements marked on it."""

    def _ask_action(
        self, task: Task, observation: Observation, history: Sequence[Step], clock: PhaseClock, pointer: bool
    ) -> Reply:
        with clock.timed("prompt"):
            shown = replace(observation, image=marked(observation.image, self._list(observation, history)))
        return super()._ask_action(task, shown, history, clock, pointer)
