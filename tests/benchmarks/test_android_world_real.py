"""The real AndroidWorld: the stand-in's signatures against its source, and its code with the simulated phone behind it.

HANDEYE_ANDROID_WORLD is a checkout; what runs its code (slow) needs its requirements too (docs/android-world.md).
"""

import ast
import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from actions.action import Answer, Button, Click, Finish, LongPress, Open, Scroll, Wait
from actions.frame import Point
from agent.core.model import ModelError
from agent.episodes import read_episode
from benchmarks.android_world.agent import AgentOptions, handeye_agent
from benchmarks.android_world.package import FOLDER, android_world
from benchmarks.android_world.suite import AndroidWorldPlan, run_suite, summary
from tests.agent.browser import INSTALLED
from tests.agent.fakes import ScriptedModel
from tests.benchmarks.test_android_world import STAND_IN, episode, forget

DONE = Finish(status="success")
REAL = os.environ.get(FOLDER)
real = pytest.mark.skipif(not REAL, reason=f"set {FOLDER} to a checkout of google-research/android_world")


@real
class TestSignatures:
    """The stand-in against the real package's source; needs no requirement of it."""

    @pytest.mark.parametrize("path", sorted(str(path.relative_to(STAND_IN)) for path in STAND_IN.rglob("*/*/*.py")))
    def test_every_name_of_the_stand_in_is_in_the_real_one(self, path: str) -> None:
        ours, theirs = (_signatures((Path(folder) / path).read_text()) for folder in (STAND_IN, REAL or ""))
        for name, arguments in ours.items():
            if not name.split(".")[-1].startswith("_"):
                assert theirs[name] == arguments, name


def _signatures(source: str) -> dict[str, Any]:
    """Arguments of each function and method, and fields of each dataclass, by name."""
    found: dict[str, Any] = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef):
            found[node.name] = [one.arg for one in node.args.args]
        elif isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            fields = [
                one.target.id
                for one in node.body
                if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name)
            ]
            found[node.name] = fields
            for one in node.body:
                if isinstance(one, ast.FunctionDef) and (not one.name.startswith("_") or one.name == "__init__"):
                    found.setdefault(f"{node.name}.{one.name}", [argument.arg for argument in one.args.args])
    return found


@pytest.fixture(scope="module")
def phone() -> Iterator[Any]:
    from envs.phone.phone import Phone

    with Phone(debuggable=True, anyone=True) as phone:
        yield phone


@real
@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("android_env") is None, reason="pip install android_env and what it needs")
@pytest.mark.skipif(not INSTALLED, reason="needs Chromium")
class TestReal:
    """The real package on the simulated phone: its interfaces, its episode runner, its suite, its own tasks."""

    @pytest.fixture
    def env(self, phone: Any) -> Iterator[Any]:
        from adbutils import adb_path

        from benchmarks.android_world.device import device_env
        from envs.android.simulated import PrivateAdbServer

        forget()
        phone.reset()
        server = PrivateAdbServer(tcp=True)
        server.connect(phone.serial)
        yield device_env(android_world(), phone.serial, server, adb_path())
        server.stop()

    def find(self, env: Any, text: str) -> Any:
        def where() -> Click:
            boxes = [e.bbox_pixels for e in env.get_state().ui_elements if text in (e.text, e.content_description)]
            return Click(point=Point(*boxes[0].center))

        return where

    def test_what_it_asks_a_device(self, env: Any, phone: Any) -> None:
        assert env.device_screen_size == env.logical_screen_size == (1080, 2400)
        assert env.physical_frame_boundary == (0, 0, 1080, 2400)
        assert env.foreground_activity_name == "com.handeye.launcher/com.handeye.launcher.Launcher"
        phone.state.put("system", "user_rotation", "1")
        phone.turn(1)
        assert (env.orientation, env.logical_screen_size) == (1, (2400, 1080))
        assert env.physical_frame_boundary == (0, 0, 1080, 2400)
        assert env.get_state().pixels.shape == (2400, 1080, 3)

    def test_an_episode_of_a_task_of_ours_on_its_side(self, env: Any, phone: Any, tmp_path: Path) -> None:
        runner, tasks = android_world()["episode_runner"], android_world()["task_evals.task_eval"]

        class Airplane(tasks.TaskEval):
            app_names, complexity, schema, template = ("settings",), 1, {}, "Which {what} is on?"

            @classmethod
            def generate_random_params(cls) -> dict[str, Any]:
                return {"what": "mode"}

            def is_successful(self, env: Any) -> float:
                super().is_successful(env)
                return float(
                    env.interaction_cache == "airplane" and phone.state.get("global", "airplane_mode_on") == "1"
                )

        task = Airplane(Airplane.generate_random_params())
        task.initialize_task(env)
        phone.state.put("system", "user_rotation", "1")
        phone.turn(1)
        model = ScriptedModel(
            [Open(target="settings"), self.find(env, "Network & internet"), self.find(env, "Airplane mode"),
             Button(name="home"), Answer(text="airplane"), DONE]
        )  # fmt: skip
        agent = handeye_agent(env, model, AgentOptions(tmp_path), transition_pause=0.5)
        result = runner.run_episode(
            task.goal, agent, max_n_steps=10, start_on_home_screen=True, print_fn=lambda line: None
        )
        assert result.done
        assert task.is_successful(env) == 1.0
        assert result.step_data["ending"][-1] == "done"
        steps = read_episode(next(tmp_path.iterdir())).steps
        assert {(step.frame.width, step.frame.height, step.frame.rotation) for step in steps} == {(2400, 1080, 90)}
        assert phone.look()["package"] == "com.handeye.launcher"

    def test_its_suite_its_tasks_its_checks(self, env: Any, tmp_path: Path) -> None:
        right = [Open(target="settings"), self.find(env, "Connected devices"), self.find(env, "Bluetooth"), DONE]
        plan = AndroidWorldPlan(tasks=["SystemBluetoothTurnOn"], checkpoints=tmp_path / "checkpoints")
        found = summary(
            run_suite(android_world(), env, ScriptedModel(right), plan, AgentOptions(tmp_path / "episodes"))
        )
        assert (found["success"], found["episodes"], found["errors"]) == (1.0, 1, [])
        other = AndroidWorldPlan(tasks=["SystemWifiTurnOff"])
        assert summary(run_suite(android_world(), env, ScriptedModel([DONE]), other, AgentOptions()))["success"] == 0.0
        broken = summary(
            run_suite(android_world(), env, ScriptedModel([ModelError("no server")]), other, AgentOptions())
        )
        assert broken["success"] is None
        assert "no server" in broken["errors"][0]["error"]

    def test_what_its_words_do(self, env: Any, phone: Any) -> None:
        model = ScriptedModel(
            [Open(target="com.handeye.notes"), Button(name="home"), Scroll(dy=3), Wait(),
             LongPress(point=Point(540, 900)), Click(point=Point(540, 2000), count=2), Button(name="home"), DONE]
        )  # fmt: skip
        results = episode(handeye_agent(env, model, transition_pause=0.2))
        assert all(result.data["outcome"]["performed"] for result in results[:-1]), [r.data for r in results]
        assert phone.look()["package"] == "com.handeye.launcher"
