"""The keys and the display of a calculator, corrected by their surroundings."""

from __future__ import annotations

import re
from dataclasses import replace

from agent.perception.elements import Element

_DIGITS_FOR_PAD = 8  # so many different digits on buttons make a number pad


def with_keys(elements: list[Element]) -> list[Element]:
    """The elements, where they hold a number pad, with its misread keys and its display named.

    "+1-" is the sign key "+/-", "<." or "←" the key that takes the last digit back, and the lowest field above the pad
    is the display.
    """
    pad = [e for e in elements if e.role == "button" and len(e.text) == 1 and e.text.isdigit()]
    if len({e.text for e in pad}) < _DIGITS_FOR_PAD:
        return elements
    top, left, right = min(e.box.y1 for e in pad), min(e.box.x1 for e in pad), max(e.box.x2 for e in pad)
    fields = [e for e in elements if e.role == "field" and not e.label and not e.text.strip("-+.,0123456789 ")]
    shown = [e for e in fields if e.box.y2 <= top and e.box.x1 < right and e.box.x2 > left]
    display = max(shown, key=lambda e: e.box.y1, default=None)
    return [replace(e, label="display") if e is display else _key(e) for e in elements]


def _key(element: Element) -> Element:
    if element.role != "button":
        return element
    text = element.text.replace(" ", "")
    if re.fullmatch(r"\+[1lI|/t]?[-−]|±", text):
        return replace(element, text="+/-", icons=(), shows=())
    if text in ("<.", "<-", "←", "<", "<一", "<=", "⌫"):
        return replace(element, text="←", icons=("backspace", "back", "delete"), shows=())
    return element
