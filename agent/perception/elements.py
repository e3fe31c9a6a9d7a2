"""The types of perception: text lines, elements, windows, screens and candidates. Boxes are frame pixels."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from actions.frame import Box, Point

Role = Literal[
    "text",  # part of no widget
    "button",
    "field",  # where text is typed, one line or many
    "checkbox",
    "radio",
    "switch",
    "select",  # a closed drop-down
    "slider",
    "menu",  # an entry of a menu bar
    "menuitem",  # an entry of an open menu
    "tab",
    "link",
    "icon",  # a small region without text
    "image",
    "bar",  # title bars, tool bars, status bars: regions that hold others
]


TICKED: tuple[Role, ...] = ("checkbox", "radio", "switch")
"""The roles that have a state."""


@dataclass(frozen=True)
class TextLine:
    """One run of text. `box` is frame pixels around the ink; `xs` are the centres of its characters (frame x)."""

    box: Box
    text: str
    score: float
    xs: tuple[float, ...] = ()


@dataclass(frozen=True)
class Element:
    """One text, widget or drawing of a screen. `box` is frame pixels.

    `text` is the text on it (OCR). `label` is the nearby text that names it, where it carries none itself
    (the "Name" left of a field, the words beside a check box). `checked` is the state of a check box, radio button
    or switch where it could be read. `icons` holds names that a wordless region may have ("search", "close"), best
    first. `score` is the detector's confidence in 0 to 1. `glyphs` holds the centre x (frame pixels) of each character
    of `text`, where known; `colours` the names of the colours that stand out in it ("green"). `shows` holds icon
    concepts and how likely each is, for wordless regions.
    """

    box: Box
    role: Role
    text: str = ""
    label: str = ""
    checked: bool | None = None
    icons: tuple[str, ...] = ()
    score: float = 1.0
    colours: tuple[str, ...] = ()
    glyphs: tuple[float, ...] = field(default=(), repr=False, compare=False)
    shows: tuple[tuple[str, float], ...] = field(default=(), repr=False, compare=False)


@dataclass(frozen=True)
class PerceivedWindow:
    """A window with a title bar: its box (frame pixels) and its title."""

    box: Box
    title: str = ""


@dataclass(frozen=True)
class PerceivedScreen:
    """All elements of one image, in reading order (top to bottom, then left to right).

    `windows` are those with a title bar that was recognised, the front one first; there may be others.
    """

    width: int
    height: int
    elements: tuple[Element, ...] = ()
    windows: tuple[PerceivedWindow, ...] = ()

    def is_in_front(self, element: Element, point: Point) -> bool:
        """Whether a point of an element is in the front window, where there are several; menus are in front of all."""
        return len(self.windows) < 2 or element.role == "menuitem" or self.windows[0].box.holds(point)


@dataclass(frozen=True)
class Candidate:
    """An element that a description may mean: the point to click (frame pixels), a score in 0 to 1, and the reason."""

    element: Element
    point: Point
    score: float
    why: str = field(default="", compare=False)
