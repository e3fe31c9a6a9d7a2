"""``handeye extract``."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from agent.cli.options import AsJson, takes_model
from agent.models.spec import ModelSpec


@takes_model
def extract(
    image: Annotated[
        str, typer.Argument(help="A screenshot (PNG, JPEG, WebP), or - for one on stdin.", metavar="IMAGE")
    ],
    schema: Annotated[
        str, typer.Option(help="A JSON schema in a file, or a pydantic model as package.module:Class.", metavar="FILE")
    ],
    question: Annotated[str, typer.Option("--question", "-q", help="What to look for, in words.")] = "",
    *,
    model: ModelSpec,
    as_json: AsJson = False,
) -> None:
    """Read data off a screen into the shape of a schema; JSON on stdout.

    The answer is checked against the schema; what does not fit is an error, never a guess. The built-in model reads
    label and value pairs, lists under a heading, and tables whose headers name the properties; name the properties as
    the screen does, or say in their description what the screen calls them.

    [bold]Examples[/]

      handeye extract order.png --schema order.json

      adb exec-out screencap -p |
          handeye extract - --schema settings.json --model http://127.0.0.1:8000
    """
    from agent.models.opening import open_model
    from agent.run.extract import extract_from_image, read_input, read_schema

    wanted = read_schema(schema)
    picture = read_input(image)
    data = extract_from_image(picture, wanted, open_model(model, ability="extract"), question)
    plain = data.model_dump(mode="json") if hasattr(data, "model_dump") else data
    typer.echo(json.dumps(plain, ensure_ascii=False, indent=None if as_json else 2))
