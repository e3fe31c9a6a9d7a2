"""The further actions of an answer: whether the next one may still be done on the screen as it is now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from actions.action import Answer, AnyAction, AskUser, points_of
from actions.frame import Point
from agent.core.model import NO_USAGE, Decision
from agent.core.policy import Verdict
from envs.differences import changed_places, differs_beyond_caret, equal
from envs.env import Image, Observation, Outcome

_MOST_CHANGED = 0.1
"""The largest part of the screen that an action may change for the next one of its answer to be done still."""
_AROUND = 40
"""A point is looked at with its surroundings: the shorter side of the screen divided by this, in each direction."""


@dataclass(frozen=True)
class AnswerRest:
    """The next action of an answer, which is the `part`-th (from 0), with those after it in `decision.rest`.

    `decided_on` is the observation of the answer, `seen` the newest one and `timings` what it took.
    """

    decision: Decision
    part: int
    decided_on: Observation
    seen: Observation
    timings: Mapping[str, float]


def next_of(decision: Decision) -> Decision:
    """The decision on the first of the further actions; the answer's cost stays with its first action."""
    return Decision(action=decision.rest[0], rest=decision.rest[1:], thought=decision.thought, usage=NO_USAGE)


def undone(count: int, why: str) -> str:
    """`Step.dropped` for `count` actions."""
    return f"{count} more action{'s' * (count > 1)} of the answer {'were' if count > 1 else 'was'} not done: {why}"


def why_not_after(verdict: Verdict, outcome: Outcome | None, error: str | None) -> str:
    """Why what came of an action forbids those after it; "" where it does not."""
    if verdict.kind == "modify":
        return "another action was done before them than you chose"
    if isinstance(verdict.action, AskUser):
        return "the person answered first"
    if error or outcome is None or not (outcome.performed or isinstance(verdict.action, Answer)):
        return "the action before was not done"
    return ""


def why_not_on(decided_on: Observation, seen: Observation, action: AnyAction) -> str:
    """Why the screen `seen` is not the one that `action` was decided on; "" where it is.

    It is another one where its size, rotation or app is another, where more than a tenth of it changed (the keyboard
    that a phone has just shown not counted), or where anything but a caret changed close to a point of `action`.
    """
    if not seen.frame.same_geometry(decided_on.frame):
        return "the screen has another size or rotation"
    if _program(seen) != _program(decided_on):
        return "another app is in front"
    before, now = decided_on.image, seen.image
    keyboard = seen.keyboard_shown and not decided_on.keyboard_shown
    changed = sum(width * height for _, _, width, height in changed_places(before, now))
    if not keyboard and changed > _MOST_CHANGED * seen.frame.width * seen.frame.height:
        return "the screen changed"
    if any(_changed_at(before, now, at) for at in points_of(action)):
        return "the screen changed where they point"
    return ""


def _program(seen: Observation) -> str:
    """The program in front, without the title of its window, which typing changes."""
    return (seen.app or "").partition(":")[0]


def _changed_at(before: Image, now: Image, at: Point) -> bool:
    """Whether more than a caret differs close to a point. A caret is known by its surroundings, twice as far."""
    reach = max(4, min(now.shape[:2]) // _AROUND)
    near, far = ([_around(image, at, side) for image in (before, now)] for side in (reach, 2 * reach))
    return not equal(*near) and differs_beyond_caret(*far)


def _around(image: Image, at: Point, reach: int) -> Image:
    """The square of `image` around a point, as far as it lies inside."""
    x, y = int(at.x), int(at.y)
    return image[max(0, y - reach) : y + reach + 1, max(0, x - reach) : x + reach + 1]
