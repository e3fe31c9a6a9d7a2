"""``handeye phone``."""

from __future__ import annotations

import json
import signal
import socket
import threading
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer()

PORT = 6555
EMULATORS = range(5554, 5586)
"""Ports at which an adb server looks for emulators on its own."""


@app.callback(invoke_without_command=True)
def phone(
    port: Annotated[
        int | None,
        typer.Option(
            help="Listen here on loopback; 0 is any free port.",
            min=0,
            max=65535,
            show_default=f"{PORT}, or any free one where that is taken",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Which state the apps begin in.")] = 0,
    storage: Annotated[
        Path | None, typer.Option(help="Keep the phone's files in this folder. Default: none is kept.", metavar="DIR")
    ] = None,
    key: Annotated[
        list[Path] | None,
        typer.Option(help="Serve adb with this adbkey.pub, too, not only with yours.", metavar="FILE"),
    ] = None,
    open_: Annotated[bool, typer.Option("--open", help="Serve every user of this machine; ask for no key.")] = False,
    debuggable: Annotated[bool, typer.Option("--debuggable", help="Allow adb root, as an emulator does.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout when it is up.")] = False,
) -> None:
    """Run a simulated Android phone that adb can connect to, until Ctrl-C.

    It is no Android: a Chromium with a phone's viewport, a home screen and small apps, behind the real ADB protocol.
    Any adb client of yours works with it; other users' are unauthorized.

    [bold]Examples[/]

      handeye phone

      adb connect 127.0.0.1:6555

      adb shell settings get global airplane_mode_on
    """
    from envs.env import EnvError
    from envs.phone.browser import sandboxed
    from envs.phone.phone import Phone

    _check_keys(key or [])
    port = _free(PORT) if port is None else port
    if port in EMULATORS:
        raise EnvError(f"adb looks for emulators at port {port} and would list the phone twice: choose another --port")
    if not sandboxed():
        typer.echo("Chromium runs without its sandbox: root needs user namespaces for it (unshare --user)", err=True)
    with Phone(seed, port=port, keys=key or (), anyone=open_, storage=storage, debuggable=debuggable) as running:
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


def _free(port: int) -> int:
    """`port`, or 0 where something listens on it."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return 0
    return port


def _check_keys(files: list[Path]) -> None:
    from envs.env import EnvError
    from envs.phone.adbd.auth import read_keys

    for path in files:
        try:
            read_keys(path)
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else error
            raise EnvError(f"{path} holds no key ({why}): give an adbkey.pub") from error
