"""How a text is entered: split into what ``input text`` types, keys, and what needs an input method.

``input text`` (``InputShellCommand.java`` of AOSP) types the characters of a US keyboard, reads ``%s`` as a blank, and
stumbles over everything else, a line end included.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from actions.backend import RefusedError

PIECE = 200
"""Characters of one ``input text`` or one broadcast: each line stays below `actions.adb.lines.LONGEST`."""
KEYS = {"\n": "ENTER", "\t": "TAB"}


@dataclass(frozen=True)
class TextPiece:
    """Characters of a US keyboard, for ``input text``; never holds ``%s``."""

    text: str


@dataclass(frozen=True)
class KeyPiece:
    """A key, by Android's name without ``KEYCODE_``."""

    key: str


@dataclass(frozen=True)
class Committed:
    """Any characters but controls, for an input method."""

    text: str


Piece = TextPiece | KeyPiece | Committed


def split_text(text: str) -> tuple[Piece, ...]:
    """The pieces of `text` in order. A line end of any kind is Enter, a tab is Tab.

    A text with one character that no US keyboard has goes through the input method as a whole. Raises `RefusedError`
    for other control characters and half surrogate pairs.
    """
    text = re.sub(r"\r\n?", "\n", text)
    _check(text)
    plain = all(" " <= c <= "~" or c in KEYS for c in text)
    pieces: list[Piece] = []
    for part in re.split(r"([\n\t])", text):
        if part in KEYS:
            pieces.append(KeyPiece(KEYS[part]))
        elif plain:
            pieces += [TextPiece(piece) for piece in _typeable(part)]
        else:
            pieces += [Committed(part[at : at + PIECE]) for at in range(0, len(part), PIECE)]
    return tuple(pieces)


def unusual(text: str) -> str:
    """The characters that need an input method, each once, for people: ``ü (U+00FC), 日 (U+65E5)``."""
    found = dict.fromkeys(c for c in text if not (" " <= c <= "~" or c in "\n\t\r"))
    told = [f"{c} (U+{ord(c):04X})" if c.isprintable() else f"U+{ord(c):04X}" for c in found]
    return ", ".join(told[:5]) + (f" and {len(told) - 5} more" if len(told) > 5 else "")


def _check(text: str) -> None:
    bad = dict.fromkeys(c for c in text if c not in KEYS and unicodedata.category(c) in ("Cc", "Cs"))
    if bad:
        told = ", ".join(f"U+{ord(c):04X}" for c in list(bad)[:5])
        raise RefusedError(f"no phone can be typed {told}: control characters other than line ends and tabs")


def _typeable(text: str) -> list[str]:
    """`text` in pieces that are typed as they are written: a ``%`` and an ``s`` after it never in the same."""
    parts = re.split(r"(?<=%)(?=s)", text)
    return [part[at : at + PIECE] for part in parts for at in range(0, len(part), PIECE)]
