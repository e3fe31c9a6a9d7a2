"""Finding a recorded place by its pixels, at its old place or moved as a whole.

This is exact and fast, and fails for another theme or text size: `agent.episodes.replay.text_match` handles those.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from actions.frame import Box, Point
from envs.differences import bounding_box, differing, regions
from envs.env import Image

Shift = tuple[int, int]
"""The offset (x, y) in pixels from the recorded place."""

_JOIN = 6  # half the distance in pixels of changes that are one region
LEVEL = 24
"""Levels (0 to 255) up to which two pixels are the same."""
CARET = (4, 64)
"""The largest text caret, width and height in pixels; it is ignored, since it blinks."""
_SURROUNDINGS = (240, 100)
"""Half the width and height of what must be the same around a point, pixels."""
_CLOSE = (64, 24)
"""Half the width and height of what must match exactly in any case."""
_ROW, _PHONE_ROW = (400, 24), (4000, 72)
"""Half the width and height of a target's row, on a landscape and on a portrait screen."""
_MOSTLY = 0.75
"""The share of the drawn pixels that must match farther away, where lists and clocks may differ."""
_LEAST_INK = 60
"""The least drawn pixels of a part that is searched for: a blank part matches anywhere."""


def changes(before: Image, after: Image) -> list[Box]:
    """The boxes of what changed between two pictures, without carets; all of it for another size."""
    if before.shape != after.shape:
        return [Box(0, 0, after.shape[1], after.shape[0])]
    return [box for box in regions(differing(before, after, LEVEL), _JOIN) if not _is_caret(box)]


def _is_caret(box: Box) -> bool:
    return box.width <= CARET[0] and box.height <= CARET[1]


def alike(a: Image, b: Image) -> bool:
    """Whether two pictures of one size differ by at most one caret."""
    box = bounding_box(differing(a, b, LEVEL))
    return box is None or _is_caret(box)


@dataclass(frozen=True)
class _Part:
    """A part of the recorded picture, in whole pixels."""

    x1: int
    y1: int
    x2: int
    y2: int

    @classmethod
    def around(cls, box: Box, half: tuple[int, int], size: tuple[int, int]) -> _Part:
        x1, y1 = max(0, int(box.x1) - half[0]), max(0, int(box.y1) - half[1])
        return cls(x1, y1, min(size[0], int(box.x2) + half[0]), min(size[1], int(box.y2) + half[1]))

    def within(self, image: Image, shift: Shift) -> _Part:
        """The part of it that lies on `image` at `shift`."""
        dx, dy = shift
        x1, y1 = max(self.x1, -dx), max(self.y1, -dy)
        return _Part(x1, y1, max(x1, min(self.x2, image.shape[1] - dx)), max(y1, min(self.y2, image.shape[0] - dy)))

    def of(self, image: Image, shift: Shift = (0, 0)) -> Image | None:
        """The part of `image` at `shift`; None where it leaves the image."""
        dx, dy = shift
        if self.x1 + dx < 0 or self.y1 + dy < 0 or self.x2 + dx > image.shape[1] or self.y2 + dy > image.shape[0]:
            return None
        return image[self.y1 + dy : self.y2 + dy, self.x1 + dx : self.x2 + dx]


def find(recorded: Image, at: Box, seen: Image, guesses: Sequence[Shift]) -> Shift | None:
    """The shift of what surrounds `at` on the `recorded` screen to the one `seen`.

    Tried at each of `guesses`, then everywhere. The close surroundings and the row must match exactly, since rows of a
    list may differ in their names only; of the wider surroundings the share `_MOSTLY`. None for no match, several
    matches, or surroundings with too little drawn.
    """
    size = recorded.shape[1], recorded.shape[0]
    whole, close = _Part.around(at, _SURROUNDINGS, size), _Part.around(at, _CLOSE, size)
    row = _Part.around(at, _ROW if size[0] > size[1] else _PHONE_ROW, size)
    wanted = whole.of(recorded)
    if wanted is None or _ink(wanted).sum() < _LEAST_INK:
        return None

    def fits(shift: Shift) -> bool:
        level = row.within(seen, shift)
        exact = _fits(recorded, close, seen, shift) and _fits(recorded, level, seen, shift)
        return exact and _mostly(recorded, whole, seen, shift)

    for shift in dict.fromkeys(guesses):
        if fits(shift):
            return shift
    found = [shift for shift in _everywhere(recorded, whole, close, seen) if fits(shift)]
    return found[0] if len(found) == 1 else None


def _mostly(recorded: Image, part: _Part, seen: Image, shift: Shift) -> bool:
    """Whether the share `_MOSTLY` of what is drawn in a part matches, on either screen."""
    part = part.within(seen, shift)
    wanted, there = part.of(recorded), part.of(seen, shift)
    if wanted is None or there is None or not wanted.size:
        return False
    same = ~differing(wanted, there, LEVEL)
    inks = _ink(wanted), _ink(there)
    return all(not ink.any() or float(same[ink].mean()) >= _MOSTLY for ink in inks)


def _fits(recorded: Image, part: _Part, seen: Image, shift: Shift) -> bool:
    wanted, there = part.of(recorded), part.of(seen, shift)
    return wanted is not None and there is not None and alike(wanted, there)


