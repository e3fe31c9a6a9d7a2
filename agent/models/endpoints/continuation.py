"""What a regular expression leaves open once the beginning of a text is given, and the shortest text that fits it.

Takes the subset that `agent.models.dialects.regex` writes.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterator

from agent.models.endpoints.gbnf import TOKEN

_LETTERS = "0a" + string.printable + "\x01"


def rest_of(pattern: str, begun: str) -> str | None:
    """A pattern for what may follow `begun` in a text that fits `pattern`; None where no such text can be told."""
    found = list(dict.fromkeys(_rests(pattern, begun)))
    return None if not found else found[0] if len(found) == 1 else f"(?:{'|'.join(found)})"


def _rests(pattern: str, begun: str) -> Iterator[str]:
    """One pattern for each way through the alternatives. A repetition at which `begun` ends, or goes on, is no way."""
    if not begun:
        yield pattern if len(_alternatives(pattern)) == 1 else f"(?:{pattern})"
        return
    ways = _alternatives(pattern)
    if len(ways) > 1:
        for way in ways:
            yield from _rests(way, begun)
        return
    token = TOKEN.match(pattern)
    if token is None:
        return
    end = _group_end(pattern) if token.lastgroup == "open" else token.end()
    first, after = pattern[:end], pattern[end:]
    if after[:1] == "?":
        yield from _rests(after[1:], begun)
        after = after[1:]
    elif after[:1] in ("*", "+", "{"):
        return
    if token.lastgroup == "open":
        for way in _alternatives(first[3:-1]):
            yield from _rests(way + after, begun)
    elif re.match(first, begun):
        yield from _rests(after, begun[1:])


def shortest_text(pattern: str) -> str:
    """The shortest text that fits `pattern`, as far as each of its pieces decides by itself."""
    ways = _alternatives(pattern)
    if len(ways) > 1:
        return min(map(shortest_text, ways), key=len)
    text, at = "", 0
    while token := TOKEN.match(pattern, at):
        end = at + _group_end(pattern[at:]) if token.lastgroup == "open" else token.end()
        times = re.match(r"[?*]|\+|\{(\d+)(?:,\d*)?\}|", pattern[end:])
        assert times is not None
        atom, least = pattern[at:end], 0 if times[0] and times[0] in "?*" else int(times[1] or 1)
        text += least * (shortest_text(atom[3:-1]) if token.lastgroup == "open" else _letter(atom))
        at = end + times.end()
    return text


def _letter(atom: str) -> str:
    """A letter that fits a class, an escape or itself."""
    return next((letter for letter in (*_LETTERS, atom[-1]) if re.fullmatch(atom, letter)), "")


def _group_end(pattern: str) -> int:
    """The index after the bracket that closes the group at the beginning of `pattern`."""
    depth = 0
    for token in TOKEN.finditer(pattern):
        depth += (token.lastgroup == "open") - (token.group() == ")")
        if not depth:
            return token.end()
    raise ValueError(f"a group without an end: {pattern[:20]!r}")


def _alternatives(pattern: str) -> list[str]:
    """The parts of `pattern` between bars that are in no group."""
    depth, start, found = 0, 0, list[str]()
    for token in TOKEN.finditer(pattern):
        depth += (token.lastgroup == "open") - (token.group() == ")")
        if token.group() == "|" and not depth:
            found.append(pattern[start : token.start()])
            start = token.end()
    return [*found, pattern[start:]]
