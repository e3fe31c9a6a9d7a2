"""Real programs on a private display, driven by a whole agent; state is read from outside."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.core.loop import Agent, Result
from agent.core.model import Model
from agent.core.policy import Allow
from agent.core.task import Limits, Task
from agent.models.opening import open_model
from envs.env import Env
from envs.sandbox import SandboxEnv
from tests.agent.fakes import ListMemory
from tests.e2e.form_server import FormServer

NEEDED = ("Xvfb", "openbox", "mousepad", "galculator", "xterm", "chromium")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    missing = [program for program in NEEDED if not shutil.which(program)]
    for item in items:
        if "tests/e2e" in str(item.path):
            item.add_marker(pytest.mark.desktop)
            if missing:
                item.add_marker(pytest.mark.skip(reason=f"not installed: {', '.join(missing)}"))


@pytest.fixture
def form() -> Iterator[FormServer]:
    with FormServer() as server:
        yield server


@pytest.fixture
def in_tmp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def work(env: Env, instruction: str, model: Model | None = None, steps: int = 60) -> Result:
    """A whole run on an open screen; its steps are in the result."""
    agent = Agent(env, model or open_model("builtin"), Allow(), ListMemory())
    return agent.run(Task(instruction, Limits(steps=steps)))


def story(result: Result) -> str:
    """What happened, for a failing test's message."""
    lines = [f"{s.index}: {s.action} | {s.thought} | {s.error or ''} | {s.outcome}" for s in result.steps]
    return "\n".join([f"{result.ending}: {result.message}", *lines])


def clipboard(env: SandboxEnv) -> str:
    """The text on the display's clipboard, read by another program."""
    script = "import tkinter; r = tkinter.Tk(); r.withdraw(); print(r.clipboard_get(), end='')"
    run = ["/usr/bin/python3", "-c", script]
    environ = {"DISPLAY": env.display or "", "PATH": "/usr/bin:/bin"}
    return subprocess.run(run, env=environ, capture_output=True, text=True, timeout=60, check=True).stdout
