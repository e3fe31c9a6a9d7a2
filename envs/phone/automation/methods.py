"""The methods of uiautomator2's server that a simulated phone has."""

from __future__ import annotations

import base64
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import cv2

from actions.frame import Point
from envs.phone.automation.selectors import bounds_of, find_all, info_of
from envs.phone.commands.display import decoded
from envs.phone.commands.inputs import KEYCODES, press
from envs.phone.commands.ui import hierarchy
from envs.phone.device import PhoneDevice

_STEP = 0.005
"""Seconds of one of uiautomator's steps."""
_KEYS = {"delete": "DEL", "recent": "APP_SWITCH", "center": "DPAD_CENTER"} | {
    way: f"DPAD_{way.upper()}" for way in ("left", "right", "up", "down")
}
_TURNS = {"natural": 0, "left": 1, "right": 3}
_TOUCH = {0: "touchStart", 1: "touchEnd", 2: "touchMove"}
Selector = Mapping[str, Any]


class NotThereError(LookupError):
    """No node fits a selector."""


class Methods:
    """The methods by JSON-RPC name; they raise `NotThereError`, TypeError, ValueError or OSError."""

    def __init__(self, phone: PhoneDevice) -> None:
        self._phone = phone
        self._clipboard: str | None = None
        self.known: Mapping[str, Callable[..., Any]] = {
            "deviceInfo": self._device, "dumpWindowHierarchy": self._dump, "takeScreenshot": self._screenshot,
            "click": self._click, "swipe": self._swipe, "drag": partial(self._swipe, hold=0.6),
            "swipePoints": self._points, "injectInputEvent": self._inject, "pressKey": self._key,
            "pressKeyCode": self._code, "wakeUp": partial(self._code, 224), "sleep": partial(self._code, 223),
            "setOrientation": self._orient, "freezeRotation": lambda frozen=True: None,
            "getClipboard": lambda: self._clipboard, "setClipboard": self._copy, "pasteClipboard": self._paste,
            "clearInputText": self._clear, "getLastTraversedText": lambda: None, "clearLastTraversedText": lambda: None,
            "getLastToast": lambda: self._phone.screen.ask("system.said"),
            "clearLastToast": lambda: self._phone.screen.ask("system.said = null"),
            "makeToast": lambda text, milliseconds=3000: self._phone.screen.apply("(t) => system.toast(t)", text),
            "openNotification": self._shade, "openQuickSettings": self._shade,
            "exist": lambda selector: bool(self._all(selector)), "count": lambda selector: len(self._all(selector)),
            "objInfo": lambda selector: info_of(self._one(selector)),
            "objInfoOfAllInstances": lambda selector: [info_of(node) for node in self._all(selector)],
            "getText": lambda selector: self._one(selector).get("text", ""), "setText": self._set_text,
            "clearTextField": lambda selector: self._set_text(selector, ""),
            "waitForExists": self._appears, "waitUntilGone": self._goes,
            "scrollForward": partial(self._scroll, 1), "scrollBackward": partial(self._scroll, -1),
            "flingForward": partial(self._scroll, 1), "flingBackward": partial(self._scroll, -1),
            "scrollToEnd": partial(self._to_end, 1), "scrollToBeginning": partial(self._to_end, -1),
            "flingToEnd": partial(self._to_end, 1), "flingToBeginning": partial(self._to_end, -1),
            "scrollTo": self._scroll_to, "dragTo": self._drag_to,
        }  # fmt: skip

    # -- looking

    def _device(self) -> dict[str, Any]:
        (width, height), now = self._phone.screen.size, self._phone.look()
        return {
            "currentPackageName": now["package"], "displayWidth": width, "displayHeight": height,
            "displayRotation": self._phone.rotation,
            "displaySizeDpX": int(width / self._phone.screen.scale),
            "displaySizeDpY": int(height / self._phone.screen.scale),
            "productName": self._phone.state.properties["ro.product.name"], "screenOn": bool(now["awake"]),
            "sdkInt": int(self._phone.state.properties["ro.build.version.sdk"]), "naturalOrientation": True,
        }  # fmt: skip

    def _dump(self, compressed: bool = False, depth: int = 50, root_in_active: bool = False) -> str:
        del compressed, depth, root_in_active
        return hierarchy(self._phone).decode()

    def _screenshot(self, scale: float = 1, quality: int = 80) -> str:
        picture = decoded(self._phone.screen.png())
        if scale != 1:
            picture = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, int(quality)])
        return base64.b64encode(data.tobytes()).decode()

    def _all(self, selector: Selector) -> list[ET.Element]:
        return find_all(ET.fromstring(hierarchy(self._phone)), selector)  # noqa: S314 - our own

    def _one(self, selector: Selector) -> ET.Element:
        found = self._all(selector)
        if not found:
            raise NotThereError(str({name: value for name, value in selector.items() if value}))
        return found[0]

    def _appears(self, selector: Selector, milliseconds: float) -> bool:
        return self._until(lambda: bool(self._all(selector)), milliseconds)

    def _goes(self, selector: Selector, milliseconds: float) -> bool:
        return self._until(lambda: not self._all(selector), milliseconds)

    def _until(self, good: Callable[[], bool], milliseconds: float) -> bool:
        deadline = time.monotonic() + milliseconds / 1000
        while not good():
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.05)
        return True

    # -- touching

    def _click(self, x: float | Selector, y: float = 0, milliseconds: float = 40) -> bool:
        at = _middle(self._one(x)) if isinstance(x, Mapping) else Point(float(x), float(y))
        self._phone.touch([at], milliseconds / 1000)
        return True

    def _swipe(self, x1: float, y1: float, x2: float, y2: float, steps: int = 55, hold: float = 0.0) -> bool:
        start, end = Point(float(x1), float(y1)), Point(float(x2), float(y2))
        self._phone.touch([start, start, end] if hold else [start, end], hold + steps * _STEP)
        return True

    def _points(self, numbers: list[float], steps: int = 100) -> bool:
        path = [Point(float(x), float(y)) for x, y in zip(numbers[::2], numbers[1::2], strict=True)]
        self._phone.touch(path, steps * _STEP * max(1, len(path) - 1))
        return True

    def _inject(self, action: int, x: float, y: float, meta: int = 0) -> bool:
        del meta
        if self._phone.look()["awake"]:
            self._phone.screen.touch_event(_TOUCH[action], None if action == 1 else Point(float(x), float(y)))
        return True

    def _scroll(self, way: int, selector: Selector, vertical: bool = True, steps: int = 20) -> bool:
        """Whether anything moved."""
        left, top, right, bottom = bounds_of(self._one(selector))
        before, (x, y) = hierarchy(self._phone), ((left + right) / 2, (top + bottom) / 2)
        far = way * 0.3 * ((bottom - top) if vertical else (right - left))
        ends = (x, y + far, x, y - far) if vertical else (x + far, y, x - far, y)
        self._swipe(*ends, steps=max(2, steps))
        return self._until(lambda: hierarchy(self._phone) != before, 500)

    def _to_end(self, way: int, selector: Selector, vertical: bool = True, most: int = 30, steps: int = 20) -> bool:
        return any(not self._scroll(way, selector, vertical, steps) for _ in range(most))

    def _scroll_to(self, selector: Selector, target: Selector, vertical: bool = True) -> bool:
        """Whether `target` is shown in the end: from the beginning on, as uiautomator does."""
        if self._all(target):
            return True
        self._to_end(-1, selector, vertical)
        return any(bool(self._all(target)) or not self._scroll(1, selector, vertical) for _ in range(30)) and bool(
            self._all(target)
        )

    def _drag_to(self, selector: Selector, *words: Any) -> bool:
        """To another element, or to a point; then the steps."""
        start = _middle(self._one(selector))
        end = _middle(self._one(words[0])) if isinstance(words[0], Mapping) else Point(float(words[0]), float(words[1]))
        return self._swipe(start.x, start.y, end.x, end.y, int(words[-1]), hold=0.6)

    def _shade(self) -> bool:
        self._phone.screen.ask("system.expand()")
        return True

    # -- keys and text

    def _key(self, name: str) -> bool:
        key = _KEYS.get(name.lower(), name.upper())
        if key not in KEYCODES.values():
            return False
        press(self._phone, key)
        return True

    def _code(self, code: int, meta: int = 0) -> bool:
        del meta
        if code not in KEYCODES:
            return False
        press(self._phone, KEYCODES[code])
        return True

    def _orient(self, name: str) -> None:
        self._phone.rotate(str(_TURNS[name]))

    def _copy(self, label: str | None, text: str) -> None:
        del label
        self._clipboard = text

    def _paste(self) -> bool:
        if self._clipboard and self._phone.look()["focused"]:
            self._phone.screen.type(self._clipboard)
        return True

    def _clear(self) -> bool:
        self._phone.screen.ask("system.edit('clear')")
        return True

    def _set_text(self, selector: Selector, text: str) -> bool:
        node = self._one(selector)
        if node.get("focused") != "true":
            self._phone.touch([_middle(node)], 0.04)
        if not self._until(lambda: bool(self._phone.look()["focused"]), 2000):
            return False
        self._clear()
        self._phone.screen.type(text)
        return True


def _middle(node: ET.Element) -> Point:
    left, top, right, bottom = bounds_of(node)
    return Point((left + right) / 2, (top + bottom) / 2)
