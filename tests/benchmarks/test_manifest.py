"""What a result says about how it was made, and a run made again from it."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.frame import Frame
from agent.core.model import ModelError, ParseError
from agent.models.spec import PLANS_FIRST, ModelSpec
from benchmarks.runner.compare import check_reproduction
from benchmarks.runner.manifest import differences, server_version
from benchmarks.runner.model_pool import open_models
from benchmarks.runner.plan import RunPlan
from benchmarks.runner.result import read_result
from benchmarks.suite import SuiteError, SuiteOptions
from envs.env import Observation
from tests.agent.scripted_server import ScriptedServer, computer
from tests.benchmarks.running import bench, inline, result
from tests.benchmarks.toy_server import steady
from tests.benchmarks.toy_suite import make_data


@pytest.fixture(scope="module")
def server() -> Iterator[ScriptedServer]:
    with steady() as found:
        yield found


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_data(tmp_path_factory.mktemp("toy"), 20)


@pytest.fixture(scope="module")
def first(server: ScriptedServer, data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("first") / "out"
    assert bench("toy", "--data", data, "--model", server.url, "--out", out).returncode == 0
    return out


@dataclasses.dataclass
class _Asks:
    """What a suite asks of a model."""

    kind: str
    platform: str = "desktop"


@pytest.mark.parametrize(("kind", "temperature"), [("interactive", 0.01), ("grounding", 0.0)])
def test_the_manifest_says_how_answers_are_drawn(server: ScriptedServer, kind: str, temperature: float) -> None:
    pool = open_models(RunPlan("toy", ModelSpec(server.url, dialect="evocua")), _Asks(kind))  # type: ignore[arg-type]
    assert pool.identity["sampling"]["temperature"] == temperature


def test_a_planner_rewrites_the_instructions_of_a_grounding_suite_and_both_models_are_in_the_manifest() -> None:
    answers = [
        json.dumps({"thought": "", "action": "click", "on": "the Save button"}),
        json.dumps({"thought": "", "action": "click", "on": "the Frob button"}),
        json.dumps({"thought": "", "action": "finish", "status": "success"}),
        "the Save button, I think",
    ]
    screen = Observation(np.full((80, 128, 3), 120, np.uint8), Frame(id="0", width=128, height=80))
    there = [computer("left_click", coordinate=[28, 28]), computer("terminate", status="failure")]
    with (
        ScriptedServer(answers, names=("plans-in-words",)) as planner,
        ScriptedServer(there, names=("Qwen2.5-VL-7B-Instruct",)) as points,
    ):
        spec = ModelSpec(planner.url, grounder=points.url)
        pool = open_models(RunPlan("screenspot", spec), _Asks("grounding"))  # type: ignore[arg-type]
        model = pool.of(None)  # type: ignore[arg-type]
        found = model.locate(screen, "keep my work")
        assert found.point is not None
        assert abs(found.point.x - 28 * 128 / 140) < 1
        assert "'the Save button' by" in found.reason
        assert any("keep my work" in text for text in planner.seen[0].texts)
        assert any("the Save button" in text for text in points.seen[0].texts)
        assert not any("keep my work" in text for text in points.seen[0].texts)
        assert [model.locate(screen, "x").refused for _ in range(2)] == [True, True]
        with pytest.raises(ParseError):
            model.locate(screen, "x")
        acting = open_models(RunPlan("toy", spec), _Asks("interactive")).identity  # type: ignore[arg-type]
        with pytest.raises(ModelError, match="add --each-step"):
            open_models(RunPlan("screenspot", ModelSpec(planner.url, dialect=PLANS_FIRST)), _Asks("grounding"))  # type: ignore[arg-type]
    for identity in (pool.identity, acting):
        assert identity["name"] == "plans-in-words+Qwen2.5-VL-7B-Instruct"
        assert identity["dialect"] == "planner"
        assert identity["grounder"]["dialect"] == "qwen2.5-vl"
        assert identity["grounder"]["prompt_hash"]


def test_the_manifest_explains_the_figure(first: Path, server: ScriptedServer, data: Path) -> None:
    manifest = result(first)["manifest"]
    assert manifest["suite"] == "toy"
    assert len(manifest["protocol"]["data"]) == 64
    assert manifest["model"]["name"] == "scripted-stand-in-for-qwen2.5-vl"
    assert manifest["model"]["dialect"] == "qwen2.5-vl"
    assert len(manifest["model"]["prompt_hash"]) == 16
    assert manifest["model"]["resize"]["factor"] == 28
    assert manifest["server"]["address"] == server.url
    assert {"kind", "version"} <= manifest["server"].keys()
    assert manifest["options"]["seed"] == 0
    assert manifest["handeye"]["version"]
    around = manifest["environment"]
    assert around["python"].startswith("3.")
    assert around["cores"] >= 1
    assert around["libraries"]["numpy"]
    assert {"os", "cpu", "gpu", "memory_gb"} <= around.keys()
    assert manifest["command"][:3] == ["handeye", "bench", "toy"]
    assert manifest == json.loads((first / "manifest.json").read_text())


def test_it_reproduces(first: Path, tmp_path: Path) -> None:
    again = inline("reproduce", first / "result.json", "--out", tmp_path / "again", "--workers", 3)
    assert again.returncode == 0, again.stderr
    assert again.stdout.startswith("Reproduced: all 20 verdicts are the same (answers and verdicts are the same to the")
    assert result(tmp_path / "again")["digest"] == result(first)["digest"]


def test_a_model_that_changed_its_mind_does_not(first: Path, tmp_path: Path) -> None:
    with steady() as other:
        other.script = [computer("left_click", coordinate=[1, 1])]
        again = inline("reproduce", first, "--model", other.url, "--out", tmp_path / "again", "--json")
    assert again.returncode == 1
    found = json.loads(again.stdout)
    assert not found["reproduced"]
    assert found["sentence"].startswith("Not reproduced: 17 of 20 verdicts differ; 0/20 correct")
    assert (len(found["changed"]), found["accuracy"], found["accuracy_before"]) == (17, 0.0, 0.75)


@pytest.mark.parametrize("what", ["data", "model", "nothing"])
def test_another_run_is_refused_before_anything_is_asked(
    what: str, first: Path, data: Path, server: ScriptedServer, tmp_path: Path
) -> None:
    other = make_data(tmp_path / "other", 21)
    (tmp_path / "none.json").write_text('{"format": "handeye-bench-result", "version": 1}')
    words = {"data": "protocol.data was", "model": "model.name was", "nothing": "no whole result"}
    with ScriptedServer(["no"], names=("qwen3-vl-8b",)) as wrong:
        given = {"data": [first, "--data", other], "model": [first, "--model", wrong.url]}
        done = inline("reproduce", *given.get(what, [tmp_path / "none.json"]), "--out", tmp_path / "again")
        assert wrong.seen == []
    assert (done.returncode, len(done.stderr.strip().splitlines())) == (2, 1), done.stderr
    assert words[what] in done.stderr
    assert not (tmp_path / "again").exists()


def test_other_versions_are_named(first: Path, tmp_path: Path) -> None:
    older = result(first)
    older["manifest"]["environment"]["libraries"]["numpy"] = "1.0"
    path = tmp_path / "older.json"
    path.write_text(json.dumps(older))
    done = inline("reproduce", path, "--out", tmp_path / "again")
    assert done.returncode == 0
    assert "note: environment.libraries.numpy was 1.0, now " in done.stderr


def test_two_runs_compared(first: Path, data: Path, tmp_path: Path) -> None:
    with steady() as other:
        other.script = [computer("left_click", coordinate=[1, 1])]
        inline("toy", "--data", data, "--model", other.url, "--out", tmp_path / "bad")
    done = inline("compare", first, tmp_path / "bad", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["pairs"], found["only_a"], found["only_b"], found["differ"]) == (20, 15, 0, True)
    assert found["difference"]["value"] == -0.75
    told = inline("compare", first, tmp_path / "bad" / "result.json")
    assert found["sentence"] in told.stdout


def test_results_of_other_protocols_are_not_compared(first: Path, tmp_path: Path) -> None:
    other = result(first)
    other["manifest"]["protocol"]["mode"] = "high"
    (tmp_path / "result.json").write_text(json.dumps(other))
    refused = inline("compare", first, tmp_path)
    assert refused.returncode == 2
    assert "not comparable: protocol.mode was None, now high" in refused.stderr
    assert "warning: protocol.mode" in inline("compare", first, tmp_path, "--force").stdout


def test_an_incomplete_run_has_not_reproduced(first: Path) -> None:
    whole = read_result(first)
    assert check_reproduction(whole, whole).reproduced
    part = dataclasses.replace(whole, verdicts=whole.verdicts[1:], errors=[{"id": "toy-0000", "error": "away"}])
    found = check_reproduction(whole, part)
    assert (found.reproduced, found.missing) == (False, ("toy-0000",))
    assert "1 sample without an answer now" in found.sentence


def test_the_version_of_a_server() -> None:
    assert server_version({"kind": "unknown", "address": "http://127.0.0.1:9/v1"}) is None
    assert server_version({"kind": "vllm", "address": "http://127.0.0.1:9/v1"}) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.sampled_from(["suite", "model", "protocol"]), JSON, min_size=1)


@given(OBJECTS, OBJECTS)
def test_differences_are_found_if_and_only_if_there_are_any(a: dict[str, Any], b: dict[str, Any]) -> None:
    names = ["suite", "model", "protocol"]
    assert differences(a, json.loads(json.dumps(a)), names) == []
    same = all(json.dumps(a.get(n), sort_keys=True) == json.dumps(b.get(n), sort_keys=True) for n in names)
    if same:
        assert differences(a, b, names) == []


@given(
    st.builds(
        SuiteOptions,
        mode=st.none() | st.text(),
        seeds=st.none() | st.integers(1, 9),
        zoom=st.booleans(),
        max_steps=st.none() | st.integers(1, 9),
        tasks=st.lists(st.text(min_size=1)).map(tuple),
    ),
    st.none() | st.integers(1, 9),
)
def test_a_plan_comes_back_as_it_went(options: SuiteOptions, limit: int | None) -> None:
    plan = RunPlan("jsonl", ModelSpec("http://127.0.0.1:1", "m", profile=Path("p.json")), Path("/data"), options, limit)
    assert RunPlan.from_json(json.loads(json.dumps(plan.to_json()))) == plan


def test_no_plan_is_said_in_one_line() -> None:
    with pytest.raises(SuiteError, match="no usable 'plan'"):
        RunPlan.from_json({"suite": "jsonl"})
