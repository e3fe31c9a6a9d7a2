"""Figures over judged samples: the whole, each group, micro and macro averages, and their intervals.

One function for every suite; figures are broken down by `Sample.groups`. Undefined figures are None with a note, never
NaN.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from benchmarks.figures.statistics import Undefined, mean_of_proportions, wilson
from benchmarks.suite import Figure, Judged, Sample, Summary

Interval = Callable[[Sequence[Judged]], tuple[float, float] | None]
"""The 95 % interval of the mean score of some judged samples, as shares; None where there is none."""
Score = Callable[[Judged], float]
"""The score of a judged sample, 0 to 1."""


def correctness(judged: Judged) -> float:
    """1 for a correct verdict, else 0."""
    return float(judged.verdict.correct)


def wilson_of(judged: Sequence[Judged]) -> tuple[float, float] | None:
    """Wilson's interval of the correct verdicts: for independent samples that are right or wrong."""
    return wilson(sum(j.verdict.correct for j in judged), len(judged))


def summarise(
    judged: Sequence[Judged],
    *,
    macro_over: str = "",
    headline: str = "micro",
    score: Score = correctness,
    interval: Interval = wilson_of,
    interval_name: str = "Wilson",
    is_refusal: Callable[[Sample], bool] | None = None,
    hidden: Sequence[str] = (),
    notes: Sequence[str] = (),
) -> Summary:
    """The figures over `judged`, which are in the order of the suite's samples.

    `macro_over` names the kind of label (a key of `Sample.groups`) whose cells the macro average weighs equally;
    empty for a suite that has none. `headline` says which average is the suite's figure. `score` is what a sample
    counts for. `interval` is that of a mean score; give another one, with its name, where samples are not independent
    or not right-or-wrong. `is_refusal` says of a sample that its right answer is a refusal. `hidden` names kinds of
    labels that get no table. Labels stand in the order in which they first come.
    """
    if headline not in ("micro", "macro"):
        raise ValueError(f"headline is micro or macro, not {headline!r}")
    tables = {kind: _table(judged, kind, score, interval) for kind in _kinds(judged)}
    whole = _cell(judged, score, interval)
    macro, why = macro_average(tables.get(macro_over, {})) if macro_over else (None, "")
    macro_ci95, why_not = _macro_interval(judged, macro_over, tables.get(macro_over, {}), interval)
    accuracy, ci95, name, said = whole.accuracy, whole.ci95, interval_name, [why, *notes]
    if headline == "macro":
        accuracy, ci95, name = macro, macro_ci95, "Wilson by cell, variances recovered"
        said.append(why_not)
    if not judged:
        said.insert(0, "no sample was judged: every figure is undefined")
    return Summary(
        correct=whole.correct,
        total=whole.total,
        accuracy=accuracy,
        ci95=ci95,
        micro=whole.accuracy,
        macro=macro,
        macro_ci95=macro_ci95,
        macro_over=macro_over,
        headline=headline,
        interval=name,
        refusals=sum(is_refusal(j.sample) for j in judged) if is_refusal else 0,
        kinds=dict(sorted(Counter(j.verdict.kind for j in judged).items())),
        tables={kind: table for kind, table in tables.items() if kind not in hidden},
        averages=averages(judged),
        notes=tuple(note for note in said if note),
    )


def macro_average(cells: Mapping[str, Figure]) -> tuple[float | None, str]:
    """The mean of the cells' accuracies, each weighing the same, and a note where it is undefined (None)."""
    shares = [cell.accuracy for cell in cells.values() if cell.accuracy is not None]
    if not shares:
        return None, "macro is undefined: no sample has a label to average over"
    return math.fsum(shares) / len(shares), ""


def averages(judged: Sequence[Judged]) -> dict[str, Figure]:
    """The mean of each named score of the verdicts, over the samples that have it.

    The interval is Wilson's where every value is 0 or 1, and None elsewhere.
    """
    values: dict[str, list[float]] = {}
    for one in judged:
        for name, value in one.verdict.scores.items():
            values.setdefault(name, []).append(value)
    return {name: _mean(found) for name, found in values.items()}


def _mean(values: Sequence[float]) -> Figure:
    total = math.fsum(values)
    binary = all(value in (0.0, 1.0) for value in values)
    ci95 = wilson(total, len(values)) if binary else None
    return Figure(correct=total, total=len(values), accuracy=total / len(values), ci95=ci95)


def _kinds(judged: Sequence[Judged]) -> list[str]:
    return list(dict.fromkeys(kind for one in judged for kind in one.sample.groups))


def _table(judged: Sequence[Judged], kind: str, score: Score, interval: Interval) -> dict[str, Figure]:
    """A cell for each label of `kind`; a sample with several labels counts in each of their cells, once."""
    by_label: dict[str, list[Judged]] = {}
    for one in judged:
        for label in dict.fromkeys(one.sample.groups.get(kind, ())):
            by_label.setdefault(label, []).append(one)
    return {label: _cell(members, score, interval) for label, members in by_label.items()}


def _cell(judged: Sequence[Judged], score: Score, interval: Interval) -> Figure:
    total = math.fsum(score(one) for one in judged)
    accuracy = total / len(judged) if judged else None
    return Figure(correct=total, total=len(judged), accuracy=accuracy, ci95=interval(judged) if judged else None)


def _macro_interval(
    judged: Sequence[Judged], kind: str, cells: Mapping[str, Figure], interval: Interval
) -> tuple[tuple[float, float] | None, str]:
    """The interval of the mean of the cells (`mean_of_proportions`), and a note where there is none."""
    if interval is not wilson_of or any(not cell.correct.is_integer() for cell in cells.values()):
        return None, "no interval for macro: the samples are not independent ones that are right or wrong"
    if any(len(set(one.sample.groups.get(kind, ()))) > 1 for one in judged):
        return None, f"no interval for macro: samples are in several cells of {kind}"
    found = mean_of_proportions([(cell.correct, cell.total) for cell in cells.values()])
    return (None, f"no interval for macro: {found.reason}") if isinstance(found, Undefined) else (found.ci95, "")
