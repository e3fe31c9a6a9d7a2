"""``handeye record``."""

from __future__ import annotations

import functools
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from actions.errors import plural
from agent.cli.options import (
    AsJson,
    ScreenOptions,
    SecretOptions,
    parse_size,
    print_json,
    record_option,
    takes_screen,
)
from agent.core.errors import UserError


class HowItEnds(StrEnum):
    """What the demonstration shows."""

    done = "done"
    gave_up = "gave_up"


@functools.partial(
    takes_screen,
    only=("env", "serial", "display", "app_", "size", "monitor"),
    told={
        "env": "desktop (your own), sandbox (a private display), android (over adb; android:SERIAL for one of "
        "several) or phone (a simulated one). Default: desktop.",
        "app_": "Start this program or app first, as step 1, on any screen; may be repeated.",
    },
)
def record(
    out: Annotated[Path, record_option("--out", "-o", help="Folder for the episode, new or empty.", metavar="DIR")],
    task: Annotated[
        str, typer.Option("--task", "-t", help="What the demonstration shows, in the words a task would have.")
    ] = "",
    *,
    screen: ScreenOptions,
    live: Annotated[
        bool,
        typer.Option("--live", help="Serve a page on this machine that shows the screen.", rich_help_panel="Screen"),
    ] = False,
    seconds: Annotated[float | None, typer.Option(help="End after this many seconds.", min=0.1)] = None,
    ending: Annotated[
        HowItEnds, typer.Option(help="done: it shows how. gave_up: it shows that it cannot be done.")
    ] = HowItEnds.done,
    secret: SecretOptions = None,
    keep_unseen: Annotated[
        bool,
        typer.Option(
            "--keep-unseen",
            help="Store text that left no trace on the screen too (a game, an editor's commands). What appeared as "
            "dots is never stored.",
            rich_help_panel="Limits and safety",
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Record what you do on a screen as an episode: to replay it, to test with it, to train on it.

    Work as always. Clicks, drags, the wheel, keys and text become steps, each with the screen that was there before it;
    waiting is not recorded. Ctrl-C in the terminal or Ctrl+Alt+Escape from any window ends it, and what was written is
    whole even if the recorder is killed.

    A text that appears as dots, or does not appear at all, is taken for a password: the record says
    {{secret:password}} instead. Give a password with --secret and it has your own name, and is blacked out wherever it
    is shown.

    [bold]Examples[/]

      handeye record --task "Save a note as hello.txt" --app mousepad --out demo

      handeye record --env android --task "Set an alarm for 7:30" --out alarm

      handeye record --secret PW=env:MY_PASSWORD --task "Sign in" --out sign-in

      handeye replay demo --mode simulate

      handeye export demo --format script --out demo.py
    """
    from agent.guard.secrets import Secrets
    from agent.run.record import RecordOptions
    from agent.run.record import record as run

    if task and not task.strip():
        raise UserError("--task is empty: leave it out, or say what the demonstration shows")
    kind, serial = screen.named
    done = run(
        RecordOptions(
            out=out,
            task=task,
            kind=kind or "desktop",
            apps=screen.apps,
            size=parse_size(screen.size) if screen.size else None,
            monitor=screen.monitor,
            serial=serial,
            display=screen.display,
            seconds=seconds,
            secrets=Secrets.parse(secret or ()),
            keep_unseen=keep_unseen,
            live=live,
            ending=ending.value,
        )
    )
    if as_json:
        print_json(done.to_json())
    else:
        typer.echo(str(done.episode))
    for what, count in done.left_out.items():
        typer.echo(f"left out: {what}, {plural(count, 'time')}", err=True)
    if done.hidden:
        names = ", ".join(f"{{{{secret:{name}}}}}" for name in done.hidden)
        typer.echo(f"not stored, because it was typed unseen: {names}", err=True)
    if not done.ending.ok and done.ending != "gave_up":
        raise typer.Exit(1)
