"""``--log-to``: results in other tools, each through its real library, and what is said where it is missing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.runner.result import read_result
from benchmarks.tracking.figures import facts, numbers
from benchmarks.tracking.names import TrackerName
from benchmarks.tracking.trackers import log_result
from tests.benchmarks.running import inline
from tests.benchmarks.toy_suite import make_data
from tests.waiting import until


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run: nine samples, the middle of the screen hits some."""
    there = tmp_path_factory.mktemp("tracked")
    data = make_data(there / "data", 9)
    done = inline("toy", "--data", data, "-m", "baseline:centre", "--out", there / "out")
    assert done.returncode == 0, done.stderr
    return there / "out"


def test_every_figure_has_a_name(folder: Path) -> None:
    result = read_result(folder)
    found = numbers(result)
    assert found["accuracy"] == result.summary["accuracy"]
    assert found["ci95_low"] <= found["accuracy"] <= found["ci95_high"]
    assert found["total"] == 9
    assert any(name.startswith("by ") for name in found)
    assert facts(result)["model.name"] == "baseline:centre"


def test_a_library_that_is_missing_is_one_line_before_anything_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmarks.tracking.trackers.find_spec", lambda name: None)
    data = make_data(tmp_path / "data", 2)
    done = inline("toy", "--data", data, "-m", "baseline:centre", "--out", tmp_path / "out", "--log-to", "wandb",
                  "--log-to", "inspect")  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.strip().endswith("pip install wandb inspect-ai")
    assert not (tmp_path / "out").exists()
    assert "--log-to" in inline("toy", "--log-to", "paper").stderr


def test_a_tracker_that_fails_costs_neither_the_result_nor_the_others(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import benchmarks.tracking.trackers as trackers

    def broken(*_: Any) -> str:
        raise RuntimeError("the disk\nis full")

    monkeypatch.setitem(trackers._LOGGERS, TrackerName.wandb, broken)
    monkeypatch.setitem(trackers._LOGGERS, TrackerName.mlflow, lambda *_: "there")
    done, failed = log_result([TrackerName.wandb, TrackerName.mlflow], read_result(folder), folder)
    assert done == ["mlflow there"]
    assert failed == ["not logged to wandb: RuntimeError: the disk is full"]


def test_tensorboard(tmp_path: Path) -> None:
    pytest.importorskip("tensorboardX")
    from tensorboardX.proto.event_pb2 import Event
    from tensorboardX.record_writer import masked_crc32c

    data = make_data(tmp_path / "data", 4)
    done = inline("toy", "--data", data, "-m", "baseline:centre", "--out", tmp_path / "out", "--log-to", "tensorboard",
                  "--json")  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    (file,) = (tmp_path / "out" / "tensorboard").glob("events*")
    assert str(file.parent) in done.stderr
    content, found = file.read_bytes(), {}
    while content:
        size = int.from_bytes(content[:8], "little")
        record = content[12 : 12 + size]
        assert int.from_bytes(content[12 + size : 16 + size], "little") == masked_crc32c(record)
        found |= {value.tag: value.simple_value for value in Event.FromString(record).summary.value}
        content = content[16 + size :]
    assert found["accuracy"] == pytest.approx(told["accuracy"])
    assert found["total"] == 4


def test_inspects_log_is_read_back_by_inspect(folder: Path, tmp_path: Path) -> None:
    pytest.importorskip("inspect_ai")
    from inspect_ai.log import read_eval_log

    result = read_result(folder)
    done, failed = log_result([TrackerName.inspect], result, tmp_path)
    assert not failed
    log = read_eval_log(done[0].removeprefix("inspect "))
    assert log.status == "success"
    assert log.eval.model == "baseline:centre"
    assert log.results is not None
    assert log.results.scores[0].metrics["accuracy"].value == result.summary["accuracy"]
    assert log.samples is not None
    assert [one.id for one in log.samples] == [one["id"] for one in result.verdicts]
    right = [one.scores["handeye"].value == "C" for one in log.samples if one.scores]
    assert right == [one["correct"] for one in result.verdicts]


def test_mlflow(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mlflow = pytest.importorskip("mlflow")
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path}/mlflow.db")
    monkeypatch.chdir(tmp_path)
    result = read_result(folder)
    done, failed = log_result([TrackerName.mlflow], result, folder)
    assert not failed
    run = mlflow.get_run(done[0].rpartition(" ")[2])
    assert run.data.metrics["accuracy"] == result.summary["accuracy"]
    assert run.data.params["model.name"] == "baseline:centre"
    kept = {file.path for file in mlflow.MlflowClient().list_artifacts(run.info.run_id)}
    assert kept == {"result.json", "report.html"}


def test_wandb_offline(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("wandb")
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_SILENT", "true")
    result = read_result(folder)
    done, failed = log_result([TrackerName.wandb], result, tmp_path)
    assert not failed
    assert done[0].startswith("wandb ")
    (kept,) = tmp_path.glob("wandb/offline-run-*/run-*.wandb")
    until(lambda: b"baseline:centre" in kept.read_bytes())  # its own process writes it
