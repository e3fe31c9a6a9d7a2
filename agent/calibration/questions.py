"""Asks a model where the discs are, through its own dialect, and reads the bare numbers of its answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from actions.frame import Frame, Point
from agent.calibration.targets import INSTRUCTION, CalibrationTarget
from agent.core.model import ModelError, ParseError, Usage
from agent.models.chat import ChatModel
from agent.models.dialects.dialect import Dialect, ParsedPlace
from agent.models.endpoints.openai import OpenAIEndpoint

WORKERS = 3
"""Questions under way at once on a server; one at a time in process."""
_WIDE = 1_000_000
"""A frame so large that every number a model may mean is a place on it."""


@dataclass(frozen=True)
class CalibrationAnswer:
    """One question and its answer.

    `sent` is the (width, height) of the picture sent. `numbers` are the first and the second number of the answer
    (the middle, for a box), None when it names no place, and `box` is whether it had four. `click` is where the
    unchanged dialect would have clicked, in pixels of the picture drawn, which fills the parts `filled` of that sent.
    """

    target: CalibrationTarget
    sent: tuple[int, int]
    raw: str
    usage: Usage
    numbers: tuple[float, float] | None = None
    box: bool = False
    click: Point | None = None
    filled: tuple[float, float] = (1.0, 1.0)


def ask_target(model: ChatModel, target: CalibrationTarget) -> CalibrationAnswer:
    """Ask for one target. Raises `ModelError` when there is no answer at all; an unreadable one is an answer."""
    sent = model.speaks.resize.size(target.width, target.height)
    try:
        found = model.locate(target.observation(), INSTRUCTION)
        asked = CalibrationAnswer(target, sent, found.raw, found.usage, click=found.point)
    except ParseError as error:
        asked = CalibrationAnswer(target, sent, error.raw, error.usage)
    spot = bare_numbers(model.speaks, asked.raw)
    if spot is None or spot.point is None:
        return asked
    filled = model.speaks.resize.filled(target.width, target.height)
    return replace(asked, numbers=(spot.point.x, spot.point.y), box=spot.box is not None, filled=filled)


def bare_numbers(speaks: Dialect, raw: str) -> ParsedPlace | None:
    """The numbers of an answer as they stand, read by the dialect's own grammar.

    The point is (first number, second number), whatever they count. None for an answer that names no place.
    """
    bare = replace(speaks, space="abs_sent", space_for={}, order="xy", overshoot=0.0, any_unit=True)
    frame = Frame(id="numbers", width=_WIDE, height=_WIDE)
    try:
        return bare.parse_place(raw, frame)
    except ParseError:
        return None


def ask_targets(
    model: ChatModel, targets: Sequence[CalibrationTarget], done: Callable[[], None]
) -> list[CalibrationAnswer]:
    """Ask for all `targets`, several at once where the model is on a server. Raises `ModelError` like `ask_target`."""

    def one(target: CalibrationTarget) -> CalibrationAnswer:
        try:
            return ask_target(model, target)
        finally:
            done()

    with ThreadPoolExecutor(WORKERS if isinstance(model.endpoint, OpenAIEndpoint) else 1) as pool:
        return list(pool.map(one, targets))


@dataclass(frozen=True)
class PlanAnswers:
    """The answers of a whole plan, and the first size that the server refused, with its message."""

    asked: tuple[CalibrationAnswer, ...]
    refused: tuple[int, int] | None = None
    why: str = ""


def ask_plan(model: ChatModel, plan: Sequence[Sequence[CalibrationTarget]], done: Callable[[], None]) -> PlanAnswers:
    """Ask size by size: the first one question after the other, for the time it takes; the rest several at once.

    A size that the server refuses ends it: larger ones are not tried. Stops early where nothing is readable. Raises
    `ModelError` when the first size gets no answer.
    """
    asked: list[CalibrationAnswer] = []
    for number, targets in enumerate(plan):
        try:
            if number:
                asked += ask_targets(model, targets, done)
            else:
                asked += [_counted(ask_target(model, target), done) for target in targets]
        except ModelError as error:
            if not number:
                raise
            return PlanAnswers(tuple(asked), targets[0].size, str(error))
        if not any(one.numbers for one in asked):
            break
    return PlanAnswers(tuple(asked))


def _counted(asked: CalibrationAnswer, done: Callable[[], None]) -> CalibrationAnswer:
    done()
    return asked
