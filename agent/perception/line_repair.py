"""Text lines corrected by the shapes around them: cut where OCR joined them across a ring, a frame or an arrow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from actions.frame import Box
from agent.perception.elements import TextLine
from agent.perception.images import ink_mask
from agent.perception.shapes import FlatArea
from envs.env import Image

_RINGS = frozenset("OoQ0@◎○●•©®①〇口□■☐☑✓")  # characters that OCR reads for a ring or a square
_ARROWS = frozenset("VvνУ∨˅⌄ˇ▼▾√")  # characters that OCR reads for a drop-down's arrow


def mended(
    image: Image, lines: Sequence[TextLine], patches: Sequence[FlatArea], outlines: Sequence[FlatArea], unit: float
) -> list[TextLine]:
    """The lines, cut at rings, check boxes and sides of frames within them, and without arrows at their ends."""
    out: list[TextLine] = []
    for line in lines:
        for part in _cut_at(line, [*_rings_in(line, outlines, unit), *_sides_in(line, patches, unit)], unit):
            shorter = _without_arrow(image, part, unit)
            if shorter is not None:
                out.append(shorter)
    return out


def _rings_in(line: TextLine, outlines: Sequence[FlatArea], unit: float) -> Iterator[tuple[float, float]]:
    for box in (outline.box for outline in outlines if outline.box.width >= 0.75 * unit):
        level = abs(box.center.y - line.box.center.y) < 0.5 * line.box.height
        if not level or len(line.xs) != len(line.text) or not line.box.x1 < box.x1 < box.x2 < line.box.x2:
            continue
        held = [c for x, c in zip(line.xs, line.text, strict=True) if box.x1 - 1 <= x <= box.x2 + 1]
        others = [
            x for x, c in zip(line.xs, line.text, strict=True) if not (c.isspace() or box.x1 - 1 <= x <= box.x2 + 1)
        ]
        gap = (0.6 if any(not c.isspace() for c in held) else 0.25) * unit  # of a ring that was read as a letter
        clear = all(x < box.x1 - gap or x > box.x2 + gap for x in others)
        if clear and all(c in _RINGS or c.isspace() for c in held):
            yield box.x1 - 1, box.x2 + 1


def _sides_in(line: TextLine, patches: Sequence[FlatArea], unit: float) -> Iterator[tuple[float, float]]:
    """Where the left or right sides of tabs, fields and buttons lie between two characters of the line."""
    if len(line.xs) != len(line.text):
        return
    places = [x for x, c in zip(line.xs, line.text, strict=True) if not c.isspace()]
    for box in (patch.box for patch in patches if 1.5 * unit <= patch.box.height <= 3.5 * unit):
        if box.width < 2 * unit or not box.y1 < line.box.center.y < box.y2:
            continue
        for x in (box.x1, box.x2 - 1):
            clear = all(abs(place - x) > 0.45 * unit for place in places)
            if clear and min(places) < x < max(places) and any(box.x1 < place < box.x2 for place in places):
                yield x, x


def _cut_at(line: TextLine, cuts: Sequence[tuple[float, float]], unit: float) -> list[TextLine]:
    """The parts of a line before, between and after the cuts (spans of x); the line itself without any."""
    if not cuts:
        return [line]
    parts: list[TextLine] = []
    edges = sorted(cuts)
    starts = [-np.inf, *(end for _, end in edges)]
    ends = [*(start for start, _ in edges), np.inf]
    for start, end in zip(starts, ends, strict=True):
        kept = [(x, c) for x, c in zip(line.xs, line.text, strict=True) if start < x < end]
        text = "".join(c for _, c in kept)
        if not text.strip():
            continue
        first = next(x for x, c in kept if not c.isspace())
        last = next(x for x, c in reversed(kept) if not c.isspace())
        xs = tuple(x for x, _ in kept)[len(text) - len(text.lstrip()) : len(text.rstrip())]
        x1 = max(line.box.x1, first - 0.7 * unit, start)
        x2 = min(line.box.x2, last + 0.7 * unit, end)
        parts.append(TextLine(line.box._replace(x1=float(x1), x2=float(x2)), text.strip(), line.score, xs))
    return parts


def _without_arrow(image: Image, line: TextLine, unit: float) -> TextLine | None:
    """The line less a drop-down's arrow read as its last letter; None where it is nothing else."""
    if not line.text or line.text[-1] not in _ARROWS or len(line.xs) != len(line.text):
        return line
    arrow = _last_drawing(image, line.box, 0.25 * unit)
    if arrow is None or not (0.4 * unit < arrow.width < 1.6 * unit and arrow.width >= 1.35 * arrow.height):
        return line
    text = line.text[:-1].rstrip()
    if not text:
        return None
    return TextLine(line.box._replace(x2=arrow.x1 - 2), text, line.score, line.xs[: len(text)])


def _last_drawing(image: Image, box: Box, gap: float) -> Box | None:
    """The last drawing in the box that more than `gap` empty columns separate from the rest."""
    x1, y1, x2, y2 = (int(v) for v in box)
    ink = ink_mask(np.ascontiguousarray(image[max(0, y1 - 1) : y2 + 1, max(0, x1) : x2 + 2]))
    if ink is None or not ink.any():
        return None
    columns = np.flatnonzero(ink.any(axis=0))
    breaks = np.flatnonzero(np.diff(columns) > 1 + gap)
    start = int(columns[breaks[-1] + 1]) if len(breaks) else int(columns[0])
    rows = np.flatnonzero(ink[:, start:].any(axis=1))
    top = max(0, y1 - 1)
    return Box(x1 + start, top + int(rows[0]), x1 + int(columns[-1]) + 1, top + int(rows[-1]) + 1)
