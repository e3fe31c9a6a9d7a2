"""Fits the answers: the coordinate reading of a closed family that explains them best.

An answer's error under a reading is the distance in pixels from the click it would give to the disc. Errors count up
to a bound, so that a few outliers weigh no more than that; the noise is estimated for each size of picture from
the best reading so far. Readings are compared by log likelihood (errors taken as Gaussian) plus a little for being
simple. Nothing is guessed: answers that no reading explains, or two readings that mean other places, are no fit.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from actions.errors import plural
from agent.calibration.questions import CalibrationAnswer
from agent.calibration.readings import CoordinateReading, readings

Array = npt.NDArray[np.float64]

NEAR = 0.05
"""An answer within this part of the picture's longer side is one that the reading explains."""
EXPLAINED = 0.6
"""The part of the answers that a reading must explain."""
LEAST = 10
"""Fewer readable answers say nothing."""
MARGIN = 3.0
"""Logarithm of how much better the best reading must be than one that means other places."""
SURE = 5.0
"""The same for 0 to 1000 against 0 to 999, which lie a thousandth apart: more questions are asked below it."""
_WILD = 12.0
_FLOOR = 0.3  # pixels; rounding alone gives as much


@dataclass(frozen=True)
class Fit:
    """What the answers mean. `errors` has the distance in pixels of each readable answer from its disc.

    `lowest` is the smallest limit that explains them as well: pictures within it are left alone for certain (pixels,
    as `Shrink.limit`). `thousand` is how much likelier (logarithm) 0 to 1000 is than 0 to 999, and `weight` how much
    these answers can be expected to say about it.
    """

    reading: CoordinateReading
    box: bool
    errors: tuple[float, ...]
    lowest: float | None = None
    thousand: float = 0.0
    weight: float = 0.0

    @property
    def in_doubt(self) -> bool:
        """Whether 0 to 1000 and 0 to 999 cannot be told apart."""
        return self.reading.space in ("rel999", "rel1000") and abs(self.thousand) < SURE


class NoFitError(ValueError):
    """The answers do not say what their numbers mean; why, in one line."""


@dataclass(frozen=True)
class _Data:
    """The readable answers, n of them: numbers, discs and sides sent (n x 2), and the group (size) of each."""

    numbers: Array
    discs: Array
    sent: Array
    group: npt.NDArray[np.intp]
    sizes: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, asked: Sequence[CalibrationAnswer]) -> _Data:
        """Discs are counted in pixels of the picture sent."""
        good = [one for one in asked if one.numbers is not None]
        sizes = tuple(sorted({one.sent for one in good}))
        sent = np.array([one.sent for one in good], float)
        discs = np.array([one.target.at for one in good], float) * sent / _drawn(good)
        group = np.array([sizes.index(one.sent) for one in good])
        return cls(np.array([one.numbers for one in good], float), discs, sent, group, sizes)

    def errors(self, factor: int) -> Array:
        """For each of `readings`, n x 2: where its clicks are from the discs, in pixels of the picture sent."""
        family, grids = readings(factor), _grids(factor, self.sizes)
        swapped = np.array([reading.order == "yx" for reading in family])
        numbers = np.where(swapped[:, None, None], self.numbers[None, :, ::-1], self.numbers[None])
        return np.asarray(numbers / grids[:, self.group] * self.sent - self.discs)

    def noise(self, errors: Array) -> Array:
        """Standard deviation of the errors (n x 2) for each answer, from those of its size and a little from all."""
        overall = _spread(errors)
        each = [(self.group == n) for n in range(len(self.sizes))]
        part = [
            math.sqrt((4 * overall**2 + 2 * own.sum() * _spread(errors[own]) ** 2) / (4 + 2 * own.sum()))
            for own in each
        ]
        return np.asarray(np.maximum(np.array(part)[self.group], _FLOOR))


@functools.lru_cache(8)
def _grids(factor: int, sizes: tuple[tuple[int, int], ...]) -> Array:
    """The grid of each of `readings` for each size: readings x sizes x 2."""
    return np.array([[reading.grid(*size) for size in sizes] for reading in readings(factor)], float)


def _spread(errors: Array) -> float:
    """Standard deviation, from the median of the absolute values, so that wild ones do not count."""
    return float(1.4826 * np.median(np.abs(errors)))


def fit(asked: Sequence[CalibrationAnswer], factor: int) -> Fit:
    """What the answers in `asked` mean; `factor` is the patch of the dialect's resize rule. Raises `NoFitError`."""
    data = _Data.of(asked)
    if len(data.numbers) < LEAST:
        raise NoFitError(f"only {plural(len(data.numbers), 'answer')} could be read, and at least {LEAST} are needed")
    family = readings(factor)
    errors = data.errors(factor)
    scores, best = _scores(data, family, errors)
    far = np.hypot(*errors[best].T)
    explained = float(np.mean(far <= NEAR * data.sent.max(axis=1)))
    if explained < EXPLAINED:
        raise NoFitError(_unexplained(data, explained))
    _check_rivals(data, family, scores, best)
    shown = errors[best] * _drawn(asked) / data.sent
    boxes = [one.box for one in asked if one.numbers is not None]
    thousand, weight = _thousand(data, family[best], errors[best])
    return Fit(
        _of_the_two(family[best], thousand),
        sum(boxes) * 2 > len(boxes),
        tuple(float(v) for v in np.hypot(*shown.T)),
        _lowest(data, family, scores, best),
        thousand,
        weight,
    )


