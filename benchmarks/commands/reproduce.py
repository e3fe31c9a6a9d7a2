"""``handeye bench reproduce``: run a result again and say whether it comes out the same."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import Annotated

import typer

from agent.cli.options import AsJson, print_json
from benchmarks.commands.run import Engine, EngineChoice, Resume, Retries, Workers, tell_stopped


def reproduce(
    result: Annotated[Path, typer.Argument(help="A result.json, or the folder of one.", metavar="RESULT")],
    data: Annotated[Path | None, typer.Option(help="Where the data is now, if it was moved.", metavar="DIR")] = None,
    model: Annotated[
        str | None, typer.Option("--model", "-m", help="Where the same model is served now.", metavar="MODEL")
    ] = None,
    workers: Workers = 1,
    engine: Engine = EngineChoice.local,
    retries: Retries = 3,
    resume: Resume = False,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the new run. Default: runs/bench-<time>-…", metavar="DIR")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Run a result again from its manifest, compare verdict by verdict, and say in one sentence what came of it.

    The data must have the same hash and the model the same name, prompt and resize rule; a version of Handeye,
    a library or a machine that is another one is named. The exit status is 0 only if every verdict is the same.

    [bold]Example[/]

      handeye bench reproduce runs/ss2/result.json --workers 8
    """
    from benchmarks.runner.reproduce import again
    from benchmarks.runner.result import read_result
    from benchmarks.runner.run import ExecutionOptions, Stopped
    from benchmarks.runner.schedule import Retries as Policy

    how = ExecutionOptions(workers, engine.value, out, resume, Policy(retries))
    try:
        with redirect_stdout(sys.stderr):
            found = again(read_result(result), how, data=data, model=model, tell=_note)
    except Stopped as stop:
        raise typer.Exit(tell_stopped(stop)) from stop
    if as_json:
        print_json(found)
    else:
        typer.echo(found["sentence"])
    typer.echo(f"result {found['result']}", err=True)
    raise typer.Exit(0 if found["reproduced"] else 1)


def _note(line: str) -> None:
    typer.echo(f"note: {line}", err=True)
