"""Intervals, comparisons and sample sizes against published and hand-worked figures, and by their properties."""

from __future__ import annotations

import itertools
import json
import math
import random

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from benchmarks.commands.sample_size import sample_size
from benchmarks.figures.sample_size import samples_to_tell, tellable_difference
from benchmarks.figures.statistics import (
    Estimate,
    Undefined,
    cluster_bootstrap,
    cluster_ratio,
    compare,
    holm,
    mcnemar,
    mean_bootstrap,
    mean_of_proportions,
    proportion,
    sign_flip,
    wilson,
)
from tests.properties import examples

counts = st.integers(1, 3000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


def known(found: Estimate | Undefined) -> Estimate:
    assert isinstance(found, Estimate), found
    return found


# --- Wilson --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("correct", "total", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),  # Newcombe, Statistics in Medicine 17 (1998) 857, table I, method 3
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_against_published_figures(correct: int, total: int, low: float, high: float) -> None:
    found = wilson(correct, total)
    assert found is not None
    assert list(found) == pytest.approx([low, high], abs=6e-5)


@given(counts)
def test_wilson_holds_its_rate_and_mirrors(case: tuple[int, int]) -> None:
    correct, total = case
    low, high = wilson(correct, total) or (2.0, 2.0)
    assert 0 <= low <= correct / total <= high <= 1
    mirrored = wilson(total - correct, total) or ()
    assert list(mirrored) == pytest.approx([1 - high, 1 - low], abs=1e-9)
    assert (wilson(correct, total, 0.99) or (1, 0))[0] <= low


@given(counts.filter(lambda case: 0 < case[0] < case[1]))
def test_wilson_solves_the_score_equation(case: tuple[int, int]) -> None:
    """Each end is a rate p from which the observed one is exactly 1.96 standard errors away."""
    correct, total = case
    for end in wilson(correct, total) or ():
        assert abs(correct / total - end) == pytest.approx(1.959964 * math.sqrt(end * (1 - end) / total), rel=1e-5)


def test_nothing_counted_has_no_interval_and_impossible_counts_are_errors() -> None:
    assert wilson(0, 0) is None
    assert proportion(0, 0) == Undefined("no samples")
    for wrong in ((5, 4), (-1, 4), (math.nan, 4), (math.inf, 4)):
        with pytest.raises(ValueError, match="not a proportion"):
            wilson(*wrong)


def test_a_macro_average_and_its_interval() -> None:
    one = known(mean_of_proportions([(81, 263)]))
    assert [one.value, *one.ci95] == pytest.approx([81 / 263, *(wilson(81, 263) or ())])
    low, high = wilson(8, 10) or (0, 0)
    two = known(mean_of_proportions([(8, 10), (8, 10)]))
    assert two.low == pytest.approx(0.8 - math.sqrt(2) * (0.8 - low) / 2)
    assert two.high == pytest.approx(0.8 + math.sqrt(2) * (high - 0.8) / 2)
    assert known(mean_of_proportions([(1, 1), (0, 100)])).value == 0.5
    assert mean_of_proportions([]) == Undefined("no groups to average over")
    assert mean_of_proportions([(1, 2), (0, 0)]) == Undefined("1 of 2 groups have no samples")


# --- bootstrap -----------------------------------------------------------------------------------------------------


def test_the_bootstrap_of_a_mean_is_as_wide_as_theory_says() -> None:
    found = known(mean_bootstrap([1.0] * 300 + [0.0] * 100))
    half = 1.96 * math.sqrt(0.75 * 0.25 / 400)
    assert found.value == 0.75
    assert list(found.ci95) == pytest.approx([0.75 - half, 0.75 + half], abs=0.004)
    spread = [n / 400 for n in range(400)]  # more distinct values than are counted: drawn one by one
    half = 1.96 * math.sqrt(1 / 12 / 400)
    assert known(mean_bootstrap(spread)).high == pytest.approx(0.49875 + half, abs=0.004)


def test_seeds_of_one_task_do_not_count_as_tasks() -> None:
    """Twenty seeds that always agree are worth one: the interval stays as wide as over the ten tasks alone."""
    one = {f"t{n}": [float(n < 6)] for n in range(10)}
    many = {f"t{n}": [float(n < 6)] * 20 for n in range(10)}
    assert known(cluster_bootstrap(many)).ci95 == pytest.approx(known(cluster_bootstrap(one)).ci95, abs=0.05)
    flat = known(mean_bootstrap([s for scores in many.values() for s in scores]))
    assert flat.high - flat.low < 0.3 * (known(cluster_bootstrap(many)).high - known(cluster_bootstrap(many)).low)


def test_the_spread_of_both_levels_is_in_the_interval() -> None:
    """Ten tasks of chance 1/2, five seeds each: variance (between + within / 5) / 10, as in Davison and Hinkley."""
    rng = random.Random(5)
    scores = {f"t{n}": [float(rng.random() < 0.5) for _ in range(5)] for n in range(10)}
    means = [sum(s) / 5 for s in scores.values()]
    between = sum((m - sum(means) / 10) ** 2 for m in means) / 10
    within = sum(m * (1 - m) / 5 for m in means) / 10
    half = 1.96 * math.sqrt((between + within) / 10)
    found = known(cluster_bootstrap(scores))
    assert (found.high - found.low) / 2 == pytest.approx(half, rel=0.08)


def test_tasks_count_alike_however_many_seeds_they_have() -> None:
    assert known(cluster_bootstrap({"a": [1.0] * 9, "b": [0.0]})).value == 0.5
    assert known(cluster_bootstrap({"a": [1.0] * 9, "b": [0.0], "none": []})).value == 0.5


def test_what_hangs_together_is_resampled_together() -> None:
    """Half of 40 episodes of 10 steps all right, half all wrong: 400 steps are worth 40."""
    found = known(cluster_ratio([(10, 10)] * 20 + [(0, 10)] * 20, of="episode"))
    half = 1.96 * math.sqrt(0.25 / 40)
    assert found.value == 0.5
    assert list(found.ci95) == pytest.approx([0.5 - half, 0.5 + half], abs=0.01)
    assert found.method == "bootstrap over 40 episodes"
    assert known(cluster_ratio([(9, 9), (0, 1)])).value == 0.9
    assert cluster_ratio([(1, 2), (0, 0)]) == Undefined("one cluster alone shows no spread")
    assert isinstance(cluster_ratio([(1, 2), (2, 4)]), Undefined)


def test_the_bootstrap_says_when_it_is_undefined() -> None:
    assert cluster_bootstrap({}) == Undefined("no tasks")
    assert cluster_bootstrap({"a": [0.0, 1.0]}) == Undefined("one task alone shows no spread")
    assert mean_bootstrap([0.5]) == Undefined("one sample alone shows no spread")
    assert isinstance(cluster_bootstrap({"a": [0.3], "b": [0.3]}), Undefined)
    perfect = known(cluster_bootstrap({f"t{n}": [1.0] for n in range(30)}))
    assert perfect.ci95 == pytest.approx((0.8865, 1.0), abs=1e-4)  # Wilson for 30 of 30
    assert "Wilson over 30 tasks" in perfect.method
    with pytest.raises(ValueError, match="not a score"):
        cluster_bootstrap({"a": [math.nan], "b": [1.0]})


@examples(30)
@given(st.dictionaries(st.text(max_size=3), st.lists(st.floats(0, 1), min_size=1, max_size=5), max_size=6))
def test_the_bootstrap_is_the_same_every_time_and_never_nan(scores: dict[str, list[float]]) -> None:
    first, again = (
        cluster_bootstrap(dict(order), resamples=200) for order in (scores.items(), [*scores.items()][::-1])
    )
    assert first == again
    if isinstance(first, Estimate):
        assert 0 <= first.low <= first.value <= first.high <= 1 + 1e-9


# --- two runs ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("only_a", "only_b", "p"),
    [(1, 0, 1.0), (5, 0, 0.0625), (10, 2, 158 / 4096), (6, 6, 1.0), (121, 59, 4.434e-6), (20, 40, 0.013493)],
)
def test_mcnemar_against_worked_figures(only_a: int, only_b: int, p: float) -> None:
    assert mcnemar(only_a, only_b) == pytest.approx(p, rel=2e-3)
    assert mcnemar(only_b, only_a) == mcnemar(only_a, only_b)


