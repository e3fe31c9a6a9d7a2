"""The learned choice: what it adds to the rules, and what it must not."""

from __future__ import annotations

import numpy as np
import pytest

from actions.frame import Box
from agent.perception.elements import Element, PerceivedScreen, Role
from agent.perception.meaning import choice, vocabulary
from agent.perception.meaning.description import parse_target
from agent.perception.meaning.locate import locate
from agent.perception.meaning.ranking import rank


def screen(*elements: tuple[Role, str]) -> PerceivedScreen:
    placed = (Element(Box(20, 20 + 60 * i, 220, 50 + 60 * i), role, text) for i, (role, text) in enumerate(elements))
    return PerceivedScreen(1000, 800, tuple(placed))


PLAYER = screen(
    ("button", "Lyrics"), ("button", "Add to playlist"), ("slider", ""), ("button", "Sleep timer"), ("text", "3:41")
)


def test_a_request_without_a_word_of_the_screen_is_understood() -> None:
    found = locate(PLAYER, "I want to sing along, where are the words of the song?")
    assert found.box == PLAYER.elements[0].box
    assert locate(PLAYER, "stop the music when I have fallen asleep").box == PLAYER.elements[3].box


@pytest.mark.parametrize(
    "asked", ["pay the electricity bill", "who wrote this e-mail?", "change the printer's paper size"]
)
def test_a_request_for_another_screen_is_refused(asked: str) -> None:
    found = locate(PLAYER, asked)
    assert found.refused
    assert found.point is None


@pytest.mark.parametrize(
    ("there", "asked"),
    [
        (("Red", "Green", "Yellow"), "Blue"),
        (("Monday", "Tuesday"), "choose Friday"),
        (("Rotate left", "Export"), "rotate right"),
        (("First name", "Street"), "the Last name field"),
        (("Zoom in", "Print"), "click Zoom out"),
    ],
)
def test_another_value_of_the_same_list_is_not_what_was_asked_for(there: tuple[str, ...], asked: str) -> None:
    found = locate(screen(*(("button", text) for text in there)), asked)
    assert found.refused, found.reason


def test_the_words_beside_a_control_do_not_compete_with_it() -> None:
    words = Element(Box(20, 20, 220, 50), "text", "Automatic updates")
    switch = Element(Box(300, 20, 340, 50), "switch", label="Automatic updates")
    where, asked = PerceivedScreen(1000, 800, (words, switch)), "install new versions without asking me"
    elements, _ = choice.choices(where, parse_target(asked), [])
    assert [s.element for s in elements] == [switch]
    assert rank(where, asked)[0].element == switch


def test_scores_are_shares_of_one_certainty() -> None:
    found = rank(PLAYER, "make it fade away at bedtime")
    assert 0 < sum(c.score for c in found) <= 1.001
    features = np.zeros((0, len(choice.FEATURES)), np.float32)
    assert choice.probabilities(features).shape == (0,)


def test_what_is_listed_by_hand_is_grammar() -> None:
    """Phrases of several words are names for kinds of controls: what words mean is learned."""
    tables = (vocabulary.GENERIC_TEXT, vocabulary.COLOURS, vocabulary.DEEDS, vocabulary.BRANDS, vocabulary.KINDS)
    assert not [phrase for table in tables for phrase in table if " " in phrase]
    assert not [phrase for phrase in vocabulary.ROLE_WORDS if len(phrase.split()) > 2]
