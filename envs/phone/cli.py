"""``handeye phone``."""

from __future__ import annotations

import json
import signal
import threading
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer()


@app.callback(invoke_without_command=True)
def phone(
    port: Annotated[int, typer.Option(help="Listen here on loopback; 0 is any free port.", min=0, max=65535)] = 0,
    seed: Annotated[int, typer.Option(help="Which state the apps begin in.")] = 0,
    storage: Annotated[
        Path | None, typer.Option(help="Keep the phone's files in this folder. Default: none is kept.", metavar="DIR")
    ] = None,
    debuggable: Annotated[bool, typer.Option("--debuggable", help="Allow adb root, as an emulator does.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout when it is up.")] = False,
) -> None:
    """Run a simulated Android phone that adb can connect to, until Ctrl-C.

    It is no Android: a Chromium with a phone's viewport, a home screen and small apps, behind the real ADB protocol.
    Any adb client works with it.

    [bold]Examples[/]

      handeye phone --port 5585

      adb connect 127.0.0.1:5585 && adb shell settings get global airplane_mode_on
    """
    from envs.phone.phone import Phone

    with Phone(seed, port=port, storage=storage, debuggable=debuggable) as running:
        if as_json:
            typer.echo(json.dumps({"serial": running.serial, "size": list(running.screen.size), "seed": seed}))
        else:
            typer.echo(f"simulated phone at {running.serial}: adb connect {running.serial}")
            typer.echo("Ctrl-C ends it", err=True)
        stop = threading.Event()
        signal.signal(signal.SIGTERM, lambda *_: stop.set())
        try:
            stop.wait()
        except KeyboardInterrupt:
            typer.echo("ended", err=True)
