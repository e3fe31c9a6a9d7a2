"""What an action was meant for, in words: the description that a planner gave, else what is at the place.

Nothing is guessed: where no words are known for a point, its coordinates stand.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from actions.action import (
    AnyAction,
    Click,
    Drag,
    HoldMouse,
    LongPress,
    Move,
    ReleaseMouse,
    coordinates,
    describe,
    points_of,
)
from actions.frame import Box, FinitePoint
from agent.core.model import Decision
from agent.core.step import ELEMENT_LIST, PointedAt, Step, Target
from envs.env import Observation, UiElement

LARGEST = 0.25
"""The largest part of a screen that an element which names a place may cover."""
_LISTED = re.compile(r'(?P<role>[^"]*?)(?: "(?P<name>.*?)")?(?: containing ".*")?(?: \([^()]*\))?')
_NEAR = 1.0  # pixels


def action_words(action: AnyAction, targets: Sequence[Target] = ()) -> str:
    """`action` as one line of English with the words of `targets`, best first: ``click “Save As…”``."""

    def named(point: FinitePoint) -> str:
        return next((one.phrase for one in targets if _same(one.point, point) and one.phrase), "")

    return describe(action, named)


def action_place(action: AnyAction, targets: Sequence[Target] = ()) -> str:
    """The coordinates that `action_words` leaves out: ``(258, 258)``; "" for none."""
    points = [
        point
        for point in ends_of(action) or points_of(action)
        if any(_same(one.point, point) and one.phrase for one in targets)
    ]
    return " to ".join(map(coordinates, points))


def in_words(step: Step, more: Sequence[Target] = ()) -> str:
    """The action of `step` with its coordinates last: ``click “Save As…” (258, 258)``; ``no usable answer``.

    `more` are targets that are not on record, after those that are.
    """
    if step.action is None:
        return "no usable answer"
    targets = (*known_targets(step), *more)
    return " ".join(filter(None, (action_words(step.action, targets), action_place(step.action, targets))))


def known_targets(of: Step | Decision) -> tuple[Target, ...]:
    """The targets that a step or decision has itself, the planner's descriptions first."""
    return (*(found for one in of.pointed if (found := _described(one))), *of.targets)


def ends_of(action: AnyAction) -> tuple[FinitePoint, ...]:
    """The points of `action` at which something is meant: of a drag its two ends; none of a scroll."""
    match action:
        case Drag(path=path):
            return path[0], path[-1]
        case Click(point=point) | LongPress(point=point) | Move(point=point):
            return (point,)
        case HoldMouse(point=point) | ReleaseMouse(point=point) if point is not None:
            return (point,)
    return ()


def box_at(point: FinitePoint, targets: Sequence[Target]) -> Box | None:
    """The box of the target at `point`; None where none is known."""
    return next((one.box for one in targets if one.box is not None and _same(one.point, point)), None)


def with_targets(decision: Decision, observation: Observation) -> Decision:
    """`decision` with what the accessibility elements of `observation` tell of its places, where it has no targets."""
    if decision.targets or not observation.elements:
        return decision
    largest = LARGEST * observation.frame.width * observation.frame.height
    found = (_element_target(point, observation.elements, largest) for point in ends_of(decision.action))
    targets = tuple(one for one in found if one is not None)
    return decision.model_copy(update={"targets": targets}) if targets else decision


def _element_target(point: FinitePoint, elements: Sequence[UiElement], largest: float) -> Target | None:
    """The smallest element at `point`, by its own words or, where it can be clicked, by those inside it."""
    held = [one for one in elements if one.box.holds(point) and one.box.area <= largest]
    for one in sorted(held, key=lambda element: element.box.area):
        words = one.text.strip()
        if not words and one.clickable:
            inner = (e.text.strip() for e in elements if e is not one and one.box.holds(e.box.center))
            words = " ".join(filter(None, inner))
        if words:
            return Target(point=point, words=words, box=one.box)
    return None


def _described(one: PointedAt) -> Target | None:
    if one.point is None:
        return None
    if one.grounder != ELEMENT_LIST:
        return Target(point=one.point, words=one.description)
    listed = _LISTED.fullmatch(one.raw)
    if listed is None or not one.raw:
        return Target(point=one.point, words=one.raw) if one.raw else None
    role = "" if listed["name"] else f"the {listed['role']}"
    return Target(point=one.point, words=listed["name"] or "", lead=role)


def _same(one: FinitePoint, other: FinitePoint) -> bool:
    return abs(one.x - other.x) <= _NEAR and abs(one.y - other.y) <= _NEAR
