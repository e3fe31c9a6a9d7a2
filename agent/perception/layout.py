"""The input and the result of widget detection, and positions of lines. Boxes are frame pixels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from actions.frame import Box
from agent.perception.elements import Element, Role, TextLine
from agent.perception.shapes import FlatArea
from envs.env import Image


def text_unit(lines: Sequence[TextLine], image: Image) -> float:
    """The height of ordinary text on this screen in pixels, the unit of all other sizes."""
    heights = [line.box.height for line in lines if len(line.text) > 2]
    if len(heights) >= 3:
        return float(np.clip(np.median(heights), 7, image.shape[0] / 12))
    return 11.0 if image.shape[1] > image.shape[0] else max(11.0, image.shape[1] / 33)


def inside(inner: Box, outer: Box) -> bool:
    """Whether the middle of `inner` lies in `outer`."""
    (x1, y1, x2, y2), (left, top, right, bottom) = inner, outer
    return left <= (x1 + x2) / 2 <= right and top <= (y1 + y2) / 2 <= bottom


@dataclass
class ScreenLayout:
    """The image, its unit (text height), text lines, flat areas, drawings, and the elements found so far."""

    image: Image
    unit: float
    lines: list[TextLine]
    patches: list[FlatArea]
    marks: list[Box]
    elements: list[Element]
    outlines: list[FlatArea] = field(default_factory=list)

    def texts_in(self, box: Box) -> list[TextLine]:
        """Lines whose middle lies in `box`, left to right within a row."""
        return [line for line in self.lines if inside(line.box, box)]

    def marks_in(self, box: Box) -> list[Box]:
        """Drawings whose middle lies in `box`."""
        return [mark for mark in self.marks if inside(mark, box)]

    def taken(self, box: Box) -> bool:
        """Whether an element already covers about the same place."""
        return any(same_place(box, element.box, 0.6) for element in self.elements)

    def add(
        self, box: Box, role: Role, lines: Iterable[TextLine] = (), checked: bool | None = None, score: float = 0.9
    ) -> None:
        """Record an element; its text is that of `lines`."""
        rows = rows_of(list(lines))
        text = " ".join(line.text for row in rows for line in row)
        glyphs = _glyphs(rows[0]) if len(rows) == 1 else ()
        self.elements.append(Element(box, role, text, checked=checked, score=score, glyphs=glyphs))


def _glyphs(row: Sequence[TextLine]) -> tuple[float, ...]:
    """The centre x of each character of lines joined by spaces; empty where one is not known."""
    if not all(len(line.xs) == len(line.text) for line in row):
        return ()
    found = list(row[0].xs)
    for before, line in pairwise(row):
        found += [(before.box.x2 + line.box.x1) / 2, *line.xs]
    return tuple(found)


def same_place(a: Box, b: Box, share: float = 0.75) -> bool:
    """Whether two boxes share more than `share` of the larger one."""
    shared = a.overlap(b)
    return shared > 0 and shared > share * max(a.area, b.area)


def rows_of(lines: Sequence[TextLine]) -> list[list[TextLine]]:
    """Lines grouped into rows by their middles, each row left to right."""
    rows: list[list[TextLine]] = []
    for line in sorted(lines, key=lambda item: item.box.center.y):
        if rows and abs(rows[-1][-1].box.center.y - line.box.center.y) <= 0.35 * line.box.height:
            rows[-1].append(line)
        else:
            rows.append([line])
    return [sorted(row, key=lambda item: item.box.x1) for row in rows]


def beside(layout: ScreenLayout, box: Box) -> TextLine | None:
    """The nearest text right of the box on its row, or else left of it anywhere on the row."""
    row = [line for line in layout.lines if len(line.text) > 1 and line.box.y1 - 2 <= box.center.y <= line.box.y2 + 2]
    right = [
        line
        for line in row
        if -0.3 * layout.unit <= line.box.x1 - box.x2 <= 3 * layout.unit or _starts_under(line, box)
    ]
    if right:
        return min(right, key=lambda line: abs(line.box.x1 - box.x2))
    close = [
        line for line in layout.lines if len(line.text) > 1 and abs(line.box.center.y - box.center.y) < 2 * layout.unit
    ]
    left = [line for line in close if line.box.x2 <= box.x1 and box.x1 > 0.6 * layout.image.shape[1]]
    left = left if layout.image.shape[0] > layout.image.shape[1] else []
    return max(
        left, key=lambda line: (line.box.x2 - line.box.x1 > 0, -abs(line.box.center.y - box.center.y)), default=None
    )


def _starts_under(line: TextLine, box: Box) -> bool:
    return abs(line.box.x1 - box.x1) < 0.7 * box.width and line.box.x2 > box.x2 + 2 * box.width
