"""The same result whatever the workers, the engine and the faults; what has no answer is never averaged away."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from actions.extras import install_command
from benchmarks.runner.schedule import Retries, Schedule
from benchmarks.runner.work import Attempt, AttemptResult
from benchmarks.suite import Prediction, Sample
from envs.processes import children
from tests.agent.scripted_server import Fault, ScriptedServer
from tests.benchmarks.running import answered, bench, inline, result, same, start
from tests.benchmarks.toy_server import faulty, steady
from tests.benchmarks.toy_suite import make_data

SAMPLES = 60


@pytest.fixture(scope="module")
def server() -> Iterator[ScriptedServer]:
    with steady() as found:
        yield found


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_data(tmp_path_factory.mktemp("toy"), SAMPLES)


@pytest.fixture(scope="module")
def calm(server: ScriptedServer, data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An undisturbed run with one worker."""
    out = tmp_path_factory.mktemp("calm") / "out"
    assert bench("toy", "--data", data, "--model", server.url, "--out", out).returncode == 0
    return out


def test_the_figures_are_those_of_the_answers(calm: Path) -> None:
    found = result(calm)
    rights = sum(n % 7 < 5 for n in range(SAMPLES))
    assert found["summary"]["correct"] == rights
    assert found["summary"]["kinds"] == {"correct": rights, "unreadable": SAMPLES // 7, "wrong": SAMPLES // 7}
    assert [one["id"] for one in found["verdicts"]] == [f"toy-{n:04}" for n in range(SAMPLES)]
    assert (found["complete"], found["errors"], found["run"]["retries"]["tries"]) == (True, [], 0)


@pytest.mark.parametrize("workers", [2, 4])
def test_many_workers_same_result(workers: int, server: ScriptedServer, data: Path, calm: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = inline("toy", "--data", data, "--model", server.url, "--out", out, "--workers", workers)
    assert done.returncode == 0, done.stderr
    assert same(out) == same(calm)


@pytest.mark.slow
def test_ray_same_result(server: ScriptedServer, data: Path, calm: Path, tmp_path: Path) -> None:
    pytest.importorskip("ray")
    out = tmp_path / "out"
    common = ["toy", "--data", data, "--model", server.url, "--out", out, "--workers", 2]
    done = bench(*common, "--engine", "ray", "--json", timeout=170)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["run"]["engine"] == "ray"
    assert same(out) == same(calm)


@pytest.mark.slow
def test_ray_worker_killed(tmp_path: Path) -> None:
    pytest.importorskip("ray")
    folder, out = make_data(tmp_path / "worker", 8, dies=[2], fails_once=[5]), tmp_path / "out"
    common = ["toy-process", "--data", folder, "--out", out, "--workers", 2, "--engine", "ray", "--json"]
    done = bench(*common, timeout=170)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["run"]["retries"]["samples"] == 2


def test_without_ray_one_line(data: Path, server: ScriptedServer, tmp_path: Path) -> None:
    (tmp_path / "ray.py").write_text("raise ImportError('no ray here')\n")
    done = bench("toy", "--data", data, "--model", server.url, "--engine", "ray", cwd=tmp_path)
    if "Ray" not in done.stderr:
        pytest.skip("an installed ray came before the one that is none")
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert install_command("bench") in done.stderr


def test_one_request_in_five_fails(data: Path, calm: Path, tmp_path: Path) -> None:
    """The endpoint tries again what a server may get over, the runner what the endpoint does not: both are counted."""
    faults = (Fault(status=500), Fault("garbage", body="<html>sorry</html>"), Fault("drop"), Fault(status=400))
    out = tmp_path / "out"
    with faulty(5, *faults) as server:
        done = inline("toy", "--data", data, "--model", server.url, "--out", out, "--workers", 4, "--json")
        asked = len(server.seen)
    assert done.returncode == 0, done.stderr
    assert same(out) == same(calm)
    retries = json.loads(done.stdout)["run"]["retries"]
    assert retries["tries"] >= retries["samples"] >= 3
    assert retries["requests"] >= 3
    counted = SAMPLES + retries["tries"] + retries["requests"]
    assert counted <= asked <= counted + retries["tries"]  # a try that failed may have been more than one request


def test_what_fails_for_good_is_listed_and_in_no_figure(data: Path, calm: Path, tmp_path: Path) -> None:
    """The second half of the suite meets a server that refuses; after it is mended the run can be completed."""
    out, whole = tmp_path / "out", result(calm)
    with steady() as server:
        well = server.script[0]
        assert callable(well)
        server.script = [lambda seen: Fault(status=400) if "target 7\n" in f"{seen.texts[-1]}\n" else well(seen)]
        common = ["toy", "--data", data, "--model", server.url, "--out", out, "--retries", 1]
        done = inline(*common, "--json")
        assert done.returncode == 1
        found = json.loads(done.stdout)
        assert [one["id"] for one in found["errors"]] == ["toy-0007"]
        assert "400" in found["errors"][0]["error"]
        assert (found["complete"], found["total"]) == (False, SAMPLES - 1)
        assert found["correct"] == whole["summary"]["correct"] - 1
        assert "incomplete: 1 of 60 samples have no answer and are in no figure" in done.stderr
        server.script = [well]
        assert inline(*common, "--resume").returncode == 0
    assert same(out) == same(calm)


def test_a_server_that_goes_away_ends_the_run(data: Path, tmp_path: Path) -> None:
    with steady() as server:
        well, seen = server.script[0], server.seen
        assert callable(well)
        server.script = [lambda one: well(one) if len(seen) <= 20 else Fault(status=403)]
        done = inline("toy", "--data", data, "--model", server.url, "--out", tmp_path / "out", "--workers", 2)
    assert done.returncode == 1
    assert "tries failed in a row" in done.stderr
    assert "--resume" in done.stderr
    assert len(answered(tmp_path / "out")) == 20
    assert result(tmp_path / "out")["summary"]["total"] == 20


# --- worker processes ----------------------------------------------------------------------------------------------


def test_a_worker_that_is_killed_costs_no_sample(tmp_path: Path) -> None:
    folder, out = make_data(tmp_path / "worker", 12, dies=[3, 8], fails_once=[5]), tmp_path / "out"
    done = inline("toy-process", "--data", folder, "--out", out, "--workers", 2, "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["correct"], found["total"], found["complete"]) == (12, 12, True)
    assert found["run"]["retries"] == {"samples": 3, "tries": 3, "requests": 0}
    failures = [json.loads(line)["error"] for line in (out / "failures.jsonl").read_text().splitlines()]
    assert sorted(failures) == [
        "the toy's server was away",
        "the worker process was killed by signal 9",
        "the worker process was killed by signal 9",
    ]


def test_a_fault_of_the_suite_is_an_error_at_once(tmp_path: Path) -> None:
    folder = make_data(tmp_path / "worker", 6, broken=[1], always_dies=[4])
    done = inline("toy-process", "--data", folder, "--out", tmp_path / "out", "--retries", 1, "--json")
    assert done.returncode == 1
    errors = {one["id"]: one["error"] for one in json.loads(done.stdout)["errors"]}
    assert errors == {
        "toy-0001": 'KeyError: "a fault of the suite\'s own"',
        "toy-0004": "the worker process ended with status 3",
    }
    tries = [json.loads(line)["id"] for line in (tmp_path / "out" / "failures.jsonl").read_text().splitlines()]
    assert sorted(tries) == ["toy-0001", "toy-0004", "toy-0004"]


def test_a_killed_runner_leaves_no_workers(tmp_path: Path) -> None:
    folder, out = make_data(tmp_path / "worker", 40, seconds=0.3), tmp_path / "out"
    process = start("toy-process", "--data", folder, "--out", out, "--workers", 2)
    deadline = time.monotonic() + 60
    while len(answered(out)) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    workers = children(process.pid)
    assert len(workers) >= 2
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    while any(Path(f"/proc/{pid}").exists() for pid in workers):
        assert time.monotonic() < deadline, "workers outlived their runner"
        time.sleep(0.01)


# --- the schedule --------------------------------------------------------------------------------------------------


class Hands:
    """An engine of one slot that fails as it is told to, and keeps the order."""

    slots = 1

    def __init__(self, fails: dict[int, int]) -> None:
        self.fails, self.order, self._job = fails, list[int](), list[Attempt]()

    def begin(self, attempt: Attempt) -> None:
        self._job.append(attempt)

    def finished(self, timeout: float) -> Sequence[AttemptResult]:
        attempt = self._job.pop()
        self.order.append(attempt.index)
        if attempt.number <= self.fails.get(attempt.index, 0):
            return [AttemptResult(attempt, error="away", transient=True)]
        return [AttemptResult(attempt, Prediction(status="refused"))]

    def close(self) -> None:
        pass


class Ears:
    def __init__(self) -> None:
        self.answered_ids, self.again = list[int](), list[bool]()

    def answered(self, result: AttemptResult) -> None:
        self.answered_ids.append(result.attempt.index)

    def failed(self, result: AttemptResult, again: bool) -> None:
        self.again.append(again)


def schedule(fails: dict[int, int], count: int = 6, **policy: Any) -> tuple[Schedule, Hands, Ears]:
    hands, ears = Hands(fails), Ears()
    attempts = [Attempt(n, Sample(str(n), "x")) for n in range(count)]
    found = Schedule(attempts, hands, Retries(first_pause=0.01, **policy), ears)
    found.run()
    return found, hands, ears


def test_a_failed_sample_waits_while_others_go_on() -> None:
    found, hands, ears = schedule({1: 2})
    assert hands.order[:3] == [0, 1, 2]
    assert sorted(ears.answered_ids) == list(range(6))
    assert (hands.order.count(1), found.errors, ears.again) == (3, [], [True, True])


def test_after_the_last_retry_it_is_an_error() -> None:
    found, hands, ears = schedule({1: 9}, times=2)
    assert [result.attempt.index for result in found.errors] == [1]
    assert (hands.order.count(1), ears.again) == (3, [True, True, False])


def test_nothing_works() -> None:
    found, hands, _ = schedule(dict.fromkeys(range(40), 9), count=40, in_a_row=5)
    assert found.gave_up == "5 tries failed in a row"
    assert len(hands.order) == 5


def test_pauses_double_and_are_bounded() -> None:
    pauses = [Retries().pause(attempt) for attempt in range(1, 12)]
    assert pauses[:4] == [0.5, 1, 2, 4]
    assert max(pauses) == 30
