"""``handeye run`` on a phone: the built-in model and a scripted mobile_use model do a task, checked on the device."""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import handeye
from actions.action import Wait
from actions.adb.lines import command
from agent.builtin.model import BuiltinModel
from agent.core.loop import Agent, Result
from agent.core.model import Model
from agent.core.policy import Allow
from agent.core.task import Ending, Limits, Task
from agent.models.opening import open_model
from agent.models.spec import BUILTIN_STEPS, TEXT_PLANNER_NAME, ModelSpec
from envs.android import AndroidEnv, SimulatedPhoneEnv
from tests.agent.browser import INSTALLED
from tests.agent.fakes import ListMemory
from tests.agent.scripted_server import ScriptedServer, Seen, call

pytestmark = pytest.mark.skipif(not INSTALLED, reason="needs chromium")
TASK = "Open Settings, turn on Airplane mode, then go back to the home screen"


@pytest.fixture(scope="module")
def running() -> Iterator[SimulatedPhoneEnv]:
    with SimulatedPhoneEnv(capture="png") as env:
        yield env


@pytest.fixture
def env(running: SimulatedPhoneEnv) -> SimulatedPhoneEnv:
    running.phone.reset()
    running.reset()
    return running


def said(action: str, **arguments: object) -> str:
    return json.dumps({"thought": "", "action": action, **arguments})


def rows(prompt: str) -> Iterator[tuple[int, str]]:
    return ((int(number), row) for number, row in re.findall(r"^\*?\[(\d+)\] (.*)$", prompt, re.MULTILINE))


def setting(env: AndroidEnv, name: str) -> str:
    return env.link.run(command("settings", "get", "global", name)).out.strip()


def work(env: AndroidEnv, model: Model, task: str) -> Result:
    return Agent(env, model, Allow(), ListMemory()).run(Task(task, Limits(steps=20)))


def mobile(action: str, **arguments: object) -> str:
    return call("mobile_use", action=action, **arguments)


def tap(env: AndroidEnv, words: str) -> Callable[[Seen], str]:
    """A click on the element with these words, in the numbers of the picture that was sent."""

    def point(seen: Seen) -> str:
        assert seen.image is not None
        height, width = seen.image.shape[:2]
        frame = env.observe().frame
        box = [element.box for element in env.elements(frame) if element.text.startswith(words)][-1]
        return mobile(
            "click",
            coordinate=[round(box.center.x * width / frame.width), round(box.center.y * height / frame.height)],
        )

    return point


def test_the_built_in_model_turns_on_airplane_mode(env: SimulatedPhoneEnv) -> None:
    result = work(env, BuiltinModel(), TASK)
    assert result.ending is Ending.DONE, [step.thought for step in result.steps]
    assert setting(env, "airplane_mode_on") == "1"
    assert env.state().package == "com.handeye.launcher"


def test_the_built_in_model_says_so_when_the_phone_refuses(env: SimulatedPhoneEnv) -> None:
    result = work(env, BuiltinModel(), "open the Frobnicator app")
    assert result.ending is Ending.GAVE_UP
    assert "no app called 'Frobnicator'" in result.message


def test_a_mobile_use_model_does_the_same(env: SimulatedPhoneEnv) -> None:
    script = [
        mobile("open", text="Settings"),
        tap(env, "Network & internet"),
        tap(env, "Airplane mode"),
        mobile("system_button", button="Home"),
        mobile("terminate", status="success"),
    ]
    with ScriptedServer(script) as server:
        result = work(env, open_model(server.url, platform="mobile"), TASK)
    assert result.ending is Ending.DONE, result.message
    assert setting(env, "airplane_mode_on") == "1"
    assert env.state().package == "com.handeye.launcher"
    assert "mobile_use" in server.seen[0].texts[0]


