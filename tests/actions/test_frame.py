from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.frame import Box, Frame, GeometryError, Grid, Point

scales = st.one_of(st.sampled_from([1.0, 2.0, 3.0, 1.25, 1.5, 1.75, 0.5]), st.floats(0.5, 4))
sizes = st.integers(2, 8000)
origins = st.tuples(st.integers(-8000, 8000), st.integers(-8000, 8000))
frames = st.builds(Frame, id=st.just("1"), width=sizes, height=sizes, origin=origins, scale=scales)
grids = st.sampled_from([Grid(1000, 1000), Grid(1, 1), Grid(999, 999), Grid(1288, 728)])


@given(frames, grids)
def test_the_corners_of_a_grid_are_the_corners_of_the_frame(frame: Frame, grid: Grid) -> None:
    corners = [(0, 0), (grid.width, 0), (0, grid.height), (grid.width, grid.height)]
    pixels = [(0, 0), (frame.width, 0), (0, frame.height), (frame.width, frame.height)]
    assert [frame.from_grid(grid, *corner) for corner in corners] == pixels
    assert [frame.to_grid(grid, Point(*pixel)) for pixel in pixels] == corners


@given(frames, grids, st.data())
def test_grid_and_back_is_the_same_place(frame: Frame, grid: Grid, data: st.DataObject) -> None:
    point = Point(data.draw(st.floats(0, frame.width)), data.draw(st.floats(0, frame.height)))
    assert frame.from_grid(grid, *frame.to_grid(grid, point)) == pytest.approx(point, abs=1e-6)


@given(frames, st.data())
def test_input_units_survive_the_way_to_pixels_and_back(frame: Frame, data: st.DataObject) -> None:
    x = data.draw(st.integers(0, math.ceil((frame.width - 1) / frame.scale) - 1))
    y = data.draw(st.integers(0, math.ceil((frame.height - 1) / frame.scale) - 1))
    unit = (frame.origin[0] + x, frame.origin[1] + y)
    assert frame.to_input(frame.from_input(*unit)) == unit


@given(frames, st.data())
def test_a_pixel_goes_to_the_nearest_unit_that_begins_on_the_frame(frame: Frame, data: st.DataObject) -> None:
    last = Point(frame.width - 1, frame.height - 1)
    inside = Point(data.draw(st.floats(0, last.x)), data.draw(st.floats(0, last.y)))
    for point in (Point(0, 0), Point(last.x, 0), Point(0, last.y), last, inside):
        back = frame.from_input(*frame.to_input(point))
        assert 0 <= back.x < frame.width
        assert 0 <= back.y < frame.height
        for there, here, side in ((back.x, point.x, frame.width), (back.y, point.y, frame.height)):
            assert abs(there - here) <= frame.scale / 2 + 1e-6 or there + frame.scale >= side


def test_the_four_corners_of_real_screens() -> None:
    for size, scale, end in (((1280, 800), 1.0, (1279, 799)), ((2880, 1800), 2.0, (1439, 899))):
        frame = Frame(id="1", width=size[0], height=size[1], scale=scale, origin=(-7, 5))
        corners = [(0, 0), (size[0] - 1, 0), (0, size[1] - 1), (size[0] - 1, size[1] - 1)]
        units = [(-7, 5), (end[0] - 7, 5), (-7, end[1] + 5), (end[0] - 7, end[1] + 5)]
        assert [frame.to_input(Point(*corner)) for corner in corners] == units


@given(frames, st.floats(), st.floats())
def test_a_point_off_the_frame_is_refused_and_one_on_it_is_not(frame: Frame, x: float, y: float) -> None:
    if 0 <= x < frame.width and 0 <= y < frame.height:
        frame.to_input(Point(x, y))
    else:
        with pytest.raises(GeometryError, match="outside"):
            frame.to_input(Point(x, y))


@given(frames, st.floats(allow_nan=False), st.floats(allow_nan=False))
def test_clamping_goes_to_the_nearest_pixel_and_twice_changes_nothing_more(frame: Frame, x: float, y: float) -> None:
    once = frame.clamp(Point(x, y))
    assert once == (sorted((0, x, frame.width - 1))[1], sorted((0, y, frame.height - 1))[1])
    assert frame.contains(once)
    assert frame.clamp(once) == once


def test_known_places() -> None:
    retina = Frame(id="1", width=2880, height=1800, scale=2.0)
    assert retina.to_input(Point(1001, 600)) == (501, 300)
    assert retina.to_input(Point(2879, 1799)) == (1439, 899)
    left_monitor = Frame(id="2", width=1920, height=1080, origin=(-1920, 120))
    assert left_monitor.to_input(Point(10, 20)) == (-1910, 140)
    assert left_monitor.from_input(-1910, 140) == (10, 20)


def test_frames_are_compared_by_geometry_and_not_by_name() -> None:
    frame = Frame(id="1", width=10, height=10)
    assert frame.same_geometry(Frame(id="2", width=10, height=10))
    assert not frame.same_geometry(Frame(id="1", width=10, height=10, rotation=90))
    assert not frame.same_geometry(Frame(id="1", width=10, height=10, origin=(-10, 0)))


def test_a_frame_is_of_the_screen_that_it_was_made_of() -> None:
    frame = Frame.of_screen("1", 1998, 900, (2000, 900), 90)  # the sizes of a picture that was scaled are rounded
    assert frame.is_of((2000, 900), 90)
    assert not frame.is_of((2000, 900), 270)
    assert not frame.is_of((2000, 910), 90)


@pytest.mark.parametrize("field", [{"width": 0}, {"scale": 0}, {"scale": math.inf}, {"rotation": 45}, {"depth": 24}])
def test_an_impossible_frame_is_refused(field: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        Frame.model_validate({"id": "1", "width": 10, "height": 10, **field})


boxes = st.builds(
    lambda x, y, w, h: Box(x, y, x + w, y + h), *(st.integers(-100, 100),) * 2, *(st.integers(0, 100),) * 2
)


@given(boxes, boxes)
def test_boxes_overlap_no_more_than_the_smaller_and_lie_in_their_union(a: Box, b: Box) -> None:
    assert a.overlap(b) == b.overlap(a) <= min(a.area, b.area)
    assert a.union(b).holds(a.center)
    assert a.union(b).holds(b.center)
    assert a.overlap(a) == a.area


def test_the_measures_of_a_box() -> None:
    box, other = Box(10, 20, 40, 60), Box(30, 50, 100, 200)
    assert (box.width, box.height, box.area, box.center) == (30, 40, 1200, Point(25, 40))
    assert box.grown(3) == Box(7, 17, 43, 63)
    assert box.overlap(other) == other.overlap(box) == 100
    assert box.overlap(Box(41, 0, 50, 100)) == box.overlap(Box(0, 61, 50, 70)) == 0
    assert box.union(other) == other.union(box) == Box(10, 20, 100, 200)
    for x, y, inside in (
        (10, 20, True),
        (40, 60, True),
        (9, 20, False),
        (10, 19, False),
        (41, 60, False),
        (40, 61, False),
    ):
        assert box.holds(Point(x, y)) is inside


def test_a_part_that_is_enlarged_maps_back_to_the_whole() -> None:
    part = Frame(id="1", width=1000, height=800).enlarged_part(100, 200, 300, 150, 2.5)
    assert (part.id, part.width, part.height) == ("1+zoom", 750, 375)
    assert part.to_exact_input(Point(0, 0)) == Point(100, 200)
    assert part.to_exact_input(Point(750, 375)) == Point(400, 350)
