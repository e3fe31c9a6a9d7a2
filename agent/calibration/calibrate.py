"""``handeye doctor --calibrate``: ask, fit, verify the fit on new targets, and explain the result."""

from __future__ import annotations

import datetime
import math
import statistics
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from agent.calibration.explanation import say_found, say_unreadable
from agent.calibration.fitting import Fit, NoFitError, fit
from agent.calibration.profile import Limit, Profile, place_of
from agent.calibration.questions import CalibrationAnswer, PlanAnswers, ask_plan, ask_targets
from agent.calibration.targets import check_plan, far_and_near, plan
from agent.core.model import ModelError
from agent.models.chat import ChatModel
from agent.models.dialects.registry import get_dialect

READABLE = 0.7
"""The part of the answers that must name a place."""
_MORE, _ROUNDS, _FUTILE = 12, 8, 0.7

Progress = Callable[[int, int], None]
"""Told how many questions were asked and how many there will be."""


@dataclass(frozen=True)
class HitRate:
    """`hits` of `asked`, with the 95 % interval of Wilson's score."""

    hits: int
    asked: int

    @property
    def interval(self) -> tuple[float, float]:
        """From low to high, parts of 1; all of it for nothing asked."""
        if not self.asked:
            return 0.0, 1.0
        z, n, part = 1.959964, self.asked, self.hits / self.asked
        middle, spread = part + z * z / (2 * n), z * math.sqrt(part * (1 - part) / n + z * z / (4 * n * n))
        low, high = ((middle + way * spread) / (1 + z * z / n) for way in (-1, 1))
        return max(0.0, low), min(1.0, high)

    def to_json(self) -> dict[str, Any]:
        """With the interval."""
        low, high = self.interval
        return {"hits": self.hits, "asked": self.asked, "low": round(low, 4), "high": round(high, 4)}

    def __str__(self) -> str:
        low, high = self.interval
        return f"{self.hits} of {self.asked} ({low:.0%} to {high:.0%})"


@dataclass(frozen=True)
class Calibration:
    """What was measured of one model at one endpoint.

    `problem` says why it cannot be used, in one line; without one there is a `profile`. `asked` are the questions the
    fit was made from, `tried` those asked through the profile.
    """

    endpoint: str
    model: str
    dialect: str
    asked: tuple[CalibrationAnswer, ...]
    refused: tuple[int, int] | None = None
    fitted: Fit | None = None
    tried: tuple[CalibrationAnswer, ...] = ()
    says: tuple[str, ...] = ()
    problem: str = ""
    profile: Profile | None = None

    @property
    def usable(self) -> bool:
        """Whether clicks land, through the profile if need be."""
        return not self.problem

    @property
    def as_it_was(self) -> HitRate:
        """Clicks of the unchanged dialect that land on the disc."""
        return HitRate(sum(one.click is not None and one.target.hit(one.click) for one in self.asked), len(self.asked))

    @property
    def accuracy(self) -> HitRate:
        """Answers that, taken as was found, lie on the disc; unreadable ones count as misses."""
        radii = [one.target.radius for one in self.asked if one.numbers is not None]
        errors = self.fitted.errors if self.fitted else ()
        return HitRate(sum(e <= r for e, r in zip(errors, radii, strict=False)), len(self.asked))

    @property
    def tries(self) -> HitRate:
        """Clicks through the finished profile that land on the disc."""
        return HitRate(sum(one.click is not None and one.target.hit(one.click) for one in self.tried), len(self.tried))

    @property
    def median_error(self) -> float | None:
        """Pixels between answer and disc, in the pictures as drawn."""
        return statistics.median(self.fitted.errors) if self.fitted else None

    @property
    def seconds(self) -> float:
        """The middle time of an answer, asked one at a time, on the first size of the plan."""
        first = [one.usage.seconds for one in self.asked if one.target.size == self.asked[0].target.size]
        return statistics.median(first)

    @property
    def tokens(self) -> tuple[int, int]:
        """The middle count of prompt and completion tokens; 0 where the server does not say."""
        used = [one.usage for one in self.asked]
        prompt, answer = ([getattr(u, f"{kind}_tokens") for u in used] for kind in ("prompt", "completion"))
        return round(statistics.median(prompt)), round(statistics.median(answer))

    def to_json(self) -> dict[str, Any]:
        """The object that ``handeye doctor --calibrate --json`` prints, but for the path of the profile."""
        found = self.fitted.reading if self.fitted else None
        shrink = found.shrink if found else None
        prompt, answer = self.tokens
        return {
            "ok": self.usable,
            "endpoint": self.endpoint,
            "model": self.model,
            "dialect": self.dialect,
            "space": found.space if found else None,
            "order": found.order if found else None,
            "kind": None if self.fitted is None else "box" if self.fitted.box else "point",
            "server_resize": None
            if shrink is None
            else {
                "rule": shrink.rule,
                "limit": None if shrink.limit == math.inf else round(shrink.limit),
                "factor": shrink.factor if shrink.rule == "patches" else None,
                "least": shrink.least or None,
                "words": shrink.words,
            },
            "refused_size": list(self.refused) if self.refused else None,
            "accuracy": self.accuracy.to_json(),
            "without_profile": self.as_it_was.to_json(),
            "through_profile": self.tries.to_json(),
            "readable": sum(one.numbers is not None for one in self.asked),
            "median_error_px": None if self.median_error is None else round(self.median_error, 2),
            "median_seconds": round(self.seconds, 3),
            "median_prompt_tokens": prompt,
            "median_completion_tokens": answer,
            "says": list(self.says),
            "problem": self.problem or None,
        }


