"""Our models as OSWorld's agents: the contract, both languages, and text that never becomes code.

`TestReal` drives the agent by OSWorld's own ``lib_run_single.py`` (set HANDEYE_OSWORLD to a checkout) on a stand-in
for its virtual machine.
"""

from __future__ import annotations

import ast
import importlib
import json
import os
import re
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from actions.action import (
    Answer,
    AnyAction,
    Button,
    Click,
    Drag,
    Finish,
    HoldKeys,
    Key,
    LongPress,
    Open,
    Scroll,
    TypeText,
    Wait,
)
from actions.frame import Frame, GeometryError, Point
from agent.core.errors import UserError
from agent.core.model import ModelError, ParseError
from agent.core.task import Ending
from agent.episodes import read_episode
from benchmarks.harness import HarnessOptions, InexpressibleError, literal
from benchmarks.osworld.actions import computer_13, pyautogui_code
from envs.env import EnvError
from handeye.osworld import OSWorldAgent
from tests.agent.fakes import ScriptedModel
from tests.benchmarks.lamp_suite import LampScreen, place, right_actions
from tests.benchmarks.osworld_stand_in import StandInDesktopEnv, calls

FRAME = Frame(id="0", width=1920, height=1080)
REAL = os.environ.get("HANDEYE_OSWORLD")
ATTACK = """pyautogui.typewrite("<');import os;os.system('id')#")\n'+__import__('os').system('id')+'\\"""


def played(agent: OSWorldAgent, env: StandInDesktopEnv, steps: int = 6) -> float:
    """OSWorld's order of calls: predict, then a step for each of its actions."""
    agent.reset()
    seen, done = env.reset({"instruction": "Put the lamp out"}), False
    for _ in range(steps):
        response, actions = agent.predict("Put the lamp out", seen)
        assert isinstance(response, str)
        for action in actions:
            seen, _, done, _ = env.step(action, 0)
        if done:
            break
    return env.evaluate()


@pytest.mark.parametrize("space", ["pyautogui", "computer_13"])
def test_a_run_by_the_contract(space: Any, tmp_path: Path) -> None:
    env = StandInDesktopEnv(LampScreen(place(1)), space)
    miss = Click(point=Point(1, 1))
    model = ScriptedModel([miss, ParseError("no action", "hm"), Answer(text="lit"), *right_actions(1)])
    agent = OSWorldAgent(model, space, HarnessOptions(out=tmp_path))
    assert played(agent, env) == 1.0
    assert env.action_history[-1] == ("DONE" if space == "pyautogui" else {"action_type": "DONE"})
    assert len(env.action_history) == 3
    assert [step.effect for step in model.histories[-1]] == [
        "done; no change was seen", "unusable answer: no action", "", ""
    ]  # fmt: skip
    (folder,) = tmp_path.iterdir()
    episode = read_episode(folder)
    assert (episode.header.env, episode.ending) == ("OSWorld", Ending.DONE)


def test_only_the_models_own_word_is_fail() -> None:
    for answers, word in [
        ([Finish(status="failure", message="no lamp")], "FAIL"),
        ([ParseError("no action", "hm")] * 3, "DONE"),
    ]:
        env = StandInDesktopEnv(LampScreen(place(1)))
        played(OSWorldAgent(ScriptedModel(answers)), env)
        assert env.action_history == [word]


def test_a_server_or_a_screen_that_failed_is_an_exception() -> None:
    env = StandInDesktopEnv(LampScreen(place(1)))
    seen = env.reset()
    with pytest.raises(ModelError, match="no server"):
        OSWorldAgent(ScriptedModel([ModelError("no server")])).predict("x", seen)
    for screenshot in (None, b"no picture"):
        with pytest.raises(EnvError, match="screenshot"):
            OSWorldAgent(ScriptedModel([])).predict("x", {"screenshot": screenshot})
    with pytest.raises(UserError, match="choose pyautogui or computer_13"):
        OSWorldAgent(ScriptedModel([]), "code")  # type: ignore[arg-type]


def test_a_run_that_the_runner_ends_is_recorded_as_such(tmp_path: Path) -> None:
    env = StandInDesktopEnv(LampScreen(place(1)))
    agent = OSWorldAgent(ScriptedModel([Wait()] * 9), options=HarnessOptions(out=tmp_path))
    seen = env.reset()
    agent.predict("one", seen)
    agent.predict("two", seen)
    agent.reset(None, vm_ip="stand-in")
    episodes = [read_episode(folder) for folder in sorted(tmp_path.iterdir())]
    assert [(one.ending, one.message) for one in episodes] == [(Ending.STOPPED_BY_USER, "OSWorld ended the run")] * 2


def test_what_has_no_word_is_refused_and_the_model_told() -> None:
    model = ScriptedModel([Button(name="home"), TypeText(text="ü"), Open(target="gedit"), Wait()])
    agent = OSWorldAgent(model)
    _, actions = agent.predict("x", StandInDesktopEnv(LampScreen(place(1))).reset())
    assert actions == ["time.sleep(1.0)"]
    assert [step.effect for step in model.histories[-1]] == [
        "not done: OSWorld has no word for button",
        "not done: OSWorld's pyautogui types ASCII only, not 'ü'",
        "not done: OSWorld has no word for open",
    ]
    agent.reset()


