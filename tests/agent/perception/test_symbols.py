from __future__ import annotations

import numpy as np
import pytest
from PIL import Image as Picture
from PIL import ImageDraw, ImageFont

from agent.perception.key_symbols import Ink, symbol_of

FONTS = {
    "DejaVu Sans": "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
    "DejaVu Sans Mono": "/usr/share/fonts/truetype/dejavu/DejaVuSansMono.ttf",
    "DejaVu Serif": "/usr/share/fonts/truetype/dejavu/DejaVuSerif.ttf",
}


def drawn(text: str, font: str, size: int) -> Ink:
    try:
        face = ImageFont.truetype(FONTS[font], size)
    except OSError:
        pytest.skip(f"needs {FONTS[font]}")
    picture = Picture.new("L", (4 * size, 3 * size), 0)
    ImageDraw.Draw(picture).text((size, size), text, fill=255, font=face)
    ink = np.asarray(picture) > 96
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    return np.asarray(ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])


@pytest.mark.parametrize("size", [12, 14, 16, 20, 28])
@pytest.mark.parametrize("font", ["DejaVu Sans", "DejaVu Sans Mono"])
@pytest.mark.parametrize("symbol", ["/", "\\", "-", "=", "+", ".", "÷"])
def test_symbols_of_common_fonts(symbol: str, font: str, size: int) -> None:
    found = symbol_of(drawn(symbol, font, size), 0.95 * size)
    assert found in (symbol, None) if size < 14 else found == symbol


@pytest.mark.parametrize("size", [12, 14, 16, 20, 28])
@pytest.mark.parametrize("font", list(FONTS))
@pytest.mark.parametrize("letter", "0123456789CEMXx%()*<>[]abdlrtI")
def test_digits_and_letters_are_never_taken_for_a_symbol(letter: str, font: str, size: int) -> None:
    assert symbol_of(drawn(letter, font, size), 0.95 * size) in (None, "|")


def test_an_empty_key_has_no_symbol() -> None:
    assert symbol_of(np.zeros((12, 12), dtype=bool), 12) is None