@given(st.integers(0, 40), st.integers(0, 40))
def test_mcnemar_is_twice_the_binomial_tail(a: int, b: int) -> None:
    found = mcnemar(a, b)
    if a + b == 0:
        assert isinstance(found, Undefined)
        return
    tail = sum(math.comb(a + b, k) for k in range(min(a, b) + 1)) / 2 ** (a + b)
    assert found == pytest.approx(min(1.0, 2 * tail))


def test_mcnemar_of_many_pairs_is_exact_and_quick() -> None:
    assert mcnemar(10_000, 10_100) == pytest.approx(0.4852, abs=2e-3)
    assert mcnemar(20_000, 0) == 0.0


def runs(both: int, only_a: int, only_b: int, neither: int) -> tuple[dict[str, float], dict[str, float]]:
    pairs = [(1, 1)] * both + [(1, 0)] * only_a + [(0, 1)] * only_b + [(0, 0)] * neither
    return {str(n): float(p[0]) for n, p in enumerate(pairs)}, {str(n): float(p[1]) for n, p in enumerate(pairs)}


def test_two_runs_that_differ() -> None:
    found = compare(*runs(1000, 40, 90, 142))
    difference = known(found.difference)
    spread = 1.96 * math.sqrt(130 / 1272 - (50 / 1272) ** 2) / math.sqrt(1272)
    assert difference.value == pytest.approx(50 / 1272)
    assert list(difference.ci95) == pytest.approx([50 / 1272 - spread, 50 / 1272 + spread], abs=1e-3)
    assert (found.only_a, found.only_b, found.test, found.differ) == (40, 90, "McNemar, exact", True)
    assert found.sentence == "B is better than A by 3.9 points [2.2, 5.7]; p < 0.0001 over 1,272 paired samples"
    turned = compare(*reversed(runs(1000, 40, 90, 142)), names=("old", "new"))
    assert turned.sentence.startswith("old is better than new by 3.9 points [2.2, 5.7]; p < 0.0001")


