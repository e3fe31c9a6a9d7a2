"""Where two pictures of the same size differ: exactly, or by more than a level. Pictures are RGB, uint8 HxWx3.

`envs.settle` has its own rule for regions, made for four bytes a pixel and 60 pictures a second.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from actions.frame import Box
from envs.env import Image

Place = tuple[int, int, int, int]
"""A rectangle of a picture: x, y, width, height in pixels."""
_MOST_PLACES = 12
_CARET = 6  # pixels: the width of a caret, on a phone of 420 dots an inch too
_CELL = 8  # pixels of the squares in which neighbours are looked for


def differing(one: Image, other: Image, level: int = 0) -> npt.NDArray[np.bool_]:
    """HxW: where a channel differs by more than `level` (0 to 255)."""
    red, green, blue = cv2.split(cv2.absdiff(one, other))
    return np.asarray(cv2.max(cv2.max(red, green), blue) > level)


def bounding_box(mask: npt.NDArray[np.bool_]) -> Box | None:
    """The smallest box that holds every set pixel of `mask`; None where none is set."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return Box(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1) if rows.size else None


def regions(mask: npt.NDArray[np.bool_], join: int) -> list[Box]:
    """The boxes of the set pixels of `mask`; pixels at most `join` * 2 apart share a box."""
    whole = bounding_box(mask)
    if whole is None:
        return []
    left, top, right, bottom = (int(side) for side in whole)
    part = mask[top:bottom, left:right].astype(np.uint8)
    padded = cv2.copyMakeBorder(part, join, join, join, join, cv2.BORDER_CONSTANT, value=0)
    near = cv2.dilate(padded, np.ones((2 * join + 1, 2 * join + 1), np.uint8))
    _, _, stats, _ = cv2.connectedComponentsWithStats(near, connectivity=8)
    spots = [(left + int(x), top + int(y), int(w) - 2 * join, int(h) - 2 * join) for x, y, w, h, _ in stats[1:]]
    return [Box(x, y, x + width, y + height) for x, y, width, height in spots]


def equal(one: Image, other: Image) -> bool:
    """Whether two pictures have the same size and pixels."""
    return one.shape == other.shape and cv2.norm(one, other, cv2.NORM_INF) == 0


def differs_beyond_caret(one: Image, other: Image) -> bool:
    """Whether two pictures differ in more than one upright bar as thin as a text caret, which blinks by itself."""
    if one.shape != other.shape:
        return True
    place = changed_box(one, other)
    return place is not None and not (place[2] <= _CARET and place[3] >= 2 * place[2])


def changed_box(one: Image, other: Image) -> Place | None:
    """The smallest rectangle that holds every differing pixel; None where none differs."""
    near = _rough_box(one, other)
    return near and _tight(_differs(*_parts(one, other, near)), near)


def difference(base: Image, image: Image) -> tuple[Image, tuple[int, int]] | None:
    """The patch that turns `base` into `image`: RGBA (uint8 HxWx4, transparent where equal) and its place (x, y).

    None where more than half of the picture differs. Equal pictures give one transparent pixel at (0, 0).
    """
    found = changed_mask(base, image)
    if found is None:
        return np.zeros((1, 1, 4), np.uint8), (0, 0)
    mask, (x, y, width, height) = found
    if cv2.countNonZero(mask) > image.shape[0] * image.shape[1] / 2:
        return None
    colours = cv2.bitwise_and(image[y : y + height, x : x + width], cv2.merge((mask, mask, mask)))
    return np.asarray(cv2.merge((colours, mask)), np.uint8), (x, y)


def changed_mask(one: Image, other: Image) -> tuple[npt.NDArray[np.uint8], Place] | None:
    """A mask (uint8 HxW: 255 where pixels differ, else 0) of `changed_box`, and that box; None where none differs."""
    near = _rough_box(one, other)
    if near is None:
        return None
    differs = _differs(*_parts(one, other, near))
    box = x, y, width, height = _tight(differs, near)
    inside = differs[y - near[1] : y - near[1] + height, x - near[0] : x - near[0] + width]
    grey = cv2.cvtColor(np.ascontiguousarray(inside), cv2.COLOR_RGB2GRAY)  # 29 or more where any does
    return np.asarray(cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY)[1], np.uint8), box


def _differs(one: Image, other: Image) -> Image:
    """HxWx3: 255 in every channel that differs, else 0."""
    return np.asarray(cv2.compare(one, other, cv2.CMP_NE), np.uint8)


def _rough_box(one: Image, other: Image) -> Place | None:
    """A rectangle that holds every differing pixel and at most a few columns more; None where none differs.

    Several bytes at a time are compared: pictures that differ little are looked at in a quarter of the time.
    """
    height, width = one.shape[:2]
    size = next(size for size in (8, 4, 2, 1) if 3 * width % size == 0)
    words = [np.ascontiguousarray(image).reshape(height, -1).view(f"u{size}") for image in (one, other)]
    left, y, wide, high = cv2.boundingRect(np.not_equal(*words).view(np.uint8))
    x, end = left * size // 3, min(width, -(-(left + wide) * size // 3))
    return (x, y, end - x, high) if wide else None


def _parts(one: Image, other: Image, place: Place) -> tuple[Image, Image]:
    x, y, width, height = place
    return one[y : y + height, x : x + width], other[y : y + height, x : x + width]


def _tight(differs: Image, near: Place) -> Place:
    """The rectangle around the set pixels of a mask of three channels, whose upper left corner is that of `near`."""
    left, top, wide, height = cv2.boundingRect(np.ascontiguousarray(differs).reshape(differs.shape[0], -1))
    x = left // 3
    return near[0] + x, near[1] + top, (left + wide - 1) // 3 + 1 - x, height


def changed_places(one: Image, other: Image, apart: int = 16) -> list[Place]:
    """The rectangles in which two pictures differ, from top to bottom; at most a dozen.

    Changes at most `apart` pixels from one another, and some a little farther, share a rectangle; the distance grows
    until there are few enough.
    """
    changed = changed_mask(one, other)
    if changed is None:
        return []
    mask, (x, y, _, _) = changed
    while len(found := _components(mask, apart)) > _MOST_PLACES:
        apart *= 4
    return sorted(((x + left, y + top, wide, high) for left, top, wide, high in found), key=lambda place: place[1::-1])


def _components(mask: npt.NDArray[np.uint8], apart: int) -> list[Place]:
    """The rectangles around the set pixels of `mask`; those at most `apart` pixels from one another share one."""
    height, width = mask.shape
    cells = cv2.resize(
        cv2.copyMakeBorder(mask, 0, -height % _CELL, 0, -width % _CELL, cv2.BORDER_CONSTANT, value=0),
        (-(-width // _CELL), -(-height // _CELL)),
        interpolation=cv2.INTER_AREA,  # one pixel of 64 leaves 4 of 255
    )
    reach = -(-apart // (2 * _CELL))
    padded = cv2.copyMakeBorder(cells, reach, reach, reach, reach, cv2.BORDER_CONSTANT, value=0)
    joined = cv2.dilate(padded, np.ones((2 * reach + 1, 2 * reach + 1), np.uint8))
    _, _, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    return [
        _tight_part(mask, *(_CELL * int(n) for n in (x, y, w - 2 * reach, h - 2 * reach)))
        for x, y, w, h, _ in stats[1:]
    ]


def _tight_part(mask: npt.NDArray[np.uint8], x: int, y: int, width: int, height: int) -> Place:
    """The rectangle around the set pixels in a part of `mask`."""
    left, top, wide, high = cv2.boundingRect(mask[y : y + height, x : x + width])
    return x + left, y + top, wide, high
