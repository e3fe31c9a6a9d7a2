"""Endings that are no result of the agent: the device, the model's server or the record failed."""

from __future__ import annotations

from agent.core.loop import Result
from agent.core.model import ModelError
from agent.core.task import Ending
from agent.episodes import EpisodeError
from envs.env import EnvError


def raise_failure(result: Result) -> None:
    """Raise for an ending that is an infrastructure failure."""
    failures: dict[Ending, type[BaseException]] = {
        Ending.DEVICE_ERROR: EnvError,
        Ending.MODEL_ERROR: ModelError,
        Ending.RECORD_ERROR: EpisodeError,
        Ending.STOPPED_BY_USER: KeyboardInterrupt,
    }
    if result.ending in failures:
        raise failures[result.ending](result.message)
