"""An adb server that takes connections and answers nothing more: the run ends by its limit."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from actions.action import AnyAction, Click, TypeText, Wait
from actions.adb import AdbServer
from actions.adb.lines import command
from actions.adb.link import AdbLink, NotSentError
from actions.frame import Frame, Point
from agent.core.loop import Agent, Watcher
from agent.core.model import Decision
from agent.core.policy import Allow, Verdict
from agent.core.step import Step
from agent.core.task import Ending, Limits, Task
from agent.episodes import EpisodeHeader, EpisodeWriter, read_episode
from envs.android import AndroidEnv
from envs.android.simulated import PrivateAdbServer
from envs.env import Outcome, WrappedEnv
from envs.phone.phone import Phone
from tests.agent.fakes import ScriptedModel

WATCHDOG = 60.0


class Proxy:
    """Passes connections on to the socket `to` until it is stalled; ends by itself after `WATCHDOG`."""

    def __init__(self, to: str) -> None:
        self._to, self._stalled, self._over = to, threading.Event(), threading.Event()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self._rescue = threading.Timer(WATCHDOG, self.end)
        self.rescued = False
        threading.Thread(target=self._accept, daemon=True).start()

    def stall(self) -> None:
        self._stalled.set()
        if not self._rescue.is_alive():
            self._rescue.start()

    def end(self) -> None:
        self.rescued = threading.current_thread() is self._rescue
        self._over.set()
        self._rescue.cancel()
        self._listening.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=self._pass, args=(self._listening.accept()[0],), daemon=True).start()

    def _pass(self, here: socket.socket) -> None:
        with here, socket.socket(socket.AF_UNIX) as there, contextlib.suppress(OSError):
            there.connect(self._to)
            other = {here: there, there: here}
            while not self._over.is_set():
                for one in select.select(list(other), [], [], 0.05)[0]:
                    if not (data := one.recv(1 << 16)):
                        return
                    if not self._stalled.is_set():
                        other[one].sendall(data)


class Stalls(WrappedEnv, Watcher):
    """Stalls the server at one moment of a run."""

    def __init__(self, env: AndroidEnv, proxy: Proxy, when: str) -> None:
        super().__init__(env)
        self._proxy, self._when = proxy, when

    def perform(self, action: AnyAction, frame: Frame) -> Outcome:
        if self._when == "input":
            self._proxy.stall()
        return super().perform(action, frame)

    def decided(self, index: int, decision: Decision, verdict: Verdict) -> None:
        if self._when == "text":
            self._proxy.stall()

    def stepped(self, step: Step) -> None:
        if self._when == "capture":
            self._proxy.stall()


@pytest.fixture
def proxy(server: PrivateAdbServer) -> Iterator[Proxy]:
    one = Proxy(str(server.address))
    yield one
    one.end()


@pytest.mark.parametrize("when", ["capture", "input", "text"])
def test_a_stalled_adb_server_ends_the_run(phone: Phone, proxy: Proxy, tmp_path: Path, when: str) -> None:
    env = AndroidEnv(phone.serial, AdbServer(port=proxy.port), capture="png")
    stalls, task = Stalls(env, proxy, when), Task("wait", Limits(seconds=6.0))
    action = TypeText(text="日本") if when == "text" else Click(point=Point(5, 900))
    model = ScriptedModel([Wait(seconds=0), *[action] * 50])
    with EpisodeWriter.create(tmp_path / "ep", EpisodeHeader.of(task, model, env)) as memory:
        result = Agent(stalls, model, Allow(), memory, watch=stalls).run(task)
    env.close()
    assert not proxy.rescued
    assert result.ending in (Ending.TIME_LIMIT, Ending.DEVICE_ERROR)
    episode = read_episode(tmp_path / "ep")
    assert (episode.problems, episode.ending) == ((), result.ending)


def test_a_connection_that_is_made_while_the_others_are_ended_sends_nothing(
    phone: Phone, server: PrivateAdbServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect = socket.socket.connect
    for ask in (lambda link: link.run(command("true")), lambda link: link.server.devices()):
        link = AdbLink(phone.serial, server)

        def connected(connection: socket.socket, address: str, link: AdbLink = link) -> None:
            link.interrupt()
            connect(connection, address)

        monkeypatch.setattr(socket.socket, "connect", connected)
        with pytest.raises(NotSentError, match="did not answer in time"):
            ask(link)
        monkeypatch.undo()
    assert server.devices()[phone.serial] == "device"
