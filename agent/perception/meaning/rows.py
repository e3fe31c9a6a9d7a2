"""The rows of a list as a person counts them: texts under each other, at one left edge and equal distances."""

from __future__ import annotations

from agent.perception.elements import Element, PerceivedScreen

_LEAST = 3  # rows that make a list
_EDGE, _STEP = 0.6, 0.25  # how far left edges (in heights of a text) and distances (as a share) may differ


def list_rows(screen: PerceivedScreen) -> list[Element]:
    """The first text of each row of the largest list of the screen, from the top; empty where there is no list."""
    texts = sorted((e for e in screen.elements if len(e.text) > 1 and e.role != "bar"), key=lambda e: e.box.y1)
    lists = [_chain(first, second, texts) for first in texts for second in texts if _under(first, second)]
    largest = max((rows for rows in lists if len(rows) >= _LEAST), key=_extent, default=[])
    level = [rows for rows in lists if len(rows) == len(largest) and _beside(rows, largest)]
    return min(level, key=lambda rows: rows[0].box.x1, default=largest)


def _beside(rows: list[Element], others: list[Element]) -> bool:
    """Whether two lists are columns of one table."""
    pairs = zip(rows, others, strict=True)
    return all(abs(a.box.center.y - b.box.center.y) < b.box.height for a, b in pairs)


def _under(first: Element, second: Element) -> bool:
    height = first.box.height
    below = 1.2 * height < second.box.center.y - first.box.center.y < 8 * height
    return below and abs(first.box.x1 - second.box.x1) < _EDGE * height and second.box.height < 1.4 * height


def _chain(first: Element, second: Element, texts: list[Element]) -> list[Element]:
    """The rows that go on below `second` at its distance from `first`."""
    rows = [first, second]
    step = second.box.center.y - first.box.center.y
    while True:
        due = rows[-1].box.center.y + step
        near = [e for e in texts if abs(e.box.center.y - due) < _STEP * step and _aligned(e, first)]
        if not near:
            return rows
        rows.append(min(near, key=lambda e: abs(e.box.center.y - due)))


def _aligned(element: Element, first: Element) -> bool:
    height = first.box.height
    level = abs(element.box.x1 - first.box.x1) < _EDGE * height
    return level and height / 1.4 < element.box.height < 1.4 * height


def _extent(rows: list[Element]) -> float:
    """How much of the screen a list takes: its height times the length of its texts."""
    return (rows[-1].box.y2 - rows[0].box.y1) * sum(e.box.width for e in rows) / len(rows)
