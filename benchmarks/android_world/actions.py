"""Translation of actions to AndroidWorld's ``JSONAction``.

The target is ``JSONAction`` (``android_world/env/json_action.py``) as ``actuation.py`` carries it out: taps at a
point; ``scroll`` from the middle of the screen, or of an element, to its edge; ``swipe`` from edge to edge; text of
ASCII followed by Enter. An action without an equivalent is an `InexpressibleError`; a difference in effect is a remark.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Literal

from actions.action import AnyAction, Button, Click, Drag, Key, LongPress, Open, Scroll, TypeText, Wait, describe
from actions.adb.apps import is_address
from actions.frame import Frame, Point
from benchmarks.harness import InexpressibleError

Gestures = Literal["json", "adb"]
"""How a drag is done: in words of ``JSONAction``, or as ``input swipe`` through AndroidWorld's own ``adb_utils``."""
SUPPORTED = frozenset({"click", "long_press", "drag", "scroll", "type", "key", "button", "open", "wait"})
_EDGE = 0.06
"""A drag that begins this near to an edge is one from the edge, as for the notification shade."""
_STRAIGHT = 2.0
"""A drag is one along an axis when it goes this many times further along it than across."""
_BUTTONS = {"back": "navigate_back", "home": "navigate_home", "enter": "keyboard_enter"}
_ROOT = [
    "acct",
    "apex",
    "bin",
    "bugreports",
    "cache",
    "config",
    "d",
    "data",
    "data_mirror",
    "debug_ramdisk",
    "dev",
    "etc",
    "init",
    "linkerconfig",
    "lost+found",
    "metadata",
    "mnt",
    "odm",
    "odm_dlkm",
    "oem",
    "postinstall",
    "proc",
    "product",
    "sdcard",
    "storage",
    "sys",
    "system",
    "system_ext",
    "vendor",
    "vendor_dlkm",
]
"""What lies in ``/`` of a phone, for which its shell would take a word with ``*``, ``?`` or ``[``."""


@dataclass(frozen=True)
class AndroidWorldAction:
    """A translated action: fields of ``JSONAction`` to be carried out `times` times, or a swipe.

    `swipe` is x1, y1, x2, y2 in input units and milliseconds. `remark` is what differs from what was asked.
    """

    fields: Mapping[str, Any] = field(default_factory=dict)
    times: int = 1
    swipe: tuple[int, int, int, int, int] | None = None
    remark: str = ""


@dataclass(frozen=True)
class ScrollableElement:
    """A scrollable element: its `index` in the state's ``ui_elements`` and box in input units."""

    index: int
    box: tuple[float, float, float, float]


def say(
    action: AnyAction, frame: Frame, scrollable: Sequence[ScrollableElement] = (), gestures: Gestures = "json"
) -> AndroidWorldAction:
    """`action`, whose points are pixels of `frame`, translated for AndroidWorld.

    Raises `InexpressibleError`, and `actions.frame.GeometryError` for a point outside the frame.
    """
    match action:
        case Click():
            return _click(action, frame)
        case LongPress():
            held = "" if action.seconds == 1 else f"AndroidWorld holds for 1 s, not {action.seconds:g} s"
            return AndroidWorldAction(_at("long_press", action.point, frame), remark=held)
        case Drag():
            return _drag(action, frame, scrollable, gestures)
        case Scroll():
            return _scroll(action, frame, scrollable)
        case TypeText():
            return _type(action.text)
        case Button() if action.name in _BUTTONS:
            return AndroidWorldAction({"action_type": _BUTTONS[action.name]})
        case Key(chords=("enter",)):
            return AndroidWorldAction({"action_type": "keyboard_enter"})
        case Open() if not is_address(action.target):
            return AndroidWorldAction({"action_type": "open_app", "app_name": action.target})
        case Wait():
            return AndroidWorldAction({"action_type": "wait"}, times=max(1, math.ceil(action.seconds)))
    raise InexpressibleError(f"AndroidWorld has no action for: {describe(action)}")


def _at(kind: str, point: Point, frame: Frame) -> dict[str, Any]:
    x, y = frame.to_input(point)
    return {"action_type": kind, "x": x, "y": y}


def _click(action: Click, frame: Frame) -> AndroidWorldAction:
    kinds = {1: "click", 2: "double_tap"}
    if action.button != "left" or action.keys or action.count not in kinds:
        raise InexpressibleError(f"AndroidWorld has no action for: {describe(action)}")
    return AndroidWorldAction(_at(kinds[action.count], action.point, frame))


