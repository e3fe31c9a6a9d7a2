"""An X server that stops answering: the run ends by its limit, or by the env's patience, and its episode is whole."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from actions.action import AnyAction, Key, Wait
from actions.frame import Frame
from actions.input_backend import InputBackend
from actions.x11 import X11Device
from agent.core.loop import Agent, Result, Watcher
from agent.core.policy import Allow
from agent.core.step import Step
from agent.core.stop import Stop
from agent.core.task import Ending, Limits, Task
from agent.episodes import EpisodeHeader, EpisodeWriter, read_episode
from envs.desktop import DesktopEnv
from envs.env import EnvError
from envs.x11 import XScreen
from tests.agent.fakes import ScriptedModel

pytestmark = pytest.mark.desktop
WATCHDOG = 30.0
ENDS = (Ending.TIME_LIMIT, Ending.DEVICE_ERROR)


class Server:
    """An Xvfb of its own that can be stopped; goes on by itself after `WATCHDOG` seconds, so that no test hangs."""

    def __init__(self) -> None:
        read, write = os.pipe()
        command = ["Xvfb", "-displayfd", str(write), "-screen", "0", "320x240x24", "-noreset", "-nolisten", "tcp"]
        self._process = subprocess.Popen(command, pass_fds=[write], stderr=subprocess.DEVNULL)
        os.close(write)
        with os.fdopen(read) as pipe:
            self.display = f":{pipe.readline().strip()}"
        screen = XScreen(self.display)
        screen.paint_root(0x808080)
        screen.close()
        self._rescue = threading.Timer(WATCHDOG, self._go_on)
        self.rescued = False

    def freeze(self) -> None:
        if not self._rescue.is_alive():
            self._process.send_signal(signal.SIGSTOP)
            self._rescue.start()

    def _go_on(self) -> None:
        self.rescued = True
        self._process.send_signal(signal.SIGCONT)

    def end(self) -> None:
        self._rescue.cancel()
        self._process.kill()
        self._process.wait()


@pytest.fixture
def server() -> Iterator[Server]:
    one = Server()
    yield one
    one.end()


class Freezing(InputBackend):
    """Freezes the server before or after the first input."""

    def __init__(self, server: Server, before: bool | None) -> None:
        super().__init__(X11Device(server.display))
        self._server, self._before = server, before

    def perform(self, action: AnyAction, frame: Frame) -> str:
        if self._before is True:
            self._server.freeze()
        said = super().perform(action, frame)
        if self._before is False:
            self._server.freeze()
        return said


class FreezesAfterStep(Watcher):
    def __init__(self, server: Server) -> None:
        self._server = server

    def stepped(self, step: Step) -> None:
        self._server.freeze()


def run(env: DesktopEnv, folder: Path, watch: Watcher, seconds: float | None) -> Result:
    model, task = ScriptedModel([Key(chords=("a",))] * 50), Task("press", Limits(seconds=seconds))
    with EpisodeWriter.create(folder, EpisodeHeader.of(task, model, env)) as memory:
        return Agent(env, model, Allow(), memory, Stop(), watch).run(task)


@pytest.mark.parametrize(
    ("when", "patience"), [("capture", 600.0), ("input", 600.0), ("settle", 600.0), ("input", 0.5)]
)
def test_a_frozen_display_ends_the_run(server: Server, tmp_path: Path, when: str, patience: float) -> None:
    backend = Freezing(server, {"input": True, "settle": False}.get(when))
    env = DesktopEnv(server.display, backend=backend, patience=patience)
    watch = FreezesAfterStep(server) if when == "capture" else Watcher()
    result = run(env, tmp_path / "ep", watch, 2.0 if patience > 1 else None)
    env.close()
    assert not server.rescued
    assert result.ending in ENDS
    assert "limit of 2 seconds" in result.message or "does not answer" in result.message or "in time" in result.message
    episode = read_episode(tmp_path / "ep")
    assert (episode.problems, episode.ending, len(episode.steps)) == ((), result.ending, len(result.steps))


def test_a_frozen_display_does_not_keep_the_run_from_closing(server: Server) -> None:
    env = DesktopEnv(server.display)
    env.perform(Wait(seconds=0), env.observe().frame)
    server.freeze()
    env.close()
    assert not server.rescued


def test_every_later_call_is_one_error(server: Server) -> None:
    env = DesktopEnv(server.display, patience=0.2)
    server.freeze()
    calls: list[Callable[[], object]] = [env.observe, env.peek, env.monitor, lambda: env.name]
    for call in calls:
        with pytest.raises(EnvError, match=r"does not answer|in time"):
            call()
    env.close()
    assert not server.rescued


def test_an_interrupt_leaves_other_displays_alone(server: Server) -> None:
    other = Server()
    try:
        with DesktopEnv(server.display) as one, DesktopEnv(other.display) as two:
            one.interrupt()
            with pytest.raises(EnvError):
                one.observe()
            assert two.observe().image.shape == (240, 320, 3)
    finally:
        other.end()
