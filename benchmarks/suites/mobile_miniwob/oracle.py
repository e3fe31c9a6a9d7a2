"""The scripts of the suite ``miniwob``, done by a finger: they prove tasks solvable by touch.

A script reads the page's own state behind the phone's back; what it does goes through ADB like an agent's actions.
Where a finger does it otherwise than a mouse, there is a script of its own here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from actions.action import AnyAction, Click, Drag, Key, LongPress, TypeText
from actions.frame import Point
from agent.core.model import ModelError
from benchmarks.suites.miniwob.oracle import FIND, Hand, MiniwobOracle, Script, Spot, Thing
from benchmarks.suites.miniwob.oracles import SCRIPTS
from benchmarks.suites.miniwob.oracles.sites import SOCIAL
from envs import miniwob_pages as pages
from envs.android.miniwob import PAGES
from envs.android.simulated import SimulatedPhoneEnv
from envs.phone.screen import SCALE, PhoneScreen

if TYPE_CHECKING:
    from benchmarks.suites.mobile_miniwob.suite import MobileMiniwobWorld

ZOOM = 5.0
"""Device pixels for a CSS pixel of the page, as the app shows it."""
TOP = 24.0 * SCALE
"""Device pixels above the app: the status bar."""
_APP = "system.front().frame.contentWindow"
_FRAME = f"{_APP}.document.querySelector('iframe').contentWindow"


_LINE = """(() => { const lines = [...getSelection().getRangeAt(0).getClientRects()].filter(r => r.width > 0);
  const line = lines.at("END" === "start" ? 0 : -1); return line.top + line.height / 2; })()"""
"""The middle of the first or last line that is chosen, CSS pixels from the top of the page."""
_ENDS = """(() => { const range = document.createRange(); range.selectNodeContents(document.querySelector(SELECTOR));
  const lines = [...range.getClientRects()].filter(r => r.width > 0), a = lines[0], z = lines.at(-1);
  return [a.left + 0.5, a.top + a.height / 2, z.right - 0.5, z.top + z.height / 2]; })()"""
"""The first and the last letter of a text."""


def _of_app(x: float, y: float) -> Point:
    """Device pixels of a place in CSS pixels of the app."""
    return Point(x * SCALE, y * SCALE + TOP)


class _Inside:
    """JavaScript in a window on the phone's screen; as `envs.devtools.DevToolsPage` evaluates and applies."""

    def __init__(self, screen: PhoneScreen, window: str) -> None:
        self._screen, self._window = screen, window

    def evaluate(self, expression: str) -> Any:
        """The value of an expression."""
        return self._screen.apply(f"(code) => {self._window}.eval(code)", expression)

    def apply(self, function: str, *arguments: Any) -> Any:
        """What a function gives back."""
        call = f"(code, given) => {self._window}.eval('(' + code + ')')(...given)"
        return self._screen.apply(call, function, list(arguments))


class _Eyes:
    """What `Hand` needs of an environment."""

    zoom = ZOOM

    def __init__(self, screen: PhoneScreen) -> None:
        self.page = _Inside(screen, _FRAME)


class Finger(Hand):
    """A `Hand` that touches. Raises `ModelError` where the page is not in the simulated phone's app."""

    def __init__(self, world: MobileMiniwobWorld) -> None:
        if not isinstance(world.env, SimulatedPhoneEnv):
            raise ModelError("an oracle needs the simulated phone: leave --mode out")
        screen = world.env.phone.screen
        self._env = _Eyes(screen)  # type: ignore[assignment]
        self._app = _Inside(screen, _APP)
        self.said = str(self._env.page.apply(pages.UTTERANCE))

    def point(self, spot: Spot) -> Point:
        """Device pixels of a spot."""
        x, y = spot.middle if isinstance(spot, Thing) else spot
        return Point(x * ZOOM, y * ZOOM + TOP)

    def click(self, spot: Spot, count: int = 1, keys: Sequence[str] = ()) -> Click:
        """Tap there; a finger holds no keys."""
        return super().click(spot, count)

    def fill(self, spot: Spot, text: str) -> Iterator[AnyAction]:
        """Replace what is in a field by `text`."""
        yield self.click(spot)
        if isinstance(spot, Thing) and spot.value:
            yield Key(chords=("end", *["backspace"] * len(spot.value)))
        yield TypeText(text=text)

    def scroll(self, spot: Spot, dy: int) -> Drag:  # type: ignore[override]
        """Push the content of a box, or what is around a place, up or down by most of its height."""
        (x, y), reach = (spot.middle, spot.height * 0.4) if isinstance(spot, Thing) else (spot, 40.0)
        way = reach if dy > 0 else -reach
        return self.drag((x, y + way), (x, y - way), seconds=0.4)

    def above(self, selector: str, text: str | None = None) -> Thing:
        """What the app shows over the page, its box in CSS pixels of the app. Raises `ModelError`."""
        found = [Thing(**one) for one in self._app.apply(FIND, selector)]
        thing = next((one for one in found if text is None or one.text == text), None)
        if thing is None:
            raise ModelError(f"nothing over the page is {selector} {text or ''}")
        return thing

    def tap_above(self, selector: str, text: str | None = None) -> Click:
        """Tap that."""
        return Click(point=_of_app(*self.above(selector, text).middle))

    def hold(self, spot: Spot) -> LongPress:
        """Press long."""
        return LongPress(point=self.point(spot), seconds=0.8)

    def stretch(self, end: str, x: float, y: float) -> Drag:
        """Drag a handle of the chosen text (``start`` or ``end``) to the letter at a place of the page."""
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


