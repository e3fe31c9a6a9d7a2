"""`Verification`: a check before a model's "done" counts; what it says no to goes back to the model with the reason."""

from __future__ import annotations

from collections.abc import Callable

from actions.action import Finish, describe
from actions.errors import HandeyeError
from agent.core.model import NO_USAGE, Decision, Model, Usage
from agent.core.policy import Verdict
from envs.env import Observation

NAME = "verify"
"""The policy name in verdicts."""
TRIES = 3
"""How often "done" may be said no to; the last time ends the run."""
_TOLD = 30
"""Actions that the check is told, the newest."""
_SCHEMA = {
    "type": "object",
    "properties": {"reason": {"type": "string", "maxLength": 300}, "done": {"type": "boolean"}},
    "required": ["reason", "done"],
    "additionalProperties": False,
}
_QUESTION = """An assistant was given this task on this screen: {task}
It has done: {actions}
It says now that all of the task is done. Check that: is every part of the task so, as far as this screen and its \
actions show? "reason" is what is missing or wrong, or by what one sees that all is done; "done" is the verdict."""

Check = Callable[[Observation, str], tuple[bool, str, Usage]]
"""Whether the task is done on a screen, why, and what the answer cost; the question has the task and the actions."""


def check_by(model: Model) -> Check:
    """The check that `model` makes. It raises like `Model.extract`."""

    def check(observation: Observation, question: str) -> tuple[bool, str, Usage]:
        said = model.extract(observation, _SCHEMA, question)
        return said.data["done"], said.data["reason"].strip(), said.usage

    return check


def check_outcome(holds: Callable[[], bool]) -> Check:
    """The check that the user's own test makes, which tells no reason."""
    return lambda observation, question: (holds(), "the user's check of the outcome", NO_USAGE)


class Verification:
    """A policy for the `Finish` of a success of `task`; other actions it lets through and remembers."""

    def __init__(self, task: str, check: Check) -> None:
        self._task, self._check = task, check
        self._done: list[str] = []
        self._refused = 0

    def review(self, decision: Decision, observation: Observation) -> Verdict:
        """Allow what the check agrees to, else skip it with the reason; the last time make a failure of it."""
        action = decision.action
        if not isinstance(action, Finish) or action.status != "success":
            where = "; ".join(one.raw or one.description for one in decision.pointed)
            self._done.append(describe(action) + (f" ({where})" if where else ""))
            return Verdict("allow", action)
        told = "".join(f"\n{number}. {words}" for number, words in enumerate(self._done[-_TOLD:], 1))
        try:
            holds, why, usage = self._check(observation, _QUESTION.format(task=self._task, actions=told or "nothing"))
        except HandeyeError as error:
            return _failed(f"done could not be checked: {error}")
        if holds:
            return Verdict("allow", action, NAME, why, usage=usage)
        self._refused += 1
        if self._refused >= TRIES:
            return _failed(f"the check said {TRIES} times that it is not done: {why}", usage)
        return Verdict("skip", action, NAME, f"the check says that it is not done: {why}", usage=usage)


def _failed(why: str, usage: Usage = NO_USAGE) -> Verdict:
    return Verdict("modify", Finish(status="failure", message=why), NAME, why, usage=usage)
