"""Widgets detected by shape: flat areas with a frame, drawings in them, small drawings without text.

No template of any program. All lengths are in text heights, so that a phone at three times the pixels gives the same as
a desktop. Boxes are frame pixels.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from itertools import pairwise

import numpy as np

from actions.frame import Box, Point
from agent.perception.elements import Role, TextLine
from agent.perception.images import is_link_blue
from agent.perception.layout import ScreenLayout, inside, rows_of, text_unit
from agent.perception.line_repair import mended
from agent.perception.menus import find_menus
from agent.perception.shapes import Edges, FlatArea, drawings, flat_patches, outlined, ring_colour
from agent.perception.toggles import (
    find_drawn_sliders,
    find_filled_sliders,
    find_pill_switches,
    find_sliders,
    find_small_boxes,
    find_switches,
)
from agent.perception.windows import find_title_bars, sort_rows
from envs.env import Image

_WIDGETS: tuple[Role, ...] = ("menu", "checkbox", "radio", "switch", "slider", "field", "select", "button")


def detect_widgets(image: Image, edges: Edges, lines: Sequence[TextLine]) -> ScreenLayout:
    """The layout of the image, which has these edges and lines, with every widget found in it."""
    unit = text_unit(lines, image)
    patches, outlines = flat_patches(image, edges.flat, unit), outlined(image, edges.drawn, unit)
    whole = mended(image, lines, patches, outlines, unit)
    marks = drawings(
        edges.steps, [line.box for line in whole if len(line.text) > 1 or line.score > 0.95], patches, unit
    )
    layout = ScreenLayout(image, unit, whole, patches, marks, [], outlines)
    for finder in _FINDERS:
        finder(layout)
    return layout


def _framed(layout: ScreenLayout) -> None:
    """Buttons, one-line fields and drop-downs: a frame one or two rows high."""
    unit, width, middles, holders = layout.unit, layout.image.shape[1], list[Point](), list[Box]()
    looked_at = 0
    for patch in layout.patches:
        box = patch.box
        for element in layout.elements[looked_at:]:
            middles += [element.box.center] if element.role in _WIDGETS else []
            holders += [element.box] if element.role in ("menuitem", "slider", "switch", "bar") else []
        looked_at = len(layout.elements)
        if not (1.1 * unit <= box.height <= 7.5 * unit and 1.2 * unit <= box.width < 0.97 * width):
            continue
        if any(_within_text(box, line) for line in layout.lines):
            continue
        x1, y1, x2, y2 = box
        if any(x1 <= x <= x2 and y1 <= y <= y2 for x, y in middles) or any(inside(box, other) for other in holders):
            continue
        if layout.taken(box):
            continue
        lines, marks = _words_and_marks(layout, box)
        role = _framed_role(patch, lines, marks, unit)
        if role == "button" and _ends_in_arrow(layout, box, lines, marks):
            role = "select"
        if role == "field" and not lines and box.width < 2.6 * box.height:
            role = "button" if patch.ink > 0.001 else None
        if role == "field":
            role, box = _with_neighbours(layout, patch)
        if role is not None:
            layout.add(box, role, lines, score=0.85 if lines else 0.7)


def _words_and_marks(layout: ScreenLayout, box: Box) -> tuple[list[TextLine], list[Box]]:
    """The lines and the drawings in a frame; a drawing beside text that was read as a character is a drawing."""
    lines, marks = layout.texts_in(box), layout.marks_in(box)
    drawn = [line for line in lines if len(line.text) == 1 and not line.text.isascii()]
    if len(drawn) == len(lines):
        return lines, marks
    return [line for line in lines if line not in drawn], marks + [line.box for line in drawn]


def _within_text(box: Box, line: TextLine) -> bool:
    """Whether a patch is the inside of a letter."""
    return box.overlap(line.box) > 0.8 * box.area and (len(line.text) == 1 or box.width < 0.6 * line.box.width)


def _with_neighbours(layout: ScreenLayout, patch: FlatArea) -> tuple[Role, Box]:
    """A field with an arrow button at its right is a drop-down; a dark trough with a narrow knob at a side a slider."""
    box, unit = patch.box, layout.unit
    sides = [
        p.box
        for p in layout.patches
        if p.box.width < 2.2 * unit and abs(p.box.center.y - box.center.y) < 4 and 0.6 < p.box.height / box.height < 1.3
    ]
    after = [side for side in sides if -3 <= side.x1 - box.x2 <= 6]
    trough = float(np.mean(patch.colour)) < float(np.mean(ring_colour(layout.image, box.grown(5)))) - 8
    if trough:
        before = [side for side in sides if -3 <= box.x1 - side.x2 <= 2 * unit]
        if after or before:
            for side in (*after, *before, *_same_trough(layout, patch)):
                box = box.union(side)
            return "slider", box
    arrows = [
        m
        for m in layout.marks
        if -3 <= m.x1 - box.x2 < 2 * unit and abs(m.center.y - box.center.y) < 0.5 * box.height and m.width < 2 * unit
    ]
    if after and arrows:
        return "select", box.union(after[0])
    return "field", box


def _same_trough(layout: ScreenLayout, patch: FlatArea) -> list[Box]:
    """The part of a slider's trough at the other side of its knob."""
    box, reach = patch.box, 4 * layout.unit
    return [
        p.box
        for p in layout.patches
        if p.colour == patch.colour
        and abs(p.box.y1 - box.y1) <= 2
        and abs(p.box.y2 - box.y2) <= 2
        and (0 < box.x1 - p.box.x2 < reach or 0 < p.box.x1 - box.x2 < reach)
    ]


