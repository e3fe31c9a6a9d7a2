"""``handeye bench SUITE``: run a suite."""

from __future__ import annotations

import functools
import sys
from contextlib import redirect_stdout
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from actions.errors import plural
from agent.cli.options import AsJson, print_json, takes_model
from agent.models.spec import ModelSpec
from benchmarks.keeping import EPISODES
from benchmarks.tracking.names import TrackerName

if TYPE_CHECKING:
    from benchmarks.runner.result import SuiteResult
    from benchmarks.runner.run import FinishedRun, Stopped

_what = functools.partial(typer.Option, rich_help_panel="What is run")
_how = functools.partial(typer.Option, rich_help_panel="How it is run (changes no figure)")


class EngineChoice(StrEnum):
    """Where the workers are."""

    local = "local"
    ray = "ray"


Data = Annotated[Path | None, _what(help="The suite's folder, as it was downloaded.", metavar="DIR")]
Mode = Annotated[str | None, _what(help="A variant of the data, e.g. high, low or refined.", metavar="MODE")]
Rule = Annotated[
    str | None, _what(help="A named scoring rule, where there are several, e.g. without-refusals.", metavar="RULE")
]
Tasks = Annotated[str | None, _what(help="Only these tasks, with commas between.", metavar="A,B")]
Seeds = Annotated[int | None, _what(help="Instances of each interactive task.", min=1, metavar="N")]
Seed = Annotated[int, _what(help="The first seed.", min=0)]
MaxSteps = Annotated[
    int | None,
    _what(help="Steps of each interactive task at most, in place of the suite's own number.", min=1, metavar="N"),
]
Limit = Annotated[int | None, _what(help="Only the first N samples.", min=1, metavar="N")]
Resume = Annotated[bool, _how("--resume", help="Go on with a run that was interrupted.")]
Workers = Annotated[int, _how(help="Samples answered at a time; each asks the model by itself.", min=1, max=1024)]
Engine = Annotated[EngineChoice, _how(help="This machine, or a Ray cluster (RAY_ADDRESS, else one started here).")]


class KeepChoice(StrEnum):
    """Which episodes of an interactive suite stay."""

    all = "all"
    failed = "failed"
    none = "none"


Keep = Annotated[
    KeepChoice | None,
    _how(
        help="Which episodes of an interactive suite stay in the folder, with every screen, for handeye view. "
        "Default: failed; with --engine ray none."
    ),
]
LogTo = Annotated[
    list[TrackerName] | None,
    _how(
        "--log-to",
        help="Log the result to Weights & Biases, MLflow, TensorBoard or inspect_ai's log, through their own "
        "libraries; may be repeated.",
    ),
]
Retries = Annotated[int, _how(help="More tries for a sample whose server, display or worker failed.", min=0, max=100)]


