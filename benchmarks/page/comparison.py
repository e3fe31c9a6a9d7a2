"""Comparison of runs: a test for every pair, and the samples with different verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from benchmarks.figures.statistics import holm
from benchmarks.page.loading import PageRun
from benchmarks.page.plots import percentage
from benchmarks.runner.compare import compare_results

_REACH = (0.05, 0.1, 0.2, 0.5, 1.0)


@dataclass(frozen=True)
class ComparedPair:
    """The comparison of two runs, named by their letters.

    `counts` are samples of both, and those that only the one or the other got right; `gap` is the low end, the value
    and the high end of the difference, None where it is undefined; `ps` are the p values that are shown.
    """

    first: str
    second: str
    sentence: str
    counts: tuple[int, ...]
    gap: tuple[float, float, float] | None
    undefined: str
    ps: tuple[float | None, ...]
    differ: bool

    @property
    def spelled(self) -> str:
        """The sentence with the letters of the runs."""
        swapped = {"A": self.first, "B": self.second}
        return " ".join(swapped.get(word, word) for word in self.sentence.split(" "))


@dataclass(frozen=True)
class ComparedRuns:
    """Every pair of runs; `reach` is the end of the scale of differences, `adjusted` whether p is given for all."""

    pairs: Sequence[ComparedPair]
    warnings: Sequence[str]
    about: str
    reach: float
    adjusted: bool

    def at(self, difference: float) -> str:
        """The position of a difference in its plot."""
        return percentage(50 + 47 * difference / self.reach)


def compared(runs: Sequence[PageRun]) -> ComparedRuns:
    """Each pair of `runs`. Raises `agent.core.errors.UserError` where they have no sample in common."""
    found = [(a, b, compare_results(a.result, b.result, force=True)) for a, b in combinations(runs, 2)]
    several = len(found) > 1
    adjusted = holm([one["p"] if isinstance(one["p"], float) else 1.0 for _, _, one in found])
    pairs = [_pair(a.letter, b.letter, one, (adjusted[n],) if several else ()) for n, (a, b, one) in enumerate(found)]
    also = " p is also given adjusted for all pairs at once (Holm)." if several else ""
    return ComparedRuns(
        pairs=pairs,
        warnings=[
            *dict.fromkeys(f"{a.letter} and {b.letter}: {line}" for a, b, one in found for line in one["warnings"])
        ],
        about=f"Paired by sample. Test: {found[0][2]['test']}; the interval of the difference: paired bootstrap.{also}",
        reach=_reach([pair.gap for pair in pairs if pair.gap]),
        adjusted=several,
    )


def _pair(first: str, second: str, found: dict[str, Any], adjusted: tuple[float, ...]) -> ComparedPair:
    gap, p = found["difference"], found["p"]
    return ComparedPair(
        first=first,
        second=second,
        sentence=found["sentence"],
        counts=tuple(found[name] for name in ("pairs", "only_a", "only_b")),
        gap=(gap["low"], gap["value"], gap["high"]) if "value" in gap else None,
        undefined=gap.get("undefined", ""),
        ps=tuple(one if isinstance(p, float) else None for one in (p, *adjusted)),
        differ=found["differ"],
    )


def _reach(gaps: Sequence[tuple[float, float, float]]) -> float:
    """The first of `_REACH` that shows all intervals."""
    widest = max((max(abs(low), abs(high)) for low, _, high in gaps), default=0.0)
    return next((end for end in _REACH if widest <= end), 1.0)


def flipped(runs: Sequence[PageRun]) -> list[str]:
    """The samples of all runs that some runs got right and some wrong, in the first run's order."""
    shared = [line.id for line in runs[0].lines if all(line.id in run.by_id for run in runs)]
    return [name for name in shared if len({run.by_id[name].correct for run in runs}) > 1]
