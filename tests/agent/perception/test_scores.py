"""What scores well enough to act on, and what is refused: the parts of a score, one by one."""

from __future__ import annotations

import pytest

from agent.perception.meaning.locate import locate
from agent.perception.meaning.ranking import SURE, rank
from tests.agent.perception.drawn import at, screen

OPTIONS = screen(
    at(10, 10, "button", "Delete"), at(10, 100, "button", "Delivery options"), at(10, 200, "text", "Rust book")
)


@pytest.mark.parametrize("target", ["the delivery address field", "choices of gift wrap", "the third Delete"])
def test_the_nearest_element_is_refused_where_it_is_not_near_enough(target: str) -> None:
    found = locate(OPTIONS, target)
    assert 0 < rank(OPTIONS, target)[0].score < SURE
    assert found.refused
    assert found.point is None


def test_other_words_for_the_same_are_near_enough() -> None:
    assert locate(OPTIONS, "options for shipping").box == OPTIONS.elements[1].box


def test_words_that_nothing_on_the_screen_explains_count_against_a_candidate() -> None:
    assert locate(OPTIONS, "the book about Rust").point is not None
    assert locate(OPTIONS, "the book about cooking pasta quickly").refused
    half, all_of_it = (rank(OPTIONS, target)[0].score for target in ("the Rust book for my nephew", "the Rust book"))
    assert half < all_of_it


@pytest.mark.parametrize(
    ("relation", "place"),
    [
        ("above", (200, 50)),
        ("below", (200, 150)),
        ("left of", (10, 100)),
        ("right of", (400, 100)),
    ],
)
def test_each_relation_chooses_its_side(relation: str, place: tuple[int, int]) -> None:
    places = ((200, 50), (10, 100), (400, 100), (200, 150))
    found = locate(
        screen(at(200, 100, "text", "Total"), *(at(*p, "button", "Edit") for p in places)), f"the Edit {relation} Total"
    )
    assert found.box is not None
    assert found.box[:2] == place


@pytest.mark.parametrize(("relation", "xs", "wanted"), [("before", (10, 300), 0), ("after", (100, 400), 1)])
def test_before_and_after_mean_reading_order_and_not_the_nearest(
    relation: str, xs: tuple[int, int], wanted: int
) -> None:
    edits = [at(x, 100, "button", "Edit") for x in xs]
    where = screen(at(200, 100, "text", "Total"), *edits)
    assert locate(where, f"the Edit {relation} Total").box == edits[wanted].box


def test_a_colour_chooses_between_two_drawings() -> None:
    where = screen(at(10, 10, "button", colours=("red",)), at(10, 100, "button", colours=("green",)))
    assert rank(where, "the green button")[0].element.colours == ("green",)
    assert locate(where, "the green button").box == where.elements[1].box


def test_a_value_is_found_by_its_kind() -> None:
    where = screen(at(10, 10, "button", "France"), at(10, 100, "button", "Continue"))
    assert locate(where, "change the country").box == where.elements[0].box


def test_a_verb_is_the_icon_beside_its_object() -> None:
    cross = {"icons": ("close", "delete")}
    rows = [
        (at(10, y, "text", f"Learn {name}"), at(300, y, "icon", **cross)) for y, name in ((100, "Rust"), (200, "C"))
    ]
    where = screen(*(element for row in rows for element in row))
    assert locate(where, "delete the Learn C task").box == rows[1][1].box


def test_a_truncated_label_is_the_one_that_begins_alike() -> None:
    where = screen(at(10, 100, "text", "Friends from Col…"), at(10, 200, "text", "Friends from Berlin"))
    found = locate(where, "Friends from Cologne")
    assert found.box == where.elements[0].box
    assert found.score > 0.8
