"""Published figures: which there are, and which may stand beside ours."""

from __future__ import annotations

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from benchmarks.cli import app
from benchmarks.figures.published import comparable, references
from benchmarks.suite import Summary
from benchmarks.suites import SUITES

PRO = {"suite": "screenspot-pro", "mode": None, "language": "en", "zoom": None, "complete": True, "samples": 1581}


def summary(total: int = 1581, accuracy: float | None = 0.5) -> Summary:
    return Summary(correct=total / 2, total=total, accuracy=accuracy, ci95=None, micro=accuracy, macro=accuracy)


def names(protocol: dict[str, Any], of: Summary | None = None) -> list[str]:
    return [ref.model for ref in comparable(protocol, of or summary(protocol["samples"]))]


def test_every_figure_has_a_source_and_a_date() -> None:
    found = references()
    assert len(found) > 100
    for ref in found:
        assert ref.source
        assert ref.date[:4].isdecimal()
        assert ref.protocol is not None or ref.note or ref.suite not in SUITES
    assert len({(r.suite, r.metric, r.model, r.source) for r in found}) == len(found)


def test_seed_models_vendor_figures_are_there() -> None:
    found = {(r.suite, r.metric): r.value for r in references() if r.model == "Qwen2.5-VL-3B" and "README" in r.source}
    assert found == {
        ("screenspot", "point in box"): 55.5,
        ("screenspot-pro", "point in box"): 23.9,
        ("aitz", "exact match"): 76.9,
        ("android-control", "exact match, high"): 63.7,
        ("android-control", "exact match, low"): 90.8,
    }


def test_misplaced_android_world_row_is_shown_with_its_note_and_never_beside_a_result() -> None:
    (row,) = (r for r in references() if r.suite == "android-world" and r.value == 90.8)
    assert row.protocol is None
    assert "misplaced" in row.note
    assert "AndroidControl Low_EM" in row.note
    for protocol in ({"suite": "android-world"}, {"suite": "android-world", "mode": None, "zoom": None}):
        assert row not in comparable(protocol, summary())
    shown = CliRunner().invoke(app, ["published", "android-world"]).stdout
    assert "90.8 %  Qwen2.5-VL-3B" in shown
    assert "misplaced row" in shown


def test_comparable_needs_the_same_protocol() -> None:
    assert "Qwen2.5-VL-3B" in names(PRO)
    assert names(PRO | {"language": "cn"}) == []
    assert names(PRO | {"zoom": "two passes, 2x around the first answer"}) == []
    assert names(PRO | {"complete": False}) == []
    assert names(PRO, summary(100)) == []
    assert names(PRO, summary(accuracy=None)) == []
    assert names({"suite": "jsonl", "samples": 10, "complete": True}) == []


def test_comparable_is_best_first_and_of_the_same_suite() -> None:
    found = comparable(PRO, summary())
    assert [ref.value for ref in found] == sorted((ref.value for ref in found), reverse=True)
    assert {ref.suite for ref in found} == {"screenspot-pro"}


@pytest.mark.parametrize(("rule", "theirs"), [("with-refusals", set()), ("without-refusals", {"ClawGUI"})])
def test_osworld_g_figures_are_comparable_by_their_rule(rule: str, theirs: set[str]) -> None:
    protocol = {"suite": "osworld-g", "mode": "original", "rule": rule, "zoom": None, "complete": True, "samples": 510}
    assert {word for name in names(protocol) for word in ("ClawGUI",) if word in name} == theirs
    assert not any("MAI-UI-8B (run locally" in name for name in names(protocol))  # a scorer that misread polygons


def test_command() -> None:
    found = json.loads(CliRunner().invoke(app, ["published", "screenspot", "--json"]).stdout)["figures"]
    assert {figure["suite"] for figure in found} == {"screenspot"}
    assert all(set(figure) >= {"value", "model", "source", "date", "protocol", "average"} for figure in found)