def _scroll(action: Scroll, frame: Frame, scrollable: Sequence[ScrollableElement]) -> AndroidWorldAction:
    if action.keys or bool(action.dx) == bool(action.dy):
        raise InexpressibleError("AndroidWorld scrolls in one of four directions")
    x, y = frame.to_input(action.point) if action.point else (None, None)
    return _scrolled(_way(action.dx, action.dy), x, y, scrollable, "AndroidWorld scrolls by half of")


def _scrolled(
    direction: str, x: int | None, y: int | None, scrollable: Sequence[ScrollableElement], why: str
) -> AndroidWorldAction:
    """In the smallest scrollable element at the place. (Its index 0 means the whole screen to ``actuation.py``.)"""
    around = [one for one in scrollable if one.index and x is not None and y is not None and _holds(one.box, x, y)]
    fields: dict[str, Any] = {"action_type": "scroll", "direction": direction}
    if not around:
        return AndroidWorldAction(fields, remark=f"{why} the screen")
    small = min(around, key=lambda one: (one.box[2] - one.box[0]) * (one.box[3] - one.box[1]))
    return AndroidWorldAction(fields | {"index": small.index}, remark=f"{why} the list")


def _holds(box: tuple[float, float, float, float], x: int, y: int) -> bool:
    return box[0] <= x <= box[2] and box[1] <= y <= box[3]


def _drag(
    action: Drag, frame: Frame, scrollable: Sequence[ScrollableElement], gestures: Gestures
) -> AndroidWorldAction:
    if action.button != "left" or action.keys:
        raise InexpressibleError(f"AndroidWorld has no action for: {describe(action)}")
    (x1, y1), *_, (x2, y2) = path = [frame.to_input(point) for point in action.path]
    if len(path) > 2:
        raise InexpressibleError("AndroidWorld cannot follow a path: swipe in one straight line")
    if gestures == "adb":
        return AndroidWorldAction(swipe=(x1, y1, x2, y2, max(1, round(action.seconds * 1000))))
    right, down = x2 - x1, y2 - y1
    if max(abs(right), abs(down)) < _STRAIGHT * min(abs(right), abs(down)) or (right, down) == (0, 0):
        raise InexpressibleError("AndroidWorld swipes up, down, left or right only")
    if from_edge := _from_edge(action.path[0], frame, right, down):
        return AndroidWorldAction(
            {"action_type": "swipe", "direction": from_edge}, remark="AndroidWorld swipes from edge to edge"
        )
    return _scrolled(_way(-right, -down), x1, y1, scrollable, "AndroidWorld swipes over half of")


def _way(right: int, down: int) -> str:
    """Which way the content is followed."""
    if abs(down) > abs(right):
        return "down" if down > 0 else "up"
    return "right" if right > 0 else "left"


def _from_edge(start: Point, frame: Frame, right: int, down: int) -> str | None:
    """The name of ``actuation.py`` for a swipe from the edge that `start` is at: its left begins at the left edge."""
    if abs(down) > abs(right):
        if down > 0 and start.y < _EDGE * frame.height:
            return "down"
        return "up" if down < 0 and start.y > (1 - _EDGE) * frame.height else None
    if right > 0 and start.x < _EDGE * frame.width:
        return "left"
    return "right" if right < 0 and start.x > (1 - _EDGE) * frame.width else None


def _type(text: str) -> AndroidWorldAction:
    """``type_text`` types words of ASCII (NFKD, the rest is dropped) and then presses Enter."""
    text = re.sub(r"\r\n?", "\n", text)
    ended = text.endswith("\n")
    text = text[:-1] if ended else text
    if not text:
        if ended:
            return AndroidWorldAction({"action_type": "keyboard_enter"})
        raise InexpressibleError("there is no text to type")
    if problem := _untypable(text):
        raise InexpressibleError(f"AndroidWorld's input_text cannot type {problem}")
    remark = "" if ended else "AndroidWorld presses Enter after a text"
    return AndroidWorldAction({"action_type": "input_text", "text": text}, remark=remark)


def _untypable(text: str) -> str:
    """What of `text` would not arrive as it is written; nothing where all does."""
    odd = [c for c in dict.fromkeys(text) if c != "\n" and not " " <= c <= "~"]
    if odd:
        return ", ".join(f"U+{ord(c):04X} ({unicodedata.name(c, 'no name')})" for c in odd[:3]) + ": only ASCII"
    for word in text.replace("\n", " ").split(" "):
        if "%s" in word:
            return "%s: it becomes a blank"
        if word.startswith("~") or re.search(r"\{[^{}]*(?:,|\.\.)[^{}]*\}", word):
            return f"{word!r}: the phone's shell would expand it"
        if re.search(r"[*?[]", word) and any(fnmatchcase(name, word.replace("[^", "[!")) for name in _ROOT):
            return f"{word!r}: the phone's shell would put file names in its place"
    return ""
