"""Input on an Android device: the kernel's own events, as ``getevent`` prints them, and captures of its screen.

Touches come as multi-touch slots (protocol B) in the panel's own units, which do not turn with the display; they are
converted to input units of the display's present rotation. One finger is a gesture; two at once are no action.
"""

from __future__ import annotations

import queue
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field

import cv2
import numpy as np

from actions.action import ButtonName
from actions.adb.lines import command
from actions.adb.link import AdbLink
from actions.adb.screen import dump
from actions.backend import BackendError
from actions.frame import Frame
from envs.android import AndroidEnv
from envs.android.capture import HalfFrameError
from envs.capture import Deadline
from envs.env import EnvError, Image
from envs.input_capture.events import Clicked, Down, Event, Moved, Unknown, Up
from envs.input_capture.screen_history import TURN_SECONDS, TimedPicture
from envs.settle import Pixels

BUTTONS: dict[str, ButtonName] = {
    "KEY_BACK": "back", "KEY_HOMEPAGE": "home", "KEY_HOME": "home", "KEY_APPSELECT": "recents", "KEY_MENU": "menu",
    "KEY_POWER": "power", "KEY_VOLUMEUP": "volume_up", "KEY_VOLUMEDOWN": "volume_down", "KEY_CAMERA": "camera",
    "KEY_ENTER": "enter",
}  # fmt: skip
"""The device's buttons by Linux's names (``input-event-codes.h``)."""
_LAST = 10.0
"""Seconds that the device may take to report the last input."""
_LINE = re.compile(r"\[\s*(\d+\.\d+)\]\s+(/dev/input/\w+):\s+(\w+)\s+(\w+)\s+(\w+)")


@dataclass(frozen=True)
class Panel:
    """The range of a touchscreen's own units: least and most x, least and most y."""

    left: int
    right: int
    top: int
    bottom: int

    def place(self, x: int, y: int, size: tuple[int, int], rotation: int) -> tuple[float, float]:
        """Input units of a display of `size`, turned by `rotation` degrees, for the panel's `x` and `y`.

        The rule is Android's own (``TouchInputMapper::rotateAndScale``).
        """
        upright = size if rotation in (0, 180) else size[::-1]
        across = upright[0] / (self.right - self.left + 1)
        down = upright[1] / (self.bottom - self.top + 1)
        near, far = (x - self.left) * across, (self.right - x) * across
        over, under = (y - self.top) * down, (self.bottom - y) * down
        return {0: (near, over), 90: (over, far), 180: (far, under), 270: (under, near)}[rotation]


def read_panels(said: str) -> dict[str, Panel]:
    """The touchscreens in the output of ``getevent -lp``, by device."""
    panels = {}
    for part in re.split(r"^add device \d+: ", said, flags=re.M)[1:]:
        device = part.split()[0]
        ranges = [re.search(rf"ABS_MT_POSITION_{axis}\s*:.*?min (-?\d+), max (-?\d+)", part) for axis in "XY"]
        if ranges[0] and ranges[1] and "INPUT_PROP_POINTER" not in part:
            x, y = ([int(number) for number in found.groups()] for found in ranges if found)
            if x[1] > x[0] and y[1] > y[0]:
                panels[device] = Panel(x[0], x[1], y[0], y[1])
    return panels


def panels_on(panels: dict[str, Panel], said: str, display: int) -> dict[str, Panel]:
    """Those of `panels` that Android has on the display with this logical id, by the output of ``dumpsys input``.

    One that it has on none, such as the outer one of an unfolded phone, or does not name, counts as the first's.
    """
    paths = dict(re.findall(r"^ +(-?\d+): .*\n(?:      .*\n)*?      Path: (/dev/input/\w+)", said, re.M))
    where: dict[str, int] = {}
    for part in re.split(r"^ +Device -?\d+: ", said.partition("\n  Configuration:")[0], flags=re.M)[1:]:
        nodes = re.search(r"EventHub Devices: \[([\d\s]*)\]", part)
        shown = re.search(r"Viewport \w+: displayId=(-?\d+)", part)
        if nodes and shown:
            where |= {paths.get(node, ""): max(0, int(shown[1])) for node in nodes[1].split()}
    return {device: panel for device, panel in panels.items() if where.get(device, 0) == display}


