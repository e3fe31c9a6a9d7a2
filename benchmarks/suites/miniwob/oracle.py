"""Scripts that solve tasks with an agent's own actions, at places read from the page: they prove a task solvable.

A script is a generator of actions. It is given a `Hand`, which knows the page's boxes and makes actions at them, and
goes on after each action has been done and the screen has settled.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from actions.action import AnyAction, Click, Drag, Finish, Key, Scroll, TypeText
from actions.frame import Point
from agent.core.model import Decision, Grounding, ModelError, Usage
from agent.core.step import Step
from agent.core.task import Task
from envs.env import Observation
from envs.miniwob_pages import CANVAS

if TYPE_CHECKING:
    from benchmarks.suites.miniwob.suite import MiniwobWorld

FIND = """(selector) => [...document.querySelectorAll(selector)].map(e => {
  const r = e.getClientRects()[0] || {width: 0}, text = e.tagName === 'INPUT' ? e.value : e.textContent;
  return {x: r.x, y: r.y, width: r.width, height: r.height, text: text.replace(/\\s+/g, ' ').trim(),
          value: e.value === undefined ? '' : String(e.value), checked: Boolean(e.checked), id: e.id,
          classes: String(e.getAttribute('class') || ''), tag: e.tagName.toLowerCase(),
          data: Object.fromEntries([...e.attributes].map(a => [a.name, a.value]))};
}).filter(e => e.width > 0 && e.height > 0)"""


@dataclass(frozen=True)
class Thing:
    """An element that is laid out: the box of its first line, CSS pixels of the window. `data` has its attributes."""

    x: float
    y: float
    width: float
    height: float
    text: str
    value: str
    checked: bool
    id: str
    classes: str
    tag: str
    data: dict[str, str]

    @property
    def middle(self) -> tuple[float, float]:
        """The middle, CSS pixels."""
        return self.x + self.width / 2, self.y + self.height / 2


Spot = Thing | tuple[float, float]
"""An element's middle, or a place in CSS pixels of the window."""
Script = Callable[["Hand"], Iterator[AnyAction]]


class ScriptFailedError(ModelError):
    """The page is not as a script expects."""


class Hand:
    """What a script works with: the instruction `said`, the page's elements, and actions at them."""

    def __init__(self, world: MiniwobWorld) -> None:
        self._env = world.env
        self.said = world.instruction

    def js(self, expression: str) -> Any:
        """The value of a JavaScript expression in the page."""
        return self._env.page.evaluate(expression)

    def all(self, selector: str) -> list[Thing]:
        """The laid-out elements of a CSS selector, in the page's order."""
        return [Thing(**found) for found in self._env.page.apply(FIND, selector)]

    def one(self, selector: str, text: str | None = None) -> Thing:
        """The first element, with exactly this text if given. Raises `ScriptFailedError`."""
        found = next((e for e in self.all(selector) if text is None or e.text == text), None)
        if found is None:
            raise ScriptFailedError(f"no {selector} {text or ''} on the page")
        return found

    def has(self, selector: str, text: str | None = None) -> bool:
        """Whether there is such an element."""
        return any(text is None or e.text == text for e in self.all(selector))

    def quoted(self) -> list[str]:
        """What stands in double quotes in the instruction."""
        return re.findall(r'"([^"]*)"', self.said)

    def match(self, pattern: str) -> tuple[str, ...]:
        """The groups of a regular expression found in the instruction. Raises `ScriptFailedError`."""
        found = re.search(pattern, self.said)
        if found is None:
            raise ScriptFailedError(f"{self.said!r} does not fit {pattern}")
        return tuple(found.groups())

    def point(self, spot: Spot) -> Point:
        """Frame pixels of a spot."""
        x, y = spot.middle if isinstance(spot, Thing) else spot
        return Point(x * self._env.zoom, y * self._env.zoom)

    def click(self, spot: Spot, count: int = 1, keys: Sequence[str] = ()) -> Click:
        """Click there."""
        return Click(point=self.point(spot), count=count, keys=tuple(keys))

    def drag(self, *path: Spot, seconds: float = 0.5) -> Drag:
        """Press at the first spot and release at the last."""
        return Drag(path=tuple(self.point(spot) for spot in path), seconds=seconds)

    def scroll(self, spot: Spot, dy: int) -> Scroll:
        """Turn the wheel there; down is above 0."""
        return Scroll(point=self.point(spot), dy=dy)

    def reach(self, find: Callable[[], Thing], box: Thing) -> Iterator[AnyAction]:
        """Scroll `box` until what `find` gives lies within it. Raises `ScriptFailedError`."""
        for _ in range(20):
            y = find().middle[1]
            if box.y + 4 < y < min(box.y + box.height, CANVAS[1]) - 4:
                return
            yield self.scroll(box, 1 if y > box.middle[1] else -1)
        raise ScriptFailedError("scrolling does not lead there")

    def fill(self, spot: Spot, text: str) -> Iterator[AnyAction]:
        """Replace the content of a field by `text`."""
        yield self.click(spot)
        yield Key(chords=("ctrl+a",))
        yield TypeText(text=text)

    def choose(self, selector: str, text: str) -> Iterator[AnyAction]:
        """Choose an option of a drop-down list by its text."""
        options = self.js(f"[...document.querySelector({selector!r}).options].map(o => o.textContent.trim())")
        if text not in options:
            raise ScriptFailedError(f"{selector} has no option {text!r}")
        yield self.click(self.one(selector))
        yield Key(chords=("home", *["down"] * options.index(text), "enter"))


class MiniwobOracle:
    """A script as a model. It answers on one episode only."""

    dialect = None
    prompt_hash = None

    def __init__(self, task: str, script: Script) -> None:
        self.name = f"oracle of {task}"
        self._script = script
        self._actions: Iterator[AnyAction] | None = None

    def bind(self, world: MiniwobWorld) -> None:
        """Begin the script on a page that has been set up."""
        self._actions = self._script(Hand(world))

    def decide(self, task: Task, observation: Observation, history: Sequence[Step]) -> Decision:
        """The script's next action. Raises `ModelError` where the page is not as the script expects."""
        if self._actions is None:
            raise ModelError("an oracle needs the page: bind it first")
        action = next(self._actions, None) or Finish(status="success")
        return Decision(action=action, usage=Usage(requests=0))

    def locate(self, observation: Observation, instruction: str) -> Grounding:
        """Refused: a script solves whole tasks."""
        return Grounding(refused=True, reason="an oracle of MiniWoB++ does not locate")

    def extract(self, observation: Observation, schema: dict[str, Any], question: str) -> Any:
        """Not done. Raises `ModelError`."""
        raise ModelError("an oracle of MiniWoB++ does not extract")


SCRIPTS: dict[str, Script] = {}
"""The scripts by task; the modules of `benchmarks.suites.miniwob.oracles` fill it."""


def solves(*tasks: str) -> Callable[[Script], Script]:
    """Register a script for `tasks`."""

    def register(script: Script) -> Script:
        for task in tasks:
            if task in SCRIPTS:
                raise ValueError(f"two scripts for {task}")
            SCRIPTS[task] = script
        return script

    return register
