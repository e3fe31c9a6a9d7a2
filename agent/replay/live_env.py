"""Waiting for the moment of the next recorded action."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from actions.action import AnyAction
from actions.frame import Frame, GeometryError
from agent.replay.live_pixels import alike
from agent.replay.live_player import Player
from envs.capture import Deadline
from envs.env import Env, Observation, Outcome

_POLL = 0.02
_REST = 0.4
"""Seconds that the screen must rest before it is read for what is not there to the pixel."""


@dataclass
class PatientEnv:
    """An `envs.env.Env` whose `observe` returns when the player's moment has come, or its patience is at an end."""

    env: Env
    player: Player
    stopped: Callable[[], bool] = lambda: False
    _last: Observation | None = field(default=None, init=False)

    @property
    def platform(self) -> str:
        """The env's."""
        return self.env.platform

    @property
    def name(self) -> str:
        """The env's."""
        return self.env.name

    @property
    def supported(self) -> frozenset[str]:
        """The env's."""
        return self.env.supported

    def reset(self) -> None:
        """Reset the env."""
        self.env.reset()

    def observe(self) -> Observation:
        """The first screen on which the next action can be done; at the deadline, the screen as it is."""
        deadline, rest = Deadline(self.player.patience), Deadline(_REST)
        while True:
            late, before = deadline.passed, self._last
            self._last = self.env.observe()
            if before is not None and not _resting(before, self._last):
                rest = Deadline(_REST)
            if self.player.look(self._last, late or rest.passed) or late or self.stopped():
                return self._last
            time.sleep(_POLL)

    def perform(self, action: AnyAction, frame: Frame) -> Outcome:
        """Do `action`, and tell the player what came of it."""
        try:
            outcome = self.env.perform(action, frame)
        except GeometryError:
            self.player.undone()
            raise
        if self._last is not None:
            self.player.performed(self._last.image, outcome)
        return outcome

    def close(self) -> None:
        """Close the env."""
        self.env.close()


def _resting(a: Observation, b: Observation) -> bool:
    return a.app == b.app and a.image.shape == b.image.shape and alike(a.image, b.image)
