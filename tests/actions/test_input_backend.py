from __future__ import annotations

import time
from typing import Any

import pytest

from actions.action import parse_action
from actions.backend import BackendError, RefusedError
from actions.dryrun import DryRunBackend
from actions.frame import Frame, GeometryError
from actions.input_backend import DOUBLE_CLICK_SECONDS, InputBackend

FRAME = Frame(id="1", width=100, height=100)


class Notebook:
    """A device that writes calls down, with the time, and fails on the one it is told to."""

    def __init__(self, fails_on: tuple[Any, ...] | None = None, error: BaseException | None = None) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.times: list[float] = []
        self.fails_on, self.error = fails_on, error or BackendError("gone")
        self.closed = 0

    def _note(self, *call: Any) -> None:
        self.calls.append(call)
        self.times.append(time.monotonic())
        if call == self.fails_on:
            raise self.error

    def move(self, x: int, y: int) -> None:
        self._note("move", x, y)

    def button(self, button: str, down: bool) -> None:
        self._note("button", button, down)

    def wheel(self, dx: int, dy: int) -> None:
        self._note("wheel", dx, dy)

    def key(self, key: str, down: bool) -> None:
        self._note("key", key, down)

    def text(self, text: str) -> None:
        self._note("text", text)

    def position(self) -> tuple[int, int]:
        return (7, 8)

    def sync(self) -> None:
        pass

    def close(self) -> None:
        self.closed += 1

    def pressed(self) -> set[str]:
        down: set[str] = set()
        for kind, name, *rest in (call for call in self.calls if call[0] in ("key", "button")):
            (down.add if rest[0] else down.discard)(f"{kind} {name}")
        return down


def perform(device: Notebook, **action: Any) -> str:
    return InputBackend(device).perform(parse_action(action), FRAME)


def test_events_are_played_in_order() -> None:
    device = Notebook()
    said = perform(device, type="click", point=(3, 4), keys=["ctrl"])
    assert said == "click at (3, 4) holding ctrl"
    assert device.calls == [
        ("move", 3, 4),
        ("key", "ctrl", True),
        ("button", "left", True),
        ("button", "left", False),
        ("key", "ctrl", False),
    ]


def test_the_button_is_released_where_the_drag_ends_and_not_before() -> None:
    device = Notebook()
    backend = InputBackend(device)
    backend.perform(parse_action({"type": "drag", "path": [(1, 2), (60, 70), (90, 80)], "seconds": 0.05}), FRAME)
    assert device.calls[:2] == [("move", 1, 2), ("button", "left", True)]
    assert device.calls[-2:] == [("move", 90, 80), ("button", "left", False)]
    assert ("move", 60, 70) in device.calls[2:-2]
    assert [call[0] for call in device.calls].count("button") == 2


@pytest.mark.parametrize("error", [BackendError("lost"), KeyboardInterrupt(), OSError("x")])
def test_whatever_happens_in_a_drag_nothing_stays_pressed(error: BaseException) -> None:
    device = Notebook(fails_on=("move", 90, 90), error=error)
    with pytest.raises(type(error)):
        perform(device, type="drag", path=[(0, 0), (90, 90)], keys=["shift", "alt"], seconds=0.1)
    assert device.pressed() == set()
    assert device.calls[-3:] == [("button", "left", False), ("key", "alt", False), ("key", "shift", False)]


def test_a_release_that_fails_does_not_keep_the_others_pressed() -> None:
    device = Notebook(fails_on=("button", "left", False))
    with pytest.raises(BackendError):
        perform(device, type="click", point=(1, 1), keys=["ctrl"])
    assert ("key", "ctrl", False) in device.calls


def test_nothing_is_sent_for_an_action_that_cannot_be_done() -> None:
    device = Notebook()
    for action in ({"type": "drag", "path": [(0, 0), (500, 0)]}, {"type": "click", "point": (100, 0)}):
        with pytest.raises(GeometryError):
            perform(device, **action)
    assert device.calls == []


def test_two_single_clicks_on_one_place_are_never_a_double_click() -> None:
    device = Notebook()
    backend = InputBackend(device)
    for point in ((5, 5), (6, 5), (90, 90)):
        backend.perform(parse_action({"type": "click", "point": point}), FRAME)
    first, second, elsewhere = (t for call, t in zip(device.calls, device.times, strict=True) if call[-1] is True)
    assert second - first >= DOUBLE_CLICK_SECONDS
    assert elsewhere - second < DOUBLE_CLICK_SECONDS / 2


class Clock:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now, self.slept = 1000.0, 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now, self.slept = self.now + seconds, self.slept + seconds


