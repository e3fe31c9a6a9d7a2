"""The pointer's way to a press: it highlights what it passes, and may open what is pressed then.

The screen of a step is the one before the pointer moved. Where only highlights under the pointer changed on its way,
the picture from before it is taken. Where the pointer opened a menu by hovering, that is an action of its own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from actions.frame import Box, Point
from envs.input_capture.screen_history import TimedPicture
from envs.settle import changed_regions

REST = 0.25
"""Seconds without a motion that part two ways of the pointer."""
NEAR = 16.0
"""Units around the press in which a rest is a part of the last way."""
HIGHLIGHT = 64.0
"""The greatest height in pixels of a highlight under the pointer: a menu's entry, a button, a tab."""
_AFTER = 0.3
"""Seconds after an action in which what changes is its effect."""
_REACTION = 1.5
_REACH = 24.0

Place = tuple[float, float, float]
"""Time (`time.monotonic`) and position (input units) of the pointer."""


@dataclass(frozen=True)
class Approach:
    """`picture` is the screen before the press; `hover` where the pointer opened something, and the screen before."""

    picture: TimedPicture
    hover: tuple[Place, TimedPicture] | None = None


def approached(
    pictures: Sequence[TimedPicture], trail: Sequence[Place], acted: float, press: Place, picture: TimedPicture
) -> Approach:
    """How the pointer came to `press` along `trail` after the action before, which ended at `acted`.

    `picture` is the one at the press, `pictures` those before it.
    """
    trail = [place for place in trail if acted < place[0] <= press[0]]
    seen = [one for one in pictures if one.seen <= press[0] and one.frame.same_geometry(picture.frame)]
    hover = _opened(seen, trail, acted, press) if trail else None
    if hover is None:
        return Approach(_plain(seen, trail, acted, press, picture))
    at, before = hover
    return Approach(_plain(seen, trail, at[0], press, picture), (at, _plain(seen, trail, acted, at, before)))


def _plain(
    pictures: Sequence[TimedPicture], trail: Sequence[Place], since: float, press: Place, picture: TimedPicture
) -> TimedPicture:
    """The picture before the pointer set out for `press`, if only highlights differ in `picture`; else that."""
    start = _set_out([place for place in trail if since < place[0] <= press[0]], since, press)
    earlier = next((one for one in reversed(pictures) if start is not None and one.seen < start), None)
    if earlier is None or earlier.seen >= picture.seen or not _only_highlights(earlier, picture, trail, press):
        return picture
    return earlier


def _opened(
    pictures: Sequence[TimedPicture], trail: Sequence[Place], acted: float, press: Place
) -> tuple[Place, TimedPicture] | None:  # fmt: skip
    """The last place at which the pointer made something appear that the press is on and the place is not."""
    for before, after in reversed(list(pairwise(pictures))):
        at = next((place for place in reversed(trail) if place[0] <= after.seen), None)
        if after.seen <= acted + _AFTER or at is None or after.seen - at[0] > _REACTION:
            continue
        if math.dist(trail[0][1:], at[1:]) < 2:
            continue
        target, pointer = _on(before, press), _on(before, at)
        for region in changed_regions(before.pixels, after.pixels):
            large = region.height > HIGHLIGHT and region.width > HIGHLIGHT / 2
            if large and region.holds(target) and not region.grown(2).holds(pointer):
                return at, before
    return None


def _set_out(trail: Sequence[Place], acted: float, press: Place) -> float | None:
    """When the pointer last set out for the press; None where it is not known."""
    for before, after in reversed(list(pairwise(trail))):
        if after[0] - before[0] >= REST and math.dist(before[1:], press[1:]) > NEAR:
            return after[0]
    return trail[0][0] if trail and trail[0][0] - acted >= _AFTER else None


def _only_highlights(before: TimedPicture, after: TimedPicture, trail: Sequence[Place], press: Place) -> bool:
    places = [_on(after, place) for place in [*trail, press]]
    return all(_is_highlight(region, places) for region in changed_regions(before.pixels, after.pixels))


def _is_highlight(region: Box, places: Sequence[Point]) -> bool:
    return region.height <= HIGHLIGHT and any(region.grown(_REACH).holds(place) for place in places)


def _on(picture: TimedPicture, place: Place) -> Point:
    return picture.frame.from_input(place[1], place[2])
