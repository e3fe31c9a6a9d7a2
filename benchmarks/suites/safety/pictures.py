"""Screens drawn for the catalogue: dialogs, pages, menus, phones, terminals, editors, rows of icons. RGB, uint8."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np
from PIL import Image as Picture
from PIL import ImageDraw, ImageFont

from actions.frame import Box, Point
from benchmarks.suite import SuiteError
from envs.env import Image

Colour = tuple[int, int, int]
INK: Colour = (35, 35, 40)


@dataclass
class Canvas:
    """A picture under way. `controls` are the boxes of its controls, `lines` those of its other texts, in order."""

    size: tuple[int, int]
    back: Colour
    font: str = "DejaVuSans.ttf"
    text_size: int = 15
    controls: list[Box] = field(default_factory=list)
    lines: list[Box] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.picture = Picture.new("RGB", self.size, self.back)
        self.pen = ImageDraw.Draw(self.picture)

    @property
    def image(self) -> Image:
        """The picture as an array."""
        return np.asarray(self.picture)

    def text(self, at: tuple[float, float], words: str, colour: Colour = INK, size: int = 0) -> Box:
        """Write `words` with their upper left corner at `at`; the box of the ink."""
        font = load_font(self.font, size or self.text_size)
        self.pen.text(at, words, colour, font)
        return Box(*self.pen.textbbox(at, words, font)) if words else Box(*at, *at)

    def line(self, at: tuple[float, float], words: str, colour: Colour = INK) -> None:
        """A text that is no control."""
        self.lines.append(self.text(at, words, colour))

    def button(self, box: Box, words: str, fill: Colour | None, colour: Colour = INK, centred: bool = True) -> None:
        """A control: its frame (None: none) and the words in it."""
        if fill is not None:
            self.pen.rounded_rectangle(tuple(box), 5, fill, (150, 150, 158))
        width = self.pen.textlength(words, load_font(self.font, self.text_size))
        x = box.x1 + (box.width - width) / 2 if centred else box.x1 + 14
        self.text((x, box.center.y - self.text_size * 0.62), words, colour)
        self.controls.append(box)

    def width_of(self, words: str) -> float:
        """Pixels of a button around `words`."""
        return self.pen.textlength(words, load_font(self.font, self.text_size)) + 36


@cache
def load_font(name: str, size: int) -> ImageFont.FreeTypeFont:
    """A font of the system's. Raises `SuiteError`."""
    try:
        return ImageFont.truetype(name, size)
    except OSError as error:
        raise SuiteError(f"the font {name} is missing: sudo apt install fonts-dejavu-core") from error


def _dialog(lines: Sequence[str], controls: Sequence[str]) -> Canvas:
    canvas = Canvas((1024, 640), (86, 112, 131))
    canvas.pen.rectangle((262, 200, 762, 430), (243, 243, 245), (60, 60, 66))
    canvas.pen.rectangle((262, 200, 762, 228), (215, 219, 226))
    for at, words in enumerate(lines):
        canvas.line((290, 256 + 28 * at), words)
    x = 742.0
    for words in reversed(controls):
        width = canvas.width_of(words)
        canvas.button(Box(x - width, 380, x, 412), words, (228, 229, 233))
        x -= width + 14
    canvas.controls.reverse()
    return canvas


def _page(lines: Sequence[str], controls: Sequence[str]) -> Canvas:
    canvas = Canvas((1024, 700), (255, 255, 255))
    canvas.pen.rectangle((0, 0, 1024, 40), (222, 225, 230))
    canvas.pen.rounded_rectangle((120, 8, 900, 32), 10, (255, 255, 255))
    for at, words in enumerate(lines):
        canvas.line((140, 110 + 34 * at), words)
    x = 140.0
    for at, words in enumerate(controls):
        width = canvas.width_of(words)
        last = at == len(controls) - 1
        fill, ink = ((38, 98, 217), (255, 255, 255)) if last else ((240, 240, 243), INK)
        canvas.button(Box(x, 300, x + width, 338), words, fill, ink)
        x += width + 24
    return canvas


def _menu(lines: Sequence[str], controls: Sequence[str]) -> Canvas:
    canvas = Canvas((900, 600), (245, 246, 248))
    canvas.pen.rectangle((300, 160, 540, 176 + 32 * len(controls)), (255, 255, 255), (140, 140, 146))
    for at, words in enumerate(controls):
        canvas.button(Box(302, 168 + 32 * at, 538, 200 + 32 * at), words, None, centred=False)
    return canvas


def _phone(lines: Sequence[str], controls: Sequence[str], sheet: bool = False) -> Canvas:
    canvas = Canvas((540, 960), (250, 250, 250), text_size=20)
    top = 560 if sheet else 120
    if sheet:
        canvas.pen.rectangle((0, 0, 540, 520), (120, 120, 124))
        canvas.pen.rounded_rectangle((0, 500, 540, 980), 24, (255, 255, 255))
    for at, words in enumerate(lines):
        if words not in controls:
            canvas.line((40, top + 60 * at), words)
    for at, words in enumerate(controls):
        place = lines.index(words) if words in lines else len(lines) + at
        box = Box(24, top - 18 + 60 * place, 516, top + 38 + 60 * place)
        canvas.button(box, words, (232, 238, 250) if sheet else None, centred=sheet)
    return canvas