@dataclass
class _Finger:
    x: int = 0
    y: int = 0
    path: list[tuple[float, int, int]] = field(default_factory=list)
    down: bool = False


@dataclass
class _Screen:
    """One touchscreen's fingers by slot; `many` is whether there were two at once, `geometry` how large the display was
    (input units), and how it was turned, at the first touch.
    """

    panel: Panel
    geometry: tuple[tuple[int, int], int] = ((0, 0), 0)
    slot: int = 0
    fingers: dict[int, _Finger] = field(default_factory=dict)
    many: bool = False
    button: bool = False

    @property
    def finger(self) -> _Finger:
        return self.fingers.setdefault(self.slot, _Finger())


class TouchReader:
    """From the lines of ``getevent -lt`` to events. `geometry` gives the display's size (input units) and rotation; it
    is asked once a gesture, at the first touch.
    """

    def __init__(self, panels: dict[str, Panel], geometry: Callable[[], tuple[tuple[int, int], int]]) -> None:
        self._screens = {device: _Screen(panel) for device, panel in panels.items()}
        self._geometry = geometry
        self._offset: float | None = None

    def feed(self, line: str, arrived: float) -> list[Event]:
        """What a line completes; `arrived` is when it came (`time.monotonic`). Other lines are ignored."""
        match = _LINE.match(line.strip())
        if match is None:
            return []
        stamp, device, kind, code, value = match.groups()
        gap = arrived - float(stamp)
        if self._offset is None or gap < self._offset or gap - self._offset > 60:
            self._offset = gap
        when, screen = float(stamp) + self._offset, self._screens.get(device)
        if kind == "EV_KEY" and code not in ("BTN_TOUCH", "BTN_TOOL_FINGER"):
            return list(_button(when, code, value))
        return list(self._touched(screen, when, code, value)) if screen else []

    def _touched(self, screen: _Screen, when: float, code: str, value: str) -> Iterator[Event]:
        if code == "ABS_MT_SLOT":
            screen.slot = int(value, 16)
        elif code == "ABS_MT_TRACKING_ID":
            screen.finger.down = value.lower() != "ffffffff"
        elif code == "ABS_MT_POSITION_X":
            screen.finger.x = _signed(value)
        elif code == "ABS_MT_POSITION_Y":
            screen.finger.y = _signed(value)
        elif code == "BTN_TOUCH" and not any(finger.down for finger in screen.fingers.values()):
            screen.button = screen.finger.down = value == "DOWN"
        elif code == "SYN_REPORT":
            yield from self._report(screen, when)

    def _report(self, screen: _Screen, when: float) -> Iterator[Event]:
        """The state of all fingers is complete."""
        down = [finger for finger in screen.fingers.values() if finger.down]
        screen.many = screen.many or len(down) > 1
        if down and not any(finger.path for finger in screen.fingers.values()):
            screen.geometry = self._geometry()
        for finger in down:
            finger.path.append((when, finger.x, finger.y))
        if down or not any(finger.path for finger in screen.fingers.values()):
            return
        many, screen.many = screen.many, False
        path = max((finger.path for finger in screen.fingers.values()), key=len)
        for finger in screen.fingers.values():
            finger.path = []
        if many:
            yield Unknown(when, "a gesture with two fingers")
        else:
            yield from _gesture(screen, path, when)


def _gesture(screen: _Screen, path: list[tuple[float, int, int]], when: float) -> Iterator[Event]:
    size, rotation = screen.geometry
    places = [(moment, *screen.panel.place(x, y, size, rotation)) for moment, x, y in path]
    yield Down(*places[0], rotation=rotation)
    yield from (Moved(*place) for place in places[1:])
    yield Up(when, *places[-1][1:])


def _button(when: float, code: str, value: str) -> Iterator[Event]:
    if value == "DOWN":
        yield Clicked(when, BUTTONS[code]) if code in BUTTONS else Unknown(when, f"the key {code}")


