"""Shapes of an image: flat areas, small outlines, and small drawings. Boxes are frame pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from actions.frame import Box
from envs.env import Image

_STEP = 5  # colour difference between neighbouring pixels that ends a flat area
_TINY = 20  # pixels up to which a ring may be drawn too coarsely to look like one
_DRAWN = 16  # the same for something drawn
_APART = 16  # empty rows that are worth leaving out
_ROWS = 128  # rows of an image that are looked at together: what is made of them stays in the processor's caches


@dataclass(frozen=True)
class FlatArea:
    """A flat area: its box, whether it is round, and how much of it (0 to 1) is drawn over."""

    box: Box
    round: bool
    ink: float
    colour: tuple[int, int, int]


@dataclass(frozen=True)
class ConnectedPixels:
    """Pixels that touch and are alike: for each the number of its part (0 for none), and each part's box and area."""

    labels: npt.NDArray[np.int32]
    stats: npt.NDArray[np.int32]

    @classmethod
    def of(cls, mask: npt.NDArray[np.bool_], connectivity: int) -> ConnectedPixels:
        """The parts of `mask`, of which empty rows are not looked at."""
        labels, found = np.zeros(mask.shape, np.int32), [np.zeros((1, 5), np.int32)]
        before = 0
        for top, end in _bands(mask):
            part = np.ascontiguousarray(mask[top:end]).view(np.uint8)
            count, numbers, stats, _ = cv2.connectedComponentsWithStats(part, connectivity=connectivity)
            if (top, end) == (0, len(mask)):
                return cls(np.asarray(numbers, np.int32), np.asarray(stats, np.int32))
            np.add(numbers, before, out=labels[top:end], where=part > 0)
            found.append(np.asarray(stats[1:] + np.array([0, top, 0, 0, 0]), np.int32))
            before += count - 1
        return cls(labels, np.concatenate(found))


