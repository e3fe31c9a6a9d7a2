"""Places that are named by what they are: the main text area, an empty place, a window by its title, a cell."""

from __future__ import annotations

import re

import cv2
import numpy as np

from actions.frame import Box, Point
from agent.perception.elements import Candidate, Element, PerceivedScreen
from agent.perception.normalisation import words_only

_LARGE = 0.12
"""The share of the screen from which a field is a text area, and other elements hold things that stand on them."""
_CELL = 4
"""Pixels of a cell of the map in which an empty place is looked for."""
_ROOM = 12
"""Pixels that an empty place is away from everything, at least."""
_SIZED = re.compile(r"(?:main|large|largest|big|biggest)\s", re.IGNORECASE)
_TEXT_AREA = re.compile(
    r"(?:(?:main|large|largest|big|biggest|whole|open|empty|blank|current)\s+)*"
    r"(?:(?:text|writing|typing|editing|edit|document|editor)\s+)*"
    r"(?:editor|document|page|file|canvas|note|body|area|pane|field|box|view)"
    r"(?:\s+(?:area|pane|window|body|field))?(?:\s+(?:of|in)\s+(?:the\s+)?(?:text\s+)?(?:editor|window|document|app|program))?",
    re.IGNORECASE,
)
_EMPTY = re.compile(
    r"(?:(?:some|any)\s+)?(?:empty|blank|free|unused|bare)\s+(?:place|spot|area|space|part|region|room)"
    r"(?:\s+(?:of|in|on|inside|within)\s+(?:the\s+)?(?P<where>.+))?",
    re.IGNORECASE,
)

_SHEET_CELL = re.compile(r"cell\s+(?P<column>[a-z]{1,2})(?P<row>[1-9]\d{0,4})", re.IGNORECASE)
_TITLE_BAR = re.compile(
    r"(?:title\s?bar|window)\s+(?:(?:of|for|from|titled|named|called)\s+)?(?:the\s+)?(?P<of>.+?)(?:\s+window)?"
    r"|(?P<whose>.+?)(?:['’]s?)?\s+(?:window(?:['’]s)?\s+)?(?:title\s?bar|window)",
    re.IGNORECASE,
)
_TERMINAL = re.compile(r"\b(?:\w*term(?:inal)?|konsole|console|shell|bash|command prompt)\b|\w@[\w.-]+:", re.IGNORECASE)
_PROMPT = re.compile(r"(?m)^\S*[~/@]\S*\s?[$#%](?:\s|$)")
_BEHIND = re.compile(r"\b(?:desktop|wallpaper|screen|background)\b")


def by_kind(screen: PerceivedScreen, target: str) -> list[Candidate]:
    """The place that `target` describes by its kind alone; empty where it does not, or the screen has none."""
    words = _bare(target)
    if named := _EMPTY.fullmatch(words):
        return _empty_place(screen, (named["where"] or "").lower())
    if named := _SHEET_CELL.fullmatch(words):
        return _sheet_cell(screen, named["column"].upper(), named["row"])
    if named := _TITLE_BAR.fullmatch(words):
        return _titled(screen, words_only(named["of"] or named["whose"]))
    return _text_area(screen, sized=bool(_SIZED.match(words))) if _TEXT_AREA.fullmatch(words) else []


def is_kind_alone(target: str) -> bool:
    """Whether nothing that a screen says can be meant: a field by its size ("the big text box"), "cell B2"."""
    words = _bare(target)
    return bool((_SIZED.match(words) and _TEXT_AREA.fullmatch(words)) or _SHEET_CELL.fullmatch(words))


def _bare(target: str) -> str:
    return re.sub(r"^(?:the|a|an|this)\s+", "", target.strip(), flags=re.IGNORECASE)


def is_terminal(screen: PerceivedScreen) -> bool:
    """Whether the front window is a terminal, by its title or the prompt of a shell: "user@host:~$"."""
    titled = screen.windows and _TERMINAL.search(screen.windows[0].title)
    return bool(titled or any(e.role == "field" and _PROMPT.search(e.text) for e in screen.elements))


