"""Runs of models that answer as users have reported: each reads, does, tells and ends as it should.

Only the screen is a stand-in. What the server sends and is asked is real HTTP.
"""

from __future__ import annotations

from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from actions.action import AnyAction, Click, Finish, Key, Open, Scroll, TypeText, Wait
from actions.frame import Frame, Point
from agent.core.loop import Agent, Result
from agent.core.model import ParseError
from agent.core.policy import Allow
from agent.core.task import Ending, Limits, Task
from agent.episodes import EpisodeHeader, EpisodeWriter
from agent.episodes.replay.simulate import simulate
from agent.models.dialects.dialect import Platform
from agent.models.dialects.registry import DIALECTS
from agent.models.opening import open_model
from agent.views.report.data import step_data
from agent.views.terminal import TerminalView
from envs.env import Observation, Outcome
from tests.agent.fakes import FakeEnv, ListMemory
from tests.agent.scripted_server import ScriptedServer, computer


class Screen(FakeEnv):
    """A grey screen; `outcomes` say what comes of an action by its type."""

    def __init__(self, width: int, height: int, **outcomes: Outcome) -> None:
        super().__init__()
        self.size, self.outcomes = (width, height), outcomes

    def observe(self) -> Observation:
        seen, (width, height) = super().observe(), self.size
        frame = seen.frame.model_copy(update={"width": width, "height": height})
        return replace(seen, image=np.full((height, width, 3), 128, np.uint8), frame=frame)

    def perform(self, action: AnyAction, frame: Frame) -> Outcome:
        outcome = self.outcomes.get(action.type, Outcome(performed=True))
        return super().perform(action, frame) if outcome.performed and outcome.changed is None else outcome


def run(
    env: Screen, name: str, script: list[Any], platform: Platform = "desktop", **limits: Any
) -> tuple[Result, ScriptedServer]:
    with ScriptedServer(script, names=(name,)) as server:
        model = open_model(server.url, platform=platform)
        agent = Agent(env, model, Allow(), ListMemory())
        return agent.run(Task("do it", Limits(**limits))), server


def told(server: ScriptedServer, request: int) -> str:
    return "\n".join(server.seen[request].texts)


DESKTOP, PHONE = (1288, 812), (1080, 2400)
AUTOGLM, UI_TARS, QWEN = "autoglm-phone-9b", "ui-tars-1.5-7b", "qwen2.5-vl-7b"


def test_a_finish_that_a_sentence_mentions_ends_nothing() -> None:
    said = 'It is too early for finish(message="").\ndo(action="Launch", app="Clock")'
    result, _ = run(Screen(*PHONE), AUTOGLM, [said, 'finish(message="ready")'], "mobile")
    assert (result.ending, result.message) == (Ending.DONE, "ready")
    assert [step.action for step in result.steps] == [
        Open(target="Clock"), Finish(status="success", message="ready"),
    ]  # fmt: skip


def test_a_text_ends_before_the_next_call() -> None:
    said = 'do(action="Type", text="hi") do(action="Tap", element=[500,500])'
    result, server = run(Screen(*PHONE), AUTOGLM, [said, 'finish(message="")'], "mobile")
    assert [step.action.type for step in result.steps if step.action] == ["type", "click", "finish"]
    assert len(server.seen) == 2


@pytest.mark.parametrize("name", [AUTOGLM, QWEN, UI_TARS])
def test_a_refused_action_is_told_with_its_reason(name: str) -> None:
    why = "there is no such thing here; the nearest is Other"
    script = {
        AUTOGLM: 'do(action="Launch", app="X")',
        QWEN: computer("left_click", coordinate=[30, 40]),
        UI_TARS: "Action: click(point='<point>30 40</point>')",
    }[name]
    env = Screen(*DESKTOP, open=Outcome(performed=False, detail=why), click=Outcome(performed=False, detail=why))
    result, server = run(env, name, [script], "mobile" if name == AUTOGLM else "desktop", steps=2)
    assert result.ending == Ending.STEP_LIMIT
    assert f"not done: {why}" in told(server, 1)
    assert {step.effect for step in result.steps} == {f"not done: {why}"}


