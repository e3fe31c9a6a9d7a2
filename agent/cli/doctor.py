"""``handeye doctor``: look at this machine, or measure where a model's clicks land."""

from __future__ import annotations

import functools
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli.options import AsJson, DisplayOption, SerialOption, print_json, takes_model
from agent.core.errors import UserError
from agent.models.spec import ModelSpec

if TYPE_CHECKING:
    from agent.calibration.calibrate import Calibration
    from agent.doctor.check import CheckResult


@functools.partial(takes_model, default=None)
def doctor(
    calibrate: Annotated[
        str | None,
        typer.Option(
            help="Measure where the clicks of the model at URL land, and save a profile that corrects them.",
            metavar="URL",
        ),
    ] = None,
    *,
    model: ModelSpec,
    draw: Annotated[
        Path | None, typer.Option(help="Write a picture of all targets and answers.", metavar="OUT.png")
    ] = None,
    serial: SerialOption = None,
    display: DisplayOption = None,
    as_json: AsJson = False,
) -> None:
    """Check this machine: screens, phones, programs, memory, extras; a model and an Android device if named.

    What is missing comes first, each with what to do: FAIL where Handeye is of no use without it, note where some use
    needs it. No adb server is started for it, and nothing hangs it. With --model, the model is reached; with
    --serial or --display, the device is captured. The exit status is 1 when a check fails.

    With --calibrate, about 40 questions to a model instead: red discs at known places. What its numbers count, which
    comes first, and whether the server shrinks pictures is found from the answers and saved as a profile, which
    run, locate and bench use from then on. The exit status is 1 when the answers make no sense; nothing is saved then.

    [bold]Examples[/]

      handeye doctor

      handeye doctor --calibrate http://127.0.0.1:8000 --draw answers.png
    """
    phone = None if serial is None and display is None else (serial, display or 0)
    if calibrate is not None:
        if phone is not None:
            raise UserError("--serial and --display name a device to check: leave --calibrate out")
        if model.name:
            raise UserError("--calibrate URL names the model already: leave --model out")
        model.refuse("with --calibrate, which measures what coordinates count", "profile", "space", "prompts")
        _calibrate(replace(model, name=calibrate, profile=False), draw, as_json)
        return
    if draw is not None:
        raise UserError("--draw goes with --calibrate URL")
    if not model.name:
        model.refuse("without --model or --calibrate")
    _examine(model if model.name else None, phone, as_json)


def _examine(model: ModelSpec | None, phone: tuple[str | None, int] | None, as_json: bool) -> None:
    from agent.doctor.checks import examine

    results = examine(model, phone)
    failed = any(result.fails for result in results)
    if as_json:
        print_json({"ok": not failed, "checks": [result.to_json() for result in results]})
    else:
        for line in _listed(results):
            typer.echo(line)
    if failed:
        raise typer.Exit(1)


def _listed(results: list[CheckResult]) -> list[str]:
    """What is missing, then what is well by group, then what is not needed."""
    from agent.doctor.check import CheckState

    problems = sorted((r for r in results if r.state is CheckState.missing), key=lambda r: not r.fails)
    sections = {
        **{result.group: [r for r in results if r.ok and r.group == result.group] for result in results},
        "not needed here": [r for r in results if r.state is CheckState.not_needed],
    }
    lines = [result.line() for result in problems]
    for title, rows in sections.items():
        lines += [title, *(f"  {result.told}" for result in rows)] if rows else []
    return lines


def _calibrate(model: ModelSpec, draw: Path | None, as_json: bool) -> None:
    from agent.calibration.profile import save_profile
    from agent.calibration.sheet import save_sheet

    found = _measure(model)
    saved = save_profile(found.profile) if found.profile else None
    if draw is not None:
        save_sheet(found, draw)
    if as_json:
        print_json({**found.to_json(), "profile": str(saved) if saved else None})
    else:
        _print(found, saved)
    if not found.usable:
        raise typer.Exit(1)


def _measure(spec: ModelSpec) -> Calibration:
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn

    from agent.calibration.calibrate import calibrate
    from agent.models.chat import ChatModel
    from agent.models.opening import open_model
    from agent.views.terminal import transient_bar

    model = open_model(spec, ability="locate", measuring=True)
    if not isinstance(model, ChatModel):
        raise UserError(f"{spec.name} answers in pixels by itself: only models on a server are calibrated")
    columns = (TextColumn("asking where red circles are"), BarColumn(), MofNCompleteColumn())
    try:
        with transient_bar(*columns) as bar:
            line = bar.add_task("", total=None)
            return calibrate(model, lambda done, total: bar.update(line, completed=done, total=total))
    finally:
        model.close()


def _print(found: Calibration, saved: Path | None) -> None:
    from agent.calibration.explanation import say_meaning

    typer.echo(f"{found.endpoint}, dialect {found.dialect}")
    if found.fitted is not None:
        typer.echo(f"answers      {say_meaning(found.fitted)}")
        typer.echo(f"on target    {found.accuracy}; without a profile {found.as_it_was}")
        typer.echo(f"through it   {found.tries} new clicks land on the target")
        typer.echo(f"error        {found.median_error:.1f} pixels (median)")
    prompt, answer = found.tokens
    typer.echo(f"an answer    {found.seconds:.2f} s, {prompt:,} + {answer:,} tokens (median)")
    for sentence in found.says:
        typer.echo(sentence)
    if found.problem:
        typer.echo(f"not usable: {found.problem}. Nothing was saved.", err=True)
    else:
        typer.echo(f"saved {saved}")
