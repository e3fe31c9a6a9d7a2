"""Scoring of grounding answers: boxes, polygons and refusals.

All points are pixels of the original image. The rules are those of the suites' own scorers: a point in a box, edges
included (njucckevin/SeeClick ``pretrain/screenspot_test.py``, ScreenSpot-Pro ``eval_screenspot_pro.py``); ray
casting for polygons (OSWorld-G); a refusal is right only where the target is absent.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from actions.frame import Box, Point
from benchmarks.suite import Prediction, SampleVerdict

NOISE = 1e-6
"""Pixels by which a point may miss the edge of a box and still lie on it: the same edge reckoned in fractions of a
side, as the official scorers do, and in pixels differs by rounding."""


@dataclass(frozen=True)
class Region:
    """A target with an extent: a box."""

    box: Box

    def holds(self, point: Point) -> bool:
        """Whether `point` lies in the box, all four edges included; a box without area is hit on itself."""
        return self.box.grown(NOISE).holds(point)

    def inside(self) -> Point:
        """A point that is right."""
        return self.box.center


@dataclass(frozen=True)
class Polygon:
    """A target with an outline: its corners in reading order, the last joined to the first.

    An outline that crosses itself, or runs into a hole and out again, has the inside of the even-odd rule.
    """

    corners: tuple[Point, ...]

    @property
    def box(self) -> Box:
        """The smallest box around it; what a polygon is *not*."""
        return Box.around(list(self.corners))

    def holds(self, point: Point) -> bool:
        """Ray casting, exactly as in OSWorld-G: a left or upper edge is inside, a right or lower one is not."""
        x, y = point
        crossed = ((a.y > y) != (b.y > y) and x < (b.x - a.x) * (y - a.y) / (b.y - a.y) + a.x for a, b in self._sides())
        return sum(crossed) % 2 == 1

    def inside(self) -> Point:
        """A point that is right: the middle of the box, or of the widest stretch inside. Raises ValueError for none."""
        middle = self.box.center
        if self.holds(middle):
            return middle
        found = [stretch for y in self._heights() for stretch in self._stretches(y)]
        left, right, y = max(found, key=lambda stretch: stretch[1] - stretch[0], default=(0.0, 0.0, 0.0))
        inside = Point((left + right) / 2, y)
        if not self.holds(inside):  # none, or as wide as a rounding error
            raise ValueError("the polygon has no inside")
        return inside

    def _sides(self) -> Iterator[tuple[Point, Point]]:
        return pairwise((*self.corners, self.corners[0]))

    def _heights(self) -> list[float]:
        """A height between each two neighbouring corners, so that no ray meets a corner."""
        levels = sorted({corner.y for corner in self.corners})
        return [(low + high) / 2 for low, high in pairwise(levels)]

    def _stretches(self, y: float) -> list[tuple[float, float, float]]:
        """The parts of the line at `y` that are inside: left, right, y."""
        crossings = sorted(
            (b.x - a.x) * (y - a.y) / (b.y - a.y) + a.x for a, b in self._sides() if (a.y > y) != (b.y > y)
        )
        pairs = zip(crossings[::2], crossings[1::2], strict=True)
        return [(left, right, y) for left, right in pairs if right > left]


@dataclass(frozen=True)
class Nothing:
    """The target is not on the screen: the right answer is a refusal."""


Target = Region | Polygon | Nothing
"""The right answer of a grounding sample."""


def judge_place(target: Target, answer: Prediction) -> SampleVerdict:
    """The verdict on `answer`, whose ``value["point"]`` is [x, y] in pixels of the original image.

    Kinds: ``correct``, ``wrong``, ``refused`` (said not to be there, though it is) and ``wrong_format``. Raises
    ValueError for an answered one without a point.
    """
    if answer.status == "unreadable":
        return SampleVerdict(correct=False, kind="wrong_format", why="no place could be read from the answer")
    if isinstance(target, Nothing):
        refused = answer.status == "refused"
        why = "" if refused else "there is nothing to find: the right answer is a refusal"
        return SampleVerdict(correct=refused, kind="correct" if refused else "wrong", why=why)
    if answer.status == "refused":
        return SampleVerdict(correct=False, kind="refused", why="refused, but the target is there")
    right = target.holds(point_of(answer))
    return SampleVerdict(
        correct=right, kind="correct" if right else "wrong", why="" if right else _miss(target, answer)
    )


def point_of(answer: Prediction) -> Point:
    """The point of an answered question. Raises ValueError where there is none."""
    point = answer.value.get("point")
    if not isinstance(point, Sequence) or len(point) != 2:
        raise ValueError(f"not a point in pixels: {point!r}")
    return Point(float(point[0]), float(point[1]))


def _miss(target: Region | Polygon, answer: Prediction) -> str:
    point, box = point_of(answer), target.box
    if isinstance(target, Polygon) and box.holds(point):
        return "inside the box around the polygon, but outside the polygon"
    aside = max(box.x1 - point.x, point.x - box.x2, 0.0)
    above = max(box.y1 - point.y, point.y - box.y2, 0.0)
    return f"{max(aside, above):.1f} px outside the target"
