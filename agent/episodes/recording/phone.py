"""An Android device, real or simulated, as a recording source."""

from __future__ import annotations

import re
from contextlib import ExitStack

from actions.action import Open
from actions.adb.lines import command
from agent.episodes.recording.source import RecordingSource
from envs.android import AndroidEnv
from envs.env import EnvError
from envs.input_capture.android import AndroidListener, AndroidScreenSource, secret_field
from envs.input_capture.gestures import Touch


def phone_source(env: AndroidEnv, simulated: bool, stack: ExitStack, display: int = 0) -> RecordingSource:
    """The screen of `env`, which works on `display` and is closed with `stack`. Raises `EnvError`."""
    stack.callback(env.close)
    screen = AndroidScreenSource(env)
    return RecordingSource(
        name=env.name,
        platform="mobile",
        screen=screen,
        listen=lambda: AndroidListener(env.link, screen.geometry, display),
        open=lambda app: _open(env, app),
        touch=Touch.finger(_density(env, display)),
        hint=f"adb connect {env.link.serial}, and use it: input tap, input swipe" if simulated else "",
        peek=env.peek,
        hides_text=lambda: display > 0 or secret_field(env.link),  # of others than the first uiautomator says nothing
    )


def _open(env: AndroidEnv, app: str) -> None:
    outcome = env.perform(Open(target=app), env.observe().frame)
    if not outcome.performed:
        raise EnvError(outcome.detail)


def _density(env: AndroidEnv, display: int) -> float:
    """Dots per inch of the screen; 320 where the device does not say."""
    which = ("-d", str(display)) if display else ()
    found = re.findall(r"density: (\d+)", env.link.ask(command("wm", "density", *which)).out)
    return float(found[-1]) if found else 320.0
