"""The rows of a list as a person counts them: texts under each other, at one left edge and equal distances."""

from __future__ import annotations

from functools import lru_cache

from agent.perception.elements import Element, PerceivedScreen

_LEAST = 3  # rows that make a list
_EDGE, _STEP = 0.6, 0.25  # how far left edges (in heights of a text) and distances (as a share) may differ


@lru_cache(maxsize=4)
def list_rows(screen: PerceivedScreen) -> list[Element]:
    """The first text of each row of the largest list of the screen, from the top; empty where there is no list."""
    texts = sorted((e for e in screen.elements if len(e.text) > 1 and e.role != "bar"), key=lambda e: e.box.y1)
    lists = [_chain(first, second, texts) for first in texts for second in texts if _under(first, second)]
    lists = [rows for rows in lists if len(rows) >= _LEAST]
    largest = max(lists, key=_extent, default=[])
    columns = [rows for rows in lists if _beside(rows, largest)]
    rows = min(columns, key=lambda rows: (rows[0].box.x1, -len(rows)), default=largest)
    return rows[1:] if any(_is_headed(column) and _level(column[0], rows[0]) for column in columns) else rows


def _is_headed(column: list[Element]) -> bool:
    """Whether the first text is the only one without a digit."""
    digits = [any(character.isdigit() for character in e.text) for e in column]
    return len(column) > _LEAST and not digits[0] and all(digits[1:])


def column_below(heading: Element, screen: PerceivedScreen) -> list[Element]:
    """The texts of the list's rows in the column that `heading` heads, from the top; empty where it heads none."""
    rows = [e for e in list_rows(screen) if e.box.center.y > heading.box.y2]
    if len(rows) < _LEAST or rows[0].box.y1 - heading.box.y2 > rows[1].box.center.y - rows[0].box.center.y:
        return []
    cells = [[e for e in screen.elements if e.text and _level(e, row) and _in_column(e, heading)] for row in rows]
    return [found[0] for found in cells] if all(cells) else []


def _level(element: Element, row: Element) -> bool:
    return abs(element.box.center.y - row.box.center.y) < row.box.height


def _in_column(element: Element, heading: Element) -> bool:
    near = _EDGE * heading.box.height
    return abs(element.box.x1 - heading.box.x1) < near or abs(element.box.x2 - heading.box.x2) < near


def _beside(rows: list[Element], others: list[Element]) -> bool:
    """Whether two lists are columns of one table; a heading may be missing in one."""
    return len(rows) >= len(others) - 1 and all(any(_level(a, b) for b in others) for a in rows)


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
