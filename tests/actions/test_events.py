from __future__ import annotations

import math
from dataclasses import FrozenInstanceError, fields
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.action import ACTION_TYPES, parse_action
from actions.backend import BackendError
from actions.dryrun import DryRunBackend
from actions.events import (
    DRAG_RATE,
    INPUT_TYPES,
    ButtonDown,
    ButtonUp,
    Event,
    KeyDown,
    KeyUp,
    MoveTo,
    Pause,
    TextInput,
    Wheel,
    compile_action,
)
from actions.frame import Frame, GeometryError

FRAME = Frame(id="1", width=1280, height=800)
RETINA = Frame(id="2", width=2560, height=1600, origin=(-1280, 100), scale=2.0)


def events(frame: Frame = FRAME, /, **action: Any) -> list[Event]:
    return compile_action(parse_action(action), frame)


L, R = "left", "right"


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ({"type": "move", "point": (10, 20)}, [MoveTo(10, 20)]),
        ({"type": "click", "point": (10.4, 20)}, [MoveTo(10, 20), ButtonDown(L), ButtonUp(L)]),
        (
            {"type": "click", "point": (1, 2), "button": R, "count": 2},
            [MoveTo(1, 2), *[ButtonDown(R), ButtonUp(R)] * 2],
        ),
        (
            {"type": "click", "point": (1, 2), "keys": ["Control", "shift", "ctrl"]},
            [
                MoveTo(1, 2),
                *[KeyDown("ctrl"), KeyDown("shift"), ButtonDown(L), ButtonUp(L), KeyUp("shift"), KeyUp("ctrl")],
            ],
        ),
        (
            {"type": "long_press", "point": (1, 2), "seconds": 0.7},
            [MoveTo(1, 2), ButtonDown(L), Pause(0.7), ButtonUp(L)],
        ),
        ({"type": "scroll", "point": (5, 6), "dy": 3}, [MoveTo(5, 6), Wheel(0, 3)]),
        ({"type": "scroll", "dx": -2, "dy": -1, "keys": ["ctrl"]}, [KeyDown("ctrl"), Wheel(-2, -1), KeyUp("ctrl")]),
        ({"type": "scroll", "point": (5, 6)}, [MoveTo(5, 6)]),
        ({"type": "type", "text": "a\r\nb\tü🎉\r"}, [TextInput("a\nb\tü🎉\n")]),
        ({"type": "type", "text": ""}, []),
        (
            {"type": "key", "chords": ["ctrl+shift+s", "enter"]},
            [
                *[KeyDown("ctrl"), KeyDown("shift"), KeyDown("s"), KeyUp("s"), KeyUp("shift"), KeyUp("ctrl")],
                *[KeyDown("enter"), KeyUp("enter")],
            ],
        ),
    ],
)
def test_each_action_becomes_exactly_these_events(action: dict[str, Any], expected: list[Event]) -> None:
    assert events(**action) == expected


def test_points_are_mapped_to_the_input_space() -> None:
    assert events(RETINA, type="move", point=(2559, 2)) == [MoveTo(-1, 101)]
    drag = events(RETINA, type="drag", path=[(0, 0), (200, 0)])
    assert drag[0] == MoveTo(-1280, 100)
    assert [e for e in drag if isinstance(e, MoveTo)][-1] == MoveTo(-1180, 100)


coordinate = st.tuples(st.integers(0, 1279), st.integers(0, 799))


@given(st.lists(coordinate, min_size=2, max_size=8), st.floats(0, 3))
def test_a_drag_goes_through_every_point_in_order_and_ends_on_the_last(
    path: list[tuple[int, int]], seconds: float
) -> None:
    drag = events(type="drag", path=path, seconds=seconds)
    moves = [(e.x, e.y) for e in drag if isinstance(e, MoveTo)]
    assert drag[:2] == [MoveTo(*path[0]), ButtonDown(L)]
    assert drag[-1] == ButtonUp(L)
    assert moves[-1] == path[-1]
    visited = iter(moves)
    distinct = [p for p, before in zip(path, [None, *path], strict=False) if p != before]
    assert all(point in visited for point in distinct)  # `in` consumes: the order counts


@given(coordinate, coordinate, st.floats(0, 3))
def test_a_drag_is_smooth_starts_small_and_takes_its_time(
    start: tuple[int, int], end: tuple[int, int], seconds: float
) -> None:
    drag = events(type="drag", path=[start, end], seconds=seconds)
    moves = [(e.x, e.y) for e in drag if isinstance(e, MoveTo)]
    steps = [math.dist(a, b) for a, b in pairwise(moves)]
    length = math.dist(start, end)
    assert sum(e.seconds for e in drag if isinstance(e, Pause)) == pytest.approx(seconds)
    assert all(step <= length / max(1, DRAG_RATE * seconds) + 2 for step in steps)
    early = [math.dist(start, move) for move in moves[1:] if math.dist(start, move) <= 13]
    assert length < 20 or len(early) >= 5
    width, height = end[0] - start[0], end[1] - start[1]
    assert all(abs((x - start[0]) * height - (y - start[1]) * width) <= length for x, y in moves)  # on the line


