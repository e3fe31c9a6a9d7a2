"""Several actions in one answer: each a step of its own, and the rest dropped as soon as the screen is another one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from actions.action import Answer, AnyAction, AskUser, Click, Finish, Key, TypeText, Wait
from actions.errors import HandeyeError
from actions.frame import Frame, GeometryError, Point
from agent.core.loop import Agent, Result
from agent.core.model import Decision, Usage
from agent.core.policy import Allow, Policy, Verdict
from agent.core.stop import Stop
from agent.core.task import Ending, Limits, Task
from envs.env import EnvError, Observation, Outcome
from tests.agent.fakes import FakeEnv, ListMemory, ScriptedModel

FIELD, SAVE = Click(point=Point(60, 40)), Click(point=Point(300, 250))
TEXT, DONE = TypeText(text="hi"), Finish(status="success")
USAGE = Usage(prompt_tokens=90, completion_tokens=10)
Change = Callable[[Observation], Observation]


class Screen(FakeEnv):
    """A 400x300 screen; after the n-th action, `changes[n]` (from 1) is done to what is seen from then on."""

    def __init__(self, changes: dict[int, Change] | None = None, **parts: Any) -> None:
        super().__init__(**parts)
        self.changes, self.frames = changes or {}, list[Frame]()

    def observe(self) -> Observation:
        seen = super().observe()
        frame = seen.frame.model_copy(update={"width": 400, "height": 300})
        seen = replace(seen, image=np.full((300, 400, 3), 128, np.uint8), frame=frame)
        for number, change in self.changes.items():
            seen = change(seen) if len(self.done) >= number else seen
        return seen

    def perform(self, action: AnyAction, frame: Frame) -> Outcome:
        self.frames.append(frame)
        return super().perform(action, frame)


def painted(x: int, y: int, width: int, height: int) -> Change:
    def paint(seen: Observation) -> Observation:
        image = seen.image.copy()
        image[y : y + height, x : x + width] = 255
        return replace(seen, image=image)

    return paint


def rotated(seen: Observation) -> Observation:
    frame = seen.frame.model_copy(update={"width": 300, "height": 400})
    return replace(seen, image=np.full((400, 300, 3), 128, np.uint8), frame=frame)


def play(
    answers: Sequence[Any], env: Screen | None = None, policy: Policy | None = None, **parts: Any
) -> tuple[Result, Screen, ListMemory, ScriptedModel]:
    env, memory, model = env or Screen(), ListMemory(), ScriptedModel(answers, USAGE)
    limits = parts.pop("limits", Limits())
    agent = Agent(env, model, policy or Allow(), memory, **parts)
    return agent.run(Task("do it", limits)), env, memory, model


def test_they_are_done_in_order_each_as_a_step_and_the_model_is_asked_once() -> None:
    focus = painted(20, 30, 100, 20)
    result, env, memory, model = play([(FIELD, TEXT, SAVE), DONE], Screen({1: focus}))
    assert (result.ending, env.done) == (Ending.DONE, [FIELD, TEXT, SAVE])
    assert [(s.action, s.part, s.dropped) for s in memory.steps] == [
        (FIELD, 0, ""),
        (TEXT, 1, ""),
        (SAVE, 2, ""),
        (DONE, 0, ""),
    ]
    assert [s.tokens.prompt for s in memory.steps] == [90, 0, 0, 90]
    assert [bool(s.raw) for s in memory.steps] == [True, False, False, True]
    assert all(s.verdict is not None for s in memory.steps)
    assert [("model" in s.timings, "capture" in s.timings) for s in memory.steps[:3]] == [(False, True)] * 3
    assert [len(told) for told in model.histories] == [0, 3]
    assert len({s.image for s in memory.steps}) == 4


def test_later_points_belong_to_the_picture_that_the_model_saw() -> None:
    _, env, memory, _ = play([(FIELD, SAVE), DONE])
    assert env.frames[0] == env.frames[1] == memory.steps[0].frame


@pytest.mark.parametrize(
    ("change", "second", "why"),
    [
        (painted(0, 0, 200, 150), TEXT, "the screen changed"),
        (painted(290, 240, 8, 20), SAVE, "the screen changed where they point"),
        (rotated, TEXT, "the screen has another size or rotation"),
        (lambda seen: replace(seen, app="other"), TEXT, "another app is in front"),
    ],
)
def test_the_rest_is_dropped_on_another_screen_and_the_model_is_told(
    change: Change, second: AnyAction, why: str
) -> None:
    result, env, memory, model = play([(FIELD, second, Key(chords=("enter",))), DONE], Screen({1: change}))
    assert (result.ending, env.done) == (Ending.DONE, [FIELD])
    assert memory.steps[0].dropped == f"2 more actions of the answer were not done: {why}"
    assert memory.steps[0].dropped in model.histories[1][0].effect


@pytest.mark.parametrize(
    ("near", "beyond"),
    [
        (painted(307, 240, 8, 20), painted(308, 240, 8, 20)),
        (painted(286, 240, 8, 20), painted(285, 240, 8, 20)),
        (painted(290, 257, 20, 8), painted(290, 258, 20, 8)),
        (painted(290, 236, 20, 8), painted(290, 235, 20, 8)),
    ],
)
def test_close_to_a_point_is_a_fortieth_of_the_shorter_side_in_each_direction(near: Change, beyond: Change) -> None:
    for change, done in ((near, [FIELD]), (beyond, [FIELD, SAVE])):
        _, env, _, _ = play([(FIELD, SAVE), DONE], Screen({1: change}))
        assert env.done == done


@pytest.mark.parametrize(
    "change",
    [
        painted(298, 245, 2, 12),  # a caret
        painted(10, 10, 100, 80),  # less than a tenth, elsewhere
        lambda seen: replace(seen, app="fake: *a title"),
        lambda seen: replace(painted(0, 150, 250, 150)(seen), keyboard_shown=True),
    ],
)
def test_what_does_not_concern_the_next_action_keeps_the_rest(change: Change) -> None:
    _, env, _, _ = play([(FIELD, SAVE, TEXT), DONE], Screen({1: change}))
    assert env.done == [FIELD, SAVE, TEXT]


class Says:
    """A policy with one verdict for one action."""

    def __init__(self, kind: Any, about: AnyAction, instead: AnyAction | None = None) -> None:
        self.kind, self.about, self.instead, self.asked = kind, about, instead, list[AnyAction]()

    def review(self, decision: Decision, observation: Observation) -> Verdict:
        self.asked.append(decision.action)
        if decision.action != self.about:
            return Verdict("allow", decision.action)
        return Verdict(self.kind, self.instead or decision.action, "me", "not that")


@pytest.mark.parametrize(("kind", "ending"), [("block", Ending.BLOCKED), ("ask", Ending.NEEDS_HUMAN)])
def test_each_is_reviewed_and_a_veto_ends_the_run_before_it_is_done(kind: Any, ending: Ending) -> None:
    policy = Says(kind, TEXT)
    result, env, memory, _ = play([(FIELD, TEXT, SAVE), DONE], policy=policy)
    assert (result.ending, env.done, policy.asked) == (ending, [FIELD], [FIELD, TEXT])
    assert memory.steps[-1].part == 1


@pytest.mark.parametrize(
    ("policy", "why", "done"),
    [
        (Says("skip", FIELD), "the action before was not done", []),
        (Says("modify", FIELD, SAVE), "another action was done before them than you chose", [SAVE]),
    ],
)
def test_a_skip_or_change_of_one_drops_those_after_it(policy: Says, why: str, done: list[AnyAction]) -> None:
    _, env, memory, _ = play([(FIELD, TEXT), DONE], policy=policy)
    assert env.done == done
    assert memory.steps[0].dropped == f"1 more action of the answer was not done: {why}"


@pytest.mark.parametrize("kind", ["skip", "block", "stop", "ask"])
def test_what_the_policy_forbids_is_recorded_as_decided_and_not_done(kind: Any) -> None:
    _, env, memory, _ = play([FIELD, DONE], policy=Says(kind, FIELD))
    step = memory.steps[0]
    assert env.done == []
    assert (step.action, step.decided) == (FIELD, None)
    assert step.outcome is not None
    assert (step.outcome.performed, step.outcome.detail) == (False, "not that")


def test_what_the_policy_changes_is_recorded_with_what_was_decided() -> None:
    _, env, memory, _ = play([FIELD, DONE], policy=Says("modify", FIELD, SAVE))
    assert env.done == [SAVE]
    assert (memory.steps[0].action, memory.steps[0].decided) == (SAVE, FIELD)


def test_a_refused_action_drops_those_after_it() -> None:
    env = Screen(faults={"perform": [GeometryError("the point is off the screen")]})
    _, env, _, model = play([(FIELD, TEXT), DONE], env)
    assert env.done == []
    assert model.histories[1][0].effect == (
        "not done: the point is off the screen; 1 more action of the answer was not done: "
        "the action before was not done"
    )


def test_an_answer_lets_the_end_follow_and_a_question_drops_the_rest() -> None:
    result, *_ = play([(Answer(text="42"), DONE)])
    assert (result.ending, result.answer, len(result.steps)) == (Ending.DONE, "42", 2)
    _, env, memory, _ = play([(AskUser(question="which?"), TEXT), DONE], ask=lambda _: "the left one")
    assert (env.done, memory.steps[0].dropped[-len("the person answered first") :]) == ([], "the person answered first")


def test_the_stop_and_the_budget_hold_between_them() -> None:
    result, env, _, _ = play([(FIELD, TEXT, SAVE)], limits=Limits(steps=2))
    assert (result.ending, env.done) == (Ending.STEP_LIMIT, [FIELD, TEXT])
    stop = Stop()

    def stopping(seen: Observation) -> Observation:
        stop.request("the key")
        return seen

    result, env, _, _ = play([(FIELD, TEXT)], Screen({1: stopping}), stop=stop)
    assert (result.ending, env.done) == (Ending.STOPPED_BY_USER, [FIELD])


def test_a_screen_that_is_lost_between_them_ends_the_run_with_the_first_on_record() -> None:
    faults: list[HandeyeError | None] = [None, EnvError("gone")]
    result, _, memory, _ = play([(FIELD, TEXT)], Screen(faults={"observe": faults}))
    assert (result.ending, result.message) == (Ending.DEVICE_ERROR, "gone")
    assert [(s.action, s.outcome is not None) for s in memory.steps] == [(FIELD, True)]


class Dead(Screen):
    """Nothing ever changes, and the env says so."""

    def perform(self, action: AnyAction, frame: Frame) -> Outcome:
        return replace(super().perform(action, frame), changed=False)


def test_the_same_answer_without_effect_ends_stuck() -> None:
    result, _, _, model = play([(FIELD, Wait(seconds=1))] * 9, Dead(), limits=Limits(repeats=3))
    assert (result.ending, len(model.histories)) == (Ending.STUCK, 3)
    result, _, _, _ = play([(FIELD, TEXT), (FIELD, SAVE)] * 9, Dead(), limits=Limits(repeats=2, steps=12))
    assert result.ending == Ending.STEP_LIMIT
