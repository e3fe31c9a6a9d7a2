"""Which text a change of the screen touches: that alone is read again, from the space before it to the one after it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import cv2
import numpy as np

from actions.frame import Box
from agent.perception.elements import TextLine
from agent.perception.images import pixel_bounds
from envs.differences import changed_places
from envs.env import Image

_NEAR = 3  # pixels around a change in which it touches text
_MARGIN = 24  # pixels that the reader needs around text
_BLANK = 24  # the most by which the pixels of a column without ink differ
_GAP = 0.95  # the gap between two words of a line, in heights of it, is at most this
_SPACE = 0.8  # a letter and the gap before it are narrower than this
_NO_SPACE = 0.15  # and one between letters narrower than this


def changed_text(last: Image, image: Image, lines: Sequence[TextLine]) -> tuple[list[TextLine], list[Box]] | None:
    """What of the `lines` of `last` is still on `image`, and the areas to read again; None: everything is.

    A phone's screen is always read whole: the size of its text is judged by the picture's shape.
    """
    height, width = image.shape[:2]
    if last.shape != image.shape or height > width:
        return None
    kept, areas = list(lines), list[Box]()
    for x, y, wide, high in changed_places(last, image):
        place = Box(x, y, x + wide, y + high).grown(_NEAR)
        cuts = [_cut(line, place, image) if _touches(place, line) else ([line], place) for line in kept]
        kept, area = [part for parts, _ in cuts for part in parts], place
        for _, touched in cuts:
            area = area.union(touched)
        while others := [other for other in areas if other.overlap(area)]:
            for other in others:
                areas.remove(other)
                area = area.union(other)
        areas.append(area)
    return (kept, areas) if sum(area.area for area in areas) < height * width / 2 else None


def _touches(place: Box, line: TextLine) -> bool:
    """Whether `place` is on the line or so near its end that what is there may belong to its last word."""
    reach = _SPACE * line.box.height
    return line.box._replace(x1=line.box.x1 - reach, x2=line.box.x2 + reach).overlap(place) > 0


def _cut(line: TextLine, area: Box, image: Image) -> tuple[list[TextLine], Box]:
    """The parts of `line` before and after `area`, cut at spaces that are blank on `image`, and the box of the rest."""
    parts, touched = list[TextLine](), line.box
    gaps = [*_spaces(line, image)]
    if before := [gap for gap in gaps if gap[1] <= area.x1]:
        at, start, end = before[-1]
        parts.append(TextLine(line.box._replace(x2=start), line.text[:at], line.score, line.xs[:at]))
        touched = touched._replace(x1=(start + end) / 2)
    if after := [gap for gap in gaps if gap[2] >= area.x2]:
        at, start, end = after[0]
        parts.append(TextLine(line.box._replace(x1=end), line.text[at + 1 :], line.score, line.xs[at + 1 :]))
        touched = touched._replace(x2=(start + end) / 2)
    return parts, touched


def _spaces(line: TextLine, image: Image) -> Iterator[tuple[int, float, float]]:
    """The spaces in the text of a line: their place in it, and x where the blank columns there begin and end."""
    if len(line.xs) != len(line.text):
        return
    y1, y2 = max(0, int(line.box.y1) - 2), int(line.box.y2) + 2
    for at in range(1, len(line.text) - 1):
        if line.text[at] != " ":
            continue
        left = int(line.xs[at - 1])
        strip = image[y1:y2, left : int(line.xs[at + 1]) + 1]
        edges = np.r_[-1, np.flatnonzero(np.ptp(strip, axis=0).max(axis=1) > _BLANK), strip.shape[1]]
        widest = int(np.diff(edges).argmax())
        if edges[widest + 1] - edges[widest] > 2:
            yield at, float(left + edges[widest] + 1), float(left + edges[widest + 1])


def area_alone(image: Image, area: Box, kept: Sequence[TextLine]) -> tuple[Image, int, int]:
    """The pixels of `area` without the lines `kept`, with a margin in which the outermost pixels are repeated.

    Also where its upper left corner is on `image`.
    """
    x1, y1, x2, y2 = pixel_bounds(area, image)
    part = image[y1:y2, x1:x2].copy()
    for line in kept:
        if line.box.overlap(area):
            left, top, right, bottom = pixel_bounds(line.box.grown(1), image)
            edge = np.concatenate([image[top, left:right], image[bottom - 1, left:right]])
            part[max(0, top - y1) : bottom - y1, max(0, left - x1) : right - x1] = np.median(edge, axis=0)

    wider = cv2.copyMakeBorder(part, _MARGIN, _MARGIN, _MARGIN, _MARGIN, cv2.BORDER_REPLICATE)
    return np.asarray(wider, np.uint8), x1 - _MARGIN, y1 - _MARGIN


def moved(line: TextLine, x: float, y: float) -> TextLine:
    """The line as far to the right and down."""
    box = Box(line.box.x1 + x, line.box.y1 + y, line.box.x2 + x, line.box.y2 + y)
    return replace(line, box=box, xs=tuple(at + x for at in line.xs))


def with_new(kept: Sequence[TextLine], new: Sequence[TextLine], image: Image) -> list[TextLine]:
    """All lines of `image`; a new one that continues a kept one, or goes before it, is one with it."""
    lines = list(kept)
    for line in new:
        for other in [other for other in lines if _next(other, line, image) or _next(line, other, image)]:
            lines.remove(other)
            line = _joined(other, line) if other.box.x1 < line.box.x1 else _joined(line, other)
        lines.append(line)
    return lines


def _next(one: TextLine, other: TextLine, image: Image) -> bool:
    """Whether `other` is the next word on the line of `one`, with nothing drawn between them."""
    tall = max(one.box.height, other.box.height)
    apart = other.box.x1 - one.box.x2
    if abs(one.box.center.y - other.box.center.y) >= 0.4 * tall or not -2 <= apart <= _GAP * tall:
        return False
    x1, y1, x2, y2 = pixel_bounds(Box(one.box.x2 + 1, one.box.y1, other.box.x1 - 1, one.box.y2), image)
    return x2 - x1 < 2 or int(np.ptp(image[y1:y2, x1:x2], axis=(0, 1)).max()) <= _BLANK


def _joined(one: TextLine, other: TextLine) -> TextLine:
    """One line of both; a narrow gap between them was no space, but the edge of what covered a part of a word."""
    apart = other.box.x1 - one.box.x2 > _NO_SPACE * max(one.box.height, other.box.height)
    xs = (*one.xs, *([(one.box.x2 + other.box.x1) / 2] if apart else []), *other.xs)
    text = f"{one.text}{' ' if apart else ''}{other.text}"
    return TextLine(one.box.union(other.box), text, min(one.score, other.score), xs)
