"""``handeye run``."""

from __future__ import annotations

import functools
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from agent.cli.options import (
    AsJson,
    RunBounds,
    ScreenOptions,
    print_json,
    record_option,
    takes_bounds,
    takes_model,
    takes_screen,
)
from agent.models.spec import ModelSpec

_live = functools.partial(typer.Option, rich_help_panel="Live view")


@takes_screen
@takes_model
@takes_bounds
def run(
    task: Annotated[str, typer.Argument(help="What to do, in plain words.", metavar="TASK")],
    *,
    screen: ScreenOptions,
    live: Annotated[
        bool,
        _live(
            "--live",
            help="Serve a page on this machine that shows the screen and the next action before it happens, and on "
            "which you approve, edit, skip, pause, take over, answer and stop.",
        ),
    ] = False,
    live_port: Annotated[
        int | None, _live(help="Serve it on this port. Default: any free one.", min=0, max=65535, metavar="PORT")
    ] = None,
    live_open: Annotated[bool, _live("--live-open", help="Open it in your browser as well.")] = False,
    live_wait: Annotated[
        float | None,
        _live(
            help="How long a question waits while no page is open; then the run ends as needs_human. Default: 300.",
            min=0,
            metavar="SECONDS",
        ),
    ] = None,
    model: ModelSpec,
    bounds: RunBounds,
    out: Annotated[
        Path | None,
        record_option(help="Folder for the episode, new or empty. Default: runs/<time>-<task>.", metavar="DIR"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Do a task on a screen and keep a record of it.

    [bold]Examples[/]

      handeye run --app mousepad --share . \\
          'Type "Hello", press ctrl+s, type "hello.txt" and press Enter'

      handeye run --env desktop --model http://127.0.0.1:8000 \\
          "Open the settings and switch to dark mode"

      handeye run --live --confirm always --app mousepad 'Type "Hello"'

      handeye run --env phone "Open Settings, turn on Airplane mode, then go back"

      handeye run --env sandbox --policy rules:no_purchases \\
          --model http://127.0.0.1:8000 "Find the cheapest lamp"

      handeye run --env android --serial 192.168.1.20:5555 \\
          --model http://127.0.0.1:8000 "Set an alarm for 7:30"

    Stop at any time with Ctrl-C, with Ctrl+Alt+Escape from any window, or by pushing the mouse pointer into the
    top-left corner of the screen. The exit status is 0 only when the task was done.
    """
    from agent.run.session import run_task
    from agent.views.live.page import LivePageOptions

    page = (
        LivePageOptions(live_port or 0, live_open, 300.0 if live_wait is None else live_wait)
        if live or live_open or live_port is not None or live_wait is not None
        else None
    )
    spec = screen.spec()
    done = run_task(task, spec, replace(bounds.options(model), out=out, live=page))
    if as_json:
        print_json(done.to_json())
    if not done.result.ending.ok:
        raise typer.Exit(130 if done.result.ending == "stopped_by_user" else 1)
