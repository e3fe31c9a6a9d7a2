"""Hit tests, worked by hand."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from actions.frame import Box, Frame, Grid, Point
from benchmarks.figures.scoring import Nothing, Polygon, Region, judge_place
from benchmarks.suite import Prediction

BOX = Region(Box(100, 50, 300, 80))
L_SHAPE = Polygon(tuple(Point(*p) for p in ((0, 0), (10, 0), (10, 4), (4, 4), (4, 10), (0, 10))))
RING = Polygon(
    tuple(Point(*p) for p in ((0, 0), (20, 0), (20, 20), (0, 20), (0, 0), (5, 5), (5, 15), (15, 15), (15, 5), (5, 5)))
)
BOW_TIE = Polygon(tuple(Point(*p) for p in ((0, 0), (10, 10), (10, 0), (0, 10))))
Z = Polygon(tuple(Point(*p) for p in ((0, 0), (9, 0), (9, 3), (6, 3), (6, 9), (9, 9), (9, 12), (0, 12))))

pixels = st.floats(0, 4000, allow_nan=False)


def at(x: float, y: float) -> Prediction:
    return Prediction(status="answered", value={"point": [x, y], "box": None})


@pytest.mark.parametrize(
    ("x", "y", "right"),
    [
        (200, 65, True),
        (100, 50, True),  # the four corners and a point on each edge
        (300, 80, True),
        (100, 80, True),
        (300, 50, True),
        (100, 60, True),
        (300, 60, True),
        (150, 50, True),
        (150, 80, True),
        (99.999, 60, False),
        (300.001, 60, False),
        (150, 49.999, False),
        (150, 80.001, False),
        (0, 0, False),
    ],
)
def test_box_includes_its_edges(x: float, y: float, right: bool) -> None:
    assert judge_place(BOX, at(x, y)).correct is right


def test_box_without_area_is_hit_on_itself_only() -> None:
    line, dot = Region(Box(10, 20, 10, 40)), Region(Box(7, 7, 7, 7))
    assert line.holds(Point(10, 30))
    assert not line.holds(Point(10.01, 30))
    assert dot.holds(Point(7, 7))
    assert not dot.holds(Point(7, 7.01))


@given(st.integers(0, 1000), st.integers(1, 8000))
def test_edge_in_thousandths_is_the_edge_in_pixels(thousandth: int, side: int) -> None:
    """Official scorers compare fractions; a point exactly on the edge must not fall off it by rounding."""
    edge = thousandth / 1000 * side
    point = Frame(id="f", width=side, height=side).from_grid(Grid(1000, 1000), thousandth, thousandth)
    assert Region(Box(edge, edge, edge, edge)).holds(point)


@given(pixels, pixels, pixels, pixels, pixels, pixels)
def test_box_agrees_with_the_inequalities(a: float, b: float, c: float, d: float, x: float, y: float) -> None:
    box = Box.around([Point(a, b), Point(c, d)])
    assume(all(abs(u - v) > 1e-5 for u, v in ((x, a), (x, c), (y, b), (y, d))))
    assert Region(box).holds(Point(x, y)) is (box.x1 <= x <= box.x2 and box.y1 <= y <= box.y2)


@pytest.mark.parametrize(
    ("polygon", "x", "y", "right"),
    [
        (L_SHAPE, 2, 2, True),
        (L_SHAPE, 8, 2, True),
        (L_SHAPE, 2, 8, True),
        (L_SHAPE, 8, 8, False),  # in the box around it, in the corner that is cut out
        (RING, 2, 10, True),
        (RING, 18, 10, True),
        (RING, 10, 10, False),  # the hole that the reading order runs into and out of
        (RING, 10, 17, True),
        (BOW_TIE, 5, 2, False),
        (BOW_TIE, 2, 5, True),
        (BOW_TIE, 8, 5, True),
        (Z, 7.5, 6, False),
        (Z, 7.5, 1, True),
        (Z, 7.5, 11, True),
    ],
)
def test_polygon(polygon: Polygon, x: float, y: float, right: bool) -> None:
    reversed_order = Polygon(polygon.corners[::-1])
    rotated = Polygon(polygon.corners[3:] + polygon.corners[:3]) if polygon is not RING else polygon
    assert [shape.holds(Point(x, y)) for shape in (polygon, reversed_order, rotated)] == [right] * 3


def test_polygon_edges_are_half_open_as_in_the_official_scorer() -> None:
    square = Polygon((Point(0, 0), Point(10, 0), Point(10, 10), Point(0, 10)))
    assert square.holds(Point(0, 5))
    assert square.holds(Point(5, 0))
    assert not square.holds(Point(10, 5))
    assert not square.holds(Point(5, 10))


def test_polygon_is_not_the_box_around_it() -> None:
    verdict = judge_place(L_SHAPE, at(8, 8))
    assert (verdict.correct, verdict.kind) == (False, "wrong")
    assert "outside the polygon" in verdict.why


@pytest.mark.parametrize("polygon", [L_SHAPE, RING, BOW_TIE, Z])
def test_inside_point_of_a_polygon_is_right(polygon: Polygon) -> None:
    assert polygon.holds(polygon.inside())


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), min_size=3, max_size=9))
@example([(50, 31), (11, 0), (50, 31), (0, 18)])
def test_inside_point_of_any_outline_is_right_or_there_is_none(corners: list[tuple[int, int]]) -> None:
    polygon = Polygon(tuple(Point(*corner) for corner in corners))
    try:
        inside = polygon.inside()
    except ValueError:
        grid = [Point(x + 0.31, y + 0.47) for x in range(61) for y in range(61)]
        assert not any(polygon.holds(point) for point in grid)
    else:
        assert polygon.holds(inside)


@given(st.floats(0, 1000), st.floats(0, 1000), st.floats(1, 500), st.integers(3, 12), st.floats(0, 1.5))
def test_round_polygon_agrees_with_distance(x: float, y: float, radius: float, count: int, far: float) -> None:
    """A regular polygon holds what is within its inner circle and nothing beyond its outer one."""
    angles = [2 * math.pi * n / count for n in range(count)]
    polygon = Polygon(tuple(Point(x + radius * math.cos(a), y + radius * math.sin(a)) for a in angles))
    inner = math.cos(math.pi / count)
    assume(not inner * 0.999 <= far <= 1.001)
    assert polygon.holds(Point(x + radius * far * math.cos(0.7), y + radius * far * math.sin(0.7))) is (far < inner)


REFUSED, UNREADABLE = Prediction(status="refused"), Prediction(status="unreadable", raw="hm")


@pytest.mark.parametrize(
    ("target", "answer", "correct", "kind"),
    [
        (Nothing(), REFUSED, True, "correct"),
        (Nothing(), at(5, 5), False, "wrong"),
        (Nothing(), at(0, 0), False, "wrong"),
        (Nothing(), UNREADABLE, False, "wrong_format"),
        (BOX, REFUSED, False, "refused"),
        (BOX, UNREADABLE, False, "wrong_format"),
        (L_SHAPE, REFUSED, False, "refused"),
        (BOX, at(200, 60), True, "correct"),
    ],
)
def test_refusals(target: Region | Polygon | Nothing, answer: Prediction, correct: bool, kind: str) -> None:
    verdict = judge_place(target, answer)
    assert (verdict.correct, verdict.kind) == (correct, kind)


def test_answer_without_a_point_is_a_fault() -> None:
    with pytest.raises(ValueError, match="not a point"):
        judge_place(BOX, Prediction(status="answered", value={"point": None}))
