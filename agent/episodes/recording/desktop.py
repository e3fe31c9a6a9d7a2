"""The user's X display and the sandbox as recording sources."""

from __future__ import annotations

import os
import shlex
from contextlib import ExitStack

from agent.episodes.recording.source import RecordingSource
from envs.desktop import start_program
from envs.env import EnvError
from envs.input_capture.desktop import DesktopScreenSource
from envs.input_capture.x11 import X11Listener
from envs.sandbox import SandboxEnv


def desktop_source(monitor: int | None, stack: ExitStack) -> RecordingSource:
    """Open monitor `monitor` (from 0; None: all) of the user's X display; closed with `stack`. Raises `EnvError`."""
    screen = DesktopScreenSource(None, monitor)
    stack.callback(screen.close)
    display = screen.display
    if display is None:
        raise EnvError("recording needs an X11 display, which this system has not: use --env sandbox or --env android")
    environ = {**os.environ, "DISPLAY": display}
    size = screen.monitor
    return RecordingSource(
        name=f"desktop {display} {size.width}x{size.height}",
        platform="desktop",
        screen=screen,
        listen=lambda: X11Listener(display),
        open=lambda app: start_program(shlex.split(app), environ),
        display=display,
    )


def sandbox_source(size: tuple[int, int], stack: ExitStack) -> RecordingSource:
    """Open a private display of `size` pixels; closed with `stack`. Raises `EnvError`."""
    env = SandboxEnv(size=size, isolated=False)  # a person acts, with their own files
    stack.callback(env.close)
    return RecordingSource(
        name=env.name,
        platform="desktop",
        screen=DesktopScreenSource(env.display),
        listen=lambda: X11Listener(env.display),
        open=lambda app: env.launch(shlex.split(app)),
        display=env.display,
        hint=f"the private display is {env.display}: programs with DISPLAY={env.display} reach it "
        "(a VNC server such as x11vnc, xdotool)",
        peek=env.peek,
    )
