"""``handeye elements``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from agent.cli.options import AsJson, print_json
from agent.core.errors import UserError


def elements(
    image: Annotated[Path | None, typer.Argument(help="A screenshot (PNG, JPEG, WebP).")] = None,
    env: Annotated[
        str | None,
        typer.Option(help="Instead of an image: the screen of this env as it is now, as run --env.", metavar="ENV"),
    ] = None,
    serial: Annotated[str | None, typer.Option(help="Which Android device, as run --serial.")] = None,
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
    from agent.run.env_spec import EnvSpec

    if (image is None) == (env is None):
        raise UserError("name an image or an --env: one of the two")
    if image is not None and (serial or sources):
        raise UserError(f"--{'serial' if serial else 'from'} has no effect on an image: leave it out")
    if image is not None:
        found = elements_of_image(image)
    else:
        found = elements_of_env(EnvSpec(env or "", serial=serial), sources or "both")
    if as_json:
        print_json(found.to_json())
    else:
        typer.echo(found.text(tokens))