@pytest.mark.parametrize(
    ("second", "waits"),
    [
        ({"type": "click", "point": (50, 50)}, True),
        ({"type": "click", "point": (58, 50)}, True),
        ({"type": "click", "point": (50, 50), "keys": ["ctrl"]}, True),
        ({"type": "click", "point": (59, 50)}, False),
        ({"type": "click", "point": (57, 57)}, False),
        ({"type": "click", "point": (50, 50), "button": "right"}, False),
        ({"type": "move", "point": (50, 50)}, False),
        ({"type": "type", "text": "x"}, False),
    ],
)
def test_only_a_press_that_would_make_a_double_click_waits(
    second: dict[str, Any], waits: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    monkeypatch.setattr("actions.input_backend.time", clock)
    backend = InputBackend(Notebook())
    backend.perform(parse_action({"type": "click", "point": (50, 50), "count": 2}), FRAME)
    assert clock.slept == 0
    clock.now += 0.125
    backend.perform(parse_action(second), FRAME)
    assert clock.slept == (0.375 if waits else 0)  # of half a second, what Windows, macOS and Chromium have


def test_a_click_after_a_while_does_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr("actions.input_backend.time", clock)
    backend = InputBackend(Notebook())
    for _ in range(2):
        backend.perform(parse_action({"type": "click", "point": (50, 50)}), FRAME)
        clock.now += DOUBLE_CLICK_SECONDS
    assert clock.slept == 0


def test_pauses_add_up_to_the_time_asked_for() -> None:
    device = Notebook()
    start = time.monotonic()
    perform(device, type="drag", path=[(0, 0), (90, 0)], seconds=0.4)
    assert time.monotonic() - start >= 0.4


def test_the_dry_run_supports_what_the_real_backend_does() -> None:
    backend = InputBackend(Notebook())
    assert backend.supported == DryRunBackend().supported
    assert backend.position() == (7, 8)
    backend.close()
    backend.close()


def held_input(device: Notebook, *actions: dict[str, Any]) -> InputBackend:
    backend = InputBackend(device)
    for action in actions:
        backend.perform(parse_action(action), FRAME)
    return backend


KEY_DOWN = {"type": "key_down", "keys": ["ctrl", "shift"]}
MOUSE_DOWN = {"type": "mouse_down", "point": (10, 10)}


def test_held_keys_stay_down_through_clicks_until_they_are_let_go() -> None:
    device = Notebook()
    backend = held_input(
        device, KEY_DOWN, {"type": "click", "point": (3, 4), "keys": ["ctrl"]}, {"type": "key", "chords": ["ctrl+c"]}
    )
    assert backend.held == ("ctrl", "shift")
    assert ("key", "ctrl", False) not in device.calls
    assert [call for call in device.calls if call[:2] == ("key", "c")] == [("key", "c", True), ("key", "c", False)]
    backend.perform(parse_action({"type": "key_up", "keys": ["ctrl", "shift"]}), FRAME)
    assert (backend.held, device.pressed()) == ((), set())
    assert device.calls.count(("key", "ctrl", True)) == device.calls.count(("key", "ctrl", False)) == 1


def test_a_key_held_for_a_time_is_let_go_after_it() -> None:
    device = Notebook()
    held_input(device, {"type": "key_down", "keys": ["w"], "seconds": 0.2})
    assert device.calls == [("key", "w", True), ("key", "w", False)]
    assert device.times[1] - device.times[0] >= 0.2


def test_with_a_button_down_the_pointer_moves_as_in_a_drag() -> None:
    device = Notebook()
    backend = held_input(device, MOUSE_DOWN, {"type": "move", "point": (60, 10)})
    assert (backend.held, device.pressed()) == (("left button",), {"button left"})
    moves = [call[1] for call in device.calls if call[0] == "move"]
    assert moves == sorted(moves)
    assert len(moves) > 6
    backend.perform(parse_action({"type": "mouse_up", "point": (90, 10)}), FRAME)
    assert device.calls[-2:] == [("move", 90, 10), ("button", "left", False)]


@pytest.mark.parametrize("action", [{"type": "type", "text": "a"}])
def test_another_kind_of_action_lets_go_first(action: dict[str, Any]) -> None:
    device = Notebook()
    backend = held_input(device, KEY_DOWN)
    said = backend.perform(parse_action(action), FRAME)
    assert said.endswith("let go of ctrl and shift first")
    assert device.calls[2:] == [("key", "shift", False), ("key", "ctrl", False), ("text", "a")]


@pytest.mark.parametrize("error", [BackendError("gone"), KeyboardInterrupt()])
def test_an_error_and_a_stop_let_go_of_everything(error: BaseException) -> None:
    device = Notebook(("button", "right", True), error)
    backend = held_input(device, KEY_DOWN, MOUSE_DOWN)
    with pytest.raises(type(error)):
        backend.perform(parse_action({"type": "click", "point": (1, 1), "button": "right"}), FRAME)
    assert (backend.held, device.pressed()) == ((), set())


def test_the_end_lets_go_of_everything() -> None:
    device = Notebook()
    held_input(device, KEY_DOWN, MOUSE_DOWN).close()
    assert (device.pressed(), device.closed) == (set(), 1)


@pytest.mark.parametrize(
    ("before", "action", "why"),
    [
        ([], {"type": "key_up", "keys": ["ctrl"]}, "ctrl is not held down"),
        ([], {"type": "mouse_up"}, "left button is not held down"),
        ([MOUSE_DOWN], {"type": "mouse_up", "button": "right"}, "right button is not held down"),
        ([MOUSE_DOWN], {"type": "click", "point": (1, 1)}, "the left button is held down"),
        ([MOUSE_DOWN], MOUSE_DOWN, "the left button is held down"),
        ([MOUSE_DOWN], {"type": "drag", "path": [(1, 1), (2, 2)]}, "the left button is held down"),
    ],
)
def test_what_cannot_be_done_beside_what_is_held_is_refused(before: Any, action: dict[str, Any], why: str) -> None:
    device = Notebook()
    backend = held_input(device, *before)
    sent = list(device.calls)
    with pytest.raises(RefusedError, match=why):
        backend.perform(parse_action(action), FRAME)
    assert device.calls == sent
