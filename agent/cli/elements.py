"""``handeye elements``."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Annotated

import typer

from agent.cli.options import AsJson, ScreenOptions, print_json, takes_screen
from agent.core.errors import UserError


@functools.partial(
    takes_screen,
    only=("env", "serial", "display", "app_", "size", "monitor"),
    told={"env": "Default: an image is read; or sandbox with --app."},
    panel="A screen instead of an image",
)
def elements(
    image: Annotated[Path | None, typer.Argument(help="A screenshot (PNG, JPEG, WebP).")] = None,
    *,
    screen: ScreenOptions,
    sources: Annotated[
        str | None,
        typer.Option("--from", help="With --env: tree (accessibility), pixels, or both. Default: both."),
    ] = None,
    tokens: Annotated[int, typer.Option(help="At most about this many tokens; the rest is counted.", min=50)] = 1500,
    as_json: AsJson = False,
) -> None:
    """List the elements of a screen: role, words, state and number of each, in reading order.

    The same list that a planner without vision is shown; --json has all of it, with boxes in pixels.

    [bold]Examples[/]

      handeye elements screen.png

      handeye elements --env android --from tree --json
    """
    from agent.run.elements import elements_of_env, elements_of_image

    opened = screen.env is not None or bool(screen.apps)
    if (image is None) == (not opened):
        raise UserError("name an image or an --env: one of the two")
    if image is not None:
        without = next(iter([*screen.given, *(["--from"] if sources else [])]), None)
        if without:
            raise UserError(f"{without} has no effect on an image: leave it out")
        found = elements_of_image(image)
    else:
        found = elements_of_env(screen.spec(), sources or "both")
    if as_json:
        print_json(found.to_json())
    else:
        typer.echo(found.text(tokens))
