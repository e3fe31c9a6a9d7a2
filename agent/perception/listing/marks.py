"""Numbered boxes around the elements of a list, drawn on the picture: set-of-marks (Yang et al., arXiv 2310.11441)."""

from __future__ import annotations

import cv2
import numpy as np

from agent.perception.listing.rows import ElementList
from envs.env import Image

_COLOURS = ((200, 0, 0), (0, 110, 0), (0, 0, 210), (150, 0, 150), (170, 80, 0), (0, 110, 130))
"""Dark enough for white digits; neighbours in the list have different ones."""


def marked(image: Image, listed: ElementList) -> Image:
    """A copy of `image` (RGB uint8 HxWx3) with a box and a number for each numbered row of `listed`."""
    drawn = np.ascontiguousarray(image).copy()
    height, width = drawn.shape[:2]
    line = max(1, round(min(height, width) / 540))
    scale = 0.5 * line
    for row in listed.rows:
        if not row.number:
            continue
        colour, words = _COLOURS[row.number % len(_COLOURS)], str(row.number)
        x1, y1, x2, y2 = (round(value) for value in row.box)
        cv2.rectangle(drawn, (x1, y1), (x2 - 1, y2 - 1), colour, line)
        (wide, high), _ = cv2.getTextSize(words, cv2.FONT_HERSHEY_SIMPLEX, scale, line)
        left = min(max(x1, 0), width - wide - 4 * line)
        top = min(max(y1, 0), height - high - 4 * line)
        cv2.rectangle(drawn, (left, top), (left + wide + 4 * line, top + high + 4 * line), colour, cv2.FILLED)
        at = (left + 2 * line, top + high + 2 * line)
        cv2.putText(drawn, words, at, cv2.FONT_HERSHEY_SIMPLEX, scale, (255, 255, 255), line, cv2.LINE_AA)
    return drawn
