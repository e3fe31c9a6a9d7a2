"""How few pictures a step takes, and what is waited for."""

import itertools
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import replace
from typing import TypeVar

import numpy as np
import pytest

from actions.action import Click
from actions.adb.lines import command
from actions.frame import Point
from envs.android import AndroidEnv
from envs.android import env as env_module
from envs.android.capture import WAYS, Pixels, ScreencapCapture
from envs.android.scrcpy import ScreenStream
from envs.android.settling import RestWait
from envs.android.state import DeviceState
from envs.phone.phone import Phone
from envs.settle import Ambient, Rules

RULES = Rules(reaction=0.01, quiet=0.01, timeout=60.0, interval=0.001)
T = TypeVar("T")
WHITE, BLACK = np.full((80, 60, 4), 255, np.uint8), np.zeros((80, 60, 4), np.uint8)


def come(found: T) -> Future[T]:
    """What is there at once."""
    future: Future[T] = Future()
    future.set_result(found)
    return future


def waiting(grab: Callable[[], Pixels], app: Callable[[], str]) -> RestWait:
    def state() -> Future[DeviceState]:
        return come(DeviceState(app=app()))

    return RestWait(grab, lambda: come(grab()), state, WHITE, "a/.A", RULES, Ambient(RULES), 1.0)


def followed() -> ScreenStream:
    """A stream whose first frame has come."""
    stream = ScreenStream.__new__(ScreenStream)
    stream.reset()
    stream.alive = True
    stream._take(0.0, WHITE[..., 0])
    return stream


def test_a_screen_on_which_nothing_happens_rests() -> None:
    found = waiting(lambda: WHITE, lambda: "a/.A").by_pictures()
    assert (found.settled.settled, found.settled.changed, found.settled.last_change) == (True, False, None)
    assert found.pixels is WHITE


@pytest.mark.parametrize("shown", [WHITE, BLACK])
def test_while_a_slow_picture_is_on_its_way_the_next_is_begun(shown: Pixels) -> None:
    first: Future[Pixels] = Future()

    def grab() -> Pixels:
        if not first.done():
            first.set_result(shown)
        return shown

    found = replace(waiting(grab, lambda: "a/.A"), begin=lambda: first).by_pictures()
    assert (found.settled.settled, found.settled.changed) == (True, shown is BLACK)
    assert found.pixels is shown


def test_an_app_that_came_to_the_front_is_given_time_to_draw() -> None:
    asked: list[str] = []
    pictures: list[int] = []

    def app() -> str:
        asked.append("b/.B")
        return asked[-1]

    def grab() -> Pixels:
        pictures.append(len(asked))
        return BLACK if len(pictures) > 1 and pictures[-2] else WHITE

    found = waiting(grab, app).by_pictures()
    assert found.settled.changed
    assert found.pixels is BLACK
    assert found.state.app == "b/.B"


def test_an_app_that_came_to_the_front_is_given_time_to_draw_where_a_stream_tells() -> None:
    stream = followed()
    asked: list[str] = []

    def app() -> str:
        asked.append("b/.B")
        if len(asked) == 2:
            stream._take(time.perf_counter(), BLACK[..., 0])
        return asked[-1]

    found = waiting(lambda: BLACK, app).by_stream(stream, 1, time.perf_counter())
    assert found
    assert found.settled.changed
    assert found.pixels is BLACK


def test_a_change_that_comes_while_the_state_is_asked_for_is_seen() -> None:
    stream = followed()

    class Slow(Future[DeviceState]):
        def result(self, timeout: float | None = None) -> DeviceState:
            if stream.frames == 1:
                stream._take(time.perf_counter(), BLACK[..., 0])
            return DeviceState(app="a/.A")

    found = replace(waiting(lambda: BLACK, str), ask_state=Slow).by_stream(stream, 1, time.perf_counter())
    assert found
    assert found.settled.changed
    assert found.pixels is BLACK


def test_a_picture_during_which_the_screen_changed_is_taken_again() -> None:
    stream, pictures = followed(), [WHITE, BLACK]
    stream._take(time.perf_counter(), BLACK[..., 0])

    def grab() -> Pixels:
        if len(pictures) == 2:
            stream._take(time.perf_counter(), WHITE[..., 0])
        return pictures.pop(0)

    found = waiting(grab, lambda: "a/.A").by_stream(stream, 1, 0.5)
    assert found
    assert found.pixels is BLACK
    assert not pictures


def test_what_moves_for_ever_ends_at_the_deadline() -> None:
    stream, shades = followed(), itertools.cycle((BLACK, WHITE))

    def grab() -> Pixels:
        stream._take(time.perf_counter(), next(shades)[..., 0])
        return BLACK

    wait = waiting(grab, lambda: "a/.A")
    stream._take(time.perf_counter(), next(shades)[..., 0])
    slow = replace(wait, rules=replace(RULES, quiet=60.0, timeout=0.2))
    found = slow.by_stream(stream, 1, 0.5)
    assert found
    assert not found.settled.settled
    assert found.pixels is BLACK


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
