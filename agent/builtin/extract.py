"""Values from a screen into a flat JSON schema: label and value pairs, no model."""

from __future__ import annotations

import re
from typing import Any

from rapidfuzz import fuzz

from agent.builtin.screen import Element, Screen
from agent.builtin.watch import norm
from agent.model import ModelError

_ENOUGH = 80.0
_TYPES = ("string", "number", "integer", "boolean")


def extract_values(screen: Screen, schema: dict[str, Any]) -> dict[str, Any]:
    """One value for each property of a flat object schema, found beside, under or after its name or description.

    Raises `ModelError` for a schema that is not flat, and for a required property that is not on the screen (all
    properties are required where the schema does not say). A property that is not required is left out instead.
    """
    properties = schema.get("properties")
    if schema.get("type", "object") != "object" or not isinstance(properties, dict) or not properties:
        raise ModelError("the built-in model fills flat object schemas only: give properties, or use --model")
    required = schema.get("required", list(properties))
    values = {}
    for key, rule in properties.items():
        value = _value(screen, key, rule if isinstance(rule, dict) else {})
        if value is None and key in required:
            raise ModelError(
                f"no value for {key!r} is readable on the screen: rename it as the screen does, or use --model"
            )
        if value is not None:
            values[key] = value
    return values


def _value(screen: Screen, key: str, rule: dict[str, Any]) -> Any:
    kind = rule.get("type", "string")
    if kind not in _TYPES:
        raise ModelError(
            f"the built-in model cannot fill {key!r} of type {kind!r}: use one of {', '.join(_TYPES)}, or --model"
        )
    names = [
        re.sub(r"(?<=[a-z])(?=[A-Z])|[_-]", " ", key),
        str(rule.get("description", "")),
        str(rule.get("title", "")),
    ]
    for name in filter(None, names):
        for label in _labelled(screen, name):
            value = _typed(label, screen, kind, name)
            if value is not None:
                return value
    return None


def _labelled(screen: Screen, name: str) -> list[Element]:
    """Elements whose label or leading words are `name`, the best first."""
    scored = [
        (max(fuzz.ratio(norm(name), norm(words)) for words in _names(e)), e) for e in screen.elements if _names(e)
    ]
    return [e for score, e in sorted(scored, key=lambda s: -s[0]) if score >= _ENOUGH]


def _names(element: Element) -> list[str]:
    return [words for words in (element.label, element.text.partition(":")[0], element.text) if norm(words)]


def _typed(element: Element, screen: Screen, kind: str, name: str) -> Any:
    if kind == "boolean":
        return element.checked
    text = _text(element, screen, name)
    if kind == "string" or not text:
        return text or None
    m = re.search(r"-?\d[\d  ,']*(?:\.\d+)?", text)
    if not m:
        return None
    number = float(re.sub(r"[  ,']", "", m.group()))
    return int(number) if kind == "integer" and number.is_integer() else None if kind == "integer" else number


def _text(element: Element, screen: Screen, name: str) -> str:
    """The value that goes with a label: its widget's text, what follows its colon, or what is right of or under it."""
    if element.label and fuzz.ratio(norm(element.label), norm(name)) >= _ENOUGH:
        return element.text
    after = element.text.partition(":")[2].strip()
    return after or _neighbour(element, screen)


def _neighbour(element: Element, screen: Screen) -> str:
    box = element.box
    others = [e for e in screen.elements if e is not element and e.text]
    right = [e for e in others if e.box.x1 >= box.x2 - 2 and abs(e.box.center.y - box.center.y) < box.height * 0.7]
    below = [e for e in others if 0 <= e.box.y1 - box.y2 < box.height * 1.5 and abs(e.box.x1 - box.x1) < box.width]
    nearest = min(right, key=lambda e: e.box.x1, default=None) or min(below, key=lambda e: e.box.y1, default=None)
    return nearest.text if nearest else ""
