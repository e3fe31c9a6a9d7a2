"""Waiting for the moment of the next recorded action."""

from __future__ import annotations

import time
from collections.abc import Callable

from actions.action import AnyAction
from actions.frame import Frame, GeometryError
from agent.episodes.replay.pixel_match import alike
from agent.episodes.replay.replayer import Player
from envs.capture import Deadline
from envs.env import Env, Observation, Outcome, WrappedEnv

_POLL = 0.02
_REST = 0.4
"""Seconds that the screen must rest before it is read for what is not there to the pixel."""


class PatientEnv(WrappedEnv):
    """An `envs.env.Env` whose `observe` returns when the player's moment has come, or its patience is at an end."""

    def __init__(self, env: Env, player: Player, stopped: Callable[[], bool] = lambda: False) -> None:
        super().__init__(env)
        self._player, self._stopped = player, stopped
        self._last: Observation | None = None

    def observe(self) -> Observation:
        """The first screen on which the next action can be done; at the deadline, the screen as it is."""
        deadline, rest = Deadline(self._player.patience), Deadline(_REST)
        while True:
            late, before = deadline.passed, self._last
            self._last = self._env.observe()
            if before is not None and not _resting(before, self._last):
                rest = Deadline(_REST)
            if self._player.look(self._last, late or rest.passed) or late or self._stopped():
                return self._last
            time.sleep(_POLL)

    def perform(self, action: AnyAction, frame: Frame) -> Outcome:
        """Do `action`, and tell the player what came of it."""
        try:
            outcome = self._env.perform(action, frame)
        except GeometryError:
            self._player.undone()
            raise
        if self._last is not None:
            self._player.performed(self._last.image, outcome)
        return outcome


def _resting(a: Observation, b: Observation) -> bool:
    return a.app == b.app and a.image.shape == b.image.shape and alike(a.image, b.image)
