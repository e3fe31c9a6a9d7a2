"""How many samples tell two runs apart. Shares in 0 to 1; sentences speak of points (hundredths)."""

from __future__ import annotations

import math
from statistics import NormalDist

from benchmarks.figures.statistics import LEVEL, Undefined, z_of


def samples_to_tell(
    difference: float,
    *,
    accuracy: float = 0.5,
    discordant: float | None = None,
    power: float = 0.8,
    level: float = LEVEL,
) -> int | Undefined:
    """How many samples tell a run apart from one that is better by `difference` (0 to 1), with that `power`.

    With `discordant`, the share of samples on which exactly one of two runs is right, both runs are on the same
    samples and compared by McNemar's test: the number of pairs (Connor, Biometrics 43 (1987), eq. 3). Without it
    the runs are on different samples: the number in each run, for a first run of `accuracy` (Fleiss, Levin and Paik,
    Statistical Methods for Rates and Proportions, 3rd ed., eq. 4.14, without continuity correction).
    """
    gap = abs(difference)
    if not 0 < gap <= 1:
        return Undefined("no number of samples tells a difference of 0 apart" if gap == 0 else "more than 100 points")
    z_level, z_power = z_of(level), NormalDist().inv_cdf(power)
    if discordant is not None:
        if not gap <= discordant <= 1:
            return Undefined(
                f"runs that differ by {100 * gap:g} points disagree on at least {gap:.1%} of the samples"
                if discordant < gap
                else "the runs cannot disagree on more than all samples"
            )
        root = z_level * math.sqrt(discordant) + z_power * math.sqrt(discordant - gap * gap)
        return max(1, math.ceil(root * root / (gap * gap) - 1e-9))
    second = accuracy + difference
    if not (0 <= accuracy <= 1 and 0 <= second <= 1):
        return Undefined(f"{100 * accuracy:g} % and {100 * second:g} % are not both between 0 and 100 %")
    middle = (accuracy + second) / 2
    apart = accuracy * (1 - accuracy) + second * (1 - second)
    root = z_level * math.sqrt(2 * middle * (1 - middle)) + z_power * math.sqrt(apart)
    return max(1, math.ceil(root * root / (gap * gap) - 1e-9))


def tellable_difference(
    samples: int,
    *,
    accuracy: float = 0.5,
    discordant: float | None = None,
    power: float = 0.8,
    level: float = LEVEL,
) -> float | Undefined:
    """The smallest difference (0 to 1) that `samples` tell apart; the inverse of `samples_to_tell`.

    Without `discordant` the difference is an improvement on `accuracy`. Undefined where even the largest possible
    difference takes more samples.
    """
    most = min(1.0, 1 - accuracy) if discordant is None else discordant
    if samples < 1 or most <= 0:
        return Undefined("no samples" if samples < 1 else "there is no room for a difference")

    def enough(gap: float) -> bool:
        needed = samples_to_tell(gap, accuracy=accuracy, discordant=discordant, power=power, level=level)
        return not isinstance(needed, Undefined) and needed <= samples

    if not enough(most):
        return Undefined(f"{samples} samples tell no difference apart: too few")
    low, high = 0.0, most
    while high - low > 1e-6:
        middle = (low + high) / 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high
