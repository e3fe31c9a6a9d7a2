"""Shapes are the same as by the plain way of finding them."""

import cv2
import numpy as np
import pytest

from agent.perception.images import same_pixels
from agent.perception.shapes import ConnectedPixels, _middle_pixel, steps_of, straight_lines


@pytest.mark.parametrize("seed", range(30))
def test_they_are_found_as_by_the_plain_way(seed: int) -> None:
    rng = np.random.default_rng(seed)
    height, width, length = (int(n) for n in rng.integers((1, 1, 1), (300, 60, 25)))
    drawn = (rng.random((height, width)) < (0.3, 0.8, 0.95)[seed % 3]).astype(np.uint8)
    for upright in (False, True):
        opened = cv2.morphologyEx(drawn, cv2.MORPH_OPEN, np.ones((length, 1) if upright else (1, length), np.uint8))
        assert np.array_equal(straight_lines(drawn, length, upright), opened)
    if drawn.any():
        assert _middle_pixel(drawn > 0) == tuple(np.argwhere(drawn)[drawn.sum() // 2])
    drawn[rng.integers(0, height) :][: rng.integers(0, 200)] = 0
    for connectivity in (4, 8):
        _, labels, stats, _ = cv2.connectedComponentsWithStats(drawn, connectivity=connectivity)
        found = ConnectedPixels.of(drawn > 0, connectivity)
        assert np.array_equal(found.labels, labels)
        assert np.array_equal(found.stats[1:], stats[1:])
    image = rng.integers(0, 256, (height, width, 3), np.uint8)
    padded = np.pad(image, ((0, 1), (0, 1), (0, 0)), mode="edge").astype(int)
    right, below = (np.abs(part - image).max(axis=2) for part in (padded[:-1, 1:], padded[1:, :-1]))
    right[:, -1] = 0
    assert np.array_equal(steps_of(image), np.maximum(right, below))


def test_pictures_are_compared_to_the_last_pixel() -> None:
    image = np.zeros((200, 30, 3), np.uint8)
    other = image.copy()
    assert same_pixels(image, other)
    other[-1, -1, -1] = 1
    assert not same_pixels(image, other)
    assert not same_pixels(image, image[:-1])
