"""Exact match of Android in the Zoo: IMNearth/CoAT ``coat/evaluate.py``.

The types are click, scroll, type, press and stop. A scroll's direction and a press's button must be equal; a typed
text must be part of the other or have a Levenshtein ratio above 0.8; a stop is a stop, done or impossible.

Two rules differ on clicks:

* ``aitw-point`` (the default) is for answers that are points: those of AITW, which AITZ's screens come from. The point
  at most 0.14 from the recorded one, or both in the same element grown to 2.4 times.
* ``coat`` is for answers that are boxes, as CoAT's own models give: the recorded point in the answered box grown to
  1.2 times, or in a screen element grown to 1.2 times that shares more than half with it (intersection over union).
  A point is a box without area, so it is right only on the recorded point.

The released code reads the recorded point of scrolls where it must be that of clicks, so that every click is compared
with (0, 0), and overwrites the picture's size with the last element's: here what it means is done.
"""

from __future__ import annotations

from collections.abc import Mapping

from rapidfuzz.distance import Indel

from actions.frame import Box, Point
from benchmarks.suites.navigation.moves import CanonicalAction
from benchmarks.suites.navigation.recording import RecordedStep, Rule, Ruling
from benchmarks.suites.navigation.rules import WRONG_TYPE, one_in_other, ruled, scaled
from benchmarks.suites.navigation.rules.aitw import shares_of, taps_match

GROWTH = 1.2
OVERLAP = 0.5
RATIO = 0.8
EDGE = 1e-6


def aitw_point(step: RecordedStep, move: CanonicalAction) -> Ruling:
    """Clicks by AITW's rule for points; the rest as in CoAT."""
    truth = step.truth
    if truth.kind == move.kind == "click" and truth.point and move.point:
        hit = taps_match(step.share(move.point), step.share(truth.point), shares_of(step))
        return ruled(hit, "wrong_place", grounding=float(hit))
    return _rest(truth, move)


def coat(step: RecordedStep, move: CanonicalAction) -> Ruling:
    """Clicks by CoAT's rule for boxes."""
    truth = step.truth
    if truth.kind == move.kind == "click" and truth.point and move.point:
        answered = move.box or Box(*move.point, *move.point)
        hit = box_match(answered, truth.point, step.boxes)
        return ruled(hit, "wrong_place", grounding=float(hit))
    return _rest(truth, move)


def _rest(truth: CanonicalAction, move: CanonicalAction) -> Ruling:
    if move.kind != truth.kind:
        return WRONG_TYPE
    if truth.kind == "scroll":
        return ruled(move.direction == truth.direction, "wrong_direction")
    if truth.kind == "type":
        return ruled(texts_match(move.text, truth.text), "wrong_text")
    if truth.kind == "button":
        return ruled(move.name == truth.name, "wrong_button")
    return ruled(truth.kind == "stop", "wrong_place")


def texts_match(answer: str, truth: str) -> bool:
    """Part of the other, or a Levenshtein ratio (2 * matches / both lengths) above 0.8."""
    return one_in_other(answer, truth) or Indel.normalized_similarity(answer, truth) > RATIO


def box_match(answered: Box, target: Point, elements: tuple[Box, ...]) -> bool:
    """Whether an answered box fits the recorded point, all in frame pixels."""
    ours = scaled(answered, GROWTH)
    if ours.grown(EDGE).holds(target):
        return True
    around = (box for box in (scaled(e, GROWTH) for e in elements) if box.holds(target))
    return any(_overlap(ours, box) > OVERLAP for box in around)


def _overlap(a: Box, b: Box) -> float:
    """Intersection over union; an area below one pixel counts as one, as in CoAT."""
    shared = a.overlap(b)
    return shared / (max(a.area, 1.0) + max(b.area, 1.0) - shared)


DEFAULT = "aitw-point"
RULES: Mapping[str, Rule] = {"aitw-point": aitw_point, "coat": coat}
