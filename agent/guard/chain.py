"""Several policies as one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from agent.core.model import NO_USAGE, Decision
from agent.core.policy import Policy, Verdict
from envs.env import Observation


class PolicyChain:
    """Reviews by each of `policies` in turn; the first that does not let the action through decides.

    An action that one of them modifies is what the next ones review. Nothing to review by allows everything.
    """

    def __init__(self, policies: Sequence[Policy]) -> None:
        self._policies = policies

    def review(self, decision: Decision, observation: Observation) -> Verdict:
        """The verdict of all together: ``modify`` where one of them modified the action and none refused it."""
        found, usage = Verdict("allow", decision.action), NO_USAGE
        for policy in self._policies:
            verdict = policy.review(decision, observation)
            usage += verdict.usage
            if verdict.kind not in ("allow", "modify"):
                return replace(verdict, usage=usage)
            if verdict.kind == "modify" or (found.kind == "allow" and verdict.policy):
                found = verdict
            decision = decision.model_copy(update={"action": verdict.action})
        return replace(found, usage=usage)
