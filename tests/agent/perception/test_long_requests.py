"""Long requests: the target's own words decide; where it is and what it is for only choose between equal ones."""

from __future__ import annotations

import pytest

from agent.perception.elements import PerceivedScreen
from agent.perception.meaning.locate import locate
from tests.agent.perception.drawn import at

SCREEN = PerceivedScreen(
    1000,
    800,
    (
        at(10, 10, "menuitem", "Copy address"),
        at(10, 40, "text", "Conditions of use"),
        at(400, 100, "text", "Shipping"),
        at(600, 130, "link", "Edit"),
        at(400, 160, "text", "Street"),
        at(500, 160, "field", label="Street"),
        at(400, 400, "text", "Payment"),
        at(600, 430, "link", "Edit"),
        at(10, 600, "text", "Anna Keller"),
        at(300, 600, "button", "Reply"),
        at(10, 700, "text", "Jonas Berg"),
        at(300, 700, "button", "Reply"),
    ),
)


@pytest.mark.parametrize(
    ("request_", "place"),
    [
        ("Choose the 'Copy address' option from the context menu.", (10, 10)),
        ("Click on the 'Copy address' entry in the list of the Darkroom window.", (10, 10)),
        ("Select the 'Copy address' option to put where it is on the clipboard.", (10, 10)),
        ("the Conditions of use", (10, 40)),
        ("In the Shipping section, click the field labelled 'Street'.", (500, 160)),
        ("the field named 'Street', which can be found inside the form", (500, 160)),
        ("the Edit link under Payment", (600, 430)),
        ("Edit in the Shipping", (600, 130)),
        ("Payment's Edit", (600, 430)),
        ("in the Jonas Berg row, the Reply", (300, 700)),
        ("the Reply on the same line as Anna Keller", (300, 600)),
        ("the Anna Keller message", (10, 600)),
    ],
)
def test_the_words_of_the_target_decide(request_: str, place: tuple[int, int]) -> None:
    found = locate(SCREEN, request_)
    assert found.box is not None, found.reason
    assert found.box[:2] == place


@pytest.mark.parametrize("request_", ["the Reply next to Zoe", "the 'Delete' option from the menu"])
def test_what_is_not_there_is_still_refused(request_: str) -> None:
    assert locate(SCREEN, request_).refused


LIST = PerceivedScreen(
    1000,
    800,
    (
        at(10, 10, "button", "Compose"),
        *(at(200, 100 + 50 * i, "text", f"Letter of {name}") for i, name in enumerate("ABCD")),
    ),
)


@pytest.mark.parametrize(("request_", "y"), [("the third message", 200), ("open the last message in the list", 250)])
def test_rows_of_a_list_are_counted_where_nothing_is_called_so(request_: str, y: int) -> None:
    found = locate(LIST, request_)
    assert found.box is not None, found.reason
    assert found.box.y1 == y
