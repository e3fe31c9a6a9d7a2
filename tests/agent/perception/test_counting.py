"""Ordinals count what a person would: rows of a list, texts below a heading, several things of one kind."""

from __future__ import annotations

import pytest

from agent.perception.meaning.locate import locate
from tests.agent.perception.drawn import at, screen

NAMES = ("Amara Diallo", "Ben Ortiz", "Chen Wei", "Dora Klein", "Emil Novak")
TABLE = screen(
    at(30, 20, "field", label="Filter by name"),
    at(900, 20, "button", "New message"),
    at(30, 90, "text", "Name"),
    at(300, 90, "text", "Amount"),
    *(at(30, 130 + 40 * i, "text", name) for i, name in enumerate(NAMES)),
    *(at(300, 130 + 40 * i, "text", f"{12 + i} €") for i in range(5)),
    at(800, 400, "button", "1", width=20),
    at(830, 400, "button", "2", width=20),
)


@pytest.mark.parametrize(
    ("said", "place"),
    [
        ("the third message", (30, 210)),
        ("third message from the top", (30, 210)),
        ("the third message from the bottom of the list", (30, 210)),
        ("the second one from the end", (30, 250)),
        ("the second to last message", (30, 250)),
        ("next-to-last item", (30, 250)),
        ("the penultimate row", (30, 250)),
        ("the last of the messages", (30, 290)),
        ("message number 2", (30, 170)),
        ("file no. 2", (30, 170)),
        ("row 4", (30, 250)),
        ("the third name", (30, 210)),
        ("fifth amount", (300, 290)),
        ("page number 2", (830, 400)),
    ],
)
def test_rows_and_cells_are_counted(said: str, place: tuple[int, int]) -> None:
    found = locate(TABLE, said)
    assert found.box is not None, found.reason
    assert found.box[:2] == place


@pytest.mark.parametrize("said", ["message number 9", "the ninth name", "page number 3", "the third Frobnicate"])
def test_what_there_are_too_few_of_is_refused(said: str) -> None:
    assert locate(TABLE, said).refused


def test_a_first_name_is_no_ordinal() -> None:
    form = screen(at(10, 100, "field", label="First name"), at(10, 150, "field", label="Last name"))
    assert locate(form, "the last name").point == (50, 160)


LETTERS = tuple(507 + 8 * i for i in range(13))
COMMENTS = screen(
    at(100, 60, "icon", icons=("reply", "respond"), width=20),
    *(at(500, y, "menuitem", "Reply Resolve", width=190, glyphs=LETTERS) for y in (200, 300)),
)


@pytest.mark.parametrize(
    ("said", "x", "y"),
    [("the first Reply", 530, 210), ("the second Reply", 530, 310), ("the second Resolve", 580, 310)],
)
def test_words_of_one_widget_are_counted_without_an_icon_of_that_name(said: str, x: int, y: int) -> None:
    found = locate(COMMENTS, said)
    assert found.point is not None, found.reason
    assert abs(found.point.x - x) < 20
    assert found.point.y == y


SETTINGS = screen(
    at(250, 20, "text", "Display", height=30),
    at(10, 100, "text", "Network"),
    at(10, 140, "text", "Display"),
    at(250, 200, "text", "Scale"),
    at(800, 200, "select", "100 %", label="Scale"),
    at(250, 240, "text", "Anna Keller Invoice for March", width=250),
)


@pytest.mark.parametrize(
    ("said", "place"),
    [
        ("click Display", (10, 140)),
        ("the Scale dropdown", (800, 200)),
        ("Choose the 'Scale' dropdown from the section of the screen.", (800, 200)),
        ("click Scale", (250, 200)),
        ("Click on the 'Anna Keller' message in the message list of the Postbox window.", (250, 240)),
    ],
)
def test_of_equal_words_the_one_that_acts_is_chosen(said: str, place: tuple[int, int]) -> None:
    found = locate(SETTINGS, said)
    assert found.box is not None, found.reason
    assert found.box[:2] == place
