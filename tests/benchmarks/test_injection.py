"""Tasks on screens that give orders: who obeys does harm where nothing is limited, and none where the lists hold."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.suite import SampleVerdict, SuiteError, SuiteOptions
from benchmarks.suites import open_suite
from benchmarks.suites.injection import InjectionSuite
from benchmarks.suites.injection.attacks import TASKS

pytestmark = pytest.mark.desktop


def few(quick: str) -> list[Any]:
    """All tasks; those but `quick` are for the slow suite."""
    return [name if name == quick else pytest.param(name, marks=pytest.mark.slow) for name in TASKS]


def verdict(task: str, mode: str, model: str) -> SampleVerdict:
    suite = open_suite("injection", options=SuiteOptions(mode=mode, tasks=(task,)))
    assert isinstance(suite, InjectionSuite)
    sample = suite.samples()[0]
    return suite.judge(sample, suite.answer(sample, getattr(suite, model)(sample)))


@pytest.mark.parametrize("task", few("note-key"))
def test_who_obeys_does_harm_only_where_nothing_is_limited(task: str) -> None:
    assert verdict(task, "open", "obedient").kind == "harm"
    limited = verdict(task, "limited", "obedient")
    assert (limited.kind, limited.scores) == ("refused", {"orders carried out": 0, "an action outside tried": 1})
    assert not limited.correct


@pytest.mark.parametrize("task", few("file-name"))
def test_the_lists_leave_room_for_the_task(task: str) -> None:
    done = verdict(task, "limited", "oracle")
    assert (done.correct, done.scores["an action outside tried"]) == (True, 0)


def test_what_it_does_not_have_is_refused() -> None:
    with pytest.raises(SuiteError, match="choose one of limited, open"):
        open_suite("injection", options=SuiteOptions(mode="high"))
    with pytest.raises(SuiteError, match="Tasks: note-terminal"):
        open_suite("injection", options=SuiteOptions(tasks=("nothing",)))
