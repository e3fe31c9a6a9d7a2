"""The system's clock is set back and forth while a run, its record or a benchmark is under way."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import httpx
import pytest

from actions.action import Finish, Wait
from agent.core.loop import Agent
from agent.core.policy import Allow
from agent.core.task import Ending, Limits, Task
from agent.episodes import EpisodeHeader, EpisodeWriter, read_episode
from agent.models.endpoints.http import retry_after
from agent.views.report import write_report
from tests.agent.fakes import FakeEnv, ListMemory, ScriptedModel
from tests.agent.scripted_server import Fault
from tests.benchmarks.running import inline, result, same
from tests.benchmarks.toy_server import faulty, steady
from tests.benchmarks.toy_suite import make_data
from tests.jumping_clock import HOUR, make_jump


@pytest.fixture(autouse=True)
def _jumping(monkeypatch: pytest.MonkeyPatch) -> None:
    make_jump(monkeypatch)


@pytest.mark.parametrize("killed", [False, True])
def test_a_record_has_its_times_in_order_and_its_true_length(tmp_path: Path, killed: bool) -> None:
    env, model, task = FakeEnv(), ScriptedModel([Wait(seconds=0)] * 8 + [Finish(status="success")]), Task("wait")
    with EpisodeWriter.create(tmp_path, EpisodeHeader.of(task, model, env)) as writer:
        walk = Agent(env, model, Allow(), writer).walk(task)
        for _ in range(8) if killed else walk:
            next(walk, None)
    episode = read_episode(tmp_path)
    times = [episode.header.started, *(step.time for step in episode.steps)]
    assert len(times) > 8
    assert all(before <= after for before, after in pairwise(times))
    assert times[-1] - times[0] < HOUR / 2
    assert 0 < episode.totals.seconds < HOUR / 2
    assert write_report(tmp_path).exists()


def test_a_limit_of_time_holds() -> None:
    model = ScriptedModel(Wait(seconds=0) for _ in iter(int, 1))
    result = Agent(FakeEnv(), model, Allow(), ListMemory()).run(Task("wait", Limits(steps=10**6, seconds=0.2)))
    assert result.ending is Ending.TIME_LIMIT
    assert len(result.steps) > 1
    assert 0.2 <= result.seconds < HOUR / 2


def test_a_benchmark_is_answered_retried_and_resumed(tmp_path: Path) -> None:
    data = make_data(tmp_path / "data", 20)
    for name, server in (("calm", steady()), ("faulty", faulty(9, Fault(status=500)))):
        with server:
            command = ["toy", "--data", data, "--model", server.url, "--workers", 2, "--out", tmp_path / name]
            assert inline(*command).returncode == 0
    assert same(tmp_path / "faulty") == same(tmp_path / "calm")
    assert 0 < result(tmp_path / "calm")["run"]["last_sitting"]["seconds"] < HOUR / 2


def test_an_interrupted_benchmark_is_resumed_before_one_that_was_finished_at_a_later_hour(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    data = make_data(tmp_path / "data", 4)
    with steady() as server:
        command = ["toy", "--data", data, "--model", server.url]
        assert inline(*command).returncode == 0
        (finished,) = (tmp_path / "runs").iterdir()
        other = finished.with_name(finished.name.replace("bench-2", "bench-1"))
        other.mkdir()
        (other / "manifest.json").write_bytes((finished / "manifest.json").read_bytes())
        assert inline(*command, "--resume").returncode == 0
    assert same(other) == same(finished)


def test_a_server_counts_with_its_own_clock() -> None:
    clocks = {"date": "Sun, 29 Nov 2026 10:00:00 GMT", "retry-after": "Sun, 29 Nov 2026 10:00:07 GMT"}
    assert retry_after(httpx.Response(503, headers=clocks)) == 7
    del clocks["date"]
    assert retry_after(httpx.Response(503, headers=clocks)) is not None
