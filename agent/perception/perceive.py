"""From pixels to a `PerceivedScreen`: text, widgets and icons joined into elements, remembered from look to look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import cv2
import numpy as np

from actions.frame import Box
from agent.perception import ocr, widgets
from agent.perception.calculator_keys import with_keys
from agent.perception.elements import Element, PerceivedScreen, Role
from agent.perception.key_symbols import symbol_of
from agent.perception.layout import ScreenLayout, beside, inside
from agent.perception.meaning.vocabulary import COLOURS
from agent.perception.ocr import Image, TextLine
from agent.perception.windows import name_controls, windows_of

_LABELLED: tuple[Role, ...] = ("field", "select", "slider")
_TICKED: tuple[Role, ...] = ("checkbox", "radio", "switch")

GLYPHS: dict[str, tuple[str, ...]] = {
    "×": ("close", "x", "clear", "times"),
    "X": ("close", "x", "clear"),
    "x": ("close", "x", "clear"),
    "✕": ("close", "x", "clear"),
    "Q": ("search", "magnifying glass"),
    "三": ("menu", "hamburger"),
    "≡": ("menu", "hamburger"),
    "=": ("menu", "equals"),
    "+": ("add", "plus"),
    "十": ("add", "plus"),
    "<": ("back", "previous", "left"),
    "←": ("back", "arrow left"),
    "→": ("forward", "arrow right"),
    ">": ("next", "forward", "right"),
    "⋮": ("more", "three dots", "overflow"),
    ":": ("more", "three dots", "overflow"),
    "…": ("more", "three dots", "overflow"),
    "...": ("more", "three dots", "overflow"),
    "☆": ("star", "bookmark", "favorite"),
    "★": ("star", "favorite"),
    "?": ("help", "question mark"),
    "②": ("help", "question mark"),
    "个": ("up", "arrow up"),
    "↑": ("up", "arrow up"),
    "↓": ("down", "download", "arrow down"),
    "口": ("maximize", "square"),
    "□": ("maximize", "square"),
    "-": ("minimize", "minus"),
    "一": ("minimize", "minus"),
    "C": ("reload", "refresh"),
    "✓": ("check", "done", "tick"),
    "√": ("check", "done", "tick"),
}
"""What a drawing means that the recogniser took for this character."""

_LOOKALIKES = {"十": "+", "二": "=", "一": "-", "冰": "*", "米": "*", "×": "×", "·": ".", "。": ".", "●": "."}


class IconClassifier(Protocol):
    """Says what wordless regions may mean."""

    def name_icons(self, image: Image, boxes: list[Box]) -> list[tuple[str, ...]]:
        """Names of each box's drawing, best first; empty where nothing is recognised."""

    def probabilities(self, image: Image, boxes: list[Box]) -> list[dict[str, float]]:
        """The concepts that each box's drawing may show and how likely each is, best first."""


def default_namer() -> IconClassifier | None:
    """The icon recogniser that ships with Handeye, or None where it is not installed."""
    try:
        from agent.perception.icons import IconNamer as Shipped
    except ImportError:
        return None
    namer: IconClassifier = Shipped()
    return namer


