"""The scripts that solve MiniWoB++ tasks: generators of an agent's actions at places read from the page.

A script takes a `PageScript` and is resumed after each action has been performed and the screen has settled.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from actions.action import AnyAction, Click, Drag, Key, Scroll, TypeText
from actions.frame import Point
from agent.core.model import ModelError
from envs.miniwob_pages import CANVAS

FIND = """async (selector) => {
  if (window.jQuery) await jQuery(':animated').promise();
  return [...document.querySelectorAll(selector)].map(e => {
    const r = e.getClientRects()[0] || {width: 0}, text = e.tagName === 'INPUT' ? e.value : e.textContent;
    return {x: r.x, y: r.y, width: r.width, height: r.height, text: text.replace(/\\s+/g, ' ').trim(),
            value: e.value === undefined ? '' : String(e.value), checked: Boolean(e.checked), id: e.id,
            classes: String(e.getAttribute('class') || ''), tag: e.tagName.toLowerCase(),
            data: Object.fromEntries([...e.attributes].map(a => [a.name, a.value]))};
  }).filter(e => e.width > 0 && e.height > 0);
}"""


@dataclass(frozen=True)
class PageElement:
    """A laid-out element: the box of its first line in CSS pixels of the window. `data` has its attributes."""

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
        """The centre, CSS pixels."""
        return self.x + self.width / 2, self.y + self.height / 2


Target = PageElement | tuple[float, float]
"""An element (its centre), or a point in CSS pixels of the window."""
Script = Callable[["PageScript"], Iterator[AnyAction]]


class ScriptFailedError(ModelError):
    """The page has not the element or text that a script needs."""


class Page(Protocol):
    """A page of a browser that evaluates JavaScript."""

    def evaluate(self, expression: str) -> Any:
        """The value of an expression."""

    def apply(self, function: str, *arguments: Any) -> Any:
        """The result of a function."""


class PageScript:
    """Elements of `page` found by CSS selectors, and actions at them.

    A point of the frame is CSS pixels times `zoom`, `top` frame pixels further down.
    """

    def __init__(self, page: Page, instruction: str, zoom: float, top: float = 0.0) -> None:
        self._page, self.instruction, self._zoom, self._top = page, instruction, zoom, top

    def js(self, expression: str) -> Any:
        """The value of a JavaScript expression in the page."""
        return self._page.evaluate(expression)

    def all(self, selector: str) -> list[PageElement]:
        """The laid-out elements of a CSS selector, in the page's order.

        What jQuery moves or fades comes to rest first: a closing date picker still takes clicks for the button below.
        """
        return [PageElement(**found) for found in self._page.apply(FIND, selector)]

    def one(self, selector: str, text: str | None = None) -> PageElement:
        """The first element, with exactly this text if given. Raises `ScriptFailedError`."""
        found = next((e for e in self.all(selector) if text is None or e.text == text), None)
        if found is None:
            raise ScriptFailedError(f"no {selector} {text or ''} on the page")
        return found

    def has(self, selector: str, text: str | None = None) -> bool:
        """Whether there is such an element."""
        return any(text is None or e.text == text for e in self.all(selector))

    def quoted(self) -> list[str]:
        """The texts in double quotes in the instruction."""
        return re.findall(r'"([^"]*)"', self.instruction)

    def match(self, pattern: str) -> tuple[str, ...]:
        """The groups of a regular expression found in the instruction. Raises `ScriptFailedError`."""
        found = re.search(pattern, self.instruction)
        if found is None:
            raise ScriptFailedError(f"{self.instruction!r} does not match {pattern}")
        return tuple(found.groups())

    def point(self, target: Target) -> Point:
        """The frame point of a target."""
        x, y = target.middle if isinstance(target, PageElement) else target
        return Point(x * self._zoom, y * self._zoom + self._top)

    def click(self, target: Target, count: int = 1, keys: Sequence[str] = ()) -> Click:
        """Click there."""
        return Click(point=self.point(target), count=count, keys=tuple(keys))

    def drag(self, *path: Target, seconds: float = 0.5) -> Drag:
        """Press at the first target and release at the last."""
        return Drag(path=tuple(self.point(target) for target in path), seconds=seconds)

    def scroll(self, target: Target, dy: int) -> Scroll:
        """Scroll there; a positive `dy` is down."""
        return Scroll(point=self.point(target), dy=dy)

    def reach(self, find: Callable[[], PageElement], box: PageElement) -> Iterator[AnyAction]:
        """Scroll `box` until the element that `find` returns is inside it. Raises `ScriptFailedError`."""
        for _ in range(20):
            y = find().middle[1]
            if box.y + 4 < y < min(box.y + box.height, CANVAS[1]) - 4:
                return
            yield self.scroll(box, 1 if y > box.middle[1] else -1)
        raise ScriptFailedError("the element was not reached by scrolling")

    def fill(self, target: Target, text: str) -> Iterator[AnyAction]:
        """Replace a field's content by `text`."""
        yield self.click(target)
        yield Key(chords=("ctrl+a",))
        yield TypeText(text=text)

    def choose(self, selector: str, text: str) -> Iterator[AnyAction]:
        """Choose an option of a drop-down list by its text."""
        options = self.js(f"[...document.querySelector({selector!r}).options].map(o => o.textContent.trim())")
        if text not in options:
            raise ScriptFailedError(f"{selector} has no option {text!r}")
        yield self.click(self.one(selector))
        yield Key(chords=("home", *["down"] * options.index(text), "enter"))


SCRIPTS: dict[str, Script] = {}
"""The scripts by task, registered by the modules of `benchmarks.suites.miniwob.oracles`."""


def solves(*tasks: str) -> Callable[[Script], Script]:
    """Register a script for `tasks`."""

    def register(script: Script) -> Script:
        for task in tasks:
            if task in SCRIPTS:
                raise ValueError(f"two scripts for {task}")
            SCRIPTS[task] = script
        return script

    return register
