"""While the model thinks a display is resized, a phone is turned, an adb server or the phone is killed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest

from actions.adb.link import AdbLink
from actions.adb.server import AdbServer
from agent.core.step import Step
from agent.episodes import Episode, read_episode
from envs.android.simulated import PrivateAdbServer
from envs.phone.phone import Phone
from envs.processes import alive, descendants
from envs.x11 import XScreen
from tests.agent.browser import INSTALLED
from tests.agent.scripted_server import ScriptedServer, Seen, call, computer
from tests.e2e.test_stop import Running
from tests.envs.resizing import resize
from tests.waiting import until

pytestmark = pytest.mark.slow
PLACE = [112, 112]
Thought = Callable[[Running], object]
"""What happens while the model thinks."""


def work(folder: Path, answers: list[tuple[Thought, str]], *options: str) -> tuple[dict[str, object], Episode]:
    """What a run said, and its whole record; nothing that it started is left."""
    running = Future[Running]()

    def entry(thought: Thought, answer: str) -> Callable[[Seen], str]:
        def think(seen: Seen) -> str:
            thought(running.result(60))
            return answer

        return think

    with ScriptedServer([entry(*answer) for answer in answers]) as server:
        running.set_result(Running(folder, server.url, "--max-seconds", "90", *options, task="Tap", app=None))
        running.result().wait_for(r"^ +(1) ")
        started = descendants(running.result().process.pid)
        _, said = running.result().end()
    until(lambda: not any(alive(pid) for pid in started))
    episode = read_episode(folder / "ep")
    assert (episode.problems, episode.ending) == ((), said["ending"])
    return said, episode


def performed(step: Step) -> bool:
    return step.outcome is not None and step.outcome.performed


def test_a_display_that_is_resized_while_the_model_thinks_is_looked_at_again(tmp_path: Path) -> None:
    pointer = []

    def look(running: Running) -> None:
        screen = XScreen(running.display)
        pointer.append(list(screen.pointer()))
        screen.close()

    press, end = computer("left_click", coordinate=PLACE), computer("terminate", status="success")
    answers: list[tuple[Thought, str]] = [
        (lambda running: resize(running.display, 500, 400), press), (look, press), (look, end),
    ]  # fmt: skip
    said, episode = work(tmp_path, answers, "--env", "sandbox", "--size", "640x480")
    first, second = episode.steps[:2]
    assert said["ending"] == "done"
    assert re.search("the screen changed from 640x480 .* to 500x400 .*: look again", str(first.error))
    assert [performed(first), performed(second)] == [False, True]
    assert (second.frame.width, second.frame.height) == (500, 400)
    assert [near(place, PLACE) for place in pointer] == [False, True]


def near(place: list[int], other: list[int]) -> bool:
    return all(abs(a - b) < 16 for a, b in zip(place, other, strict=True))


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[PrivateAdbServer]:
    private = PrivateAdbServer(tcp=True)
    monkeypatch.setenv("ANDROID_ADB_SERVER_PORT", str(private.port))
    yield private
    AdbServer("127.0.0.1", private.port).stop()  # the one that a run started where this had been
    private.stop()


@pytest.mark.skipif(not INSTALLED, reason="needs chromium")
def test_a_phone_that_changes_while_the_model_thinks(tmp_path: Path, server: PrivateAdbServer) -> None:
    """It is turned, gets another size, its adb server is killed, and at last it is gone itself."""
    with Phone(keys=[server.key]) as phone:
        link = AdbLink(server.connect(phone.serial) and phone.serial, server)

        def kill_server(running: Running) -> None:
            assert server._process is not None
            server._process.kill()

        thoughts: list[Thought] = [
            lambda running: link.run("settings put system user_rotation 1"),
            lambda running: link.run("wm size 900x2000"),
            kill_server,
            lambda running: None,
            lambda running: phone.close(),
        ]
        tap = call("mobile_use", action="click", coordinate=PLACE)
        script, device = [(thought, tap) for thought in thoughts], ("--env", "android", "--serial", phone.serial)
        said, episode = work(tmp_path, script, *device)
    refused = ["turned from 0 to 90 degrees", "the screen is now 2000x900", "not sent, and connected again", "", "gone"]
    assert [performed(step) for step in episode.steps] == [False, False, False, True, False]
    for step, words in zip(episode.steps, refused, strict=True):
        assert words in str(step.error)
    assert [step.frame.rotation for step in episode.steps] == [0, 90, 90, 90, 90]
    assert [step.frame.input_size for step in episode.steps[1:3]] == [(2400, 1080), (2000, 901)]
    assert said["ending"] == "device_error"
    assert f"{phone.serial} is gone" in str(said["message"])