@functools.partial(
    takes_model, more_names=", or baseline:NAME (idle, say-done, random, centre, ocr, blind-replay, oracle, obedient)"
)
def run(
    suite: Annotated[str, typer.Argument(help="Name of a suite; handeye bench suites lists them.", metavar="SUITE")],
    data: Data = None,
    *,
    model: ModelSpec,
    mode: Mode = None,
    rule: Rule = None,
    language: Annotated[
        str | None, _what(help="Language of the instructions, where there are several.", metavar="LANG")
    ] = None,
    tasks: Tasks = None,
    seeds: Seeds = None,
    seed: Seed = 0,
    max_steps: MaxSteps = None,
    zoom: Annotated[bool, _what("--zoom", help="Look twice; the result is labelled as such.")] = False,
    official_timer: Annotated[bool, _what("--official-timer", help="Keep a suite's own time limit.")] = False,
    limit: Limit = None,
    workers: Workers = 1,
    engine: Engine = EngineChoice.local,
    retries: Retries = 3,
    keep: Keep = None,
    log_to: LogTo = None,
    resume: Resume = False,
    out: Annotated[
        Path | None, _how(help="Folder for answers and result. Default: runs/bench-<time>-…", metavar="DIR")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Run a suite and write result.json and a page, report.html; the word run may be left out.

    Every answer is kept in answers.jsonl as it comes.
    A server, display or worker that fails is tried again and counted apart from wrong answers; a sample that still
    has no answer is listed as an error, is in no figure, and the exit status is 1. After Ctrl-C, a crash or a power
    cut the same command with --resume goes on where it stopped.

    [bold]Examples[/]

      handeye bench jsonl --data my-screens --model builtin --workers 2

      handeye bench screenspot-pro --data ScreenSpot-Pro --language cn \\
          --model http://127.0.0.1:8000 --workers 16

      handeye bench miniwob --seeds 5 --tasks click-button,enter-text \\
          --out runs/mw --resume
    """
    from benchmarks.runner.plan import RunPlan
    from benchmarks.runner.run import ExecutionOptions, Stopped, run_plan
    from benchmarks.runner.schedule import Retries as Policy
    from benchmarks.suite import SuiteOptions
    from benchmarks.suites import suite_name

    options = SuiteOptions(
        mode=mode,
        rule=rule,
        language=language,
        seeds=seeds,
        seed=seed,
        max_steps=max_steps,
        zoom=zoom,
        official_timer=official_timer,
        tasks=tuple(filter(None, (name.strip() for name in (tasks or "").split(",")))),
    )
    check_log_to(log_to)
    plan = RunPlan(suite_name(suite), model, data.absolute() if data else None, options, limit)
    how = ExecutionOptions(workers, engine.value, out, resume, Policy(retries), keep.value if keep else None)
    try:
        with redirect_stdout(sys.stderr):  # Ray and suites may print; stdout is for the result
            done = run_plan(plan, how)
    except Stopped as stop:
        raise typer.Exit(tell_stopped(stop)) from stop
    status = tell_done(done, as_json)
    raise typer.Exit(log(log_to, done.result, done.folder) or status)


def check_log_to(names: list[TrackerName] | None) -> None:
    """Raise `UserError` for a tracker whose library is not there."""
    if names:
        from benchmarks.tracking.trackers import check_trackers

        check_trackers(names)


def log(names: list[TrackerName] | None, result: SuiteResult, folder: Path) -> int:
    """Log a finished result and say where; the exit status."""
    if not names:
        return 0
    from benchmarks.tracking.trackers import log_result

    with redirect_stdout(sys.stderr):  # they print
        done, failed = log_result(names, result, folder.absolute())
    for line in (*done, *(f"handeye: {line}" for line in failed)):
        typer.echo(line, err=True)
    return 1 if failed else 0


def tell_stopped(stop: Stopped) -> int:
    """How to go on; the exit status."""
    typer.echo(
        f"handeye: stopped with {stop.done} of {plural(stop.total, 'sample')} answered, all kept in {stop.folder}. "
        f"Go on with the same command and --out {stop.folder} --resume",
        err=True,
    )
    return 130


def tell_done(done: FinishedRun, as_json: bool) -> int:
    """Write the page of a result, then print it (the reader of stdout may be gone); the exit status."""
    from benchmarks.runner.formatting import failures, table

    page = _page(done)
    if as_json:
        print_json(done.result.headline() | {"result": str(done.path)})
    else:
        for line in table(done.result):
            typer.echo(line)
    for line in failures(done):
        typer.echo(f"handeye: {line}", err=True)
    typer.echo(f"result {done.path}", err=True)
    typer.echo(page, err=True)
    if kept := len(done.result.episodes):
        said = "1 episode is" if kept == 1 else f"{kept:,} episodes are"
        typer.echo(f"{said} in {done.folder / EPISODES}: handeye view {done.folder}", err=True)
    return 0 if done.result.complete else 1


def _page(done: FinishedRun) -> str:
    """Write report.html beside the result; a line about it. One that cannot be written costs nothing but the page."""
    from agent.core.errors import UserError
    from benchmarks.page import write_page

    try:
        return f"page {write_page([done.folder])}"
    except UserError as error:
        return f"handeye: no page: {error}"
