"""What is asked, what is let through."""

from __future__ import annotations

import numpy as np
import pytest

from actions.action import AnyAction, Click, Finish, Key, Move, Open, Scroll, TypeText, Wait
from actions.frame import Frame, Point
from agent.core.model import Decision
from agent.core.policy import Allow
from agent.guard.confirm import Confirm, PersonReply
from envs.env import Observation

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
    ("action", "thought", "app"),
    [
        (Key(chords=("alt+f4",)), "", None),
        (Key(chords=("ctrl+s", "delete")), "", None),
        (Key(chords=("enter",)), "", "xterm"),
        (TypeText(text="ls\n"), "", "gnome-terminal"),
        (TypeText(text="sudo reboot"), "", None),
        (CLICK, "Click the Delete button", None),
        (CLICK, "Press PAY to finish the order", None),
        (Open(target="galculator"), "", None),
    ],
)
def test_risky_actions_are_asked_about(action: AnyAction, thought: str, app: str | None) -> None:
    person = Person("yes")
    verdict = Confirm("risky", person).review(decided(action, thought), seen(app))
    assert (verdict.kind, verdict.action) == ("allow", action)
    assert len(person.asked) == 1


@pytest.mark.parametrize(
    ("action", "thought", "app"),
    [
        (CLICK, "Click the File menu", None),
        (Key(chords=("ctrl+s", "enter")), "", "mousepad"),
        (TypeText(text="Dear sir"), "type the greeting", "mousepad"),
        (Scroll(dy=3), "scroll down to Delete", None),
        (Move(point=Point(1, 1)), "hover over Delete", None),
    ],
)
def test_harmless_actions_are_not(action: AnyAction, thought: str, app: str | None) -> None:
    person = Person("no")
    assert Confirm("risky", person).review(decided(action, thought), seen(app)).kind == "allow"
    assert person.asked == []


@pytest.mark.parametrize(("reply", "kind"), [("yes", "allow"), ("no", "block"), ("stop", "stop"), (None, "ask")])
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
    Confirm("risky", person, lambda action: f"open: /usr/bin/{action.type}").review(decided(Open(target="x")), seen())
    assert person.asked[0].startswith("open: /usr/bin/open")
