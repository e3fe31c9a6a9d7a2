"""A task, its limits, and the ways it can end."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Ending(StrEnum):
    """How a run ended. Only `DONE` and `VERIFIED` are successes."""

    DONE = "done"
    VERIFIED = "verified"
    GAVE_UP = "gave_up"
    WORLD_OVER = "world_over"
    STUCK = "stuck"
    STEP_LIMIT = "step_limit"
    TIME_LIMIT = "time_limit"
    COST_LIMIT = "cost_limit"
    PARSE_ERROR = "parse_error"
    MODEL_ERROR = "model_error"
    DEVICE_ERROR = "device_error"
    RECORD_ERROR = "record_error"
    BLOCKED = "blocked"
    STOPPED_BY_USER = "stopped_by_user"
    NEEDS_HUMAN = "needs_human"

    @property
    def ok(self) -> bool:
        """Whether the exit status is 0."""
        return self in (Ending.DONE, Ending.VERIFIED)


@dataclass(frozen=True)
class Limits:
    """Budgets of one run; None means no limit. Tokens are prompt and completion together."""

    steps: int = 50
    seconds: float | None = None
    tokens: int | None = None
    parse_retries: int = 2
    """How many unusable answers in a row are asked again before the run ends with `parse_error`."""
    repeats: int | None = None
    """How often in a row the same action may be done without any change on the screen; then the run ends `stuck`."""

    def __post_init__(self) -> None:
        for name, value in (
            ("steps", self.steps),
            ("seconds", self.seconds),
            ("tokens", self.tokens),
            ("repeats", self.repeats),
        ):
            if value is not None and not value > 0:
                raise ValueError(f"the limit on {name} must be above 0, not {value}")


@dataclass(frozen=True)
class Task:
    """What the user asked for, in their own words."""

    instruction: str
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        if not self.instruction.strip():
            raise ValueError('the task is empty: say what to do, e.g. handeye run "Open the File menu"')