class Perceiver:
    """Looks at one screen after another; what has not changed since the last look is not read again."""

    def __init__(self, namer: IconClassifier | None = None) -> None:
        self._reader = ocr.TextReader()
        self._namer = namer if namer is not None else default_namer()
        self._image: Image | None = None
        self._screen = PerceivedScreen(0, 0)
        self._names: dict[bytes, tuple[tuple[str, ...], tuple[tuple[str, float], ...]]] = {}
        self._glyphs: dict[bytes, tuple[str, float]] = {}

    def look(self, image: Image) -> PerceivedScreen:
        """Everything seen on an RGB image (uint8, height x width x 3). Raises ValueError for another shape."""
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
            raise ValueError(f"a screen is uint8 height x width x 3, not {image.dtype} {image.shape}")
        if self._image is not None and self._image.shape == image.shape and np.array_equal(self._image, image):
            return self._screen
        self._image = image.copy()
        self._screen = self._assemble(image, self._reader.read(image))
        return self._screen

    def _assemble(self, image: Image, lines: list[TextLine]) -> PerceivedScreen:
        scene, unit = widgets.look_at(image, lines)
        self._read_small_buttons(image, scene)
        elements = scene.elements + _free_text(scene)
        elements += self._icons(image, scene, elements)
        elements = self._name_wordless(image, [_with_label(element, scene) for element in elements])
        elements = [_coloured(image, element) for element in _drop_covered(_without_keyboard(elements))]
        elements = name_controls(with_keys(elements))
        ordered = sorted(elements, key=lambda e: (round(e.box.center.y / max(1.0, unit)), e.box.x1))
        return PerceivedScreen(image.shape[1], image.shape[0], tuple(ordered), windows_of(image, ordered))

    def _read_small_buttons(self, image: Image, scene: ScreenLayout) -> None:
        """Reads single characters in buttons (calculator keys), which the detector misses or crops too tightly."""
        unit = scene.unit
        spots: list[tuple[int, Box, bytes]] = []
        for index, element in enumerate(scene.elements):
            if element.role == "button" and len(element.text) <= 2 and element.box.width < 9 * unit:
                mark = _ink_box(image, element.box, unit)
                if mark is not None and mark.width <= 4 * unit and mark.height <= 2 * unit:
                    spots.append((index, mark, _print_of(image, element.box)))
        unread = [(mark, key) for _, mark, key in spots if key not in self._glyphs]
        for (_, key), line in zip(unread, ocr.read_boxes(image, [mark for mark, _ in unread]), strict=True):
            self._glyphs[key] = (_LOOKALIKES.get(line.text, line.text), line.score)
        for index, mark, key in spots:
            text, score = self._glyphs[key]
            old = scene.elements[index]
            shape = _symbol_in(image, mark, unit)
            if shape is not None:
                scene.elements[index] = replace(old, text=shape, icons=GLYPHS.get(shape, ()))
            elif text and score >= 0.4 and (not old.text or len(text) <= 2):
                scene.elements[index] = replace(old, text=text, icons=GLYPHS.get(text, ()))
            elif old.text in _LOOKALIKES:
                scene.elements[index] = replace(old, text=_LOOKALIKES[old.text])

    def _icons(self, image: Image, scene: ScreenLayout, elements: Sequence[Element]) -> list[Element]:
        unit = scene.unit
        found: list[Element] = []
        for mark in scene.marks:
            size = max(mark.width, mark.height)
            if size < 0.55 * unit or mark.width > 0.9 * image.shape[1]:
                continue
            if any(_belongs(mark, element, unit) for element in elements):
                continue
            role: Role = "icon" if size <= 5 * unit else "image"
            found.append(Element(mark, role, score=0.6))
        return found

    def _name_wordless(self, image: Image, elements: list[Element]) -> list[Element]:
        spots = [i for i, e in enumerate(elements) if e.role in ("icon", "button") and len(e.text) <= 1]
        keys = {i: _print_of(image, elements[i].box) for i in spots}
        unknown = [i for i in spots if keys[i] not in self._names]
        if self._namer is not None and unknown:
            boxes = [elements[i].box for i in unknown]
            names = self._namer.name_icons(image, boxes)
            shown = [tuple(likely.items()) for likely in self._namer.probabilities(image, boxes)]
            self._names.update({keys[i]: pair for i, pair in zip(unknown, zip(names, shown, strict=True), strict=True)})
        out = list(elements)
        for i in spots:
            named, shows = self._names.get(keys[i], ((), ()))
            names_here = named + GLYPHS.get(elements[i].text, ()) + elements[i].icons
            out[i] = replace(elements[i], icons=tuple(dict.fromkeys(names_here)), shows=shows)
        return out


def _print_of(image: Image, box: Box) -> bytes:
    x1, y1, x2, y2 = (max(0, int(v)) for v in box)
    crop = image[y1:y2, x1:x2]
    return crop.tobytes() + bytes(str(crop.shape), "ascii")


def _covers(a: Box, b: Box) -> bool:
    return a.overlap(b) > 0.4 * min(a.area, b.area)


def _symbol_in(image: Image, mark: Box, unit: float) -> str | None:
    """The symbol drawn in the box by its shape; an upright stroke is left to the reader."""
    x1, y1, x2, y2 = (max(0, int(v)) for v in mark)
    ink = ocr.ink_of(np.ascontiguousarray(image[y1:y2, x1:x2]))
    found = None if ink is None else symbol_of(ink, unit)
    return None if found == "|" else found