@pytest.mark.parametrize(
    ("action", "code"),
    [
        (Click(point=Point(1919.4, 0)), "pyautogui.click(1919, 0, clicks=1, button='left')"),
        (Scroll(point=Point(5, 6), dy=3, dx=-1), "pyautogui.scroll(-3, 5, 6); pyautogui.hscroll(-1, 5, 6)"),
        (Key(chords=("ctrl+shift+s", "super")), "pyautogui.hotkey('ctrl', 'shift', 's'); pyautogui.press('win')"),
        (HoldKeys(keys=("ctrl",)), "pyautogui.keyDown('ctrl')"),
        (
            LongPress(point=Point(2, 3), seconds=2),
            "pyautogui.mouseDown(2, 3, button='left'); time.sleep(2.0); pyautogui.mouseUp(button='left')",
        ),
        (
            Drag(path=(Point(1, 2), Point(3, 4)), keys=("shift",)),
            "pyautogui.keyDown('shift'); pyautogui.mouseDown(1, 2, button='left'); "
            "pyautogui.moveTo(3, 4, duration=0.3); pyautogui.mouseUp(3, 4, button='left'); pyautogui.keyUp('shift')",
        ),
    ],
)
def test_code(action: AnyAction, code: str) -> None:
    assert pyautogui_code(action, FRAME) == [code]


def test_dictionaries() -> None:
    text = TypeText(text="a<b\n", clear=True)
    assert [(entry["action_type"], *entry["parameters"].values()) for entry in computer_13(text, FRAME)] == [
        ("HOTKEY", ["ctrl", "a"]), ("PRESS", "backspace"), ("TYPING", "a"), ("HOTKEY", ["shift", ","]), ("TYPING", "b"),
        ("PRESS", "enter"),
    ]  # fmt: skip
    with pytest.raises(InexpressibleError):
        computer_13(HoldKeys(keys=("ctrl",), seconds=1), FRAME)
    with pytest.raises(InexpressibleError):
        computer_13(Key(chords=("ctrl+'",)), FRAME)
    assert computer_13(Key(chords=("'",)), FRAME)[0]["parameters"] == {"text": "'"}
    with pytest.raises(GeometryError):
        pyautogui_code(Click(point=Point(1920, 5)), FRAME)


@given(some.text(some.characters(max_codepoint=126)) | some.just(ATTACK))
def test_no_text_becomes_code(text: str) -> None:
    try:
        (code,) = pyautogui_code(TypeText(text=text), FRAME)
    except InexpressibleError:
        return
    said = {"enter": "\n", "tab": "\t", ("shift", ","): "<"}
    back = "".join(
        values[0] if name == "pyautogui.write" else said[values[0] if len(values) == 1 else tuple(values)]
        for name, values, _ in calls(code)
    )
    assert back == text.replace("\r\n", "\n")
    assert not re.search(r"pyautogui\.(typewrite|press)\([\"'](?!enter|tab)", code)  # what OSWorld rewrites
    assert ast.literal_eval(literal(text)) == text


@pytest.fixture
def runner() -> Iterator[types.ModuleType]:
    if "wrapt_timeout_decorator" not in sys.modules:  # imported there and not used
        sys.modules["wrapt_timeout_decorator"] = types.ModuleType("wrapt_timeout_decorator")
    sys.path.insert(0, REAL or "")
    yield importlib.import_module("lib_run_single")
    sys.path.remove(REAL or "")


@pytest.mark.skipif(not REAL, reason="set HANDEYE_OSWORLD to a checkout of xlang-ai/OSWorld")
class TestReal:
    @pytest.mark.parametrize("space", ["pyautogui", "computer_13"])
    def test_its_runner_drives_the_agent(self, runner: types.ModuleType, space: Any, tmp_path: Path) -> None:
        env = StandInDesktopEnv(LampScreen(place(3)), space)
        agent = OSWorldAgent(ScriptedModel([Click(point=Point(1, 1)), *right_actions(3)]), space)
        example = {"id": "lamp", "instruction": "Put the lamp out"}
        scores: list[float] = []
        args = types.SimpleNamespace(sleep_after_execution=0.0)
        runner.run_single_example(agent, env, example, 15, example["instruction"], args, str(tmp_path), scores)
        assert scores == [1.0]
        assert (tmp_path / "result.txt").read_text() == "1.0\n"
        lines = [json.loads(line) for line in (tmp_path / "traj.jsonl").read_text().splitlines()]
        assert [line["action"] for line in lines] == env.action_history
        assert [line["done"] for line in lines] == [False, False, True]

    def test_its_controller_makes_the_same_calls_of_dictionaries(self) -> None:
        """OSWorld's own ``execute_action``, up to the request that it would send."""
        sys.path.insert(0, REAL or "")
        try:
            controllers = importlib.import_module("desktop_env.controllers.python")
        except ImportError as error:
            pytest.skip(f"OSWorld's controller needs {error.name}")
        finally:
            sys.path.remove(REAL or "")
        sent: list[str] = []
        controller = controllers.PythonController.__new__(controllers.PythonController)
        controller.execute_python_command = sent.append
        for action in (
            TypeText(text=ATTACK), Key(chords=("ctrl+s", "'", "\\", "plus")), Click(point=Point(7, 8), count=2),
            Scroll(point=Point(1, 2), dy=2), Drag(path=(Point(1, 2), Point(3, 4))), LongPress(point=Point(5, 6)),
        ):  # fmt: skip
            for entry in computer_13(action, FRAME):
                controller.execute_action(entry)
        assert sent
        for line in sent:
            assert list(calls(re.sub(r"pyautogui\.ease\w+", "0", line)))
