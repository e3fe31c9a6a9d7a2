"""smart_resize against the published sizes, and its laws."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from agent.models.dialects.resize import Resize, smart_resize

PUBLISHED = [  # source (w, h), checkpoint bounds, 1280 tokens, Qwen3-VL's factor 32 (w, h)
    ((1080, 2400), (1092, 2408), (672, 1484), (1088, 2400)),
    ((720, 1280), (728, 1288), None, None),
    ((1440, 3120), (1428, 3108), (672, 1456), None),
    ((1920, 1080), (1932, 1092), (1316, 728), (1920, 1088)),
    ((2560, 1440), (2548, 1428), None, None),
    ((3840, 2160), (3836, 2156), None, None),
    ((7680, 4320), (4760, 2688), None, None),
]


@pytest.mark.parametrize(("source", "checkpoint", "small", "three"), PUBLISHED)
def test_published_sizes(source, checkpoint, small, three) -> None:
    width, height = source
    assert smart_resize(height, width) == checkpoint[::-1]
    assert Resize().size(width, height) == checkpoint
    if small:
        assert smart_resize(height, width, max_pixels=1003520) == small[::-1]
    if three:
        assert smart_resize(height, width, 32, 65536, 16777216) == three[::-1]


def test_rounds_half_to_even() -> None:
    assert smart_resize(28 * 4 + 14, 28 * 5 + 14) == (28 * 4, 28 * 6)


SIDES = st.integers(1, 9000)
BOUNDS = st.sampled_from([(3136, 12845056), (3136, 1003520), (78400, 12845056), (784, 99999999), (2000000, 4800000)])


@given(SIDES, SIDES, BOUNDS)
def test_laws(height: int, width: int, bounds: tuple[int, int]) -> None:
    assume(max(height, width) / min(height, width) <= 200)
    low, high = bounds
    rows, columns = smart_resize(height, width, 28, low, high)
    assert rows % 28 == columns % 28 == 0
    assert low <= rows * columns <= high
    try:
        assert smart_resize(rows, columns, 28, low, high) == (rows, columns)
    except ValueError:  # rounding pushed an aspect just under 200 above it
        assert max(rows, columns) / min(rows, columns) > 200


@pytest.mark.parametrize(("height", "width"), [(10, 2001), (2001, 10), (0, 5), (-1, 5)])
def test_impossible_sizes(height: int, width: int) -> None:
    with pytest.raises(ValueError, match=r"too long|empty"):
        smart_resize(height, width)


def test_a_strip_that_would_vanish() -> None:
    assert smart_resize(100, 20000, 28, 784, 784 * 2) == (28, 560)
    with pytest.raises(ValueError, match="left alone"):
        Resize(28, 784, 784 * 2).size(20000, 100)


@given(st.integers(30, 300), st.integers(30, 300))
def test_the_image_is_given_that_size(height: int, width: int) -> None:
    image = np.full((height, width, 3), (10, 200, 90), np.uint8)
    resized = Resize().apply(image)
    assert resized.shape[:2] == smart_resize(height, width)
    assert (resized == (10, 200, 90)).all()
    assert Resize().apply(resized) is resized
