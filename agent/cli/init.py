"""``handeye init``."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli.options import EnvName, SerialOption, read_model
from agent.core.errors import UserError
from agent.settings import PROJECT_FILE, Value, config_folder, trust, write_settings

if TYPE_CHECKING:
    from agent.doctor.check import CheckResult


def init(
    model: Annotated[
        str | None, typer.Option("--model", "-m", help="Do not ask for the model: this one.", metavar="MODEL")
    ] = None,
    planner: Annotated[str | None, typer.Option(help="A planner in place of a model.", metavar="MODEL")] = None,
    env: Annotated[EnvName | None, typer.Option(help="Do not ask where to work: here.")] = None,
    serial: SerialOption = None,
    max_steps: Annotated[int | None, typer.Option(help="End a run after this many steps.", min=1)] = None,
    project: Annotated[
        bool,
        typer.Option("--project", help=f"Write {PROJECT_FILE} here, for this folder only; it is trusted as it is."),
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    untested: Annotated[bool, typer.Option("--untested", help="Write it without trying model and screen.")] = False,
) -> None:
    """Choose a model, a screen and limits, try them, and write them as the defaults of all commands.

    Asks for what is not given, where a terminal is there to ask on. Model servers at their usual ports of this machine
    are found. The file lists every setting with a comment; handeye config shows what holds.

    [bold]Examples[/]

      handeye init

      handeye init --model http://127.0.0.1:8000 --env sandbox

      handeye init --project --model builtin --env phone
    """
    file = Path.cwd() / PROJECT_FILE if project else config_folder() / "config.toml"
    if file.exists() and not force:
        raise UserError(f"{file} is there already: change it, or replace it with --force")
    chosen: dict[str, Value] = {}
    if planner is None:
        chosen["model"] = model or _asked_model()
    elif model is None:
        chosen["planner"] = planner
    else:
        raise UserError("--planner and --model both name the model that decides: leave one out")
    chosen["env"] = env.value if env else _asked("Where to work", _first_screen(), [name.value for name in EnvName])
    if chosen["env"] == "android" and (named := serial or _asked("Which device (adb devices)", "the only one")):
        chosen |= {} if named == "the only one" else {"serial": named}
    elif serial is not None:
        raise UserError("--serial is for --env android")
    steps = str(max_steps) if max_steps else _asked("Steps of a run at most", "50") if _terminal() else "50"
    if not steps.isascii() or not steps.isdigit() or not 1 <= int(steps) <= 100_000:
        raise UserError(f"steps are a number from 1 to 100000, not {steps[:20]!r}")
    chosen["max-steps"] = int(steps)
    if not untested:
        _try(chosen)
    write_settings(file, chosen)
    if project:
        trust(file)
    typer.echo(f"wrote {file}", err=True)
    typer.echo('next: handeye run "TASK", or handeye config to see what holds', err=True)


def _try(chosen: dict[str, Value]) -> None:
    """Reach the model, look at the screen. Raises `UserError` where one fails and nobody says to go on."""
    from agent.doctor.checks import check_model, check_screen
    from agent.run.env_spec import EnvSpec

    texts = {name: str(value) for name, value in chosen.items()}
    spec = read_model(model=texts.get("model"), planner=texts.get("planner"))
    results: list[CheckResult] = [check_model(spec), check_screen(EnvSpec(texts["env"], serial=texts.get("serial")))]
    for result in results:
        typer.echo(result.line(), err=True)
    failed = [result.name for result in results if not result.ok]
    if failed and not (_terminal() and typer.confirm("Write it all the same?", err=True)):
        raise UserError(f"nothing was written: {', '.join(failed)} failed; --untested writes it without trying")


def _asked_model() -> str:
    from agent.doctor.checks import local_servers

    found = local_servers() if _terminal() else {}
    for address, names in found.items():
        typer.echo(f"found {address}: {', '.join(names)}", err=True)
    first = next(
        (address if len(names) == 1 else f"{address}#{names[0]}" for address, names in found.items()), "builtin"
    )
    return _asked("Model (builtin, a server's URL, hf:FOLDER_OR_ID)", first)


def _first_screen() -> str:
    own = bool(os.environ.get("DISPLAY")) or not sys.platform.startswith("linux")
    return "desktop" if own else "sandbox"


def _asked(question: str, default: str, among: list[str] | None = None) -> str:
    """A person's answer. Raises `UserError` where no terminal is there, or for an answer not `among` those."""
    if not _terminal():
        raise UserError("there is no terminal to ask on: give --model (or --planner) and --env")
    answer = str(
        typer.prompt(question + (f" ({', '.join(among)})" if among else ""), default=default, err=True)
    ).strip()
    if among and answer not in among:
        raise UserError(f"{question}: one of {', '.join(among)}, not {answer[:40]!r}")
    return answer


def _terminal() -> bool:
    return sys.stdin.isatty()
