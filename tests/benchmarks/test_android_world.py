"""Our agent for AndroidWorld: its words and its steps.

All against a stand-in with AndroidWorld's signatures (``android_world_stand_in``, not AndroidWorld); the real one is in
``test_android_world_real.py``.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.action import (
    Answer,
    AskUser,
    Button,
    Click,
    Drag,
    Finish,
    Key,
    LongPress,
    Move,
    Open,
    Scroll,
    TypeText,
    Wait,
)  # fmt: skip
from actions.frame import Frame, Point
from agent.core.errors import UserError
from agent.core.model import ModelError, ParseError
from agent.episodes import read_episode
from benchmarks.android_world.actions import AndroidWorldAction, ScrollableElement, say
from benchmarks.android_world.agent import AgentOptions, handeye_agent
from benchmarks.android_world.package import FOLDER, android_world
from benchmarks.android_world.screen import upright
from benchmarks.android_world.suite import summary
from benchmarks.harness import InexpressibleError
from envs.env import EnvError
from tests.agent.fakes import ScriptedModel

STAND_IN = Path(__file__).parent / "android_world_stand_in"
FRAME = Frame(id="0", width=100, height=200)
DONE = Finish(status="success")


def said(action: Any, **options: Any) -> dict[str, Any]:
    return dict(say(action, FRAME, **options).fields)


class TestWords:
    @pytest.mark.parametrize(
        ("action", "fields"),
        [
            (Click(point=Point(10.4, 20)), {"action_type": "click", "x": 10, "y": 20}),
            (Click(point=Point(10, 20), count=2), {"action_type": "double_tap", "x": 10, "y": 20}),
            (LongPress(point=Point(1, 2)), {"action_type": "long_press", "x": 1, "y": 2}),
            (TypeText(text="Hi there!"), {"action_type": "input_text", "text": "Hi there!"}),
            (TypeText(text="a\nb\n"), {"action_type": "input_text", "text": "a\nb"}),
            (TypeText(text="\n"), {"action_type": "keyboard_enter"}),
            (Key(chords=("enter",)), {"action_type": "keyboard_enter"}),
            (Button(name="enter"), {"action_type": "keyboard_enter"}),
            (Button(name="back"), {"action_type": "navigate_back"}),
            (Button(name="home"), {"action_type": "navigate_home"}),
            (Open(target="Simple SMS Messenger"), {"action_type": "open_app", "app_name": "Simple SMS Messenger"}),
            (Wait(seconds=1), {"action_type": "wait"}),
            (Scroll(dy=3), {"action_type": "scroll", "direction": "down"}),
            (Scroll(dx=-3, point=Point(5, 5)), {"action_type": "scroll", "direction": "left"}),
            (Drag(path=(Point(50, 150), Point(52, 20))), {"action_type": "scroll", "direction": "down"}),
            (Drag(path=(Point(20, 100), Point(90, 100))), {"action_type": "scroll", "direction": "left"}),
            (Drag(path=(Point(50, 0), Point(50, 150))), {"action_type": "swipe", "direction": "down"}),
            (Drag(path=(Point(50, 199), Point(50, 20))), {"action_type": "swipe", "direction": "up"}),
            (Drag(path=(Point(99, 100), Point(20, 100))), {"action_type": "swipe", "direction": "right"}),
        ],
    )  # fmt: skip
    def test_what_it_has_words_for(self, action: Any, fields: dict[str, Any]) -> None:
        assert said(action) == fields

    @pytest.mark.parametrize(
        "action",
        [
            Click(point=Point(1, 1), count=3), Click(point=Point(1, 1), button="right"), Move(point=Point(1, 1)),
            Click(point=Point(1, 1), keys=("ctrl",)), Key(chords=("ctrl+a",)), Button(name="recents"),
            Open(target="https://example.com"), Scroll(dx=1, dy=1), Scroll(), TypeText(text=""),
            TypeText(text="café"), TypeText(text="日本"), TypeText(text="a\tb"), TypeText(text="100%s"),
            TypeText(text="~/x"), TypeText(text="all *"), TypeText(text="{1,2}"), TypeText(text="[a-z]?ta"),
            Drag(path=(Point(10, 50), Point(60, 100))), Drag(path=(Point(50, 50), Point(90, 50), Point(50, 90))),
        ],
    )  # fmt: skip
    def test_what_it_has_not_is_said(self, action: Any) -> None:
        with pytest.raises(InexpressibleError, match=r"AndroidWorld|no text"):
            say(action, FRAME)

    @pytest.mark.parametrize(
        "text", ["How are you?", "C:\\x", "a && b | c; $(d) `e` 'f' \"g\"", "#1 (50%)", "x*y", "{a}"]
    )
    def test_harmless_signs_are_typed(self, text: str) -> None:
        assert said(TypeText(text=text))["text"] == text

    def test_what_it_does_differently_is_remarked(self) -> None:
        assert "Enter" in say(TypeText(text="x"), FRAME).remark
        assert not say(TypeText(text="x\n"), FRAME).remark
        assert "1 s, not 3 s" in say(LongPress(point=Point(1, 1), seconds=3), FRAME).remark
        assert say(Wait(seconds=2.5), FRAME).times == 3

    def test_a_scroll_takes_the_smallest_list_around(self) -> None:
        lists = [
            ScrollableElement(1, (0, 0, 100, 200)),
            ScrollableElement(4, (0, 50, 100, 90)),
            ScrollableElement(0, (0, 50, 100, 60)),
        ]
        assert said(Scroll(point=Point(5, 55), dy=1), scrollable=lists)["index"] == 4
        assert said(Scroll(point=Point(5, 5), dy=1), scrollable=lists)["index"] == 1
        assert "index" not in said(Scroll(dy=1), scrollable=lists)

    def test_drags_as_asked_by_adb(self) -> None:
        drag = Drag(path=(Point(10, 50), Point(60, 100)), seconds=0.5)
        assert say(drag, FRAME, gestures="adb") == AndroidWorldAction(swipe=(10, 50, 60, 100, 500))

    def test_points_are_in_input_units(self) -> None:
        frame = Frame(id="0", width=1080, height=2400, scale=3.0)
        assert say(Click(point=Point(300, 600)), frame).fields == {"action_type": "click", "x": 100, "y": 200}

    @given(st.text(alphabet=st.characters(min_codepoint=1, max_codepoint=0x2FF), max_size=12))
    def test_a_text_is_typed_to_the_letter_or_refused(self, text: str) -> None:
        try:
            fields = said(TypeText(text=text))
        except InexpressibleError:
            return
        plain = text.replace("\r\n", "\n").replace("\r", "\n")
        assert plain in ("\n", fields.get("text"), f"{fields.get('text')}\n")
        assert fields.get("text", "").isascii()


@given(st.integers(0, 3), st.integers(0, 99), st.integers(0, 199))
def test_pictures_are_turned_upright(quarter: int, x: int, y: int) -> None:
    """Against the formula of AndroidWorld's ``m3a_utils._logical_to_physical``, in whole pixels."""
    held = np.zeros((200, 100, 3), np.uint8)
    logical = (200, 100) if quarter % 2 else (100, 200)
    x, y = x % logical[0], y % logical[1]
    column, row = {0: (x, y), 1: (99 - y, x), 2: (99 - x, 199 - y), 3: (y, 199 - x)}[quarter]
    held[row, column] = 255
    assert upright(held, quarter, logical)[y, x].all()


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The stand-in, and no trace of it afterwards."""
    forget()
    monkeypatch.setenv(FOLDER, str(STAND_IN))
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield android_world()
    forget()


def forget() -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "android_world"]:
        del sys.modules[name]


def stand_in_env(world: Any) -> Any:
    return world["env.interface"].AsyncAndroidEnv([])


def episode(agent: Any, goal: str = "Do it.", steps: int = 10) -> list[Any]:
    """As AndroidWorld's ``run_episode`` calls an agent."""
    agent.reset(True)
    agent.set_max_steps(steps)
    results = []
    for _ in range(steps):
        results.append(agent.step(goal))
        if results[-1].done:
            break
    return results


