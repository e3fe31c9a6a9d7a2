"""Single characters read off buttons and icons: what they are misread for, and what they mean."""

from __future__ import annotations

import numpy as np

from actions.frame import Box
from agent.perception.elements import TextLine
from agent.perception.images import crop_of, ink_mask
from agent.perception.key_symbols import symbol_of
from envs.env import Image

GLYPHS: dict[str, tuple[str, ...]] = {
    "×": ("close", "x", "clear", "times"), "X": ("close", "x", "clear"), "x": ("close", "x", "clear"),
    "✕": ("close", "x", "clear"), "Q": ("search", "magnifying glass"), "三": ("menu", "hamburger"),
    "≡": ("menu", "hamburger"), "=": ("menu", "equals"), "+": ("add", "plus"), "十": ("add", "plus"),
    "<": ("back", "previous", "left"), "←": ("back", "arrow left"), "→": ("forward", "arrow right"),
    ">": ("next", "forward", "right"), "⋮": ("more", "three dots", "overflow"),
    ":": ("more", "three dots", "overflow"), "…": ("more", "three dots", "overflow"),
    "...": ("more", "three dots", "overflow"), "☆": ("star", "bookmark", "favorite"), "★": ("star", "favorite"),
    "?": ("help", "question mark"), "②": ("help", "question mark"), "个": ("up", "arrow up"),
    "↑": ("up", "arrow up"), "↓": ("down", "download", "arrow down"), "口": ("maximize", "square"),
    "□": ("maximize", "square"), "-": ("minimize", "minus"), "一": ("minimize", "minus"),
    "C": ("reload", "refresh"), "✓": ("check", "done", "tick"), "√": ("check", "done", "tick"),
}  # fmt: skip
"""What a drawing means that the recogniser reads as this character."""
LOOKALIKES = {"十": "+", "二": "=", "一": "-", "冰": "*", "米": "*", "×": "×", "·": ".", "。": ".", "●": "."}
"""Characters that the recogniser reads for those of a calculator."""


def character_on(image: Image, mark: Box, unit: float, line: TextLine, text: str) -> str:
    """The character drawn in `mark`: by its shape, else as recognised in `line`, else the `text` read before."""
    ink = ink_mask(np.ascontiguousarray(crop_of(image, mark)))
    shape = None if ink is None else symbol_of(ink, unit)
    if shape is not None and shape != "|":  # an upright stroke may be 1, l or I: the recogniser decides
        return shape
    read = LOOKALIKES.get(line.text, line.text)
    if read and line.score >= 0.4 and (not text or len(read) <= 2):
        return read
    return LOOKALIKES.get(text, text)


def ink_box(image: Image, button: Box, unit: float) -> Box | None:
    """The box of a button's character, as high as a text line so that '.' is not read as 'o'; None if empty."""
    inner = Box(button.x1 + 3, button.y1 + 3, button.x2 - 3, button.y2 - 3)
    x1, y1, x2, y2 = (int(v) for v in inner)
    ink = ink_mask(np.ascontiguousarray(image[y1:y2, x1:x2])) if x2 > x1 and y2 > y1 else None
    if ink is None or not ink.any():
        return None
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    tight = Box(x1 + float(columns[0]), y1 + float(rows[0]), x1 + float(columns[-1]) + 1, y1 + float(rows[-1]) + 1)
    half = max(0.62 * unit, tight.height / 2)
    middle = button.center.y
    return Box(tight.x1 - 2, min(tight.y1, middle - half), tight.x2 + 2, max(tight.y2, middle + half))
