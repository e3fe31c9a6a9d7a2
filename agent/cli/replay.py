"""``handeye replay``."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from actions.errors import plural
from agent.cli.options import (
    AsJson,
    ConfirmOption,
    MaxSecondsOption,
    ScreenOptions,
    SecretOptions,
    parse_size,
    print_json,
    takes_model,
    takes_screen,
)
from agent.core.errors import UserError
from agent.models.spec import BUILTIN, ModelSpec

if TYPE_CHECKING:
    from agent.episodes import Episode
    from agent.episodes.replay.ask import Answered, ReplayComparison
    from agent.episodes.replay.simulate import Simulation
    from agent.run.env_spec import EnvSpec
    from agent.run.replay import ReplayOptions


_live = functools.partial(typer.Option, rich_help_panel="Live")


class Mode(StrEnum):
    """What to do with the episode."""

    view = "view"
    simulate = "simulate"
    ask = "ask"
    live = "live"


@functools.partial(
    takes_screen,
    only=("env", "serial", "display", "app_", "size", "share", "network", "no_isolation"),
    told=dict.fromkeys(("env", "display", "app_", "size"), "Default: as recorded."),
    panel="Screen of --mode live",
)
@functools.partial(takes_model, default=None)
def replay(
    episode: Annotated[Path, typer.Argument(help="The folder of an episode.", metavar="EPISODE")],
    mode: Annotated[
        Mode,
        typer.Option(
            help="view: write the report. simulate: check the record without a device. "
            "ask: put every screen to a model. live: do it again on a real screen, without a model."
        ),
    ] = Mode.view,
    *,
    model: ModelSpec,
    within: Annotated[
        float | None,
        typer.Option(help="ask: points this many pixels apart are the same place. Default: 14.", min=0, metavar="PX"),
    ] = None,
    screen: ScreenOptions,
    timeout: Annotated[
        float | None,
        _live(help="Wait this long until the target of an action is there. Default: 10.", min=0, metavar="SECONDS"),
    ] = None,
    max_seconds: MaxSecondsOption = None,
    confirm: ConfirmOption = None,
    secret: SecretOptions = None,
    out: Annotated[
        Path | None,
        typer.Option(help="view: where to write the report. live: folder for the new episode.", metavar="PATH"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Use an episode again: as a report, as a check, as questions to another model, or live on a screen.

    [bold]simulate[/] needs no device and no model: is the record whole, does every action fit its screen, and do the
    recorded answers still read as the recorded actions? The exit status is 1 when something is not as it was.

    [bold]ask[/] shows where a model would have acted otherwise: same, other place (with the distance in pixels), other
    detail (another text or button), other type.

    [bold]live[/] does every recorded action again, without a model. Each target is found by the pixels and the text
    that were recorded there, so the window may have moved and the theme, the font or the resolution may differ. It
    stops where the screen is not the recorded one, with a picture of both (expected.png, found.png, stopped.html in
    the new episode), and the exit status is 1.

    [bold]Examples[/]

      handeye replay runs/2026-11-22T15-04-05-open-the-file-menu

      handeye replay runs/… --mode simulate --json

      handeye replay runs/… --mode ask --model http://127.0.0.1:8000

      handeye replay runs/… --mode live --app mousepad --size 1600x1000
    """
    _refuse(Mode.ask, mode, {"--model": model.name, "--within": within})
    live = {"--timeout": timeout, "--max-seconds": max_seconds, "--confirm": confirm, "--secret": secret}
    _refuse(Mode.live, mode, screen.given | live)
    if mode is Mode.view:
        model.refuse("with --mode view")
        _view(episode, out, as_json)
    elif mode is Mode.live:
        from agent.guard.secrets import Secrets
        from agent.run.replay import ReplayOptions, env_spec_for

        model.refuse("with --mode live")
        options = ReplayOptions(
            10.0 if timeout is None else timeout,
            max_seconds,
            Secrets.parse(secret or ()),
            confirm.value if confirm else None,
            out,
        )
        kind, serial = screen.named
        choose = functools.partial(
            env_spec_for,
            kind=kind,
            apps=screen.apps,
            size=parse_size(screen.size) if screen.size else None,
            serial=serial,
            display=screen.display,
            share=screen.share,
            network=screen.network.value if screen.network else None,
            isolated=screen.isolated,
        )
        _replay_live(episode, choose, options, as_json)
    elif out is not None:
        raise UserError(f"--out has no effect with --mode {mode}: leave it out")
    elif mode is Mode.simulate:
        _simulate(episode, model, as_json)
    else:
        _ask(episode, replace(model, name=model.name or BUILTIN), 14.0 if within is None else within, as_json)


def _refuse(of: Mode, mode: Mode, options: Mapping[str, object]) -> None:
    """Raise `UserError` for an option of another mode."""
    for name, value in options.items():
        if mode is not of and value not in (None, ""):
            raise UserError(f"{name} has no effect with --mode {mode}: leave it out, or add --mode {of}")


def _replay_live(folder: Path, choose: Callable[[Episode], EnvSpec], options: ReplayOptions, as_json: bool) -> None:
    from agent.episodes import read_episode
    from agent.run.replay import replay_episode

    done = replay_episode(folder, choose(read_episode(folder)), options)
    print_json(done.to_json()) if as_json else typer.echo(str(done.recording))
    if not done.ok:
        raise typer.Exit(130 if done.result.ending == "stopped_by_user" else 1)


def _simulate(episode: Path, model: ModelSpec, as_json: bool) -> None:
    from agent.episodes.replay.simulate import simulate

    file = model.profile if isinstance(model.profile, Path) else None
    (replace(model, profile=True) if file else model).refuse("with --mode simulate")
    found = simulate(episode, file)
    print_json(found.to_json()) if as_json else _show_simulation(found)
    if not found.ok:
        raise typer.Exit(1)


def _ask(episode: Path, model: ModelSpec, within: float, as_json: bool) -> None:
    from agent.episodes import read_episode
    from agent.episodes.replay.ask import ask
    from agent.episodes.replay.simulate import platform_of
    from agent.models.opening import open_model

    asked = open_model(model, platform=platform_of(read_episode(episode).header), ability="decide")
    compared = ask(episode, asked, within, lambda row: typer.echo(_line(row), err=True))
    print_json(compared.to_json()) if as_json else _show_comparison(compared)


def _view(episode: Path, out: Path | None, as_json: bool) -> None:
    from agent.views.report import write_report

    path = write_report(episode, out)
    print_json({"mode": "view", "episode": str(episode), "report": str(path)}) if as_json else typer.echo(str(path))


def _show_simulation(found: Simulation) -> None:
    from actions.action import describe
    from actions.errors import one_line

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
    state = (
        "as recorded"
        if found.ok
        else f"{plural(len(found.problems), 'problem')}, {plural(len(found.differences), 'difference')}"
    )
    typer.echo(f"{plural(steps, 'step')}, {plural(answers, 'answer')} read again: {state}")


def _line(row: Answered) -> str:
    from actions.action import describe

    was, now = (describe(action) if action else "-" for action in (row.recorded, row.asked))
    apart = "" if row.distance is None else f" {row.distance:.0f} px"
    return f"step {row.step:>3}  {row.kind + apart:<22}  recorded: {was}   asked: {now}   {row.why}".rstrip()


def _show_comparison(compared: ReplayComparison) -> None:
    counts = ", ".join(f"{count} {kind}" for kind, count in compared.counts.items()) or "no steps"
    typer.echo(f"{compared.model} on {plural(len(compared.rows), 'screen')} of {compared.recorded_model}: {counts}")
