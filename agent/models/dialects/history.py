"""What an earlier step says to a model, and where it left the pointer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from string import Template

from actions.action import describe, points_of
from actions.frame import Frame, Point
from agent.core.step import Step
from agent.models.dialects.conversation import Conversation, ToldStep
from agent.models.dialects.normalize import without_thought

_OUTCOME = "(What came of the last action: ${outcome}.)\n"


def answered(history: Sequence[Step]) -> list[Step]:
    """The steps that were asked for: with a usable answer, each for the first action of it."""
    return [step for step in history if step.action is not None and not step.part]


def _effect(step: Step, repeats: int) -> str:
    """What came of `step`, done `repeats` times in a row without effect."""
    return step.effect + (f", {repeats} times in a row: do something else" if repeats > 1 else "")


def pointers_before(history: Sequence[Step]) -> list[Point | None]:
    """For each step, where the pointer was before it (pixels of that step's frame); None where nobody knows."""
    found: list[Point | None] = []
    last: Step | None = None
    for step in history:
        found.append(pointer_after([last] if last else [], step.frame))
        last = step if _moved(step) else last
    return found


def pointer_after(history: Sequence[Step], frame: Frame) -> Point | None:
    """Where the last action with a place left the pointer, in pixels of `frame`; None when nobody knows.

    An action that was not done (an error, a veto) moved nothing, and a screen of another geometry has another place.
    """
    step = next((step for step in reversed(history) if _moved(step)), None)
    return _moved(step)[-1] if step is not None and step.frame.same_geometry(frame) else None


def _moved(step: Step) -> tuple[Point, ...]:
    """Where the pointer went in `step`."""
    if step.action is None or step.error or (step.verdict and step.verdict.kind in ("skip", "block", "stop")):
        return ()
    return points_of(step.action)


def told_step(
    step: Step,
    told_as: Conversation,
    line: str,
    call: str,
    whole: str,
    index: int,
    named: str,
    last: bool,
    repeats: int,
) -> ToldStep:
    """`step` as `told_as` has it; `line` is the template of a line where that has none of its own.

    `call` is its action and `whole` an answer of it in the family's words. `named` stands before what came of it: the
    action, where its answer has several. `last` is whether nothing came after, `repeats` how many times in a row it
    was done without effect.
    """
    assert step.action is not None
    said = re.search(told_as.said, step.raw, re.DOTALL) if told_as.said and step.raw else None
    thought = said.group(1).strip() if said else step.thought or describe(step.action)
    effect, answer = _effect(step, repeats), step.raw if step.raw and step.decided is None else whole
    answer = answer if told_as.thoughts else without_thought(answer)
    values = {"number": index + 1, "index": index, "action": call}
    told = _effect(step, repeats if last else 0)
    outcome = f" ({told})" if told else ""
    full, brief = (
        Template(told_as.line or line).substitute(values, thought=" ".join(words.split()), outcome=outcome, answer=raw)
        for words, raw in ((thought, answer), (describe(step.action), describe(step.action)))
    )
    return ToldStep(
        full,
        brief,
        Template(told_as.answer).substitute(values, thought=thought, answer=answer),
        whole,
        Template(_OUTCOME).substitute(outcome=f"{named}{effect}") if effect else "",
        told_as.sums_up and said is not None,
    )
