"""The contract of a policy: a small object that reviews an action before it is done.

A policy answers with a `Verdict`: allow it, allow another in its place, ask the person, skip it, block it, or stop the
run. The shape is Inspect AI's ``Approver``: one method, a closed set of answers. `agent.guard` has policies that ask.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from actions.action import AnyAction
from agent.core.model import NO_USAGE, Decision, Usage
from envs.env import Observation

VerdictKind = Literal["allow", "modify", "ask", "skip", "block", "stop"]


@dataclass(frozen=True)
class Verdict:
    """What a policy says: `action` is what may be done (the changed one for ``modify``).

    ``skip`` leaves it undone and the run goes on: the model is told `reason` and looks again. `risk` is why a person is
    asked, where they are. `usage` is what a model that was asked about it has cost.
    """

    kind: VerdictKind
    action: AnyAction
    policy: str = ""
    reason: str = ""
    risk: str = ""
    usage: Usage = NO_USAGE


class Policy(Protocol):
    """Reviews one decision."""

    def review(self, decision: Decision, observation: Observation) -> Verdict:
        """Judge `decision` on the screen it was made for."""


class Allow:
    """Lets everything through."""

    def review(self, decision: Decision, observation: Observation) -> Verdict:
        """Allow."""
        return Verdict("allow", decision.action)
