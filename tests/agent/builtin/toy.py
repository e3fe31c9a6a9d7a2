"""A dict-driven user interface: it draws nothing, shows elements, and reacts to actions as a program would."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from actions.action import AnyAction, Click, Drag, Finish, Key, Scroll, TypeText, Wait
from actions.frame import Box
from agent.builtin.follower import Follower
from agent.builtin.grammar.parse import parse_instructions
from agent.builtin.screen_diff import PerceivedObservation
from agent.perception.elements import Element, PerceivedScreen, PerceivedWindow, Role
from agent.perception.meaning.ranking import rank

BLANK = np.zeros((1, 1, 3), np.uint8)


def at(role: Role, text: str, x: float, y: float, w: float = 100, h: float = 24, **more: object) -> Element:
    return Element(Box(x, y, x + w, y + h), role, text, **more)  # type: ignore[arg-type]


@dataclass
class Toy:
    """`elements` by key; `react` maps a key to what a click on it does; `late` adds elements after so many looks."""

    elements: dict[str, Element]
    react: dict[str, Callable[[Toy], None]] = field(default_factory=dict)
    late: dict[int, Callable[[Toy], None]] = field(default_factory=dict)
    modal: set[str] = field(default_factory=set)
    focus: str = ""
    log: list[str] = field(default_factory=list)
    looks: int = 0
    keys: dict[str, Callable[[Toy], None]] = field(default_factory=dict)
    typed: Callable[[str], str] = lambda text: text
    """What a field shows for the text typed into it."""
    selects: bool = True
    """Whether three clicks, Ctrl+A and Shift+Home select what is in a field."""
    slow: bool = False
    """Whether three clicks come too slowly to select anything."""
    splits: bool = False
    """Whether the caret makes two elements of a field: its text, and the rest of it."""
    windows: tuple[PerceivedWindow, ...] = ()
    unread: int = 0
    """Texts of up to this many letters are drawn and not read."""

    def screen(self) -> PerceivedScreen:
        self.looks += 1
        if change := self.late.get(self.looks):
            change(self)
        shown = [part for key, e in self.elements.items() for part in self._parts(key, e)]
        ordered = sorted(shown, key=lambda e: (e.box.y1, e.box.x1))
        return PerceivedScreen(1280, 800, tuple(ordered), self.windows)

    def _parts(self, key: str, element: Element) -> list[Element]:
        if not (self.splits and key == self.focus and element.role == "field" and element.text):
            return [element]
        x1, y1, x2, y2 = element.box
        caret = x1 + 8 * len(element.text)
        return [
            Element(Box(x1, y1, caret, y2), "text", element.text),
            replace(element, box=Box(caret, y1, x2, y2), text=""),
        ]

    def do(self, action: AnyAction) -> None:
        match action:
            case Click():
                hit = [k for k, e in self.elements.items() if e.box.holds(action.point)]
                hit = [k for k in hit if not self.modal or k in self.modal]
                self.log.append(f"click {hit[-1] if hit else '-'}")
                for key in hit[-1:]:
                    self.click(key)
                    if action.count == 3 and self.selects and not self.slow and self.elements[key].role == "field":
                        self.elements[key] = replace(self.elements[key], text="")
            case TypeText():
                self.log.append(f"type {action.text}")
                if self.focus and not self.modal:
                    old = self.elements[self.focus]
                    self.elements[self.focus] = replace(old, text=old.text + self.typed(action.text))
            case Key():
                self.log.append(f"key {' '.join(action.chords)}")
                for chord in action.chords:
                    if chord in ("ctrl+a", "shift+home") and self.focus and self.selects:
                        self.elements[self.focus] = replace(self.elements[self.focus], text="")
                    self.keys.get(chord, lambda toy: None)(self)
            case Scroll() | Drag():
                self.log.append(f"{action.type}")
                self.keys.get(action.type, lambda toy: None)(self)
            case Wait():
                self.log.append("wait")
            case _:
                self.log.append(action.type)

    def click(self, key: str) -> None:
        element = self.elements[key]
        if element.role == "field":
            self.focus = key
        if element.role in ("checkbox", "switch"):
            self.elements[key] = replace(element, checked=not element.checked)
        self.react.get(key, lambda toy: None)(self)

    # -- reactions

    def show(self, **elements: Element) -> None:
        self.elements |= elements

    def hide(self, *keys: str) -> None:
        for key in keys:
            self.elements.pop(key, None)
            self.modal.discard(key)


def shows(**elements: Element) -> Callable[[Toy], None]:
    return lambda toy: toy.show(**elements)


def hides(*keys: str) -> Callable[[Toy], None]:
    return lambda toy: toy.hide(*keys)


def painted(screen: PerceivedScreen) -> PerceivedObservation:
    """The screen with an image on which each element is a rectangle whose colour depends on its text and state."""
    image = np.full((screen.height, screen.width, 3), 240, np.uint8)
    for element in screen.elements:
        x1, y1, x2, y2 = (int(v) for v in element.box)
        image[y1:y2, x1:x2] = zlib.crc32(f"{element.text} {element.checked}".encode()) % 200
    return PerceivedObservation(screen, image)


def _without_short(seen: PerceivedObservation, letters: int) -> PerceivedObservation:
    read = (replace(e, text="") if len(e.text) <= letters else e for e in seen.screen.elements)
    return replace(seen, screen=replace(seen.screen, elements=tuple(read)))


def follow(
    toy: Toy, task: str, limit: int = 80, *, phone: bool = False, performed: bool = True, paint: bool = False
) -> tuple[Finish, list[str]]:
    """Run `task` on `toy` to its end; the end and every thought. Without `paint` only elements tell what changed."""
    follower = Follower(parse_instructions(task), rank, phone=phone)
    thoughts: list[str] = []
    for _ in range(limit):
        screen = toy.screen()
        seen = painted(screen) if paint else PerceivedObservation(screen, BLANK)
        action, thought = follower.next(_without_short(seen, toy.unread), performed=performed)
        thoughts.append(thought)
        if isinstance(action, Finish):
            return action, thoughts
        if performed:
            toy.do(action)
    raise AssertionError("never finished:\n" + "\n".join(thoughts))


def acts(log: Sequence[str]) -> list[str]:
    """The log without waits and without moving the pointer aside."""
    return [line for line in log if line not in ("wait", "move")]
