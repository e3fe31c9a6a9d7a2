"""`Masks`: where a typed secret is visible on a screen, and blacking it out.

A part of a picture is masked by any of three rules:

* **typed**: every part that changed while a value was typed, for as long as its surroundings or its pixels are there;
* **moved**: where those pixels are no longer there, they are searched for in the whole picture, so that a moved window
  or a scrolled page is masked at its new place;
* **read**: text that reads like the value or like most of it, or holds a piece of it (at least four letters and two
  fifths), is masked wherever it is.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

import cv2
import numpy as np
import numpy.typing as npt
from rapidfuzz import fuzz

from actions.frame import Box
from envs.differences import differing, regions
from envs.env import Image

if TYPE_CHECKING:
    from agent.perception.ocr import TextReader

Reading = tuple[Box, str, tuple[float, ...]]
"""A line of text: its box in pixels, the text, and the x of each character (may be empty)."""
JOINED = 8
"""Changed pixels at most twice this far apart are one mask."""
MARGIN = 4
"""Pixels that a mask extends beyond what changed."""
RING = 10
"""Pixels around a mask that are compared to tell whether its field is still there."""
SAME = 24
"""Grey levels up to which two pixels are the same."""
_LIKE = 0.8  # correlation of typed pixels found again
_READS = 80  # similarity in percent of read text with the value
_MOST = 0.6  # share of the value's length that read text must have
_PIECE = 0.4  # share of the value that must not be visible: a truncated title, a half covered word

_Grey = npt.NDArray[np.uint8]


def read_text(image: Image) -> Iterable[Reading]:
    """The lines of text on `image`, by the built-in reader."""
    return [(line.box, line.text, line.xs) for line in _reader().read(image)]


@functools.cache
def _reader() -> TextReader:
    from agent.perception.ocr import TextReader

    return TextReader()


@dataclass(frozen=True)
class _TypedMark:
    """A place where a value was typed: x, y, width, height, and the grey pixels of it and its ring afterwards."""

    place: tuple[int, int, int, int]
    pixels: _Grey
    around: _Grey


class Masks:
    """The masks of one run. `values` are the secrets; `read` finds text on a picture (None: text is not read)."""

    def __init__(self, values: tuple[str, ...], read: Callable[[Image], Iterable[Reading]] | None) -> None:
        self._values, self._read = tuple(map(_squeezed, values)), read
        self._marks: list[_TypedMark] = []
        self._last: tuple[Image, Image] | None = None

    def clear(self) -> None:
        """Remove every mask."""
        self._marks, self._last = [], None

    def typed(self, before: Image, after: Image) -> None:
        """A value was typed between the two pictures: mask what changed."""
        self._last = None
        if before.shape != after.shape:
            before = np.bitwise_not(after)
        grey = _grey(after)
        for box in regions(differing(before, after), JOINED):
            place = int(box.x1), int(box.y1), int(box.width), int(box.height)
            self._marks.append(_TypedMark(place, _cut(grey, place, 0).copy(), _cut(grey, place, RING).copy()))

    def hide(self, image: Image) -> Image:
        """A copy of `image` (RGB uint8 HxWx3) with every place of a value blacked out."""
        if self._last is not None and np.array_equal(self._last[0], image):
            return self._last[1]
        masked = image.copy()
        for x, y, width, height in self._places(image):
            masked[max(0, y - MARGIN) : y + height + MARGIN, max(0, x - MARGIN) : x + width + MARGIN] = 0
        self._last = image, masked
        return masked

    def _places(self, image: Image) -> Iterable[tuple[int, int, int, int]]:
        grey = _grey(image)
        for mark in self._marks:
            shows = _shows(grey, mark)
            if shows or _surrounded(grey, mark):
                yield mark.place
            if not shows:
                yield from _found_again(grey, mark)
        for line in self._read(image) if self._read else ():
            for value in self._values:
                if (found := _value_in(line, value)) is not None:
                    yield found


def _grey(image: Image) -> _Grey:
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)


def _cut(grey: _Grey, place: tuple[int, int, int, int], by: int) -> _Grey:
    x, y, width, height = place
    return grey[max(0, y - by) : y + height + by, max(0, x - by) : x + width + by]


def _shows(grey: _Grey, mark: _TypedMark) -> bool:
    """Whether the typed pixels are at their place."""
    now, drawn = _cut(grey, mark.place, 0), _drawn(mark.pixels)
    if now.shape != mark.pixels.shape or not drawn.any():
        return False
    return bool(np.mean(cv2.absdiff(now, mark.pixels)[drawn] <= SAME) >= _LIKE)


def _surrounded(grey: _Grey, mark: _TypedMark) -> bool:
    """Whether what is drawn around the typed pixels is at its place."""
    around = _cut(grey, mark.place, RING)
    if around.shape != mark.around.shape:
        return False
    ring = np.ones(around.shape, bool)
    y, x = min(RING, mark.place[1]), min(RING, mark.place[0])
    ring[y : y + mark.place[3], x : x + mark.place[2]] = False
    tells = ring & _drawn(mark.around)
    tells = tells if tells.any() else ring
    return bool(np.mean(cv2.absdiff(around, mark.around)[tells] <= SAME) >= 0.5)


def _drawn(grey: _Grey) -> npt.NDArray[np.bool_]:
    """The pixels that differ from the background."""
    return np.abs(grey.astype(np.int16) - int(np.median(grey))) > SAME


def _found_again(grey: _Grey, mark: _TypedMark) -> list[tuple[int, int, int, int]]:
    """The places of the typed pixels; empty where there are none, or nothing is drawn in them."""
    height, width = mark.pixels.shape
    if not _drawn(mark.pixels).any() or height > grey.shape[0] or width > grey.shape[1]:
        return []
    likeness = cv2.matchTemplate(grey, mark.pixels, cv2.TM_CCOEFF_NORMED)
    rows, columns = np.nonzero(likeness >= _LIKE)
    order = np.argsort(-likeness[rows, columns])[:50]
    return [(int(columns[i]), int(rows[i]), width, height) for i in order]


def _value_in(line: Reading, value: str) -> tuple[int, int, int, int] | None:
    """The part of a line of text that reads like a value or a piece of it: x, y, width, height; None for none."""
    box, text, xs = line
    read = _squeezed(text)
    if (span := _alike(read, value) or _part(read, value)) is None:
        return None
    left, right = box.x1, box.x2
    solid = [at for at, letter in enumerate(text) if not letter.isspace()]
    if len(xs) == len(text) and len(solid) == len(read) > span[1] - span[0]:
        letter = box.width / len(text)
        left = max(left, xs[solid[span[0]]] - 1.5 * letter)
        right = min(right, xs[solid[span[1] - 1]] + 1.5 * letter)
    return int(left), int(box.y1), int(right - left) + 1, int(box.height) + 1


def _alike(read: str, value: str) -> tuple[int, int] | None:
    """First and last+1 letter of the part of `read` that resembles most of `value`; None for none."""
    alike = fuzz.partial_ratio_alignment(read, value, score_cutoff=_READS)
    return None if alike is None or len(read) < _MOST * len(value) else (alike.src_start, alike.src_end)


def _part(read: str, value: str) -> tuple[int, int] | None:
    """First and last+1 letter of `read` around an exact piece of `value`; None where the longest piece is too short."""
    found = SequenceMatcher(None, read, value, autojunk=False).find_longest_match()
    if found.size < max(4, math.ceil(_PIECE * len(value))):
        return None
    return max(0, found.a - found.b), min(len(read), found.a + len(value) - found.b)


def _squeezed(text: str) -> str:
    return "".join(text.split()).casefold()
