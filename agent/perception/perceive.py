"""A screenshot as a `PerceivedScreen`: text, widgets and icons joined into elements."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache
from typing import Protocol

import cv2
import numpy as np

from actions.frame import Box
from agent.perception.calculator_keys import with_keys
from agent.perception.elements import Element, PerceivedScreen, TextLine
from agent.perception.free_text import drop_covered, free_text, icon_elements, without_keyboard
from agent.perception.glyphs import GLYPHS, character_on, ink_box
from agent.perception.images import Cache, crop_of, fingerprint, same_pixels
from agent.perception.labelling import with_labels
from agent.perception.layout import ScreenLayout
from agent.perception.meaning.vocabulary import COLOURS
from agent.perception.ocr import TextReader
from agent.perception.shapes import Edges, edges_of
from agent.perception.text_recognition import read_boxes
from agent.perception.widgets import detect_widgets
from agent.perception.windows import name_controls, windows_of
from envs.env import Image


class IconClassifier(Protocol):
    """Names the drawings in wordless regions."""

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


def _unnamed() -> tuple[tuple[str, ...], tuple[tuple[str, float], ...]]:
    return (), ()


class Perceiver:
    """Turns images into elements; what is computed is cached by the pixels, so an unchanged part is not read again."""

    def __init__(self, namer: IconClassifier | None = None) -> None:
        self._reader = TextReader()
        self._namer = namer if namer is not None else default_namer()
        self._image: Image | None = None
        self._screen = PerceivedScreen(0, 0)
        self._names: Cache[tuple[tuple[str, ...], tuple[tuple[str, float], ...]]] = Cache()
        self._glyphs: Cache[TextLine] = Cache()

    def perceive(self, image: Image) -> PerceivedScreen:
        """All elements of an RGB image (uint8, height x width x 3). Raises ValueError for another shape."""
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
            raise ValueError(f"a screen is uint8 height x width x 3, not {image.dtype} {image.shape}")
        if self._image is not None and same_pixels(self._image, image):
            return self._screen
        self._image = image.copy()
        with ThreadPoolExecutor(1) as beside:  # edges are found while the text is read
            edges = beside.submit(edges_of, image)
            lines = self._reader.read(image)
        self._screen = self._assemble(image, edges.result(), lines)
        return self._screen

    def _assemble(self, image: Image, edges: Edges, lines: list[TextLine]) -> PerceivedScreen:
        layout = detect_widgets(image, edges, lines)
        self._read_small_buttons(layout)
        elements = layout.elements + free_text(layout)
        elements += icon_elements(layout, elements)
        elements = self._name_wordless(image, with_labels(elements, layout))
        elements = [_coloured(image, element) for element in without_keyboard(drop_covered(elements))]
        elements = name_controls(with_keys(elements))
        ordered = sorted(elements, key=lambda e: (round(e.box.center.y / max(1.0, layout.unit)), e.box.x1))
        return PerceivedScreen(image.shape[1], image.shape[0], tuple(ordered), windows_of(image, ordered))

    def _read_small_buttons(self, layout: ScreenLayout) -> None:
        """Read single characters on buttons (calculator keys), which the detector misses or crops too tightly."""
        image, unit = layout.image, layout.unit
        marks: dict[int, Box] = {}
        for index, element in enumerate(layout.elements):
            if element.role == "button" and len(element.text) <= 2 and element.box.width < 9 * unit:
                mark = ink_box(image, element.box, unit)
                if mark is not None and mark.width <= 4 * unit and mark.height <= 2 * unit:
                    marks[index] = mark
        keys = {index: fingerprint(crop_of(image, layout.elements[index].box)) for index in marks}
        unread = [index for index in marks if keys[index] not in self._glyphs]
        for index, line in zip(unread, read_boxes(image, [marks[index] for index in unread]), strict=True):
            self._glyphs.put(keys[index], line)
        for index, mark in marks.items():
            button = layout.elements[index]
            text = character_on(image, mark, unit, self._glyphs[keys[index]], button.text)
            layout.elements[index] = replace(button, text=text, icons=GLYPHS.get(text, button.icons))

    def _name_wordless(self, image: Image, elements: list[Element]) -> list[Element]:
        spots = [i for i, e in enumerate(elements) if e.role in ("icon", "button") and len(e.text) <= 1]
        keys = {i: fingerprint(crop_of(image, elements[i].box)) for i in spots}
        unknown = [i for i in spots if keys[i] not in self._names]
        if self._namer is not None and unknown:
            boxes = [elements[i].box for i in unknown]
            names, shown = self._namer.name_icons(image, boxes), self._namer.probabilities(image, boxes)
            for i, named, likely in zip(unknown, names, shown, strict=True):
                self._names.put(keys[i], (named, tuple(likely.items())))
        out = list(elements)
        for i in spots:
            named, shows = self._names.get(keys[i], _unnamed)
            names_here = named + GLYPHS.get(elements[i].text, ()) + elements[i].icons
            out[i] = replace(elements[i], icons=tuple(dict.fromkeys(names_here)), shows=shows)
        return out


def _coloured(image: Image, element: Element) -> Element:
    """The element with the names of the strong colours that fill a good part of it."""
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


def lazy_perceive() -> Callable[[Image], PerceivedScreen]:
    """`Perceiver.perceive` of one perceiver, which is made when the first picture is read."""
    made = cache(Perceiver)
    return lambda image: made().perceive(image)
