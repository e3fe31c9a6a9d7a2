"""Models that a run of the MCP server is given by their names."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from actions.action import Click, Finish, Key
from actions.frame import Point
from agent.core.model import Decision, LookAgain, Model
from agent.core.step import Step
from agent.core.task import Task
from envs.env import Observation


class TwoClicks(Model):
    """Clicks twice and is done."""

    name = "two clicks"

    def decide(self, task: Task, observation: Observation, history: Sequence[Step]) -> Decision:
        at = len(history)
        return Decision(action=Click(point=Point(10 + at, 20)) if at < 2 else Finish(status="success", message="both"))


class Waiting(Model):
    """Never decides; `asked` is set once it has been asked."""

    name = "waiting"
    asked = threading.Event()

    def decide(self, task: Task, observation: Observation, history: Sequence[Step]) -> Decision:
        self.asked.set()
        raise LookAgain(0.01)


class Risky(Model):
    """Closes the window, which a person has to confirm, and is done."""

    name = "risky"

    def decide(self, task: Task, observation: Observation, history: Sequence[Step]) -> Decision:
        return Decision(action=Finish(status="success") if history else Key(chords=("alt+f4",)))
