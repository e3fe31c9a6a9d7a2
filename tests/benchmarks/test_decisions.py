"""Recorded decisions: which actions are right, what a planner is shown, and how runs of oracles are recorded."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image as Picture

from actions.action import (
    Answer,
    AnyAction,
    Button,
    Click,
    Drag,
    Finish,
    Key,
    LongPress,
    Open,
    Scroll,
    TypeText,
    Wait,
)
from actions.frame import Box, Frame, Point
from agent.cli.main import main
from agent.core.model import Model
from agent.core.step import Step
from agent.core.task import Limits
from agent.models.opening import open_model
from agent.models.spec import ModelSpec
from agent.perception.listing.rows import ElementList, Row
from benchmarks.baselines import OF_LISTS, baseline
from benchmarks.interactive import Score, play
from benchmarks.suite import Judged, Prediction, Sample, SampleVerdict, Suite, SuiteError, SuiteOptions, Summary
from benchmarks.suites import open_suite
from benchmarks.suites.decisions.recording import RecordedRun, read_runs, record, split_of
from benchmarks.suites.decisions.right_actions import choices, is_right, needed
from benchmarks.suites.tasks.oracle import Move, ScriptOracle, Until
from envs.env import Env, Observation
from tests.agent.models.test_text_planner import Settings
from tests.agent.scripted_server import ScriptedServer, Seen

FRAME = Frame(id="0", width=1080, height=2400)
HOME, FORM = "com.example.launcher/.Home", "contacts"
PLACES = {"Contacts": 100, "Up": 200, "Name": 300, "Phone": 400, "Starred": 500, "Work": 600, "Save": 700}


def row(number: int, role: str, name: str, value: str = "", *state: str, top: int | None = None) -> Row:
    at = PLACES[name] if top is None else top
    return Row(Box(0, at, 1000, at + 80), role, name, value, state, number=number)


def click(name: str, **more: Any) -> Click:
    return Click(point=Point(500, PLACES[name] + 40), **more)


def form(name: str = "", phone: str = "", starred: str = "off", work: str = "off") -> ElementList:
    fields = (row(1, "field", "Name", name), row(2, "field", "Phone", phone))
    ticks = (row(3, "switch", "Starred", "", starred), row(4, "switch", "Work", "", work))
    back = Row(Box(0, 0, 100, 80), "button", "Navigate up", number=6)
    return ElementList((back, *fields, *ticks, row(5, "button", "Save")), FORM)


LAUNCHER = ElementList((row(1, "button", "Contacts"), row(2, "button", "Up")), HOME)
EMPTY = ElementList((row(1, "button", "Save"),), FORM)
SWIPE = Drag(path=(Point(360, 1700), Point(360, 900)))
SCRIPT: list[tuple[ElementList, AnyAction]] = [
    (LAUNCHER, Button(name="home")),
    (LAUNCHER, click("Contacts")),
    (form("", "1"), click("Name")),
    (form("", "1"), TypeText(text="Ada")),
    (form("Ada", "1"), click("Phone")),
    (form("Ada", "1"), Key(chords=("end", "backspace"))),
    (form("Ada", "1"), TypeText(text="77")),
    (form("Ada", "77"), click("Starred")),
    (form("Ada", "77", "on"), click("Work")),
    (form("Ada", "77", "on", "on"), SWIPE),
    (form("Ada", "77", "on", "on"), click("Save")),
    (EMPTY, Button(name="back")),
    (LAUNCHER, Answer(text="77")),
    (LAUNCHER, Finish(status="success")),
]


def recorded(script: Sequence[tuple[ElementList, AnyAction]] = SCRIPT, task: str = "contacts-add") -> RecordedRun:
    steps = [Step(index=n, time=float(n), frame=FRAME, image="0.png", action=a) for n, (_, a) in enumerate(script)]
    lists = tuple(listed for listed, _ in script)
    return RecordedRun("phone-tasks", f"{task}/0", task, "Add Ada", "mobile", ("Contacts",), tuple(steps), lists)


def typed(name: str, text: str, clear: bool = False) -> list[AnyAction]:
    return [click(name), TypeText(text=text, clear=clear)]


@pytest.mark.parametrize(
    ("at", "right", "wrong"),
    [
        (1, [[click("Contacts")], [Open(target="contacts")]], [[Open(target="Phone")], [Button(name="home")]]),
        (
            2,
            [typed("Name", "Ada"), [click("Name")], typed("Phone", "77", True), [click("Starred")], [click("Work")]],
            [[click("Save")], typed("Name", "Bob"), typed("Phone", "Ada"), [TypeText(text="Ada")]],
        ),
        (3, [[TypeText(text="Ada")], typed("Name", "Ada"), typed("Phone", "77", True)], [[TypeText(text="77")]]),
        (
            4,
            [typed("Phone", "77", True), [click("Work")]],
            [typed("Phone", "77"), typed("Name", "Ada"), [click("Save")]],
        ),
        (7, [[click("Starred")], [click("Work")]], [[click("Save")], [click("Starred", count=2)]]),
        (8, [[click("Work")]], [[click("Starred")], [LongPress(point=click("Work").point)]]),
        (9, [[Scroll(dy=3)], [SWIPE], [click("Save")]], [[Scroll(dy=-3)], [click("Name")]]),
        (11, [[Button(name="back")]], [[Button(name="home")], [click("Save")]]),
        (12, [[Answer(text="It is 77.")]], [[Answer(text="78")], [Finish(status="success")]]),
        (13, [[Finish(status="success")]], [[Finish(status="failure")], [Answer(text="77")], [Wait()]]),
    ],
)
def test_all_right_next_actions_count_and_no_others(
    at: int, right: list[list[AnyAction]], wrong: list[list[AnyAction]]
) -> None:
    run = recorded()
    assert [actions for actions in right if not is_right(run, at, actions)] == []
    assert [actions for actions in wrong if is_right(run, at, actions)] == []


def test_what_shows_the_same_again_is_no_decision_and_the_place_in_the_bar_is_that_of_back() -> None:
    run = recorded()
    assert needed(run) == [1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13]
    up = Click(point=Point(50, 40))
    assert is_right(recorded([(form(), Button(name="back")), (LAUNCHER, click("Contacts"))]), 0, [up])
    assert is_right(recorded([(form(), up), (LAUNCHER, click("Contacts"))]), 0, [Button(name="back")])
    left = [(EMPTY, Button(name="home")), (ElementList((row(1, "button", "Save"),), HOME), click("Save"))]
    assert not is_right(recorded(left), 0, [click("Save")]), "another app's icon has the same words"
    nowhere = recorded([(form(), Click(point=Point(500, 2000))), (LAUNCHER, Finish(status="success"))])
    assert choices(nowhere, 0) == []


@pytest.fixture
def data(tmp_path: Path) -> Path:
    tasks = [next(name for n in range(99) if split_of(name := f"task-{n}") == split) for split in ("dev", "held-out")]
    for task in tasks:
        folder = tmp_path / task
        folder.mkdir()
        recorded(task=task).write(folder)
        Picture.new("RGB", (FRAME.width, FRAME.height)).save(folder / "0.png")
    return tmp_path


def test_a_second_click_on_a_field_before_its_text_is_no_decision() -> None:
    twice = [(form(), click("Name")), (form(), click("Name")), (form(), Key(chords=("ctrl+a",)))]
    run = replace(
        recorded([*twice, (form(), TypeText(text="Ada")), (form("Ada"), click("Save")), (form("Ada"), click("Save"))]),
        platform="desktop",
    )
    assert needed(run) == [0, 2, 3, 4, 5]
    assert is_right(run, 0, typed("Name", "Ada", clear=True))
    assert not is_right(run, 0, typed("Phone", "Ada", clear=True))


def test_a_planner_is_asked_with_the_recorded_lists_and_steps(data: Path) -> None:
    def answer(seen: Seen) -> str:
        asked.append(seen.texts[-1])
        return json.dumps({"thought": "", "action": "tap", "on": 4})

    asked: list[str] = []
    suite = open_suite("decisions", data, SuiteOptions())
    samples = {sample.id.rpartition("/")[2]: sample for sample in suite.samples()}
    assert [*samples] == ["1", "2", "3", "4", "6", "7", "8", "9", "10", "11", "12", "13"]
    with ScriptedServer([answer, answer], names=("any",)) as server:
        planner = open_model(ModelSpec(server.url, dialect="text-planner"), platform="desktop", ability="decide")
        verdicts = [suite.judge(sample, suite.answer(sample, planner)) for sample in map(samples.get, "82") if sample]
        assert [verdict.kind for verdict in verdicts] == ["correct", "correct"]
    assert '. tap switch "Starred" (off) -> switch "Starred" (off) became on' in asked[0]
    assert '[4] switch "Work" (off)' in asked[0]
    assert "Apps on this phone: Contacts" in asked[0]
    assert not {s.data.run.task for s in suite.samples()} & {
        s.data.run.task for s in open_suite("decisions", data, SuiteOptions(mode="held-out")).samples()
    }


def test_the_figures_are_of_tasks_and_the_oracle_and_the_baselines_are_what_they_are(data: Path) -> None:
    suite = open_suite("decisions", data, SuiteOptions())
    share = {}
    for name in ("oracle", "say-done", *OF_LISTS):
        of = baseline(name, suite, 1)
        judged = [Judged(s, a := suite.answer(s, of(s)), suite.judge(s, a)) for s in suite.samples()]
        figures = suite.summarise(judged)
        share[name] = (figures.correct, {kind: cell.correct for kind, cell in figures.tables["kind"].items()})
        assert figures.ci95 is not None
    assert share["oracle"][0] == 12
    assert share["say-done"] == (1, dict.fromkeys(share["oracle"][1], 0) | {"finish": 1})
    assert share["first-element"][0] == 1, "only the app's icon stands first"
    assert 0 < share["random-element"][0] < 8
    with pytest.raises(SuiteError, match="no mode 'both'"):
        open_suite("decisions", data, SuiteOptions(mode="both"))


class Switches(Suite):
    """One task on the settings' page of the planner's tests; `solved` is whether its oracle solves it."""

    name, kind = "switches", "interactive"  # type: ignore[assignment]
    protocol: Mapping[str, Any] = {}

    def __init__(self, solved: bool, script: Callable[[_World], Iterator[Move]] | None = None) -> None:
        self.solved, self.script = solved, script or _moves

    def samples(self) -> Sequence[Sample]:
        return [Sample("airplane/0", "Turn on airplane mode", {"task": ("airplane",)})]

    def answer(self, sample: Sample, model: Model) -> Prediction:
        return play(_World(self.solved), model, Limits(steps=3))

    def oracle(self, sample: Sample) -> Model:
        return ScriptOracle(self.script)

    def judge(self, sample: Sample, answer: Prediction) -> SampleVerdict:
        raise NotImplementedError

    def summarise(self, judged: Sequence[Judged]) -> Summary:
        raise NotImplementedError


class Loading(Settings):
    """`Settings` whose app in front is another one from some moment on."""

    front = "settings"

    def observe(self) -> Observation:
        return replace(super().observe(), app=self.front)


class _World:
    instruction = "Turn on airplane mode"

    def __init__(self, solved: bool) -> None:
        self.env: Env = Loading()
        self.solved = solved

    def hear(self, action: AnyAction) -> None:
        """Nothing."""

    def over(self) -> bool:
        return False

    def score(self) -> Score:
        return Score(float(self.solved))


def _moves(world: _World) -> Iterator[AnyAction]:
    yield Click(point=Point(500, 550))


def _late(world: _World) -> Iterator[Move]:
    def shown() -> bool:
        assert isinstance(world.env, Loading)
        world.env.front = "page"
        return True

    yield Until(shown, "the page")
    yield Click(point=Point(500, 550))


def test_the_screen_of_a_decision_is_that_after_the_oracles_wait(tmp_path: Path) -> None:
    assert record(Switches(solved=True, script=_late), tmp_path, lambda line: None) == 1
    (run,) = read_runs(tmp_path)
    assert [listed.app for listed in run.lists] == ["page", "page"]


def test_a_run_of_an_oracle_is_recorded_once_with_its_lists_and_only_if_it_solves_the_task(tmp_path: Path) -> None:
    told: list[str] = []
    assert record(Switches(solved=False), tmp_path, told.append) == 0
    assert not [*read_runs(tmp_path)]
    assert record(Switches(solved=True), tmp_path, told.append) == record(Switches(False), tmp_path, told.append) == 1
    assert len(told) == 2
    (run,) = read_runs(tmp_path)
    assert (run.goal, run.platform, run.apps) == ("Turn on airplane mode", "mobile", ("Clock", "Settings"))
    assert [step.action and step.action.type for step in run.steps] == ["click", "finish"]
    assert run.steps[0].outcome is not None
    assert [listed.rows[2].words for listed in run.lists] == [
        'switch "Airplane mode" (off)', 'switch "Airplane mode" (on)',
    ]  # fmt: skip
    assert is_right(run, 0, [Click(point=Point(100, 600))])
    assert (run.folder / run.steps[1].image).stat().st_size > 100


def test_a_planner_that_follows_a_plan_is_refused(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["bench", "decisions", "--data", str(data), "--planner", "http://127.0.0.1:1"])
    assert "add --each-step" in capsys.readouterr().err
