"""Regular expressions for shapes, of the subset that Python, xgrammar, llguidance and GBNF share.

No look-around, no back references, no classes like ``\\d``: alternatives, ``[...]``, ``(?:...)``, ``?``, ``*`` and
``{n,m}``. A long repetition is bounded only where the letter after it cannot be one of its own: xgrammar takes ten
seconds to compile any other.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_SPECIAL = re.compile(r"[\\.^$*+?{}\[\]|()]")


def literal(text: str) -> str:
    """A pattern for exactly `text`."""
    return _SPECIAL.sub(lambda match: "\\" + match.group(), text).replace("\n", "\\n").replace("\t", "\\t")


def either(patterns: Iterable[str]) -> str:
    """One of `patterns`, each once, in the order given."""
    found = list(dict.fromkeys(patterns))
    return found[0] if len(found) == 1 else f"(?:{'|'.join(found)})"


def whole(low: int, high: int) -> str:
    """Whole numbers from `low` to `high`, without leading zeros."""
    if low > high:
        raise ValueError(f"no number from {low} to {high}")
    if high < 0:
        return "-" + whole(-high, -low)
    if low < 0:
        below = "-" + whole(1, -low)
        return either([whole(0, high), below])
    found: list[str] = []
    for digits in range(len(str(low)), len(str(high)) + 1):
        first = max(low, 10 ** (digits - 1) if digits > 1 else 0)
        found += _same_length(str(first), str(min(high, 10**digits - 1)))
    return either(found)


def _same_length(low: str, high: str) -> list[str]:
    """Patterns for the numbers from `low` to `high`, which have as many digits."""
    if not low:
        return [""]
    if set(low) == {"0"} and set(high) == {"9"}:
        return ["[0-9]" if len(low) == 1 else f"[0-9]{{{len(low)}}}"]
    if low[0] == high[0]:
        return [low[0] + rest for rest in _same_length(low[1:], high[1:])]
    rest, found = len(low) - 1, list[str]()
    first, last = int(low[0]), int(high[0])
    if set(low[1:]) - {"0"}:
        found += [low[0] + tail for tail in _same_length(low[1:], "9" * rest)]
        first += 1
    tops = [high[0] + tail for tail in _same_length("0" * rest, high[1:])] if set(high[1:]) - {"9"} else []
    last -= bool(tops)
    if first <= last:
        digit = str(first) if first == last else f"[{first}-{last}]"
        found += [digit + tail for tail in _same_length("0" * rest, "9" * rest)]
    return found + tops


def decimal(low: int, high: int, places: int) -> str:
    """Numbers from `low` to `high` (at most 0, or above) with up to `places` decimals; ``7`` and ``7.0`` both fit."""
    if low < 0:
        return either([decimal(0, high, places), "-" + decimal(0, -low, places)])
    top = f"{high}(?:\\.0{{1,{places}}})?"
    if low == high:
        return top
    return either([f"{whole(low, high - 1)}(?:\\.[0-9]{{1,{places}}})?", top])


def without(word: str, fold: bool = False) -> str:
    """Any text that does not have `word` in it, a new line afterwards being sure.

    The first letter of `word` must not occur in it again; `fold` is for both its cases.
    """
    first = _letter(word[0], fold)
    if word[0].lower() in word[1:].lower():
        raise ValueError(f"the first letter of {word!r} occurs again")
    begun = ["".join(_letter(c, fold) for c in word[1:n]) for n in range(1, len(word))]
    again = either(start + first for start in begun)
    leaves = either(
        f"{start}[^{_class(word[0], fold)}{_class(word[n], fold)}]" for n, start in enumerate(begun, start=1)
    )
    unit = f"(?:[^{_class(word[0], fold)}]|{first}{again}{{0,20}}{leaves})"
    return f"{unit}*(?:{first}{again}{{0,20}}{either(begun[1:])}?)?"


def _letter(sign: str, fold: bool) -> str:
    return f"[{_class(sign, fold)}]" if fold and sign.isalpha() else literal(sign)


def _class(sign: str, fold: bool) -> str:
    return sign.lower() + sign.upper() if fold and sign.isalpha() else sign.replace("\n", "\\n")


ESCAPE = r"\\[\"\\/bfnrt]|\\u00[01][0-9a-f]"


def json_text(least: int, most: int) -> str:
    """A JSON text of `least` to `most` letters, with its quotes."""
    return rf'"(?:[^"\\\x00-\x1f]|{ESCAPE}){{{least},{most}}}"'


def python_text(least: int, most: int) -> str:
    """What stands between single quotes with JSON's escapes and ``\\'``."""
    return rf"(?:[^'\\\x00-\x1f]|{ESCAPE}|\\'){{{least},{most}}}"


def escaped_text(least: int, most: int) -> str:
    """What stands between the single quotes of a family that escapes as Python does."""
    return rf"(?:[^'\\\n\r\t]|\\['\"\\nrt]){{{least},{most}}}"


def raw_text(quote: str, least: int) -> str:
    """What stands between the quotes of a family that escapes nothing.

    It has no line break, no backslash at its end, and a quote within it is followed by neither comma nor bracket.
    """
    plain = rf"[^{quote}\n\r]"
    run, last = rf"(?:{quote}[ \t]{{0,9}}){{1,9}}", rf"[^{quote}\\\n\r]"
    inner, end = rf"(?:{plain}|{run}[^{quote}\s,)])", rf"(?:{run}[^{quote}\s,)\\]|{last})"
    empty = "" if least else "?"
    return rf"(?:{plain}{inner}*{end}|{last}){empty}"


def line_text(least: int, never: str = "", first: str = "", last: str = "") -> str:
    """A text within a line, without blanks at its ends: no sign of `never`, none of `first` or `last` at that end."""
    sign = rf"[^{never}\r\n\x0b\x0c\x1c-\x1e\x85\u2028\u2029]"
    end = rf"{never}\s\x1c-\x1f\x85"
    one = rf"[^{end}{first}{last}]"
    return rf"(?:[^{end}{first}]{sign}*[^{end}{last}]|{one}){'' if least else '?'}"


def bracketed_text(least: int) -> str:
    """What stands between the brackets of OS-Atlas."""
    return line_text(least, never=r"\[\]", last="`")


def field_text(least: int) -> str:
    """What stands after the colon of a field that a tab ends."""
    return line_text(least, never=r"\t", first=":")
