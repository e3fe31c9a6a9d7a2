"""Touches as command lines. Everything comes from whole input units; see `actions.frame.Frame.to_input`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from actions.action import Click, Drag, LongPress, Scroll
from actions.adb.lines import Line, chain, command, sequence
from actions.backend import RefusedError
from actions.frame import Frame, Point

NOTCH = 0.1
"""How far one notch of `scroll` moves the content: this part of the screen's height or width."""
_REACH = 0.6
"""The longest single swipe of a scroll, as a part of the screen: the edges are for the system's own gestures."""
_EDGE = 0.12
_SPEED = 1.2
"""Input units in a millisecond while scrolling."""
_MOVES = 24
"""Most positions of a drag: on a phone each starts a program."""
_PER_MOVE = 0.04
_STEPS = 8

Place = tuple[int, int]


def tap_line(action: Click, frame: Frame) -> Line:
    """One to three taps at a point. Raises `RefusedError` for other buttons and held keys."""
    if action.button != "left":
        raise RefusedError(f"a finger has no {action.button} button: press long instead")
    if action.keys:
        raise RefusedError(f"a finger cannot hold {'+'.join(action.keys)}")
    return chain(*[_input("tap", frame.to_input(action.point))] * action.count)


def press_line(action: LongPress, frame: Frame) -> Line:
    """A long press."""
    return _swipe(frame.to_input(action.point), frame.to_input(action.point), action.seconds)


def drag_line(action: Drag, frame: Frame, *, motion: bool) -> Line:
    """A swipe; along more than two points by single events where the device has ``input motionevent`` (`motion`).

    Raises `RefusedError` for a path with corners that the device cannot follow.
    """
    if action.button != "left" or action.keys:
        raise RefusedError("a finger drags without other buttons or held keys")
    path = [frame.to_input(point) for point in action.path]
    corners = _corners(path)
    if not corners:
        return _swipe(path[0], path[-1], action.seconds)
    if not motion:
        raise RefusedError(
            "this phone cannot follow a path with corners (input motionevent: Android 11): swipe each leg"
        )
    return _along(path, action.seconds)


def scroll_line(action: Scroll, frame: Frame) -> Line:
    """Swipes that move the content by `NOTCH` a notch: the touch moves the other way. A notch is about a tenth of
    the screen; a fling may carry it further.
    """
    if action.keys:
        raise RefusedError(f"a finger cannot hold {'+'.join(action.keys)}")
    if not (action.dx or action.dy):
        raise RefusedError("a scroll by nothing")
    at = action.point or Point(frame.width / 2, frame.height / 2)
    frame.to_input(at)  # a place outside the frame is an error and not the nearest one
    swipes = _strokes(at, action.dy, frame, across=False) + _strokes(at, action.dx, frame, across=True)
    return chain(*(_swipe(a, b, math.dist(a, b) / _SPEED / 1000) for a, b in swipes))


def _strokes(at: Point, notches: int, frame: Frame, *, across: bool) -> list[tuple[Place, Place]]:
    """Swipes along one axis: `notches` in all, each as long as fits; the touch starts at `at` where there is room."""
    side, place = (frame.width, at.x) if across else (frame.height, at.y)
    whole = abs(notches) * NOTCH * side
    count = math.ceil(whole / (_REACH * side))
    strokes = []
    for _ in range(count):
        length = whole / count
        low, high = _EDGE * side, (1 - _EDGE) * side
        start = min(max(place, low + length), high) if notches > 0 else min(max(place, low), high - length)
        end = start - length if notches > 0 else start + length
        ends = [Point(x, at.y) if across else Point(at.x, x) for x in (start, end)]
        strokes.append((frame.to_input(frame.clamp(ends[0])), frame.to_input(frame.clamp(ends[1]))))
    return strokes


def _along(path: Sequence[Place], seconds: float) -> Line:
    """Down at the first place, through the others at even steps, up at the last, whatever happens between."""
    legs = list(pairwise(path))
    each = max(1, _MOVES // len(legs))
    moves = [_between(a, b, n / each) for a, b in legs for n in range(1, each + 1)]
    rest = seconds / len(moves) - _PER_MOVE
    pause = [command("sleep", f"{rest:.3f}")] if rest > 0.005 else []
    steps = [line for place in moves for line in (*pause, finger_line("MOVE", place))]
    return sequence(chain(finger_line("DOWN", path[0]), *steps), finger_line("UP", path[-1]))


def _corners(path: Sequence[Place]) -> list[Place]:
    """The places of `path` off the straight line between its ends by more than the touch slop."""
    (x1, y1), (x2, y2) = path[0], path[-1]
    length = math.dist(path[0], path[-1])
    if not length:
        return [place for place in path if math.dist(place, path[0]) > 2]
    off = [abs((x2 - x1) * (y1 - y) - (x1 - x) * (y2 - y1)) / length for x, y in path]
    way = [((x - x1) * (x2 - x1) + (y - y1) * (y2 - y1)) / length for x, y in path]
    back = [False, *(b < a - 2 for a, b in pairwise(way))]
    return [place for place, far, turned in zip(path, off, back, strict=True) if far > 2 or turned]


def _between(a: Place, b: Place, share: float) -> Place:
    return round(a[0] + (b[0] - a[0]) * share), round(a[1] + (b[1] - a[1]) * share)


def _swipe(start: Place, end: Place, seconds: float) -> Line:
    return command("input", "swipe", *map(str, (*start, *end)), str(max(1, round(seconds * 1000))))


def finger_moves(start: Place, end: Place) -> list[Line]:
    """A finger's way in even steps, so that what is under it follows."""
    return [finger_line("MOVE", _between(start, end, n / _STEPS)) for n in range(1, _STEPS + 1)]


def finger_line(event: str, place: Place) -> Line:
    """One touch event, ``DOWN``, ``MOVE`` or ``UP``, at `place`."""
    return command("input", "motionevent", event, *map(str, place))


def _input(name: str, place: Place) -> Line:
    return command("input", name, *map(str, place))
