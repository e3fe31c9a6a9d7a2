"""The audit finds what is planted in a toy suite, and nothing in a sound one."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from actions.action import Click, Finish
from actions.frame import Box, Frame, Point
from agent.cli.main import main
from agent.core.model import Decision, Grounding, Model, ModelError
from benchmarks.audit import check_targets
from benchmarks.figures.scoring import Nothing, Region
from benchmarks.interactive import figures, judge
from benchmarks.suite import Judged, Kind, Prediction, Sample, SampleVerdict, Suite, SuiteOptions, Summary
from benchmarks.suites import SUITES, Entry
from benchmarks.suites.grounding.suite import GroundingScene
from envs.env import Observation
from tests.benchmarks.toy_suite import picture

PASSED_BY = {"asleep": "idle", "gullible": "say-done", "central": "centre"}
"""Tasks of the toy that a baseline passes, beside `sound`, `broken` (the oracle fails) and `hopeless` (no oracle)."""
TASKS = (*PASSED_BY, "sound", "broken", "hopeless")


class Knows:
    """The toy's oracle: it clicks the corner that the sample wants."""

    name, dialect, prompt_hash = "oracle", None, None

    def __init__(self, task: str, seed: int) -> None:
        self._task, self._seed = task, seed

    def decide(self, *seen: Any) -> Decision:
        if self._task == "broken":
            raise ModelError("the button is not there")
        return Decision(action=Click(point=Point(self._seed, 1)))

    def locate(self, *seen: Any) -> Grounding:
        raise ModelError("it only acts")

    extract = locate


@dataclass(frozen=True)
class Toy(Suite):
    """Two instances of each task; one look, one action. `known` is what the suite declares."""

    options: SuiteOptions
    known: Mapping[str, str]
    name: str = "toy-audit"
    kind: Kind = "interactive"

    @property
    def protocol(self) -> Mapping[str, Any]:
        return {"version": 1, "data_hash": "0", "mode": None}

    @property
    def flagged(self) -> Mapping[str, str]:
        return self.known

    def samples(self) -> Sequence[Sample]:
        names = self.options.tasks or TASKS
        return [Sample(f"{t}/{n}", f"do {t}", {"task": (t,)}, (t, n)) for t in names for n in range(2)]

    def answer(self, sample: Sample, model: Model) -> Prediction:
        task, seed = sample.data
        screen = Observation(picture(seed), Frame(id="0", width=336, height=224))
        from agent.core.task import Task

        action = model.decide(Task("x"), screen, ()).action
        done = isinstance(action, Click) and action.point == Point(seed, 1)
        middle = isinstance(action, Click) and action.point == Point(168, 112)
        said = isinstance(action, Finish) and action.status == "success"
        waits = action.type == "wait"
        passed = done or {"asleep": waits, "gullible": said, "central": middle}.get(task, False)
        value = {"success": float(passed), "ending": "done", "actions": [action.model_dump(mode="json")]}
        return Prediction(status="answered", value=value)

    def judge(self, sample: Sample, answer: Prediction) -> SampleVerdict:
        return judge(sample, answer)

    def summarise(self, judged: Sequence[Judged]) -> Summary:
        return figures(judged)

    def oracle(self, sample: Sample) -> Model | None:
        return None if sample.data[0] == "hopeless" else Knows(*sample.data)


def open_toy(name: str, data: Path | None, options: SuiteOptions) -> Toy:
    known = json.loads((data / "known.json").read_text()) if data else {}
    return Toy(options, known)


@pytest.fixture(autouse=True)
def toy(monkeypatch: pytest.MonkeyPatch) -> None:
    opener = "tests.benchmarks.test_audit:open_toy"
    monkeypatch.setitem(SUITES, "toy-audit", Entry("interactive", "a toy", opener, False))


