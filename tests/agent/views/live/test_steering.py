"""A person at the page: what they see before it happens, and what comes of what they do, in the run and its record."""

from __future__ import annotations

import os
import select
import sys
import threading
import time
from pathlib import Path
from urllib.parse import unquote, urlsplit

import numpy as np
import pytest

from actions.action import AskUser, Click, Drag, Finish, Key, TypeText
from actions.frame import Frame, Point
from agent.core.loop import Result
from agent.core.task import Ending
from agent.guard.secrets import Secrets
from agent.models.dialects.qwen import QWEN25_VL
from envs.env import Observation
from tests.agent.fakes import FakeEnv
from tests.agent.views.live.person import Person, live
from tests.waiting import until

CLICK, OTHER = Click(point=Point(10, 10)), Click(point=Point(40, 20))
DONE = Finish(status="success")


def test_an_action_is_seen_drawn_and_done_only_when_approved() -> None:
    def person(somebody: Person) -> None:
        card = somebody.card("click at (10, 10)")
        assert card["action"]["point"] == [10, 10]
        assert {mark["shape"] for mark in card["marks"]} == {"disc"}
        assert (card["width"], card["height"]) == (100, 50)
        assert here.env.done == []
        somebody.must("approve", card=card["id"])
        state = somebody.see(lambda s: s["phase"] == "ended")
        assert state["header"]["ending"]["tone"] == "good"
        assert [step["title"] for step in state["steps"]] == ["Click at (10, 10)", "Finish: success"]
        assert somebody.do("stop") == (409, {"error": "the run has ended"})

    with live(CLICK, DONE) as here:
        result = here.run(person)
    assert (result.ending, here.env.done) == (Ending.DONE, [CLICK])
    verdict = result.steps[0].verdict
    assert (verdict.kind, verdict.policy, verdict.reason) == ("allow", "live view", "a person agreed")


def test_an_edited_action_is_done_and_the_models_own_is_kept() -> None:
    def person(somebody: Person) -> None:
        card = somebody.card("click")
        new = somebody.must("edit", card=card["id"], action={"type": "click", "point": [40, 20]})
        assert new != card["id"]
        shown = somebody.card("click at (40, 20)")
        assert shown["was"] == "click at (10, 10)"
        status, _ = somebody.do("approve", card=card["id"])
        assert status == 409, "an Approve of what was shown before approves nothing"
        somebody.must("approve", card=new)

    with live(CLICK, DONE) as here:
        result = here.run(person)
    step = result.steps[0]
    assert (here.env.done, step.action, step.decided, step.verdict.kind) == ([OTHER], OTHER, CLICK, "modify")
    assert "a person changed it" in step.verdict.reason


def test_an_edit_that_is_taken_back_is_no_edit() -> None:
    def person(somebody: Person) -> None:
        card = somebody.card("click")
        first = somebody.must("edit", card=card["id"], action=OTHER.model_dump(mode="json"))
        second = somebody.must("edit", card=first, action=CLICK.model_dump(mode="json"))
        assert somebody.card("click")["was"] is None
        somebody.must("approve", card=second)

    with live(CLICK, DONE) as here:
        result = here.run(person)
    assert (result.steps[0].verdict.kind, result.steps[0].decided) == ("allow", None)


@pytest.mark.parametrize(
    ("action", "says"),
    [
        ({"type": "click", "point": [100, 10]}, "outside"),
        ({"type": "click", "point": [10, -1]}, "outside"),
        ({"type": "type", "text": "rm -rf"}, "keeps the kind"),
        ({"type": "finish", "status": "success"}, "keeps the kind"),
    ],
)
def test_an_edit_must_fit(action: dict[str, object], says: str) -> None:
    def person(somebody: Person) -> None:
        card = somebody.card("click")
        status, said = somebody.do("edit", card=card["id"], action=action)
        assert status == 422
        assert says in said["error"]
        assert somebody.card("click")["id"] == card["id"], "nothing has changed"
        somebody.must("approve", card=card["id"])

    with live(CLICK, DONE) as here:
        assert here.run(person).ending is Ending.DONE
    assert here.env.done == [CLICK]


def test_a_card_can_be_answered_once_and_a_late_answer_is_refused() -> None:
    def person(somebody: Person) -> None:
        first = somebody.card("click at (10, 10)")
        somebody.must("approve", card=first["id"])
        second = somebody.card("click at (40, 20)")
        for do in ("approve", "skip"):
            assert somebody.do(do, card=first["id"])[0] == 409
        assert somebody.do("edit", card=first["id"], action=CLICK.model_dump(mode="json"))[0] == 409
        assert somebody.do("answer", card=second["id"], text="yes")[0] == 409, "it is no question"
        somebody.must("skip", card=second["id"])

    with live(CLICK, OTHER, DONE) as here:
        here.run(person)
    assert here.env.done == [CLICK]


