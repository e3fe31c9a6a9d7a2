"""Input events: a closed set of small steps, and the one function that compiles an action into them.

Positions are input units (see `actions.frame`). Every backend plays the same list, so a dry run, a private display
and a real desktop differ only in the device.
"""

from __future__ import annotations

import math
import re
import sys
from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Literal

from actions.action import (
    AnyAction,
    Click,
    Drag,
    HoldKeys,
    HoldMouse,
    Key,
    LongPress,
    Move,
    ReleaseKeys,
    ReleaseMouse,
    Scroll,
    TypeText,
)
from actions.backend import BackendError
from actions.frame import Frame, Point
from actions.keys import split_chord

Side = Literal["left", "middle", "right"]


@dataclass(frozen=True)
class MoveTo:
    """Put the pointer at ``(x, y)``, input units."""

    x: int
    y: int


@dataclass(frozen=True)
class ButtonDown:
    """Press a mouse button."""

    button: Side


@dataclass(frozen=True)
class ButtonUp:
    """Release a mouse button."""

    button: Side


@dataclass(frozen=True)
class Wheel:
    """Turn the wheel: `dx` notches towards content on the right, `dy` towards content further down."""

    dx: int
    dy: int


@dataclass(frozen=True)
class KeyDown:
    """Press a key of `actions.keys`."""

    key: str


@dataclass(frozen=True)
class KeyUp:
    """Release a key of `actions.keys`."""

    key: str


@dataclass(frozen=True)
class TextInput:
    """Enter characters as they are, a newline with Enter and a tab with Tab. No other control characters."""

    text: str


@dataclass(frozen=True)
class Pause:
    """Let `seconds` pass before the next event."""

    seconds: float


Event = MoveTo | ButtonDown | ButtonUp | Wheel | KeyDown | KeyUp | TextInput | Pause

INPUT_TYPES = frozenset(
    {"click", "long_press", "drag", "move", "scroll", "type", "key", "key_down", "key_up", "mouse_down", "mouse_up"}
)
"""The action types that are input; the environment or the loop handles the others."""

DRAG_RATE = 60
"""Pointer positions a second in a drag: one for each frame of a usual display."""

DRAG_START = (2, 4, 6, 8, 10, 12)
"""Input units from the press at which a drag is first moved.

GTK begins a drag after 8 (``gtk-dnd-drag-threshold``), Qt after 10 (``startDragDistance``), Windows and Chromium
after 4; each wants more than one motion event around it.
"""

_UNTYPABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_NEWLINE = re.compile(r"\r\n|\r")
_HELD = "super" if sys.platform == "darwin" else "ctrl"
_CLEAR = (KeyDown(_HELD), KeyDown("a"), KeyUp("a"), KeyUp(_HELD), KeyDown("backspace"), KeyUp("backspace"))
"""What empties the field that has the focus."""


def compile_action(action: AnyAction, frame: Frame) -> list[Event]:
    """The events that do `action`, whose points are pixels of `frame`.

    Raises `GeometryError` for a point outside the frame, and `BackendError` for an action that is not input or a text
    with characters no key types.
    """
    match action:
        case Click():
            presses: list[Event] = [ButtonDown(action.button), ButtonUp(action.button)]
            return [_move(action.point, frame), *_holding(action.keys, presses * action.count)]
        case LongPress():
            return [_move(action.point, frame), ButtonDown("left"), Pause(action.seconds), ButtonUp("left")]
        case Drag():
            return _drag(action, frame)
        case Move():
            return [_move(action.point, frame)]
        case Scroll():
            turns: list[Event] = [Wheel(action.dx, action.dy)] if action.dx or action.dy else []
            return [*_moves(action.point, frame), *_holding(action.keys, turns)]
        case TypeText():
            return [*(_CLEAR if action.clear else ()), *_text(action.text)]
        case Key():
            return [event for chord in action.chords for event in _holding(split_chord(chord), [])]
        case HoldKeys(seconds=None):
            return [*map(KeyDown, dict.fromkeys(action.keys))]
        case HoldKeys():
            return _holding(action.keys, [Pause(action.seconds or 0)])
        case ReleaseKeys():
            return [*map(KeyUp, reversed(dict.fromkeys(action.keys)))]
        case HoldMouse():
            return [*_moves(action.point, frame), ButtonDown(action.button)]
        case ReleaseMouse():
            return [*_moves(action.point, frame), ButtonUp(action.button)]
        case _:
            raise BackendError(f"{action.type!r} is not input: give it to the environment or the loop")


def _move(point: Point, frame: Frame) -> MoveTo:
    return MoveTo(*frame.to_input(point))


def _moves(point: Point | None, frame: Frame) -> list[Event]:
    return [] if point is None else [_move(point, frame)]


def _holding(keys: tuple[str, ...], events: list[Event]) -> list[Event]:
    """`events` between the presses of `keys` and their releases in reverse; a key named twice is pressed once."""
    held = list(dict.fromkeys(keys))
    return [*map(KeyDown, held), *events, *map(KeyUp, reversed(held))]


def _text(text: str) -> list[Event]:
    bad = _UNTYPABLE.search(text)
    if bad:
        raise BackendError(f"no key types the character U+{ord(bad[0]):04X} of the text: leave it out")
    return [TextInput(_NEWLINE.sub("\n", text))] if text else []


def _drag(action: Drag, frame: Frame) -> list[Event]:
    corners = [frame.to_input(point) for point in action.path]
    held: list[Event] = [
        ButtonDown(action.button), *dragged(corners, action.seconds), ButtonUp(action.button)
    ]  # fmt: skip
    return [MoveTo(*corners[0]), *_holding(action.keys, held)]


def dragged(corners: list[tuple[int, int]], seconds: float) -> list[Event]:
    """The pointer's way through `corners` (input units) from the first, where it is, with a button held."""
    times, places = _trajectory(corners, seconds)
    moves: list[Event] = []
    for (before, now), (x, y) in zip(pairwise(times), places[1:], strict=True):
        moves += [Pause((now - before) * seconds), MoveTo(x, y)]
    return [*moves, Pause((1 - times[-1]) * seconds)]


def _trajectory(corners: list[tuple[int, int]], seconds: float) -> tuple[list[float], list[tuple[int, int]]]:
    """When (0 to 0.9 of the drag's time; the pointer then rests, so that what is dropped on sees it) and where.

    Speed is even along the path. Every corner is visited exactly; between them positions are rounded to whole units.
    """
    lengths = [math.dist(a, b) for a, b in pairwise(corners)]
    at_corner = list(accumulate(lengths, initial=0.0))
    total = at_corner[-1]
    count = max(1, math.ceil(DRAG_RATE * seconds))
    stops = {total * i / count for i in range(count + 1)} | {d for d in DRAG_START if d < total} | set(at_corner)
    times: list[float] = []
    places: list[tuple[int, int]] = []
    for stop in sorted(stops):
        place = _along(corners, at_corner, stop)
        if not places or place != places[-1]:
            times.append(0.9 * stop / total if total else 0.0)
            places.append(place)
    return times, places


def _along(corners: list[tuple[int, int]], at_corner: list[float], stop: float) -> tuple[int, int]:
    """The position after `stop` input units of path."""
    i = bisect_right(at_corner, stop) - 1
    if i == len(corners) - 1:
        return corners[-1]
    part = (stop - at_corner[i]) / (at_corner[i + 1] - at_corner[i])
    (x1, y1), (x2, y2) = corners[i], corners[i + 1]
    return round(x1 + part * (x2 - x1)), round(y1 + part * (y2 - y1))
