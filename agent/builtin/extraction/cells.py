"""The text and the check states of a screen as cells, each once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz

from actions.frame import Box
from agent.perception.elements import Element, PerceivedScreen
from agent.perception.normalisation import normalised

_BULLETS = "•◦▪●*- "


@dataclass(frozen=True)
class TextCell:
    """A text at a box (frame pixels). `label` is its name in a form, `checked` the state of a tick box.

    `glyphs` has the centre x of each letter, where known.
    """

    box: Box
    text: str
    label: str = ""
    checked: bool | None = None
    glyphs: tuple[float, ...] = ()

    @property
    def head(self) -> str:
        """The text before the first colon, or all of it."""
        return self.text.partition(":")[0].strip()

    @property
    def tail(self) -> str:
        """The text after the first colon."""
        return self.text.partition(":")[2].strip()

    def beside(self, other: TextCell) -> bool:
        """Whether both are on one row."""
        shared = min(self.box.y2, other.box.y2) - max(self.box.y1, other.box.y1)
        return shared > 0.4 * min(self.box.height, other.box.height)


def cells_of(screen: PerceivedScreen) -> list[TextCell]:
    """All texts and tick boxes in reading order; of two boxes around the same text, the smaller."""
    cells: list[TextCell] = []
    for element in sorted(screen.elements, key=lambda e: e.box.width * e.box.height):
        cell = _cell(element)
        if cell is not None and not any(_same(cell, other) for other in cells):
            cells.append(cell)
    return sorted(cells, key=lambda c: (c.box.y1, c.box.x1))


def _cell(element: Element) -> TextCell | None:
    text = element.text.strip()
    if not text and element.checked is None:
        return None
    return TextCell(element.box, text, element.label.strip(), element.checked, element.glyphs)


def _same(cell: TextCell, other: TextCell) -> bool:
    return cell.text == other.text and cell.checked is other.checked and cell.box.holds(other.box.center)


def cut(cell: TextCell, edges: Sequence[float]) -> list[TextCell]:
    """`cell` cut at the x positions `edges`, at blanks only and where the places of its letters are known."""
    if len(cell.glyphs) != len(cell.text) or not any(cell.box.x1 < edge < cell.box.x2 for edge in edges):
        return [cell]
    pieces, start = [], 0
    for edge in sorted(edges):
        at = next((n for n, x in enumerate(cell.glyphs) if x > edge), len(cell.text))
        blank = cell.text.rfind(" ", start, at + 1)
        if start < blank < len(cell.text) - 1 and blank >= at - 1:
            pieces.append((start, blank))
            start = blank + 1
    pieces.append((start, len(cell.text)))
    return [_piece(cell, first, last) for first, last in pieces if cell.text[first:last].strip()]


def _piece(cell: TextCell, first: int, last: int) -> TextCell:
    x1 = cell.box.x1 if first == 0 else cell.glyphs[first]
    x2 = cell.box.x2 if last == len(cell.text) else cell.glyphs[last - 1]
    box = Box(x1, cell.box.y1, max(x1, x2), cell.box.y2)
    return TextCell(box, cell.text[first:last].strip(), glyphs=cell.glyphs[first:last])


def label_similarity(name: str, words: str) -> float:
    """How similar a label is to a `name`, 0 to 100; at most 84 where one only contains the other."""
    one, other = normalised(name), normalised(words)
    if not one or not other:
        return 0.0
    whole = fuzz.ratio(one, other)
    within = fuzz.token_set_ratio(one, other) if min(len(one), len(other)) > 2 else 0.0
    return max(whole, 84.0 if within >= 99 and max(len(one), len(other)) <= 4 * min(len(one), len(other)) else 0.0)


def unbulleted(text: str) -> str:
    """A line of a list without its bullet."""
    return text.lstrip(_BULLETS).strip()
