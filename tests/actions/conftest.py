"""A plain X server for the tests of this room: no window manager, no clients, its own display number."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest


def wait_for(condition: Callable[[], object], seconds: float = 20.0) -> bool:
    """Poll until `condition` holds; False when it does not within `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return False


@contextmanager
def running(*command: str, display: str, **env: str) -> Iterator[subprocess.Popen[bytes]]:
    """A program on `display`, ended by its process id."""
    process = subprocess.Popen(
        command,
        env={**os.environ, "DISPLAY": display, "LC_ALL": "C.UTF-8", **env},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def xvfb(size: str = "1280x800") -> Iterator[str]:
    """A private X server; yields its display name."""
    read, write = os.pipe()
    command = ["Xvfb", "-displayfd", str(write), "-screen", "0", f"{size}x24", "-noreset", "-nolisten", "tcp"]
    server = subprocess.Popen(command, pass_fds=[write], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.close(write)
    try:
        with os.fdopen(read) as pipe:
            number = pipe.readline().strip()
        assert number, "Xvfb did not start: apt install xvfb"
        yield f":{number}"
    finally:
        server.terminate()
        server.wait(10)


@pytest.fixture(scope="module")
def display() -> Iterator[str]:
    with xvfb() as name:
        yield name


@pytest.fixture
def start(display: str) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Starts programs on `display` that end with the test."""
    with ExitStack() as programs:
        yield lambda *command, **env: programs.enter_context(running(*command, display=display, **env))


class Recorder:
    """A Tk window over the whole screen that writes down what arrives: one line an event, and its text as it is."""

    def __init__(self, folder: Path) -> None:
        self.log, self.content = folder / "events", folder / "text"

    def events(self, *kinds: str) -> list[list[str]]:
        lines = [line.split() for line in self.log.read_text().splitlines()] if self.log.exists() else []
        return [line for line in lines if line[0] in kinds]

    def text(self) -> str:
        return self.content.read_text(encoding="utf-8") if self.content.exists() else ""

    def shows(self, text: str) -> bool:
        return wait_for(lambda: self.text() == text, 10)


@pytest.fixture
def recorder(start: Callable[..., subprocess.Popen[bytes]], tmp_path: Path) -> Recorder:
    recorder = Recorder(tmp_path)
    start(sys.executable, str(Path(__file__).with_name("recorder.py")), str(recorder.log), str(recorder.content))
    assert wait_for(lambda: recorder.events("ready")), "the recording window did not come up"
    return recorder