def test_two_runs_that_cannot_be_told_apart() -> None:
    found = compare(*runs(1200, 10, 7, 55))
    assert not found.differ
    assert found.sentence.startswith("no difference can be told: B minus A is -0.2 points [-0.9, +0.4]; p = 0.63")
    same = compare(*runs(5, 0, 0, 5))
    assert same.sentence == "no difference can be told: the two runs agree on every sample (10 paired samples)"
    assert isinstance(same.p, Undefined)
    assert isinstance(same.difference, Undefined)


def test_samples_in_one_run_only_are_left_out_and_counted() -> None:
    a, b = runs(10, 2, 4, 4)
    found = compare(a | {"x": 1.0}, b | {"y": 0.0, "z": 0.0})
    assert (found.pairs, found.unpaired) == (20, 3)
    assert found.sentence.endswith("(3 samples are in one run only and left out)")
    nothing = compare({"x": 1.0}, {"y": 1.0})
    assert (nothing.pairs, nothing.mean_a, nothing.differ) == (0, None, False)
    assert nothing.sentence.startswith("no difference can be told")


def test_seeds_of_one_task_are_not_independent_pairs() -> None:
    """One task of 40 seeds on which the runs part: 40 of 40 pairs, but one task of six."""
    ids = [(task, seed) for task in range(6) for seed in range(40)]
    a = {f"{t}/{s}": 0.0 for t, s in ids}
    b = {f"{t}/{s}": float(t == 0) for t, s in ids}
    assert compare(a, b).differ
    found = compare(a, b, clusters={f"{t}/{s}": f"task {t}" for t, s in ids})
    assert not found.differ
    assert (found.p, found.test) == (1.0, "sign flips of 6 tasks")
    assert known(found.difference).value == pytest.approx(1 / 6)
    assert "over 240 paired samples of 6 tasks" in found.sentence


def test_sign_flips() -> None:
    assert sign_flip([0.5] * 5) == 2 / 32
    exact = (
        sum(
            abs(sum(s * d for s, d in zip(signs, (0.1, 0.2, 0.3), strict=True))) >= 0.4 - 1e-9
            for signs in itertools.product((1, -1), repeat=3)
        )
        / 8
    )
    assert sign_flip([0.1, -0.0, 0.3, 0.0, 0.2, 0.0]) == pytest.approx(2 / 8)
    assert sign_flip([-0.1, 0.2, 0.3]) == exact == 4 / 8
    assert isinstance(sign_flip([0.0, 0.0]), Undefined)
    many = sign_flip([1.0] * 60 + [-1.0] * 40)
    assert many == pytest.approx(mcnemar(60, 40), abs=0.015)
    assert isinstance(compare({"a": 0.5, "b": 1.0}, {"a": 0.25, "b": 1.0}).p, float)


