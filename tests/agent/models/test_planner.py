"""A planner that describes and a grounder that points, as one model: scripted servers stand in for both."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from actions.action import Click, Drag, TypeText
from actions.frame import Frame, Point
from agent.cli.main import main
from agent.cli.options import read_model
from agent.core.loop import Agent
from agent.core.model import Model, ModelError
from agent.core.policy import Allow
from agent.core.task import Ending, Limits, Task
from agent.episodes import EpisodeHeader, EpisodeWriter, read_episode
from agent.episodes.replay.simulate import simulate
from agent.models.dialects.registry import DIALECTS, PLANNER
from agent.models.opening import open_model
from agent.models.spec import ModelSpec
from agent.views.report import write_report
from benchmarks.damage import PLACE_ANSWERS
from envs.env import Observation
from tests.agent.fakes import FakeEnv
from tests.agent.scripted_server import ScriptedServer, Seen

FRAME = Frame(id="0", width=1280, height=800)
SAVE = "the Save button at the bottom right of the dialog"
GROUNDERS = sorted(name for name, dialect in DIALECTS.items() if not dialect.decide)


def planned(action: str, **arguments: Any) -> str:
    return json.dumps({"thought": "Now this.", "action": action, **arguments}, ensure_ascii=False)


def place(name: str, point: Point, frame: Frame = FRAME) -> str:
    dialect = DIALECTS[name]
    x, y = dialect.view(frame, use="locate").numbers(point)
    return PLACE_ANSWERS[name].format(x=x, y=y)


def screen() -> Observation:
    return Observation(np.full((800, 1280, 3), 120, np.uint8), FRAME, app="an editor")


def pair(planner: ScriptedServer, grounder: ScriptedServer | str, dialect: str | None = None) -> Model:
    named = grounder if isinstance(grounder, str) else grounder.url
    return open_model(ModelSpec(planner.url, grounder=named, profile=True, dialect=dialect), ability="decide")


class Planner(ScriptedServer):
    """Plans; its name belongs to no family."""

    def __init__(self, script: Sequence[Any]) -> None:
        super().__init__(script, names=("plans-in-words",))


@pytest.mark.parametrize("name", GROUNDERS)
def test_each_family_that_points_finds_what_the_planner_describes(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    at = Point(612, 344)
    with Planner([planned("click", on=SAVE)]) as planner, ScriptedServer([place(name, at)]) as grounder:
        monkeypatch.setattr("agent.models.opening.dialect_for", lambda served: DIALECTS[name])
        decision = pair(planner, grounder).decide(Task("Save it"), screen(), [])
    assert isinstance(decision.action, Click)
    assert abs(decision.action.point.x - at.x) <= 1
    assert abs(decision.action.point.y - at.y) <= 1
    assert any(SAVE in text for text in grounder.seen[0].texts), "the description is passed on unchanged"
    assert [one.description for one in decision.pointed] == [SAVE]
    assert decision.raw == planned("click", on=SAVE)


def test_a_place_at_each_end_and_none_at_all() -> None:
    def two(seen: Seen) -> str:
        return place(
            "qwen2.5-vl", Point(100, 200) if any("the first row" in t for t in seen.texts) else Point(100, 400)
        )

    script = [planned("drag", on="the first row", to="the last row"), planned("type", text="on: the Save button")]
    with Planner(script) as planner, ScriptedServer([two]) as grounder:
        model = pair(planner, grounder)
        drag, typed = (model.decide(Task("Sort it"), screen(), []) for _ in range(2))
    assert isinstance(drag.action, Drag)
    assert [round(y) for _, y in drag.action.path] == [200, 400]
    assert isinstance(typed.action, TypeText)
    assert (len(grounder.seen), typed.pointed) == (2, ())
    assert drag.usage.requests == 3


class Wide(FakeEnv):
    """A screen large enough to point on."""

    def observe(self) -> Observation:
        super().observe()
        return screen()


def test_what_is_not_found_is_told_to_the_planner_and_the_run_goes_on(tmp_path: Path) -> None:
    script = [
        planned("click", on="the Frobnicate button"),
        planned("click", on=SAVE),
        planned("finish", status="success"),
    ]

    def only_save(seen: Seen) -> str:
        there = any(SAVE in text for text in seen.texts)
        return place("qwen2.5-vl", Point(612, 344)) if there else '[{"point_2d": [-1, -1]}]'

    env, task = Wide(), Task("Save it", Limits(steps=5))
    with Planner(script) as planner, ScriptedServer([only_save]) as grounder:
        model = pair(planner, grounder)
        with EpisodeWriter.create(tmp_path / "e", EpisodeHeader.of(task, model, env)) as writer:
            result = Agent(env, model, Allow(), writer).run(task)
    assert result.ending is Ending.DONE, result.message
    assert [action.type for action in env.done] == ["click"]
    assert "nothing on the screen was found for 'the Frobnicate button'" in "".join(planner.seen[1].texts)
    assert "click" in "".join(planner.seen[2].texts)
    assert SAVE in "".join(planner.seen[2].texts)
    steps = read_episode(tmp_path / "e").steps
    assert [[(one.description, one.point is None) for one in step.pointed] for step in steps] == [
        [("the Frobnicate button", True)],
        [(SAVE, False)],
        [],
    ]
    assert steps[1].pointed[0].raw == place("qwen2.5-vl", Point(612, 344))
    assert "grounder" in read_episode(tmp_path / "e").header.model
    assert simulate(tmp_path / "e").ok
    page = write_report(tmp_path / "e").read_text()
    assert "Pointed at" in page
    assert "at (612, 344)" in page


def test_the_built_in_model_points_too() -> None:
    with Planner([planned("click", on=SAVE)]) as planner:
        model = pair(planner, "builtin")
        with pytest.raises(ModelError, match="nothing on the screen was found"):
            model.decide(Task("Save it"), screen(), [])


@pytest.mark.parametrize("answer", [
    planned("click", on=[3, 4]), planned("click", on="  "), planned("click"), planned("click", coordinate=[3, 4]),
    planned("click", on=SAVE, near="the top"), "I would click on the Save button.", planned("press", on=SAVE),
])  # fmt: skip
def test_an_answer_that_describes_nothing_is_unusable_and_the_grounder_is_not_asked(answer: str) -> None:
    with Planner([answer]) as planner, ScriptedServer([place("qwen2.5-vl", Point(1, 1))]) as grounder:
        model = pair(planner, grounder)
        with pytest.raises(ModelError):
            model.decide(Task("Save it"), screen(), [])
    assert grounder.seen == []


def test_mistakes_are_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with Planner([planned("click", on=SAVE)]) as planner, ScriptedServer([], names=("GTA1-7B",)) as grounder:
        for spec, words in (
            (ModelSpec(planner.url, dialect="planner"), "--grounder"),
            (ModelSpec(planner.url, grounder=grounder.url, dialect="qwen2.5-vl"), "needs no grounder"),
            (ModelSpec("builtin", grounder=grounder.url), "on the built-in model"),
            (ModelSpec(planner.url, grounder=grounder.url, space="rel1"), "--space has no effect"),
            (ModelSpec(planner.url, grounder="gpt-17"), "gpt-17"),
            (ModelSpec(grounder.url), "--planner MODEL --grounder"),
        ):
            with pytest.raises(Exception, match=r".") as raised:
                open_model(spec, ability="decide")
            assert words in str(raised.value)
            assert "\n" not in str(raised.value)
    with pytest.raises(SystemExit):
        main(["run", "Save it", "--model", "+builtin"])
    assert "PLANNER+GROUNDER" in capsys.readouterr().err


def test_two_models_in_one_name() -> None:
    spec = read_model(model="http://127.0.0.1:1 + builtin")
    assert (spec.name, spec.grounder) == ("http://127.0.0.1:1", "builtin")
    assert ModelSpec.from_json(spec.to_json()) == spec


def test_the_prompt_asks_for_descriptions_and_no_numbers() -> None:
    for platform, prompt in PLANNER.decide.items():
        assert '"on": "..."' in prompt.system, platform
        assert "coordinate" not in prompt.system.replace("Give no coordinates", "")
