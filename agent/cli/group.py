"""The root of the command line for typer: each command's module is imported when the command is called."""

from __future__ import annotations

import inspect
import logging
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from agent.cli.commands import COMMANDS, overview
from agent.cli.defaults import put_settings


class InterruptedCommandError(Exception):
    """Ctrl-C, which the command did not answer itself."""


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt as error:
        raise InterruptedCommandError from error


class _LoadedCommands(Mapping[str, Any]):
    """Commands of typer by name, each made when it is asked for."""

    def __getitem__(self, name: str) -> Any:
        module, _, value = COMMANDS[name][0].partition(":")
        command, holder = getattr(import_module(module), value), typer.Typer()
        if isinstance(command, typer.Typer):
            holder.add_typer(command, name=name)
        else:
            holder.command(name)(command)
        return _unwrapped(typer.main.get_group(holder).commands[name])

    def __iter__(self) -> Iterator[str]:
        return iter(COMMANDS)

    def __len__(self) -> int:
        return len(COMMANDS)


def _unwrapped(command: Any) -> Any:
    """`command`, a paragraph of whose help is one line (but an indented one), so that it is as wide as the terminal."""
    for one in (command, *(command.commands.values() if isinstance(command, TyperGroup) else ())):
        paragraphs = inspect.cleandoc(one.help or "").split("\n\n")
        one.help = "\n\n".join(text if text.startswith(" ") else text.replace("\n", " ") for text in paragraphs)
    return command


class CommandTable(TyperGroup):
    """The group of `COMMANDS`, whose help is `overview`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.commands: Mapping[str, Any] = _LoadedCommands()  # type: ignore[assignment]

    def list_commands(self, ctx: Any) -> list[str]:
        """Their names; none is imported."""
        return [*COMMANDS]

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """The command that `args` name, its options with their settings (`agent.settings`) as defaults."""
        name, command, rest = super().resolve_command(ctx, args)
        if name and name not in ("config", "init") and not ctx.resilient_parsing and not {"-h", "--help"} & {*rest}:
            put_settings(ctx, name, command, rest)
        return name, command, rest

    def make_context(self, *args: Any, **extra: Any) -> Any:
        """As typer does. Ctrl-C is raised as `InterruptedCommandError`: typer would end without a word."""
        with _told():
            return super().make_context(*args, **extra)

    def invoke(self, ctx: Any) -> Any:
        """Run the command. Ctrl-C as in `make_context`."""
        with _told():
            return super().invoke(ctx)

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
    add_completion=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def _global(
    debug: Annotated[bool, typer.Option("--debug")] = False,
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True)] = False,
) -> None:
    logging.basicConfig(level=logging.DEBUG if debug else logging.ERROR, stream=sys.stderr)
