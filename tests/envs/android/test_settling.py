"""How few pictures a step takes, and what is waited for."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future

import numpy as np
import pytest

from actions.action import Click
from actions.adb.lines import command
from actions.frame import Point
from envs.android import AndroidEnv
from envs.android import env as env_module
from envs.android.capture import WAYS, Pixels, ScreencapCapture
from envs.android.settling import Rest, wait_until_rest
from envs.android.state import DeviceState
from envs.phone.phone import Phone
from envs.settle import Ambient, Rules

RULES = Rules(reaction=0.01, quiet=0.01, timeout=60.0, interval=0.001)
WHITE, BLACK = np.full((80, 60, 4), 255, np.uint8), np.zeros((80, 60, 4), np.uint8)


def rest(grab: Callable[[], Pixels], app: Callable[[], str]) -> Rest:
    def state() -> Future[DeviceState]:
        found: Future[DeviceState] = Future()
        found.set_result(DeviceState(app=app()))
        return found

    return wait_until_rest(grab, state, WHITE, "a/.A", RULES, Ambient(RULES), 1.0)


def test_a_screen_on_which_nothing_happens_rests() -> None:
    found = rest(lambda: WHITE, lambda: "a/.A")
    assert (found.settled.settled, found.settled.changed, found.settled.last_change) == (True, False, None)
    assert found.pixels is WHITE


def test_an_app_that_came_to_the_front_is_given_time_to_draw() -> None:
    asked: list[str] = []

    def app() -> str:
        asked.append("b/.B")
        return asked[-1]

    found = rest(lambda: BLACK if asked else WHITE, app)
    assert found.settled.changed
    assert found.pixels is BLACK
    assert found.state.app == "b/.B"


def test_the_same_bytes_are_the_same_picture(env: AndroidEnv, monkeypatch: pytest.MonkeyPatch) -> None:
    camera = ScreencapCapture(env.link, "png")
    data = {method: env.link.read(way.line) for method, way in WAYS.items()}
    monkeypatch.setattr(env.link, "read", lambda line, timeout: data["png"])
    first = camera.grab()
    assert camera.grab() is first
    monkeypatch.setattr(env.link, "read", lambda line, timeout: data["raw"])
    assert camera.grab_by("raw") is not first


@pytest.fixture
def pictures(phone: Phone) -> Iterator[list[str]]:
    """A word for each picture that the phone was asked for."""
    taken: list[str] = []
    phone.faults.before = lambda argv: taken.append(argv[0]) if argv[0] == "screencap" else None
    yield taken
    phone.faults.clear()


def test_the_picture_that_ended_the_wait_is_the_next_observation(
    env: AndroidEnv, pictures: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(env_module, "_FRESH", 60.0)
    tap = Click(point=Point(540, 1500))
    frame = env.observe().frame
    for between, more in ((lambda: None, 0), (lambda: env.link.run(command("true")), 1)):
        assert env.perform(tap, frame).settled
        between()
        taken = len(pictures)
        frame = env.observe().frame
        assert len(pictures) == taken + more
    env.observe()
    assert len(pictures) == taken + 2
