"""Tables: a row of headers that name what is wanted, and rows under it."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

from agent.builtin.extraction.cells import TextCell, cut, label_similarity, unbulleted
from agent.builtin.extraction.labels import ENOUGH
from agent.builtin.extraction.schema import WantedValue
from agent.builtin.extraction.values import value_of

Row = list[TextCell]


def table(cells: Sequence[TextCell], wanted: WantedValue) -> list[dict[str, Any]]:
    """One object for each row under the headers that name the parts of `wanted`; empty where there are no such headers.

    The table ends at the first row that lacks a required part or where the rows' distance is broken.
    """
    found = _headers(cells, wanted)
    if not found:
        return []
    row, columns = found
    below = [c for c in cells if c.box.y1 >= max(h.box.y2 for h in row) - 3]
    return _rows(below, row, columns, wanted)


def column(cells: Sequence[TextCell], wanted: WantedValue) -> list[Any]:
    """The values of a list: the lines under the heading that names it, as long as they are evenly spaced."""
    heads = [(max(label_similarity(n, c.head) for n in wanted.names), c) for c in cells] if wanted.names else []
    for score, head in sorted(heads, key=lambda h: -h[0]):
        if score < ENOUGH or wanted.items is None:
            return []
        if head.tail:
            return _typed(head.tail.replace(";", ",").split(","), wanted.items)
        values = _typed([unbulleted(c.text) for c in _lines_under(cells, head)], wanted.items)
        if values:
            return values
    return []


def _typed(texts: Sequence[str], wanted: WantedValue) -> list[Any]:
    values = [value_of(text, wanted) for text in texts]
    return values[: values.index(None)] if None in values else values


def _lines_under(cells: Sequence[TextCell], head: TextCell) -> list[TextCell]:
    """The block of lines that begin at one x, under `head`."""
    below = [c for c in cells if c.box.y1 > head.box.y2 - 2 and c.box.x1 >= head.box.x1 - head.box.height and c.text]
    if not below or below[0].box.y1 - head.box.y2 > 4 * head.box.height:
        return []
    first = below[0]
    lines = [c for c in below if abs(c.box.x1 - first.box.x1) < 0.8 * first.box.height]
    return _even(lines)


def _even(lines: Sequence[TextCell]) -> list[TextCell]:
    """The beginning of `lines` in which each follows the one before at about the same distance."""
    kept = list(lines[:1])
    for before, line in pairwise(lines):
        gap = line.box.y1 - before.box.y1
        first = kept[1].box.y1 - kept[0].box.y1 if len(kept) > 1 else 3 * before.box.height
        if gap > 1.6 * first:
            break
        kept.append(line)
    return kept


def _headers(cells: Sequence[TextCell], wanted: WantedValue) -> tuple[Row, dict[str, TextCell]] | None:
    """The row that names the most parts (all required ones at least), and which cell names which part."""
    best: tuple[Row, dict[str, TextCell]] | None = None
    for row in _by_line(cells):
        row = _cut_to_names(row, wanted)
        named = _named(row, wanted)
        enough = all(part.optional or part.key in named for part in wanted.parts)
        if enough and named and (best is None or len(named) > len(best[1])):
            best = row, named
    return best


def _by_line(cells: Sequence[TextCell]) -> list[Row]:
    rows: list[Row] = []
    for cell in sorted(cells, key=lambda c: c.box.center.y):
        if rows and rows[-1][0].beside(cell):
            rows[-1].append(cell)
        else:
            rows.append([cell])
    return [sorted(row, key=lambda c: c.box.x1) for row in rows]


def _cut_to_names(row: Row, wanted: WantedValue) -> Row:
    """Headers that were read as one, cut where two of the names meet."""
    cut_row: Row = []
    for cell in row:
        names = [name for part in wanted.parts for name in part.names]
        starts = [at for name in names if (at := cell.text.casefold().find(name.casefold())) > 0]
        edges = [
            cell.glyphs[at] - 1 for at in starts if len(cell.glyphs) == len(cell.text) and cell.text[at - 1] == " "
        ]
        whole = any(label_similarity(name, cell.text) >= 95 for name in names)
        cut_row += [cell] if whole else cut(cell, edges)
    return cut_row


def _named(row: Row, wanted: WantedValue) -> dict[str, TextCell]:
    """Which cell of the row names which part; each cell one part, the best fits first."""
    fits = sorted(
        ((max(label_similarity(n, c.text) for n in part.names), part.key, c) for part in wanted.parts for c in row),
        key=lambda fit: -fit[0],
    )
    named: dict[str, TextCell] = {}
    for score, key, cell in fits:
        if score >= ENOUGH and key not in named and cell not in named.values():
            named[key] = cell
    return named


def _rows(
    cells: Sequence[TextCell], header: Row, columns: Mapping[str, TextCell], wanted: WantedValue
) -> list[dict[str, Any]]:
    edges = _edges(header)
    lines = _wrapped(_by_line([piece for cell in cells for piece in cut(cell, edges)]), header, columns)
    objects: list[dict[str, Any]] = []
    steps: list[float] = []
    last = statistics.fmean(c.box.center.y for c in header)
    for line in lines:
        middle = line[0].box.center.y
        if len(steps) > 1 and middle - last > 2.2 * statistics.median(steps[1:] or steps):
            break
        made = _object(line, header, columns, wanted)
        if made is None:
            break
        objects.append(made)
        steps.append(middle - last)
        last = middle
    return objects


def _edges(header: Row) -> list[float]:
    """The x positions between columns, from the headers."""
    return [(a.box.x2 + b.box.x1) / 2 for a, b in pairwise(header)]


def _wrapped(lines: list[Row], header: Row, columns: Mapping[str, TextCell]) -> list[Row]:
    """Lines with the second line of a wrapped cell joined to the row that it belongs to."""
    joined: list[Row] = []
    for line in lines:
        gap = line[0].box.y1 - max(c.box.y2 for c in joined[-1]) if joined else 1e9
        lone = len(line) < min(len(columns), 2) and joined and len(joined[-1]) > len(line)
        if lone and gap < 0.55 * line[0].box.height:
            joined[-1] = _joined(joined[-1], line[0], header)
        else:
            joined.append(line)
    return joined


def _joined(row: Row, extra: TextCell, header: Row) -> Row:
    mine = _column_of(extra, header)
    at = next((n for n, cell in enumerate(row) if _column_of(cell, header) is mine), None)
    if at is None:
        return [*row, extra]
    longer = replace(row[at], box=row[at].box.union(extra.box), text=f"{row[at].text} {extra.text}", glyphs=())
    return [*row[:at], longer, *row[at + 1 :]]


def _object(line: Row, header: Row, columns: Mapping[str, TextCell], wanted: WantedValue) -> dict[str, Any] | None:
    """The row as an object, or None where a required part is not there."""
    placed: dict[int, list[TextCell]] = {}
    for cell in line:
        placed.setdefault(id(_column_of(cell, header)), []).append(cell)
    made: dict[str, Any] = {}
    for part in wanted.parts:
        mine = placed.get(id(columns.get(part.key)), [])
        text = " ".join(c.text for c in mine if c.text)
        ticked = next((c.checked for c in mine if c.checked is not None), None)
        value = value_of(text, part, ticked) if mine else None
        if value is not None:
            made[part.key] = value
        elif part.nullable:
            made[part.key] = None
        elif not part.optional:
            return None
    return made if any(value is not None for value in made.values()) else None


def _column_of(cell: TextCell, header: Row) -> TextCell:
    """The header above `cell`: the one it overlaps most, else the nearest edge or middle."""

    def off(head: TextCell) -> tuple[float, float]:
        shared = min(cell.box.x2, head.box.x2) - max(cell.box.x1, head.box.x1)
        pairs = ((cell.box.x1, head.box.x1), (cell.box.x2, head.box.x2), (cell.box.center.x, head.box.center.x))
        return (-max(shared, 0.0), min(abs(a - b) for a, b in pairs))

    return min(header, key=off)