def test_a_click_and_a_text_in_one_answer_are_both_done() -> None:
    said = "Thought: two at once\nAction: click(point='<point>300 300</point>')\n\ntype(content='hello')"
    env = Screen(*DESKTOP)
    result, server = run(env, UI_TARS, [said, "Action: finished(content='')"])
    assert (result.ending, len(server.seen)) == (Ending.DONE, 2)
    assert [action.type for action in env.done] == ["click", "type"]
    assert [(step.part, step.tokens.prompt) for step in result.steps] == [(0, 1000), (1, 0), (0, 1000)]


def test_a_record_of_several_actions_is_checked_whole_and_shown_as_one_answer(tmp_path: Path) -> None:
    said = "Action: click(point='<point>300 300</point>')\n\ntype(content='hello')"
    result, _ = run(Screen(*DESKTOP), UI_TARS, [said, "Action: finished(content='')"])
    other = result.steps[1].model_copy(update={"action": TypeText(text="other")})
    for name, steps, wrong in (("right", result.steps, []), ("wrong", (result.steps[0], other, result.steps[2]), [2])):
        header = EpisodeHeader(task="t", model=UI_TARS, dialect="ui-tars-1.5", env="fake", platform="desktop")
        with EpisodeWriter.create(tmp_path / name, header) as writer:
            for step in steps:
                image = writer.add_frame(np.full((DESKTOP[1], DESKTOP[0], 3), 128, np.uint8))
                writer.append(step.model_copy(update={"image": image}))
            writer.finish(Ending.DONE)
        checked = simulate(tmp_path / name)
        assert ([found.step for found in checked.differences], checked.compared) == (wrong, 2)
    facts = [step_data(step)["facts"] for step in result.steps]
    assert {"name": "Answer", "value": "action 2 of the answer of step 1"} in facts[1]  # type: ignore[operator]
    out = Console(file=StringIO(), width=200)
    TerminalView(Task("t"), "here", out).stepped(result.steps[1])
    assert "action 2 of the answer of step 1" in out.file.getvalue()  # type: ignore[attr-defined]


def test_what_came_of_one_of_several_actions_names_it() -> None:
    said = "Action: click(point='<point>300 300</point>')\n\ntype(content='hello')"
    env = Screen(*DESKTOP, click=Outcome(performed=True, changed=False))
    _, server = run(env, UI_TARS, [said, "Action: finished(content='')"])
    assert "What came of the last action: click at" in told(server, 1)
    assert "): done; no change was seen" in told(server, 1)


def test_the_rest_of_an_answer_after_a_refusal_is_told_as_not_done() -> None:
    said = computer("left_click", coordinate=[30, 40]) + computer("type", text="hi")
    env = Screen(*DESKTOP, click=Outcome(performed=False, detail="it is covered"))
    _, server = run(env, QWEN, [said, computer("terminate", status="failure")])
    assert env.done == []
    assert "not done: it is covered; 1 more action of the answer was not done" in told(server, 1)


def test_the_same_click_for_ever_is_named_and_ends_stuck() -> None:
    env = Screen(*DESKTOP, click=Outcome(performed=True, changed=False))
    result, server = run(env, QWEN, [computer("left_click", coordinate=[300, 300])], repeats=4)
    assert (result.ending, len(result.steps)) == (Ending.STUCK, 4)
    assert "done; no change was seen" in told(server, 1)
    assert "3 times in a row" in told(server, 3)


