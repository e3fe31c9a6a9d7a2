"""The arguments of the tools: closed pydantic models, whose JSON schemas the client is given."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from actions.action import Action
from actions.errors import one_line


class _Arguments(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ObserveArguments(_Arguments):
    """A look at the screen."""

    elements: bool = Field(default=False, description="List the elements as well, as the tool `elements` does.")


class ElementsArguments(_Arguments):
    """The list of the elements."""

    tokens: int = Field(default=1500, ge=50, le=20_000, description="The length of the list at most, about.")


class LocateArguments(_Arguments):
    """A search for one target."""

    target: str = Field(min_length=1, max_length=2000, description='In words, e.g. "the field right of Name".')


def _read_text(value: Any) -> Any:
    """An object in place of its JSON text, which some hosts send."""
    return json.loads(value) if isinstance(value, str) else value


class ActArguments(_Arguments):
    """One action."""

    action: Annotated[Action, BeforeValidator(_read_text)] = Field(
        description="What to do. Points are [x, y] in pixels of the last picture, from its top-left corner.",
        json_schema_extra={"type": "object"},
    )
    frame: str = Field(
        default="",
        max_length=64,
        description="The frame of the picture that the points were read on; refused where it is not the last one.",
    )
    why: str = Field(default="", max_length=2000, description="Why, in a few words, for the record.")
    picture: bool = Field(default=True, description="Return the screen afterwards.")


class RunArguments(_Arguments):
    """A task for the model that the server was started with."""

    task: str = Field(min_length=1, max_length=10_000, description="What to do, in plain words.")
    max_steps: int | None = Field(default=None, ge=1, description="Fewer steps than the server's limit.")
    max_seconds: float | None = Field(default=None, gt=0, description="Less time than the server's limit.")


class ReplayArguments(_Arguments):
    """A recorded episode, used again."""

    episode: str = Field(min_length=1, max_length=300, description="The name of an episode: see read_episode.")
    mode: Literal["simulate", "live"] = Field(
        default="simulate",
        description="simulate: check the record without the screen. live: do its actions again on the screen.",
    )


class ReadEpisodeArguments(_Arguments):
    """A recorded episode, or the list of them."""

    episode: str = Field(default="", max_length=300, description="Its name; empty lists the newest episodes.")
    step: int | None = Field(default=None, ge=1, description="Return the screen of this step, from 1, as well.")


ScreenArguments = ObserveArguments | ElementsArguments | LocateArguments | ActArguments | RunArguments | ReplayArguments
ToolArguments = ScreenArguments | ReadEpisodeArguments


def problem_of(error: ValidationError, tool: str) -> str:
    """The first fault of `error` in one line, with what to do next."""
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    said = one_line(str(first["msg"]), 300)
    return f"{tool}: {where}: {said}; see the tool's input schema" if where else f"{tool}: {said}"
