"""Figures over judged samples, worked by hand."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.figures.statistics import mean_of_proportions, wilson
from benchmarks.figures.summary import summarise
from benchmarks.suite import Judged, Prediction, Sample, SampleVerdict


def judged(right: bool, scores: dict[str, float] | None = None, kind: str = "", **groups: str) -> Judged:
    sample = Sample("x", "tap", {name: tuple(value.split("|")) for name, value in groups.items()})
    verdict = SampleVerdict(correct=right, kind=kind or ("correct" if right else "wrong"), scores=scores or {})
    return Judged(sample, Prediction(status="answered"), verdict)


def cell(right: int, total: int, label: str) -> list[Judged]:
    return [judged(n < right, cell=label) for n in range(total)]


def test_micro_weighs_samples_and_macro_cells() -> None:
    summary = summarise(cell(9, 10, "web") + cell(1, 2, "mobile"), macro_over="cell")
    assert (summary.correct, summary.total) == (10, 12)
    assert summary.micro == summary.accuracy == pytest.approx(10 / 12)
    assert summary.macro == pytest.approx((0.9 + 0.5) / 2)
    assert summary.ci95 == wilson(10, 12)
    assert summary.macro_ci95 == mean_of_proportions([(9, 10), (1, 2)]).ci95  # type: ignore[union-attr]
    assert list(summary.tables["cell"]) == ["web", "mobile"]
    assert summary.tables["cell"]["web"].ci95 == wilson(9, 10)
    assert summary.notes == ()


def test_macro_headline_has_the_interval_of_the_mean_of_its_cells() -> None:
    summary = summarise(cell(9, 10, "web") + cell(1, 2, "mobile"), macro_over="cell", headline="macro")
    assert summary.accuracy == pytest.approx(0.7)
    expected = mean_of_proportions([(9, 10), (1, 2)])
    assert summary.ci95 == expected.ci95  # type: ignore[union-attr]
    assert summary.interval != "Wilson"


def test_several_labels_count_in_each_of_their_cells_once() -> None:
    summary = summarise(
        [judged(True, ability="text|icon"), judged(False, ability="icon|icon")], macro_over="ability", headline="macro"
    )
    cells = summary.tables["ability"]
    assert (cells["text"].correct, cells["text"].total) == (1, 1)
    assert (cells["icon"].correct, cells["icon"].total) == (1, 2)
    assert summary.macro == pytest.approx(0.75)
    assert summary.ci95 is None
    assert "several cells" in summary.notes[0]


def test_nothing_judged_is_undefined_and_says_so() -> None:
    summary = summarise([], macro_over="cell")
    assert (summary.accuracy, summary.ci95, summary.micro, summary.macro) == (None, None, None, None)
    assert "no sample" in summary.notes[0]


def test_a_group_without_labels_leaves_macro_undefined() -> None:
    summary = summarise([judged(True)], macro_over="cell")
    assert (summary.micro, summary.macro) == (1.0, None)
    assert "macro is undefined" in summary.notes[0]


def test_scores_are_averaged_over_those_that_have_them() -> None:
    rows = [judged(True, {"type": 1, "place": 0.5}), judged(False, {"type": 0}), judged(True, {"type": 1})]
    averages = summarise(rows).averages
    assert (averages["type"].correct, averages["type"].total) == (2, 3)
    assert averages["type"].ci95 == wilson(2, 3)
    assert (averages["place"].accuracy, averages["place"].ci95) == (0.5, None)


def test_refusals_kinds_and_hidden_tables() -> None:
    rows = [judged(True, kind="correct", app="a"), judged(False, kind="refused", app="b"), judged(False, app="a")]
    summary = summarise(rows, is_refusal=lambda sample: sample.groups["app"] == ("b",), hidden=("app",))
    assert summary.refusals == 1
    assert summary.kinds == {"correct": 1, "refused": 1, "wrong": 1}
    assert summary.tables == {}


def test_own_score_and_interval() -> None:
    def halves(rows: Sequence[Judged]) -> tuple[float, float]:
        return 0.25, 0.75

    rows = [judged(True, {"success": 0.5}), judged(True, {"success": 1.0})]
    summary = summarise(rows, score=lambda j: j.verdict.scores["success"], interval=halves, interval_name="mine")
    assert (summary.correct, summary.accuracy, summary.ci95, summary.interval) == (1.5, 0.75, (0.25, 0.75), "mine")


def test_unknown_headline_is_refused() -> None:
    with pytest.raises(ValueError, match="headline"):
        summarise([], headline="best")


@given(st.lists(st.tuples(st.booleans(), st.sampled_from("abc")), min_size=1, max_size=40))
def test_cells_add_up_to_the_whole(rows: list[tuple[bool, str]]) -> None:
    summary = summarise([judged(right, cell=label) for right, label in rows], macro_over="cell")
    cells = summary.tables["cell"].values()
    assert sum(c.correct for c in cells) == summary.correct
    assert sum(c.total for c in cells) == summary.total
    assert min(c.accuracy or 0 for c in cells) - 1e-9 <= (summary.macro or 0) <= 1
    assert summary.ci95 is not None
    assert 0 <= summary.ci95[0] <= (summary.micro or 0) <= summary.ci95[1] <= 1
