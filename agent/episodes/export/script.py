"""Export to a Python script that repeats an episode's actions through this package's API, without a model."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from actions.action import AnyAction
from actions.frame import Point
from agent.core.errors import UserError
from agent.core.step import Step
from agent.episodes import Episode, EpisodeError
from agent.episodes.export.exported import Exported, usable

_LOOP_ONLY = ("answer", "finish", "ask_user")
_SECRET = re.compile(r"\{\{secret:([A-Za-z_][A-Za-z0-9_-]*)\}\}")

_HEAD = '''"""Repeats a recorded task action by action. Written by handeye export; edit it freely.

    python THIS_FILE                     on your own desktop
    python THIS_FILE --app PROGRAM       on a private display, with the program on it
    python THIS_FILE --secret NAME=VARIABLE    type this environment variable where the secret NAME was typed
"""

import argparse
import os
import sys
import time

import numpy as np

from actions.action import Button, Click, Drag, HoldKeys, HoldMouse, Key, LongPress, Move, Open, ReleaseKeys
from actions.action import ReleaseMouse, Scroll, TypeText, Wait
from actions.frame import Point
from envs.desktop import DesktopEnv
from envs.env import EnvError
from envs.sandbox import SandboxEnv

TASK = {task}
SIZE = {size}
SECONDS = 10.0  # time limit for a screen to change where it changed in the recording
secrets = {}  # environment variables by the names of secrets, as given with --secret; no other one is read

'''

_SECRETS = """def secret(name):
    if name not in secrets:
        sys.exit(f"the recording types a secret called {name}: say where it is with --secret {name}=VARIABLE")
    return os.environ.get(secrets[name]) or sys.exit(f"the environment variable {secrets[name]} is not set")


"""

_TAIL = '''

def do(env, number, action, changes):
    """Do one action, then wait until the screen has changed, if it did in the recording."""
    before = env.observe()
    if (before.frame.width, before.frame.height) != SIZE:
        sys.exit(f"step {number}: the screen is {before.frame.width}x{before.frame.height}, not {SIZE[0]}x{SIZE[1]}")
    outcome = env.perform(action, before.frame)
    if not outcome.performed:
        sys.exit(f"step {number}: {outcome.detail}")
    deadline = time.monotonic() + SECONDS
    while changes and np.array_equal(env.observe().image, before.image):
        if time.monotonic() > deadline:
            sys.exit(f"step {number}: {outcome.detail}: the screen did not change in {SECONDS:g} seconds")
        time.sleep(0.05)
    print(f"step {number}: {outcome.detail}")


def main():
    parser = argparse.ArgumentParser(description=TASK.replace("%", "%%"))
    parser.add_argument("--app", action="append", default=[], help="start this program on a private display")
    parser.add_argument("--secret", action="append", default=[], metavar="NAME=VARIABLE", help="may be repeated")
    arguments = parser.parse_args()
    for given in arguments.secret:
        name, equals, variable = given.partition("=")
        if not (name and equals and variable):
            parser.error(f"--secret {given}: give NAME=VARIABLE")
        secrets[name] = variable
    try:
        with SandboxEnv(arguments.app, size=SIZE, isolated=False) if arguments.app else DesktopEnv() as env:
            for number, action, changes in steps():
                do(env, number, action, changes)
    except (EnvError, ValueError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
'''


def write_script(episode: Episode, done: Exported) -> None:
    """Write the script to `done.out`. Raises `UserError` for an episode that is not of a desktop, or has no action."""
    if episode.header.platform != "desktop":
        raise UserError(f"a script repeats desktop episodes only, and this is a {episode.header.platform} one")
    chosen = [(at, step, action) for at, step, action in usable(episode, done) if _does_something(step, action, done)]
    if not chosen:
        raise UserError(f"{episode.folder} has no action that a script could repeat")
    sizes = {(step.frame.width, step.frame.height) for _, step, _ in chosen}
    if len(sizes) > 1:
        raise UserError("the screen's size changed during the episode: a script cannot repeat that")
    lines = [f"    yield {step.index + 1}, {_call(action)}, {_changed(episode, at)}" for at, step, action in chosen]
    steps = "\n".join(["def steps():", '    """Number, action, and whether the screen changed at it."""', *lines, ""])
    head = _HEAD.replace("{size}", repr(sizes.pop())).replace("{task}", ascii(episode.header.task))
    done.out.write_text(f"{head}\n{_SECRETS}{steps}{_TAIL}", encoding="utf-8")
    done.written = len(chosen)


def _does_something(step: Step, action: AnyAction, done: Exported) -> bool:
    return action.type not in _LOOP_ONLY and not (step.outcome is not None and not step.outcome.performed)


def _call(action: AnyAction) -> str:
    """The Python expression for `action`: only names of this package and escaped literals."""
    given = ((name, getattr(action, name)) for name in type(action).model_fields if name != "type")
    fields = type(action).model_fields
    told = [f"{name}={_literal(value)}" for name, value in given if value != fields[name].default]
    return f"{type(action).__name__}({', '.join(told)})"


def _literal(value: Any) -> str:
    if isinstance(value, Point):
        return f"Point({value.x!r}, {value.y!r})"
    if isinstance(value, tuple):
        return "(" + "".join(f"{_literal(part)}, " for part in value) + ")"
    if isinstance(value, str) and _SECRET.search(value):
        parts = _SECRET.split(value)
        told = [f"secret({part!a})" if at % 2 else ascii(part) for at, part in enumerate(parts) if part]
        return " + ".join(told)
    return ascii(value) if isinstance(value, str) else repr(value)


def _changed(episode: Episode, at: int) -> bool:
    """Whether the screen after the step differs; False where that is unknown."""
    if at + 1 >= len(episode.steps):
        return False
    now, then = episode.steps[at], episode.steps[at + 1]
    try:
        return now.image != then.image and not np.array_equal(episode.image(now), episode.image(then))
    except EpisodeError:
        return False