def _framed_role(patch: FlatArea, lines: Sequence[TextLine], marks: Sequence[Box], unit: float) -> Role | None:
    box = patch.box
    if len(rows_of(lines)) > 2 or len(lines) > 4:
        return None
    if not lines:
        return _wordless_role(box, marks, unit)
    ink = reduce(Box.union, (line.box for line in lines))
    left, right = ink.x1 - box.x1, box.x2 - ink.x2
    ending = [mark for mark in marks if mark.center.x > ink.x2 and box.x2 - mark.x2 < 2.5 * unit]
    if any(is_chevron(mark, unit) for mark in ending):
        return "select"
    if len(rows_of(lines)) > 1 or (box.width > 20 * unit and sum(len(line.text) for line in lines) > 45):
        return None
    if right < 4 * unit and left > max(4 * unit, 3 * right) and box.width > 9 * unit and min(patch.colour) > 200:
        return "field"
    starting = any(mark.x2 <= ink.x1 for mark in marks)
    if abs(left - right) <= max(unit, 0.2 * (left + right)) or (starting and left + right < 8 * unit):
        return "button"
    if len(lines) > 2 and _in_columns(lines, unit):
        return None
    begins = right > left if box.width > 5 * unit else not marks and right > max(unit, 2.5 * left)
    if left < 4 * unit and begins:
        return "field"
    return "button" if box.width < 12 * unit else None


def _in_columns(lines: Sequence[TextLine], unit: float) -> bool:
    """Whether three or more texts stand far apart on one row, as in a table."""
    row = max(rows_of(lines), key=len)
    return len(row) > 2 and all(b.box.x1 - a.box.x2 > 2 * unit for a, b in pairwise(row))


def _ends_in_arrow(layout: ScreenLayout, box: Box, lines: Sequence[TextLine], marks: Sequence[Box]) -> bool:
    """Whether the last drawing in a frame is an arrow down by its pixels: wider than high, and narrow below."""
    words = max((line.box.x2 for line in lines), default=box.x1)
    last = [m for m in marks if m.center.x > words and box.x2 - m.x2 < 2.5 * layout.unit and m.height < layout.unit]
    for mark in last:
        around = mark.grown(2)
        rows = slice(int(around.y1), int(around.y2) + 1)
        area = layout.image[rows, int(max(around.x1, words)) : int(around.x2) + 1].mean(axis=2)
        ink = np.abs(area - np.median(area)) > 80
        columns, lit = np.flatnonzero(ink.any(axis=0)), np.flatnonzero(ink.any(axis=1))
        if len(lit) and len(columns) >= 1.15 * len(lit) and ink[lit[-1]].sum() <= 0.5 * len(columns):
            return True
    return False


def is_chevron(mark: Box, unit: float) -> bool:
    """Whether a drawing has the size of a drop-down's arrow: small and wider than high."""
    return mark.width <= 1.6 * unit and mark.height <= 0.95 * unit and mark.width >= 1.15 * mark.height


def _wordless_role(box: Box, marks: Sequence[Box], unit: float) -> Role | None:
    if not marks:
        return "field" if box.width > 4.5 * unit and box.height < 5 * unit else None
    ends = [mark for mark in marks if box.x2 - mark.x2 < 2.5 * unit and mark.x1 > box.center.x]
    if box.width > 5 * box.height and len(ends) == len(marks):
        return "select" if any(is_chevron(mark, unit) for mark in ends) else "field"
    if box.width < 2.6 * box.height:
        return "button" if len(marks) <= 3 else None
    return "select" if len(marks) == len(ends) == 1 and is_chevron(ends[0], unit) else None


def _is_list(layout: ScreenLayout, lines: Sequence[TextLine], box: Box) -> bool:
    """Whether drawings precede the lines, as in a list of files."""
    marks = [m for m in layout.marks_in(box) if m.width < 2.5 * layout.unit]
    return any(
        m.x2 <= line.box.x1 and abs(m.center.y - line.box.center.y) < layout.unit for m in marks for line in lines
    )


def _is_page(layout: ScreenLayout, lines: Sequence[TextLine]) -> bool:
    """Whether texts are those of a page and not of an editor: a heading larger than the rest, or links."""
    heights = sorted(line.box.height for line in lines)
    if len(heights) > 1 and heights[-1] > 1.5 * max(layout.unit, heights[(len(heights) - 1) // 2]):
        return True
    return 3 * sum(is_link_blue(layout.image, line.box) for line in lines) > len(lines)


def _areas(layout: ScreenLayout) -> None:
    """Text areas: a large light frame with nothing but text in its upper left."""
    unit = layout.unit
    total = layout.image.shape[0] * layout.image.shape[1]
    for patch in layout.patches:
        box = patch.box
        if box.height <= 3.5 * unit or box.width < 9 * unit or box.area > 0.85 * total or min(patch.colour) < 200:
            continue
        held = [e for e in layout.elements if inside(e.box, box) and e.box != box]
        if held or layout.taken(box) or patch.ink > 0.3 or len(layout.marks_in(box)) > 2:
            continue
        lines = layout.texts_in(box)
        if _is_list(layout, lines, box) or box.height > 2.5 * box.width or _is_page(layout, lines):
            continue
        if all(line.box.x1 - box.x1 < 3 * unit for line in lines) and len(lines) <= 40:
            layout.add(box, "field", lines[:20], score=0.6)


_FINDERS: tuple[Callable[[ScreenLayout], None], ...] = (
    find_title_bars,
    find_pill_switches,
    find_small_boxes,
    find_switches,
    find_sliders,
    find_drawn_sliders,
    find_filled_sliders,
    find_menus,
    _framed,
    _areas,
    sort_rows,
)
