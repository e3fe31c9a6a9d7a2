"""What a device says is on its screen: the tree of ``uiautomator dump``, read with distrust."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass

from actions.adb.lines import command, quiet, sequence
from actions.adb.link import AdbLink
from actions.backend import BackendError

_LARGEST = 8_000_000
"""Characters; a screen's tree has thousands."""
_FILE = "/data/local/tmp/handeye-window.xml"


@dataclass(frozen=True)
class AccessibilityNode:
    """One element. `bounds` is left, top, right, bottom in input units; `kind` is the class, ``EditText``. `checked` is
    None for what cannot be.
    """

    bounds: tuple[int, int, int, int]
    kind: str
    text: str
    description: str
    package: str
    focused: bool
    password: bool
    depth: int
    checked: bool | None = None
    clickable: bool = False
    scrollable: bool = False
    enabled: bool = True
    selected: bool = False


def dump(link: AdbLink) -> list[AccessibilityNode]:
    """The elements on the screen, in the order of the tree. Raises `BackendError` where the phone gives none.

    The tree is written to the output, or, where the device cannot, to a file of ours that is removed again.
    """
    said = link.ask(command("uiautomator", "dump", "/dev/tty")).out
    if "<hierarchy" not in said:
        file = sequence(
            quiet(command("uiautomator", "dump", _FILE)), quiet(command("cat", _FILE)), command("rm", "-f", _FILE)
        )
        said = link.ask(file).out
    start, end = said.find("<hierarchy"), said.rfind("</hierarchy>")
    if start < 0 or end < 0:
        told = " ".join(said.split())[:120] or "nothing"
        raise BackendError(f"the phone gives no elements (uiautomator says {told}): its screen may be moving or off")
    return parse_dump(said[start : end + len("</hierarchy>")])


def parse_dump(text: str) -> list[AccessibilityNode]:
    """The nodes of a tree. Declarations of entities and huge trees are refused, so that a dump cannot blow up or read
    files; raises `BackendError`.
    """
    if len(text) > _LARGEST or "<!" in text:
        raise BackendError("the phone's element tree is not one that uiautomator writes")
    try:
        root = ET.fromstring(text)  # noqa: S314 - no declaration has got this far
    except ET.ParseError as error:
        raise BackendError(f"the phone's element tree cannot be read: {error}") from error
    return [node for node in map(_node, *zip(*_walk(root), strict=True)) if node]


def focused_text(link: AdbLink) -> str | None:
    """What the text field that has the focus shows; None where there is none, it hides it, or nobody says."""
    try:
        nodes = dump(link)
    except BackendError:
        return None
    fields = [node for node in nodes if node.focused and node.kind.endswith("EditText") and not node.password]
    return fields[-1].text if fields else None


def _walk(root: ET.Element) -> Iterator[tuple[ET.Element, int]]:
    stack = [(root, 0)]
    while stack:
        element, depth = stack.pop()
        yield element, depth
        stack += [(child, depth + 1) for child in reversed(element)]


def _node(element: ET.Element, depth: int) -> AccessibilityNode | None:
    bounds = re.fullmatch(r"\[(-?\d+),(-?\d+)\]\[(-?\d+),(-?\d+)\]", element.get("bounds", ""))
    if bounds is None:
        return None
    left, top, right, bottom = (int(number) for number in bounds.groups())
    return AccessibilityNode(
        (left, top, right, bottom),
        element.get("class", "").rpartition(".")[2],
        element.get("text", ""),
        element.get("content-desc", ""),
        element.get("package", ""),
        element.get("focused") == "true",
        element.get("password") == "true",
        depth,
        element.get("checked") == "true" if element.get("checkable") == "true" else None,
        element.get("clickable") == "true",
        element.get("scrollable") == "true",
        element.get("enabled") != "false",
        element.get("selected") == "true",
    )
