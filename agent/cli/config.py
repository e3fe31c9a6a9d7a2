"""``handeye config``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from actions.errors import did_you_mean
from agent.cli.commands import COMMANDS
from agent.cli.options import AsJson, print_json
from agent.core.errors import UserError
from agent.settings import PROJECT_FILE, SETTINGS, TOP_COMMANDS, Settings, trust, variable_of


def config(
    command: Annotated[
        str | None, typer.Argument(help="Show what holds for this command. Default: for all.", metavar="[COMMAND]")
    ] = None,
    trusted: Annotated[
        bool,
        typer.Option(
            "--trust", help=f"Let {PROJECT_FILE} of the working directory hold, as it stands now. Read it before."
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show which defaults hold, and from where.

    A flag holds over an environment variable, this over handeye.toml in the working directory, and this over the
    user's config.toml. A file may have a table for a command, such as [bold]\\[bench][/], which holds over its top.

    [bold]Examples[/]

      handeye config

      handeye config bench

      HANDEYE_MODEL=http://127.0.0.1:8000 handeye config run
    """
    if command is not None and command not in COMMANDS:
        raise UserError(f"no command is called {command[:40]!r}.{did_you_mean(command, COMMANDS)} (see handeye --help)")
    if trusted:
        file = Path.cwd() / PROJECT_FILE
        if not file.is_file():
            raise UserError(f"there is no {PROJECT_FILE} here to trust")
        trust(file)
    settings = Settings(COMMANDS)
    if as_json:
        print_json(_as_data(settings, command))
        return
    held = settings.of(command)
    wide = max((len(str(to.value)) for to in held.values()), default=0)
    for name, to in held.items():
        typer.echo(f"{name:<15}  {to.value!s:<{wide}}  {to.source}")
    typer.echo(
        f"{'' if held else 'nothing is set. '}built in: {', '.join(name for name in SETTINGS if name not in held)}"
    )
    files = {"project": settings.project, "user": settings.user}
    for what, file in files.items():
        typer.echo(f"{what:<8} {file}{'' if file.is_file() else ' (not there)'}")
    if command is None:
        typer.echo(f"for {', '.join(sorted(TOP_COMMANDS))}; with the tables of one: handeye config COMMAND")


def _as_data(settings: Settings, command: str | None) -> dict[str, object]:
    held = settings.of(command)
    return {
        "settings": {
            name: {"value": held[name].value, "source": held[name].source} if name in held else None
            for name in SETTINGS
        },
        "variables": {name: variable_of(name) for name in SETTINGS},
        "files": {
            what: {"path": str(file), "exists": file.is_file()}
            for what, file in (("project", settings.project), ("user", settings.user))
        },
    }