def _bands(mask: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """The first row and the end of each part of `mask` that `_APART` or more empty rows divide from the next.

    They begin at even rows, so that the parts in them are numbered as in the whole, two rows at a time.
    """
    rows = np.flatnonzero(mask.any(axis=1))
    if not len(rows):
        return []
    breaks = np.flatnonzero(np.diff(rows) > _APART)
    starts, ends = np.r_[rows[0], rows[breaks + 1]], np.r_[rows[breaks], rows[-1]]
    return [(int(start) // 2 * 2, int(end) + 1) for start, end in zip(starts, ends, strict=True)]


@dataclass(frozen=True)
class Edges:
    """What shapes are found by: `steps` as of `steps_of`, and the `flat` and the `drawn` areas between and on them."""

    steps: npt.NDArray[np.uint8]
    flat: ConnectedPixels
    drawn: ConnectedPixels


def edges_of(image: Image) -> Edges:
    """The edges of an image; needs nothing that is read on it."""
    steps = steps_of(image)
    return Edges(steps, ConnectedPixels.of(steps <= _STEP, 4), ConnectedPixels.of(steps > _DRAWN, 8))


def steps_of(image: Image) -> npt.NDArray[np.uint8]:
    """For each pixel the largest colour difference to the one right of it and below it."""
    out = np.zeros(image.shape[:2], dtype=np.uint8)
    for top in range(0, len(image), _ROWS):
        rows, below = image[top : top + _ROWS], image[top + 1 : top + _ROWS + 1]
        out[top : top + _ROWS, :-1] = _largest(cv2.absdiff(rows[:, 1:], rows[:, :-1]))
        if len(below):
            here = out[top : top + len(below)]
            np.maximum(here, _largest(cv2.absdiff(below, rows[: len(below)])), out=here)
    return out


def _largest(image: npt.NDArray[Any]) -> npt.NDArray[Any]:
    red, green, blue = cv2.split(image)
    return np.asarray(cv2.max(cv2.max(red, green), blue))


def flat_patches(image: Image, flat: ConnectedPixels, unit: float) -> list[FlatArea]:
    """The flat areas that fill a rectangle or a disc: buttons, fields, boxes, panels. From small to large."""
    labels, stats = flat.labels, flat.stats
    small = max(4, int(0.35 * unit))
    boxes = stats[1:, :4]
    sized = (boxes[:, 2] >= small) & (boxes[:, 3] >= max(3, small // 2)) & (stats[1:, 4] >= small * small // 2)
    found = [_patch(image, labels, int(index) + 1, boxes[index]) for index in np.flatnonzero(sized)]
    return sorted((patch for patch in found if patch is not None), key=lambda patch: patch.box.area)


def _patch_inside(image: Image, mine: npt.NDArray[np.bool_], box: npt.NDArray[Any], step: int) -> FlatArea | None:
    """The same for the largest part that is left when what is one or two pixels thin is taken away (frames)."""
    if step > 1 or min(mine.shape) < 8 or mine.mean() < 0.5:
        return None
    thick = cv2.morphologyEx(mine.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(thick, connectivity=4)
    if count < 2:
        return None
    largest = 1 + int(stats[1:, 4].argmax())
    place = stats[largest, :4] + np.array([box[0], box[1], 0, 0])
    if tuple(stats[largest, 2:4]) == tuple(box[2:4]):
        return None
    whole = np.zeros((int(place[1] + place[3]), int(place[0] + place[2])), np.int32)
    y, x = int(box[1]), int(box[0])
    whole[y:, x:] = (labels == largest)[: whole.shape[0] - y, : whole.shape[1] - x]
    return _patch(image, whole, 1, place, thinned=True)


def _patch(
    image: Image, labels: npt.NDArray[Any], label: int, box: npt.NDArray[Any], thinned: bool = False
) -> FlatArea | None:
    x, y, w, h = (int(v) for v in box)
    step = max(1, min(w, h) // 400)
    mine = labels[y : y + h : step, x : x + w : step] == label
    if not _sides(mine):
        return None if thinned else _patch_inside(image, mine, box, step)
    any_row = mine.any(axis=1)
    first, last = mine.argmax(axis=1), mine.shape[1] - mine[:, ::-1].argmax(axis=1)
    solid = float(((last - first) * any_row).sum()) / mine.size
    if solid < 0.72:
        return None
    spot = _middle_pixel(mine)
    colour = image[y + spot[0] * step, x + spot[1] * step]
    rim = max(1, round(0.15 * mine.shape[0]))
    narrow = float((last - first)[[rim, -1 - rim]].mean()) / mine.shape[1] if mine.shape[0] > 2 * rim else 1.0
    disc = 0.8 < w / h < 1.25 and narrow < 0.86
    part = 4 if disc else 8
    middle = mine[
        mine.shape[0] // part : -(mine.shape[0] // part) or None,
        mine.shape[1] // part : -(mine.shape[1] // part) or None,
    ]
    ink = 1 - float(middle.mean()) if middle.size else 0.0
    return FlatArea(Box(x, y, x + w + 1, y + h + 1), disc, ink, (int(colour[0]), int(colour[1]), int(colour[2])))


def _middle_pixel(mine: npt.NDArray[np.bool_]) -> tuple[int, int]:
    """Row and column of the pixel that has as many before it as after it, row by row."""
    upto = np.cumsum(np.count_nonzero(mine, axis=1))
    rank = int(upto[-1]) // 2
    row = int(np.searchsorted(upto, rank, side="right"))
    return row, int(np.flatnonzero(mine[row])[rank - (int(upto[row - 1]) if row else 0)])


def _sides(mine: npt.NDArray[np.bool_]) -> bool:
    """Whether the area reaches the middle of all four sides of its box."""
    h, w = mine.shape
    rows = slice(int(h * 0.4), int(h * 0.6) + 1)
    columns = slice(int(w * 0.4), int(w * 0.6) + 1)
    sides: tuple[Any, ...] = (
        mine[:2, columns].any(axis=0),
        mine[-2:, columns].any(axis=0),
        _upright_side(np.asarray(mine[:, :2].any(axis=1)), rows, w > 2 * h),
        mine[rows, -2:].any(axis=1),
    )
    return all(float(side.mean()) >= 0.75 for side in sides)


def _upright_side(side: npt.NDArray[np.bool_], rows: slice, wide: bool) -> npt.NDArray[np.bool_]:
    """The middle of a left side, or all of it where text that begins close to it hides the middle."""
    return np.ones(1, bool) if wide and float(side.mean()) >= 0.5 and side[1] and side[-2] else side[rows]


def drawings(steps: npt.NDArray[np.uint8], texts: Sequence[Box], patches: Sequence[FlatArea], unit: float) -> list[Box]:
    """Small things drawn that are neither text nor frames."""
    drawn = (steps > _DRAWN).astype(np.uint8)
    for box in texts:
        drawn[max(0, int(box.y1) - 2) : int(box.y2) + 2, max(0, int(box.x1) - 2) : int(box.x2) + 2] = 0
    for upright in (False, True):
        lines = straight_lines(drawn, int(5 * unit), upright)
        drawn[cv2.dilate(lines, np.ones((3, 3), np.uint8)) > 0] = 0
    for patch in patches:
        if 1.2 * unit < min(patch.box.width, patch.box.height) < 12 * unit:
            _erase_frame(drawn, patch.box)
    reach = max(2, int(0.3 * unit))
    joined = cv2.dilate(drawn, np.ones((reach, reach), np.uint8))
    parts = ConnectedPixels.of(joined > 0, 8)
    ink = np.bincount(parts.labels[drawn > 0], minlength=len(parts.stats))
    half, places = reach / 2, parts.stats[1:].astype(float)
    boxes = [Box(x + half, y + half, x + w - half + 1, y + h - half + 1) for x, y, w, h, _ in places]
    return [box for box, amount in zip(boxes, ink[1:], strict=True) if amount >= 6 and box.width > 2 and box.height > 2]


def straight_lines(drawn: npt.NDArray[np.uint8], length: int, upright: bool) -> npt.NDArray[np.uint8]:
    """`drawn` (0 and 1) less what is no straight line of `length` pixels or, at the image's sides, half of that."""
    counts = cv2.reduce(drawn, 0 if upright else 1, cv2.REDUCE_SUM, dtype=cv2.CV_32S).ravel()
    long = np.flatnonzero(counts >= min(length // 2, drawn.shape[0 if upright else 1]))
    out, shape = np.zeros_like(drawn), (length, 1) if upright else (1, length)
    if len(long):
        part = np.ascontiguousarray(drawn[:, long] if upright else drawn[long])
        out[(slice(None), long) if upright else long] = cv2.morphologyEx(part, cv2.MORPH_OPEN, np.ones(shape, np.uint8))
    return out


def _erase_frame(drawn: npt.NDArray[np.uint8], box: Box) -> None:
    x1, y1, x2, y2 = (int(v) for v in box)
    ring = 3
    left, top = max(0, x1 - ring), max(0, y1 - ring)
    drawn[top : y1 + 1, left : x2 + ring] = 0
    drawn[max(0, y2 - 2) : y2 + ring, left : x2 + ring] = 0
    drawn[top : y2 + ring, left : x1 + 1] = 0
    drawn[top : y2 + ring, max(0, x2 - 2) : x2 + ring] = 0


def outlined(image: Image, drawn: ConnectedPixels, unit: float) -> list[FlatArea]:
    """Small squares and rings with a drawn outline, whatever is drawn inside them. From small to large."""
    labels, stats = drawn.labels, drawn.stats
    w, h = stats[:, 2] / unit, stats[:, 3] / unit
    fit = (np.minimum(w, h) > 0.65) & (np.maximum(w, h) < 2.5) & (np.abs(w - h) < 0.2 * np.maximum(w, h))
    found = []
    for index in np.flatnonzero(fit):
        x, y, bw, bh, _ = (int(v) for v in stats[index])
        mine = labels[y : y + bh, x : x + bw] == index
        box = Box(x, y, x + bw + 1, y + bh + 1)
        sided = all(float(side.mean()) > 0.75 for side in _outline_sides(mine)) and _has_corners(mine)
        ring = _is_ring(mine)
        if index and (sided or ring):
            square = sided and not (_cut_corners(image, box) and (ring or bw < _TINY))
            found.append(FlatArea(box, not square, _inner_ink(image, box), _middle_colour(image, box)))
    return sorted(found, key=lambda patch: patch.box.area)


def _outline_sides(mine: npt.NDArray[np.bool_]) -> list[Any]:
    rows, columns = (
        slice(mine.shape[0] // 6, -(mine.shape[0] // 6) or None),
        slice(mine.shape[1] // 6, -(mine.shape[1] // 6) or None),
    )
    return [
        mine[:2, columns].any(axis=0),
        mine[-2:, columns].any(axis=0),
        mine[rows, :2].any(axis=1),
        mine[rows, -2:].any(axis=1),
    ]


def _has_corners(mine: npt.NDArray[np.bool_]) -> bool:
    size = max(2, int(0.12 * min(mine.shape)))
    corners = (mine[:size, :size], mine[:size, -size:], mine[-size:, :size], mine[-size:, -size:])
    return sum(bool(corner.any()) for corner in corners) >= 3


def _cut_corners(image: Image, box: Box) -> bool:
    """Whether the colour around the box is also that in its corners: it holds a disc and no square."""
    inset = max(1, round(0.11 * box.width))
    x1, y1, x2, y2 = int(box.x1) + inset, int(box.y1) + inset, int(box.x2) - 1 - inset, int(box.y2) - 1 - inset
    outer = ring_colour(image, box.grown(2))
    corners = image[[y1, y1, y2, y2], [x1, x2, x1, x2]].astype(float)
    return int((np.abs(corners - outer).max(axis=1) < 16).sum()) >= 3


def _is_ring(mine: npt.NDArray[np.bool_]) -> bool:
    thick = np.pad(cv2.dilate(mine.astype(np.uint8), np.ones((3, 3), np.uint8)), 2)
    h, w = mine.shape
    angles = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    ys = np.round(2 + (h - 1) / 2 * (1 + 0.96 * np.sin(angles))).astype(int)
    xs = np.round(2 + (w - 1) / 2 * (1 + 0.96 * np.cos(angles))).astype(int)
    return bool(thick[ys, xs].mean() > 0.93)


def _inner(image: Image, box: Box) -> Image:
    dx, dy = box.width * 0.27, box.height * 0.27
    return np.ascontiguousarray(image[int(box.y1 + dy) : int(box.y2 - dy) + 1, int(box.x1 + dx) : int(box.x2 - dx) + 1])


def _inner_ink(image: Image, box: Box) -> float:
    """How much of the inside differs from the colour at its own rim."""
    core = _inner(image, box).astype(np.float32)
    rim = np.median(np.concatenate([core[0], core[-1], core[:, 0], core[:, -1]]), axis=0)
    return float((np.abs(core - rim).max(axis=2) > 40).mean())


def _middle_colour(image: Image, box: Box) -> tuple[int, int, int]:
    red, green, blue = np.median(_inner(image, box).reshape(-1, 3), axis=0)
    return int(red), int(green), int(blue)


def ring_colour(image: Image, box: Box) -> npt.NDArray[np.float64]:
    """Median colour along the outline of the box."""
    height, width = image.shape[:2]
    x1, y1 = int(np.clip(box.x1, 0, width - 1)), int(np.clip(box.y1, 0, height - 1))
    x2, y2 = int(np.clip(box.x2, 0, width - 1)), int(np.clip(box.y2, 0, height - 1))
    parts = [image[y1, x1 : x2 + 1], image[y2, x1 : x2 + 1], image[y1 : y2 + 1, x1], image[y1 : y2 + 1, x2]]
    return np.asarray(np.median(np.concatenate(parts), axis=0), dtype=np.float64)