def calibrate(model: ChatModel, progress: Progress = lambda done, total: None) -> Calibration:
    """Measure how `model` (without a profile) answers, and make the profile that corrects it.

    Raises `ModelError` when it gives no answers at all; answers that make no sense are a `Calibration` with a problem.
    """
    sizes, checks, counter = plan(), check_plan(), _QuestionCounter(progress)
    counter.add(sum(map(len, sizes)) + len(checks))
    model = replace(model, resized=None)  # what is corrected cannot be measured
    free = replace(model, structured="off")  # held to a shape, numbers would show the shape
    asking = ask_plan(free, sizes, counter.one)
    found = Calibration(place_of(model.endpoint), model.endpoint.model, model.dialect, asking.asked, asking.refused)
    problem = say_unreadable(asking.asked, READABLE)
    if problem:
        return replace(found, problem=problem)
    try:
        fitted, asked = _fit(free, asking, counter)
    except NoFitError as error:
        return replace(found, problem=str(error))
    found = replace(found, asked=asked, fitted=fitted)
    found = replace(found, says=say_found(fitted, model.speaks, asking))
    return _tried(model, found, counter)


def _fit(model: ChatModel, asking: PlanAnswers, counter: _QuestionCounter) -> tuple[Fit, tuple[CalibrationAnswer, ...]]:
    """The fit, with more questions as long as 0 to 1000 and 0 to 999 are in doubt. Raises `NoFitError`."""
    asked, factor = asking.asked, model.speaks.resize.factor
    fitted = fit(asked, factor)
    room = max(one.target.width * one.target.height for one in asked)
    for seed in range(_ROUNDS):
        if not fitted.in_doubt or (seed and fitted.weight < _FUTILE):
            break
        more = far_and_near(room, _MORE, seed)
        counter.add(len(more))
        asked = (*asked, *ask_targets(model, more, counter.one))
        fitted = fit(asked, factor)
    return fitted, asked


def _tried(model: ChatModel, found: Calibration, counter: _QuestionCounter) -> Calibration:
    """Ask again through the profile, which is saved only after this."""
    profile = _profile(model, found)
    try:
        corrected = replace(model, speaks=profile.correct(model.speaks))
    except ModelError as error:
        return replace(found, problem=str(error))
    biggest = max(one.target.width * one.target.height for one in found.asked)
    targets = [t for t in check_plan() if t.width * t.height <= biggest] or [one.target for one in found.asked[:4]]
    found = replace(found, tried=tuple(ask_targets(corrected, targets, counter.one)))
    near = sum(
        one.click is not None and math.dist(one.click, one.target.at) <= 0.05 * max(one.target.size)
        for one in found.tried
    )
    if near * 2 < len(found.tried):
        return replace(
            found, problem=f"only {near} of {len(found.tried)} clicks through the profile came near the disc"
        )
    measured = {key: value for key, value in found.to_json().items() if key not in ("ok", "problem")}
    return replace(found, profile=profile.model_copy(update={"measured": measured}))


def _profile(model: ChatModel, found: Calibration) -> Profile:
    assert found.fitted is not None
    reading = found.fitted.reading
    return Profile(
        made=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        endpoint=found.endpoint,
        model=found.model,
        dialect=model.dialect,
        dialect_hash=get_dialect(model.dialect).prompt_hash,
        space=_kept(model, found.fitted),
        order=reading.order,
        box=found.fitted.box,
        resize=_limit(found.fitted),
        largest=_largest(model, found),
    )


def _kept(model: ChatModel, fitted: Fit) -> Any:
    """The space; the dialect's own where it is in doubt which of two, a thousandth apart, it is."""
    own = model.speaks.space_for.get("locate", model.speaks.space)
    return own if fitted.in_doubt and own in ("rel999", "rel1000") else fitted.reading.space


def _limit(fitted: Fit) -> Limit | None:
    shrink = fitted.reading.shrink
    if shrink is None:
        return None
    pixels = None if fitted.lowest is None else math.floor(fitted.lowest)
    factor = shrink.factor if shrink.rule == "patches" else None
    return Limit(rule=shrink.rule, pixels=pixels, factor=factor, least=shrink.least or None)


def _largest(model: ChatModel, found: Calibration) -> int | None:
    """The area in pixels that pictures must keep to: that of the largest taken, where a larger one was refused, and
    that of the model as it was measured, where it was given a limit.
    """
    limits = []
    if found.refused:
        limits.append(max(one.sent[0] * one.sent[1] for one in found.asked))
    if model.speaks.resize.max_pixels < get_dialect(model.dialect).resize.max_pixels:
        limits.append(model.speaks.resize.max_pixels)
    return min(limits, default=None)


class _QuestionCounter:
    """Counts questions for progress display."""

    def __init__(self, progress: Progress) -> None:
        self._progress, self._done, self._total, self._lock = progress, 0, 0, threading.Lock()

    def add(self, questions: int) -> None:
        self._total += questions

    def one(self) -> None:
        with self._lock:
            self._done += 1
            self._progress(self._done, self._total)