def _ink(part: Image) -> npt.NDArray[np.bool_]:
    gray = cv2.cvtColor(np.ascontiguousarray(part), cv2.COLOR_RGB2GRAY)
    return np.asarray(cv2.morphologyEx(gray, cv2.MORPH_GRADIENT, np.ones((2, 2), np.uint8)) > 2 * LEVEL)


def _everywhere(recorded: Image, whole: _Part, part: _Part, seen: Image) -> list[Shift]:
    """Candidates for the shift of the part on the screen, best first."""
    middle = part.of(recorded)
    if middle is None or _ink(middle).sum() < _LEAST_INK:
        part, middle = whole, whole.of(recorded)
    if middle is None or middle.shape[0] > seen.shape[0] or middle.shape[1] > seen.shape[1]:
        return []
    gray, small = (cv2.cvtColor(np.ascontiguousarray(i), cv2.COLOR_RGB2GRAY) for i in (seen, middle))
    off = cv2.matchTemplate(gray, small, cv2.TM_SQDIFF) / small.size
    found = []
    for _ in range(6):
        y, x = np.unravel_index(int(off.argmin()), off.shape)
        if off[y, x] > 60:
            break
        found.append((int(x) - part.x1, int(y) - part.y1))
        off[max(0, y - 3) : y + 4, max(0, x - 3) : x + 4] = np.inf
    return found


def same_at(recorded: Image, boxes: Sequence[Box], seen: Image, shift: Shift) -> bool:
    """Whether each of `boxes` of the `recorded` screen matches the one `seen` at `shift`.

    Small ones must match exactly, large ones (a dialog with a list of files) mostly.
    """
    size = recorded.shape[1], recorded.shape[0]
    for box in boxes:
        part, large = _Part.around(box, (2, 2), size), box.width > 200 and box.height > 100
        if not (_mostly if large else _fits)(recorded, part, seen, shift):
            return False
    return True


def find_drawing(recorded: Image, at: Point, seen: Image, near: Point, reach: float, unit: float) -> Point | None:
    """The place of the small drawing at `at` within `reach` pixels of `near`, at any of `_SCALES`.

    `unit` is the height of text, which sets the size of the drawing. None for nothing drawn, no match or several.
    """
    half = (max(12, int(1.6 * unit)), max(9, int(1.1 * unit)))
    wanted = _Part.around(Box(*at, *at), half, (recorded.shape[1], recorded.shape[0])).of(recorded)
    x1, y1 = max(0, int(near.x - reach)), max(0, int(near.y - reach))
    area = seen[y1 : int(near.y + reach), x1 : int(near.x + reach)]
    if wanted is None or not area.size or _ink(wanted).sum() < _LEAST_INK // 3:
        return None
    found = [_best(wanted, area, scale) for scale in _SCALES]
    score, second, spot = max(found)
    if score < _LIKE or second > score - 0.05:
        return None
    return Point(x1 + spot[0], y1 + spot[1])


_SCALES = (1.0, 0.8, 1.15, 1.3, 1.5, 2.0)
_LIKE = 0.85


def _best(wanted: Image, area: Image, scale: float) -> tuple[float, float, tuple[float, float]]:
    """The best and second best correlation (-1 to 1) in `area` at one scale, and the middle of the best."""
    size = max(6, round(wanted.shape[1] * scale)), max(6, round(wanted.shape[0] * scale))
    if size[0] > area.shape[1] or size[1] > area.shape[0]:
        return -1.0, -1.0, (0.0, 0.0)
    drawn = cv2.resize(wanted, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    like = cv2.matchTemplate(np.ascontiguousarray(area), drawn, cv2.TM_CCOEFF_NORMED)
    y, x = (int(v) for v in np.unravel_index(int(like.argmax()), like.shape))
    score = float(like[y, x])
    like[max(0, y - size[1] // 2) : y + size[1] // 2 + 1, max(0, x - size[0] // 2) : x + size[0] // 2 + 1] = -1
    return score, float(like.max()), (x + size[0] / 2, y + size[1] / 2)


def track(image: Image, point: Point, level: bool) -> tuple[int, int] | None:
    """The ends of the unbroken line drawn through `point`, horizontal or (not `level`) vertical: a slider's track.

    None where nothing is drawn there.
    """
    turned = image if level else image.transpose(1, 0, 2)
    x, y = (int(point.x), int(point.y)) if level else (int(point.y), int(point.x))
    if not (_BESIDE <= y < turned.shape[0] - _BESIDE and 0 <= x < turned.shape[1]):
        return None
    line, ground = turned[y].astype(int), (turned[y - _BESIDE].astype(int), turned[y + _BESIDE].astype(int))
    drawn = np.minimum(*(np.abs(line - side).max(axis=1) for side in ground)) > LEVEL // 2
    joined = cv2.morphologyEx(drawn.astype(np.uint8)[None], cv2.MORPH_CLOSE, np.ones((1, 5), np.uint8))[0] > 0
    if not joined[x]:
        return None
    gaps = np.flatnonzero(~joined)
    left, right = gaps[gaps < x], gaps[gaps > x]
    return int(left[-1]) + 1 if len(left) else 0, int(right[0]) if len(right) else len(joined)


_BESIDE = 14
"""The distance from a track in pixels at which its background is sampled."""
