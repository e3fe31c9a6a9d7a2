"""Intervals of figures, and comparisons of two runs. Sample sizes are in `benchmarks.figures.sample_size`.

Every function says why where a figure does not exist (`Undefined`, or None for `wilson`); none returns NaN.
Rates and differences are shares in 0 to 1; only sentences speak of points (hundredths). Everything random is seeded,
so the same scores give the same interval everywhere.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

LEVEL = 0.95
"""The confidence of every interval that is not asked for otherwise."""
RESAMPLES = 10_000
_CHUNK = 1 << 22
"""Random numbers held in memory at a time."""


@dataclass(frozen=True)
class Undefined:
    """A figure that does not exist for these data, and why, in one line."""

    reason: str


@dataclass(frozen=True)
class Estimate:
    """A figure with its interval; `method` says how the interval was found."""

    value: float
    low: float
    high: float
    method: str

    @property
    def ci95(self) -> tuple[float, float]:
        """The interval as a pair (95 % unless another level was asked for)."""
        return self.low, self.high


# --- proportions ---------------------------------------------------------------------------------------------------


def wilson(correct: float, total: int, level: float = LEVEL) -> tuple[float, float] | None:
    """The score interval of ``correct / total``, within 0 to 1; None when there is nothing to count (`total` 0).

    E. B. Wilson, JASA 22 (1927); the form of Brown, Cai and DasGupta, Statistical Science 16 (2001), eq. 4, without
    continuity correction. `correct` may be a fraction (partial credit): the interval is then wider than need be.
    Raises ValueError for a count that cannot be.
    """
    if not (math.isfinite(correct) and 0 <= correct <= total):
        raise ValueError(f"{correct:g} of {total} is not a proportion")
    if total == 0:
        return None
    z, rate = z_of(level), correct / total
    middle = rate + z * z / (2 * total)
    spread = z * math.sqrt(rate * (1 - rate) / total + z * z / (4 * total * total))
    scale = 1 + z * z / total
    low = 0.0 if correct == 0 else max(0.0, (middle - spread) / scale)
    high = 1.0 if correct == total else min(1.0, (middle + spread) / scale)
    return min(low, rate), max(high, rate)


def proportion(correct: float, total: int, level: float = LEVEL) -> Estimate | Undefined:
    """``correct / total`` with its Wilson interval."""
    found = wilson(correct, total, level)
    if found is None:
        return Undefined("no samples")
    return Estimate(correct / total, *found, "Wilson")


def mean_of_proportions(cells: Sequence[tuple[float, int]], level: float = LEVEL) -> Estimate | Undefined:
    """The unweighted mean of several proportions (a macro average), each ``(correct, total)``, with its interval.

    The interval is put together from the Wilson intervals of the cells by the method of variance estimates recovery
    (Zou and Donner, Statistics in Medicine 27 (2008)); with one cell it is Wilson's. The cells must be of different
    samples.
    """
    if not cells:
        return Undefined("no groups to average over")
    parts = [proportion(correct, total, level) for correct, total in cells]
    known = [part for part in parts if isinstance(part, Estimate)]
    if len(known) < len(parts):
        return Undefined(f"{len(parts) - len(known)} of {len(parts)} groups have no samples")
    value = math.fsum(part.value for part in known) / len(known)
    below = math.sqrt(math.fsum((part.value - part.low) ** 2 for part in known)) / len(known)
    above = math.sqrt(math.fsum((part.high - part.value) ** 2 for part in known)) / len(known)
    return Estimate(value, max(0.0, value - below), min(1.0, value + above), "Wilson by group, variances recovered")


# --- the bootstrap -------------------------------------------------------------------------------------------------


def mean_bootstrap(
    scores: Sequence[float], *, level: float = LEVEL, resamples: int = RESAMPLES, seed: int = 0
) -> Estimate | Undefined:
    """The mean of independent `scores` with a percentile bootstrap interval."""
    values = _scores(scores)
    if len(values) < 2:
        return Undefined(_few(len(values), "sample"))
    if np.ptp(values) == 0:
        return Undefined(f"all {len(values)} scores are {values[0]:g}: resampling cannot show any spread")
    means = _resampled_means(values, resamples, np.random.default_rng(seed))
    return _percentiles(float(values.mean()), means, level, f"bootstrap over {len(values)} samples")


def cluster_bootstrap(
    scores: Mapping[str, Sequence[float]], *, level: float = LEVEL, resamples: int = RESAMPLES, seed: int = 0
) -> Estimate | Undefined:
    """The mean over tasks of each task's mean over its seeds, with an interval that knows both levels.

    `scores` is one sequence of scores (0 to 1) for each task. A resample draws tasks, then seeds within each drawn
    task, both with replacement (Davison and Hinkley, Bootstrap Methods, 1997, section 3.8); that is a little wider
    than need be where there are few seeds. It answers "what if there had been other tasks and seeds like these".

    Undefined for fewer than two tasks. When every score is 0, or every one is 1, resampling shows no spread: the
    interval is then Wilson's over the tasks, and `method` says so.
    """
    tasks = {task: _scores(values) for task, values in sorted(scores.items()) if len(values)}
    if len(tasks) < 2:
        return Undefined(_few(len(tasks), "task"))
    means = np.array([values.mean() for values in tasks.values()])
    low, high = min(v.min() for v in tasks.values()), max(v.max() for v in tasks.values())
    if low == high:
        return _all_alike(float(low), len(tasks))
    drawn = _two_level_means(list(tasks.values()), resamples, np.random.default_rng(seed))
    method = f"bootstrap over {len(tasks)} tasks and their seeds"
    return _percentiles(float(means.mean()), drawn, level, method)


def cluster_ratio(
    clusters: Sequence[tuple[float, int]],
    *,
    of: str = "cluster",
    level: float = LEVEL,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Estimate | Undefined:
    """All that is correct over all there is, resampling `clusters` ``(correct, total)``, e.g. an episode's steps.
    `of` is what one is called.

    Undefined for fewer than two clusters, and where all share one rate.
    """
    known = np.array([(correct, total) for correct, total in clusters if total], dtype=np.float64)
    if len(known) < 2:
        return Undefined(_few(len(known), of))
    rates = known[:, 0] / known[:, 1]
    if np.ptp(rates) == 0:
        return Undefined(f"every {of} has the rate {rates[0]:g}: resampling cannot show any spread")
    distinct, counts = np.unique(known, axis=0, return_counts=True)
    draws = np.random.default_rng(seed).multinomial(len(known), counts / len(known), size=resamples)
    sums = draws @ distinct
    value = float(known[:, 0].sum() / known[:, 1].sum())
    return _percentiles(value, sums[:, 0] / sums[:, 1], level, f"bootstrap over {len(known):,} {of}s")


def _all_alike(score: float, tasks: int) -> Estimate | Undefined:
    if score not in (0.0, 1.0):
        return Undefined(f"every score is {score:g}: resampling cannot show any spread")
    found = wilson(score * tasks, tasks)
    assert found is not None
    return Estimate(score, *found, f"Wilson over {tasks} tasks (all alike, so there is nothing to resample)")


def _two_level_means(tasks: Sequence[Floats], resamples: int, rng: np.random.Generator) -> Floats:
    """Means of `resamples` two-level draws."""
    widest = max(map(len, tasks))
    padded = np.zeros((len(tasks), widest))
    for row, values in zip(padded, tasks, strict=True):
        row[: len(values)] = values
    sizes = np.array([len(values) for values in tasks])
    columns, out = np.arange(widest), np.empty(resamples)
    step = max(1, _CHUNK // (len(tasks) * widest))
    for start in range(0, resamples, step):
        count = min(step, resamples - start)
        task = rng.integers(len(tasks), size=(count, len(tasks)))
        size = sizes[task][..., None]
        seeds = (rng.random((count, len(tasks), widest)) * size).astype(np.intp)
        picked = np.where(columns < size, padded[task[..., None], seeds], 0.0)
        out[start : start + count] = (picked.sum(axis=2) / size[..., 0]).mean(axis=1)
    return out


def _resampled_means(values: Floats, resamples: int, rng: np.random.Generator) -> Floats:
    """Means of `resamples` draws of as many `values` with replacement.

    Counting how often each distinct value is drawn is the same as drawing, and quick for scores of 0 and 1.
    """
    distinct, counts = np.unique(values, return_counts=True)
    if len(distinct) <= 16:
        draws = rng.multinomial(len(values), counts / len(values), size=resamples)
        return np.asarray(draws @ distinct / len(values))
    out, step = np.empty(resamples), max(1, _CHUNK // len(values))
    for start in range(0, resamples, step):
        count = min(step, resamples - start)
        out[start : start + count] = values[rng.integers(len(values), size=(count, len(values)))].mean(axis=1)
    return out


def _percentiles(value: float, means: Floats, level: float, method: str) -> Estimate:
    tail = (1 - level) / 2
    low, high = (float(q) for q in np.quantile(means, [tail, 1 - tail]))
    return Estimate(value, min(low, value), max(high, value), method)


# --- two runs ------------------------------------------------------------------------------------------------------


def mcnemar(only_a: int, only_b: int) -> float | Undefined:
    """The two-sided exact p of `only_a` samples right in A alone against `only_b` right in B alone.

    Q. McNemar, Psychometrika 12 (1947), with the binomial distribution in place of chi-square: twice the smaller
    tail, at most 1.
    """
    if only_a < 0 or only_b < 0:
        raise ValueError(f"{min(only_a, only_b)} is not a count")
    total, fewer = only_a + only_b, min(only_a, only_b)
    if total == 0:
        return Undefined("the two runs agree on every sample")
    tail, term = 0, 1
    for k in range(fewer + 1):
        tail += term
        term = term * (total - k) // (k + 1)
    return min(1.0, float(2 * tail / 2**total))


@dataclass(frozen=True)
class Comparison:
    """Two runs on the same samples.

    `difference` is B minus A over the `pairs`, with its bootstrap interval. `p` is two-sided; `test` names the test.
    `only_a` and `only_b` count the pairs in which that run scored higher. `unpaired` samples are in one run only and
    are left out. `differ` is True when the p is below ``1 - level`` and the interval leaves out 0.
    """

    pairs: int
    unpaired: int
    mean_a: float | None
    mean_b: float | None
    only_a: int
    only_b: int
    difference: Estimate | Undefined
    p: float | Undefined
    test: str
    differ: bool
    sentence: str


def compare(
    a: Mapping[str, float],
    b: Mapping[str, float],
    *,
    clusters: Mapping[str, str] | None = None,
    names: tuple[str, str] = ("A", "B"),
    level: float = LEVEL,
    seed: int = 0,
) -> Comparison:
    """Run `b` against run `a`, paired by sample id; scores in 0 to 1.

    The test is McNemar's exact one when every score is 0 or 1 and the samples are independent, else a sign-flip test
    on the differences. `clusters` names the task of each sample where several samples (seeds) belong to one task:
    the tasks are then what is resampled and flipped, and every task counts the same.
    """
    shared = sorted(a.keys() & b.keys())
    unpaired = len(a.keys() | b.keys()) - len(shared)
    left, right = _scores([a[k] for k in shared]), _scores([b[k] for k in shared])
    only_a, only_b = int((left > right).sum()), int((right > left).sum())
    groups = _by_task(shared, right - left, clusters)
    weights = _by_task(shared, left, clusters), _by_task(shared, right, clusters)
    mean_a, mean_b = (_mean_of_means(g) for g in weights)
    plain = clusters is None and bool(np.isin(np.concatenate([left, right]), (0.0, 1.0)).all())
    difference = _difference(groups, clusters is not None, level, seed)
    test = "McNemar, exact" if plain else f"sign flips of {len(groups)} {'tasks' if clusters else 'pairs'}"
    p = mcnemar(only_a, only_b) if plain else sign_flip([float(v.mean()) for v in groups.values()], seed=seed)
    differ = _told_apart(difference, p, level)
    about = f"{len(shared):,} paired samples" + (f" of {len(groups):,} tasks" if clusters else "")
    sentence = _sentence(difference, p, differ, about, names) + _left_out(unpaired)
    return Comparison(len(shared), unpaired, mean_a, mean_b, only_a, only_b, difference, p, test, differ, sentence)


def sign_flip(differences: Sequence[float], *, resamples: int = RESAMPLES, seed: int = 0) -> float | Undefined:
    """The two-sided p of paired `differences` under flipping of their signs (R. A. Fisher, 1935).

    Exact for up to 13 differences that are not 0, else from `resamples` random flips, the observed one counted in.
    """
    values = _scores(differences, low=-1.0)
    if not len(values):
        return Undefined("no samples are in both runs")
    values = values[values != 0]
    if not len(values):
        return Undefined("the two runs score the same on every sample")
    observed = abs(values.sum()) - 1e-9
    if len(values) <= 13:
        bits = np.arange(2 ** len(values))[:, None] >> np.arange(len(values)) & 1
        return float((np.abs((1 - 2 * bits) @ values) >= observed).mean())
    rng, hits = np.random.default_rng(seed), 0
    step = max(1, _CHUNK // len(values))
    for start in range(0, resamples, step):
        signs = rng.integers(2, size=(min(step, resamples - start), len(values)), dtype=np.int8)
        hits += int((np.abs((1 - 2 * signs) @ values) >= observed).sum())
    return (hits + 1) / (resamples + 1)


def holm(ps: Sequence[float]) -> list[float]:
    """`ps` of several comparisons made at once, adjusted so that 0.05 still means 0.05 for all together.

    S. Holm, Scandinavian Journal of Statistics 6 (1979). In the order given.
    """
    out, worst = [0.0] * len(ps), 0.0
    for rank, at in enumerate(sorted(range(len(ps)), key=lambda n: ps[n])):
        worst = max(worst, min(1.0, (len(ps) - rank) * ps[at]))
        out[at] = worst
    return out


def _by_task(ids: Sequence[str], values: Floats, clusters: Mapping[str, str] | None) -> dict[str, Floats]:
    """The values of each task; without `clusters` every sample is its own."""
    if clusters is None:
        return {key: values[n : n + 1] for n, key in enumerate(ids)}
    found: dict[str, list[float]] = defaultdict(list)
    for key, value in zip(ids, values, strict=True):
        if key not in clusters:
            raise ValueError(f"no task is named for sample {key!r}")
        found[clusters[key]].append(float(value))
    return {task: np.array(part) for task, part in found.items()}


def _mean_of_means(groups: Mapping[str, Floats]) -> float | None:
    return math.fsum(float(v.mean()) for v in groups.values()) / len(groups) if groups else None


def _difference(groups: Mapping[str, Floats], clustered: bool, level: float, seed: int) -> Estimate | Undefined:
    if len(groups) < 2:
        return Undefined(_few(len(groups), "task" if clustered else "paired sample"))
    every = np.concatenate(list(groups.values()))
    if not every.any():
        return Undefined("the two runs score the same on every sample")
    if np.ptp(every) == 0:
        return Undefined(f"the difference is {every[0]:+g} on every sample: resampling cannot show any spread")
    rng, value = np.random.default_rng(seed), _mean_of_means(groups)
    assert value is not None
    if clustered:
        means = _two_level_means([groups[task] for task in sorted(groups)], RESAMPLES, rng)
        return _percentiles(value, means, level, f"paired bootstrap over {len(groups)} tasks and their seeds")
    return _percentiles(value, _resampled_means(every, RESAMPLES, rng), level, "paired bootstrap")


def _told_apart(difference: Estimate | Undefined, p: float | Undefined, level: float) -> bool:
    if isinstance(p, Undefined) or p >= 1 - level:
        return False
    return isinstance(difference, Undefined) or not difference.low <= 0 <= difference.high


def _sentence(
    difference: Estimate | Undefined, p: float | Undefined, differ: bool, about: str, names: tuple[str, str]
) -> str:
    if isinstance(p, Undefined):
        return f"no difference can be told: {p.reason} ({about})"
    odds = f"{_p(p)} over {about}"
    if isinstance(difference, Undefined):
        why = difference.reason
        return (
            f"{names[0]} and {names[1]} differ: {why}; {odds}"
            if differ
            else f"no difference can be told: {why}; {odds}"
        )
    low, high = sorted((100 * difference.low, 100 * difference.high))
    if not differ:
        told = f"{names[1]} minus {names[0]} is {100 * difference.value:+.1f} points [{low:+.1f}, {high:+.1f}]"
        return f"no difference can be told: {told}; {odds}"
    better, worse = (names[1], names[0]) if difference.value > 0 else (names[0], names[1])
    if difference.value < 0:
        low, high = -high, -low
    return (
        f"{better} is better than {worse} by {100 * abs(difference.value):.1f} points [{low:.1f}, {high:.1f}]; {odds}"
    )


def _left_out(unpaired: int) -> str:
    if not unpaired:
        return ""
    return f" ({unpaired:,} {'sample is' if unpaired == 1 else 'samples are'} in one run only and left out)"


def _p(p: float) -> str:
    if p < 0.0001:
        return "p < 0.0001"
    return f"p = {p:.2f}" if p >= 0.1 else f"p = {p:.4f}" if p < 0.001 else f"p = {p:.3f}"


def z_of(level: float) -> float:
    """The number of standard errors that leaves ``1 - level`` outside, half on each side: 1.96 for 0.95."""
    if not 0 < level < 1:
        raise ValueError(f"a level of {level:g} is not between 0 and 1")
    return NormalDist().inv_cdf(0.5 + level / 2)


def _scores(values: Sequence[float], low: float = 0.0) -> Floats:
    """`values` as an array. Raises ValueError for one that is not finite or outside `low` to 1."""
    found = np.asarray(values, dtype=np.float64)
    bad = ~((found >= low) & (found <= 1))
    if bad.any():
        raise ValueError(f"{found[bad][0]:g} is not a score: scores lie in {low:g} to 1")
    return found


def _few(count: int, what: str) -> str:
    if count == 0:
        return f"no {what}s"
    return f"one {what} alone shows no spread"
