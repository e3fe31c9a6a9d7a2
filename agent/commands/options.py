"""What several commands share: their options and how they print."""

from __future__ import annotations

import functools
import json
from typing import Annotated, Any

import typer

model_option = functools.partial(typer.Option, rich_help_panel="Model")
record_option = functools.partial(typer.Option, rich_help_panel="Record")

ModelName = Annotated[
    str,
    model_option("--model", "-m", help="builtin, or the URL of an OpenAI-compatible server.", metavar="MODEL"),
]
ServedName = Annotated[
    str | None, model_option(help="The model's name on the server; asked for if absent.", metavar="NAME")
]
MaxPixels = Annotated[
    int | None,
    model_option(help="The server's limit on an image's area, where it is below the model's own.", metavar="N"),
]
AsJson = Annotated[bool, record_option("--json", help="Print one JSON object on stdout and nothing else there.")]


def print_json(data: dict[str, Any]) -> None:
    """One JSON object on one line of stdout."""
    typer.echo(json.dumps(data, ensure_ascii=False))
