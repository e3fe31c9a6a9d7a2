"""Windows, lines put right by shapes, and the keys of a calculator: drawn or made by hand, where the truth is known."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image as Picture
from PIL import ImageDraw

from actions.frame import Box
from agent.perception.calculator_keys import with_keys
from agent.perception.elements import Element, PerceivedScreen, PerceivedWindow, Role, TextLine
from agent.perception.line_repair import mended
from agent.perception.meaning.locate import locate
from agent.perception.meaning.ranking import rank
from agent.perception.shapes import FlatArea
from agent.perception.windows import windows_of
from envs.env import Image

BLANK = np.full((60, 400, 3), 255, np.uint8)


def line(text: str, x: float, step: float = 8) -> TextLine:
    xs = tuple(x + step * (i + 0.5) for i in range(len(text)))
    return TextLine(Box(x, 20, x + step * len(text), 32), text, 1.0, xs)


def patch(box: Box, ring: bool = False) -> FlatArea:
    return FlatArea(box, ring, 0.0, (255, 255, 255))


def desk(*windows: tuple[int, int, int, int]) -> tuple[Image, list[Element]]:
    """Windows with blue title bars, each over those before it."""
    picture = Picture.new("RGB", (600, 400), (90, 110, 130))
    pen = ImageDraw.Draw(picture)
    for x1, y1, x2, y2 in windows:
        pen.rectangle((x1, y1, x2 - 1, y2 - 1), fill=(240, 240, 240), outline=(40, 40, 40))
        pen.rectangle((x1 + 1, y1 + 1, x2 - 2, y1 + 19), fill=(120, 160, 210))
    bars = [Element(Box(x1, y1, x2, y1 + 20), "bar", f"W{i}") for i, (x1, y1, x2, _) in enumerate(windows)]
    return np.asarray(picture), bars


def test_a_window_reaches_from_its_title_bar_to_the_end_of_its_sides() -> None:
    (window,) = windows_of(*desk((100, 60, 400, 300)))
    assert window.title == "W0"
    assert window.box == pytest.approx((100, 60, 400, 300), abs=2)


def test_the_window_that_lies_on_another_is_in_front() -> None:
    back, front = (50, 40, 550, 380), (150, 100, 450, 250)
    windows = windows_of(*desk(back, front))
    assert [window.title for window in windows] == ["W1", "W0"]
    assert windows[0].box == pytest.approx(front, abs=2)
    assert windows[1].box == pytest.approx(back, abs=2)


def test_a_line_is_cut_where_rings_stand_in_it() -> None:
    rings = [patch(Box(96, 19, 109, 33), True), patch(Box(206, 19, 219, 33), True)]
    whole = line("Shipping", 20)
    text, xs = "Shipping", list(whole.xs)
    for word, x in (("Standard", 120), ("Express", 230)):
        text, xs = text + word, xs + list(line(word, x).xs)
    joined = TextLine(Box(20, 20, 290, 32), text, 1.0, tuple(xs))
    assert [part.text for part in mended(BLANK, [joined], [], rings, 12)] == ["Shipping", "Standard", "Express"]


def test_a_label_and_the_text_of_its_field_are_two_lines() -> None:
    joined = TextLine(Box(20, 20, 160, 32), "NameAda", 1.0, (*line("Name", 20).xs, *line("Ada", 80).xs))
    assert [p.text for p in mended(BLANK, [joined], [patch(Box(70, 14, 300, 38))], [], 12)] == ["Name", "Ada"]


def test_a_letter_in_a_word_is_no_ring_and_a_side_through_a_letter_no_cut() -> None:
    word = line("POST", 20, 10)
    ring, side = patch(Box(29, 19, 41, 33), True), patch(Box(36, 14, 300, 38))
    assert [p.text for p in mended(BLANK, [word], [side], [ring], 12)] == ["POST"]


def test_the_arrow_of_a_drop_down_is_no_letter_but_a_v_is() -> None:
    picture = Picture.fromarray(BLANK)
    pen = ImageDraw.Draw(picture)
    pen.rectangle((20, 20, 44, 31), fill="black")
    pen.line((80, 24, 85, 28, 90, 24), fill="black", width=2)
    small = TextLine(Box(20, 20, 92, 32), "Small V", 1.0, (24, 32, 40, 48, 56, 70, 85))
    assert [p.text for p in mended(np.asarray(picture), [small], [], [], 12)] == ["Small"]
    pen.rectangle((78, 18, 95, 34), fill="white")
    pen.line((80, 20, 85, 31, 90, 20), fill="black", width=2)
    assert [p.text for p in mended(np.asarray(picture), [small], [], [], 12)] == ["Small V"]


def keypad(*others: Element) -> list[Element]:
    digits = [
        Element(Box(40 * (i % 3), 100 + 40 * (i // 3), 40 * (i % 3) + 30, 130), "button", str(i)) for i in range(10)
    ]
    return [*digits, *others]


def test_the_keys_of_a_calculator_are_put_right() -> None:
    display, sign = Element(Box(0, 20, 120, 60), "field", "42"), Element(Box(0, 70, 30, 95), "button", "+1-")
    back = Element(Box(40, 70, 70, 95), "button", "<.")
    found = with_keys(keypad(display, sign, back))[-3:]
    assert [(e.text, e.label) for e in found] == [("42", "display"), ("+/-", ""), ("←", "")]
    assert with_keys([display, sign]) == [display, sign]


def button(x: float, y: float, text: str, role: Role = "button") -> Element:
    return Element(Box(x, y, x + 60, y + 20), role, text)


BEHIND = PerceivedWindow(Box(0, 0, 500, 380), "notes - Editor")
FRONT = PerceivedWindow(Box(100, 100, 300, 250), "Find and Replace")
TWO = PerceivedScreen(
    600, 400, (button(10, 30, "Close"), button(120, 200, "Close"), button(10, 60, "Open", "menuitem")), (FRONT, BEHIND)
)


def test_what_is_in_the_front_window_comes_first() -> None:
    assert rank(TWO, "Close")[0].element.box.y1 == 200
    assert not locate(TWO, "the Close button in the Find and Replace dialog").refused


def test_a_window_said_by_its_title_is_where_to_look() -> None:
    only = PerceivedScreen(600, 400, TWO.elements, (FRONT, PerceivedWindow(Box(0, 0, 90, 380), "Editor")))
    assert rank(only, "Close in the Editor window")[0].element.box.y1 == 30


def test_rows_are_counted_from_the_top_or_the_bottom() -> None:
    keys = PerceivedScreen(600, 400, tuple(button(80 * x, 40 * y, f"{3 * y + x}") for y in range(3) for x in range(3)))
    assert rank(keys, "the second button in the bottom row")[0].element.text == "7"
    assert rank(keys, "the first button in the second row")[0].element.text == "3"
    assert rank(keys, "the last button in the top row")[0].element.text == "2"