def audit(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    with pytest.raises(SystemExit) as left:
        main(["bench", "audit", *arguments, "--json"])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1
    assert isinstance(left.value.code, int)
    return left.value.code, json.loads(lines[0])


def test_what_is_planted_is_found(capsys: pytest.CaptureFixture[str]) -> None:
    status, found = audit(capsys, "toy-audit")
    flags = {(one["check"], one["where"]): one for one in found["findings"]}
    expected = {(check, task) for task, check in PASSED_BY.items()} | {("oracle", "broken"), ("no oracle", "hopeless")}
    assert {pair for pair in flags if pair[0] != "blind-replay"} == expected
    assert flags["oracle", "broken"]["what"] == "the oracle fails: the button is not there"
    assert (flags["idle", "asleep"]["count"], flags["idle", "asleep"]["of"]) == (2, 2)
    assert (status, found["ok"], found["flagged"]) == (1, False, len(found["findings"]))
    assert found["baselines"]["idle"]["correct"] == 2
    assert found["baselines"]["idle"]["ci95"] is not None
    assert set(found["baselines"]) == {"idle", "say-done", "random", "centre", "blind-replay", "oracle"}


def test_a_sound_task_is_not_flagged(capsys: pytest.CaptureFixture[str]) -> None:
    status, found = audit(capsys, "toy-audit", "--tasks", "sound", "--baselines", "idle,oracle")
    assert (status, found["findings"], found["flagged"]) == (0, [], 0)
    assert found["baselines"]["oracle"]["accuracy"] == 1


def test_what_a_suite_declares_does_not_count(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    known = {
        "idle:asleep": "it asks to wait",
        "centre:central": "no",
        "broken": "an oracle that fails is never excused",
    }
    (tmp_path / "known.json").write_text(json.dumps(known))
    status, found = audit(
        capsys, "toy-audit", "--data", str(tmp_path), "--baselines", "idle,oracle", "--tasks", "asleep,broken"
    )
    assert (status, found["flagged"], len(found["findings"])) == (1, 1, 2)
    assert found["findings"][0]["declared"] == "it asks to wait"


def test_people_get_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["bench", "audit", "toy-audit", "--tasks", "asleep", "--baselines", "idle"])
    out = capsys.readouterr().out
    assert "idle                2/2" in out
    assert "! asleep (2 of 2): the idle agent passes" in out
    assert "1 flagged, 0 more" in out


def test_an_audit_is_kept_and_gone_on_with(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["toy-audit", "--tasks", "asleep", "--out", str(tmp_path / "kept"), "--baselines", "idle"]
    assert audit(capsys, *asked) == audit(capsys, *asked)
    assert (tmp_path / "kept/idle/result.json").is_file()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [(["toy-audit", "--baselines", "clever"], "clever"), (["nosuch"], "nosuch"), (["screenspot"], "--data")],
)
def test_a_mistake_is_one_clear_line(arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    status, found = audit(capsys, *arguments)
    assert status == 2
    assert says in found["error"]


# --- grounding data --------------------------------------------------------------------------------------------------


def target(name: str, box: tuple[float, ...] | None, words: str = "", image: str = "a.png") -> Sample:
    region = Nothing() if box is None else Region(Box(*box))
    return Sample(name, words or name, {}, GroundingScene(Path(image), (100, 80), region))


def checks_of(*samples: Sample) -> list[tuple[str, str]]:
    return [(finding.check, finding.where) for finding in check_targets("s", samples)]


@pytest.mark.parametrize(
    ("box", "check"),
    [
        ((0, 0, 100, 40), None),
        ((0, 0, 100, 40.1), "large target"),
        ((5, 5, 5, 9), "no area"),
        ((90, 70, 100, 80), None),
        ((90, 70, 100.5, 80), "off the image"),
        ((-1, 0, 9, 9), "off the image"),
        (None, None),
    ],
)
def test_a_target_must_be_on_the_image_and_small(box: tuple[float, ...] | None, check: str | None) -> None:
    assert checks_of(target("one", box)) == ([(check, "one")] if check else [])


def test_the_same_words_must_mean_the_same_place() -> None:
    box, other = (1, 1, 9, 9), (20, 20, 29, 29)
    one = target("one", box, "Open  File")
    assert checks_of(one, target("two", box, "open file")) == [("duplicate", "one")]
    assert checks_of(one, target("two", other, "open file")) == [("contradiction", "one")]
    assert checks_of(one, target("two", None, "open file")) == [("contradiction", "one")]
    assert checks_of(one, target("two", other, "open file", image="b.png")) == []
    assert checks_of(one, target("two", other, "open files")) == []
    three = [one, replace(one, id="two"), target("three", other, "open file")]
    assert [f.count for f in check_targets("s", three)] == [3]
