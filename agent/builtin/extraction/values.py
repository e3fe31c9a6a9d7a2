"""A text of a screen as a JSON value of one type."""

from __future__ import annotations

import re
from typing import Any

from rapidfuzz import fuzz

from agent.builtin.extraction.schema import WantedValue
from agent.models.json_schema import mismatch
from agent.perception.normalisation import normalised

_YES = frozenset({"yes", "on", "true", "enabled", "active", "y", "✓", "✔", "√", "checked"})
_NO = frozenset({"no", "off", "false", "disabled", "inactive", "n", "✗", "✘", "×", "x", "unchecked"})
_NUMBER = re.compile(r"[-−–]?\s?(?:[$€£¥]\s?)?\d(?:[\d\s .,'’]*\d)?")


def value_of(text: str, wanted: WantedValue, checked: bool | None = None) -> Any:
    """`text` as the value `wanted`, or None where it is not one. `checked` is the state of a tick beside it."""
    value = _read(text.strip(), wanted, checked)
    if value is None:
        return None
    return None if mismatch(value, wanted.rule) else value


def _read(text: str, wanted: WantedValue, checked: bool | None) -> Any:
    if wanted.type == "boolean":
        return checked if checked is not None else boolean_of(text)
    if wanted.type in ("number", "integer"):
        return number_of(text, whole=wanted.type == "integer")
    choices = [choice for choice in wanted.rule.get("enum", ()) if isinstance(choice, str)]
    if choices and text:
        best = max(choices, key=lambda choice: fuzz.ratio(normalised(choice), normalised(text)))
        return best if fuzz.ratio(normalised(best), normalised(text)) >= 85 else None
    return text or None


def boolean_of(text: str) -> bool | None:
    """A written yes or no as a boolean; None for anything else."""
    word = text.strip().strip(".").lower()
    return True if word in _YES else False if word in _NO else None


def number_of(text: str, *, whole: bool = False) -> int | float | None:
    """The only number in `text` (``$1,039.00`` is 1039.0, ``2,4 kg`` is 2.4); None for none or several.

    A comma or point before the last three digits alone separates thousands where there are several, or where a comma
    stands alone before exactly three digits; otherwise the last of them is the decimal sign.
    """
    found = list(_NUMBER.finditer(text))
    if len(found) != 1:  # dates, times and fractions are several
        return None
    raw = found[0].group()
    digits = re.sub(r"[\s '’$€£¥−–-]", "", raw)
    number = _decimal(digits)
    if number is None:
        return None
    signed = -number if raw[0] in "-−–" else number
    if whole:
        return int(signed) if signed.is_integer() else None
    return int(signed) if signed.is_integer() and "." not in digits and "," not in digits else signed


def _decimal(digits: str) -> float | None:
    signs = [c for c in digits if c in ".,"]
    if len(set(signs)) == 2:
        last = max(digits.rfind("."), digits.rfind(","))
        return _float(re.sub(r"[.,]", "", digits[:last]) + "." + digits[last + 1 :])
    if len(signs) > 1 or (signs == [","] and re.fullmatch(r"\d{1,3},\d{3}", digits)):
        grouped = re.fullmatch(r"\d{1,3}(?:[.,]\d{3})+", digits)
        return _float(re.sub(r"[.,]", "", digits)) if grouped else None
    return _float(digits.replace(",", "."))


def _float(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
