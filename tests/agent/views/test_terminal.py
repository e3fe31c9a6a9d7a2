"""What a person sees in the terminal."""

from __future__ import annotations

import io

import numpy as np
import pytest
from rich.console import Console

from actions.action import Click, TypeText
from actions.frame import Frame, Point
from agent.core.loop import Result
from agent.core.model import Decision
from agent.core.policy import Verdict
from agent.core.step import Step, Tokens
from agent.core.task import Ending, Limits, Task
from agent.guard.confirm import EditedAnswer, PersonReply
from agent.views.terminal import TerminalView, phase_times, transient_bar
from envs.env import Observation

FRAME = Frame(id="1", width=10, height=10)


def step(**fields: object) -> Step:
    return Step.model_validate({"index": 0, "time": 0, "frame": FRAME, "image": "frames/0000.png", **fields})


def shown(terminal: bool = False, **fields: object) -> str:
    out = io.StringIO()
    view = TerminalView(Task("Do it [bold]now[/]"), "sandbox :7", Console(file=out, force_terminal=terminal, width=200))
    with view:
        view.looked(0, Observation(np.full((10, 10, 3), 9, np.uint8), FRAME))
        view.stepped(step(**fields))
        view.ended(Result(Ending.GAVE_UP, "no such button", "42"))
    return out.getvalue()


def test_each_step_is_a_line_with_its_times() -> None:
    text = shown(action=Click(point=Point(3, 4)), thought="I click it", timings={"capture": 0.004, "model": 1.25})
    assert "Do it [bold]now[/]" in text
    assert "1 click at (3, 4)  I click it" in text
    assert "capture 4.0 ms · model 1.2 s" in text
    assert "✘ gave up: no such button" in text
    assert "answer: 42" in text


def test_an_unusable_answer_is_shown_as_one() -> None:
    assert "no action  unusable answer: two actions" in shown(error="unusable answer: two actions")


def test_nothing_that_a_model_says_steers_the_terminal() -> None:
    text = shown(action=TypeText(text="\x1b[2J\x07owned\r\n"), thought="\x1b]0;title\x07 [red]x[/] \u202e")
    assert not {"\x1b", "\x07", "\r", "\u202e"} & set(text)
    assert "[red]x[/]" in text


def test_the_budget_is_in_view() -> None:
    out = io.StringIO()
    task = Task("Do it", Limits(steps=9, seconds=60, tokens=5000))
    view = TerminalView(task, "sandbox :7", Console(file=out, force_terminal=True, width=120))
    with view:
        view.stepped(step(action=Click(point=Point(3, 4)), tokens=Tokens(prompt=1000, completion=20)))
        action = TypeText(text="hello")
        view.decided(1, Decision(action=action), Verdict("allow", action))
        view._live.refresh()
    for words in ("step 2", "type “hello”", "8 steps left", "60 s left", "3,980 tokens left"):
        assert words in out.getvalue()


@pytest.mark.parametrize("ask", ["ask_to_confirm", "ask_person"])
def test_without_a_terminal_nobody_is_asked(ask: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    assert getattr(TerminalView(Task("Do it"), "x", Console(file=io.StringIO())), ask)("sure?") is None


@pytest.mark.parametrize(
    ("typed", "reply"),
    [
        (["y"], "yes"), (["Yes"], "yes"), (["n"], "no"), (["q"], "stop"), (["stop"], "stop"),
        (["e hello there"], EditedAnswer("hello there")), (["", "yep", "yes please", "e", "nope", "no"], "no"),
    ],
)  # fmt: skip
def test_the_answer_of_a_person_is_asked_for_until_it_is_one(
    typed: list[str], reply: PersonReply, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda: typed.pop(0))
    out = io.StringIO()
    assert TerminalView(Task("Do it"), "x", Console(file=out)).ask_to_confirm("sure?") == reply
    assert typed == []
    assert "[y]es, [n]o and go on, [s]top, [e]dit" in " ".join(out.getvalue().split())


def test_phase_times_are_in_order_and_leave_out_nothings() -> None:
    assert phase_times({"settle": 0.1, "capture": 0.0123, "review": 0.0001}) == "capture 12 ms · settle 100 ms"


def test_a_bar_prints_nothing_without_a_terminal(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for forced, seen in (("", False), ("1", True)):
        monkeypatch.setenv("FORCE_COLOR", forced)
        with transient_bar() as bar:
            bar.update(bar.add_task("reading"), completed=1, total=2)
        assert bool(capfd.readouterr().err) == seen