@examples(40)
@given(st.lists(st.tuples(st.booleans(), st.booleans()), max_size=40))
def test_a_comparison_turned_round_says_the_same(pairs: list[tuple[bool, bool]]) -> None:
    a = {str(n): float(x) for n, (x, _) in enumerate(pairs)}
    b = {str(n): float(y) for n, (_, y) in enumerate(pairs)}
    there, back = compare(a, b), compare(b, a)
    assert (there.p, there.only_a, there.only_b) == (back.p, back.only_b, back.only_a)
    if isinstance(there.difference, Estimate) and isinstance(back.difference, Estimate):
        assert there.difference.value == pytest.approx(-back.difference.value)


def test_holm() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.6, 0.9]) == [1.0, 1.0]
    assert holm([]) == []


# --- sample sizes --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("difference", "accuracy", "samples"),
    [(0.1, 0.5, 388), (0.1, 0.6, 356), (0.2, 0.1, 62), (0.05, 0.7, 1251)],
)
def test_samples_for_two_runs_on_different_samples(difference: float, accuracy: float, samples: int) -> None:
    assert samples_to_tell(difference, accuracy=accuracy) == samples


def test_samples_for_two_runs_on_the_same_samples() -> None:
    z, power = 1.959964, 0.841621
    worked = (z * math.sqrt(0.2) + power * math.sqrt(0.2 - 0.01)) ** 2 / 0.01
    assert samples_to_tell(0.1, discordant=0.2) == math.ceil(worked) == 155
    assert samples_to_tell(-0.1, discordant=0.2) == 155


def test_the_promised_power_is_there() -> None:
    """Simulated: of 400 pairs of runs with the number of samples asked for, about 80 % are told apart."""
    needed, rng = samples_to_tell(0.08, discordant=0.2), random.Random(1)
    assert isinstance(needed, int)
    told = 0
    for _ in range(400):
        draws = rng.choices(("a", "b", ""), weights=(0.06, 0.14, 0.8), k=needed)
        p = mcnemar(draws.count("a"), draws.count("b"))
        told += isinstance(p, float) and p < 0.05
    assert 0.7 <= told / 400 <= 0.88


@given(st.floats(0.01, 0.4), st.floats(0.0, 0.55))
def test_the_difference_that_can_be_told_inverts_the_number(gap: float, accuracy: float) -> None:
    needed = samples_to_tell(gap, accuracy=accuracy)
    assert isinstance(needed, int)
    back = tellable_difference(needed, accuracy=accuracy)
    assert isinstance(back, float)
    assert back <= gap + 1e-6
    again = samples_to_tell(back, accuracy=accuracy)
    assert isinstance(again, int)
    assert 0.999 * needed <= again <= needed


def test_sizes_say_when_they_are_undefined() -> None:
    assert samples_to_tell(0) == Undefined("no number of samples tells a difference of 0 apart")
    assert isinstance(samples_to_tell(0.3, accuracy=0.8), Undefined)
    assert isinstance(samples_to_tell(0.3, discordant=0.1), Undefined)
    assert isinstance(tellable_difference(3, discordant=0.1), Undefined)
    assert isinstance(tellable_difference(0), Undefined)


def test_the_command_answers_in_a_sentence_or_json() -> None:
    app = typer.Typer()
    app.command()(sample_size)
    run = CliRunner().invoke
    plain = run(app, ["5", "--accuracy", "70"])
    assert plain.stdout.startswith(
        "1,251 samples in each run (different samples; the weaker run at 70 %) tell 5 points"
    )
    told = json.loads(run(app, ["--samples", "1272", "--disagree", "10", "--json"]).stdout)
    assert told["points"] == pytest.approx(2.48, abs=0.01)
    undefined = run(app, ["30", "--disagree", "10"])
    assert (undefined.exit_code, "disagree on at least 30.0%" in undefined.stdout) == (1, True)
    assert run(app, []).exit_code == 2
