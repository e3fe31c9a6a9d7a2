"""What an action was meant for, in words: said where it is known, and never guessed."""

import numpy as np
import pytest

from actions.action import Click, Drag, LongPress, Scroll, TypeText
from actions.frame import Box, Frame, Point
from agent.core.model import Decision
from agent.core.step import ELEMENT_LIST, PointedAt, Step, Target
from agent.core.targets import box_at, in_words, known_targets, with_targets
from agent.episodes.text_file import TextRun
from agent.perception.naming import text_targets
from envs.env import Observation, UiElement

FRAME = Frame(id="0", width=400, height=300)
AT = Point(50, 60)
SAVE = UiElement(Box(40, 50, 90, 70), "button", "Save", clickable=True)
PANEL = UiElement(Box(0, 0, 400, 290), "panel", "Untitled 1")


def step(action, *, pointed=(), targets=()):
    return Step(index=0, time=0, frame=FRAME, image="x", action=action, pointed=pointed, targets=targets)


def told(action, *elements):
    decision = with_targets(
        Decision(action=action), Observation(np.zeros((300, 400, 3), np.uint8), FRAME, elements=elements)
    )
    return step(action, targets=decision.targets)


@pytest.mark.parametrize(
    ("action", "words"),
    [
        (Click(point=AT), "click “Save” (50, 60)"),
        (Click(point=AT, count=2, button="right", keys=("ctrl",)), "double-right-click “Save” holding ctrl (50, 60)"),
        (LongPress(point=AT, seconds=2), "press for 2 s on “Save” (50, 60)"),
        (Drag(path=(AT, Point(300, 200))), "drag from “Save” to (300, 200) (50, 60)"),
        (Scroll(point=AT, dy=3), "scroll 3 down at (50, 60)"),
        (Click(point=Point(300, 200)), "click at (300, 200)"),
        (TypeText(text="a"), "type “a”"),
    ],
)
def test_the_element_at_the_place_names_it_and_nothing_else_does(action, words):
    one = told(action, PANEL, SAVE)
    assert in_words(one) == words
    assert box_at(AT, known_targets(one)) == (SAVE.box if "Save" in words else None)


def test_a_row_without_words_is_named_by_those_inside_it():
    row = UiElement(Box(0, 50, 200, 90), "list item", "", clickable=True)
    name = UiElement(Box(120, 60, 160, 70), "text", "Bluetooth")
    assert in_words(told(Click(point=AT), row, name)) == "click “Bluetooth” (50, 60)"
    assert in_words(told(Click(point=AT), UiElement(row.box, "panel", ""), name)) == "click at (50, 60)"


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ('button "Save As…" (on)', "click “Save As…” (50, 60)"),
        ('field "Name" containing "a (b)"', "click “Name” (50, 60)"),
        ("switch (off)", "click the switch (50, 60)"),
    ],
)
def test_a_number_of_the_list_is_the_element(raw, words):
    listed = PointedAt(description="7", point=AT, grounder=ELEMENT_LIST, raw=raw)
    assert in_words(step(Click(point=AT), pointed=(listed,))) == words


@pytest.mark.parametrize("grounder", ["a grounder", "z grounder"])
def test_what_a_planner_described_is_meant_whatever_grounder_found_it(grounder):
    found = PointedAt(description="the Save entry", point=AT, grounder=grounder, raw="click(50, 60)")
    assert in_words(step(Click(point=AT), pointed=(found,))) == "click “the Save entry” (50, 60)"


def test_the_planners_words_come_first_and_only_for_the_place_that_was_found():
    pointed = (PointedAt(description="the Save entry", point=AT, grounder="g"),)
    targets = (Target(point=AT, words="Save", box=SAVE.box),)
    one = step(Click(point=AT), pointed=pointed, targets=targets)
    assert in_words(one) == "click “the Save entry” (50, 60)"
    assert box_at(AT, known_targets(one)) == SAVE.box
    moved = step(Click(point=Point(80, 90)), pointed=pointed, targets=targets)
    assert in_words(moved) == "click at (80, 90)", "a person chose another place"
    assert in_words(step(Scroll(point=AT, dy=1), pointed=pointed)) == "scroll 1 down over “the Save entry” (50, 60)"


def test_text_names_a_place_that_is_on_it_or_right_of_a_label():
    words = [TextRun("Name:", Box(10, 55, 48, 66)), TextRun("Cancel", Box(200, 55, 240, 66))]
    for at, said in (((220, 60), "click “Cancel” (220, 60)"), ((120, 60), "click right of “Name:” (120, 60)")):
        action = Click(point=Point(*at))
        assert in_words(step(action), text_targets(action, words)) == said
    for at in ((120, 140), (300, 60), (220, 90)):
        assert not text_targets(Click(point=Point(*at)), words[1:]), at


def test_a_lone_symbol_that_was_read_as_a_letter_names_nothing():
    action = Click(point=Point(60, 60))
    assert in_words(step(action), text_targets(action, [TextRun("冰", Box(50, 50, 70, 70))])) == "click at (60, 60)"
    assert in_words(step(action), text_targets(action, [TextRun("7", Box(50, 50, 70, 70))])) == "click “7” (60, 60)"


def test_words_are_one_short_line():
    target = Target(point=AT, words="a\x1b[2J\n" + "b" * 500)
    said = in_words(step(Click(point=AT), targets=(target,)))
    assert "\x1b" not in said
    assert len(said) < 90