def test_a_text_planner_hands_an_instruction_to_the_built_in_model(env: SimulatedPhoneEnv) -> None:
    """The list gives the planner its numbers; the built-in model finds the switch and checks it on the pictures."""

    def on(words: str) -> Callable[[Seen], str]:
        return lambda seen: said("tap", on=next(n for n, row in rows(seen.texts[-1]) if words in row))

    script = [
        said("open", app="Settings"),
        on("Network & internet"),
        said("do", instruction="turn on Airplane mode"),
        said("finish", status="success"),
    ]
    with ScriptedServer(script, names=("a-language-model",), owner="llamacpp") as server:
        model = open_model(ModelSpec(server.url, dialect=BUILTIN_STEPS), platform="mobile", ability="decide")
        result = work(env, model, "Turn on airplane mode")
    assert result.ending is Ending.DONE, result.message
    assert setting(env, "airplane_mode_on") == "1"
    late = [step for step in result.steps if isinstance(step.action, Wait) and step.action.seconds]  # the switch moves
    handed = [(step.action.type, step.delegated is not None) for step in result.steps if step not in late]
    assert handed == [("open", False), ("click", False), ("click", True), ("wait", True), ("finish", False)]
    assert all(step.delegated is not None for step in late)
    assert 'do "turn on Airplane mode" -> done: ' in server.seen[-1].texts[-1]


def test_done_is_checked_by_another_model_before_it_counts(env: SimulatedPhoneEnv, tmp_path: Path) -> None:
    def on(words: str) -> Callable[[Seen], str]:
        return lambda seen: said("tap", on=next(n for n, row in rows(seen.texts[-1]) if words in row))

    def judged(seen: Seen) -> str:
        return json.dumps({"reason": "as the switch says", "done": '"Airplane mode" (on)' in seen.texts[-1]})

    done = said("finish", status="success")
    script = [said("open", app="Settings"), on("Network & internet"), done, on("Airplane mode"), done]
    with (
        ScriptedServer(script, names=("a-language-model",), owner="llamacpp") as server,
        ScriptedServer([judged], names=("another",), owner="llamacpp") as judge,
    ):
        spec = ModelSpec(server.url, dialect=TEXT_PLANNER_NAME)
        run = handeye.run("Turn on airplane mode", env, spec, verify=judge.url, confirm="never", out=tmp_path / "run")
    assert run.result.ending is Ending.DONE, run.result.message
    assert setting(env, "airplane_mode_on") == "1"
    assert [step.verdict.kind for step in run.result.steps if step.verdict] == ["allow"] * 2 + ["skip"] + ["allow"] * 2
    assert "not done: the check says that it is not done" in server.seen[3].texts[-1]


def test_two_apps(env: SimulatedPhoneEnv) -> None:
    script = [
        mobile("open", text="Settings"),
        tap(env, "About phone"),
        tap(env, "Device name"),
        tap(env, "Device name"),
        mobile("type", text=" – 日本"),
        tap(env, "OK"),
        mobile("open", text="Clock"),
        mobile("terminate", status="success"),
    ]
    with ScriptedServer(script) as server:
        result = work(env, open_model(server.url, platform="mobile"), "Rename the phone, then open the clock")
    assert result.ending is Ending.DONE, result.message
    assert " – 日本" in setting(env, "device_name")
    assert env.state().package == "com.android.deskclock"


def test_the_command_line(tmp_path: Path) -> None:
    with ScriptedServer([mobile("open", text="Settings"), mobile("terminate", status="success")]) as server:
        command_line = ["run", "Open the settings", "--env", "phone", "--model", server.url, "--json"]
        done = subprocess.run(
            [sys.executable, "-m", "agent.cli.main", *command_line, "--out", str(tmp_path / "run")],
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["ending"] == "done"
    header = json.loads((tmp_path / "run" / "episode.json").read_text())
    assert "simulated phone" in json.dumps(header)


@pytest.mark.parametrize("option", ["--serial", "--display"])
def test_a_device_and_a_display_need_an_android_device(option: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "agent.cli.main", "run", "x", "--env", "phone", option, "1"],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "add --env android" in done.stderr
