"""The base class of errors whose message is written for the user, and text for one line."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class HandeyeError(Exception):
    """A failure that the user can act on. Its message is one line that says what to do next."""


def one_line(text: str, limit: int = 160) -> str:
    """`text` fit for a terminal or a log: one line, no control characters, at most `limit` characters."""
    text = "".join(c if c.isprintable() else "�" for c in " ".join(text.split()))
    return text if len(text) <= limit else text[: limit - 1] + "…"


def plural(number: int, noun: str) -> str:
    """``1 sample``, ``1,210 samples``; of a `noun` with a regular plural."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`` Did you mean sandbox?``, or nothing where none of the `known` names is near."""
    near = get_close_matches(name.lower(), [*known], 1)
    return f" Did you mean {near[0]}?" if near else ""
