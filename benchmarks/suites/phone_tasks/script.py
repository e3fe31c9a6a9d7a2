"""The moves that the scripts of phone tasks are made of: actions at elements read from ``uiautomator dump``."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from actions.action import Answer, AnyAction, Button, Click, Drag, Key, TypeText
from actions.adb.screen import AccessibilityNode, dump
from actions.backend import BackendError
from actions.frame import Point
from agent.core.model import ModelError
from benchmarks.suites.phone_tasks.device import RemotePhone
from envs.capture import Deadline

_PATIENCE = 20.0
_GLANCE = 2.5
"""Seconds that an element has to appear before the list is scrolled."""
_KEYBOARD = "com.handeye.keyboard"


class PhoneScript:
    """Actions at elements of the screen of `device`, found by their text or description."""

    def __init__(self, device: RemotePhone) -> None:
        self.device = device

    def nodes(self) -> list[AccessibilityNode]:
        """The elements on the screen. Raises `ModelError`."""
        try:
            return dump(self.device.link)
        except BackendError as error:
            raise ModelError(str(error)) from error

    def seen(self, text: str) -> AccessibilityNode | None:
        """The last element with exactly this text or description, in the same place in two dumps."""
        one = _named(self.nodes(), text)
        return one if one is not None and _named(self.nodes(), text) == one else None

    def find(self, text: str, seconds: float = _PATIENCE) -> AccessibilityNode:
        """Wait for an element. Raises `ModelError`."""
        deadline = Deadline(seconds)
        while (one := self.seen(text)) is None:
            if deadline.passed:
                raise ModelError(f"there is no {text!r} on the screen")
            time.sleep(0.05)
        return one

    def tap(self, *names: str) -> Iterator[AnyAction]:
        """Tap elements one after another, each after `reach`."""
        for text in names:
            yield from self.reach(text)
            yield Click(point=_middle(self.find(text)))

    def reach(self, text: str) -> Iterator[AnyAction]:
        """Scroll down, then up, until the element is shown; an open keyboard is closed first. Raises `ModelError`."""
        for n in range(24):
            deadline = Deadline(_GLANCE)
            while self.seen(text) is None and not deadline.passed:
                time.sleep(0.05)
            if self.seen(text) is not None:
                return
            if any(node.package == _KEYBOARD for node in self.nodes()):
                yield Button(name="back")
            else:
                yield self.swipe(-1 if n < 12 else 1)
        raise ModelError(f"there is no {text!r} after scrolling")

    def swipe(self, way: int) -> AnyAction:
        """Move the content up (-1) or down (1)."""
        low, high = 1700.0, 900.0
        start, end = (low, high) if way < 0 else (high, low)
        return Drag(path=(Point(360, start), Point(360, end)), seconds=0.5)

    def app(self, name: str) -> Iterator[AnyAction]:
        """Open an app from the home screen."""
        yield Button(name="home")
        yield from self.tap(name)

    def write(self, field: str, text: str, erase: int = 0) -> Iterator[AnyAction]:
        """Tap a field and type; `erase` is the number of characters deleted from its end first."""
        yield from self.tap(field)
        if erase:
            yield Key(chords=("end", *["backspace"] * erase))
        yield TypeText(text=text)

    def back(self) -> AnyAction:
        """The back button."""
        return Button(name="back")

    def tell(self, answer: str) -> AnyAction:
        """Answer the user."""
        return Answer(text=answer)

    def switch(self, text: str) -> Iterator[AnyAction]:
        """Tap a switch of the settings."""
        yield from self.tap(text)

    def beside(self, text: str) -> str:
        """The text of the element that follows this one in the tree: the value below a name."""
        self.find(text)
        nodes = [node for node in self.nodes() if node.text]
        places = [n for n, node in enumerate(nodes) if node.text == text]
        if not places or places[-1] + 1 >= len(nodes):
            raise ModelError(f"nothing follows {text!r}")
        return nodes[places[-1] + 1].text

    def reading(self, start: str) -> str:
        """The text of the element whose text begins with `start`. Raises `ModelError`."""
        deadline = Deadline(_PATIENCE)
        while True:
            found = next((node.text for node in self.nodes() if node.text.startswith(start)), None)
            if found is not None:
                return found
            if deadline.passed:
                raise ModelError(f"nothing on the screen begins with {start!r}")
            time.sleep(0.05)


def _named(nodes: Sequence[AccessibilityNode], text: str) -> AccessibilityNode | None:
    """The last node with this text that can be tapped: a button over its middle would take the tap."""
    for n in range(len(nodes) - 1, -1, -1):
        one = nodes[n]
        if text in (one.text, one.description) and one.package != _KEYBOARD and _area(one) > 0:
            return None if any(_covers(other, one) for other in nodes[n + 1 :]) else one
    return None


def _covers(other: AccessibilityNode, one: AccessibilityNode) -> bool:
    left, top, right, bottom = other.bounds
    at = _middle(one)
    return other.kind == "Button" and left <= at.x < right and top <= at.y < bottom


def _area(node: AccessibilityNode) -> int:
    left, top, right, bottom = node.bounds
    return (right - left) * (bottom - top)


def _middle(node: AccessibilityNode) -> Point:
    left, top, right, bottom = node.bounds
    return Point((left + right) / 2, (top + bottom) / 2)