def scroll_list(hand: Finger) -> Iterator[AnyAction]:
    """Tick each name in the list's dialog."""
    (names,) = hand.match(r"Select (.+) from the scroll list")
    yield hand.click(hand.one("#options"))
    for name in names.split(", "):
        yield hand.tap_above(".dialog label.row", name)
    yield hand.tap_above(".dialog button.text", "OK")
    yield hand.click(hand.one("#area button"))


def enter_date(hand: Finger) -> Iterator[AnyAction]:
    """Type into the date's dialog."""
    (date,) = hand.match(r"(\d\d/\d\d/\d{4})")
    yield hand.click(hand.one("#tt"))
    yield hand.tap_above(".dialog input")
    yield TypeText(text=date)
    yield hand.tap_above(".dialog button.text", "OK")
    yield hand.click(hand.one("#subbtn"))


def enter_time(hand: Finger) -> Iterator[AnyAction]:
    """Type hours and minutes into the time's dialog."""
    hour, minute, half = hand.match(r"Enter (\d+):(\d\d)\s?([AP]M)")
    yield hand.click(hand.one("#tt"))
    for field, number in ((1, int(hour) % 12 + 12 * (half == "PM")), (2, int(minute))):
        yield hand.tap_above(f".dialog label:nth-of-type({field}) input")
        yield TypeText(text=f"{number:02d}")
    yield hand.tap_above(".dialog button.text", "OK")
    yield hand.click(hand.one("#subbtn"))


def _copied(hand: Finger, source: str) -> Iterator[AnyAction]:
    """From one field to the other, by the bar that a long press shows."""
    yield hand.hold(hand.one(source))
    yield hand.tap_above(".chosen button", "Select all")
    yield hand.tap_above(".chosen button", "Copy")
    yield hand.hold(hand.one("#answer-input"))
    yield hand.tap_above(".chosen button", "Paste")
    yield hand.click(hand.one("#subbtn"))


def copy(hand: Finger) -> Iterator[AnyAction]:
    """The one text area."""
    yield from _copied(hand, "#to-copy")


def copy_nth(hand: Finger) -> Iterator[AnyAction]:
    """The text area with the number."""
    (number,) = hand.match(r"the (\d)\w\w text area")
    yield from _copied(hand, f"#text-{number}")


def _chosen(hand: Finger, selector: str) -> Iterator[AnyAction]:
    """A word by a long press, then both handles to the ends of the text."""
    left, top, right, bottom = hand.js(_ENDS.replace("SELECTOR", repr(selector)))
    yield hand.hold((left + 4, top))
    yield hand.stretch("end", right, bottom)
    yield hand.stretch("start", left, top)
    yield hand.click(hand.one("#subbtn"))


def highlight(hand: Finger) -> Iterator[AnyAction]:
    """The whole paragraph."""
    yield from _chosen(hand, "#randomText")


def highlight_nth(hand: Finger) -> Iterator[AnyAction]:
    """The paragraph with the number."""
    (number,) = hand.match(r"the (\d)\w\w paragraph")
    yield from _chosen(hand, f"#randomText p:nth-of-type({number})")


def social(hand: Finger) -> Iterator[AnyAction]:
    """As with a mouse. A first tap may only colour an icon, which is gone while its other picture is loaded."""
    user, words = hand.match(r'the user (\S+), click on the "(.+)" button')
    kind, box = SOCIAL[words], hand.one("#area")
    number = next(n for n, e in enumerate(hand.all(".media .username")) if e.text == user)
    direct = kind in ("reply", "retweet", "like")
    button = f".media .{kind if direct else 'more'}"
    yield from hand.reach(lambda: hand.all(button)[number], box)
    for _ in range(3):
        if hand.js("WOB_DONE_GLOBAL") or hand.has(f".media ul .{kind}"):
            break
        yield hand.click(hand.all(button)[number])
    if not direct:
        yield from hand.reach(lambda: hand.one(f".media ul .{kind}"), box)
        yield hand.click(hand.one(f".media ul .{kind}"))


def terminal(hand: Finger) -> Iterator[AnyAction]:
    """As with a keyboard, but Enter puts the phone's away."""
    ending = re.search(r"extension (\.\S+)", hand.said)
    yield from hand.fill(hand.one("#terminal-contents"), "ls\n")
    names = hand.all("#terminal-contents .terminal-output")[-1].text.split()
    name = next((n for n in names if (n.endswith(ending[1]) if ending else "." not in n)), None)
    if name is None:
        raise ModelError("the terminal lists no such file")
    yield from hand.fill(hand.one("#terminal-contents"), f"rm {name}\n")


OWN = {
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
NO_FINGER = frozenset({"drag-box", "resize-textarea"})
"""Dragged by jQuery UI 1.12, which hears a mouse and no touch: a finger cannot."""


class Touching(MiniwobOracle):
    """A script as a model, with a `Finger`."""

    def bind(self, world: Any) -> None:
        """Begin the script on an episode that was begun."""
        self._actions = self._script(Finger(world))


def oracle(task: str) -> Touching | None:
    """A new oracle for one episode of `task`, or None where there is no script."""
    if task in NO_FINGER:
        return None
    script: Script | None = OWN.get(task) or SCRIPTS.get(PAGES[task])  # type: ignore[assignment]
    return None if script is None else Touching(task, script)
