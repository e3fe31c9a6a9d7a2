"""A planner and a grounder on a grounding suite: the planner says what to act on, the grounder where that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from agent.core.model import Decision, Extraction, Grounding, ParseError
from agent.core.step import PointedAt, Step
from agent.core.task import Task
from agent.models.chat import ChatModel
from envs.env import Observation


@dataclass(frozen=True)
class RewritingModel:
    """`locate` asks the planner for the action that an instruction needs, as in a run, and gives its first place.

    The planner's description takes the place of the instruction, and is the answer's reason.
    """

    planner: ChatModel

    @property
    def name(self) -> str:
        """Both models'."""
        return self.planner.name

    @property
    def dialect(self) -> str | None:
        """The planner's."""
        return self.planner.dialect

    @property
    def prompt_hash(self) -> str | None:
        """The planner's."""
        return self.planner.prompt_hash

    def locate(self, observation: Observation, instruction: str) -> Grounding:
        """Where what the planner describes is; a refusal where nothing is found, or its action needs no place.

        Raises `agent.core.model.ParseError` for an answer that cannot be used, and `ModelError`.
        """
        try:
            decision = self.planner.decide(Task(instruction), observation, ())
        except ParseError as error:
            if not error.pointed:
                raise
            return Grounding(refused=True, reason=_told(error.pointed), raw=error.raw, usage=error.usage)
        found = next((one for one in decision.pointed if one.point is not None), None)
        if found is None:
            reason = f"the planner answers with {decision.action.type}, which has no place"
            return Grounding(refused=True, reason=reason, raw=decision.raw, usage=decision.usage)
        return Grounding(point=found.point, reason=_told((found,)), raw=decision.raw, usage=decision.usage)

    def decide(self, task: Task, observation: Observation, history: Sequence[Step]) -> Decision:
        """The planner's. Raises like it."""
        return self.planner.decide(task, observation, history)

    def extract(self, observation: Observation, schema: dict[str, Any], question: str) -> Extraction:
        """The planner's. Raises like it."""
        return self.planner.extract(observation, schema, question)


def _told(pointed: Sequence[PointedAt]) -> str:
    return "; ".join(f"{one.description!r} by {one.grounder}: {one.raw}" for one in pointed)
