"""``handeye prompts``: the prompts of the owners of model families."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from agent.cli.options import AsJson, print_json

prompts = typer.Typer(help="Take the prompts of a model's owner from where they stand, and list them.")


@prompts.command()
def get(
    family: Annotated[str, typer.Argument(help="A family of handeye models.", metavar="FAMILY")],
    source: Annotated[
        Path | None,
        typer.Option(
            "--from",
            help="A checkout of the owner's repository, one file of it, or the folder of a checkpoint with a chat "
            "template. Default: the repository on GitHub.",
            metavar="FILE|FOLDER",
        ),
    ] = None,
    any_version: Annotated[
        bool, typer.Option("--any-version", help="Take other texts than those that were checked.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Take the owner's prompts of FAMILY, check them, and keep them in your cache for --prompts owner.

    No owner's text comes with Handeye, whose own prompts say the same in other words. Nothing that is taken is run.

    [bold]Example[/]

      handeye prompts get ui-tars-1.5

      handeye bench screenspot-v2 --model http://127.0.0.1:8000 --prompts owner
    """
    from agent.models.dialects.registry import get_dialect
    from agent.models.owner_prompts.store import save_prompts, take_prompts

    found, lines = take_prompts(get_dialect(family), source, any_version)
    path = save_prompts(found)
    if as_json:
        told = {"family": found.family, "source": found.source, "sha256": found.sha256, "file": str(path)}
        print_json({**told, "texts": found.texts})
        return
    for line in lines:
        typer.echo(line)
    typer.echo(f"saved {path}")


@prompts.command("list")
def list_prompts(as_json: AsJson = False) -> None:
    """List the families whose owner's prompts can be taken, and which you have."""
    from agent.core.model import ModelError
    from agent.models.owner_prompts.sources import OWNERS
    from agent.models.owner_prompts.store import load_prompts

    have = dict[str, str]()
    for family in OWNERS:
        try:
            have[family] = f"here, sha256 {load_prompts(family).sha256}"
        except ModelError:
            have[family] = "not here"
    if as_json:
        print_json({"families": {family: {"here": said != "not here"} for family, said in have.items()}})
        return
    for family, owner in OWNERS.items():
        where = f"{owner.repository}@{owner.commit[:12]}" if owner.repository else "a checkpoint's chat template"
        typer.echo(f"{family:<16} {where:<40} {have[family]}")
