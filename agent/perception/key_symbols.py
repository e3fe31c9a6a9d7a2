"""Single symbols on keys recognised by shape, where OCR is unreliable."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

Ink = npt.NDArray[np.bool_]
"""What is drawn, height x width."""


def symbol_of(ink: Ink, line: float) -> str | None:
    """The symbol drawn: one of ``/ \\ - = + . ÷``; ``|`` for any upright stroke; None where it is something else.

    `line` is the height of a line of text in pixels. What is at the edge of two is None, never a guess.
    """
    parts = _parts(ink)
    if len(parts) == 2:
        return "=" if all(_is_bar(part, line) for part in parts) and _stacked(parts) else None
    if len(parts) == 3:
        bars = [_is_bar(part, line) for part in parts]
        return "÷" if bars == [False, True, False] and _is_dot(parts[0], line) and _is_dot(parts[2], line) else None
    if len(parts) != 1:
        return None
    (part,) = parts
    if _is_dot(part, line):
        return "."
    if _is_bar(part, line):
        return "-"
    return _slash(part[2], line) or _cross(part[2])


_Part = tuple[int, int, Ink]  # left, top, what is drawn


def _parts(ink: Ink) -> list[_Part]:
    """The connected drawings, top to bottom."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(ink.astype(np.uint8), connectivity=8)
    found = [
        (int(x), int(y), np.asarray(labels[y : y + h, x : x + w] == i, dtype=bool))
        for i, (x, y, w, h, area) in enumerate(stats[:count])
        if i and area >= 1
    ]
    return sorted(found, key=lambda part: part[1])


def _is_bar(part: _Part, line: float) -> bool:
    height, width = part[2].shape
    flat = width >= 1.7 * height and height <= 0.3 * line and width >= 0.2 * line
    return bool(flat and part[2].mean() > 0.75)


def _is_dot(part: _Part, line: float) -> bool:
    height, width = part[2].shape
    return bool(max(height, width) <= 0.34 * line and max(height, width) <= max(2, 1.5 * min(height, width)))


def _stacked(parts: list[_Part]) -> bool:
    (x, y, first), (x2, y2, second) = parts
    return abs(x - x2) <= 2 and abs(first.shape[1] - second.shape[1]) <= 2 and y2 > y + first.shape[0]


def _slash(ink: Ink, line: float) -> str | None:
    """A stroke from one bottom corner to the other top corner, or an upright one."""
    height, width = ink.shape
    if height < 0.6 * line or width > 0.9 * height:
        return None
    rows = np.flatnonzero(ink.any(axis=1))
    middles = np.array([np.flatnonzero(ink[row]).mean() for row in rows])
    spans = np.array([np.ptp(np.flatnonzero(ink[row])) + 1 for row in rows])
    slope, start = np.polyfit(rows, middles, 1)
    straight = float(np.abs(middles - (slope * rows + start)).max()) <= max(1.0, 0.08 * height)
    steady = float(spans.max()) <= max(3.0, 0.3 * height)
    if not (straight and steady):
        return None
    if abs(slope) < 0.06:
        return "|" if width <= 0.3 * height else None
    third = len(rows) // 3
    even = (middles[-1 - third] - middles[third]) / (rows[-1 - third] - rows[third]) / slope if third else 0.0
    if not 0.6 < even < 1.6:
        return None
    lean = slope * height / max(1.0, float(np.median(spans)))
    return ("/" if slope < 0 else "\\") if abs(lean) > 0.9 and abs(slope) > 0.15 else None


def _cross(ink: Ink) -> str | None:
    """An upright cross: a full row and a full column through the middle and empty corners."""
    height, width = ink.shape
    if not 0.8 < width / height < 1.25 or min(height, width) < 6:
        return None
    rows, columns = ink.mean(axis=1), ink.mean(axis=0)
    middle = slice(height // 3, -(height // 3)), slice(width // 3, -(width // 3))
    corner = max(1, int(0.3 * min(height, width)))
    corners = (ink[:corner, :corner], ink[:corner, -corner:], ink[-corner:, :corner], ink[-corner:, -corner:])
    arms = [np.ptp(np.flatnonzero(row)) + 1 for row in ink[rows <= 0.9] if row.any()]
    if arms and max(arms) > max(3, 0.34 * width):
        return None
    full = rows[middle[0]].max() > 0.9 and columns[middle[1]].max() > 0.9
    return "+" if full and not any(part.any() for part in corners) else None
