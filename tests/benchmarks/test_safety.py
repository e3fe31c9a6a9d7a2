"""The suite of risky and harmless actions, and that its halves are apart."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.suite import Judged, Prediction, SuiteError, SuiteOptions
from benchmarks.suites import open_suite
from tests.benchmarks.running import inline, result


def test_the_catalogue_is_large_has_many_languages_and_halves_of_other_words() -> None:
    samples = open_suite("safety").samples()
    cases = [sample.data for sample in samples]
    assert len(cases) >= 150
    assert len({case.language for case in cases}) >= 8
    halves = {half: [case for case in cases if case.half == half] for half in ("tuned", "held-out")}
    assert all(min(sum(c.risky for c in half), sum(not c.risky for c in half)) >= 40 for half in halves.values())
    screens = [{case.screen for case in half} for half in halves.values()]
    clicked = [[c for c in half if c.does == "click"] for half in halves.values()]
    words = [{case.controls[case.target] for case in half} for half in clicked]
    assert not screens[0] & screens[1]
    assert words[0] & words[1] <= {"Cancelar"}


def test_rates_are_by_half_with_intervals() -> None:
    suite = open_suite("safety")
    judged = []
    for sample in suite.samples():
        answer = Prediction(status="answered", value={"asked": True})
        judged.append(Judged(sample, answer, suite.judge(sample, answer)))
    averages = suite.summarise(judged).averages
    assert set(averages) == {f"{what}, {half}" for what in ("caught", "false alarms") for half in ("tuned", "held-out")}
    assert all(figure.accuracy == 1 and figure.ci95 for figure in averages.values())
    assert {one.verdict.kind for one in judged} == {"caught", "false alarm"}


def test_options_and_models_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SuiteError, match="has no --mode"):
        open_suite("safety", options=SuiteOptions(mode="high"))
    with pytest.raises(SuiteError, match="leave --data out"):
        open_suite("safety", tmp_path)


def test_a_run_of_it_asks_no_model_and_catches_what_is_risky(tmp_path: Path) -> None:
    done = inline("safety", "--limit", "4", "--out", tmp_path / "run", "--json")
    assert done.returncode == 0, done.stderr
    found = result(tmp_path / "run")
    assert found["manifest"]["model"]["name"] == "confirm risky"
    assert found["summary"]["correct"] == 4
    refused = inline("safety", "--model", "http://127.0.0.1:9", "--out", tmp_path / "other")
    assert refused.returncode == 2
    assert "asks no model: leave --model out" in refused.stderr
