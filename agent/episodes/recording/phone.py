"""An Android device, real or simulated, as a place to record."""

from __future__ import annotations

import re
from contextlib import ExitStack

from actions.action import Open
from actions.adb.lines import command
from agent.core.errors import UserError
from agent.episodes.recording.session import RecordingSource, RecordOptions
from envs.android import AndroidEnv, SimulatedPhoneEnv
from envs.env import EnvError
from envs.input_capture.android import AndroidListener, AndroidScreenSource, secret_field
from envs.input_capture.gestures import Touch


def phone_place(options: RecordOptions, stack: ExitStack) -> RecordingSource:
    """Open the device; closed with `stack`. Raises `EnvError` or `UserError`."""
    if options.serial is not None and options.kind == "phone":
        raise UserError("--serial names an Android device: add --env android")
    if options.monitor is not None:
        raise UserError("--monitor: a phone has one screen")
    env: AndroidEnv = SimulatedPhoneEnv() if options.kind == "phone" else AndroidEnv(options.serial)
    stack.callback(env.close)
    source = AndroidScreenSource(env)
    return RecordingSource(
        name=env.name,
        platform="mobile",
        source=source,
        listen=lambda: AndroidListener(env.link, source.geometry),
        open=lambda app: _open(env, app),
        touch=Touch.finger(_density(env)),
        how=f"adb connect {env.link.serial}, and use it: input tap, input swipe" if options.kind == "phone" else "",
        peek=env.peek,
        secret=lambda: secret_field(env.link),
    )


def _open(env: AndroidEnv, app: str) -> None:
    outcome = env.perform(Open(target=app), env.observe().frame)
    if not outcome.performed:
        raise EnvError(outcome.detail)


def _density(env: AndroidEnv) -> float:
    found = re.findall(r"density: (\d+)", env.link.ask(command("wm", "density")).out)
    return float(found[-1]) if found else 320.0
