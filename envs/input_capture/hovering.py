"""What the pointer did on its way to a press: it lights up what it passes, and it may open what is pressed then.

The screen of a step is the one that somebody who has not yet moved the pointer sees. So where nothing but lights
under the pointer changed on its way, the screen from before the way is taken. Where a menu opened because the pointer
came by, that is an action of its own: without it the menu would not be there.
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
LIGHT = 64.0
"""Pixels that a light under the pointer is high at most: a menu's entry, a button, a tab."""
_AFTER = 0.3
"""Seconds after an action in which what changes is its effect."""
_REACTION = 1.5
_REACH = 24.0

Place = tuple[float, float, float]
"""Time (`time.monotonic`) and position (input units) of the pointer."""


@dataclass(frozen=True)
class Approach:
    """`look` is the screen before the press; `hover` where the pointer opened something, and the screen before."""

    look: TimedPicture
    hover: tuple[Place, TimedPicture] | None = None


def approached(
    looks: Sequence[TimedPicture], trail: Sequence[Place], acted: float, press: Place, look: TimedPicture
) -> Approach:
    """How the pointer came to `press` along `trail` after the action before, which ended at `acted`.

    `look` is the picture at the press, `looks` those before it.
    """
    trail = [place for place in trail if acted < place[0] <= press[0]]
    seen = [one for one in looks if one.seen <= press[0] and one.frame.same_geometry(look.frame)]
    hover = _opened(seen, trail, acted, press) if trail else None
    if hover is None:
        return Approach(_unlit(seen, trail, acted, press, look))
    at, before = hover
    return Approach(_unlit(seen, trail, at[0], press, look), (at, _unlit(seen, trail, acted, at, before)))


def _unlit(
    looks: Sequence[TimedPicture], trail: Sequence[Place], since: float, press: Place, look: TimedPicture
) -> TimedPicture:
    """The picture from before the pointer set out for `press`, if only lights tell it from `look`; else `look`."""
    start = _set_out([place for place in trail if since < place[0] <= press[0]], since, press)
    earlier = next((one for one in reversed(looks) if start is not None and one.seen < start), None)
    if earlier is None or earlier.seen >= look.seen or not _only_lights(earlier, look, trail, press):
        return look
    return earlier


def _opened(
    looks: Sequence[TimedPicture], trail: Sequence[Place], acted: float, press: Place
) -> tuple[Place, TimedPicture] | None:  # fmt: skip
    """The last place at which the pointer made something appear that the press is on and the place is not."""
    for before, after in reversed(list(pairwise(looks))):
        at = next((place for place in reversed(trail) if place[0] <= after.seen), None)
        if after.seen <= acted + _AFTER or at is None or after.seen - at[0] > _REACTION:
            continue
        if math.dist(trail[0][1:], at[1:]) < 2:
            continue
        target, pointer = _on(before, press), _on(before, at)
        for region in changed_regions(before.pixels, after.pixels):
            large = region.height > LIGHT and region.width > LIGHT / 2
            if large and region.holds(target) and not region.grown(2).holds(pointer):
                return at, before
    return None


def _set_out(trail: Sequence[Place], acted: float, press: Place) -> float | None:
    """When the pointer last set out for the press; None where nobody can say."""
    for before, after in reversed(list(pairwise(trail))):
        if after[0] - before[0] >= REST and math.dist(before[1:], press[1:]) > NEAR:
            return after[0]
    return trail[0][0] if trail and trail[0][0] - acted >= _AFTER else None


def _only_lights(before: TimedPicture, after: TimedPicture, trail: Sequence[Place], press: Place) -> bool:
    places = [_on(after, place) for place in [*trail, press]]
    return all(_light(region, places) for region in changed_regions(before.pixels, after.pixels))


def _light(region: Box, places: Sequence[Point]) -> bool:
    return region.height <= LIGHT and any(region.grown(_REACH).holds(place) for place in places)


def _on(look: TimedPicture, place: Place) -> Point:
    return look.frame.from_input(place[1], place[2])
