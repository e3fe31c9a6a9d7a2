"""uiautomator's selectors on the tree that ``uiautomator dump`` gives."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping, Sequence
from typing import Any

_NAMES = {
    "text": "text", "className": "class", "description": "content-desc", "packageName": "package",
    "resourceId": "resource-id",
}  # fmt: skip
_FLAGS = {
    "checkable": "checkable", "checked": "checked", "clickable": "clickable", "longClickable": "long-clickable",
    "scrollable": "scrollable", "enabled": "enabled", "focusable": "focusable", "focused": "focused",
    "selected": "selected",
}  # fmt: skip
_WAYS: Mapping[str, Callable[[str, str], bool]] = {
    "": lambda said, wanted: said == wanted,
    "Contains": lambda said, wanted: wanted.lower() in said.lower(),
    "StartsWith": lambda said, wanted: said.lower().startswith(wanted.lower()),
    "Matches": lambda said, wanted: re.fullmatch(wanted, said) is not None,
}
_STRUCTURE = frozenset({"mask", "childOrSibling", "childOrSiblingSelector", "instance"})


def find_all(root: ET.Element, selector: Mapping[str, Any]) -> list[ET.Element]:
    """The nodes that match `selector` (uiautomator2's ``Selector`` as JSON), in the order of the tree.

    Raises ValueError for a field that there is not or a pattern that cannot be read.
    """
    parents = {child: parent for parent in root.iter() for child in parent}
    found = _among(list(root.iter("node")), selector)
    relations = zip(selector.get("childOrSibling", ()), selector.get("childOrSiblingSelector", ()), strict=True)
    for relation, inner in relations:
        near = [_near(node, relation, parents) for node in found]
        found = _among(list(dict.fromkeys(node for nodes in near for node in nodes)), inner)
    return found


def _near(node: ET.Element, relation: str, parents: Mapping[ET.Element, ET.Element]) -> list[ET.Element]:
    if relation == "child":
        return [inner for inner in node.iter("node") if inner is not node]
    return [inner for inner in parents[node] if inner is not node]


def _among(nodes: Sequence[ET.Element], selector: Mapping[str, Any]) -> list[ET.Element]:
    wanted = {name: value for name, value in selector.items() if name not in _STRUCTURE}
    found = [node for node in nodes if all(_fits(node, name, value) for name, value in wanted.items())]
    if "instance" in selector:
        at = int(selector["instance"])
        return found[at : at + 1]
    return found


def _fits(node: ET.Element, name: str, value: Any) -> bool:
    if name in _FLAGS:
        return (node.get(_FLAGS[name]) == "true") == bool(value)
    if name == "index":
        return node.get("index") == str(value)
    for base, attribute in _NAMES.items():
        way = _WAYS.get(name.removeprefix(base)) if name.startswith(base) else None
        if way is not None:
            try:
                return way(node.get(attribute, ""), str(value))
            except re.error as error:
                raise ValueError(f"{name}={value!r}: {error}") from error
    raise ValueError(f"no such selector: {name}")


def bounds_of(node: ET.Element) -> tuple[int, int, int, int]:
    """Left, top, right and bottom in device pixels."""
    left, top, right, bottom = (int(number) for number in re.findall(r"-?\d+", node.get("bounds", "[0,0][0,0]")))
    return left, top, right, bottom


def info_of(node: ET.Element) -> dict[str, Any]:
    """A node in the format of uiautomator2's ``objInfo``."""
    box = dict(zip(("left", "top", "right", "bottom"), bounds_of(node), strict=True))
    names = {
        "text": "text", "className": "class", "contentDescription": "content-desc", "packageName": "package",
        "resourceName": "resource-id",
    }  # fmt: skip
    said = {name: node.get(attribute, "") for name, attribute in names.items()}
    flags = {name: node.get(attribute) == "true" for name, attribute in _FLAGS.items()}
    return {**said, **flags, "bounds": box, "visibleBounds": box, "childCount": len(node)}
