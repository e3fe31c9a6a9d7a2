"""What the live page may ask for: a closed set, each read by pydantic and bound to what the person saw.

A command about an action or a question carries its card's number. A card's number is never used twice, so an Approve
that comes late is refused and can never approve another action than the one that was shown.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from actions.action import Action


class _Command(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Approve(_Command):
    """Do the action of this card."""

    do: Literal["approve"]
    card: int


class Edit(_Command):
    """Show `action` in the place of this card's, as a new card. It keeps its kind and must fit the frame."""

    do: Literal["edit"]
    card: int
    action: Action


class SkipCommand(_Command):
    """Do not do the action of this card; the run goes on, and the model is told `note`."""

    do: Literal["skip"]
    card: int
    note: str = Field(default="", max_length=2000)


class ReplyCommand(_Command):
    """Answer the question of this card."""

    do: Literal["answer"]
    card: int
    text: str = Field(min_length=1, max_length=10_000)


class PauseCommand(_Command):
    """Hold the run before its next look or action."""

    do: Literal["pause"]


class Resume(_Command):
    """Go on; `card` is the action that is shown meanwhile, which a resumed run does, or null."""

    do: Literal["resume"]
    card: int | None = None


class StopCommand(_Command):
    """End the run as ``stopped_by_user``, also while the model thinks."""

    do: Literal["stop"]


class TakeOver(_Command):
    """The person acts from now on; what the agent had in mind is not done."""

    do: Literal["take_over"]


class HandBack(_Command):
    """The agent looks again and goes on; the model is told `note`."""

    do: Literal["hand_back"]
    note: str = Field(default="", max_length=2000)


class Act(_Command):
    """While the person has taken over: do this, meant for the picture of `screen`."""

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
