"""What is asked, what is let through."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from actions.action import (
    AnyAction,
    Button,
    Click,
    Drag,
    Finish,
    HoldKeys,
    HoldMouse,
    Key,
    Move,
    Open,
    ReleaseMouse,
    Scroll,
    TypeText,
    Wait,
)
from actions.frame import Box, Frame, Point
from agent.core.model import Decision
from agent.core.policy import Allow
from agent.guard.confirm import Confirm, EditedAnswer, PersonReply
from agent.guard.risk import risk
from agent.perception.elements import Element, PerceivedScreen
from envs.env import Observation, UiElement

CLICK = Click(point=Point(1, 1))


def seen(app: str | None = None) -> Observation:
    return Observation(np.full((4, 4, 3), 9, np.uint8), Frame(id="1", width=4, height=4), app=app)


def decided(action: AnyAction, thought: str = "") -> Decision:
    return Decision(action=action, thought=thought)


class Person:
    def __init__(self, reply: PersonReply | None) -> None:
        self.reply, self.asked = reply, list[str]()

    def __call__(self, question: str) -> PersonReply | None:
        self.asked.append(question)
        return self.reply


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        ("Subscribe to the newsletter", False),
        ("Newsletter abonnieren", False),
        ("订阅电子报", False),
        ("メルマガに登録する", False),
        ("Subscribe to our newsletter?", False),
        ("Subscribe", True),
        ("Abonnieren", True),
        ("订阅", True),
        ("Subscribe to Premium", True),
        ("Subscribe to the premium newsletter", True),
        ("Subscribe to the newsletter, €4", True),
        ("Subscribe to the newsletter and pay", True),
        ("Buy the newsletter", True),
        ("Unsubscribe from the newsletter", True),
    ],
)
def test_subscribing_pays_unless_it_is_to_mail(words: str, asked: bool) -> None:
    button = UiElement(Box(0, 0, 4, 4), "Button", words)
    assert (risk(decided(CLICK), replace(seen("chromium"), elements=(button,))) is not None) is asked


def test_what_is_held_makes_an_action_risky() -> None:
    def why(action: AnyAction, *held: str) -> str | None:
        trash = UiElement(Box(0, 0, 4, 4), "text", "Trash")
        return risk(decided(action), replace(seen("files"), held=held, elements=(trash,)))

    assert why(Key(chords=("f4",))) is None
    assert (
        why(Key(chords=("f4",)), "alt") == why(HoldKeys(keys=("f4",)), "alt") == "alt+f4 can close or delete something"
    )
    assert why(HoldMouse()) == "this presses a mouse button at a place that is not known"
    assert why(Move(point=Point(1, 1))) is None
    assert "drops something on" in (why(Move(point=Point(1, 1)), "left button") or "")
    assert "drops something on" in (why(ReleaseMouse(point=Point(1, 1)), "left button") or "")
    assert why(HoldMouse(point=Point(1, 1))) == why(CLICK)


@pytest.mark.parametrize(
    ("action", "app"),
    [
        (Key(chords=("alt+f4",)), None),
        (Key(chords=("ctrl+s", "delete")), None),
        (Key(chords=("enter",)), "xterm"),
        (Key(chords=("ctrl+j",)), "org.kde.konsole: ~"),
        (Key(chords=("ctrl+v",)), "kitty"),
        (Key(chords=("ctrl+alt+t",)), "mousepad"),
        (Click(point=Point(1, 1), button="middle"), "XTerm: ~"),
        (TypeText(text="ls\n"), "gnome-terminal"),
        (TypeText(text="ls\r"), "gnome-terminal"),
        (TypeText(text="a\x04"), None),
        (TypeText(text="sudo reboot"), None),
        (TypeText(text="echo key >> ~/.ssh/authorized_keys"), None),
        (TypeText(text="4111 1111 1111 1111"), None),
        (TypeText(text=" JavaScript:alert(1)"), "firefox"),
        (Button(name="power"), None),
        (Open(target="xterm"), None),
        (Open(target="file:///etc/passwd"), None),
        (Open(target="intent://x#Intent;end"), None),
        (Open(target="https://example.org/account/delete"), None),
        (Open(target="bash -c id"), None),
    ],
)
def test_risky_actions_are_asked_about(action: AnyAction, app: str | None) -> None:
    person = Person("yes")
    verdict = Confirm("risky", person).review(decided(action), seen(app))
    assert (verdict.kind, verdict.action) == ("allow", action)
    assert len(person.asked) == 1


@pytest.mark.parametrize(
    ("action", "thought", "app"),
    [
        (CLICK, "Click the Delete button", None),
        (CLICK, "Click the File menu", None),
        (Key(chords=("ctrl+s", "enter")), "", "mousepad"),
        (Key(chords=("enter",)), "", "mousepad: determine.txt"),
        (Key(chords=("ctrl+v",)), "", "mousepad"),
        (TypeText(text="Dear sir,\nwe delete and pay"), "type the greeting", "mousepad"),
        (TypeText(text="the file: a report"), "", None),
        (Scroll(dy=3), "scroll down to Delete", None),
        (Move(point=Point(1, 1)), "hover over Delete", None),
        (Open(target="galculator"), "", None),
        (Open(target="https://example.org/news?id=4"), "", None),
    ],
)
def test_harmless_actions_are_not(action: AnyAction, thought: str, app: str | None) -> None:
    person = Person("no")
    assert Confirm("risky", person).review(decided(action, thought), seen(app)).kind == "allow"
    assert person.asked == []


@pytest.mark.parametrize(
    ("text", "risky"),
    [
        ("Delete", True), ("Don't delete", False), ("Deleted items", False), ("Löschen", True),
        ("Nicht zulassen", False), ("删除", True), ("已删除", False), ("注文する", True), ("注文履歴", False),
        ("허용 안 함", False), ("Оплатить", True), ("Order history", False), ("Place order", True),
        ("Don't save", True), ("Settings", False), ("Uninsta11", False), ("Uninstali", True), ("حذف", True),
    ],
)  # fmt: skip
def test_the_words_of_a_control_are_read_in_many_languages(text: str, risky: bool) -> None:
    frame = Frame(id="1", width=4, height=4)
    told = Observation(np.full((4, 4, 3), 9, np.uint8), frame, elements=(UiElement(Box(0, 0, 3, 3), "Button", text),))
    assert (risk(decided(CLICK), told) is not None) == risky


def test_agreeing_to_a_warning_is_risky_and_to_a_notice_is_not() -> None:
    def answers(text: str) -> str | None:
        elements = UiElement(Box(0, 4, 12, 6), "TextView", text), UiElement(Box(0, 7, 12, 11), "Button", "OK")
        frame = Frame(id="1", width=12, height=12)
        image = np.full((12, 12, 3), 9, np.uint8)
        return risk(decided(Click(point=Point(6, 9))), Observation(image, frame, elements=elements))

    assert answers("This cannot be undone") == "it answers “This cannot be undone”"
    assert answers("Delete 3 files?")
    assert answers("Version 2.1") is None


def test_a_yes_of_up_to_three_words_answers_a_warning() -> None:
    def why(words: str) -> str | None:
        shown = (
            UiElement(Box(0, 4, 12, 6), "TextView", "This cannot be undone"),
            UiElement(Box(0, 7, 12, 11), "Button", words),
        )
        told = Observation(np.full((12, 12, 3), 9, np.uint8), Frame(id="1", width=12, height=12), elements=shown)
        return risk(decided(Click(point=Point(6, 9))), told)

    assert why("Got it, continue")
    assert why("Got it, continue later") is None


@pytest.mark.parametrize(
    ("inside", "asked"), [(("Your photos", "12", "Delete"), True), (("Your photos", "12", "of 30", "Delete"), False)]
)
def test_a_control_without_words_is_named_by_the_first_three_texts_in_it(inside: tuple[str, ...], asked: bool) -> None:
    texts = [UiElement(Box(2 * at, 1, 2 * at + 2, 3), "TextView", words) for at, words in enumerate(inside, 2)]
    told = UiElement(Box(0, 0, 30, 4), "Button", ""), *texts
    screen = Observation(np.full((30, 30, 3), 9, np.uint8), Frame(id="1", width=30, height=30), elements=told)
    assert (risk(decided(CLICK), screen) is not None) is asked


@pytest.mark.parametrize(
    ("x", "y", "asked"),
    [
        (120, 105, True),
        (75, 105, True),
        (74, 105, False),
        (120, 91, True),
        (120, 90, False),
        (120, 119, True),
        (120, 120, False),
        (165, 105, True),
        (389, 105, True),  # the row of a list
        (390, 105, False),
        (300, 95, True),
        (300, 94, False),
        (300, 115, True),
        (300, 116, False),
    ],
)
def test_a_text_is_pressed_in_its_padding_and_in_its_row_to_the_right(x: int, y: int, asked: bool) -> None:
    """The text is 10 high from (100, 100) to (140, 110): padding 25 beside, 9 above and below; the row 6 and 250."""
    screen = PerceivedScreen(400, 200, (Element(Box(100, 100, 140, 110), "text", "Delete"),))
    shown = Observation(np.full((200, 400, 3), 9, np.uint8), Frame(id="1", width=400, height=200))
    assert (risk(decided(Click(point=Point(x, y))), shown, lambda _: screen) is not None) is asked


@pytest.mark.parametrize("start", [Point(1, 1), Point(3, 3)])
def test_what_is_slid_to_do_something_is_risky_at_either_end(start: Point) -> None:
    slider = UiElement(Box(0, 0, 2, 2), "SeekBar", "Slide to pay")
    drag = Drag(path=(start, Point(4 - start.x, 4 - start.y)))
    assert risk(decided(drag), replace(seen(), elements=(slider,)))
    assert risk(decided(drag), replace(seen(), elements=(replace(slider, text="Slide to look"),))) is None


@pytest.mark.parametrize(
    "number", ["4111 1111 1111 1111", "5500-0055-5555-5559", "378282246310005", "6011000990139424", "3530111333300000"]
)
def test_the_number_of_a_card_is_one_by_its_check_digit(number: str) -> None:
    assert risk(decided(TypeText(text=f"pay with {number}")), seen())
    for digit in set("0123456789") - {number[-1]}:
        assert risk(decided(TypeText(text=f"my number is {number[:-1]}{digit}")), seen()) is None


@pytest.mark.parametrize(("reply", "kind"), [("yes", "allow"), ("no", "skip"), ("stop", "stop"), (None, "ask")])
def test_the_persons_word_counts(reply: PersonReply | None, kind: str) -> None:
    person = Person(reply)
    verdict = Confirm("always", person).review(decided(CLICK), seen())
    assert verdict.kind == kind
    assert "click at (1, 1)" in person.asked[0]


@pytest.mark.parametrize("action", [Finish(status="success"), Wait(seconds=1)])
def test_what_changes_nothing_is_never_asked(action: AnyAction) -> None:
    person = Person(None)
    assert Confirm("always", person).review(decided(action), seen()).kind == "allow"


def test_allow_allows() -> None:
    assert Allow().review(decided(Key(chords=("alt+f4",))), seen()).kind == "allow"


def test_the_question_says_what_the_device_would_start() -> None:
    person = Person("no")
    Confirm("risky", person, lambda action: f"open: /usr/bin/{action.type}").review(
        decided(Open(target="xterm")), seen()
    )
    assert person.asked[0].startswith("open: /usr/bin/open")


@pytest.mark.parametrize(
    ("action", "value", "becomes"),
    [
        (TypeText(text="rm -r x", clear=True), "rm x", TypeText(text="rm x", clear=True)),
        (Key(chords=("alt+f4",)), "ctrl+s escape", Key(chords=("ctrl+s", "escape"))),
        (Click(point=Point(1, 1), count=2), "3, 2", Click(point=Point(3, 2), count=2)),
        (Click(point=Point(1, 1)), '{"button": "right"}', Click(point=Point(1, 1), button="right")),
    ],
)
def test_the_person_changes_an_action(action: AnyAction, value: str, becomes: AnyAction) -> None:
    replies = iter([EditedAnswer("{}}"), EditedAnswer(value)])
    asked = list[str]()
    verdict = Confirm("always", lambda question: (asked.append(question), next(replies))[1]).review(
        decided(action), seen()
    )
    assert (verdict.kind, verdict.action) == ("modify", becomes)
    assert "cannot become" in asked[1]
