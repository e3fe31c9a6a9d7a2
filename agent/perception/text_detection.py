"""The places of text on an image: regions with content, rows found by the PP-OCR detector, rows split at wide gaps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import cv2
import numpy as np
import numpy.typing as npt

from actions.frame import Box
from agent.perception.images import ink_mask, pixel_bounds
from agent.perception.ocr_models import run
from agent.perception.shapes import straight_lines
from envs.env import Image

_INK = 0.3  # probability above which the detector calls a pixel text
_BOX = 0.45  # mean probability a found row must have
_GROW = 0.35, 0.5  # the detector's rows end at the ink: grown by this share of their height, sideways and upwards
_GAPS = 40, 28, 20  # empty pixels between two regions; the next where a region is large
_LARGE = 150_000  # pixels, as the detector gets them, from which a region is large
_FRAME = 90  # a straight line of so many pixels is a frame
_WIDE_GAP = 0.95  # a gap wider than this many ink heights ends a word group


def content_regions(image: Image, scale: float = 1.0) -> list[Box]:
    """The parts of the image where something is drawn, cut apart where empty pixels lie between: fewer in large parts.

    Long straight lines are the frames of windows and panels and count as empty. `scale` is the detector's.
    """
    gray = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    edges = (cv2.morphologyEx(gray, cv2.MORPH_GRADIENT, np.ones((2, 2), np.uint8)) > 16).astype(np.uint8)
    for upright in (False, True):
        edges[straight_lines(edges, _FRAME, upright) > 0] = 0
    return [*_regions(edges > 0, 0, 0, _GAPS, _LARGE / scale**2)]


def _regions(ink: npt.NDArray[np.bool_], left: int, top: int, gaps: Sequence[int], large: float) -> Iterator[Box]:
    for box in _cut(ink, left, top, gaps[0], 8):
        if box.area > large and len(gaps) > 1:
            x1, y1, x2, y2 = (int(v) for v in (box.x1 - left, box.y1 - top, box.x2 - left, box.y2 - top))
            yield from _regions(ink[y1:y2, x1:x2], int(box.x1), int(box.y1), gaps[1:], large)
        else:
            yield box.grown(min(16, gaps[0] // 2))


def _cut(ink: npt.NDArray[np.bool_], left: int, top: int, gap: int, depth: int) -> Iterator[Box]:
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    if not len(rows):
        return
    for first, last in _runs(rows, gap):
        band = ink[first : last + 1]
        for start, end in _runs(np.flatnonzero(band.any(axis=0)), gap):
            whole = (last - first + 1, end - start + 1) == (rows[-1] - rows[0] + 1, columns[-1] - columns[0] + 1)
            if whole or depth == 0:
                yield Box(left + start, top + first, left + end + 1, top + last + 1)
            else:
                yield from _cut(band[:, start : end + 1], left + start, top + first, gap, depth - 1)


def _runs(places: npt.NDArray[np.intp], gap: int) -> list[tuple[int, int]]:
    if not len(places):
        return []
    breaks = np.flatnonzero(np.diff(places) > gap)
    starts, ends = np.r_[places[0], places[breaks + 1]], np.r_[places[breaks], places[-1]]
    return [(int(a), int(b)) for a, b in zip(starts, ends, strict=True)]


def detection_scale(width: int, height: int) -> float:
    """How much to shrink an image before looking for rows: phones draw their text at two to three times the size."""
    return min(1.0, 640 / width) if height > 1.3 * width and width >= 700 else 1.0


def find_rows(image: Image, scale: float = 1.0) -> list[Box]:
    """Boxes (pixels of `image`) around rows of text."""
    height, width = image.shape[:2]
    size = [max(32, round(side * scale / 32 + 0.49) * 32) for side in (width, height)]
    resized = cv2.resize(image, (size[0], size[1]), interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    batch = (resized[:, :, ::-1].astype(np.float32) / 127.5 - 1).transpose(2, 0, 1)[None]
    heat = run("det", np.ascontiguousarray(batch))[0, 0]
    return [
        Box(
            max(0, b.x1 * width / size[0]),
            max(0, b.y1 * height / size[1]),
            min(width, b.x2 * width / size[0]),
            min(height, b.y2 * height / size[1]),
        )
        for b in _blobs(heat)
    ]


def _blobs(heat: npt.NDArray[np.float32]) -> Iterator[Box]:
    mask = cv2.dilate((heat > _INK).astype(np.uint8), np.ones((2, 2), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    sums = np.bincount(labels.ravel(), weights=heat.ravel(), minlength=count)
    for index in range(1, count):
        x, y, w, h, area = (int(v) for v in stats[index])
        if min(w, h) >= 3 and sums[index] / area >= _BOX:
            across, along = max(3.0, _GROW[0] * h), max(2.0, _GROW[1] * h)
            yield Box(x - across, y - along, x + w + across, y + h + along)


def split_row(image: Image, row: Box) -> list[Box]:
    """The row's ink, cut where gaps are wide: the entries of a menu bar are one row but several word groups.

    A row on an uneven background is returned whole.
    """
    x1, y1, x2, y2 = pixel_bounds(row, image)
    ink = ink_mask(image[y1:y2, x1:x2])
    if ink is None or not ink.any():
        return [Box(x1, y1, x2, y2)]
    ink, walls = _without_frames(ink)
    walls |= _steps_of_back(image[y1:y2, x1:x2])
    tall = max(6, int(ink.any(axis=1).sum()))
    parts = [part for a, b in _between(walls) for part in _spans(ink[:, a:b], a, max(6, int(_WIDE_GAP * tall)))]
    return [box for a, b in parts if (box := _tight(ink, x1, y1, a, b)).height >= 2 and box.width >= 2]


def _steps_of_back(crop: Image) -> npt.NDArray[np.bool_]:
    """Columns where the background above and below the text changes for good: a field begins or ends."""
    margin = max(1, crop.shape[0] // 6)
    rows = np.concatenate([crop[:margin], crop[-margin:]]).astype(np.float32).mean(axis=2)
    back = np.median(rows, axis=0)
    steps = np.zeros(len(back), dtype=bool)
    for x in np.flatnonzero(np.abs(np.diff(back)) > 12):
        left, right = back[max(0, x - 12) : max(1, x - 1)], back[x + 3 : x + 15]
        if len(right) and np.ptp(left) < 3 and np.ptp(right) < 3 and abs(float(left.mean() - right.mean())) > 12:
            steps[x] = True
    return steps


def _without_frames(ink: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Ink less what runs out of the row above or below (frames, neighbouring rows), and where frames divide it."""
    height, width = ink.shape
    count, labels, stats, _ = cv2.connectedComponentsWithStats(ink.astype(np.uint8), connectivity=8)
    top, bottom = np.zeros(count, dtype=bool), np.zeros(count, dtype=bool)
    top[labels[0]] = bottom[labels[-1]] = True
    out = ((top | bottom) & (stats[:, 3] < 0.25 * height)) | (top & bottom) | (stats[:, 2] > max(24, 3 * height))
    hollow = (stats[:, 2] > 1.2 * height) & (stats[:, 3] > 0.55 * height)
    out |= hollow & (stats[:, 4] < 0.4 * stats[:, 2] * stats[:, 3])
    thin = max(2, int(0.1 * height))
    level = (stats[:, 3] <= thin) & (stats[:, 2] > 1.2 * height)
    upright = (stats[:, 2] <= thin) & (stats[:, 3] > 0.6 * height)
    corners = np.r_[stats[level, 0], stats[level, 0] + stats[level, 2]]
    out |= level
    out |= upright & (np.abs(stats[:, :1] - corners[None, :]) <= 5).any(axis=1)
    at_side = (stats[:, 0] == 0) | (stats[:, 0] + stats[:, 2] == width)
    letters = int(stats[1:][~(out | at_side)[1:], 3].max(initial=0))
    for n in map(int, np.flatnonzero(at_side & ~out & (stats[:, 3] > max(0.55 * height, 1.2 * letters)))):
        x, y, w, h = (int(side) for side in stats[n, :4])
        part = np.asarray(labels[y : y + h, x : x + w] == n)
        out[n] = w <= thin or _is_end_of_frame(part[:, ::-1] if x == 0 else part, thin)
    out[0] = False
    rest = ink & ~out[labels]
    frames = out & (stats[:, 2] > 2 * height) & (stats[:, 3] > 0.55 * height)
    for n in map(int, np.flatnonzero(frames & (stats[:, 4] < 0.35 * stats[:, 2] * stats[:, 3]))):
        rest |= _touching_letters(np.asarray(labels == n), thin)
    walls = np.zeros(width, dtype=bool)
    if rest.sum() < 0.4 * ink[height // 4 : -height // 4 or None].sum():
        return ink, walls
    tall = out & (stats[:, 3] > 0.55 * height)
    walls[(tall[labels] & (_upright(ink, height))).any(axis=0)] = True
    return rest, walls


def _touching_letters(frame: npt.NDArray[np.bool_], thin: int) -> npt.NDArray[np.bool_]:
    """What of the ink of a frame is neither its lines nor its ends: letters whose tails touch it."""
    height, columns = len(frame), np.flatnonzero(frame.any(axis=0))
    line = np.ones((1, 2 * height), np.uint8)
    left = frame & ~(cv2.morphologyEx(frame.astype(np.uint8), cv2.MORPH_OPEN, line) > 0)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(left.astype(np.uint8), connectivity=8)
    ends = stats[:, 0] - columns[0], columns[-1] + 1 - stats[:, 0] - stats[:, 2]
    letters = (np.minimum(*ends) > thin) & (stats[:, 3] > 0.35 * height)
    letters[0] = False
    return np.asarray(letters[labels])


def _is_end_of_frame(part: npt.NDArray[np.bool_], thin: int) -> bool:
    """Whether a part of the ink is a bracket of thin lines, open at the right: the left end of a frame."""
    if len(part) <= 3 * thin:
        return False
    level = part[:thin].any(axis=0).mean(), part[-thin:].any(axis=0).mean()
    side, inside = part[:, :thin].any(axis=1).mean(), part[thin:-thin, thin:].mean()
    return bool(min(level) > 0.8 and side > 0.8 and inside == 0)


def _upright(ink: npt.NDArray[np.bool_], height: int) -> npt.NDArray[np.bool_]:
    kernel = np.ones((max(3, int(0.55 * height)), 1), np.uint8)
    return np.asarray(cv2.morphologyEx(ink.astype(np.uint8), cv2.MORPH_OPEN, kernel) > 0, dtype=bool)


def _between(walls: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    return [(a, b + 1) for a, b in _runs(np.flatnonzero(~walls), 1)]


def _spans(ink: npt.NDArray[np.bool_], left: int, gap: int) -> list[tuple[int, int]]:
    return [(left + a, left + b) for a, b in _runs(np.flatnonzero(ink.any(axis=0)), gap)]


def _tight(ink: npt.NDArray[np.bool_], left: int, top: int, start: int, end: int) -> Box:
    rows = np.flatnonzero(ink[:, start : end + 1].any(axis=1))
    return Box(left + start, top + int(rows[0]), left + end + 1, top + int(rows[-1]) + 1)


def word_groups(part: Image, scale: float) -> list[Box]:
    """Boxes of word groups: rows found at `scale`, split at wide gaps."""
    return [box for row in find_rows(part, scale) for box in split_row(part, row)]
