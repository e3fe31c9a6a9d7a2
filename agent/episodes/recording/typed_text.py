"""What a screen shows for the keys that were pressed: the text, a row of dots, or nothing.

A text is stored only where something like it was seen to appear. Where equal marks appear instead (•••, ***), or
nothing at all, it may be a password, and nobody may read it in the record.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt

from envs.settle import Pixels

Echo = Literal["shown", "hidden", "unseen"]
SHORT = 4
"""Characters below which keys that show nothing are commands of a program rather than a password."""
_FAINT = 24  # grey levels
_CORE = 0.4  # share of the strongest change: the blurred edges of letters are left out, which would join them
_CARETS = 2  # a caret that went and one that came; more of them are the letters l and i
_TALL = 72  # pixels of the tallest mark
_ALIKE = 0.82  # share of pixels that two equal marks share
_SHARE = 0.4  # of the characters that must be seen

_Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class _EchoMark:
    x: int
    y: int
    width: int
    height: int
    ink: _Mask

    @property
    def middle(self) -> float:
        return self.y + self.height / 2


def echo_of(before: Pixels, after: Sequence[Pixels], text: str) -> Echo:
    """What the pictures `after` (in order, while `text` was typed) show that the one `before` does not.

    Pictures are height x width x 3 or 4. A picture of another size says nothing.
    """
    found: Echo = "unseen"
    for picture in after:
        marks = _marks(before, picture)
        if _dots(marks, text):
            return "hidden"
        if _seen(marks, text):
            found = "shown"
    return found


def _marks(before: Pixels, after: Pixels) -> list[_EchoMark]:
    """What is drawn in `after` that was not in `before`, piece by piece; carets are left out."""
    if before.shape != after.shape:
        return []
    grey = [cv2.cvtColor(np.ascontiguousarray(p[..., :3]), cv2.COLOR_BGR2GRAY) for p in (before, after)]
    change = cv2.absdiff(grey[0], grey[1])
    differs = (change > max(_FAINT, _CORE * int(change.max()))).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(differs, connectivity=8)
    marks = []
    for n in range(1, min(count, 4000)):
        x, y, width, height, area = (int(v) for v in stats[n])
        if height <= _TALL and width <= 4 * _TALL and area >= 3:
            marks += _split(_EchoMark(x, y, width, height, labels[y : y + height, x : x + width] == n))
    carets = [mark for mark in marks if mark.width <= 3 and mark.height >= 3 * mark.width]
    return marks if len(carets) > _CARETS else [mark for mark in marks if mark not in carets]


def _split(mark: _EchoMark) -> list[_EchoMark]:
    """Equal signs that touch each other, one by one; anything else as it is."""
    for count in range(2, int(mark.width / (0.7 * mark.height)) + 1 if mark.height >= 4 else 0):
        edges = [round(n * mark.width / count) for n in range(count + 1)]
        parts = [mark.ink[:, a:b] for a, b in pairwise(edges)]
        if mark.width / count > 1.6 * mark.height or not all(part.any() for part in parts):
            continue
        small = [_small(part) for part in parts]
        if max(float(np.mean(np.abs(one - small[0]))) for one in small) <= 1 - _ALIKE:
            return [
                _EchoMark(mark.x + a, mark.y, b - a, mark.height, part)
                for a, b, part in zip(edges, edges[1:], parts, strict=False)
            ]
    return [mark]


def _small(ink: _Mask) -> npt.NDArray[np.float32]:
    return np.asarray(cv2.resize(ink.astype(np.float32), (12, 12), interpolation=cv2.INTER_AREA), np.float32)


def _dots(marks: list[_EchoMark], text: str) -> bool:
    """Whether a row of equal marks stands for `text`."""
    same = len(set(text)) == 1
    if same and not text[0].isalnum():
        return False
    least = max(1 if len(text) < 3 else 2, round(_SHARE * len(text)))
    for first in marks:
        row = [mark for mark in marks if _alike(first, mark)]
        line = [mark for mark in marks if _near(first, row, mark)]
        whole = least <= len(row) <= len(text) + 1 and len(row) >= 0.8 * len(line)
        told = _solid(first) or (len(row) >= 3 and not same)
        if whole and told and _evenly(row):
            return True
    return False


def _near(first: _EchoMark, row: Sequence[_EchoMark], mark: _EchoMark) -> bool:
    """Whether `mark` stands where a letter of the same text would: the dots of an ü have their u beneath them."""
    tall = first.height
    left, right = min(one.x for one in row) - 3 * tall, max(one.x + one.width for one in row) + 3 * tall
    return abs(mark.middle - first.middle) <= 3.5 * tall + 8 and left <= mark.x <= right


def _alike(a: _EchoMark, b: _EchoMark) -> bool:
    """Whether both are one sign, drawn to other fractions of a pixel."""
    if abs(a.width - b.width) > 1 or abs(a.height - b.height) > 1 or abs(a.middle - b.middle) > 1:
        return False
    if a.ink.shape == b.ink.shape and np.mean(a.ink == b.ink) >= _ALIKE:
        return True
    return bool(np.mean(np.abs(_small(a.ink) - _small(b.ink))) <= 1 - _ALIKE)


def _evenly(row: list[_EchoMark]) -> bool:
    """Whether the marks stand at even steps."""
    if len(row) < 3:
        return bool(row)
    steps = np.diff(sorted(mark.x for mark in row))
    return bool(steps.max() - steps.min() <= max(2.0, 0.35 * float(np.median(steps))))


def _solid(mark: _EchoMark) -> bool:
    """Whether it is a filled round or square spot, as no letter is."""
    ratio = mark.width / mark.height
    return 0.66 <= ratio <= 1.5 and mark.width >= 3 and float(mark.ink.mean()) >= 0.68


def _seen(marks: list[_EchoMark], text: str) -> bool:
    """Whether as much has appeared as the letters of `text` need; blanks are nothing to see."""
    letters = len("".join(text.split()))
    if not letters:
        return True
    return len(marks) >= max(1 if letters < SHORT else 2, round(_SHARE * letters))
