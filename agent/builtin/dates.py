"""Dates as people write them, and the digits of a segmented date field."""

from __future__ import annotations

import re
from datetime import date

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def segment_order(placeholder: str) -> tuple[str, ...] | None:
    """The order of day, month and year in a date field's placeholder: ``mm/dd/yyyy`` → ("m", "d", "y")."""
    text = re.sub(r"\s+", "", placeholder.lower())
    found = re.search(r"(mm|dd|tt|yyyy|jjjj|aaaa)[/.\-](mm|dd|tt)[/.\-](yyyy|jjjj|aaaa|dd|tt|mm)", text)
    if not found:
        return None
    names = tuple({"t": "d", "j": "y", "a": "y"}.get(part[0], part[0]) for part in found.groups())
    return names if set(names) == {"d", "m", "y"} else None


def read_date(text: str, order: tuple[str, ...] = ("m", "d", "y")) -> date | None:
    """A written date: ISO, with dots (day first), slashes (in `order`) or the month's name; None for another text."""
    text = text.strip().lower()
    if m := re.fullmatch(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})", text):
        return _date(int(m[1]), int(m[2]), int(m[3]))
    if m := re.fullmatch(r"(\d{1,2})\.\s*(\d{1,2})\.\s*(\d{4})", text):
        return _date(int(m[3]), int(m[2]), int(m[1]))
    if m := re.fullmatch(r"(\d{1,2})[-/](\d{1,2})[-/](\d{4})", text):
        month_first = order.index("m") < order.index("d")
        month, day = (int(m[1]), int(m[2])) if month_first else (int(m[2]), int(m[1]))
        return _date(int(m[3]), month, day) or _date(int(m[3]), day, month)
    month = next((i + 1 for i, name in enumerate(_MONTHS) if re.search(rf"\b{name}[a-z]*", text)), 0)
    numbers = [int(n) for n in re.findall(r"\d+", text)]
    if month and len(numbers) == 2:
        return _date(max(numbers), month, min(numbers))
    return None


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def date_digits(value: date, order: tuple[str, ...]) -> str:
    """The digits to type into a field of date segments."""
    parts = {"y": f"{value.year:04d}", "m": f"{value.month:02d}", "d": f"{value.day:02d}"}
    return "".join(parts[part] for part in order)
