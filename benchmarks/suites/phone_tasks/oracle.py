"""A model that does a task by its script: the actions any agent has, at places read from ``uiautomator dump``."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from actions.action import Answer, AnyAction, Button, Click, Drag, Finish, Key, TypeText
from actions.adb.screen import AccessibilityNode, dump
from actions.backend import BackendError
from actions.frame import Point
from agent.core.model import Decision, Grounding, ModelError, Usage
from agent.core.step import Step
from agent.core.task import Task
from benchmarks.suites.phone_tasks.device import PhoneDevice
from envs.capture import Deadline
from envs.env import Observation

if TYPE_CHECKING:
    from benchmarks.suites.phone_tasks.world import PhoneWorld

_PATIENCE = 20.0
_GLANCE = 2.5
"""Seconds that an element may take to come before the list is scrolled for it."""
_KEYBOARD = "com.handeye.keyboard"


class Fingers:
    """What a script works with: `device` to look at, and actions at elements named by their words."""

    def __init__(self, device: PhoneDevice) -> None:
        self.device = device

    def nodes(self) -> list[AccessibilityNode]:
        """The elements on the screen. Raises `ModelError`."""
        try:
            return dump(self.device.link)
        except BackendError as error:
            raise ModelError(str(error)) from error

    def seen(self, words: str) -> AccessibilityNode | None:
        """The last element with exactly these words, in text or description, that stays where it is."""
        one = _named(self.nodes(), words)
        return one if one is not None and _named(self.nodes(), words) == one else None

    def find(self, words: str, seconds: float = _PATIENCE) -> AccessibilityNode:
        """Wait for an element. Raises `ModelError`."""
        deadline = Deadline(seconds)
        while (one := self.seen(words)) is None:
            if deadline.passed:
                raise ModelError(f"there is no {words!r} on the screen")
            time.sleep(0.05)
        return one

    def tap(self, *names: str) -> Iterator[AnyAction]:
        """Tap elements one after another; what is not seen is looked for below, the keyboard put away first."""
        for words in names:
            yield from self.reach(words)
            yield Click(point=_middle(self.find(words)))

    def reach(self, words: str) -> Iterator[AnyAction]:
        """Scroll down until it is there, then up again. Raises `ModelError`."""
        for n in range(24):
            deadline = Deadline(_GLANCE)
            while self.seen(words) is None and not deadline.passed:
                time.sleep(0.05)
            if self.seen(words) is not None:
                return
            if any(node.package == _KEYBOARD for node in self.nodes()):
                yield Button(name="back")
            else:
                yield self.swipe(-1 if n < 12 else 1)
        raise ModelError(f"there is no {words!r} to be found")

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
        """Tap a field and type; `erase` is how many characters are taken away from its end first."""
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

    def switch(self, words: str) -> Iterator[AnyAction]:
        """Tap a switch of the settings."""
        yield from self.tap(words)

    def beside(self, words: str) -> str:
        """What stands right after the element with these words in the tree: the value under a name."""
        self.find(words)
        nodes = [node for node in self.nodes() if node.text]
        places = [n for n, node in enumerate(nodes) if node.text == words]
        if not places or places[-1] + 1 >= len(nodes):
            raise ModelError(f"nothing stands beside {words!r}")
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


def _named(nodes: Sequence[AccessibilityNode], words: str) -> AccessibilityNode | None:
    """The last node with these words that can be tapped: a button over its middle would take the tap."""
    for n in range(len(nodes) - 1, -1, -1):
        one = nodes[n]
        if words in (one.text, one.description) and one.package != _KEYBOARD and _area(one) > 0:
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


class PhoneOracle:
    """Does what the scene's script says, then says done. It is bound to a world before the first step."""

    name = "oracle"
    dialect = None
    prompt_hash = None

    def __init__(self) -> None:
        self._actions: Iterator[AnyAction] = iter(())
        self._last: AnyAction | None = None

    def bind(self, world: PhoneWorld) -> None:
        """Take the script of `world`'s scene."""
        self._actions = _whole(world)
        self._last = None

    def decide(self, task: Task, observation: Observation, history: Sequence[Step]) -> Decision:
        """The script's next action, or the last one again where it was refused. Raises `ModelError`."""
        refused = history and history[-1].error and history[-1].error.startswith("not done")
        if not (refused and self._last):
            self._last = next(self._actions, Finish(status="success"))
        return Decision(action=self._last, usage=Usage(requests=0))

    def locate(self, observation: Observation, instruction: str) -> Grounding:
        """An oracle only acts."""
        raise ModelError("the oracle of a phone task only acts")

    def extract(self, observation: Observation, schema: dict[str, Any], question: str) -> Any:
        """An oracle only acts."""
        raise ModelError("the oracle of a phone task only acts")


def _whole(world: PhoneWorld) -> Iterator[AnyAction]:
    yield from world.scene.script(Fingers(world.device))
    deadline = Deadline(_PATIENCE)
    while why := world.problem():
        if deadline.passed:
            raise ModelError(f"the oracle's work is not right: {why}")
        time.sleep(0.05)
