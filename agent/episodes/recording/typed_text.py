"""`text_visibility`: whether typed text appeared on the screen as text, as a row of dots, or not at all.

Where equal marks (•••, ***) or nothing appear, the text may be a password; `agent.episodes.recording.privacy` then
does not store it.
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

TextVisibility = Literal["shown", "hidden", "unseen"]
SHORT = 4
"""A shorter text that does not appear is taken for key commands of a program, not for a password."""
_FAINT = 24  # grey levels
_CORE = 0.4  # share of the strongest change; weaker ones are the blurred edges that would join letters
_CARETS = 2  # one caret gone and one new; more thin marks are the letters l and i
_TALL = 72  # pixels of the tallest mark
_ALIKE = 0.82  # share of pixels that two equal marks share
_SHARE = 0.4  # of the characters that must be seen

_Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class _InkMark:
    """A connected piece of new ink: its box in pixels, and its pixels."""

    x: int
    y: int
    width: int
    height: int
    ink: _Mask

    @property
    def middle(self) -> float:
        return self.y + self.height / 2


def text_visibility(before: Pixels, after: Sequence[Pixels], text: str) -> TextVisibility:
    """How `text` appears in the pictures `after` (in order, while it was typed), compared with the one `before`.

    Pictures are height x width x 3 or 4; those of another size than `before` are skipped.
    """
    found: TextVisibility = "unseen"
    for picture in after:
        marks = _marks(before, picture)
        if _dots(marks, text):
            return "hidden"
        if _seen(marks, text):
            found = "shown"
    return found


def _marks(before: Pixels, after: Pixels) -> list[_InkMark]:
    """The connected pieces drawn in `after` and not in `before`, without carets."""
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
            marks += _split(_InkMark(x, y, width, height, labels[y : y + height, x : x + width] == n))
    carets = [mark for mark in marks if mark.width <= 3 and mark.height >= 3 * mark.width]
    return marks if len(carets) > _CARETS else [mark for mark in marks if mark not in carets]


def _split(mark: _InkMark) -> list[_InkMark]:
    """The parts of a mark that is a row of equal touching signs; any other mark as it is."""
    for count in range(2, int(mark.width / (0.7 * mark.height)) + 1 if mark.height >= 4 else 0):
        edges = [round(n * mark.width / count) for n in range(count + 1)]
        parts = [mark.ink[:, a:b] for a, b in pairwise(edges)]
        if mark.width / count > 1.6 * mark.height or not all(part.any() for part in parts):
            continue
        small = [_small(part) for part in parts]
        if max(float(np.mean(np.abs(one - small[0]))) for one in small) <= 1 - _ALIKE:
            return [
                _InkMark(mark.x + a, mark.y, b - a, mark.height, part)
                for a, b, part in zip(edges, edges[1:], parts, strict=False)
            ]
    return [mark]


def _small(ink: _Mask) -> npt.NDArray[np.float32]:
    return np.asarray(cv2.resize(ink.astype(np.float32), (12, 12), interpolation=cv2.INTER_AREA), np.float32)


def _dots(marks: list[_InkMark], text: str) -> bool:
    """Whether `text` appeared as a row of equal marks."""
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


def _near(first: _InkMark, row: Sequence[_InkMark], mark: _InkMark) -> bool:
    """Whether `mark` is where a letter of the same text would be: the dots of an ü have a u below them."""
    tall = first.height
    left, right = min(one.x for one in row) - 3 * tall, max(one.x + one.width for one in row) + 3 * tall
    return abs(mark.middle - first.middle) <= 3.5 * tall + 8 and left <= mark.x <= right


def _alike(a: _InkMark, b: _InkMark) -> bool:
    """Whether both show the same sign, at other fractions of a pixel."""
    if abs(a.width - b.width) > 1 or abs(a.height - b.height) > 1 or abs(a.middle - b.middle) > 1:
        return False
    if a.ink.shape == b.ink.shape and np.mean(a.ink == b.ink) >= _ALIKE:
        return True
    return bool(np.mean(np.abs(_small(a.ink) - _small(b.ink))) <= 1 - _ALIKE)


def _evenly(row: list[_InkMark]) -> bool:
    """Whether the marks are evenly spaced."""
    if len(row) < 3:
        return bool(row)
    steps = np.diff(sorted(mark.x for mark in row))
    return bool(steps.max() - steps.min() <= max(2.0, 0.35 * float(np.median(steps))))


def _solid(mark: _InkMark) -> bool:
    """Whether it is a filled round or square spot; no letter is."""
    ratio = mark.width / mark.height
    return 0.66 <= ratio <= 1.5 and mark.width >= 3 and float(mark.ink.mean()) >= 0.68


def _seen(marks: list[_InkMark], text: str) -> bool:
    """Whether enough marks have appeared for the letters of `text`. Text of blanks only counts as seen."""
    letters = len("".join(text.split()))
    if not letters:
        return True
    return len(marks) >= max(1 if letters < SHORT else 2, round(_SHARE * letters))