def test_a_drag_moves_evenly_for_nine_tenths_of_its_time_and_then_rests() -> None:
    drag = events(type="drag", path=[(0, 0), (600, 0), (600, 600)], seconds=2)
    pauses = [event.seconds for event in drag if isinstance(event, Pause)]
    assert min(pauses) >= 0
    assert pauses[-1] == pytest.approx(0.2)
    elapsed, at = 0.0, [MoveTo(0, 0)]
    for event in drag[2:]:
        if isinstance(event, Pause):
            elapsed += event.seconds
        elif isinstance(event, MoveTo):
            at.append(event)
            assert abs((event.x + event.y) - 1200 * elapsed / 1.8) <= 1
    assert MoveTo(600, 0) in at


def test_an_event_cannot_be_changed() -> None:
    for event in (
        MoveTo(1, 2),
        ButtonDown(L),
        ButtonUp(L),
        Wheel(0, 1),
        KeyDown("a"),
        KeyUp("a"),
        TextInput("a"),
        Pause(1),
    ):
        with pytest.raises(FrozenInstanceError):
            setattr(event, fields(event)[0].name, 9)


def test_a_drag_holds_its_keys_around_the_button() -> None:
    drag = events(type="drag", path=[(0, 0), (9, 0)], keys=["shift"], button="middle")
    assert drag[1:3] == [KeyDown("shift"), ButtonDown("middle")]
    assert drag[-2:] == [ButtonUp("middle"), KeyUp("shift")]


OUTSIDE = [
    {"type": "click", "point": (1280, 0)},
    {"type": "move", "point": (-1, 5)},
    {"type": "scroll", "point": (0, 800), "dy": 1},
    {"type": "long_press", "point": (1e9, 1e9)},
    {"type": "drag", "path": [(0, 0), (0, 5000)]},
]


@pytest.mark.parametrize("action", OUTSIDE)
def test_a_point_off_the_frame_is_refused_by_the_dry_run_too(action: dict[str, Any]) -> None:
    dry = DryRunBackend()
    with pytest.raises(GeometryError):
        dry.perform(parse_action(action), FRAME)
    assert dry.events == []


@pytest.mark.parametrize(
    "action",
    [
        {"type": "wait"},
        {"type": "open", "target": "xterm"},
        {"type": "button", "name": "back"},
        {"type": "answer", "text": "42"},
        {"type": "finish", "status": "success"},
        {"type": "ask_user", "question": "?"},
    ],
)
def test_what_is_not_input_is_refused_by_name(action: dict[str, Any]) -> None:
    with pytest.raises(BackendError, match=action["type"]):
        events(**action)
    assert set(INPUT_TYPES) < set(ACTION_TYPES)


@pytest.mark.parametrize("char", ["\x00", "\x07", "\x1b", "\x7f", "\x85"])
def test_text_that_no_key_types_is_refused_and_nothing_is_done(char: str) -> None:
    dry = DryRunBackend()
    with pytest.raises(BackendError, match=f"U\\+{ord(char):04X}"):
        dry.perform(parse_action({"type": "type", "text": f"a{char}b"}), FRAME)
    assert dry.events == []


def test_a_dry_run_says_what_it_would_do_and_keeps_the_events() -> None:
    dry = DryRunBackend()
    assert dry.position() == (0, 0)
    said = dry.perform(parse_action({"type": "click", "point": (10, 20), "count": 2}), FRAME)
    dry.perform(parse_action({"type": "type", "text": "hi"}), FRAME)
    dry.close()
    assert said == "would double-click at (10, 20)"
    assert dry.events == [MoveTo(10, 20), *[ButtonDown(L), ButtonUp(L)] * 2, TextInput("hi")]
    assert dry.position() == (10, 20)


def test_a_field_is_emptied_before_it_is_typed_into() -> None:
    done = events(type="type", text="new", clear=True)
    assert done[-1] == TextInput("new")
    assert [event.key for event in done if isinstance(event, KeyDown)] == ["ctrl", "a", "backspace"]
    assert done.index(KeyUp("a")) < done.index(KeyUp("ctrl")) < done.index(KeyDown("backspace"))
    assert events(type="type", text="", clear=True) == done[:-1]
