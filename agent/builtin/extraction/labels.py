"""Values beside, under or after their label."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from agent.builtin.extraction.cells import TextCell, label_similarity
from agent.builtin.extraction.schema import WantedValue
from agent.builtin.extraction.values import value_of

ENOUGH = 80.0
ENOUGH_IN_FORMS = 75.0
"""The same for the label of a field or tick box."""
_GOES_ON = 0.75
"""The largest gap between two lines of one value, in line heights."""


def labelled(cells: Sequence[TextCell], wanted: WantedValue, others: Sequence[WantedValue]) -> Any:
    """The value of the label that fits `wanted` best, or None; a label that fits one of `others` better is left out."""
    for cell in _best(cells, wanted, others):
        for found in _values(cells, cell, wanted):
            value = value_of(" ".join(found.text.split("\n")), wanted, found.checked)
            if value is not None and not _is_label(found, wanted, others):
                return value
    return None


def fit(cell: TextCell, wanted: WantedValue) -> float:
    """How well `cell` names `wanted`, 0 to 100: by its text, the text before its colon, or its label."""
    words = (cell.label, cell.head, cell.text)
    return max((label_similarity(name, word) for name in wanted.names for word in words if word), default=0.0)


def _best(cells: Sequence[TextCell], wanted: WantedValue, others: Sequence[WantedValue]) -> list[TextCell]:
    scored = [(fit(cell, wanted), cell) for cell in cells]
    mine = [(score, cell) for score, cell in scored if score >= (ENOUGH_IN_FORMS if cell.label else ENOUGH)]
    free = [(score, cell) for score, cell in mine if all(fit(cell, other) <= score for other in others)]
    return [cell for _, cell in sorted(free, key=lambda found: -found[0])]


def _values(cells: Sequence[TextCell], cell: TextCell, wanted: WantedValue) -> Iterator[TextCell]:
    """The cells that may be the value of a label: its own field, after its colon, right of it, under it."""
    if cell.label and any(label_similarity(name, cell.label) >= ENOUGH_IN_FORMS for name in wanted.names):
        yield cell
        return
    if cell.tail:
        yield TextCell(cell.box, cell.tail)
        return
    right, under = _right(cells, cell), _under(cells, cell)
    stacked = bool(under) and _stacked(cells, cell, under[0])
    for found in (*under, *right) if stacked else (*right, *under):
        yield _whole(cells, found, cell) if wanted.type == "string" else found


def _right(cells: Sequence[TextCell], cell: TextCell) -> list[TextCell]:
    """The nearest cell on the same row, if it is not further away than a column of labels is wide."""
    from_x = cell.box.x2 - 0.5 * cell.box.height
    there = [c for c in cells if c.box.x1 >= from_x and c.beside(cell) and c is not cell]
    nearest = min(there, key=lambda c: c.box.x1, default=None)
    if nearest is None or nearest.box.x1 - cell.box.x2 > max(25 * cell.box.height, 2 * cell.box.width):
        return []
    return [nearest]


def _under(cells: Sequence[TextCell], cell: TextCell) -> list[TextCell]:
    """The first line under the label that begins where it begins."""
    below = _below(cells, cell, 2 * cell.box.height)
    return [below] if below and below.box.y1 - cell.box.y2 + 2 < 1.6 * max(cell.box.height, 12.0) else []


def _below(cells: Sequence[TextCell], cell: TextCell, aside: float) -> TextCell | None:
    """The next cell without a label under `cell` whose left edge is within `aside` pixels of its own."""
    there = [c for c in cells if c.box.y1 >= cell.box.y2 - 2 and abs(c.box.x1 - cell.box.x1) < aside and not c.label]
    return min(there, key=lambda c: c.box.y1, default=None)


def _stacked(cells: Sequence[TextCell], label: TextCell, value: TextCell) -> bool:
    """Whether values are under their labels here: the two are close, and closer than to their other neighbours."""
    gap = max(value.box.y1 - label.box.y2, 0.0)
    aside = 2 * label.box.height
    after = _below(cells, value, aside)
    if after is not None and after.box.y1 - value.box.y2 < _GOES_ON * value.box.height:
        after = _below(cells, after, aside)
    above = [c.box.y2 for c in cells if c.box.y2 <= label.box.y1 + 2 and abs(c.box.x1 - label.box.x1) < aside]
    around = [after.box.y1 - value.box.y2] if after else []
    around += [label.box.y1 - max(above)] if above else []
    return gap < 0.9 * max(label.box.height, value.box.height) and all(gap * 1.5 < other for other in around)


def _whole(cells: Sequence[TextCell], value: TextCell, label: TextCell) -> TextCell:
    """`value` joined with its continuation lines: close, of the same left edge, without a label left of them."""
    while True:
        line = _below(cells, value, 4.0)
        height = value.box.height if "\n" not in value.text else line.box.height if line else 0.0
        if line is None or line.box.y1 - value.box.y2 > _GOES_ON * height or line.box.height > 1.5 * height:
            return value
        if value.box.x1 > label.box.x2 and any(c.beside(line) and c.box.x2 < line.box.x1 for c in cells):
            return value
        value = TextCell(value.box.union(line.box), f"{value.text}\n{line.text}", value.label, value.checked)


def _is_label(found: TextCell, wanted: WantedValue, others: Sequence[WantedValue]) -> bool:
    """Whether the cell found is the name of another value (beside an empty field)."""
    return (
        not found.label
        and found.checked is None
        and any(label_similarity(name, found.head) >= 90 for other in others for name in other.names)
    )