def _terminal(lines: Sequence[str], light: bool = False) -> Canvas:
    back, ink = ((252, 252, 247), (40, 40, 40)) if light else ((24, 24, 28), (214, 214, 214))
    canvas = Canvas((900, 560), (90, 100, 110), "DejaVuSansMono.ttf", 15)
    canvas.pen.rectangle((60, 60, 840, 500), back)
    for at, words in enumerate(lines):
        canvas.line((72, 72 + 24 * at), words, ink)
    return canvas


def _editor(lines: Sequence[str], serif: bool = False) -> Canvas:
    canvas = Canvas((900, 600), (255, 255, 255), "DejaVuSerif.ttf" if serif else "DejaVuSans.ttf")
    canvas.pen.rectangle((0, 0, 900, 34), (236, 237, 240))
    canvas.text((12, 8), "File    Edit    View    Help", size=14)
    for at, words in enumerate(lines):
        canvas.line((40, 70 + 28 * at), words)
    return canvas


def _list(lines: Sequence[str], controls: Sequence[str]) -> Canvas:
    canvas = Canvas((1100, 720), (247, 248, 250), text_size=16)
    canvas.pen.rectangle((0, 0, 230, 720), (233, 236, 241))
    for at, words in enumerate(lines):
        canvas.line((280, 90 + 40 * at), words)
    for at, words in enumerate(controls):
        width = canvas.width_of(words)
        canvas.button(Box(280, 320 + 58 * at, 280 + width, 360 + 58 * at), words, (255, 255, 255))
    return canvas


def _settings(lines: Sequence[str], controls: Sequence[str]) -> Canvas:
    canvas = Canvas((720, 760), (255, 255, 255), text_size=17)
    for at, words in enumerate([*lines, *controls]):
        y = 60 + 56 * at
        canvas.pen.line((30, y + 44, 690, y + 44), (225, 225, 228))
        if at < len(lines):
            canvas.line((44, y + 10), words)
        else:
            canvas.button(Box(30, y - 8, 690, y + 42), words, None, centred=False)
    return canvas


def _icons(controls: Sequence[str], dark: bool = False) -> Canvas:
    back, ink = ((43, 45, 50), (235, 235, 238)) if dark else ((250, 250, 251), (50, 50, 56))
    canvas = Canvas((800, 520), back)
    for at, name in enumerate(controls):
        x, y = 320 + 70 * at, 40
        _draw_icon(canvas.pen, name, x, y, ink)
        canvas.controls.append(Box(x - 8, y - 8, x + 32, y + 32))
    return canvas


def _draw_icon(pen: ImageDraw.ImageDraw, name: str, x: int, y: int, ink: Colour) -> None:
    """One drawing of 24 by 24 pixels."""
    match name:
        case "search":
            pen.ellipse((x + 2, y + 2, x + 16, y + 16), outline=ink, width=2)
            pen.line((x + 14, y + 14, x + 22, y + 22), ink, 3)
        case "trash":
            pen.line((x + 3, y + 5, x + 21, y + 5), ink, 2)
            pen.rectangle((x + 9, y + 1, x + 15, y + 5), outline=ink, width=2)
            pen.polygon([(x + 5, y + 5), (x + 19, y + 5), (x + 18, y + 23), (x + 6, y + 23)], outline=ink, width=2)
            for column in (10, 14):
                pen.line((x + column, y + 9, x + column, y + 19), ink, 2)
        case "plus":
            pen.line((x + 12, y + 3, x + 12, y + 21), ink, 3)
            pen.line((x + 3, y + 12, x + 21, y + 12), ink, 3)
        case "back":
            pen.line([(x + 12, y + 4), (x + 4, y + 12), (x + 12, y + 20)], ink, 3)
            pen.line((x + 4, y + 12, x + 22, y + 12), ink, 3)
        case "power":
            pen.arc((x + 3, y + 4, x + 21, y + 22), -60, 240, ink, 3)
            pen.line((x + 12, y + 1, x + 12, y + 12), ink, 3)
        case "gear":
            pen.ellipse((x + 4, y + 4, x + 20, y + 20), outline=ink, width=4)
            pen.ellipse((x + 9, y + 9, x + 15, y + 15), outline=ink, width=2)
            for dx, dy in ((0, 1), (1, 0), (0.7, 0.7), (0.7, -0.7)):
                for sign in (1, -1):
                    a, b = (
                        (x + 12 + sign * 8 * dx, y + 12 + sign * 8 * dy),
                        (x + 12 + sign * 12 * dx, y + 12 + sign * 12 * dy),
                    )
                    pen.line((a, b), ink, 4)


SCREENS: dict[str, Callable[[Sequence[str], Sequence[str]], Canvas]] = {
    "dialog": _dialog,
    "page": _page,
    "menu": _menu,
    "phone": _phone,
    "sheet": lambda lines, controls: _phone(lines, controls, sheet=True),
    "terminal": lambda lines, controls: _terminal(lines),
    "shell": lambda lines, controls: _terminal(lines, light=True),
    "editor": lambda lines, controls: _editor(lines),
    "editor2": lambda lines, controls: _editor(lines, serif=True),
    "list": _list,
    "settings": _settings,
    "icons": lambda lines, controls: _icons(controls),
    "icons2": lambda lines, controls: _icons(controls, dark=True),
}
"""The screens by name: from lines of text and the words of controls to a picture."""


def middle(box: Box) -> Point:
    """Where a control is clicked."""
    return box.center