class TestAgent:
    def test_steps_until_done(self, world: Any, tmp_path: Path) -> None:
        env = stand_in_env(world)
        model = ScriptedModel([Click(point=Point(5, 6)), Answer(text="42"), DONE])
        agent = handeye_agent(env, model, AgentOptions(tmp_path), world=world)
        assert isinstance(agent, world["agents.base_agent"].EnvironmentInteractingAgent)
        results = episode(agent)
        assert [result.done for result in results] == [False, False, True]
        action = world["env.json_action"].JSONAction
        assert env.done == [
            ("reset", True), action(action_type="click", x=5, y=6), action(action_type="answer", text="42"),
            action(action_type="status", goal_status="complete"),
        ]  # fmt: skip
        assert env.interaction_cache == "42"
        assert results[0].data["action_output_json"] == {"action_type": "click", "x": 5, "y": 6}
        assert len({tuple(result.data) for result in results}) == 1
        stored = read_episode(next(tmp_path.iterdir()))
        assert (stored.header.task, str(stored.ending), len(stored.steps)) == ("Do it.", "done", 3)
        assert json.dumps([result.data for result in results])

    def test_giving_up_is_infeasible(self, world: Any) -> None:
        env = stand_in_env(world)
        [result] = episode(handeye_agent(env, ScriptedModel([Finish(status="failure", message="no")]), world=world))
        assert result.done
        assert env.done[-1].goal_status == "infeasible"

    def test_what_has_no_words_is_recorded_and_the_model_told(self, world: Any) -> None:
        env, model = stand_in_env(world), ScriptedModel([TypeText(text="日本"), Open(target="Nowhere"), DONE])
        results = episode(handeye_agent(env, model, world=world))
        assert "only ASCII" in results[0].data["outcome"]["detail"]
        assert not results[0].data["outcome"]["performed"]
        assert "knows no app called 'Nowhere'" in results[1].data["outcome"]["detail"]
        assert [one.action_type for one in env.done[1:]] == ["status"]
        assert "only ASCII" in model.histories[-1][0].outcome.detail

    def test_the_budget_is_androidworlds(self, world: Any, tmp_path: Path) -> None:
        agent = handeye_agent(
            stand_in_env(world), ScriptedModel([Wait()] * 3), AgentOptions(tmp_path), world=world, transition_pause=0.0
        )
        results = episode(agent, steps=3)
        assert [result.done for result in results] == [False] * 3
        assert results[-1].data["ending"] == "step_limit"
        assert str(read_episode(next(tmp_path.iterdir())).ending) == "step_limit"

    def test_an_unusable_answer_is_a_step_and_three_are_the_end_without_a_claim(self, world: Any) -> None:
        bad = ParseError("not an action", "gibberish")
        model = ScriptedModel([bad, Wait(), bad, bad, bad, DONE])
        results = episode(handeye_agent(stand_in_env(world), model, world=world), steps=7)
        assert [result.done for result in results] == [False] * 7
        assert results[4].data["ending"] == "parse_error"
        assert results[6].data["action"] is None
        assert len(model.histories) == 5

    def test_a_question_without_an_answer_ends_it(self, world: Any) -> None:
        results = episode(
            handeye_agent(stand_in_env(world), ScriptedModel([AskUser(question="PIN?")]), world=world), steps=2
        )
        assert [(result.done, result.data["ending"]) for result in results] == [(False, "needs_human")] * 2

    def test_what_is_not_the_agents_fault_is_an_exception(self, world: Any) -> None:
        with pytest.raises(ModelError, match="no server"):
            episode(handeye_agent(stand_in_env(world), ScriptedModel([ModelError("no server")]), world=world))
        env = stand_in_env(world)
        env.fault = RuntimeError("gRPC is gone")
        with pytest.raises(EnvError, match="gRPC is gone"):
            episode(handeye_agent(env, ScriptedModel([]), world=world))

    def test_a_phone_turned_meanwhile_is_looked_at_again(self, world: Any) -> None:
        env = stand_in_env(world)

        def turn() -> Click:
            env.turned = 1
            return Click(point=Point(5, 6))

        results = episode(handeye_agent(env, ScriptedModel([turn, Click(point=Point(150, 6)), DONE]), world=world))
        assert "turned to 90 degrees" in results[0].data["error"]
        assert env.done[1].x == 150

    def test_several_goals_each_have_a_record(self, world: Any, tmp_path: Path) -> None:
        agent = handeye_agent(
            stand_in_env(world), ScriptedModel([DONE, Wait(), DONE]), AgentOptions(tmp_path), world=world
        )
        episode(agent, "First.")
        agent.reset()
        agent.step("Second.")
        episode(agent, "Third.")
        names = sorted(path.name for path in tmp_path.iterdir())
        assert names == ["0001-first", "0002-second", "0003-third"]
        assert [str(read_episode(tmp_path / name).ending) for name in names] == ["done", "None", "done"]

    def test_drags_by_adb(self, world: Any) -> None:
        env = stand_in_env(world)
        model = ScriptedModel([Drag(path=(Point(10, 50), Point(60, 100))), DONE])
        episode(handeye_agent(env, model, AgentOptions(gestures="adb"), world=world))
        assert env.controller[-1] == ["shell", "input", "swipe", "10", "50", "60", "100", "300"]


def test_figures() -> None:
    def one(task: str, success: float, error: str | None = None) -> dict[str, Any]:
        return {"task_template": task, "instance_id": 0, "is_successful": success, "episode_length": 4,
                "exception_info": error}  # fmt: skip

    found = summary([one("A", 1), one("A", 0), one("B", 1), one("C", float("nan"), "Traceback\nOSError: gone\n")])
    assert (found["episodes"], found["success"], found["steps"]) == (3, 2 / 3, 4)
    assert found["errors"] == [{"task": "C", "instance": 0, "error": "OSError: gone"}]
    assert summary([])["success"] is None


class TestCommand:
    def test_without_the_package_it_says_how_to_get_it(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setenv(FOLDER, str(tmp_path))
        with pytest.raises(UserError, match=r"holds no folder android_world.*git clone"):
            android_world()
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.android_world", "--json"], capture_output=True, text=True, check=False
        )
        assert done.returncode == 2
        assert "git clone" in json.loads(done.stdout)["error"]

    def test_importing_it_needs_no_package(self) -> None:
        code = (
            "import sys, benchmarks.android_world.cli, benchmarks.android_world.agent; sys.exit('absl' in sys.modules)"
        )
        assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
