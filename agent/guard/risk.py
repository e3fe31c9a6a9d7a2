"""Whether an action is risky, by what it does: the control under the pointer, the text that is typed, where Enter goes.

The model's words are not looked at. Controls are the accessibility elements of the observation and what
`agent.perception` reads on the picture.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from actions.action import AnyAction, Button, Click, Drag, HoldMouse, Key, LongPress, Open, TypeText
from actions.frame import Box, Point
from agent.core.model import Decision
from agent.guard.apps import is_editor, is_launcher, is_prompt, is_terminal
from agent.guard.held import with_held
from agent.guard.risk_words import KINDS, kinds_for, listed, risk_in, says, words_in
from agent.guard.risky_text import names_program, target_risk, text_risk
from agent.perception.elements import Element, PerceivedScreen
from agent.perception.perceive import lazy_perceive
from envs.env import Image, Observation

Perceive = Callable[[Image], PerceivedScreen]
SMALLEST = 16
"""Pixels of the shorter side of a picture that is read."""
CONTROL_WORDS = 6
"""The most words of a control that is no button: a longer text is a sentence."""
BUTTON_WORDS = 12
_ICONS = {
    "trash": "deletes", "eraser": "deletes", "user-remove": "deletes", "send": "sends", "retweet": "sends",
    "phone": "sends", "power": "leaves", "logout": "leaves", "block": "deletes", "donate": "pays",
    "git-merge": "sends", "phone-off": "leaves",
}  # fmt: skip
"""Drawings on wordless buttons, by the concepts of `agent.perception.icons`, and what they do."""
_ICON_SURE = 0.4
_DESTROYS = listed("chords", "destroys")
_OPENS = listed("chords", "opens")
_PASTES = listed("chords", "pastes")
_LINE_ENDS = listed("chords", "ends")
"""Chords that end a line, or the program, in a terminal, and are something else elsewhere."""
_CONTROL_CODE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\x80-\x9f\u2028\u2029]")
_QUESTION = re.compile(r"[?？؟;]\s*$|[?？؟]")


def risk(decision: Decision, observation: Observation, perceive: Perceive | None = None) -> str | None:
    """Why a person should see this action first, in one line; None where nothing speaks for that.

    `perceive` reads pictures; give one that is kept, so that unchanged parts are read once.
    """
    screen = _ScreenAt(observation, perceive or lazy_perceive())
    return next(_risks(with_held(decision.action, observation.held), screen), None)


def _risks(action: AnyAction, screen: _ScreenAt) -> Iterator[str]:
    match action:
        case Click(button="left") | LongPress():
            yield from _pointing(screen, action.point, opens=isinstance(action, Click) and action.count > 1)
        case Click(button="middle") if screen.terminal:
            yield "this pastes into a terminal"
        case Drag():
            yield from _dragging(screen, action.path[0], action.path[-1])
        case HoldMouse():
            yield "this presses a mouse button at a place that is not known"
        case Key():
            yield from _pressing(action.chords, screen)
        case TypeText():
            yield from _typing(action.text, screen)
        case Button(name="power"):
            yield "this is the power button"
        case Button(name="enter"):
            yield from screen.enter
        case Open():
            yield from _given(target_risk(action.target))


def _given(why: str | None) -> Iterator[str]:
    if why is not None:
        yield why


def _pressing(chords: tuple[str, ...], screen: _ScreenAt) -> Iterator[str]:
    for chord in chords:
        keys = set(chord.split("+"))
        plain = "+".join(key for key in chord.split("+") if key != "shift")
        if chord in _OPENS or re.fullmatch(r"ctrl\+alt\+f\d+", chord):
            yield f"{chord} opens a terminal, a run box or a console"
        elif chord in _DESTROYS or (chord == "delete" and not screen.editor):
            yield f"{chord} can close or delete something"
        elif {"alt", "printscreen"} < keys:
            yield f"{chord} commands the kernel"
        elif screen.terminal and (chord in _PASTES or plain in _LINE_ENDS):
            yield f"{chord} runs, pastes or ends something in a terminal"
        elif chord == "ctrl+enter" and not screen.editor:
            yield "ctrl+enter sends what was written"
        elif keys & {"enter"} or (chord == "space" and not screen.editor and len(chords) <= 3):
            yield from screen.enter
        elif plain in _PASTES | {"ctrl+m", "ctrl+j", "ctrl+o"} and not screen.editor:
            yield from screen.prompt


def _typing(text: str, screen: _ScreenAt) -> Iterator[str]:
    yield from _given(text_risk(text))
    if screen.terminal and (_CONTROL_CODE.search(text) or "\n" in text):
        yield "this runs a command in a terminal"
    if _CONTROL_CODE.search(text.replace("\r", "")):
        yield "this types control codes"
    if "\n" in text or "\r" in text:
        yield from screen.enter


def _pointing(screen: _ScreenAt, point: Point, opens: bool) -> Iterator[str]:
    control = screen.at(point)
    if control is None:
        return
    if (found := control.risk) is not None:
        yield found
    elif opens and names_program(control.words):
        yield f"{_quoted(control.words)} is a program"
    elif control.role in ("button", "text", "link", "menuitem", "icon") and _agrees(control.words):
        yield from _given(screen.question(point))


def _dragging(screen: _ScreenAt, start: Point, end: Point) -> Iterator[str]:
    target, held = screen.at(end), screen.at(start)
    if target is not None and target.words_count <= 3 and (says("drops", target.words) or target.icon == "trash"):
        yield f"this drops something on {_quoted(target.words or target.icon)}"
    for control in (held, target):
        if control is not None and control.words_count <= BUTTON_WORDS and control.slides and control.risk:
            yield control.risk


def _agrees(words: str) -> bool:
    return words_in(words) <= 3 and says("yes", words, exactly=True) is not None


def _quoted(words: str) -> str:
    return f"“{' '.join(words.split())[:60]}”"


@dataclass(frozen=True)
class _Control:
    """A control: its box (frame pixels), its role, the words on it or naming it, and the icon concept drawn on it."""

    box: Box
    role: str
    words: str
    icon: str = ""

    @cached_property
    def words_count(self) -> int:
        return words_in(self.words)

    @property
    def slides(self) -> bool:
        return bool(
            re.search(
                r"slid|swip|desliz|wisch|gliss|scorr|schui|滑动|滑動|スライド|スワイプ|밀어", self.words.casefold()
            )
        )

    @cached_property
    def risk(self) -> str | None:
        """Why pressing it is risky; None where it is not."""
        if self.role in ("field", "menu", "tab", "bar"):
            return None
        longest = BUTTON_WORDS if self.role in ("button", "switch", "checkbox") else CONTROL_WORDS
        found = risk_in(self.words) if self.words_count <= longest else None
        if found is not None:
            return f"{_quoted(self.words)} {found[0]} something"
        if self.icon in _ICONS and self.words_count <= 1:
            return f"the drawing on it, {self.icon}, {_ICONS[self.icon]} something"
        return None


class _ScreenAt:
    """What a screen shows, read when it is asked for."""

    def __init__(self, observation: Observation, perceive: Perceive) -> None:
        self._seen, self._perceive = observation, perceive
        self.editor, self.terminal = is_editor(observation.app), is_terminal(observation.app)

    @cached_property
    def _read(self) -> PerceivedScreen:
        if min(self._seen.image.shape[:2]) < SMALLEST:
            return PerceivedScreen(0, 0)
        return self._perceive(self._seen.image)

    @cached_property
    def _told(self) -> list[_Control]:
        """The accessibility elements; one without words has those inside it."""
        elements, found = self._seen.elements, list[_Control]()
        for element in elements:
            inner = [e.text for e in elements if e is not element and e.text and element.box.holds(e.box.center)]
            found.append(_Control(element.box, _role(element.role), element.text or " ".join(inner[:3])))
        return found

    @cached_property
    def _controls(self) -> list[_Control]:
        return self._told or [_control(e) for e in self._read.elements if e.role != "bar"]

    def at(self, point: Point) -> _Control | None:
        """The smallest control at `point`, else the text beside it; None for none."""
        told = [c for c in self._told if c.box.holds(point) and c.words]
        read = [_control(e) for e in self._read.elements if e.role != "bar"] if not told else []
        here = told or [c for c in read if c.box.grown(3).holds(point)]
        worded = [c for c in here if c.words or c.icon] or [c for c in read if _beside(c.box, point)]
        return min(worded, key=lambda c: c.box.area, default=None) or _row_at(read, point)

    def question(self, point: Point | None = None) -> str | None:
        """The question or warning about something risky in the dialog around `point` (None: anywhere)."""
        for control in self._controls:
            if control.words and (point is None or self._near(control.box, point)) and _warns(control.words):
                return f"it answers {_quoted(control.words)}"
        return None

    def _near(self, box: Box, point: Point) -> bool:
        for window in self._read.windows if not self._told else ():
            if window.box.holds(point):
                return window.box.holds(box.center)
        height, width = self._seen.image.shape[:2]
        above = -0.05 * height < point.y - box.center.y < 0.5 * height
        return above and bool(box.x1 - 0.3 * width < point.x < box.x2 + 0.3 * width)

    @property
    def prompt(self) -> Iterator[str]:
        """Why a line that ends here may be a command."""
        if self.terminal or any(is_prompt(c.words) for c in self._controls):
            yield "this goes to a command line"

    @property
    def enter(self) -> Iterator[str]:
        """Why Enter is risky here: a command line, a run box, a form or dialog whose button it presses."""
        if self.terminal or is_launcher(self._seen.app):
            yield "this runs a command"
        if not self.editor:
            yield from self.prompt
        buttons = [c for c in self._controls if c.role == "button" or (not self.editor and _stands_alone(c))]
        if not self.editor:
            yield from (f"Enter may press it: {c.risk}" for c in buttons if c.risk)
        if any(_agrees(c.words) or c.risk for c in buttons):
            yield from _given(self.question())


def _stands_alone(control: _Control) -> bool:
    """Whether a text without a frame may be a button: it is a phrase of the vocabulary and nothing else."""
    return control.role in ("text", "link") and (
        _agrees(control.words) or any(says(kind, control.words, exactly=True) for kind in KINDS)
    )


def _warns(words: str) -> bool:
    if words_in(words) < 2 and not _QUESTION.search(words):
        return False
    asks = _QUESTION.search(words) is not None and any(says(kind, words) for kind in kinds_for(words))
    return asks or says("warns", words) is not None


def _control(element: Element) -> _Control:
    words = " ".join(filter(None, (element.text if len(element.text) > 1 else "", element.label)))
    likely: Iterable[tuple[str, float]] = element.shows
    icon = next((name for name, chance in likely if chance >= _ICON_SURE), "")
    return _Control(element.box, element.role, words, icon)


def _role(name: str) -> str:
    """A role of `agent.perception` for the name of an accessibility role or a widget's class."""
    name = name.casefold()
    known = {"edit": "field", "entry": "field", "field": "field", "button": "button", "switch": "switch", "tab": "tab",
             "check": "checkbox", "menuitem": "menuitem", "link": "link"}  # fmt: skip
    return next((role for part, role in known.items() if part in name), "text")


def _row_at(controls: list[_Control], point: Point) -> _Control | None:
    """The text that begins the row of a list at `point`, right of it: the row is pressed anywhere."""
    row = [c for c in controls if c.words and c.box.y1 - 0.6 * c.box.height < point.y < c.box.y2 + 0.6 * c.box.height]
    before = [c for c in row if 0 <= point.x - c.box.x2 < 25 * c.box.height]
    return max(before, key=lambda c: c.box.x2, default=None)


def _beside(box: Box, point: Point) -> bool:
    """Whether `point` is in the padding around a text."""
    height = max(box.height, 8)
    return (
        box.x1 - 2.5 * height <= point.x <= box.x2 + 2.5 * height
        and box.y1 - 0.9 * height <= point.y <= box.y2 + 0.9 * height
    )
