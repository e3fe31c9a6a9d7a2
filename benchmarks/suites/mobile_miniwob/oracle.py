"""The scripts of the suite ``miniwob`` by touch, and those that touch needs of its own.

A script reads the state of the page directly from the simulated phone; its actions go through ADB like an agent's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from actions.action import AnyAction, Click, Drag, Key, LongPress, TypeText
from actions.frame import Point
from agent.core.model import ModelError
from benchmarks.suites.miniwob.oracle import FIND, PageElement, PageScript, Target
from benchmarks.suites.miniwob.oracles import SCRIPTS
from benchmarks.suites.miniwob.oracles.sites import SOCIAL
from benchmarks.suites.miniwob.world import MiniwobWorld
from benchmarks.suites.tasks.oracle import ScriptOracle
from envs import miniwob_pages as pages
from envs.android.env import AndroidEnv
from envs.android.miniwob import PAGES
from envs.android.simulated import SimulatedPhoneEnv
from envs.phone.screen import SCALE, PhoneScreen

ZOOM = 5.0
"""Device pixels for a CSS pixel of the page, as the app shows it."""
TOP = 24.0 * SCALE
"""Device pixels above the app: the status bar."""
_APP = "system.front().frame.contentWindow"
_FRAME = f"{_APP}.document.querySelector('iframe').contentWindow"


_LINE = """(() => { const lines = [...getSelection().getRangeAt(0).getClientRects()].filter(r => r.width > 0);
  const line = lines.at("END" === "start" ? 0 : -1); return line.top + line.height / 2; })()"""
"""The centre of the first or last selected line, CSS pixels from the top of the page."""
_ENDS = """(() => { const range = document.createRange(); range.selectNodeContents(document.querySelector(SELECTOR));
  const lines = [...range.getClientRects()].filter(r => r.width > 0), a = lines[0], z = lines.at(-1);
  return [a.left + 0.5, a.top + a.height / 2, z.right - 0.5, z.top + z.height / 2]; })()"""
"""The first and last character of a text: x, y of both, CSS pixels."""


def _of_app(x: float, y: float) -> Point:
    """Device pixels of a point in CSS pixels of the app."""
    return Point(x * SCALE, y * SCALE + TOP)


class _WindowPage:
    """A `Page` that evaluates JavaScript in a window on the phone's screen."""

    def __init__(self, screen: PhoneScreen, window: str) -> None:
        self._screen, self._window = screen, window

    def evaluate(self, expression: str) -> Any:
        """The value of an expression."""
        return self._screen.apply(f"(code) => {self._window}.eval(code)", expression)

    def apply(self, function: str, *arguments: Any) -> Any:
        """The result of a function."""
        call = f"(code, given) => {self._window}.eval('(' + code + ')')(...given)"
        return self._screen.apply(call, function, list(arguments))


class TouchScript(PageScript):
    """A `PageScript` by touch. Raises `ModelError` where the page is not in the simulated phone's app."""

    def __init__(self, world: MiniwobWorld[AndroidEnv]) -> None:
        if not isinstance(world.env, SimulatedPhoneEnv):
            raise ModelError("an oracle needs the simulated phone: leave --mode out")
        screen = world.env.phone.screen
        page = _WindowPage(screen, _FRAME)
        super().__init__(page, str(page.apply(pages.UTTERANCE)), ZOOM, TOP)
        self._app = _WindowPage(screen, _APP)

    def click(self, target: Target, count: int = 1, keys: Sequence[str] = ()) -> Click:
        """Tap there; touch has no held keys."""
        return super().click(target, count)

    def fill(self, target: Target, text: str) -> Iterator[AnyAction]:
        """Replace a field's content by `text`."""
        yield self.click(target)
        if isinstance(target, PageElement) and target.value:
            yield Key(chords=("end", *["backspace"] * len(target.value)))
        yield TypeText(text=text)

    def scroll(self, target: Target, dy: int) -> Drag:  # type: ignore[override]
        """Drag the content of an element, or around a point, by 80 % of its height."""
        (x, y), reach = (target.middle, target.height * 0.4) if isinstance(target, PageElement) else (target, 40.0)
        way = reach if dy > 0 else -reach
        return self.drag((x, y + way), (x, y - way), seconds=0.4)

    def above(self, selector: str, text: str | None = None) -> PageElement:
        """An element of the app above the page, its box in CSS pixels of the app. Raises `ModelError`."""
        found = [PageElement(**one) for one in self._app.apply(FIND, selector)]
        thing = next((one for one in found if text is None or one.text == text), None)
        if thing is None:
            raise ModelError(f"nothing above the page is {selector} {text or ''}")
        return thing

    def tap_above(self, selector: str, text: str | None = None) -> Click:
        """Tap an element of the app above the page."""
        return Click(point=_of_app(*self.above(selector, text).middle))

    def hold(self, target: Target) -> LongPress:
        """Press long."""
        return LongPress(point=self.point(target), seconds=0.8)

    def stretch(self, end: str, x: float, y: float) -> Drag:
        """Drag a selection handle (``start`` or ``end``) to the character at a point of the page."""
        handle = self.above(f".handle.{end}")
        edge = handle.x + (handle.width if end == "start" else 0)
        grip = _of_app(*handle.middle)
        line = self.js(_LINE.replace("END", end))
        now, there = Point(_of_app(edge, 0).x, self.point((0, line)).y), self.point((x, y))
        return Drag(path=(grip, Point(grip.x + there.x - now.x, grip.y + there.y - now.y)), seconds=0.4)

    def choose(self, selector: str, text: str) -> Iterator[AnyAction]:
        """Choose an option of a list by its text."""
        yield self.click(self.one(selector))
        yield self.tap_above(".dialog label.row", text)


