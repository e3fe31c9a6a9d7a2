"""Where two pictures differ: against the plain way, on any pictures."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from actions.frame import Box
from envs.differences import bounding_box, changed_box, changed_places, difference, differing, equal, regions
from tests.properties import examples

RECTANGLE = st.tuples(*(st.integers(0, 90) for _ in range(4)))


@st.composite
def pairs(draw):
    """A picture, and the same with some rectangles changed, some by one level of one channel only."""
    height, width = draw(st.integers(1, 90)), draw(st.integers(1, 90))
    one = np.random.default_rng(draw(st.integers(0, 9))).integers(0, 256, (height, width, 3), dtype=np.uint8)
    other = one.copy()
    for x, y, wide, high in draw(st.lists(RECTANGLE, max_size=4)):
        other[y : y + high % 9 + 1, x : x + wide % 30 + 1, draw(st.integers(0, 2))] += draw(st.sampled_from((1, 90)))
    return one, other


@examples(300)
@given(pairs())
def test_the_box_is_the_smallest_and_the_overlay_makes_one_of_the_other(pair):
    one, other = pair
    differs = (one != other).any(axis=2)
    rows, columns = np.nonzero(differs)
    assert equal(one, other) == (not rows.size)
    box = changed_box(one, other)
    if not rows.size:
        assert box is None
        assert changed_places(one, other) == []
        assert difference(one, other)[1] == (0, 0)
        return
    x, y, width, height = box
    assert (x, y) == (columns.min(), rows.min())
    assert (x + width, y + height) == (columns.max() + 1, rows.max() + 1)
    found = difference(one, other)
    assert (found is None) == (differs.sum() > differs.size / 2)
    if found is not None:
        pixels, at = found
        assert at == (x, y)
        np.testing.assert_array_equal(pixels[:, :, 3] == 255, differs[y : y + height, x : x + width])
        merged = one.copy()
        part = merged[y : y + height, x : x + width]
        np.copyto(part, pixels[:, :, :3], where=pixels[:, :, 3:] > 0)
        np.testing.assert_array_equal(merged, other)


@examples(300)
@given(pairs())
def test_the_places_hold_all_that_differs_and_are_tight(pair):
    one, other = pair
    differs, covered = (one != other).any(axis=2), np.zeros(one.shape[:2], bool)
    places = changed_places(one, other)
    assert len(places) <= 12
    for x, y, width, height in places:
        covered[y : y + height, x : x + width] = True
        inside = differs[y : y + height, x : x + width]
        assert inside.shape == (height, width)
        assert inside[0].any()
        assert inside[-1].any()
        assert inside[:, 0].any()
        assert inside[:, -1].any()
    assert not (differs & ~covered).any()


def test_far_apart_is_two_places_and_near_is_one():
    one = np.zeros((100, 300, 3), np.uint8)
    other = one.copy()
    other[10:20, 10:20] = 9
    other[10:20, 30:40] = 9
    other[70, 200] = 1
    assert changed_places(one, other) == [(10, 10, 30, 10), (200, 70, 1, 1)]
    assert changed_places(one, ~one) == [(0, 0, 300, 100)]


def test_regions_closer_than_twice_the_distance_share_a_box():
    mask = np.zeros((60, 200), bool)
    mask[0:4, 0:4] = mask[0:4, 14:18] = mask[50:60, 190:200] = True  # 10 pixels apart, and one at the far corner
    assert sorted(regions(mask, 5)) == [Box(0, 0, 18, 4), Box(190, 50, 200, 60)]
    assert sorted(regions(mask, 4)) == [Box(0, 0, 4, 4), Box(14, 0, 18, 4), Box(190, 50, 200, 60)]
    assert regions(np.zeros((9, 9), bool), 5) == []


def test_a_level_is_what_may_differ_in_any_channel():
    one = np.full((8, 9, 3), 100, np.uint8)
    other = one.copy()
    other[2, 3] = (100, 124, 100)
    other[5, 7] = (100, 100, 75)
    assert bounding_box(differing(one, other)) == Box(3, 2, 8, 6)
    assert bounding_box(differing(one, other, 24)) == Box(7, 5, 8, 6)
    assert bounding_box(differing(one, one)) is None
