"""Sentences about a calibration: what is wrong and what to do about it."""

from __future__ import annotations

import math
from collections.abc import Sequence

from actions.errors import one_line
from agent.calibration.fitting import Fit, in_words
from agent.calibration.questions import CalibrationAnswer, PlanAnswers
from agent.calibration.readings import CoordinateReading, Shrink
from agent.models.dialects.dialect import Dialect

_COUNTS = {
    "abs_sent": "in pixels of the picture it is sent",
    "abs_resized": "in pixels of the picture after the server's own resize",
    "rel1": "in parts of a side, 0 to 1",
    "rel100": "in parts of a side, 0 to 100",
    "rel999": "in parts of a side, 0 to 999",
    "rel1000": "in parts of a side, 0 to 1000",
}


def say_unreadable(asked: Sequence[CalibrationAnswer], least: float) -> str:
    """Why too few answers name a place, in one line; empty where at least the part `least` of them does."""
    silent = [one.raw for one in asked if one.numbers is None]
    if len(silent) <= (1 - least) * len(asked):
        return ""
    example = one_line(silent[0].strip(), 100) or "(nothing)"
    return (
        f"{len(silent)} of {len(asked)} answers name no place that the dialect can read, e.g. {example!r}: serve a "
        "model that can point, or name its family with --dialect (handeye models lists them)"
    )


def say_found(fitted: Fit, dialect: Dialect, asking: PlanAnswers) -> tuple[str, ...]:
    """What was found, against what `dialect` expects: one sentence each, the most telling first."""
    reading = fitted.reading
    said = [*_spaces(fitted, dialect), *_order(reading, dialect), *_shrink(reading)]
    if asking.refused is not None:
        width, height = asking.refused
        said.append(f"The server refuses pictures of {width}x{height} ({asking.why}): the profile sends smaller ones.")
    if fitted.box:
        said.append("It answers with boxes: their middle is clicked.")
    if not said:
        said.append(f"It answers {_COUNTS[reading.space]}, as the dialect {dialect.name} expects: nothing to correct.")
    return tuple(said)


def _spaces(fitted: Fit, dialect: Dialect) -> list[str]:
    space, expected = fitted.reading.space, dialect.space_for.get("locate", dialect.space)
    if fitted.in_doubt:
        return [
            "Whether it counts to 1000 or to 999 could not be told for certain: at most a thousandth of a side, 2.6 "
            "pixels on a screen 2560 wide."
        ]
    if space == expected or (space.startswith("abs") and expected.startswith("abs")):
        return []
    if expected == "unknown":
        return [f"This model answers {_COUNTS[space]}."]
    wanted = "abs_sent" if expected.startswith("abs") else expected
    return [
        f"This model answers {_COUNTS[space]}, but the dialect {dialect.name} expects answers {_COUNTS[wanted]}: "
        "the profile corrects it."
    ]


def _order(reading: CoordinateReading, dialect: Dialect) -> list[str]:
    if reading.order == dialect.order:
        return []
    first, second = reading.order
    return [f"It says {first} before {second}, against the dialect {dialect.name}: the profile corrects it."]


def _shrink(reading: CoordinateReading) -> list[str]:
    shrink, said = reading.shrink, list[str]()
    if shrink is None:
        return []
    if shrink.least:
        said.append(
            f"This server enlarges images below {shrink.least // shrink.factor**2:,} tokens ({shrink.least:,} pixels) "
            "and the model counts in pixels of the larger one: the profile sends images of that size. To leave them as "
            "they are, start it with a smaller limit (llama.cpp: --image-min-tokens 4) and calibrate again."
        )
    if shrink.limit == math.inf:
        return said or [
            f"This server rounds the sides of pictures to {shrink.words} and the model counts in the result: the "
            "profile sends pictures of such sizes."
        ]
    return [
        *said,
        f"This server shrinks images above {shrink.words} and the model counts in pixels of the smaller one: the "
        f"profile sends images that fit. {advice(shrink)}",
    ]


def advice(shrink: Shrink) -> str:
    """How to start a server so that it does not shrink images, for those whose way is known."""
    tokens = 12845056 // 28**2 if shrink.factor < 2 else 12845056 // shrink.factor**2
    return (
        "To let the model see more, start it with a larger limit (vLLM: --mm-processor-kwargs "
        f"'{{\"max_pixels\": 12845056}}'; llama.cpp: --image-max-tokens {tokens}) and calibrate again."
    )


def say_meaning(fitted: Fit) -> str:
    """The reading and the kind of answer, in one line."""
    return f"{'boxes' if fitted.box else 'points'}, {in_words(fitted.reading)}"