def scroll_list(page: TouchScript) -> Iterator[AnyAction]:
    """Tick each name in the list's dialog."""
    (names,) = page.match(r"Select (.+) from the scroll list")
    yield page.click(page.one("#options"))
    for name in names.split(", "):
        yield page.tap_above(".dialog label.row", name)
    yield page.tap_above(".dialog button.text", "OK")
    yield page.click(page.one("#area button"))


def enter_date(page: TouchScript) -> Iterator[AnyAction]:
    """Type into the date's dialog."""
    (date,) = page.match(r"(\d\d/\d\d/\d{4})")
    yield page.click(page.one("#tt"))
    yield page.tap_above(".dialog input")
    yield TypeText(text=date)
    yield page.tap_above(".dialog button.text", "OK")
    yield page.click(page.one("#subbtn"))


def enter_time(page: TouchScript) -> Iterator[AnyAction]:
    """Type hours and minutes into the time's dialog."""
    hour, minute, half = page.match(r"Enter (\d+):(\d\d)\s?([AP]M)")
    yield page.click(page.one("#tt"))
    for field, number in ((1, int(hour) % 12 + 12 * (half == "PM")), (2, int(minute))):
        yield page.tap_above(f".dialog label:nth-of-type({field}) input")
        yield TypeText(text=f"{number:02d}")
    yield page.tap_above(".dialog button.text", "OK")
    yield page.click(page.one("#subbtn"))


def _copied(page: TouchScript, source: str) -> Iterator[AnyAction]:
    """From one field to the other, by the bar that a long press shows."""
    yield page.hold(page.one(source))
    yield page.tap_above(".chosen button", "Select all")
    yield page.tap_above(".chosen button", "Copy")
    yield page.hold(page.one("#answer-input"))
    yield page.tap_above(".chosen button", "Paste")
    yield page.click(page.one("#subbtn"))


def copy(page: TouchScript) -> Iterator[AnyAction]:
    """The one text area."""
    yield from _copied(page, "#to-copy")


def copy_nth(page: TouchScript) -> Iterator[AnyAction]:
    """The text area with the number."""
    (number,) = page.match(r"the (\d)\w\w text area")
    yield from _copied(page, f"#text-{number}")


def _chosen(page: TouchScript, selector: str) -> Iterator[AnyAction]:
    """Select a word by a long press, then drag both handles to the ends of the text."""
    left, top, right, bottom = page.js(_ENDS.replace("SELECTOR", repr(selector)))
    yield page.hold((left + 4, top))
    yield page.stretch("end", right, bottom)
    yield page.stretch("start", left, top)
    yield page.click(page.one("#subbtn"))


def highlight(page: TouchScript) -> Iterator[AnyAction]:
    """The whole paragraph."""
    yield from _chosen(page, "#randomText")


def highlight_nth(page: TouchScript) -> Iterator[AnyAction]:
    """The paragraph with the number."""
    (number,) = page.match(r"the (\d)\w\w paragraph")
    yield from _chosen(page, f"#randomText p:nth-of-type({number})")


def social(page: TouchScript) -> Iterator[AnyAction]:
    """As with a mouse; a first tap may only load the icon's other picture."""
    user, words = page.match(r'the user (\S+), click on the "(.+)" button')
    kind, box = SOCIAL[words], page.one("#area")
    number = next(n for n, e in enumerate(page.all(".media .username")) if e.text == user)
    direct = kind in ("reply", "retweet", "like")
    button = f".media .{kind if direct else 'more'}"
    yield from page.reach(lambda: page.all(button)[number], box)
    for _ in range(3):
        if page.js("WOB_DONE_GLOBAL") or page.has(f".media ul .{kind}"):
            break
        yield page.click(page.all(button)[number])
    if not direct:
        yield from page.reach(lambda: page.one(f".media ul .{kind}"), box)
        yield page.click(page.one(f".media ul .{kind}"))


def terminal(page: TouchScript) -> Iterator[AnyAction]:
    """As with a keyboard, but Enter closes the phone's."""
    ending = re.search(r"extension (\.\S+)", page.instruction)
    yield from page.fill(page.one("#terminal-contents"), "ls\n")
    names = page.all("#terminal-contents .terminal-output")[-1].text.split()
    name = next((n for n in names if (n.endswith(ending[1]) if ending else "." not in n)), None)
    if name is None:
        raise ModelError("the terminal lists no such file")
    yield from page.fill(page.one("#terminal-contents"), f"rm {name}\n")


OWN: dict[str, Callable[[TouchScript], Iterator[AnyAction]]] = {
    "social-media": social,
    "terminal": terminal,
    "click-scroll-list": scroll_list,
    "enter-date": enter_date,
    "enter-time": enter_time,
    "copy-paste": copy,
    "copy-paste-2": copy_nth,
    "highlight-text": highlight,
    "highlight-text-2": highlight_nth,
}
NO_TOUCH = frozenset({"drag-box", "resize-textarea"})
"""Dragged by jQuery UI 1.12, which handles mouse events but no touch."""


def oracle(task: str) -> ScriptOracle[MiniwobWorld[AndroidEnv]] | None:
    """A new oracle of `task`, or None where there is no script."""
    if task in NO_TOUCH:
        return None
    own, mouse = OWN.get(task), SCRIPTS.get(PAGES[task])
    if own is not None:
        return ScriptOracle(lambda world: own(TouchScript(world)), f"oracle of {task}")
    return None if mouse is None else ScriptOracle(lambda world: mouse(TouchScript(world)), f"oracle of {task}")