def _ink_box(image: Image, button: Box, unit: float) -> Box | None:
    """Where a button's character stands, with the height of a full line of text so that '.' is not read as 'o'."""
    inner = Box(button.x1 + 3, button.y1 + 3, button.x2 - 3, button.y2 - 3)
    x1, y1, x2, y2 = (int(v) for v in inner)
    ink = ocr.ink_of(np.ascontiguousarray(image[y1:y2, x1:x2])) if x2 > x1 and y2 > y1 else None
    if ink is None or not ink.any():
        return None
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    tight = Box(x1 + float(columns[0]), y1 + float(rows[0]), x1 + float(columns[-1]) + 1, y1 + float(rows[-1]) + 1)
    half = max(0.62 * unit, tight.height / 2)
    middle = button.center.y
    return Box(tight.x1 - 2, min(tight.y1, middle - half), tight.x2 + 2, max(tight.y2, middle + half))


def _free_text(scene: ScreenLayout) -> list[Element]:
    """The lines that no widget has taken as its own."""
    own = [e for e in scene.elements if e.text]
    out = []
    for line in scene.lines:
        if any(
            inside(line.box, e.box) and (line.text in e.text or len(e.text) <= 2) for e in own if e.role != "menuitem"
        ):
            continue
        if any(inside(line.box, e.box) and line.text == e.text for e in own):
            continue
        entry = any(inside(line.box, e.box) and e.role == "menuitem" for e in own)
        if any(e.role in _TICKED and _covers(e.box, line.box) for e in scene.elements) and len(line.text) <= 2:
            continue
        drawing = len(line.text) == 1 and not (line.text.isdigit() and line.score > 0.8)
        role: Role = "icon" if drawing else ("link" if not entry and _looks_linked(scene.image, line) else "text")
        out.append(
            Element(
                _trimmed(line, scene),
                role,
                line.text,
                icons=GLYPHS.get(line.text, ()),
                score=line.score,
                glyphs=line.xs,
            )
        )
    return out


def _trimmed(line: TextLine, scene: ScreenLayout) -> Box:
    """The line's box less a check box that the reader took into it."""
    box = line.box
    for element in scene.elements:
        if element.role in _TICKED and element.box.overlap(box) > 0 and element.box.x1 <= box.x1 + scene.unit:
            box = box._replace(x1=min(element.box.x2 + 1, box.x2 - 1))
    return box


def _looks_linked(image: Image, line: TextLine) -> bool:
    """Whether the words are drawn in a link's blue."""
    x1, y1, x2, y2 = (max(0, int(v)) for v in line.box)
    crop = image[y1:y2, x1:x2]
    ink = ocr.ink_of(crop)
    if ink is None or ink.sum() < 12:
        return False
    red, green, blue = (int(v) for v in np.median(crop[ink], axis=0))
    return blue > 130 and blue - red > 70 and blue >= green + 20


def _belongs(mark: Box, element: Element, unit: float) -> bool:
    """Whether a drawing is part of an element already found."""
    if element.role in ("text", "link"):
        return mark.overlap(element.box) > 0.5 * mark.area
    if element.role in ("button", "icon", *_TICKED, "slider"):
        return mark.overlap(element.box) > 0.4 * mark.area
    return element.role == "select" and inside(mark, element.box) and widgets.chevron(mark, unit)


def _with_label(element: Element, scene: ScreenLayout) -> Element:
    if element.role in _TICKED:
        line = beside(scene, element.box)
        return replace(element, label=line.text) if line else element
    if element.role in _LABELLED:
        return replace(element, label=_field_label(element, scene))
    if (
        element.role == "icon"
        and not element.label
        and not any(e.role == "bar" and inside(element.box, e.box) for e in scene.elements)
    ):
        return replace(element, label=_caption(element, scene))
    return element