def _of_the_two(chosen: CoordinateReading, thousand: float) -> CoordinateReading:
    """Between 0 to 1000 and 0 to 999, the likelier with any small shift allowed for."""
    if chosen.space not in ("rel999", "rel1000"):
        return chosen
    return replace(chosen, space="rel1000" if thousand >= 0 else "rel999")


def _drawn(asked: Sequence[CalibrationAnswer]) -> Array:
    """n x 2: the sides of what was sent, in pixels of the picture drawn, of which it may fill a part only."""
    good = [one for one in asked if one.numbers is not None]
    return np.asarray(np.array([one.target.size for one in good], float) / np.array([one.filled for one in good]))


def _scores(data: _Data, family: Sequence[CoordinateReading], errors: Array) -> tuple[Array, int]:
    """The log likelihood of every reading and the number of the best."""
    priors = np.array([reading.prior for reading in family])
    parts = np.hypot(errors[..., 0], errors[..., 1]) / data.sent.max(axis=1)
    best = int(np.argmax(-np.minimum(parts, NEAR).sum(axis=1) + priors * 1e-4))
    for _ in range(3):
        noise = data.noise(errors[best])
        squares = (errors**2).sum(axis=2) / (2 * noise**2)
        scores = priors - np.minimum(squares, _WILD).sum(axis=1)
        best = int(np.argmax(scores))
    return scores, best


def _unexplained(data: _Data, explained: float) -> str:
    if np.ptp(data.numbers, axis=0).max() <= 0.02 * np.abs(data.numbers).max():
        first, second = data.numbers[0]
        return f"every answer is about ({first:g}, {second:g}), wherever the disc is: the model does not see it"
    return (
        f"no way to take the numbers explains more than {explained:.0%} of the answers: the model does not see the "
        "disc, or points at random"
    )


def _check_rivals(data: _Data, family: Sequence[CoordinateReading], scores: Array, best: int) -> None:
    """Raises `NoFitError` when another reading is nearly as good and means other places, beyond what profiles allow."""
    for n in np.flatnonzero(scores > scores[best] - MARGIN).tolist():
        rival, chosen = family[n], family[best]
        if rival.space == chosen.space and rival.order == chosen.order:
            continue  # other limits of the same kind: the lowest is the one that is kept to
        if rival.order != chosen.order or not _alike(data, rival, chosen):
            raise NoFitError(f"cannot tell whether the answers are {in_words(chosen)} or {in_words(rival)}")


def _alike(data: _Data, one: CoordinateReading, other: CoordinateReading) -> bool:
    """Whether clicks are at most a hundredth of a side apart: 999 and 1000, or a limit that only just bites."""
    grids = np.array([[reading.grid(*size) for size in data.sizes] for reading in (one, other)])
    return bool(np.all(np.abs(grids[0] / grids[1] - 1) < 0.01))


def _lowest(data: _Data, family: Sequence[CoordinateReading], scores: Array, best: int) -> float | None:
    chosen = family[best]
    if chosen.shrink is None or chosen.shrink.limit == math.inf:
        return None
    alike = [
        r.shrink.limit
        for r, score, prior in zip(family, scores, (r.prior for r in family), strict=True)
        if r.shrink and r.order == chosen.order and r.shrink.rule == chosen.shrink.rule
        if (r.shrink.factor, r.shrink.least) == (chosen.shrink.factor, chosen.shrink.least)
        if score - prior > scores[best] - chosen.prior - MARGIN and score - prior > scores[best] - chosen.prior - MARGIN
    ]
    return min(alike)


def _thousand(data: _Data, chosen: CoordinateReading, errors: Array) -> tuple[float, float]:
    """How much likelier 0 to 1000 is than 0 to 999, whatever small shift (rounding down) all numbers may share; and
    how much is to be expected of these answers.
    """
    if chosen.space not in ("rel999", "rel1000"):
        return 0.0, 0.0
    noise = data.noise(errors)
    good = np.abs(errors).max(axis=1) < 4.5 * noise
    numbers = data.numbers[:, ::-1] if chosen.order == "yx" else data.numbers
    parts = (data.discs / data.sent)[good].ravel()
    weights = ((data.sent / 1000)[good] / noise[good, None]).ravel() ** 2
    values = numbers[good].ravel()
    likelier = _with_shift(values - 1000 * parts, weights) - _with_shift(values - 999 * parts, weights)
    return likelier, -_with_shift(parts, weights)


def _with_shift(left: Array, weights: Array, shift: float = 0.4) -> float:
    """Log likelihood of what is left over, Gaussian with `weights`, plus one shared shift around 0."""
    total = weights.sum() + 1 / shift**2
    return float(-0.5 * ((weights * left**2).sum() - (weights * left).sum() ** 2 / total))


def in_words(reading: CoordinateReading) -> str:
    """What the numbers count, for people."""
    what = {
        "abs_sent": "pixels of the picture as it was sent",
        "abs_resized": "pixels of the picture after the server's own resize",
        "rel1": "parts of a side, 0 to 1",
        "rel100": "parts of a side, 0 to 100",
        "rel999": "parts of a side, 0 to 999",
        "rel1000": "parts of a side, 0 to 1000",
    }[reading.space]
    return what + (", y before x" if reading.order == "yx" else ", x before y")
