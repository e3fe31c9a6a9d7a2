"""The commands of the live page: a closed union of pydantic models.

A command about an action or a question carries its card's number, which is never used twice: a late Approve is refused
and cannot approve another action than the one that was shown.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from actions.action import Action


class _Command(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Approve(_Command):
    """Perform the action of this card."""

    do: Literal["approve"]
    card: int


class Edit(_Command):
    """Replace this card's action by `action`, as a new card. Its type must stay and its points fit the frame."""

    do: Literal["edit"]
    card: int
    action: Action


class SkipCommand(_Command):
    """Skip the action of this card; the run goes on, and the model is told `note`."""

    do: Literal["skip"]
    card: int
    note: str = Field(default="", max_length=2000)


class ReplyCommand(_Command):
    """Answer the question of this card."""

    do: Literal["answer"]
    card: int
    text: str = Field(min_length=1, max_length=10_000)


class PauseCommand(_Command):
    """Pause the run before its next observation or action."""

    do: Literal["pause"]


class Resume(_Command):
    """Continue; `card` is the action that is shown and will be performed, or null."""

    do: Literal["resume"]
    card: int | None = None


class StopCommand(_Command):
    """End the run as ``stopped_by_user``, also during a model request."""

    do: Literal["stop"]


class TakeOver(_Command):
    """The person acts from now on; the pending action is not performed."""

    do: Literal["take_over"]


class HandBack(_Command):
    """The agent observes again and continues; the model is told `note`."""

    do: Literal["hand_back"]
    note: str = Field(default="", max_length=2000)


class Act(_Command):
    """Perform an action of the person while they have taken over, on the screenshot with the id `screen`."""

    do: Literal["act"]
    action: Action
    screen: int


AnyCommand = (
    Approve | Edit | SkipCommand | ReplyCommand | PauseCommand | Resume | StopCommand | TakeOver | HandBack | Act
)
_ADAPTER: TypeAdapter[AnyCommand] = TypeAdapter(Annotated[AnyCommand, Field(discriminator="do")])


def read_command(data: bytes) -> AnyCommand:
    """One command from JSON. Raises pydantic's ValidationError (a ValueError)."""
    return _ADAPTER.validate_json(data)
