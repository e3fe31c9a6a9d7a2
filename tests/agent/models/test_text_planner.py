"""A planner that sees no pictures: it chooses among numbered elements; scripted servers stand in for it."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from actions.action import AnyAction, Click, Drag, Open, TypeText
from actions.frame import Box, Frame, Point
from agent.cli.main import main
from agent.cli.options import read_model
from agent.core.loop import Agent
from agent.core.model import Model
from agent.core.policy import Allow
from agent.core.task import Ending, Limits, Task
from agent.episodes import EpisodeHeader, EpisodeWriter, read_episode
from agent.episodes.replay.simulate import simulate
from agent.models.chat import ChatModel
from agent.models.opening import open_model
from agent.models.spec import ModelSpec
from agent.views.report import write_report
from envs.env import Env, Observation, Outcome, UiElement
from tests.agent.scripted_server import ScriptedServer, Seen

FRAME = Frame(id="0", width=1080, height=2400)
SPEC = {"dialect": "text-planner"}


def said(action: str, **arguments: Any) -> str:
    return json.dumps({"thought": "Now this.", "action": action, **arguments}, ensure_ascii=False)


class Settings(Env):
    """A page with three switches and a field; a tap turns a switch, whose row then says so."""

    platform = "mobile"
    name = "settings"
    supported = frozenset({"click", "type", "drag", "open", "wait", "button", "scroll", "long_press"})

    def __init__(self) -> None:
        self.on = [False, False, True]
        self.text = ""
        self.done: list[AnyAction] = []
        self._count = 0

    def tree(self, frame: Frame) -> tuple[UiElement, ...]:
        names = ("Wi-Fi", "Airplane mode", "Bluetooth")
        switches = [
            UiElement(Box(0, 300 + 200 * at, 1080, 480 + 200 * at), "Switch", name, "", self.on[at], clickable=True)
            for at, name in enumerate(names)
        ]
        field = UiElement(Box(40, 1000, 1000, 1100), "EditText", self.text or "Name", "Name", clickable=True)
        title = UiElement(Box(40, 100, 600, 200), "TextView", "Network")
        return (title, *switches, field)

    def app_names(self) -> tuple[str, ...]:
        return ("Clock", "Settings")

    def observe(self) -> Observation:
        self._count += 1
        image = np.full((2400, 1080, 3), 200, np.uint8)
        return Observation(image, FRAME, time=float(self._count), app="settings", details=self)

    def perform(self, action: AnyAction, frame: Frame) -> Outcome:
        self.done.append(action)
        hit = int((action.point.y - 300) // 200) if isinstance(action, Click) else 9
        if 0 <= hit < 3:
            self.on[hit] = not self.on[hit]
        self.text = action.text if isinstance(action, TypeText) else self.text
        return Outcome(performed=True, changed=0 <= hit < 3 or isinstance(action, TypeText))


class Server(ScriptedServer):
    """Its name belongs to no family; its kind takes JSON schemas."""

    def __init__(self, script: Sequence[Any], owner: str = "llamacpp") -> None:
        pages = {"/api/version": {"version": "0.13"}} if owner == "library" else {}
        super().__init__(script, names=("any-language-model",), owner=owner, pages=pages)


def open_planner(server: ScriptedServer, **more: Any) -> Model:
    return open_model(ModelSpec(server.url, **SPEC, **more), platform="mobile", ability="decide")


def run(
    script: Sequence[Any],
    folder: Path,
    task: str = "Turn on airplane mode",
    owner: str = "llamacpp",
    env: Settings | None = None,
    **more: Any,
) -> tuple[Any, Any, Any]:
    """The result of a run, its env, and the requests that the server has seen."""
    env = env or Settings()
    goal = Task(task, Limits(steps=len(script) + 1))
    with Server(script, owner) as server:
        model = open_planner(server, **more)
        with EpisodeWriter.create(folder, EpisodeHeader.of(goal, model, env)) as writer:
            result = Agent(env, model, Allow(), writer).run(goal)
    return result, env, server.seen


def last_message(seen: Seen) -> str:
    return seen.texts[-1]


def test_a_task_is_done_by_numbers_and_each_step_is_told_with_what_it_changed(tmp_path: Path) -> None:
    script = [
        said("tap", on=1, plan=["turn on airplane mode", "look"], note="Wi-Fi was off"),
        said("tap", on=1, finished=0),
        said("tap", on="Airplane mode [2]", finished=1),
        said("finish", status="success"),
    ]
    result, env, seen = run(script, tmp_path / "e")
    assert result.ending is Ending.DONE, result.message
    assert env.on == [False, True, True]
    assert all(request.png is None for request in seen), "no picture is sent"
    first, *_, last = map(last_message, seen)
    assert "Apps on this phone: Clock, Settings" in first
    assert '[2] switch "Airplane mode" (off)' in first
    assert 'text "Network"' in first
    lines = last.splitlines()
    assert '1. tap switch "Wi-Fi" (off) -> switch "Wi-Fi" (off) became on' in lines
    assert '3. tap switch "Airplane mode" (off) -> switch "Airplane mode" (off) became on' in lines
    assert [line for line in lines if line.startswith(("[x]", "[ ]"))] == ["[x] turn on airplane mode", "[ ] look"]
    assert "Your notes: Wi-Fi was off" in lines
    assert lines.index("The screen now:") > lines.index("Your plan:") > lines.index("Steps so far:")


def test_what_stands_before_the_list_is_the_beginning_of_the_next_prompt(tmp_path: Path) -> None:
    _, _, seen = run([said("tap", on=1), said("tap", on=3), said("finish", status="success")], tmp_path / "e")
    systems = {request.body["messages"][0]["content"] for request in seen}
    assert len(systems) == 1
    before, after = (last_message(seen[at]) for at in (1, 2))
    kept = before[: before.index("The screen now:")].rstrip()
    assert after.startswith(kept)


def test_the_record_has_the_elements_and_replays(tmp_path: Path) -> None:
    script = [said("tap", on=2), said("type", on=4, text="Ada", clear=True), said("finish", status="success")]
    result, env, _ = run(script, tmp_path / "e")
    assert result.ending is Ending.DONE, result.message
    assert [action.type for action in env.done] == ["click", "click", "type"]
    steps = read_episode(tmp_path / "e").steps
    assert [(one.description, one.raw, one.grounder) for one in steps[0].pointed] == [
        ("2", 'switch "Airplane mode" (off)', "element list")
    ]
    assert steps[0].pointed[0].point == Point(540, 590)
    assert steps[0].raw == script[0]
    assert simulate(tmp_path / "e").ok
    page = write_report(tmp_path / "e").read_text()
    assert "Pointed at" in page
    assert "[2] switch" in page


@pytest.mark.parametrize(("answer", "told"), [
    (said("tap", on=99), "no element with this number"),
    (said("fly", on=1), "unknown action 'fly'"),
    (said("tap"), "coordinate is missing"),
    (said("tap", on=True), "not a description"),
    (said("tap", on=1, near=2), "near"),
    ("I would tap on [1].", "no action in the answer"),
])  # fmt: skip
def test_an_unusable_answer_is_told_to_the_planner_and_does_nothing(answer: str, told: str, tmp_path: Path) -> None:
    result, env, seen = run([answer, said("finish", status="success")], tmp_path / "e")
    assert result.ending is Ending.DONE, result.message
    assert env.done == []
    assert "Your last answer did nothing" in last_message(seen[1])
    assert told in last_message(seen[1])
    assert simulate(tmp_path / "e").ok


def test_the_schema_lets_only_what_is_there_be_chosen(tmp_path: Path) -> None:
    script = [said("tap", on=1, plan=["a"]), said("finish", status="success")]
    _, _, seen = run(script, tmp_path / "e", owner="library")
    first, second = (request.body["response_format"]["json_schema"]["schema"]["anyOf"] for request in seen)
    tap = next(form["properties"] for form in first if form["properties"]["action"] == {"const": "tap"})
    assert tap["on"] == {"enum": ["Wi-Fi [1]", "Airplane mode [2]", "Bluetooth [3]", "Name [4]"]}
    assert list(tap)[:2] == ["thought", "plan"], "what is thought comes before what is done"
    apps = next(form["properties"] for form in first if form["properties"]["action"] == {"const": "open"})
    assert apps["app"] == {"enum": ["Clock", "Settings"]}
    assert all("plan" not in form["properties"] for form in second), "the plan is made once"
    names = {form["properties"]["action"]["const"] for form in first}
    assert {"tap", "type", "scroll", "system_key", "wait", "answer", "ask_user", "finish", "drag"} <= names
    assert not names & {"click", "key"}


@pytest.mark.parametrize(
    ("answer", "fits"),
    [
        (said("tap", on="Name [4]"), True),
        (said("tap", on="Name [5]"), False),
        (said("tap", on=1, plan=["open it", "look"], note="x"), False),
        (
            json.dumps({"thought": "T.", "plan": ["open it", "look"], "action": "tap", "on": "Wi-Fi [1]", "note": "x"}),
            True,
        ),
        (said("type", on="Name [4]", text='a "b"', clear=True), True),
        (said("open", app="Camera"), False),
        (said("scroll", direction="down"), True),
        (said("tap", on="Name [4]").replace(": ", ":  "), False),
    ],
)
def test_the_pattern_says_the_same_as_the_schema_in_one_spacing(tmp_path: Path, answer: str, fits: bool) -> None:
    _, _, seen = run([said("finish", status="success")], tmp_path / "e", owner="vllm")
    assert bool(re.fullmatch(seen[0].body["structured_outputs"]["regex"], answer)) is fits


def test_repeats_are_told_and_a_description_goes_to_the_grounder(tmp_path: Path) -> None:
    def place(seen: Seen) -> str:
        return '[{"point_2d": [600, 900]}]'

    wait = said("open", app="Clock")
    script = [
        wait,
        wait,
        said("tap", on="the airplane switch 2"),
        said("drag", on=1, to=2),
        said("finish", status="success"),
    ]
    with ScriptedServer([place]) as grounder:
        result, env, seen = run(script, tmp_path / "e", grounder=grounder.url)
    assert result.ending is Ending.DONE, result.message
    assert env.done[:2] == [Open(target="Clock")] * 2
    assert isinstance(env.done[3], Drag)
    assert "nothing on the list changed" in last_message(seen[1])
    assert "changed nothing, 2 times: do something else" in last_message(seen[2])
    assert len(grounder.seen) == 1


def test_a_long_run_is_told_in_part_and_a_long_list_is_counted(tmp_path: Path) -> None:
    script = [said("tap", on=1 + at % 3) for at in range(25)]
    _, _, seen = run([*script, said("finish", status="success")], tmp_path / "e")
    assert "(the first 10 steps are left out)\n11. tap" in last_message(seen[24])
    assert "1. tap" in last_message(seen[19])
    assert len(last_message(seen[24])) < 4000


def test_a_record_of_a_run_that_another_process_began_is_told_without_effects(tmp_path: Path) -> None:
    result, env, _ = run([said("tap", on=1), said("finish", status="success")], tmp_path / "e")
    with Server([said("tap", on=2)]) as server:
        open_planner(server).decide(Task("Go on"), env.observe(), list(result.steps[:1]))
    assert '1. tap switch "Wi-Fi" (off)' in last_message(server.seen[0]).splitlines()


def test_how_it_is_named_on_the_command_line() -> None:
    alone = read_model(planner="http://127.0.0.1:1")
    assert (alone.name, alone.dialect, alone.grounder) == ("http://127.0.0.1:1", "text-planner-plan", None)
    pair = read_model(planner="http://127.0.0.1:1 + builtin")
    assert (pair.name, pair.dialect, pair.grounder) == ("http://127.0.0.1:1", None, "builtin")
    both = read_model(planner="http://127.0.0.1:1", grounder="builtin", dialect="text-planner")
    assert (both.dialect, both.grounder) == ("text-planner", "builtin")


def test_mistakes_are_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with Server([]) as server:
        model = open_planner(server)
        assert isinstance(model, ChatModel)
        assert model.name.endswith("grounder builtin")
        for more, words in (({"history_images": 3}, "--history-images"), ({"space": "rel1"}, "--space")):
            with pytest.raises(Exception, match=words):
                open_planner(server, **more)
    with pytest.raises(Exception, match="on the built-in model"):
        open_model(ModelSpec("builtin", **SPEC), ability="decide")
    with pytest.raises(SystemExit):
        main(["run", "x", "--planner", "http://127.0.0.1:1", "--model", "http://127.0.0.1:2"])
    assert "leave one out" in capsys.readouterr().err


def test_the_app_in_front_is_called_by_the_name_it_was_opened_by_and_cannot_be_opened_again(tmp_path: Path) -> None:
    class Phone(Settings):
        app = "com.example.home"

        def observe(self) -> Observation:
            return replace(super().observe(), app=self.app)

        def perform(self, action: AnyAction, frame: Frame) -> Outcome:
            self.app = "com.example.clock" if isinstance(action, Open) else self.app
            return super().perform(action, frame)

    script = [said("open", app="Clock"), said("tap", on=1), said("finish", status="success")]
    _, _, seen = run(script, tmp_path / "e", env=Phone())
    first, second, third = seen
    assert "App: com.example.home" in last_message(first)
    assert all("App: Clock\n" in last_message(request) for request in (second, third))
    assert "the app in front is now com.example.clock" in last_message(third)
    assert ['\\"Clock\\"' in request.body["grammar"] for request in seen] == [True, False, False]
