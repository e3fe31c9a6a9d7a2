"""A JSON schema as `WantedValue`: objects, arrays and scalars."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from agent.core.model import ModelError

Type = Literal["string", "number", "integer", "boolean", "object", "array"]
_TYPES = ("string", "number", "integer", "boolean", "object", "array")
_DEEPEST = 8


@dataclass(frozen=True)
class WantedValue:
    """One value of the schema. `names` are its possible labels on the screen, best first.

    `rule` is the schema of the value alone, with its references resolved. `optional` says that it may be left out,
    `nullable` that it may be null.
    """

    key: str
    type: Type
    rule: Mapping[str, Any]
    names: tuple[str, ...] = ()
    optional: bool = False
    nullable: bool = False
    parts: tuple[WantedValue, ...] = ()
    items: WantedValue | None = field(default=None)


def read_schema(schema: Mapping[str, Any]) -> WantedValue:
    """The schema as `WantedValue`. Raises `ModelError` naming the part that a screen cannot fill."""
    return _wanted("", schema, schema, optional=False, depth=0)


def _wanted(key: str, rule: Any, root: Mapping[str, Any], *, optional: bool, depth: int) -> WantedValue:
    where = repr(key) if key else "the schema"
    if depth > _DEEPEST:
        raise ModelError(f"{where} is nested too deeply for the built-in model: use --model with a vision model")
    rule, nullable = _plain(where, rule, root)
    kind = _type(where, rule)
    parts: tuple[WantedValue, ...] = ()
    items = None
    if kind == "object":
        properties = rule.get("properties")
        if not isinstance(properties, Mapping) or not properties:
            raise ModelError(f"{where} is an object without properties: name them, so that they can be looked for")
        needed = rule.get("required", list(properties))
        parts = tuple(
            _wanted(name, part, root, optional=name not in needed, depth=depth + 1) for name, part in properties.items()
        )
    if kind == "array":
        if not isinstance(rule.get("items"), Mapping):
            raise ModelError(f"{where} is an array: say with items what is in it")
        items = _wanted(key, rule["items"], root, optional=False, depth=depth + 1)
        if items.type == "array" or any(part.type in ("object", "array") for part in items.parts):
            raise ModelError(f"the built-in model cannot fill tables within tables ({where}): use --model")
    return WantedValue(key, kind, rule, _names(key, rule), optional, nullable, parts, items)


def _plain(where: str, rule: Any, root: Mapping[str, Any]) -> tuple[Mapping[str, Any], bool]:
    """`rule` with references resolved and null removed from its choices, and whether null was one."""
    nullable = False
    outer: dict[str, Any] = {}
    for _ in range(_DEEPEST):
        if not isinstance(rule, Mapping):
            raise ModelError(f"{where} has no schema: give its type")
        outer = {name: rule[name] for name in ("title", "description") if name in rule} | outer
        if "$ref" in rule:
            rule = _referred(where, str(rule["$ref"]), root)
        elif isinstance(choices := rule.get("anyOf", rule.get("oneOf")), list):
            left = [choice for choice in choices if choice != {"type": "null"}]
            nullable = nullable or len(left) < len(choices)
            if len(left) != 1:
                raise ModelError(f"{where} may be one of {len(left)} things: the built-in model fills one only")
            rule = left[0]
        elif isinstance(kinds := rule.get("type"), list):
            nullable = nullable or "null" in kinds
            rest = [kind for kind in kinds if kind != "null"]
            rule = {**rule, "type": rest[0] if len(rest) == 1 else rest}
            if len(rest) != 1:
                raise ModelError(f"{where} may be one of {len(rest)} types: the built-in model fills one only")
        else:
            return {**rule, **outer}, nullable
    raise ModelError(f"{where} refers to itself: the built-in model fills plain schemas only")


def _referred(where: str, name: str, root: Mapping[str, Any]) -> Any:
    found: Any = root
    for part in name.removeprefix("#/").split("/") if name.startswith("#/") else ("",):
        found = found.get(part) if isinstance(found, Mapping) else None
    if found is None:
        raise ModelError(f"{where} refers to {name!r}, which is not in the schema")
    return found


def _type(where: str, rule: Mapping[str, Any]) -> Type:
    kind: Any = rule.get("type")
    if kind is None and "properties" in rule:
        kind = "object"
    if kind is None and isinstance(rule.get("enum"), list) and all(isinstance(v, str) for v in rule["enum"]):
        kind = "string"
    if kind is None and isinstance(rule.get("const"), str):
        kind = "string"
    if kind not in _TYPES:
        raise ModelError(f"the built-in model cannot fill {where} of type {kind!r}: use one of {', '.join(_TYPES)}")
    found: Type = kind
    return found


def _names(key: str, rule: Mapping[str, Any]) -> tuple[str, ...]:
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[_\-.]+", " ", key)
    given = (str(rule.get(name, "")).strip() for name in ("title", "description"))
    return tuple(dict.fromkeys(name for name in (words.strip(), *given) if name))
