"""One step of an episode, as it is remembered and stored."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from actions.action import Action
from actions.frame import Frame


class _StepValue(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Tokens(_StepValue):
    """Tokens spent on one step."""

    prompt: int = 0
    completion: int = 0


class VerdictRecord(_StepValue):
    """What the policy said about the action."""

    kind: Literal["allow", "modify", "ask", "skip", "block", "stop"]
    policy: str = ""
    reason: str = ""


class OutcomeRecord(_StepValue):
    """What came of it on the device."""

    performed: bool
    settled: bool = True
    detail: str = ""


class Patch(_StepValue):
    """How a frame is made of two files: the picture `base` with the step's `image` laid over it at `at` (x, y).

    `base` is a whole picture, never a patch itself. Where `image` is transparent the base shows.
    """

    base: str
    at: tuple[Annotated[int, Field(ge=0)], Annotated[int, Field(ge=0)]]


class Step(_StepValue):
    """A line of ``steps.jsonl``.

    `image` is the frame's file relative to the episode; with a `patch` it holds only what differs from another
    picture (writers set it, `agent.episodes.Episode.image` puts the two together). `action` is None when the answer
    was unusable; `error` then says why. `decided` is the model's own action where the policy changed it. `timings` is
    seconds by phase: `capture`, `encode`, `prompt`, `model`, `parse`, `review`, `act`, `settle`, `record` (the
    previous step's).
    """

    index: int = Field(ge=0)
    time: float
    frame: Frame
    image: str
    patch: Patch | None = None
    action: Action | None = None
    decided: Action | None = None
    thought: str = ""
    raw: str = ""
    notes: tuple[str, ...] = ()
    verdict: VerdictRecord | None = None
    outcome: OutcomeRecord | None = None
    error: str | None = None
    tokens: Tokens = Field(default_factory=Tokens)
    timings: dict[str, float] = Field(default_factory=dict)
    app: str | None = None
