"""Stopping from anywhere, on real displays."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envs.env import EnvError
from envs.hotkey import STOP_CHORD, CornerFailsafe, grab_stop_key, watch_for_stop
from envs.sandbox import SandboxEnv
from tests.waiting import until


def press(env: SandboxEnv, chord: str) -> None:
    subprocess.run(["xdotool", "key", chord], env={"DISPLAY": env.display, "PATH": "/usr/bin"}, check=True)


@pytest.mark.desktop
def test_the_stop_key_works_whatever_has_the_focus_and_whatever_is_locked(screen: SandboxEnv) -> None:
    stops: list[str] = []
    screen.launch(["xterm"])
    with watch_for_stop([screen.display], stops.append) as problems:
        assert problems == []
        press(screen, "ctrl+alt+Escape")
        until(lambda: len(stops) == 1)
        for lock in ("Caps_Lock", "Num_Lock"):
            press(screen, lock)
            press(screen, "ctrl+alt+Escape")
        until(lambda: len(stops) == 3)
        press(screen, "Num_Lock")
        press(screen, "Caps_Lock")
        press(screen, "Escape")
        press(screen, "ctrl+Escape")
    press(screen, "ctrl+alt+Escape")
    assert stops == [f"the stop key {STOP_CHORD} was pressed"] * 3


@pytest.mark.desktop
def test_a_key_that_another_program_holds_is_a_warning(screen: SandboxEnv) -> None:
    first = grab_stop_key(screen.display, lambda: None)
    with watch_for_stop([screen.display, ":98765"], lambda _: None) as problems:
        assert len(problems) == 2
        assert "another program has grabbed it" in problems[0]
        assert "cannot be opened" in problems[1]
    first.close()
    first.close()
    with watch_for_stop([screen.display], lambda _: None) as problems:
        assert problems == []


@pytest.mark.desktop
def test_a_display_that_goes_away_takes_its_key_along() -> None:
    env = SandboxEnv(size=(640, 480))
    key = grab_stop_key(env.display, lambda: None)
    env.close()
    key.close()


@pytest.mark.parametrize("chord", ["escape", "ctrl+volumeup", "a+b"])
def test_what_cannot_be_a_stop_key_is_refused(chord: str) -> None:
    with pytest.raises(EnvError, match="cannot be a stop key"):
        grab_stop_key(":0", lambda: None, chord)


def test_without_pynput_the_key_is_reported_as_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynput", None)
    with pytest.raises(EnvError, match="pip install pynput"):
        grab_stop_key(None, lambda: None)


def test_the_corner_stops_once_when_a_person_goes_there() -> None:
    failsafe = CornerFailsafe()
    path = [(400, 300), (90, 20), (0, 0), (0, 0), (300, 9), (1, 0)]
    assert [failsafe.check(place) for place in path] == [False, False, True, False, False, True]


def test_a_pointer_that_rests_there_or_was_put_there_by_the_agent_stops_nothing() -> None:
    resting = CornerFailsafe()
    assert [resting.check(place) for place in [(0, 0), (0, 0)]] == [False, False]
    assert [resting.check(None) for _ in range(3)] == [False] * 3
    assert resting.check((0, 0))


units, steps = st.integers(-5000, 5000), st.integers(2, 900)


@given(st.tuples(units, units), st.tuples(steps, steps))
def test_the_corner_may_be_anywhere(corner: tuple[int, int], away: tuple[int, int]) -> None:
    failsafe = CornerFailsafe(corner)
    assert not failsafe.check((corner[0] + away[0], corner[1] + away[1]))
    assert not failsafe.check((corner[0] + away[0], corner[1]))
    assert failsafe.check(corner)


def test_the_corner_is_watched_from_a_thread() -> None:
    places = [(50, 50), (50, 50), (0, 0)]
    stops: list[str] = []
    with watch_for_stop([], stops.append, lambda: places.pop(0) if len(places) > 1 else places[0], interval=0.01):
        until(lambda: bool(stops))
    assert stops == ["the pointer was moved into the top-left corner"]