def test_what_is_skipped_is_not_done_and_the_model_is_told_why() -> None:
    def person(somebody: Person) -> None:
        somebody.must("skip", card=somebody.card("click at (10, 10)")["id"], note="wrong button")
        somebody.must("approve", card=somebody.card("click at (40, 20)")["id"])

    with live(CLICK, OTHER, DONE) as here:
        result = here.run(person)
    assert (result.ending, here.env.done) == (Ending.DONE, [OTHER])
    step = result.steps[0]
    assert (step.verdict.kind, step.outcome.performed, step.error) == ("skip", False, None)
    told = QWEN25_VL.history_text(here.model.histories[1], "desktop")
    assert "(not done: a person skipped it: wrong button)" in told


def test_a_pause_holds_what_would_not_have_been_asked_about() -> None:
    thinking, go = threading.Event(), threading.Event()

    def slowly() -> Click:
        thinking.set()
        assert go.wait(15)
        return CLICK

    def person(somebody: Person) -> None:
        assert thinking.wait(15)
        assert somebody.see(lambda s: s["phase"] == "thinking")["card"] is None
        somebody.must("pause")
        go.set()
        card = somebody.card("click at (10, 10)")
        assert here.env.done == []
        somebody.must("approve", card=card["id"])  # this one only
        state = somebody.see(lambda s: s["phase"] == "paused" and s["count"] == 1)
        assert here.env.done == [CLICK]
        looks = here.env._count
        assert (state["paused"], state["card"]) == (True, None)
        assert somebody.do("resume", card=card["id"])[0] == 409, "that action is not shown any more"
        somebody.must("resume")
        somebody.see(lambda s: s["phase"] == "ended")
        assert here.env._count > looks

    with live(slowly, OTHER, DONE, mode="risky") as here:
        result = here.run(person)
    assert (result.ending, here.env.done) == (Ending.DONE, [CLICK, OTHER])


def test_resuming_does_the_action_that_is_shown() -> None:
    def person(somebody: Person) -> None:
        card = somebody.card("click at (10, 10)")
        assert somebody.do("resume")[0] == 409, "an action is shown that this resume does not know of"
        new = somebody.must("edit", card=card["id"], action=OTHER.model_dump(mode="json"))
        somebody.must("resume", card=new)

    def paused() -> Click:
        Person(here.url).must("pause")
        return CLICK

    with live(paused, DONE, mode="risky") as here:
        result = here.run(person)
    assert (here.env.done, result.steps[0].verdict.kind) == ([OTHER], "modify")


def test_taking_over_drops_the_action_and_handing_back_looks_again() -> None:
    def person(somebody: Person) -> None:
        card = somebody.card("click at (10, 10)")
        somebody.must("take_over")
        state = somebody.see(lambda s: s["phase"] == "taken_over")
        assert somebody.do("approve", card=card["id"])[0] == 409
        somebody.must("act", screen=state["screen"]["id"], action=TypeText(text="by hand").model_dump())
        somebody.see(lambda s: here.env.done or time.sleep(0.01))
        assert somebody.do("act", screen=state["screen"]["id"], action={"type": "open", "target": "xterm"})[0] == 422
        somebody.must("hand_back", note="I signed in")
        assert somebody.do("hand_back")[0] == 409

    with live(CLICK, DONE) as here:
        result = here.run(person)
    step = result.steps[0]
    assert here.env.done == [TypeText(text="by hand")]
    assert step.verdict.kind == "skip"
    assert step.verdict.reason == "a person took over the screen and handed it back: I signed in"
    assert result.steps[1].frame.id > step.frame.id


def test_what_was_decided_before_a_person_had_the_screen_is_not_done() -> None:
    def meanwhile() -> Click:
        somebody = Person(here.url)
        somebody.must("take_over")
        somebody.must("hand_back")
        return CLICK

    def person(somebody: Person) -> None:
        card = somebody.card("click at (40, 20)")
        somebody.must("take_over")
        somebody.do("hand_back")
        assert somebody.do("approve", card=card["id"])[0] == 409

    with live(meanwhile, OTHER, DONE) as here:
        result = here.run(person)
    assert [step.verdict.kind for step in result.steps] == ["skip", "skip", "allow"]
    assert (result.ending, here.env.done) == (Ending.DONE, [])


def test_a_question_is_answered_or_taken_over() -> None:
    def person(somebody: Person) -> None:
        card = somebody.card("Which colour?")
        assert card["kind"] == "question"
        assert somebody.do("approve", card=card["id"])[0] == 409
        somebody.must("answer", card=card["id"], text="blue")
        somebody.card("Please sign in")
        somebody.must("take_over")
        somebody.see(lambda s: s["phase"] == "taken_over")
        somebody.must("hand_back")

    with live(AskUser(question="Which colour?"), AskUser(question="Please sign in"), DONE) as here:
        result = here.run(person)
    details = [step.outcome.detail for step in result.steps[:2]]
    assert details == ["the person said: blue", "the person said: a person took over the screen and handed it back"]


