"""``handeye replay``."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.commands.options import (
    AsJson,
    DialectName,
    MaxPixels,
    ModelName,
    NoProfile,
    ProfileFile,
    ServedName,
    chosen_profile,
    print_json,
)
from agent.errors import UserError

if TYPE_CHECKING:
    from agent.replay.ask import Answered, Comparison
    from agent.replay.simulate import Simulation


class Mode(StrEnum):
    """What to do with the episode."""

    view = "view"
    simulate = "simulate"
    ask = "ask"
    live = "live"


def replay(
    episode: Annotated[Path, typer.Argument(help="The folder of an episode.", metavar="EPISODE")],
    mode: Annotated[
        Mode,
        typer.Option(
            help="view: write the report. simulate: check the record without a device. "
            "ask: put every screen to a model."
        ),
    ] = Mode.view,
    model: ModelName = "builtin",
    served_model: ServedName = None,
    dialect: DialectName = None,
    max_pixels: MaxPixels = None,
    profile: ProfileFile = None,
    no_profile: NoProfile = False,
    within: Annotated[
        float, typer.Option(help="ask: points this many pixels apart are the same place.", min=0, metavar="PX")
    ] = 14.0,
    out: Annotated[Path | None, typer.Option(help="view: where to write the report.", metavar="FILE")] = None,
    as_json: AsJson = False,
) -> None:
    """Look at an episode again: as a report, as a check, or through another model's eyes.

    [bold]simulate[/] needs no device and no model: is the record whole, does every action fit its screen, and do the
    recorded answers still read as the recorded actions? The exit status is 1 when something is not as it was.

    [bold]ask[/] shows where a model would have acted otherwise: same, other place (with the distance in pixels), other
    detail (another text or button), other type.

    [bold]Examples[/]

      handeye replay runs/2026-11-22T15-04-05-open-the-file-menu

      handeye replay runs/… --mode simulate --json

      handeye replay runs/… --mode ask --model http://127.0.0.1:8000
    """
    chosen = chosen_profile(profile, no_profile)
    if mode is Mode.live:
        raise UserError("--mode live is not there yet: choose view, simulate or ask")
    if mode is Mode.view:
        _view(episode, out, as_json)
    elif mode is Mode.simulate:
        from agent.replay.simulate import simulate

        found = simulate(episode, profile)
        print_json(found.to_json()) if as_json else _show_simulation(found)
        if not found.ok:
            raise typer.Exit(1)
    else:
        from agent.episode import read_episode
        from agent.models import resolve_model
        from agent.replay.ask import ask
        from agent.replay.simulate import platform_of

        asked = resolve_model(
            model,
            platform=platform_of(read_episode(episode).header),
            ability="decide",
            served_model=served_model,
            dialect=dialect,
            max_pixels=max_pixels,
            profile=chosen,
        )
        compared = ask(episode, asked, within, lambda row: typer.echo(_line(row), err=True))
        print_json(compared.to_json()) if as_json else _show_comparison(compared)


def _view(episode: Path, out: Path | None, as_json: bool) -> None:
    from agent.report import write_report

    path = write_report(episode, out)
    print_json({"mode": "view", "episode": str(episode), "report": str(path)}) if as_json else typer.echo(str(path))


def _show_simulation(found: Simulation) -> None:
    from actions.action import describe, one_line

    for problem in found.problems:
        typer.echo(one_line(problem.what, 300))
    for d in found.differences:
        was, now = (describe(action) if action else "no action" for action in (d.recorded, d.read))
        typer.echo(
            one_line(f"step {d.step}: recorded: {was}; read today: {now}" + (f" ({d.why})" if d.why else ""), 300)
        )
    for note in found.notes:
        typer.echo(one_line(note, 300), err=True)
    steps, answers = len(found.episode.steps), found.compared
    state = "as recorded" if found.ok else f"{len(found.problems)} problems, {len(found.differences)} differences"
    typer.echo(f"{steps} steps, {answers} answers read again: {state}")


def _line(row: Answered) -> str:
    from actions.action import describe

    was, now = (describe(action) if action else "-" for action in (row.recorded, row.asked))
    apart = "" if row.distance is None else f" {row.distance:.0f} px"
    return f"step {row.step:>3}  {row.kind + apart:<22}  recorded: {was}   asked: {now}   {row.why}".rstrip()


def _show_comparison(compared: Comparison) -> None:
    counts = ", ".join(f"{count} {kind}" for kind, count in compared.counts.items()) or "no steps"
    typer.echo(f"{compared.model} on {len(compared.rows)} screens of {compared.recorded_model}: {counts}")