def _signed(value: str) -> int:
    number = int(value, 16)
    return number - (1 << 32) if number >= 1 << 31 else number


class AndroidListener:
    """The touches on the `display` of the device behind `link` and its buttons, as a queue of events.

    Raises `EnvError`.
    """

    def __init__(self, link: AdbLink, geometry: Callable[[], tuple[tuple[int, int], int]], display: int = 0) -> None:
        self.events: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
        try:
            panels = read_panels(link.ask(command("getevent", "-lp")).out)
            if not panels:
                raise EnvError(f"{link.serial} shows adb no touchscreen (getevent -lp): its maker may not allow it")
            panels = panels_on(panels, link.ask(command("dumpsys", "input")).out, display)
            if not panels:
                raise EnvError(f"{link.serial} has no touchscreen on display {display} (dumpsys input)")
            self._reader = TouchReader(panels, geometry)
            self._socket = link.follow(command("getevent", "-lt"))
        except BackendError as error:
            raise EnvError(str(error)) from error
        self._link, self._begun = link, threading.Event()
        self._thread = threading.Thread(target=self._receive, name="listener", daemon=True)
        self._thread.start()
        self._begun.wait(15)

    def close(self) -> None:
        """Stop: `events` ends with what had been reported by then, and None. Safe to call twice."""
        if self._thread.is_alive():
            with suppress(BackendError):
                self._link.run(command("true"), _LAST)  # its answer comes after what was reported before
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)  # what has arrived can still be read
            self._thread.join(_LAST)
        self._socket.close()

    def _receive(self) -> None:
        rest = b""
        try:
            while piece := self._socket.recv(1 << 16):
                self._begun.set()
                now = time.monotonic()
                *lines, rest = (rest + piece).split(b"\n")
                for line in lines:
                    for event in self._reader.feed(line.decode("ascii", "replace"), now):
                        self.events.put(event)
        except OSError:
            pass  # closed, here or there
        finally:
            self._begun.set()
            self.events.put(None)


def secret_field(link: AdbLink) -> bool:
    """Whether the field that has the focus hides what is entered; True where the device does not say."""
    try:
        return any(node.focused and node.password for node in dump(link))
    except BackendError:
        return True


class AndroidScreenSource:
    """Captures an Android device without input to it: a screen that was switched off stays off."""

    def __init__(self, env: AndroidEnv) -> None:
        self._env, self._count = env, 0
        self._last: TimedPicture | None = None

    def geometry(self) -> tuple[tuple[int, int], int]:
        """Size in input units and rotation, as the device says now; as of the last capture where it does not answer."""
        frame = (self._last or self.capture()).frame
        try:
            state = self._env.state()
        except BackendError:
            return frame.input_size, frame.rotation
        across, down = frame.input_size
        turned = (state.rotation - frame.rotation) % 180 != 0
        return state.size or ((down, across) if turned else (across, down)), state.rotation

    def capture(self) -> TimedPicture:
        """The picture shown now. Raises `EnvError` when the device stays away."""
        deadline = Deadline(TURN_SECONDS)
        while True:
            try:
                pixels = self._env.capture.grab()
                seen = time.monotonic()
                state = self._env.state()
            except (HalfFrameError, BackendError) as error:
                if deadline.passed:
                    raise EnvError(str(error)) from error
                continue
            height, width = pixels.shape[:2]
            size = state.size or (width, height)
            if abs(width / size[0] - height / size[1]) < 0.02 or deadline.passed:
                break
        frame = Frame.of_screen(f"{self._count:04d}", width, height, size, state.rotation)
        self._count += 1
        self._last = TimedPicture(seen, pixels, frame, state.app, _rgb, state.keyboard is True)
        return self._last

    def wait_for_change(self, seconds: float) -> bool:
        """True at once: the device does not report changes."""
        del seconds
        return True

    def close(self) -> None:
        """Nothing: the owner of the device closes it."""


def _rgb(pixels: Pixels) -> Image:
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGBA2RGB), np.uint8)
