"""What several commands share: their options and how they print."""

from __future__ import annotations

import functools
import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from agent.core.errors import UserError


class EnvName(StrEnum):
    """Where to work."""

    desktop = "desktop"
    sandbox = "sandbox"
    android = "android"
    phone = "phone"


class ConfirmName(StrEnum):
    """When to ask the person before an action."""

    always = "always"
    risky = "risky"
    never = "never"


model_option = functools.partial(typer.Option, rich_help_panel="Model")
record_option = functools.partial(typer.Option, rich_help_panel="Record")

ModelName = Annotated[
    str,
    model_option(
        "--model", "-m", help="builtin, the URL of an OpenAI-compatible server, or hf:FOLDER_OR_ID.", metavar="MODEL"
    ),
]
ServedName = Annotated[
    str | None, model_option(help="The model's name on the server; asked for if absent.", metavar="NAME")
]
DialectName = Annotated[
    str | None,
    model_option(
        "--dialect",
        help="How the model was taught to answer, where its name does not say (handeye models lists them).",
        metavar="NAME",
    ),
]
MaxPixels = Annotated[
    int | None,
    model_option(help="The server's limit on an image's area, where it is below the model's own.", metavar="N"),
]
ProfileFile = Annotated[
    Path | None,
    model_option(
        "--profile",
        help="Read answers by this profile of handeye doctor --calibrate. Default: the saved one, if any.",
        metavar="FILE",
    ),
]
NoProfile = Annotated[bool, model_option("--no-profile", help="Read answers as the model's name says.")]
SecretOptions = Annotated[
    list[str] | None,
    typer.Option(
        "--secret",
        help="A value that only the keyboard gets to see: the task and the model say {{secret:NAME}}. The value comes "
        "from an environment variable (NAME=env:VARIABLE) or a file (NAME=file:PATH). May be repeated.",
        metavar="NAME=env:VARIABLE",
        rich_help_panel="Limits and safety",
    ),
]
AsJson = Annotated[bool, record_option("--json", help="Print one JSON object on stdout and nothing else there.")]


def chosen_profile(file: Path | None, without: bool) -> Path | bool:
    """What `agent.models.spec.resolve_model` takes for ``--profile FILE`` and ``--no-profile``. Raises `UserError`."""
    if file is not None and without:
        raise UserError("--profile and --no-profile cannot go together: leave one out")
    return file if file is not None else not without


def print_json(data: dict[str, Any]) -> None:
    """One JSON object on one line of stdout."""
    typer.echo(json.dumps(data, ensure_ascii=False))
