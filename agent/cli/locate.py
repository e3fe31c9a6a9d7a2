"""``handeye locate``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from agent.cli.options import AsJson, print_json, takes_model
from agent.models.spec import ModelSpec


@takes_model
def locate(
    image: Annotated[Path, typer.Argument(help="A screenshot (PNG, JPEG, WebP).")],
    instruction: Annotated[str, typer.Argument(help='What to find, e.g. "the field right of Name".')],
    *,
    model: ModelSpec,
    draw: Annotated[Path | None, typer.Option(help="Write the image with the target drawn on it.")] = None,
    as_json: AsJson = False,
) -> None:
    """Find a target on a screenshot: where it is, and how sure that is.

    Coordinates are pixels of the image. The exit status is 1 when nothing fits (a refusal, with its reason).

    [bold]Examples[/]

      handeye locate screen.png "the Save button" --draw found.png

      handeye locate screen.png "second Delete" --json
    """
    from agent.run.locate import locate_on_image

    found = locate_on_image(image, instruction, model, draw)
    if as_json:
        print_json(found)
    elif not found["refused"]:
        x, y = found["point"]
        typer.echo(f"{x:.0f} {y:.0f}")
        told = [f"box {found['bbox']}"] if found["bbox"] else []
        told += [f"{found['score']:.0%} sure"] if found["score"] is not None else []
        if told:
            typer.echo(", ".join(told), err=True)
        if found["reason"]:
            typer.echo(found["reason"], err=True)
    else:
        typer.echo(f"not found: {found['reason']}", err=True)
    if found["refused"]:
        raise typer.Exit(1)
