"""Action matching of Android in the Wild.

google-research ``android_in_the_wild/action_matching.py`` in the form of njucckevin/SeeClick
``agent_tasks/action_matching.py``, whose figures are the mean of five subsets:

* a gesture from touch to lift of at most 0.04 (shares of the sides) is a tap, a longer one a drag;
* two taps match where both lie in the same element, grown by 1.4 times its size (to 2.4 times), or at most 0.14 apart;
* two drags match where their main axes do: up matches down;
* everything else matches by type alone; the text typed is not compared (`text` is a figure of its own).

A scroll without points is SeeClick's: from 0.8 to 0.2 of the side for down and right, back for up and left.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from actions.frame import Box, Point
from benchmarks.suites.navigation.moves import CanonicalAction, Direction
from benchmarks.suites.navigation.recording import RecordedStep, Rule, Ruling
from benchmarks.suites.navigation.rules import NEAR, WRONG_TYPE, one_in_other, ruled

TAP = 0.04
RADIUS = 0.14
GROWTH = 1.4
TYPES = ("type", "back", "home", "enter", "success", "failure")
"""The types apart from the gesture; any other answer has no type here and matches nothing."""

Gesture = tuple[Point, Point]
"""Touch and lift, in shares of the sides."""

SCROLLS: Mapping[Direction, Gesture] = {
    "down": (Point(0.5, 0.8), Point(0.5, 0.2)),
    "up": (Point(0.5, 0.2), Point(0.5, 0.8)),
    "left": (Point(0.2, 0.5), Point(0.8, 0.5)),
    "right": (Point(0.8, 0.5), Point(0.2, 0.5)),
}


def aitw(step: RecordedStep, move: CanonicalAction) -> Ruling:
    """Whether two actions would lead to a similar screen."""
    theirs, ours = gesture_of(step, step.truth), gesture_of(step, move)
    if theirs is None or ours is None:
        same = theirs is None and ours is None and _type(move) == _type(step.truth) in TYPES
        return ruled(True, "", **_text(step.truth, move)) if same else _wrong_type(step.truth)
    if is_tap(theirs) != is_tap(ours):
        return ruled(False, "wrong_gesture")
    if is_tap(theirs):
        hit = taps_match(ours[0], theirs[0], shares_of(step))
        return ruled(hit, "wrong_place", grounding=float(hit))
    return ruled(axis(theirs) == axis(ours), "wrong_axis")


def _type(move: CanonicalAction) -> str:
    return move.name if move.kind in ("button", "stop") else move.kind


def _wrong_type(truth: CanonicalAction) -> Ruling:
    return WRONG_TYPE._replace(scores={"text": 0.0} if truth.kind == "type" else {})


def _text(truth: CanonicalAction, move: CanonicalAction) -> dict[str, float]:
    if truth.kind != "type":
        return {}
    return {"text": float(one_in_other(move.text.lower(), truth.text.lower()))}


def gesture_of(step: RecordedStep, move: CanonicalAction) -> Gesture | None:
    """Touch and lift of a tap or drag; None for an action that is none."""
    if move.kind in ("click", "long_press") and move.point:
        return step.share(move.point), step.share(move.point)
    if move.kind != "scroll":
        return None
    if move.point and move.end:
        return step.share(move.point), step.share(move.end)
    return SCROLLS[move.direction] if move.direction else None


def is_tap(gesture: Gesture) -> bool:
    """Whether touch and lift are at most 0.04 apart."""
    (a, b), (c, d) = gesture
    return math.hypot(a - c, b - d) <= TAP + NEAR


def axis(gesture: Gesture) -> str:
    """``y`` or ``x``, the axis of the longer way; y where both are as long (the first of the released code's pairs)."""
    (a, b), (c, d) = gesture
    return "y" if abs(b - d) >= abs(a - c) else "x"


def taps_match(ours: Point, theirs: Point, elements: Sequence[Box]) -> bool:
    """Whether two taps (shares) are in one grown element, or close. `elements` are in shares, as annotated."""
    if math.dist(ours, theirs) <= RADIUS + NEAR:
        return True
    return any(box.holds(ours) and box.holds(theirs) for box in map(grown, elements))


def grown(box: Box) -> Box:
    """`box` (shares) with 1.4 times its sides added, to the released code's letter.

    The left and upper edges move out by half of that and stop at 0; the sides become 2.4 times as long, at most 1,
    counted from there: a box at the upper or left edge of the screen so reaches further to the other side.
    """
    left, top = max(0.0, box.x1 - GROWTH * box.width / 2), max(0.0, box.y1 - GROWTH * box.height / 2)
    width, height = min(1.0, box.width * (1 + GROWTH)), min(1.0, box.height * (1 + GROWTH))
    return Box(left, top, left + width, top + height).grown(NEAR)


def shares_of(step: RecordedStep) -> list[Box]:
    """The step's boxes in shares of the sides."""
    width, height = step.size
    return [Box(b.x1 / width, b.y1 / height, b.x2 / width, b.y2 / height) for b in step.boxes]


DEFAULT = "aitw"
RULES: Mapping[str, Rule] = {DEFAULT: aitw}
