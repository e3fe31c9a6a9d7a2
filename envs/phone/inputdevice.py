"""The phone's touchscreen and buttons as Linux input devices, for ``getevent``.

On a device ``input`` puts touches in behind the kernel, where ``getevent`` does not see them. Here they stand for
a person's touches and are seen. Positions are those of the upright panel.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable

from actions.frame import Point

TOUCHSCREEN, BUTTONS, SECOND_TOUCHSCREEN = "/dev/input/event1", "/dev/input/event0", "/dev/input/event2"
KEYS = {"POWER": "KEY_POWER", "VOLUME_UP": "KEY_VOLUMEUP", "VOLUME_DOWN": "KEY_VOLUMEDOWN", "VOLUME_MUTE": "KEY_MUTE",
        "HOME": "KEY_HOMEPAGE", "BACK": "KEY_BACK", "APP_SWITCH": "KEY_APPSELECT", "MENU": "KEY_MENU",
        "CAMERA": "KEY_CAMERA"}  # fmt: skip
"""Linux's names for the buttons of this phone, by Android's."""
_NUMBERS = {"EV_SYN": 0, "EV_KEY": 1, "EV_ABS": 3, "SYN_REPORT": 0, "BTN_TOUCH": 0x14A, "ABS_MT_SLOT": 0x2F,
            "ABS_MT_POSITION_X": 0x35, "ABS_MT_POSITION_Y": 0x36, "ABS_MT_TRACKING_ID": 0x39, "KEY_POWER": 116,
            "KEY_VOLUMEUP": 115, "KEY_VOLUMEDOWN": 114, "KEY_MUTE": 113, "KEY_HOMEPAGE": 172, "KEY_BACK": 158,
            "KEY_APPSELECT": 0x244, "KEY_MENU": 139, "KEY_CAMERA": 212}  # fmt: skip
_UP = 0xFFFFFFFF

Line = tuple[float, str, str, str, int]
"""Seconds since the machine started, device, type, code and value."""


class InputDevices:
    """Sends touches and buttons to every listener. `size` is the upright panel's, `rotation` how it is turned, and
    `beside` the devices whose listeners hear of a second touchscreen too.
    """

    def __init__(self, size: tuple[int, int], rotation: Callable[[], int], beside: InputDevices | None = None) -> None:
        self.size, self._rotation = size, rotation
        self.touchscreen = SECOND_TOUCHSCREEN if beside else TOUCHSCREEN
        self._lock: threading.Lock = beside._lock if beside else threading.Lock()
        self._listeners: list[queue.SimpleQueue[Line]] = beside._listeners if beside else []
        self._touches = 0
        self._down = False

    def listen(self) -> queue.SimpleQueue[Line]:
        """A queue of all events from now on, until `leave`."""
        with self._lock:
            self._listeners.append(queue.SimpleQueue())
            return self._listeners[-1]

    def leave(self, listener: queue.SimpleQueue[Line]) -> None:
        """End a `listen`."""
        with self._lock:
            self._listeners.remove(listener)

    def touch(self, event: str, at: Point | None) -> None:
        """One touch event of the screen (``touchStart`` …), in pixels of the screen as it is turned."""
        down = event == "touchStart"
        if event in ("touchEnd", "touchCancel"):
            self._lift()
        elif at is not None and (down or self._down):
            x, y = self._on_panel(at)
            lines = [("EV_ABS", "ABS_MT_POSITION_X", x), ("EV_ABS", "ABS_MT_POSITION_Y", y)]
            if down:
                self._down, self._touches = True, self._touches + 1
                lines = [("EV_ABS", "ABS_MT_TRACKING_ID", self._touches), ("EV_KEY", "BTN_TOUCH", 1), *lines]
            self._tell(self.touchscreen, lines)

    def key(self, name: str) -> None:
        """Send a press and release of a button, by Android's name; names of other keys are ignored."""
        if name in KEYS:
            for value in (1, 0):
                self._tell(BUTTONS, [("EV_KEY", KEYS[name], value)])

    def _lift(self) -> None:
        if self._down:
            self._down = False
            self._tell(self.touchscreen, [("EV_ABS", "ABS_MT_TRACKING_ID", _UP), ("EV_KEY", "BTN_TOUCH", 0)])

    def _on_panel(self, at: Point) -> tuple[int, int]:
        width, height = self.size
        turned = {0: (at.x, at.y), 1: (width - 1 - at.y, at.x), 2: (width - 1 - at.x, height - 1 - at.y),
                  3: (at.y, height - 1 - at.x)}  # fmt: skip
        x, y = turned[self._rotation() % 4]
        return min(max(round(x), 0), width - 1), min(max(round(y), 0), height - 1)

    def _tell(self, device: str, lines: list[tuple[str, str, int]]) -> None:
        with self._lock:
            now = time.monotonic()
            for listener in self._listeners:
                for kind, code, value in [*lines, ("EV_SYN", "SYN_REPORT", 0)]:
                    listener.put((now, device, kind, code, value))


def written(line: Line, *, labels: bool, times: bool) -> str:
    """A line as ``getevent`` prints it with ``-l`` (names) and ``-t`` (times)."""
    when, device, kind, code, value = line
    stamp = f"[{when:15.6f}] " if times else ""
    if not labels:
        return f"{stamp}{device}: {_NUMBERS[kind]:04x} {_NUMBERS[code]:04x} {value:08x}\n"
    said = {0: "UP", 1: "DOWN"}[value] if kind == "EV_KEY" else f"{value:08x}"
    return f"{stamp}{device}: {kind:<12} {code:<20} {said:<20}\n"
