"""How many instructions a history of performed actions has carried out."""

from __future__ import annotations

from collections.abc import Sequence

from agent.builtin import instructions as s
from agent.core.step import Step
from agent.guard.limits import NAME as LIMITS

_ENDS: tuple[tuple[type[s.Instruction], str], ...] = (
    (s.ClickOn, "click"),
    (s.UseControl, "click"),
    (s.OpenMenu, "click"),
    (s.SetChecked, "click"),
    (s.Choose, "click"),
    (s.Hover, "move"),
    (s.LongPressOn, "long_press"),
    (s.TypeInto, "type"),
    (s.NameIt, "type"),
    (s.SetValue, "type"),
    (s.Press, "key"),
    (s.Clear, "key"),
    (s.ScrollTo, "scroll"),
    (s.DragTo, "drag"),
    (s.Slide, "drag"),
    (s.WaitFor, "wait"),
    (s.WaitSeconds, "wait"),
    (s.ReadText, "answer"),
    (s.OpenTarget, "open"),
)  # fmt: skip
"""The type of the action that normally ends an instruction."""


def instructions_done(steps: Sequence[s.Instruction], history: Sequence[Step]) -> int:
    """How many of `steps` the performed actions of `history` can have carried out, from the first on.

    An action of another type than the one that ends the current instruction counts as a part of it, or as a wait. One
    that a user skipped or did by hand ends its instruction.
    """
    done = 0
    for past in history:
        if done < len(steps) and (was_skipped(past) or (_was_done(past) and _ends(past, steps[done]))):
            done += 1
    return done


def was_skipped(past: Step) -> bool:
    """Whether a person skipped it or did it by hand, which ends its instruction; what the limits refuse is no skip."""
    return past.verdict is not None and past.verdict.kind == "skip" and past.verdict.policy != LIMITS


def _was_done(past: Step) -> bool:
    answered = past.action is not None and past.action.type == "answer"
    return past.outcome is not None and (past.outcome.performed or answered)


def _ends(past: Step, step: s.Instruction) -> bool:
    return past.action is not None and past.action.type in _ending(step)


def _ending(step: s.Instruction) -> tuple[str, ...]:
    """The types of action that end `step`."""
    if isinstance(step, s.Alternatives):
        return _ending(step.first)
    return tuple(action for kind, action in _ENDS if isinstance(step, kind))
