"""Base classes of the models that need no prompt: oracles and baselines."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from agent.core.model import Decision, Extraction, Grounding, ModelError
from agent.core.step import Step
from agent.core.task import Task
from envs.env import Observation


class ActOnlyModel(ABC):
    """A `Model` that only decides: `locate` and `extract` raise `ModelError`."""

    dialect: str | None = None
    prompt_hash: str | None = None
    needs_screen = True
    """False for a model that never reads the image: it can be asked on recorded steps that come without screens."""

    def __init__(self, name: str) -> None:
        self.name = name

    @abstractmethod
    def decide(self, task: Task, observation: Observation, history: Sequence[Step]) -> Decision:
        """The next action. Raises `ModelError`."""

    def locate(self, observation: Observation, instruction: str) -> Grounding:
        """Raises `ModelError`."""
        raise ModelError(f"{self.name} only decides on actions: it does not locate")

    def extract(self, observation: Observation, schema: dict[str, Any], question: str) -> Extraction:
        """Raises `ModelError`."""
        raise ModelError(f"{self.name} only decides on actions: it does not extract")


def needs_screen(model: object) -> bool:
    """Whether `model` may read the image; False only for an `ActOnlyModel` that declares it."""
    return not isinstance(model, ActOnlyModel) or model.needs_screen