def test_the_same_refused_action_for_ever_ends_stuck() -> None:
    env = Screen(*PHONE, open=Outcome(performed=False, detail="no such app"))
    result, server = run(env, AUTOGLM, ['do(action="Launch", app="X")'], "mobile", repeats=3)
    assert (result.ending, result.message) == (Ending.STUCK, "the same action was refused 3 times")
    assert "not done: no such app, 2 times in a row: do something else" in told(server, 2)


def test_keys_with_a_capital_in_a_list_hold_no_shift() -> None:
    env = Screen(*DESKTOP)
    run(env, QWEN, [computer("key", keys=["ctrl", "A"]), computer("terminate", status="success")])
    assert env.done == [Key(chords=("ctrl+a",))]


@pytest.mark.parametrize("said", ["ctrl + shift + t", "ctrl-shift-t", "ctrl, shift, t", "ctrl shift t"])
def test_separators_of_keys_are_no_keys(said: str) -> None:
    env = Screen(*DESKTOP)
    run(env, UI_TARS, [f"Action: hotkey(key='{said}')", "Action: finished(content='')"])
    assert env.done == [Key(chords=("ctrl+shift+t",))]


FRAME = Frame(id="0", width=1000, height=1000)
AT = Point(100, 200)


@pytest.mark.parametrize(
    ("family", "text", "action"),
    [
        ("aguvis", "pyautogui.hotkey('ctrl', 'c')", Key(chords=("ctrl+c",))),
        ("aguvis", "pyautogui.click(x=0.1, y=0.2, button='right')", Click(point=AT, button="right")),
        ("aguvis", "pyautogui.click(0.1, 0.2, clicks=2)", Click(point=AT, count=2)),
        ("aguvis", "pyautogui.press('enter', presses=3)", Key(chords=("enter",) * 3)),
        ("ui-tars-1.5", "Action: hotkey(key='down', times=3)", Key(chords=("down",) * 3)),
        ("qwen3-vl", computer("left_click", coordinate=[100, 200], keys=["ctrl"]), Click(point=AT, keys=("ctrl",))),
        ("qwen3-vl", computer("key", keys=["down"], times=5), Key(chords=("down",) * 5)),
        ("qwen3-vl", computer("type", text="new", clear=True), TypeText(text="new", clear=True)),
        ("qwen3-vl", computer("scroll", pixels=300, direction="down", coordinate=[100, 200]), None),
        ("qwen3-vl", computer("left_click", coordinate=[100, 200], button="right"), None),
        ("qwen3-vl", computer("left_click", **{"=coordinate": [100, 200]}), None),
        ("ui-tars-1.5", "Action: click(point='<point>10 10</point>', wiggle='yes')", None),
    ],
)
def test_an_argument_is_done_or_refused(family: str, text: str, action: AnyAction | None) -> None:
    if action is None:
        with pytest.raises(ParseError):
            DIALECTS[family].parse(text, FRAME)
        return
    found = DIALECTS[family].parse(text, FRAME).action
    if isinstance(action, Click):
        assert isinstance(found, Click)
        assert found.point == pytest.approx(action.point, abs=1)
        found = found.model_copy(update={"point": action.point})
    assert found == action


def test_the_wheel_of_pyautogui_turns_by_notches_and_not_by_tens() -> None:
    found = DIALECTS["aguvis"].parse("pyautogui.scroll(-5)", FRAME).action
    assert isinstance(found, Scroll)
    assert found.dy == 5


CTRL_A_DELETE = "KEY_DOWN(key='Lcontrol'), KEY_PRESS(key='A'), KEY_UP(key='Lcontrol'), KEY_PRESS(key='Delete')"
DONE_EARLY = "terminate(status='success')"


