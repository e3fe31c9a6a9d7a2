"""What is at a place of a screen, in words: the element there, the text on or beside it. Boxes are frame pixels."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Protocol, TypeVar

import numpy as np

from actions.action import AnyAction
from actions.frame import Box, FinitePoint, Point
from agent.core.step import Target
from agent.core.targets import LARGEST, ends_of
from agent.perception.elements import Element, PerceivedScreen, Role, TextLine
from envs.env import Image

if TYPE_CHECKING:
    from agent.perception.ocr import TextReader

_CONTAINERS: frozenset[Role] = frozenset({"bar", "image"})
_LABELLED: frozenset[Role] = frozenset({"field", "select", "slider", "checkbox", "radio", "switch"})
_WIDE, _TALL = 300, 40  # pixels that are read on each side of a point, of a screen of 800 pixels
_ON = 0.6  # heights of a text around it that count as on it


class PlacedText(Protocol):
    """A text on a screen."""

    @property
    def text(self) -> str:
        """To the letter."""

    @property
    def box(self) -> Box:
        """Around it."""


T = TypeVar("T", bound=PlacedText)


def element_at(screen: PerceivedScreen, point: Point) -> Element | None:
    """The smallest element at `point`; None on the background."""
    held = [e for e in screen.elements if e.box.grown(2).holds(point) and e.role not in _CONTAINERS]
    switches = [e for e in held if e.role == "switch"]  # whose knob looks like a button of its own
    return min(switches or held, key=lambda e: e.box.area, default=None)


def perceived_targets(action: AnyAction, screen: PerceivedScreen) -> tuple[Target, ...]:
    """The elements of `screen` at the places of `action` that have words, by their label or their text."""
    return tuple(found for point in ends_of(action) if (found := _perceived(point, screen)))


def _perceived(point: FinitePoint, screen: PerceivedScreen) -> Target | None:
    element = element_at(screen, point)
    if element is None or element.box.area > LARGEST * screen.width * screen.height:
        return None
    if element.label and (element.role in _LABELLED or not element.text):
        return Target(point=point, words=element.label, lead=f"the {element.role}", box=element.box)
    return Target(point=point, words=element.text, box=element.box) if element.text.strip() else None


def text_targets(action: AnyAction, words: Sequence[PlacedText]) -> tuple[Target, ...]:
    """The texts of a screen on or beside which the places of `action` are."""
    return tuple(found for point in ends_of(action) if (found := _text_target(point, words)))


def _text_target(point: FinitePoint, words: Sequence[PlacedText]) -> Target | None:
    on = [one for one in words if _says(one.text.strip()) and apart(one.box, point) <= _ON * max(one.box.height, 12)]
    if on:
        nearest = min(on, key=lambda one: apart(one.box, point))
        return Target(point=point, words=nearest.text, box=nearest.box.grown(0.3 * nearest.box.height))
    left = [one for one in words if one.text.strip().endswith(":") and _before(one.box, point)]
    if left:
        return Target(point=point, words=max(left, key=lambda one: one.box.x2).text, lead="right of")
    return None


def _says(text: str) -> bool:
    """Whether a text that was read names anything: a recogniser makes a letter of some script of a lone symbol."""
    return len(text) > 1 or (text.isascii() and text.isalnum())


def _before(box: Box, point: Point) -> bool:
    """Whether a text is left of `point` on its line."""
    return box.y1 - 0.5 * box.height <= point.y <= box.y2 + 0.5 * box.height and 0 <= point.x - box.x2 <= _WIDE


def text_near(point: Point, words: Sequence[T]) -> T | None:
    """The text at a point, or beside it, to search by: see `label_for`."""
    near = [(apart(word.box, point), word) for word in words]
    near = [(far, word) for far, word in near if far <= 1.5 * max(word.box.height, 16)]
    if near:
        return min(near, key=lambda pair: pair[0])[1]
    return label_for(Box(point.x, point.y, point.x, point.y).grown(8), words)


def label_for(place: Box, words: Sequence[T]) -> T | None:
    """The label of the field at `place`: the nearest text left of it on its line, else above it."""
    middle, tall = place.center.y, max(place.height, 16)
    left = [
        word
        for word in words
        if word.box.x2 <= place.x1 + 4
        and place.x1 - word.box.x2 <= 20 * tall
        and abs(word.box.center.y - middle) < 1.2 * max(word.box.height, place.height)
    ]
    if left:
        return min(left, key=lambda word: (round(abs(word.box.center.y - middle) / 8), -word.box.x2))
    above = [
        word
        for word in words
        if 0 <= place.y1 - word.box.y2 <= 4 * tall and word.box.x1 <= place.x2 and word.box.x2 >= place.x1 - 40
    ]
    return max(above, key=lambda word: word.box.y2, default=None)


def apart(box: Box, point: Point) -> float:
    """The distance in pixels from `point` to `box`; 0 inside."""
    dx = max(box.x1 - point.x, 0, point.x - box.x2)
    dy = max(box.y1 - point.y, 0, point.y - box.y2)
    return float(np.hypot(dx, dy))


# --- pictures ------------------------------------------------------------------------------------------------------

_LOCK = threading.Lock()


def read_targets(action: AnyAction, image: Image) -> tuple[Target, ...]:
    """`text_targets`, read on `image` (RGB uint8 HxWx3) around the places of `action`; what was read once is kept."""
    return tuple(found for point in ends_of(action) if (found := _text_target(point, _read(image, point))))


def _read(image: Image, point: Point) -> list[TextLine]:
    """The text around `point`, one that the cut goes through with … there."""
    height, width = image.shape[:2]
    unit = max(1.0, min(width, height) / 800)
    left, right = (round(min(max(point.x + way * _WIDE * unit, 0), width)) for way in (-1, 1))
    top, bottom = (round(min(max(point.y + way * _TALL * unit, 0), height)) for way in (-1, 1))
    if right - left < 16 or bottom - top < 16:
        return []
    with _LOCK:
        lines = _reader().read(np.ascontiguousarray(image[top:bottom, left:right]))
    return [_placed(line, left, top, (left > 0, line.box.x2 >= right - left - 2 and right < width)) for line in lines]


def _placed(line: TextLine, left: int, top: int, cut: tuple[bool, bool]) -> TextLine:
    box = Box(line.box.x1 + left, line.box.y1 + top, line.box.x2 + left, line.box.y2 + top)
    before, after = ("…" if cut[0] and line.box.x1 <= 2 else ""), ("…" if cut[1] else "")
    return TextLine(box, f"{before}{line.text}{after}", line.score)


@cache
def _reader() -> TextReader:
    from agent.perception.ocr import TextReader

    return TextReader()
