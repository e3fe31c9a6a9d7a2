"""Stopping a run from anywhere, and looking on while it works."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.agent.scripted_server import ScriptedServer, Seen, computer

ROOT = Path(__file__).parents[2]


class Running:
    """A ``handeye run`` that types for ever, and what it has told so far."""

    def __init__(
        self, folder: Path, url: str, *more: str, task: str = "Type for ever", app: str | None = "mousepad"
    ) -> None:
        arguments = [
            "run",
            task,
            "--model",
            url,
            "--max-steps",
            "9999",
            "--max-repeats",
            "9999",
            "--json",
            *(["--app", app] if app else []),
        ]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "agent.cli.main", *arguments, "--out", str(folder / "ep"), *more],
            env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._told, self._more = "", threading.Condition()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            with self._more:
                self._told += line
                self._more.notify_all()

    def wait_for(self, pattern: str) -> str:
        def found() -> re.Match[str] | None:
            return re.search(pattern, self._told, re.MULTILINE)

        with self._more:
            assert self._more.wait_for(found, 60), self._told
        match = found()
        assert match is not None
        return match.group(1)

    @property
    def display(self) -> str:
        return self.wait_for(r"on sandbox (:\d+)")

    def end(self) -> tuple[int, dict[str, object]]:
        out, _ = self.process.communicate(timeout=60)
        return self.process.returncode, json.loads(out)


def typing(seen: Seen) -> str:
    return computer("type", text="all work and no play ")


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    started = []
    with ScriptedServer([typing]) as server:

        def start(*more: str) -> Running:
            started.append(Running(tmp_path, server.url, *more))
            started[-1].wait_for(r"^ +(3) type")
            return started[-1]

        yield start
        for one in started:
            one.process.kill()
            one.process.wait()


def xdotool(display: str, *arguments: str) -> None:
    subprocess.run(["xdotool", *arguments], env=os.environ | {"DISPLAY": display}, check=False, timeout=20)


def check_stopped(running: Running, why: str, tmp_path: Path) -> None:
    status, said = running.end()
    assert (status, said["ending"]) == (130, "stopped_by_user")
    assert why in str(said["message"])
    assert json.loads((tmp_path / "ep" / "episode.json").read_text())["ending"] == "stopped_by_user"
    assert (tmp_path / "ep" / "report.html").exists()


def test_the_stop_key_works_whatever_has_the_focus(run: Callable[..., Running], tmp_path: Path) -> None:
    running = run()
    xdotool(running.display, "key", "ctrl+alt+Escape")
    check_stopped(running, "stop key", tmp_path)


def test_the_pointer_in_the_corner_stops(run: Callable[..., Running], tmp_path: Path) -> None:
    running = run()
    xdotool(running.display, "mousemove", "300", "300", "sleep", "0.3", "mousemove", "0", "0")
    check_stopped(running, "corner", tmp_path)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops(run: Callable[..., Running], tmp_path: Path, number: signal.Signals) -> None:
    running = run()
    running.process.send_signal(number)
    check_stopped(running, "", tmp_path)


def test_the_live_page_shows_the_screen_to_who_has_its_address(run: Callable[..., Running]) -> None:
    url = run("--live").wait_for(r"watch it at (http://127\.0\.0\.1:\S+)")
    with urllib.request.urlopen(url, timeout=10) as page:
        assert "<img" in page.read().decode()
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(url.partition("?")[0], timeout=10)