@pytest.mark.parametrize(
    ("family", "text", "actions"),
    [
        ("aguvis", "pyautogui.dragTo(0.1, 0.2, clicks=2)", None),
        ("aguvis", "pyautogui.dragTo(0.1, 0.2, keys=['shift'])", None),
        ("aguvis", "pyautogui.scroll(clicks=-3, page=1)", None),
        ("aguvis", "pyautogui.scroll(-3, 0.1, 0.2)", [Scroll(point=AT, dy=3)]),
        ("aguvis", "pyautogui.press('tab')\ntime.sleep(2)", [Key(chords=("tab",)), Wait(seconds=2)]),
        ("aguvis", "pyautogui.press('tab')\nfrob(5)\npyautogui.press('a')", None),
        ("aguvis", "pyautogui.press('tab')\nfrob(5)", None),
        ("aguvis", "for i in range(3):\n    pyautogui.press('tab')\n    pyautogui.press('a')", None),
        ("aguvis", "while not done: pyautogui.press('tab')", None),
        ("aguvis", f"When it is saved: {DONE_EARLY}", None),
        ("aguvis", f"# {DONE_EARLY}", None),
        ("scalecua", f"<action>\n# not {DONE_EARLY}\nimport os\npress('tab')\n</action>", [Key(chords=("tab",))]),
        ("scalecua", "<action>\nterminate(status='failure', info=404)\n</action>", None),
        ("ui-tars-1.5", "Action: finished(content=0)", None),
        ("ui-tars-1.5", "Action: click(point='<point>1 2</point><point>300 400</point>')", None),
        ("qwen3-vl", computer("left_click", coordinate=[100, 200], element=[300, 400]), None),
        ("qwen3-vl", computer("left_click", coordinate=[100, 200], element="Save"), [Click(point=AT)]),
        ("qwen3-vl", computer("key", keys=["⌘", "→"]), [Key(chords=("super+right",))]),
        ("qwen3-vl", computer("left_click", coordinate=[100, 200]).replace("}}", '}, "button": "right"}'), None),
        (
            "qwen3-vl",
            computer("left_click", coordinate=[100, 200]).replace("arguments", "parameters"),
            [Click(point=AT)],
        ),
        ("qwen3-vl", computer("left_click", coordinate=[0.2, 300]), None),
        ("ui-tars-1.5", "Action: type(content='a' + 'b')", None),
        ("general", '{"action": "click", "coordinate": {"x": 100, "y": 200}}', [Click(point=AT)]),
        ("autoglm-phone", 'do(action="Type", text="a", element=[1,2])', None),
        ("autoglm-phone", 'do(action="Type", text="a", clear=False)', [TypeText(text="a")]),
        ("autoglm-phone", 'do(action="Type", text="a"; do(action="Back")', None),
        ("ui-venus-1.5", "<action>Type(content='a', enter=False)</action>", [TypeText(text="a")]),
        ("cogagent", f"Grounded Operation: GESTURE(actions=[{CTRL_A_DELETE}])", [Key(chords=("ctrl+a", "delete"))]),
        ("cogagent", "Grounded Operation: GESTURE(actions=[KEY_PRESS(key='C', presses=3)])", None),
        ("cogagent", "Grounded Operation: GESTURE(actions=[KEY_DOWN(key='Lshift')])", None),
        ("os-atlas-pro", "actions:\nTYPE [hello] HOTKEY [CTRL_C]", None),
        ("os-atlas-pro", "actions:\nENTER\nFROB [x]\nTYPE [a]", None),
    ],
)
def test_other_inputs_of_these_kinds(family: str, text: str, actions: list[AnyAction] | None) -> None:
    dialect = DIALECTS[family]
    platform: Platform = "desktop" if "desktop" in dialect.decide else "mobile"
    if actions is None:
        with pytest.raises(ParseError):
            dialect.parse(text, FRAME, platform, pointer=AT)
        return
    found = dialect.parse(text, FRAME, platform, pointer=AT)
    for read, meant in zip((found.action, *found.rest), actions, strict=True):
        if isinstance(meant, Click | Scroll) and isinstance(read, Click | Scroll):
            assert read.point == pytest.approx(meant.point, abs=2)
            read = read.model_copy(update={"point": meant.point})
        assert read == meant
