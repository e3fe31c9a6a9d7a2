"""Command lines for the device's shell. The only place where words become shell text.

A `Line` cannot be made from a plain string outside this file without a type error, so that no text of a model, a page
or an app can become a second command.
"""

from __future__ import annotations

import re
import shlex
from typing import NewType

from actions.backend import RefusedError

Line = NewType("Line", str)
"""A command line whose every word is quoted."""

LONGEST = 3500
"""Bytes of a line that every adb daemon takes: the oldest have packets of 4,096 bytes."""


_INPUT = re.compile(r"""'[^']*'|"[^"]*"|((?:^|&& |; |\| )input)(?= (?!-d ))""")


def command(*words: str) -> Line:
    """One command; each of `words` arrives as it is written. Raises `RefusedError` for what no shell can carry."""
    for word in words:
        if "\0" in word or any("\ud800" <= c <= "\udfff" for c in word):
            raise RefusedError("a command for the device cannot hold a null character or half a surrogate pair")
    return Line(shlex.join(words))


def chain(*lines: Line) -> Line:
    """One after another as long as all goes well."""
    return Line(" && ".join(lines))


def sequence(*lines: Line) -> Line:
    """One after another, however they go."""
    return Line("; ".join(lines))


def on_display(line: Line, display: int) -> Line:
    """With every ``input`` of it for the display with this logical id (``input -d``: Android 10); 0 is the first."""
    return Line(_INPUT.sub(lambda m: f"{m[1]} -d {display}" if m[1] else m[0], line)) if display else line


def pipe(*lines: Line) -> Line:
    """Each reads what the one before writes."""
    return Line(" | ".join(lines))


def quiet(line: Line) -> Line:
    """Without its error output."""
    return Line(f"{line} 2>/dev/null")


def errors_of(line: Line) -> Line:
    """Only its error output."""
    return Line(f"{line} 2>&1 >/dev/null")
