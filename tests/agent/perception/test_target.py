from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.frame import Box
from agent.perception.elements import Element, PerceivedScreen
from agent.perception.meaning.description import parse_target
from agent.perception.meaning.ranking import SURE, rank
from agent.perception.meaning.text_similarity import text_similarity, word_similarity
from tests.agent.perception.drawn import at, screen

CONTACTS = screen(
    at(40, 40, "text", "Alice"),
    at(300, 40, "button", "Edit"),
    at(400, 40, "button", "Delete"),
    at(40, 100, "text", "Bob"),
    at(300, 100, "button", "Edit"),
    at(400, 100, "button", "Delete"),
    at(40, 160, "text", "Carol"),
    at(300, 160, "button", "Edit"),
    at(400, 160, "button", "Delete"),
)
LOGIN = screen(
    at(20, 10, "icon", icons=("arrow left", "back"), width=20),
    at(900, 10, "icon", icons=("search", "magnifying glass"), width=20),
    at(100, 200, "text", "Name"),
    at(250, 200, "field", label="Name", width=200),
    at(480, 200, "icon", icons=("close", "clear"), width=20),
    at(100, 260, "text", "Password"),
    at(250, 260, "field", label="Password", width=200),
    at(480, 260, "icon", icons=("eye", "show password"), width=20),
    at(100, 320, "checkbox", label="Remember me", width=16),
    at(125, 320, "text", "Remember me"),
    at(100, 360, "link", "Forgot your password?"),
    at(100, 400, "button", "Sign In"),
    at(220, 400, "button", "Not now"),
    at(340, 400, "button", "Save As…"),
    at(460, 400, "button", "Save"),
)


def best(where: PerceivedScreen, target: str) -> Element:
    return rank(where, target)[0].element


@pytest.mark.parametrize(
    ("target", "place"),
    [
        ("Save", (460, 400)),
        ("the Save button", (460, 400)),
        ('click "Save As..."', (340, 400)),
        ("SAVE AS", (340, 400)),
        ("“Not now”", (220, 400)),
        ("press «Sign In»", (220 - 120, 400)),
        ("点击“Sign In”按钮", (100, 400)),
        ("the Name field", (250, 200)),
        ("the field right of Password", (250, 260)),
        ("the first field", (250, 200)),
        ("the second field", (250, 260)),
        ("the last field", (250, 260)),
        ("check Remember me", (100, 320)),
        ("the check box", (100, 320)),
        ("go back", (20, 10)),
        ("magnifying glass", (900, 10)),
        ("the icon at the top right", (900, 10)),
        ("the button at the bottom left", (100, 400)),
        ("the icon right of Name", (480, 200)),
        ("show the password", (480, 260)),
        ("I can't remember my password", (100, 360)),
        ("log in", (100, 400)),
        pytest.param("do this later", (220, 400), marks=pytest.mark.xfail(strict=True, reason="was a listed synonym")),
        ("the button between Sign In and Save As", (220, 400)),
        ("Remernber me", (100, 320)),
        ("the button left of Save", (340, 400)),
    ],
)
def test_what_people_say_finds_what_they_mean(target: str, place: tuple[int, int]) -> None:
    found = rank(LOGIN, target)
    assert found, target
    box = found[0].element.box
    assert box.y1 == pytest.approx(place[1], abs=5), found[:3]
    assert box.x1 == pytest.approx(place[0], abs=30), found[:3]
    assert found[0].score >= SURE


@pytest.mark.parametrize(
    ("target", "row"),
    [
        ("second Delete", 100),
        ("the third Delete", 160),
        ("last Delete", 160),
        ("2nd Delete button", 100),
        ("Delete next to Bob", 100),
        ("the Delete button in the Carol row", 160),
        ("Delete right of Alice", 40),
        ("第二个“Delete”", 100),
    ],
)
def test_of_several_alike_the_one_said(target: str, row: int) -> None:
    chosen = best(CONTACTS, target)
    assert (chosen.text, chosen.box.y1) == ("Delete", row)


@pytest.mark.parametrize("target", ["the Frobnicate button", "Xyzzy", "“Print”", "the fourth Delete"])
def test_what_is_not_there_scores_too_low_to_act(target: str) -> None:
    assert all(candidate.score < SURE for candidate in rank(CONTACTS, target))


def test_words_of_a_relation_may_also_be_a_label() -> None:
    where = screen(
        at(10, 10, "menuitem", "Move to the right of Bob"), at(10, 60, "text", "Bob"), at(200, 60, "button", "Move")
    )
    assert best(where, "Move to the right of Bob").role == "menuitem"
    assert best(where, "Move right of Bob").role == "button"


def test_quotes_are_taken_to_the_letter() -> None:
    where = screen(at(10, 10, "button", "Register"), at(10, 60, "button", "Join"))
    assert best(where, "sign up").text in ("Register", "Join")
    assert not [c for c in rank(where, '"sign up"') if c.score >= SURE]


def test_a_part_of_a_line_is_where_its_words_stand() -> None:
    text = "Read our Privacy Policy and the Terms of Service"
    where = screen(Element(Box(0, 0, 480, 20), "text", text, glyphs=tuple(10 * i + 5 for i in range(len(text)))))
    (policy,), (terms,) = rank(where, "Privacy Policy"), rank(where, "the Terms of Service link")
    assert 90 < policy.point.x < 230
    assert 320 < terms.point.x < 480


def test_an_exact_match_beats_a_longer_one_and_a_long_target_an_accidental_word() -> None:
    where = screen(at(10, 10, "button", "Open"), at(10, 60, "button", "Open Recent"), at(10, 110, "text", "Recent"))
    assert best(where, "Open").text == "Open"
    assert best(where, "open recent").text == "Open Recent"


@given(st.text(max_size=80))
def test_no_description_makes_the_parser_fail(text: str) -> None:
    assert parse_target(text).raw == text


@given(st.text(max_size=40))
def test_no_description_makes_the_ranking_fail(text: str) -> None:
    scores = [candidate.score for candidate in rank(LOGIN, text)]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)


@given(
    st.text(st.characters(whitelist_categories=("Lu", "Ll", "Nd", "Lo")), min_size=1, max_size=20),
    st.sampled_from(["“{}”", '"{}"', "«{}»", "「{}」", "`{}`", "„{}“"]),
    st.sampled_from(["{}", "click {}", "tap the {} icon", "the {} button", "点击{}"]),
)
def test_what_is_quoted_is_kept_to_the_letter(words: str, quotes: str, frame: str) -> None:
    target = parse_target(frame.format(quotes.format(words)))
    assert target.quoted
    assert target.words == words


@given(st.text(max_size=30), st.text(max_size=30))
def test_likeness_and_meaning_stay_in_bounds(a: str, b: str) -> None:
    assert 0 <= text_similarity(a, b) <= 1
    assert 0 <= word_similarity(a, b) <= 1


@given(st.text("abcdefghijklmnopqrstuvwxyzäöüABCXYZ", min_size=1, max_size=30))
def test_a_text_is_most_like_itself(text: str) -> None:
    assert text_similarity(text, text) == 1.0
    assert text_similarity(text, text.swapcase()) >= 0.9
