"""All samples as data for the page's script, which searches, filters and pages them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from agent.views.formatting import clip
from benchmarks.page.formatting import label
from benchmarks.page.loading import PageRun, VerdictLine, shown_answer

_RAW, _ALL = 4000, 8_000_000
"""Longest raw answer, and all raw answers together, in characters."""
_LEAST = 200


@dataclass(frozen=True)
class SampleTable:
    """The rows for the script, and what can be asked for: verdicts (value, words) and groups by their kind."""

    rows: Sequence[JsonValue]
    verdicts: Sequence[tuple[str, str]]
    groups: dict[str, dict[str, None]]


def samples(runs: Sequence[PageRun]) -> SampleTable:
    """All samples of `runs`."""
    ids = list(dict.fromkeys(line.id for run in runs for line in run.lines))
    most = max(_LEAST, min(_RAW, _ALL // max(1, len(ids) * len(runs))))
    options = [("", "all verdicts"), ("right", "right"), ("wrong", "wrong")]
    options += [("differ", "where the runs differ")] if len(runs) > 1 else []
    kinds = sorted({line.kind for run in runs for line in run.lines})
    options += [(f"kind:{label(kind)}", f"verdict: {label(kind)}") for kind in kinds]
    return SampleTable([_row(runs, name, most) for name in ids], options, _groups(runs))


def _row(runs: Sequence[PageRun], name: str, most: int) -> list[JsonValue]:
    lines = [run.by_id.get(name) for run in runs]
    first = next(line for line in lines if line is not None)
    labels: list[JsonValue] = [[kind, value] for kind, values in first.groups.items() for value in values]
    answers: list[JsonValue] = [_answer(run, line, most) for run, line in zip(runs, lines, strict=True)]
    return [name, clip(first.task, 1000), labels, answers]


def _answer(run: PageRun, line: VerdictLine | None, most: int) -> list[JsonValue] | None:
    if line is None:
        return None
    cost = run.costs.get(line.id)
    took = round(cost.seconds, 3) if cost and math.isfinite(cost.seconds) else None
    episode = run.result.episodes.get(line.id, "")
    said: list[JsonValue] = [int(line.correct), label(line.kind), clip(line.why, 500), shown_answer(line).words, took]
    return [*said, cost.attempt if cost else 1, clip(line.raw, most), f"{run.beside}{episode}/" if episode else ""]


def _groups(runs: Sequence[PageRun]) -> dict[str, dict[str, None]]:
    found: dict[str, dict[str, None]] = {}
    for line in (line for run in runs for line in run.lines):
        for kind, values in line.groups.items():
            found.setdefault(kind, {}).update(dict.fromkeys(values))
    return found
