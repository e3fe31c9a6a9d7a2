"""The episodes that a run of an interactive suite keeps, and the way to them from its page."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.core.errors import UserError
from agent.core.model import Model
from agent.episodes import read_episode
from agent.models.spec import ModelSpec
from agent.views.site.catalog import Catalog
from agent.views.site.server import SiteServer
from benchmarks.baselines import baseline
from benchmarks.keeping import KeepMode, episode_path, keeping, kept_in
from benchmarks.page import write_page
from benchmarks.page.site import BenchmarkResults
from benchmarks.runner.plan import RunPlan
from benchmarks.runner.result import read_result
from benchmarks.runner.run import ExecutionOptions, FinishedRun, run_plan
from benchmarks.suite import Sample, SuiteOptions
from benchmarks.suites import SUITES, Entry
from tests.agent.views.site.visitor import Visitor
from tests.benchmarks import toy_suite
from tests.benchmarks.lamp_suite import LampReader, LampSuite

SEEDS = 6
"""Of a lamp each; the reader misses those in the left third."""


@pytest.fixture(autouse=True)
def lamps(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    opener = "tests.benchmarks.lamp_suite:open_lamps"
    monkeypatch.setitem(SUITES, "lamps", Entry("interactive", "lamps", opener, False))
    yield
    assert kept_in() is None


def lit(out: Path, keep: KeepMode | None, **more: object) -> FinishedRun:
    model = ModelSpec("tests.benchmarks.lamp_suite:LampReader")
    plan = RunPlan("lamps", model, options=SuiteOptions(seeds=SEEDS, tasks=("lamp",)))
    return run_plan(plan, ExecutionOptions(out=out, keep=keep, **more))  # type: ignore[arg-type]


def test_failed_episodes_are_kept_and_change_no_figure(tmp_path: Path) -> None:
    runs = {keep: lit(tmp_path / str(keep), keep).result for keep in (None, "all", "none")}
    assert len({run.digest for run in runs.values()}) == 1
    failed = {one["id"] for one in runs[None].verdicts if not one["correct"]}
    assert 0 < len(failed) < SEEDS
    assert {keep: {*run.episodes} for keep, run in runs.items()} == {
        None: failed,
        "all": {one["id"] for one in runs["all"].verdicts},
        "none": set(),
    }
    for name, path in runs[None].episodes.items():
        episode = read_episode(tmp_path / "None" / path)
        assert not episode.problems
        assert len(episode.steps) == next(o["value"]["steps"] for o in runs[None].verdicts if o["id"] == name)
    assert len([*(tmp_path / "None" / "episodes").iterdir()]) == len(failed)


def test_what_was_left_of_a_killed_attempt_is_written_again(tmp_path: Path) -> None:
    place = tmp_path / "run" / episode_path("lamp/0")
    place.mkdir(parents=True)
    (place / "episode.json").write_text("{")
    done = lit(tmp_path / "run", "all")
    assert read_episode(tmp_path / "run" / done.result.episodes["lamp/0"]).ending


class OracleSuite(LampSuite):
    """The lamps, with an oracle."""

    def oracle(self, sample: Sample) -> Model:
        return LampReader()


def test_of_a_blind_replay_only_the_replay_is_kept(tmp_path: Path) -> None:
    suite = OracleSuite(SuiteOptions(seeds=2, tasks=("lamp",)))
    first = suite.samples()[0]
    with keeping(tmp_path / "episode"):
        suite.answer(first, baseline("blind-replay", suite)(first))
    assert len(suite.worlds) == 2
    episode = read_episode(tmp_path / "episode")
    assert (episode.header.model, episode.problems) == ("baseline:blind-replay", ())


def test_keep_is_refused_where_it_has_no_effect(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="ray"):
        lit(tmp_path / "a", "all", engine="ray")
    toy_suite.register()
    plan = RunPlan("toy", ModelSpec("builtin"), toy_suite.make_data(tmp_path / "data", 1))
    with pytest.raises(UserError, match="--keep has no effect on toy"):
        run_plan(plan, ExecutionOptions(out=tmp_path / "b", keep="failed"))


def test_one_click_from_a_failed_sample_to_its_episode(tmp_path: Path) -> None:
    done = lit(tmp_path / "runs" / "lamps", "failed")
    for out in (None, tmp_path / "elsewhere" / "page.html"):
        page = write_page([done.folder], out)
        links = re.findall(r'href="([^"]*episodes/[^"]*)"', page.read_text())
        assert {(page.parent / link).resolve() for link in links} == {
            (done.folder / path).resolve() for path in done.result.episodes.values()
        }
    server = SiteServer(Catalog(tmp_path / "runs", BenchmarkResults()))
    try:
        visitor = Visitor(server).enter()
        index = visitor.text()
        assert "lamps: lamp-reader" in index
        assert f"{done.result.summary['total']} samples" in index
        assert index.count("of lamps") == len(done.result.episodes)
        result = visitor.text("at/runs/lamps/")
        link = re.findall(r'href="(episodes/[^"]*/)"', result)[0]
        assert "handeye-step" in visitor.text(f"at/runs/lamps/{link}")
        (done.folder / "result.json").write_text("{}")
        assert "is not a result of handeye bench" in visitor.text()
        (done.folder / "result.json").unlink()
        assert f"({SEEDS} answers kept)" in visitor.text()
    finally:
        server.close()


def test_a_result_leads_nowhere_else(tmp_path: Path) -> None:
    done = lit(tmp_path / "run", "failed")
    data = json.loads(done.path.read_text())
    data["episodes"] = {"lamp/0": "../../etc", "lamp/1": "javascript:alert(1)", "lamp/2": episode_path("lamp/2")}
    done.path.write_text(json.dumps(data))
    assert read_result(done.folder).episodes == {"lamp/2": episode_path("lamp/2")}
