"""The trackers by name, apart from what they need, for the command line."""

from __future__ import annotations

from enum import StrEnum


class TrackerName(StrEnum):
    """Where a result is logged."""

    wandb = "wandb"
    mlflow = "mlflow"
    tensorboard = "tensorboard"
    inspect = "inspect"
