"""What earlier steps say to a model, and where they left the pointer; what was told before is kept."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from string import Template

from actions.action import describe, points_of
from actions.frame import Frame, Point
from agent.core.step import Step, repeated_again
from agent.models.dialects.conversation import Conversation, ToldStep
from agent.models.dialects.normalize import without_thought

_OUTCOME = "(What came of the last action: ${outcome}.)\n"


def _effect(step: Step, repeats: int) -> str:
    """What came of `step`, done `repeats` times in a row without effect."""
    return step.effect + (f", {repeats} times in a row: do something else" if repeats > 1 else "")


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


Tell = Callable[[Step, int, Point | None, str, bool, int], ToldStep]
"""A step in a family's words: the step, how many were told before, and the pointer, `named`, `last` and `repeats` of
`told_step`.
"""


@dataclass(frozen=True)
class ToldHistory:
    """The `steps` of a history in a family's words.

    `told` are the answers, those of several actions in one, and `asked` the steps of their first actions. `memory` is
    what the newest answer that has something to keep says, None without one. `_moved` is the last step that moved the
    pointer, `_answer` and `_before` are the steps of the last two answers, and `_repeats` is how many of the answers up
    to `_before` gave the same without effect.
    """

    steps: tuple[Step, ...] = ()
    told: tuple[ToldStep, ...] = ()
    asked: tuple[Step, ...] = ()
    memory: str | None = None
    _decided: int = 0
    _moved: Step | None = None
    _answer: tuple[Step, ...] = ()
    _before: tuple[Step, ...] = ()
    _repeats: int = 0

    def is_of(self, history: Sequence[Step]) -> bool:
        """Whether the steps are those of `history`, the very objects."""
        return len(self.steps) == len(history) and all(map(operator.is_, self.steps, history))

    def begins(self, history: Sequence[Step]) -> bool:
        """Whether `history` is these very steps and at least one more."""
        return len(self.steps) < len(history) and all(map(operator.is_, self.steps, history))

    def pointer(self, frame: Frame) -> Point | None:
        """Where the steps left the pointer, in pixels of `frame`; None where nobody knows."""
        return pointer_after([self._moved] if self._moved else [], frame)

    @property
    def repeats(self) -> int:
        """`agent.core.step.repeated_without_effect` of the steps."""
        return repeated_again(self._answer, self._before, self._repeats)

    def then(self, step: Step, following: Step | None, tell: Tell, memory: str) -> ToldHistory:
        """These steps and `step`, which `following` comes after; `memory` is the pattern of what is kept."""
        kept = re.search(memory, step.raw, re.DOTALL) if memory and step.raw else None
        further = bool(step.part and self.steps)
        after = replace(
            self,
            steps=(*self.steps, step),
            memory=kept.group(1).strip() if kept else self.memory,
            _moved=step if _moved(step) else self._moved,
            _answer=(*self._answer, step) if further else (step,),
            _before=self._before if further else self._answer,
            _repeats=self._repeats if further else self.repeats,
        )
        if step.action is None:
            return after
        several = step.part > 0 or (following is not None and following.part > 0)
        named = f"{describe(step.action)}: " if several else ""
        one = tell(step, self._decided, self.pointer(step.frame), named, following is None, after.repeats)
        told = (*self.told, one)
        if step.part and self.told:
            told = (*self.told[:-1], self.told[-1].and_then(one, said=bool(after._answer[0].raw)))
        asked = self.asked if step.part else (*self.asked, step)
        return replace(after, told=told, asked=asked, _decided=self._decided + 1)


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
