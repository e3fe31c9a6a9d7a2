"""Moving an action to other points; paths are stretched between their ends, along a track, or with the screen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from actions.action import AnyAction, Drag
from actions.frame import Frame, Point
from agent.episodes.replay.pixel_match import track
from envs.env import Image


def moved_action(action: AnyAction, points: Sequence[Point], frame: Frame) -> AnyAction:
    """`action` at other points, clamped to the frame."""
    kept = [frame.clamp(point) for point in points]
    change: dict[str, Any] = {"path": tuple(kept)} if isinstance(action, Drag) else {"point": kept[0]}
    return action.model_copy(update=change)


def is_swipe(points: Sequence[Point], frame: Frame) -> bool:
    """Whether a path crosses more than a fifth of the screen, as one that scrolls a page does."""
    across, down = abs(points[-1].x - points[0].x) / frame.width, abs(points[-1].y - points[0].y) / frame.height
    return max(across, down) > 0.2


def on_screen(point: Point, then: Frame, now: Frame) -> Point:
    """The point at the same share of another frame's width and height."""
    return Point(point.x * now.width / then.width, point.y * now.height / then.height)


def along_track(a: Point, b: Point, was: Image, start: Point, now: Image) -> tuple[Point, Point] | None:
    """Both ends of a path along a drawn track, on the same track of another length; None for any other path."""
    level = abs(b.x - a.x) > abs(b.y - a.y)
    then, here = track(was, a, level), track(now, start, level)
    at = 0 if level else 1
    if then is None or here is None or not then[0] <= b[at] <= then[1] or then[1] - then[0] < 3 * _KNOB:
        return None
    scale = (here[1] - here[0]) / (then[1] - then[0])
    if not 0.2 < scale < 5:
        return None
    first, last = (here[0] + (p[at] - then[0]) * scale for p in (a, b))
    return (Point(first, start.y), Point(last, start.y)) if level else (Point(start.x, first), Point(start.x, last))


_KNOB = 16
"""The approximate size of a slider's knob in pixels."""


def between(p: Point, a: Point, b: Point, new_a: Point, new_b: Point) -> Point:
    """`p` under the rotation and scaling that takes `a` to `new_a` and `b` to `new_b` (complex multiplication)."""
    old, new = complex(b.x - a.x, b.y - a.y), complex(new_b.x - new_a.x, new_b.y - new_a.y)
    moved = complex(p.x - a.x, p.y - a.y) * (new / old if old else 1)
    return Point(new_a.x + moved.real, new_a.y + moved.imag)