def _sheet_cell(screen: PerceivedScreen, column: str, row: str) -> list[Candidate]:
    """Where the column with this letter meets the row with this number; empty where it is not sure which they are."""
    letters = [e for e in screen.elements if re.fullmatch(r"[A-Z]{1,2}", e.text)]
    numbers = [e for e in screen.elements if e.text.isdigit()]
    tops = [e for e in letters if e.text == column and sum(_level(e, other) for other in letters) > 2]
    sides = [e for e in numbers if e.text == row and sum(_upright(e, other) for other in numbers) > 2]
    pairs = [
        (top, side) for top in tops for side in sides if side.box.x2 <= top.box.x1 and side.box.y1 >= top.box.y2 - 2
    ]
    if len(pairs) != 1:
        return []
    (top, side), name = pairs[0], f"{column}{row}"
    box = Box(top.box.x1, side.box.y1, top.box.x2, side.box.y2)
    return [Candidate(Element(box, "bar", name), box.center, 0.96, "where its column and its row meet")]


def _level(one: Element, other: Element) -> bool:
    return abs(one.box.center.y - other.box.center.y) < 0.5 * one.box.height


def _upright(one: Element, other: Element) -> bool:
    return abs(one.box.center.x - other.box.center.x) < 0.5 * one.box.height


def _titled(screen: PerceivedScreen, title: str) -> list[Candidate]:
    """The title bar with these words; empty where several have them or none."""
    bars = [e for e in screen.elements if e.role == "bar" and f" {title} " in f" {words_only(e.text)} "]
    return [Candidate(bar, bar.box.center, 0.96, "its title") for bar in bars if title and len(bars) == 1]


def _text_area(screen: PerceivedScreen, sized: bool) -> list[Candidate]:
    """The largest field: as large as a document, or, where it is `sized`, twice as large as every other."""
    fields = [e for e in screen.elements if e.role == "field" and not _holds_widgets(e, screen)]
    fields.sort(key=lambda e: -e.box.area)
    if not fields:
        return []
    apart = all(2 * other.box.area <= fields[0].box.area for other in fields[1:])
    large = _share(fields[0], screen) >= _LARGE or (sized and apart)
    return [Candidate(fields[0], fields[0].box.center, 0.96, "the main text area")] if large else []


def _holds_widgets(field: Element, screen: PerceivedScreen) -> bool:
    """Whether it is a page or panel that looks like a field."""
    inside = (e for e in screen.elements if e is not field and field.box.holds(e.box.center))
    return sum(e.role in ("field", "select", "checkbox", "radio", "button", "slider") for e in inside) >= 2


def _empty_place(screen: PerceivedScreen, where: str) -> list[Candidate]:
    """The point that is farthest from everything, in the front window or in the part that `where` names."""
    within = _part(screen, where)
    taken = np.ones((screen.height // _CELL + 1, screen.width // _CELL + 1), np.uint8)
    allowed = np.zeros_like(taken)
    _fill(allowed, within, 1)
    holds = ("bar", "field", "image")
    for element in screen.elements:
        if element.role not in holds or _share(element, screen) < _LARGE:
            _fill(taken, element.box, 0)
    for window in screen.windows if _BEHIND.search(where) else ():
        _fill(taken, window.box, 0)
    padded = np.pad(taken * allowed, 1)
    far = cv2.distanceTransform(padded, cv2.DIST_L2, 5)[1:-1, 1:-1] * _CELL
    y, x = np.unravel_index(int(np.argmax(far)), far.shape)
    if far[y, x] < _ROOM:
        return []
    point, room = Point(float(x * _CELL), float(y * _CELL)), float(far[y, x]) / 2
    box = Box(point.x - room, point.y - room, point.x + room, point.y + room)
    return [Candidate(Element(box, "bar"), point, 0.85, "an empty place")]


def _part(screen: PerceivedScreen, where: str) -> Box:
    if _TEXT_AREA.fullmatch(where) and (area := _text_area(screen, sized=False)):
        return area[0].element.box
    if screen.windows and not _BEHIND.search(where):
        return screen.windows[0].box
    return Box(0, 0, screen.width, screen.height)


def _fill(grid: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], box: Box, value: int) -> None:
    x1, y1, x2, y2 = (int(side // _CELL) for side in box)
    grid[max(0, y1) : y2 + 1, max(0, x1) : x2 + 1] = value


def _share(element: Element, screen: PerceivedScreen) -> float:
    return element.box.area / (screen.width * screen.height)
