"""``handeye bench lmms``: lmms-eval's own files become results of ours; the whole with the real one where it is."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.lmms.results import FAILED, read_tasks, result_of, score_of, summary_of
from benchmarks.lmms.running import VARIABLE, LmmsEnvironment, LmmsRun
from tests.agent.scripted_server import Fault, ScriptedServer, Seen
from tests.benchmarks.hub_stand_in import Hub
from tests.benchmarks.lmms_data import TASKS, repositories
from tests.benchmarks.running import inline

REAL = os.environ.get(VARIABLE)
"""The Python of an environment with lmms-eval; the tests that run it are skipped without one."""


def written(folder: Path, tasks: dict[str, tuple[str, float, list[Any]]], groups: dict[str, list[str]]) -> Path:
    """Files as lmms-eval 0.7.3 writes them: for each task its metric, figure, and what its samples have for it."""
    there = folder / "model"
    there.mkdir(parents=True)
    results: dict[str, Any] = {
        "results": {name: {"alias": name, f"{metric},none": value} for name, (metric, value, _) in tasks.items()},
        "configs": {name: {"metric_list": [{"metric": metric}]} for name, (metric, _, _) in tasks.items()},
        "group_subtasks": groups,
        "versions": dict.fromkeys(tasks, 0.0),
        "config": {"model_args": "model_version=m,max_frames_num=8", "model_backend": "openai (chat)"},
    }
    (there / "20261130_060824_results.json").write_text(json.dumps(results))
    for name, (metric, _, scored) in tasks.items():
        lines = [
            {"doc_id": n, "target": "B", "filtered_resps": one if isinstance(one, str) else "B", "input": f"q{n}",
             metric: one}
            for n, one in enumerate(scored)
        ]  # fmt: skip
        (there / f"20261130_060824_samples_{name}.jsonl").write_text("".join(json.dumps(one) + "\n" for one in lines))
    return folder


FORMS = {
    "a number": (0.75, 0.75),
    "mvbench": ({"pred_answer": "B", "gt_answer": "B", "score": 1}, 1),
    "mmmu": ({"parsed_pred": ["B"], "answer": "B", "question_type": "multiple-choice"}, 1),
    "mmmu, wrong": ({"parsed_pred": ["C"], "answer": "B", "question_type": "multiple-choice"}, 0),
    "mmmu, open": ({"parsed_pred": ["3", 3.0], "answer": "3", "question_type": "open"}, None),
    "mathvista": ({"true_false": False, "prediction": "4"}, 0),
    "mathvision": ({"response": ["4"], "scores": [True]}, 1),
    "egoschema": ({"pred": 2, "ground_truth": "2"}, 1),
    "mlvu": ({"pred_answer": "A", "answer": "B", "task_type": "count"}, 0),
    "perceptiontest": ({"correct": 1}, 1),
    "something else": ({"answer": "B"}, None),
}


@pytest.mark.parametrize("name", FORMS)
def test_what_a_sample_counts_for(name: str) -> None:
    kept, score = FORMS[name]
    assert score_of(kept) == score


def test_a_figure_that_is_the_mean_of_its_samples_gets_an_interval_in_parts_or_percent(tmp_path: Path) -> None:
    ego = [{"pred": n % 4 == 0, "ground_truth": True} for n in range(20)]
    tasks = {"docvqa_val": ("anls", 0.5, [1.0, 0.5, 0.0]), "ego": ("score", 25.0, ego)}
    parts, groups = {}, {"both": ["docvqa_val", "ego"]}
    found, record = read_tasks(written(tmp_path, tasks, groups))
    for task in found:
        parts[task.name] = result_of(task, {"limit": None}, record, {}).summary
    assert parts["ego"]["accuracy"] == 0.25
    assert parts["ego"]["interval"] == "Wilson"
    assert 0.1 < parts["ego"]["ci95"][0] < 0.25 < parts["ego"]["ci95"][1] < 0.5
    assert parts["docvqa_val"]["accuracy"] == 0.5
    assert "bootstrap" in parts["docvqa_val"]["interval"]
    assert set(parts["both"]["tables"]["task"]) == {"docvqa_val", "ego"}


def test_a_figure_that_is_none_stays_lmms_evals_own_without_an_interval(tmp_path: Path) -> None:
    mlvu = [{"pred_answer": "A", "answer": "A" if n else "B", "task_type": "count"} for n in range(4)]
    found, record = read_tasks(written(tmp_path, {"mlvu_dev": ("m", 40.0, mlvu)}, {}))
    summary = result_of(found[0], {}, record, {}).summary
    assert (summary["accuracy"], summary["ci95"], summary["micro"]) == (0.4, None, 0.75)
    assert "no mean of its samples (75.0 %)" in " ".join(summary["notes"])


def test_a_request_that_failed_is_in_no_figure(tmp_path: Path) -> None:
    scored: list[Any] = [1.0, 1.0, 0.0, f"{FAILED} after 5 retries] connection error"]
    found, record = read_tasks(written(tmp_path, {"docvqa_val": ("anls", 0.5, scored)}, {}))
    result = result_of(found[0], {}, record, {})
    assert not result.complete
    assert [one["id"] for one in result.errors] == ["docvqa_val/3"]
    assert result.summary["total"] == 3
    assert result.summary["accuracy"] == pytest.approx(2 / 3)
    lost = [f"{FAILED} after 5 retries] gone"]
    found, _ = read_tasks(written(tmp_path / "lost", {"docvqa_val": ("anls", 0.0, lost)}, {}))
    assert summary_of(found[0], [], True).accuracy is None


def test_the_key_is_not_on_the_command_line(tmp_path: Path) -> None:
    run = LmmsRun(("a", "b"), "http://127.0.0.1:1/v1", "m", "secret", 2, 8, 5)
    command = run.command(LmmsEnvironment("python", "0.7", True), tmp_path)
    assert "a,b" in command
    assert "--force_simple" in command
    assert not any("secret" in word for word in command)


MISTAKES = {
    "no model": (["mmmu_val"], "--model URL"),
    "two models": (["mmmu_val", "--model", "http://127.0.0.1:9", "--serve", "x/y"], "--model URL"),
    "no lmms-eval": (["mmmu_val", "--model", "http://127.0.0.1:9", "--lmms", sys.executable], "has no lmms-eval"),
    "no Python": (["mmmu_val", "--model", "http://127.0.0.1:9", "--lmms", "nowhere"], "no Python that runs"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_one_line(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments, words = MISTAKES[name]
    monkeypatch.chdir(tmp_path)
    done = inline("lmms", *arguments)
    assert done.returncode == 2
    assert words in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_the_rows_of_the_card_are_listed_with_their_figures() -> None:
    told = {one["benchmark"]: one["card"] for one in json.loads(inline("lmms", "--json").stdout)["tasks"]}
    assert (told["MMMU"], told["PerceptionTest"], len(told)) == (53.1, 66.9, 11)
    assert None not in told.values()


def answer(seen: Seen) -> str | Fault:
    """Right for three documents of four, B for every choice."""
    text = seen.texts[-1]
    return text.partition("on page ")[2][:1].replace("3", "7") if "on page" in text else "B"


@pytest.mark.slow
@pytest.mark.skipif(not REAL, reason=f"{VARIABLE} names no Python with lmms-eval")
def test_two_image_tasks_and_a_video_task_end_with_a_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The real lmms-eval with its own tasks; the data sets from a stand-in of the hub, the model a scripted server."""
    with Hub(repositories()) as hub, ScriptedServer([answer]) as server:
        monkeypatch.setenv("HF_ENDPOINT", hub.address)
        monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
        monkeypatch.setenv("HF_TOKEN", "hf_of_the_stand_in")
        done = inline("lmms", *TASKS, "--model", server.url, "--out", tmp_path / "out", "--frames", 4, "--json")
        videos = [seen for seen in server.seen if "Where does it go?" in str(seen.body)]
    assert done.returncode == 0, done.stderr
    told = {one["task"]: one for one in json.loads(done.stdout)["results"]}
    assert {name: (one["accuracy"], one["total"]) for name, one in told.items()} == {
        "docvqa_val": (0.75, 4), "mmmu_val": (1.0, 4), "mvbench_action_antonym": (1.0, 2)
    }  # fmt: skip
    assert all(one["ci95"] for one in told.values())
    assert (told["mmmu_val"]["card"], told["docvqa_val"]["card"]) == (53.1, 93.9)
    for name in TASKS:
        page = (tmp_path / "out" / name / "report.html").read_text()
        assert name in page
    frames = [part for part in videos[0].body["messages"][-1]["content"] if part["type"] == "image_url"]
    assert len(frames) >= 4
    with Hub(repositories()) as hub, ScriptedServer([Fault(status=400, body="no")]) as server:
        monkeypatch.setenv("HF_ENDPOINT", hub.address)
        shutil.rmtree(tmp_path / "hf")
        lost = inline("lmms", "docvqa_val", "--model", server.url, "--out", tmp_path / "lost", "--limit", 2)
    assert lost.returncode == 1
    assert "2 of 2 samples have no answer" in lost.stderr
    assert "undefined" in lost.stdout
    unknown = inline("lmms", "no_such_task", "--model", server.url, "--out", tmp_path / "x")
    assert unknown.returncode == 2
