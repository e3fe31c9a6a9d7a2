"""What a step says of its action to the model: done, not done and why, without effect."""

from __future__ import annotations

from typing import Any

import pytest

from actions.action import Answer, AnyAction, AskUser, Click, Finish, Move, Wait
from actions.frame import Frame, Point
from agent.core.step import Delegation, OutcomeRecord, Patch, Step, Tokens, VerdictRecord, repeated_without_effect

CLICK = Click(point=Point(10, 20))
OTHER = Click(point=Point(11, 20))


def outcome(**facts: Any) -> OutcomeRecord:
    return OutcomeRecord(**{"performed": True, "detail": "click", "settled": True, "changed": True, **facts})


def step(action: AnyAction | None = CLICK, **facts: Any) -> Step:
    return Step(index=0, time=0.0, frame=Frame(id="1", width=100, height=100), image="0.png", action=action, **facts)


NOTHING = outcome(changed=False)
TWO = [step(outcome=NOTHING), step(OTHER, outcome=NOTHING, part=1)]
BLOCKED = VerdictRecord(kind="block", reason="the bank")
ALLOWED = VerdictRecord(kind="allow")


@pytest.mark.parametrize(
    ("done", "effect"),
    [
        (step(), ""),
        (step(outcome=outcome()), ""),
        (step(outcome=outcome(), verdict=ALLOWED), ""),
        (step(outcome=outcome(changed=None)), ""),
        (step(outcome=NOTHING), "done; no change was seen"),
        (step(outcome=NOTHING, verdict=ALLOWED), "done; no change was seen"),
        (step(outcome=outcome(settled=False)), "done; the screen is still changing"),
        (step(outcome=outcome(performed=False, detail="no such key")), "not done: no such key"),
        (step(outcome=NOTHING, error="unusable"), "unusable"),
        (step(verdict=BLOCKED), "not done: the bank"),
        (step(verdict=VerdictRecord(kind="skip")), "not done: not allowed"),
        (step(verdict=VerdictRecord(kind="stop")), "not done: not allowed"),
        (step(AskUser(question="which?"), outcome=outcome(detail="the first")), "the first"),
        (step(Answer(text="42"), outcome=NOTHING), ""),
        (step(Finish(status="success"), outcome=NOTHING), ""),
        (step(Wait(), outcome=NOTHING), ""),
        (step(Move(point=Point(1, 1)), outcome=NOTHING), ""),
    ],
)
def test_what_became_of_the_action(done: Step, effect: str) -> None:
    assert done.effect == effect


@pytest.mark.parametrize(
    ("history", "count"),
    [
        ([], 0),
        ([step(outcome=outcome())], 0),
        ([step(outcome=NOTHING)] * 3, 3),
        ([step(outcome=NOTHING), step(outcome=outcome()), step(outcome=NOTHING)], 1),
        ([step(OTHER, outcome=NOTHING), step(outcome=NOTHING), step(outcome=NOTHING)], 2),
        ([step(outcome=NOTHING), step()], 0),
        ([step(outcome=outcome(performed=False, changed=False))], 0),
        ([step(outcome=outcome(performed=False, changed=None))] * 3, 3),
        ([step(outcome=outcome(performed=False, changed=None, dry_run=True))] * 3, 0),
        ([step(outcome=outcome(performed=False, changed=None), verdict=VerdictRecord(kind="skip"))] * 3, 0),
        ([step(AskUser(question="which?"), outcome=outcome(performed=False, changed=None))] * 3, 0),
        ([step(outcome=outcome(settled=False, changed=False))], 0),
        (TWO * 2, 2),
        ([step(outcome=NOTHING), step(OTHER, outcome=NOTHING), *TWO], 1),
        ([step(OTHER, outcome=NOTHING), step(outcome=NOTHING, part=1), *TWO], 1),
    ],
)
def test_only_the_last_steps_with_the_same_action_and_no_effect_count(history: list[Step], count: int) -> None:
    assert repeated_without_effect(history) == count


def test_tokens_are_summed_one_by_one() -> None:
    total = Tokens(prompt=90, completion=10, cached=6) + Tokens(prompt=30, completion=7, cached=5)
    assert total == Tokens(prompt=120, completion=17, cached=11)


def test_a_delegation_that_says_no_more_does_what_it_names() -> None:
    read = Delegation.model_validate({"instruction": "Open the page"})
    assert (read.leads, read.planned, read.report, read.plan) == (False, False, "", ())


def test_a_patch_may_lie_in_the_corner_and_not_outside() -> None:
    assert Patch(base="0.png", at=(0, 0)).at == (0, 0)
    for at in ((-1, 0), (0, -1)):
        with pytest.raises(ValueError, match="at"):
            Patch(base="0.png", at=at)
