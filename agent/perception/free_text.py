"""Elements for the text lines and the drawings that no widget contains."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from actions.frame import Box
from agent.perception.elements import TICKED, Element, Role, TextLine
from agent.perception.glyphs import GLYPHS
from agent.perception.images import is_link_blue
from agent.perception.layout import ScreenLayout, inside, same_place
from agent.perception.widgets import is_chevron


def free_text(layout: ScreenLayout) -> list[Element]:
    """Elements for the lines that are not part of a widget."""
    own = [e for e in layout.elements if e.text]
    out = []
    for line in layout.lines:
        if any(
            inside(line.box, e.box) and (line.text in e.text or len(e.text) <= 2) for e in own if e.role != "menuitem"
        ):
            continue
        if any(inside(line.box, e.box) and line.text == e.text for e in own):
            continue
        entry = any(inside(line.box, e.box) and e.role == "menuitem" for e in own)
        if any(e.role in TICKED and _covers(e.box, line.box) for e in layout.elements) and len(line.text) <= 2:
            continue
        drawing = len(line.text) == 1 and not (line.text.isdigit() and line.score > 0.8)
        role: Role = "icon" if drawing else ("link" if not entry and is_link_blue(layout.image, line.box) else "text")
        out.append(
            Element(
                _trimmed(line, layout),
                role,
                line.text,
                icons=GLYPHS.get(line.text, ()),
                score=line.score,
                glyphs=line.xs,
            )
        )
    return out


def _trimmed(line: TextLine, layout: ScreenLayout) -> Box:
    """The line's box without a check box that the text detector included."""
    box = line.box
    for element in layout.elements:
        if element.role in TICKED and element.box.overlap(box) > 0 and element.box.x1 <= box.x1 + layout.unit:
            box = box._replace(x1=min(element.box.x2 + 1, box.x2 - 1))
    return box


def _covers(a: Box, b: Box) -> bool:
    return a.overlap(b) > 0.4 * min(a.area, b.area)


def _is_part_of(mark: Box, element: Element, unit: float) -> bool:
    """Whether a drawing is part of an element already found."""
    if element.role in ("text", "link"):
        return mark.overlap(element.box) > 0.5 * mark.area
    if element.role in ("button", "icon", *TICKED, "slider"):
        return mark.overlap(element.box) > 0.4 * mark.area
    return element.role == "select" and inside(mark, element.box) and is_chevron(mark, unit)


def drop_covered(elements: list[Element]) -> list[Element]:
    """`elements` without icons and images at the same place as another element."""
    kept: list[Element] = []
    for element in sorted(elements, key=lambda e: (not e.text, e.role in ("icon", "image"), e.box.area)):
        if element.role not in ("icon", "image") or not any(_repeats(element, other) for other in kept):
            kept.append(element)
    return kept


def _repeats(icon: Element, other: Element) -> bool:
    """Whether an icon duplicates another element, or is the one character written on a button."""
    key = other.role == "button" and 0 < len(other.text) <= 2 and inside(icon.box, other.box)
    return same_place(icon.box, other.box) or (key and len(icon.text) <= 1)


def without_keyboard(elements: list[Element]) -> list[Element]:
    """`elements` with the icon names of single letters dropped where they are keys of an on-screen keyboard.

    That has ten different ones: in a list, the reader makes the same letter of the same drawing of every row.
    """
    keys = [e for e in elements if len(e.text) == 1 and e.text.isalpha()]
    if len({e.text.casefold() for e in keys}) < 10:
        return elements
    board = Box.around([e.box.center for e in keys]).grown(2 * max(e.box.height for e in keys))
    return [
        replace(e, icons=(), shows=()) if len(e.text) == 1 and e.text.isalpha() and board.holds(e.box.center) else e
        for e in elements
    ]


def icon_elements(layout: ScreenLayout, elements: Sequence[Element]) -> list[Element]:
    """Elements for the drawings that are no part of `elements`: icons, and images where they are large."""
    unit = layout.unit
    found: list[Element] = []
    for mark in layout.marks:
        size = max(mark.width, mark.height)
        if size < 0.55 * unit or mark.width > 0.9 * layout.image.shape[1]:
            continue
        if not any(_is_part_of(mark, element, unit) for element in elements):
            found.append(Element(mark, "icon" if size <= 5 * unit else "image", score=0.6))
    return found
