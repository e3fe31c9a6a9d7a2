"""A model that runs a task's script: the actions that any agent has, and waits for conditions between them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from actions.action import AnyAction, Finish
from agent.core.model import NO_USAGE, Decision, ModelError
from agent.core.step import Step
from agent.core.task import Task
from benchmarks.act_only import ActOnlyModel
from envs.env import Observation

_INTERVAL = 0.02


@dataclass(frozen=True)
class Until:
    """A wait until `condition` holds, at most `seconds`. `what` names the condition in the error message."""

    condition: Callable[[], bool]
    what: str
    seconds: float = 10.0

    def holds(self, seconds: float | None = None) -> bool:
        """Whether the condition comes true within `seconds` (default: its own)."""
        deadline = time.monotonic() + (self.seconds if seconds is None else seconds)
        while not self.condition():
            if time.monotonic() > deadline:
                return False
            time.sleep(_INTERVAL)
        return True


Move = AnyAction | Until
"""One item of a script."""
WorldT = TypeVar("WorldT")


class ScriptOracle(ActOnlyModel, Generic[WorldT]):
    """Runs the script that `script` gives for a world; one episode for each `bind`.

    With `insists` an action that was refused is tried again.
    """

    def __init__(self, script: Callable[[WorldT], Iterator[Move]], name: str = "oracle", insists: bool = True) -> None:
        self._insists = insists
        super().__init__(name)
        self._script = script
        self._moves: Iterator[Move] | None = None
        self._last: AnyAction | None = None

    def bind(self, world: WorldT) -> None:
        """Start the script on a world that has been set up."""
        self._moves, self._last = self._script(world), None

    def decide(self, task: Task, observation: Observation, history: Sequence[Step]) -> Decision:
        """The script's next action, or, with `insists`, the last one again where it was refused; `finish` at the end.

        Raises `ModelError` when a condition does not come true in time or the script finds another state.
        """
        if self._moves is None:
            raise ModelError(f"{self.name} needs the world: bind it first")
        refused = self._insists and history and history[-1].error and history[-1].error.startswith("not done")
        if self._last is None or not refused:
            self._last = self._next(self._moves)
        return Decision(action=self._last, usage=NO_USAGE)

    @staticmethod
    def _next(moves: Iterator[Move]) -> AnyAction:
        for move in moves:
            if not isinstance(move, Until):
                return move
            if not move.holds():
                raise ModelError(f"the oracle waited {move.seconds:g} s in vain for {move.what}")
        return Finish(status="success")
