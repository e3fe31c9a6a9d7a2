"""What a user can put right, as against what is our own mistake."""

from __future__ import annotations


class UserError(Exception):
    """Bad input; one line that says what to do next."""


def user_errors() -> tuple[type[Exception], ...]:
    """Every error class whose message is written for the user."""
    from actions.backend import BackendError
    from agent.core.model import ModelError
    from agent.episodes import EpisodeError
    from envs.env import EnvError

    return UserError, BackendError, EpisodeError, ModelError, EnvError
