"""What an X screen tells of its changes, and how long a program that answers pings is waited for."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from envs import event_settling
from envs.env import EnvError
from envs.event_settling import MOST, SLOWER, PingedProgram
from envs.sandbox import BACKGROUND, SandboxEnv
from envs.screen_events import ScreenEvents
from envs.x11 import XScreen
from tests.envs.conftest import TkApp
from tests.waiting import until

CALM, QUIET = 0.07, 0.1


class Told(ScreenEvents):
    """What a display would tell, told by a test."""

    def __init__(self) -> None:
        self._windows, self._answered, self.sent, self.alive, self.process = 0, {}, 0, True, os.getpid()

    def ping(self, window: int) -> int:
        self.sent += 1
        return self.sent

    def pid(self, window: int) -> int | None:
        return self.process

    def manager(self) -> int | None:
        return None

    def answer(self, when: float) -> None:
        self._answered[self.sent] = when

    def open_window(self) -> None:
        self._windows += 1


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def program(told: Told, monkeypatch: pytest.MonkeyPatch) -> PingedProgram:
    """A program that an action was done to at 10 s and that read it within 1 ms."""
    monkeypatch.setattr(event_settling, "has_children", lambda _: False)
    program = PingedProgram(told, 1)
    program.begin(10.0)
    told.answer(10.001)
    assert not program.reading(10.01)
    return program


def test_the_rest_is_short_once_all_was_read_after_the_last_change(told: Told, program: PingedProgram) -> None:
    assert program.rest(CALM, QUIET, 10.0) == CALM
    assert program.rest(CALM, QUIET, 10.05) == QUIET, "a ping from before the change proves nothing"
    program.ask_after(10.05, 10.04)
    assert told.sent == 1, "not before its time"
    program.ask_after(10.05, 10.06)
    assert program.reading(10.07)
    told.answer(10.062)
    assert not program.reading(10.07)
    assert program.rest(CALM, QUIET, 10.05) == CALM
    assert program.rest(CALM, 0.05, 10.05) == 0.05, "never longer than without a ping"


@pytest.mark.parametrize(("took", "rest"), [(0.004, CALM), (0.04, SLOWER * 0.04), (0.8, MOST)])
def test_a_busy_machine_is_given_longer(told: Told, program: PingedProgram, took: float, rest: float) -> None:
    program.ask_after(11.0, 11.0)
    assert program.reading(11.0 + took)
    told.answer(11.0 + took)
    assert not program.reading(11.0 + took)
    assert program.rest(CALM, QUIET, 11.0) == pytest.approx(rest)
    assert program.drawn_by() == pytest.approx(11.0 + took + min(SLOWER * took, MOST))


def test_a_window_that_came_or_children_that_draw_make_an_answer_worthless(
    told: Told, program: PingedProgram, monkeypatch: pytest.MonkeyPatch
) -> None:
    told.open_window()
    assert program.rest(CALM, QUIET, 10.0) == QUIET
    monkeypatch.setattr(event_settling, "has_children", lambda _: True)
    program.begin(12.0)
    told.answer(12.001)
    program.reading(12.01)
    assert program.rest(CALM, QUIET, 12.0) == QUIET


def test_only_a_program_that_has_answered_is_waited_for_and_not_for_ever(told: Told, program: PingedProgram) -> None:
    silent = PingedProgram(told, 2)
    silent.begin(10.0)
    assert not silent.reading(10.1)
    assert silent.rest(CALM, QUIET, 10.0) == QUIET
    program.begin(20.0)
    assert program.reading(21.0)
    assert not program.reading(20.0 + event_settling.HANGS + 0.1)
    told.answer(30.0)
    program.begin(31.0)
    assert program.reading(31.1), "it is known again once it answers"


def test_another_program_in_the_window_of_one_that_ended_has_not_answered_yet(
    told: Told, program: PingedProgram
) -> None:
    told.process += 1
    program.begin(20.0)
    assert not program.reading(20.1)
    assert program.rest(CALM, QUIET, 20.0) == QUIET


@pytest.fixture(scope="module")
def listened(screen: SandboxEnv) -> Iterator[ScreenEvents]:
    events = ScreenEvents(screen.display)
    yield events
    events.close()
    events.close()
    assert not events.alive


@pytest.mark.desktop
def test_all_that_was_drawn_is_told_also_where_something_was_drawn_before(
    screen: SandboxEnv, listened: ScreenEvents
) -> None:
    painter = XScreen(screen.display)
    for shade in (0, 90, 180, BACKGROUND):
        listened.sync()
        listened.take()
        assert not listened.pending
        painter.paint_root(shade)
        listened.sync()
        assert listened.pending
        assert any(box.width >= 1280 and box.height >= 800 for _, box in listened.take())
    painter.close()


@pytest.mark.desktop
def test_a_program_answers_when_it_has_read_and_not_while_it_is_stopped(tkapp: TkApp) -> None:
    with SandboxEnv([tkapp.gtk("soon")], share=tkapp.share) as env:
        events = ScreenEvents(env.display)
        window = events.focused()
        assert window
        assert events.manager()
        pid = events.pid(window)
        assert pid
        os.kill(pid, signal.SIGSTOP)
        stamp = events.ping(window)
        events.sync()
        assert events.answered(stamp) is None
        os.kill(pid, signal.SIGCONT)
        until(lambda: events.answered(stamp))
        events.close()


@pytest.mark.desktop
def test_a_display_that_ends_is_noticed_and_one_that_is_not_there_refused() -> None:
    with SandboxEnv(size=(640, 480)) as env:
        events, display = ScreenEvents(env.display), env.display
    until(lambda: not events.alive)
    events.sync()
    events.close()
    with pytest.raises(EnvError, match="does not tell"):
        ScreenEvents(display)
