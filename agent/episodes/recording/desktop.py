"""The desktop, and the sandbox, as a place to record."""

from __future__ import annotations

import os
import shlex
from contextlib import ExitStack

from agent.core.errors import UserError
from agent.episodes.recording.session import RecordingSource, RecordOptions
from envs.desktop import start_program
from envs.env import EnvError
from envs.input_capture.desktop import DesktopScreenSource
from envs.input_capture.x11 import X11Listener
from envs.sandbox import SandboxEnv


def desktop_place(options: RecordOptions, stack: ExitStack) -> RecordingSource:
    """Open the user's X display, or a private one; closed with `stack`. Raises `EnvError` or `UserError`."""
    if options.serial is not None:
        raise UserError("--serial names an Android device: add --env android")
    if options.kind == "sandbox":
        return _sandbox(options, stack)
    which = None if options.monitor is None else options.monitor - 1
    source = DesktopScreenSource(None, which)
    stack.callback(source.close)
    display = source.display
    if display is None:
        raise EnvError("recording needs an X11 display, which this system has not: use --env sandbox or --env android")
    environ = {**os.environ, "DISPLAY": display}
    monitor = source.monitor
    return RecordingSource(
        name=f"desktop {display} {monitor.width}x{monitor.height}",
        platform="desktop",
        source=source,
        listen=lambda: X11Listener(display),
        open=lambda app: start_program(shlex.split(app), environ),
        display=display,
    )


def _sandbox(options: RecordOptions, stack: ExitStack) -> RecordingSource:
    if options.monitor not in (None, 1):
        raise UserError("--monitor: the sandbox of a recording has one monitor")
    env = SandboxEnv(size=options.size)
    stack.callback(env.close)
    source = DesktopScreenSource(env.display)
    return RecordingSource(
        name=env.name,
        platform="desktop",
        source=source,
        listen=lambda: X11Listener(env.display),
        open=lambda app: env.launch(shlex.split(app)),
        display=env.display,
        how=f"the private display is {env.display}: programs with DISPLAY={env.display} reach it "
        "(a VNC server such as x11vnc, xdotool)",
        peek=env.peek,
    )
