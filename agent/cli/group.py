"""The root of the command line for typer: each command's module is imported when the command is called."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from agent.cli.commands import COMMANDS, overview


class _LoadedCommands(Mapping[str, Any]):
    """Commands of typer by name, each made when it is asked for."""

    def __getitem__(self, name: str) -> Any:
        module, _, value = COMMANDS[name][0].partition(":")
        command, holder = getattr(import_module(module), value), typer.Typer()
        if isinstance(command, typer.Typer):
            holder.add_typer(command, name=name)
        else:
            holder.command(name)(command)
        return typer.main.get_group(holder).commands[name]

    def __iter__(self) -> Iterator[str]:
        return iter(COMMANDS)

    def __len__(self) -> int:
        return len(COMMANDS)


class CommandTable(TyperGroup):
    """The group of `COMMANDS`, whose help is `overview`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.commands: Mapping[str, Any] = _LoadedCommands()  # type: ignore[assignment]

    def list_commands(self, ctx: Any) -> list[str]:
        """Their names; none is imported."""
        return [*COMMANDS]

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the overview."""
        formatter.write(overview())


def _version(value: bool) -> None:
    if value:
        from importlib.metadata import version

        typer.echo(f"handeye {version('handeye')}")
        raise typer.Exit()


app = typer.Typer(
    cls=CommandTable,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def _global(
    debug: Annotated[bool, typer.Option("--debug")] = False,
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True)] = False,
) -> None:
    logging.basicConfig(level=logging.DEBUG if debug else logging.ERROR, stream=sys.stderr)