def test_nobody_there_is_an_ending_and_nothing_is_done() -> None:
    for answer in (CLICK, AskUser(question="Who?")):
        with live(answer, DONE, wait=0.3) as here:
            result = here.run(lambda somebody: None)
        assert (result.ending, here.env.done) == (Ending.NEEDS_HUMAN, [])


def test_an_open_page_is_somebody() -> None:
    def person(somebody: Person) -> None:
        card, until = somebody.card("click"), time.monotonic() + 0.6
        while time.monotonic() < until:
            somebody.state(0)
            time.sleep(0.02)
        somebody.must("approve", card=card["id"])

    with live(CLICK, DONE, wait=0.3) as here:
        assert here.run(person).ending is Ending.DONE


def test_a_browser_is_given_the_address_where_other_users_cannot_read_it(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[Path] = []

    def browse(address: str) -> bool:
        given.append(Path(unquote(urlsplit(address).path)))
        assert given[0].stat().st_mode & 0o077 == 0
        assert "token=" in given[0].read_text()
        assert "token=" not in address, "arguments of a process can be read by everybody"
        return True

    monkeypatch.setattr("webbrowser.open", browse)
    with live(DONE, mode="never", opened=True) as here:
        here.run(lambda somebody: None)
        assert here.url in given[0].read_text()
    assert not given[0].exists()


def stopped(result: Result) -> None:
    assert (result.ending, result.message) == (Ending.STOPPED_BY_USER, "stopped on the live page")


def test_stop_while_it_waits() -> None:
    def person(somebody: Person) -> None:
        somebody.card("click")
        somebody.must("stop")

    with live(CLICK, DONE) as here:
        stopped(here.run(person))
    assert here.env.done == []


def test_stop_while_the_model_thinks() -> None:
    def forever() -> Click:
        threading.Event().wait(15)
        raise AssertionError("the model was not interrupted")

    def person(somebody: Person) -> None:
        somebody.see(lambda s: s["phase"] == "thinking")
        somebody.must("stop")

    with live(forever) as here:
        stopped(here.run(person))


def test_a_page_that_comes_back_is_told_everything() -> None:
    def person(somebody: Person) -> None:
        somebody.must("approve", card=somebody.card("click at (10, 10)")["id"])
        somebody.card("click at (40, 20)")
        again = Person(somebody.url).state()
        assert [step["title"] for step in again["steps"]] == ["Click at (10, 10)"]
        assert again["card"]["words"] == "click at (40, 20)"
        assert Person(somebody.url).state(steps=1)["steps"] == []
        somebody.must("approve", card=again["card"]["id"])

    with live(CLICK, OTHER, DONE) as here:
        assert here.run(person).ending is Ending.DONE


def test_dragged_ends_and_keys_are_edited_too() -> None:
    drag = Drag(path=(Point(5, 5), Point(20, 20), Point(50, 30)))

    def person(somebody: Person) -> None:
        card = somebody.card("drag")
        path = [[5, 5], [20, 20], [60, 40]]
        new = somebody.must("edit", card=card["id"], action={**card["action"], "path": path})
        somebody.must("approve", card=new)
        card = somebody.card("press")
        new = somebody.must("edit", card=card["id"], action={"type": "key", "chords": ["ctrl+a", "delete"]})
        somebody.must("approve", card=new)

    with live(drag, Key(chords=("ctrl+a",)), DONE) as here:
        here.run(person)
    assert here.env.done[0].path[-1] == Point(60, 40)
    assert here.env.done[1] == Key(chords=("ctrl+a", "delete"))


# --- the terminal ------------------------------------------------------------------------------------------------


@pytest.fixture
def keyboard(monkeypatch: pytest.MonkeyPatch) -> int:
    """The typing end of a terminal that is this process's stdin."""
    ours, theirs = os.openpty()
    with os.fdopen(theirs, "r") as stdin, os.fdopen(ours, "w"):
        monkeypatch.setattr("sys.stdin", stdin)
        yield ours  # type: ignore[misc]


def test_the_terminal_answers_as_well_and_only_for_what_it_shows(keyboard: int) -> None:
    def person(somebody: Person) -> None:
        somebody.card("click at (10, 10)")
        until(lambda: "click at (10, 10)" in here.terminal.getvalue())
        os.write(keyboard, b"why\n")
        until(lambda: here.terminal.getvalue().count("click at (10, 10)") == 2)  # asked again
        os.write(keyboard, b"y\n")
        card = somebody.card("click at (40, 20)")
        until(lambda: "click at (40, 20)" in here.terminal.getvalue())
        somebody.must("edit", card=card["id"], action=CLICK.model_dump(mode="json"))
        os.write(keyboard, b"y\n")  # for the click at (40, 20), which is not what is shown now
        time.sleep(0.4)
        shown = somebody.card("click at (10, 10)")
        assert here.env.done == [CLICK]
        somebody.must("skip", card=shown["id"])
        last = somebody.card("double-click")  # nor is it an answer to what is asked next
        time.sleep(0.4)
        somebody.must("skip", card=last["id"])

    with live(CLICK, OTHER, Click(point=Point(1, 1), count=2), DONE, wait=0.1) as here:
        result = here.run(person)
    assert result.steps[0].verdict.reason == "a person agreed on the terminal"
    assert here.env.done == [CLICK]
    assert "click at (10, 10)" in here.terminal.getvalue()
    assert "[y]es, [n]o and go on, [s]top, [e]dit" in here.terminal.getvalue()


def test_an_action_is_changed_skipped_and_stopped_on_the_terminal(keyboard: int) -> None:
    def person(somebody: Person) -> None:
        for words, typed in (("(10, 10)", b"e 500 9\ne 12 9\n"), ("(40, 20)", b"no\n"), ("(1, 1)", b"stop\n")):
            somebody.card(words)
            until(lambda words=words: words in here.terminal.getvalue())  # type: ignore[misc]
            for line in typed.splitlines(keepends=True):
                until(lambda: not select.select([sys.stdin], [], [], 0)[0])
                os.write(keyboard, line)

    with live(CLICK, OTHER, Click(point=Point(1, 1), count=2), DONE, wait=0.1) as here:
        result = here.run(person)
    assert here.env.done == [Click(point=Point(12, 9))]
    assert [step.verdict.kind for step in result.steps] == ["modify", "skip", "stop"]
    assert result.ending == "stopped_by_user"


# --- secrets -----------------------------------------------------------------------------------------------------

VALUE = "Zebra47Quartz"


class Field(FakeEnv):
    """A screen that shows what was typed: white where a character is."""

    supported = frozenset({"click", "type"})

    def observe(self) -> Observation:
        seen = super().observe()
        image = np.full((50, 100, 3), 128, np.uint8)
        typed = "".join(action.text for action in self.done if isinstance(action, TypeText))
        for at, letter in enumerate(typed):
            image[20:30, 5 + 6 * at : 9 + 6 * at] = ord(letter)
        return Observation(image, Frame(id=seen.frame.id, width=100, height=50), app=f"Signed in as {typed}")


def test_no_secret_leaves_the_server_in_any_byte() -> None:
    secrets, pictures = Secrets({"PIN": VALUE}), []

    def person(somebody: Person) -> None:
        card = somebody.card("type")
        assert card["action"]["text"] == "{{secret:PIN}}"
        assert somebody.do("edit", card=card["id"], action={"type": "type", "text": "{{secret:NO}}"})[0] == 422
        new = somebody.must("edit", card=card["id"], action={"type": "type", "text": VALUE})
        assert somebody.card("type")["action"]["text"] == "{{secret:PIN}}", "a value that is spelt out is taken back"
        somebody.must("approve", card=new)
        somebody.must("answer", card=somebody.card("What is it?")["id"], text=f"it is {VALUE}")
        somebody.card("What now?")
        pictures.extend(somebody.ask("GET", path) for path in ("/screen", "/steps/0", "/steps/1"))
        somebody.must("take_over")
        somebody.see(lambda s: s["phase"] == "taken_over")
        somebody.must("hand_back", note=f"I typed {VALUE}")
        somebody.see(lambda s: s["phase"] == "ended")
        assert VALUE.encode() not in somebody.bytes
        assert b"{{secret:PIN}}" in somebody.bytes

    answers = (TypeText(text=VALUE), AskUser(question=f"What is it? {VALUE}"), AskUser(question="What now?"), DONE)
    with live(*answers, env=Field(), secrets=secrets) as here:
        result = here.run(person)
    assert here.env.done == [TypeText(text=VALUE)], "the keyboard got it"
    assert VALUE not in "".join(step.model_dump_json() for step in here.agent.memory.memory.steps)  # type: ignore[attr-defined]
    assert VALUE not in "".join(step.model_dump_json() for step in here.model.histories[-1]), "nor did the model"
    assert result.ending is Ending.DONE
    shown = [decoded(picture.body) for picture in pictures]  # type: ignore[attr-defined]
    assert (shown[0][18:32, 5:80] == 0).all(), "the field is black on the screen"
    assert (shown[2][20:30, 6:78] < 40).all(), "and on the picture of a finished step"


def decoded(data: bytes) -> np.ndarray:  # type: ignore[type-arg]
    import cv2

    return np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR))
