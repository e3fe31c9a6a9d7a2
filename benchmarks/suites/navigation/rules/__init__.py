"""The scoring rules of recorded navigation, one module for each data set.

A rule is a function of the recorded and the predicted action; it agrees with the suite's own evaluator except for the
faults that its module names. Distances that are exactly the threshold count as within it; `NEAR` takes
up the rounding of the numbers on the way.
"""

from __future__ import annotations

from actions.frame import Box
from benchmarks.suites.navigation.recording import Ruling

NEAR = 1e-9
"""How far beyond a threshold (shares of a side) a distance may lie and still be taken for it."""

WRONG_TYPE = Ruling(correct=False, type_match=False, kind="wrong_type")


def ruled(correct: bool, wrong: str, **scores: float) -> Ruling:
    """A ruling on a move of the right type; `wrong` is the kind where it is not correct."""
    return Ruling(correct, type_match=True, kind="correct" if correct else wrong, scores=scores)


def token_f1(answer: str, truth: str) -> float:
    """F1 of the sets of lower-cased words of two texts; 0 where either has none."""
    ours, theirs = set(answer.lower().split()), set(truth.lower().split())
    common = len(ours & theirs)
    return 2 * common / (len(ours) + len(theirs)) if common else 0.0


def one_in_other(answer: str, truth: str) -> bool:
    """Whether one text is part of the other, as it stands; nothing at all is part of everything."""
    return answer in truth or truth in answer


def scaled(box: Box, factor: float) -> Box:
    """`box` about its centre with `factor` times its sides."""
    x, y = box.center
    width, height = box.width * factor / 2, box.height * factor / 2
    return Box(x - width, y - height, x + width, y + height)