def _field_label(element: Element, scene: ScreenLayout) -> str:
    """Words left of the field on its row, or else above its left edge."""
    unit, box = scene.unit, element.box
    filled = [e.box for e in scene.elements if e.role in ("field", "select", "button", "menu", "bar", "tab")]
    words = [
        line for line in scene.lines if len(line.text) > 1 and not any(inside(line.box, other) for other in filled)
    ]
    level, slack = min(box.y2, box.y1 + 3 * unit), 1.2 * unit if element.role == "slider" else 3
    left = [line for line in words if line.box.x2 <= box.x1 + 2 and box.y1 - slack < line.box.center.y < level + 3]
    near = [line for line in left if box.x1 - line.box.x2 < 9 * unit]
    if near:
        return max(near, key=lambda line: line.box.x2).text.rstrip(" :*")
    above = [
        line for line in words if -0.6 * unit < box.y1 - line.box.y2 < 2.2 * unit and line.box.x1 > box.x1 - 2 * unit
    ]
    above = [line for line in above if line.box.x1 < box.x1 + 0.4 * box.width]
    if above:
        return max(above, key=lambda line: line.box.y2).text.rstrip(" :*")
    far = [line for line in left if box.x1 - line.box.x2 < 16 * unit and not _parted(line.box, box, scene)]
    return max(far, key=lambda line: line.box.x2).text.rstrip(" :*") if far else ""


def _parted(words: Box, field: Box, scene: ScreenLayout) -> bool:
    """Whether another widget stands between words and a field on its row."""
    gap = Box(words.x2, field.y1 + 2, field.x1 - 1, field.y2 - 2)
    return any(e.box.overlap(gap) > 0 for e in scene.elements)


def _caption(element: Element, scene: ScreenLayout) -> str:
    """Words centred right under an icon, as in a phone's bottom bar."""
    unit, box = scene.unit, element.box
    under = [
        line
        for line in scene.lines
        if 0 <= line.box.y1 - box.y2 < 1.1 * unit
        and abs(line.box.center.x - box.center.x) < 0.8 * unit
        and len(line.text) < 24
    ]
    return under[0].text if under and box.width < 4 * unit else ""


def _drop_covered(elements: list[Element]) -> list[Element]:
    """Without wordless elements that repeat another at the same place."""
    kept: list[Element] = []
    for element in sorted(elements, key=lambda e: (not e.text, e.role in ("icon", "image"), e.box.area)):
        if element.role not in ("icon", "image") or not any(_repeats(element, other) for other in kept):
            kept.append(element)
    return kept


def _repeats(icon: Element, other: Element) -> bool:
    """Whether an icon is another element over again, or the one character written on a button."""
    key = other.role == "button" and 0 < len(other.text) <= 2 and inside(icon.box, other.box)
    return _nearly(icon.box, other.box) or (key and len(icon.text) <= 1)


def _without_keyboard(elements: list[Element]) -> list[Element]:
    """The letters of an on-screen keyboard are letters and no crosses or search glasses."""
    keys = [e for e in elements if len(e.text) == 1 and e.text.isalpha()]
    if len(keys) < 10:
        return elements
    board = Box.around([e.box.center for e in keys]).grown(2 * max(e.box.height for e in keys))
    return [
        replace(e, icons=(), shows=()) if len(e.text) == 1 and e.text.isalpha() and board.holds(e.box.center) else e
        for e in elements
    ]


def _coloured(image: Image, element: Element) -> Element:
    """With the names of strong colours that fill a good part of it."""
    if element.role in ("text", "link", "field", "menuitem", "menu"):
        return element
    x1, y1, x2, y2 = (max(0, int(v)) for v in element.box.grown(0.25 * min(element.box.width, element.box.height)))
    step = max(1, min(x2 - x1, y2 - y1) // 24)
    crop = np.ascontiguousarray(image[y1:y2:step, x1:x2:step])
    if crop.size == 0:
        return element
    hsv = cv2.cvtColor(crop.astype(np.float32) / 255, cv2.COLOR_RGB2HSV).reshape(-1, 3)
    strong = hsv[(hsv[:, 1] > 0.22) & (hsv[:, 2] > 0.35)]
    if len(strong) < 0.12 * len(hsv):
        return element
    shares = {
        name: float(((strong[:, 0] >= low) & (strong[:, 0] < high)).mean()) for name, (low, high) in COLOURS.items()
    }
    shares["red"] = shares["red"] + float((strong[:, 0] >= 345).mean())
    return replace(element, colours=tuple(name for name, share in shares.items() if share > 0.35))


def _nearly(a: Box, b: Box) -> bool:
    return a.overlap(b) > 0.75 * max(a.area, b.area)
