"""``uiautomator dump``: the screen as Android's accessibility tree."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import Any

from envs.phone.device import PhoneDevice
from envs.phone.sh import CommandCall

_FLAGS = ("checkable", "checked", "clickable", "enabled", "focused", "scrollable", "password", "selected")


def uiautomator(phone: PhoneDevice, call: CommandCall) -> int:
    """``uiautomator dump [--compressed] [FILE]``; ``/dev/tty`` writes to the output."""
    words = [word for word in call.argv[1:] if word != "--compressed"]
    if words[:1] != ["dump"]:
        return call.fail("usage: uiautomator dump [--compressed] [FILE]")
    target = words[1] if len(words) > 1 else "/sdcard/window_dump.xml"
    if not phone.look()["awake"]:
        call.write_error(b"ERROR: null root node returned by UiTestAutomationBridge.\n")
        return 1
    data = hierarchy(phone)
    if target == "/dev/tty":
        call.write(data)
    else:
        if len(data) > phone.free():
            return call.fail("No space left on device")
        phone.locate(call.path(target)).write_bytes(data)
    call.out(f"UI hierchary dumped to: {target}\n")  # Android's own spelling, which callers look for
    return 0


def hierarchy(phone: PhoneDevice) -> bytes:
    """The tree as uiautomator writes it; bounds are device pixels."""
    root = ET.Element("hierarchy", rotation=str(phone.rotation))
    for index, node in enumerate(phone.screen.ask("system.dump()")):
        _add(root, node, index, phone.screen.scale)
    return bytes(ET.tostring(root, encoding="UTF-8", xml_declaration=True))


def _add(parent: ET.Element, node: dict[str, Any], index: int, scale: float) -> None:
    x1, y1, x2, y2 = (round(side * scale) for side in node["box"])
    flags = {name: "true" if node[name] else "false" for name in _FLAGS}
    attributes = {
        "index": str(index),
        "text": _legal(node["text"]) or _legal(node["hint"]),
        "resource-id": f"{node['package']}:id/{_legal(node['id'])}" if node["id"] else "",
        "class": node["kind"],
        "package": node["package"],
        "content-desc": _legal(node["description"]),
        "focusable": flags["clickable"],
        "long-clickable": "false",
        "bounds": f"[{x1},{y1}][{x2},{y2}]",
    }
    element = ET.SubElement(parent, "node", attributes | flags)
    for n, child in enumerate(node["children"]):
        _add(element, child, n, scale)


def _legal(text: str) -> str:
    """Without what XML cannot hold."""
    return "".join(c for c in text if c in "\t\n\r" or " " <= c < "\ud800" or "\ue000" <= c < "\ufffe" or c > "\uffff")
