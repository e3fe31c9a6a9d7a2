"""The command line. Data goes to stdout; people's output, progress and logs go to stderr."""

from __future__ import annotations

import functools
import logging
import signal
import sys
from importlib.metadata import entry_points
from typing import Annotated

import typer

from agent.cli.ask import ask
from agent.cli.doctor import doctor
from agent.cli.elements import elements
from agent.cli.export import export
from agent.cli.extract import extract
from agent.cli.locate import locate
from agent.cli.models import models
from agent.cli.options import print_json
from agent.cli.prompts import prompts
from agent.cli.record import record
from agent.cli.replay import replay
from agent.cli.report import report
from agent.cli.run import run
from agent.cli.serve import serve

app = typer.Typer(
    name="handeye",
    help="Eyes and hands for any vision-language model: run, record and audit tasks on a screen.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


app.command()(run)
app.command()(locate)
app.command()(elements)
app.command()(doctor)
app.command()(extract)
app.command()(serve)
app.command()(replay)
app.command()(record)
app.command()(ask)
app.command()(report)
app.command()(export)
app.command()(models)
app.add_typer(prompts, name="prompts")


def _version(value: bool) -> None:
    if value:
        from importlib.metadata import version

        typer.echo(f"handeye {version('handeye')}")
        raise typer.Exit()


@app.callback()
def _global(
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks and log everything to stderr.")] = False,
    version: Annotated[
        bool, typer.Option("--version", help="Show the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    logging.basicConfig(level=logging.DEBUG if debug else logging.ERROR, stream=sys.stderr)


PLUGINS = "handeye.commands"
"""The entry-point group of command groups that live in rooms the agent must not import, e.g. ``bench``."""


@functools.cache
def _add_plugins() -> None:
    for plugin in entry_points(group=PLUGINS):
        app.add_typer(plugin.load(), name=plugin.name)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; every error a user can cause is one line on stderr and a non-zero status."""
    arguments = sys.argv[1:] if arguments is None else arguments
    debug = "--debug" in arguments
    # --debug may stand anywhere; the commands themselves do not know it.
    arguments = [*(["--debug"] if debug else []), *(a for a in arguments if a != "--debug")]
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends like Ctrl-C: the record is closed
    try:
        _add_plugins()
        status = app(arguments, prog_name="handeye", standalone_mode=False)
    except KeyboardInterrupt:
        status = _fail("stopped", 130, arguments)
    except Exception as error:
        if debug and not hasattr(error, "format_message"):
            raise
        status = _fail(*_explain(error), arguments)
    sys.exit(status if isinstance(status, int) else 0)


def _explain(error: Exception) -> tuple[str, int]:
    from actions.errors import HandeyeError

    if hasattr(error, "format_message"):  # a wrong option or argument
        return f"{error.format_message() or 'wrong usage'} (see handeye --help)", 2
    if isinstance(error, HandeyeError):
        return str(error), 2
    return f"internal error: {type(error).__name__}: {error} (run again with --debug for the details)", 70


def _fail(message: str, status: int, arguments: list[str]) -> int:
    from actions.action import one_line

    line = one_line(message, 500)
    typer.echo(f"handeye: {line}", err=True)
    if "--json" in arguments:
        print_json({"error": line})
    return status


if __name__ == "__main__":
    main()
