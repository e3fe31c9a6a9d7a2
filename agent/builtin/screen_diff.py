"""Differences of two perceived observations, and the text of elements."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from rapidfuzz import fuzz

from actions.frame import Box
from agent.perception.elements import Element, PerceivedScreen
from agent.perception.normalisation import normalised
from envs.env import Image

_CARET = (3, 48)
"""A blinking text cursor is at most this wide and high, in pixels."""


@dataclass(frozen=True)
class PerceivedObservation:
    """An observation with its perceived screen; `image` is RGB uint8 HxWx3."""

    screen: PerceivedScreen
    image: Image


def changed_box(before: PerceivedObservation, after: PerceivedObservation) -> Box | None:
    """The smallest box (frame pixels) that holds every changed pixel; None when all that changed is a caret."""
    if before.image.shape != after.image.shape:
        return Box(0, 0, after.screen.width, after.screen.height)
    differs = np.abs(before.image.astype(np.int16) - after.image.astype(np.int16)).max(axis=2) > 3
    if not differs.any():
        return None
    ys, xs = np.flatnonzero(differs.any(axis=1)), np.flatnonzero(differs.any(axis=0))
    box = Box(float(xs[0]), float(ys[0]), float(xs[-1] + 1), float(ys[-1] + 1))
    return None if box.width <= _CARET[0] and box.height <= _CARET[1] else box


def changed(before: PerceivedObservation, after: PerceivedObservation) -> bool:
    """Whether anything but a blinking caret differs, in pixels or in elements."""
    if before.image is after.image or before.image.shape == after.image.shape:
        if changed_box(before, after) is not None:
            return True
        if before.image.size > 3:  # equal pixels decide: elements of equal pixels may differ through caches
            return False
    return _signature(before.screen) != _signature(after.screen)


_STILL = ("field", "button", "select", "checkbox", "radio", "switch", "icon", "tab")


def changed_elsewhere(before: PerceivedObservation, after: PerceivedObservation, own: Box) -> bool:
    """Whether anything changed outside `own` (a pressed button's box) and the rims of widgets that read as before.

    A button highlighted under the pointer, and a field that loses the focus, are no effect of a click.
    """
    kept = [own.grown(6)] + [
        e.box.grown(5)
        for e in after.screen.elements
        if e.role in _STILL and e.box.area < 0.15 * after.screen.width * after.screen.height and _same(e, before.screen)
    ]
    if before.image.shape != after.image.shape or before.image.size <= 3:
        outside = [_signature(s, lambda e: not own.grown(6).holds(e.box.center)) for s in (before.screen, after.screen)]
        return outside[0] != outside[1]
    differs = np.abs(before.image.astype(np.int16) - after.image.astype(np.int16)).max(axis=2) > 3
    for box in kept:
        x1, y1, x2, y2 = (max(0, int(v)) for v in box)
        differs[y1:y2, x1:x2] = False
    if not differs.any():
        return False
    ys, xs = np.flatnonzero(differs.any(axis=1)), np.flatnonzero(differs.any(axis=0))
    return bool(xs[-1] - xs[0] >= _CARET[0] or ys[-1] - ys[0] >= _CARET[1])


def changed_within(before: PerceivedObservation, after: PerceivedObservation, own: Box) -> bool:
    """Whether anything changed inside `own`."""
    if before.image.shape != after.image.shape or before.image.size <= 3:
        return changed(before, after)
    x1, y1, x2, y2 = (max(0, int(v)) for v in own)
    return not np.array_equal(before.image[y1:y2, x1:x2], after.image[y1:y2, x1:x2])


def _same(element: Element, before: PerceivedScreen) -> bool:
    """Whether `before` has an element of the same role, text and state at the same place."""
    return any(
        e.role == element.role
        and normalised(e.text) == normalised(element.text)
        and e.checked is element.checked
        and e.box.overlap(element.box) > 0.7 * max(e.box.area, element.box.area)
        for e in before.elements
    )


def window_appeared(earlier: Iterable[PerceivedObservation], now: PerceivedObservation) -> bool:
    """Whether a region as large as a dialog differs from every one of the `earlier` observations."""
    boxes = [changed_box(before, now) for before in earlier]
    return bool(boxes) and all(box is not None and box.width >= 150 and box.height >= 60 for box in boxes)


def _signature(screen: PerceivedScreen, which: Callable[[Element], bool] = lambda e: True) -> set[tuple[object, ...]]:
    return {
        (e.role, normalised(e.text), e.checked, tuple(round(v / 4) for v in e.box)) for e in screen.elements if which(e)
    }


def known(element: Element, before: PerceivedScreen) -> bool:
    """Whether `before` has an element of the same text at about the same place."""
    name = normalised(element.text) or element.role
    for other in before.elements:
        near = (
            abs(other.box.center.x - element.box.center.x) < 16 and abs(other.box.center.y - element.box.center.y) < 12
        )
        if near and (normalised(other.text) or other.role) == name:
            return True
    return False


def fresh(before: PerceivedScreen, after: PerceivedScreen) -> list[Element]:
    """The elements of `after` that `before` has not."""
    return [e for e in after.elements if not known(e, before)]


def short(text: str, limit: int = 60) -> str:
    """`text` on one line, cut to `limit` characters."""
    text = " ".join(text.split())
    return text if len(text) <= limit else text[: limit - 1] + "…"


def name(element: Element) -> str:
    """An element in words for a user: its role and its text."""
    words = element.text or element.label or next(iter(element.icons), "")
    role = {"menu": "menu", "menuitem": "menu entry"}.get(element.role, element.role)
    return (
        f"the {role} “{short(words, 40)}”"
        if words
        else f"a {role} at {element.box.center.x:.0f}, {element.box.center.y:.0f}"
    )


def all_text(elements: Iterable[Element]) -> str:
    """The normalised text of all elements, in reading order."""
    return " ".join(normalised(e.text) for e in elements if e.text)


def shows(screen: PerceivedScreen, words: str) -> bool:
    """Whether the screen shows `words`, with misread letters allowed in longer ones."""
    wanted = normalised(words)
    if not wanted:
        return False
    whole = re.compile(rf"(?<!\w){re.escape(wanted)}(?!\w)")
    text = all_text(screen.elements)
    if whole.search(text) or any(wanted == normalised(e.label) for e in screen.elements):
        return True
    if len(wanted) < 6:
        return False
    return any(
        fuzz.partial_ratio(wanted, normalised(e.text)) >= 90
        and len(normalised(e.text)) >= len(wanted) - 2
        and set(re.findall(r"\d+", wanted)) <= set(re.findall(r"\d+", e.text))
        for e in screen.elements
    )


def exact(screen: PerceivedScreen, words: str) -> list[Element]:
    """The elements whose whole text or label is `words`."""
    wanted = normalised(words)
    return [e for e in screen.elements if wanted and wanted in (normalised(e.text), normalised(e.label))]
