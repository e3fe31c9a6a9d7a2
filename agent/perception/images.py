"""Crops of RGB images (uint8, height x width x 3): their bounds, their ink, and results cached by their pixels."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

from actions.frame import Box
from envs.env import Image

T = TypeVar("T")
_KEPT = 4000  # entries of a cache
_ROWS = 64  # rows that are compared at once: what is made of them stays in the processor's caches


def ink_mask(crop: Image) -> npt.NDArray[np.bool_] | None:
    """Where something is drawn on the crop's flat background; None where there is no flat background."""
    if crop.size == 0:
        return None
    flat = crop.reshape(-1, 3)
    coarse = (flat >> 4).astype(np.int32)
    keys = coarse[:, 0] * 256 + coarse[:, 1] * 16 + coarse[:, 2]
    common = int(np.bincount(keys).argmax())
    back = flat[keys == common].mean(axis=0)
    far = np.abs(crop.astype(np.float32) - back).max(axis=2)
    if (far < 28).mean() < 0.45:
        return None
    return np.asarray(far > max(28.0, 0.35 * float(far.max())), dtype=bool)


def crop_of(image: Image, box: Box) -> Image:
    """The whole pixels of `box`, as far as they lie on the image; a view."""
    x1, y1, x2, y2 = (max(0, int(v)) for v in box)
    return image[y1:y2, x1:x2]


def is_link_blue(image: Image, box: Box) -> bool:
    """Whether what is drawn in `box` has the blue of links."""
    crop = crop_of(image, box)
    ink = ink_mask(crop)
    if ink is None or ink.sum() < 12:
        return False
    red, green, blue = (int(v) for v in np.median(crop[ink], axis=0))
    return blue > 130 and blue - red > 70 and blue >= green + 20


def fingerprint(part: Image) -> bytes:
    """A digest of the shape and the pixels: equal for equal images only."""
    digest = hashlib.blake2b(np.ascontiguousarray(part).data, digest_size=16)
    digest.update(repr(part.shape).encode())
    return digest.digest()


def same_pixels(a: Image, b: Image) -> bool:
    """Whether two images are equal; looked at from the top until a difference, some rows at a time."""
    tops = range(0, len(a), _ROWS)
    return a.shape == b.shape and all(np.array_equal(a[top : top + _ROWS], b[top : top + _ROWS]) for top in tops)


class Cache(Generic[T]):
    """Results by the fingerprint of the pixels they were computed from; the least recently used is dropped."""

    def __init__(self) -> None:
        self._kept: OrderedDict[bytes, T] = OrderedDict()

    def __contains__(self, key: bytes) -> bool:
        return key in self._kept

    def __getitem__(self, key: bytes) -> T:
        self._kept.move_to_end(key)
        return self._kept[key]

    def put(self, key: bytes, value: T) -> None:
        """Keep `value`."""
        self._kept[key] = value
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)

    def get(self, key: bytes, make: Callable[[], T]) -> T:
        """The value kept, or else what `make` returns, which is kept."""
        if key not in self._kept:
            self.put(key, make())
        return self[key]


def pixel_bounds(box: Box, image: Image) -> tuple[int, int, int, int]:
    """(x1, y1, x2, y2) in whole pixels on the image, at least one pixel wide and high."""
    height, width = image.shape[:2]
    x1, y1 = max(0, int(box.x1)), max(0, int(box.y1))
    return x1, y1, min(width, max(x1 + 1, int(np.ceil(box.x2)))), min(height, max(y1 + 1, int(np.ceil(box.y2))))
