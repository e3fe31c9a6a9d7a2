"""The loop: every way a run can end, and what is remembered of it."""

from __future__ import annotations

import itertools
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from actions.action import Answer, AnyAction, AskUser, Click, Finish, HoldKeys, TypeText, Wait
from actions.backend import BackendError
from actions.frame import Frame, GeometryError, Point, StaleFrameError
from agent.core import loop
from agent.core.loop import Agent, Result, Watcher
from agent.core.model import Decision, LookAgain, ModelError, ParseError, Usage
from agent.core.policy import Allow, Verdict
from agent.core.step import Step
from agent.core.task import Ending, Limits, Task
from envs.env import EnvError, Image, Observation, Outcome
from tests.agent.fakes import FakeEnv, ListMemory, ScriptedModel

CLICK = Click(point=Point(10, 20))
DONE = Finish(status="success", message="all good")
USAGE = Usage(prompt_tokens=90, completion_tokens=10)


def play(
    answers: Sequence[Any], env: FakeEnv | None = None, limits: Limits | None = None, **parts: Any
) -> tuple[Result, FakeEnv, ListMemory]:
    env, memory = env or FakeEnv(), ListMemory()
    parts.setdefault("policy", Allow())
    agent = Agent(env, ScriptedModel(answers, USAGE), memory=memory, **parts)
    return agent.run(Task("do it", limits or Limits())), env, memory


def test_a_run_acts_until_the_model_says_done() -> None:
    result, env, memory = play([CLICK, TypeText(text="hi"), DONE])
    assert (result.ending, result.message, result.tokens) == (Ending.DONE, "all good", 300)
    assert env.done == [CLICK, TypeText(text="hi")]
    assert memory.steps == list(result.steps)
    assert [s.index for s in memory.steps] == [0, 1, 2]
    first = memory.steps[0]
    assert (first.action, first.thought, first.raw, first.app) == (CLICK, "because", "raw answer", "fake")
    assert first.outcome is not None
    assert first.outcome.performed
    assert {"capture", "review", "act", "settle"} <= set(first.timings)
    assert "record" in memory.steps[1].timings


def test_the_loops_own_phases_take_no_longer_than_the_run() -> None:
    start = time.perf_counter()
    _, _, memory = play([CLICK, TypeText(text="hi"), DONE])
    took = time.perf_counter() - start
    own = [(phase, value) for step in memory.steps for phase, value in step.timings.items()]
    seconds = [value for phase, value in own if phase not in ("act", "settle")]
    assert min(seconds) >= 0
    assert sum(seconds) <= took


def test_a_caller_may_take_the_steps_one_by_one() -> None:
    env, memory = FakeEnv(), ListMemory()
    walk = Agent(env, ScriptedModel([CLICK, CLICK, DONE]), Allow(), memory).walk(Task("do it"))
    assert env.done == []
    for count in (1, 2):
        assert next(walk) is memory.steps[-1]
        assert len(env.done) == count
    with pytest.raises(StopIteration) as end:
        next(walk)
    assert end.value.value.ending is Ending.DONE
    assert len(end.value.value.steps) == 3


def test_the_model_sees_every_earlier_step() -> None:
    model = ScriptedModel([CLICK, CLICK, DONE])
    Agent(FakeEnv(), model, Allow(), ListMemory()).run(Task("do it"))
    assert [len(h) for h in model.histories] == [0, 1, 2]


@pytest.mark.parametrize(
    ("answers", "ending", "words"),
    [
        ([Finish(status="failure", message="no such button")], Ending.GAVE_UP, "no such button"),
        ([ModelError("server unreachable")], Ending.MODEL_ERROR, "server unreachable"),
        ([AskUser(question="which account?")], Ending.NEEDS_HUMAN, "which account?"),
        ([ParseError("two actions", "raw")] * 3, Ending.PARSE_ERROR, "two actions"),
    ],
)
def test_failures_are_named(answers: list[Any], ending: Ending, words: str) -> None:
    result, env, memory = play(answers)
    assert result.ending is ending
    assert words in result.message
    assert not result.ending.ok
    assert env.done == []
    assert len(memory.steps) == len(answers)


def test_an_unusable_answer_is_asked_again_and_recorded() -> None:
    result, env, memory = play([ParseError("no action", "blah blah", USAGE), CLICK, DONE])
    assert result.ending is Ending.DONE
    assert memory.steps[0].action is None
    assert memory.steps[0].raw == "blah blah"
    assert "no action" in (memory.steps[0].error or "")
    assert memory.steps[0].tokens.prompt == 90
    assert env.done == [CLICK]


def test_unusable_answers_only_end_the_run_in_a_row() -> None:
    bad = ParseError("no action", "blah")
    result, _, _ = play([bad, bad, CLICK, bad, bad, CLICK, DONE])
    assert result.ending is Ending.DONE


def test_a_stale_frame_is_looked_at_again_and_nothing_is_sent() -> None:
    env = FakeEnv({"perform": [StaleFrameError("the display was resized")]})
    result, env, memory = play([CLICK, CLICK, DONE], env)
    assert result.ending is Ending.DONE
    assert env.done == [CLICK]
    assert memory.steps[0].outcome is not None
    assert not memory.steps[0].outcome.performed
    assert "resized" in (memory.steps[0].error or "")


def test_a_point_off_the_screen_never_acts() -> None:
    result, env, _ = play([CLICK], FakeEnv({"perform": [GeometryError("outside")]}), Limits(steps=1))
    assert result.ending is Ending.STEP_LIMIT
    assert env.done == []


@pytest.mark.parametrize(
    ("faults", "steps"),
    [({"observe": [EnvError("display gone")]}, 0), ({"perform": [BackendError("display gone")]}, 1)],
)
def test_a_lost_device_ends_the_run(faults: dict[str, Any], steps: int) -> None:
    result, _, memory = play([CLICK, DONE], FakeEnv(faults))
    assert (result.ending, result.message) == (Ending.DEVICE_ERROR, "display gone")
    assert len(memory.steps) == steps


@pytest.mark.parametrize(
    ("limits", "ending", "actions"),
    [
        (Limits(steps=2), Ending.STEP_LIMIT, 2),
        (Limits(tokens=150), Ending.COST_LIMIT, 2),
        (Limits(tokens=200), Ending.COST_LIMIT, 2),
        (Limits(tokens=201), Ending.COST_LIMIT, 3),
        (Limits(seconds=0.05), Ending.TIME_LIMIT, 1),
    ],
)
def test_budgets_end_the_run(limits: Limits, ending: Ending, actions: int) -> None:
    def slow() -> AnyAction:
        time.sleep(0.06)
        return CLICK

    answers = [CLICK, slow, CLICK, CLICK] if limits.seconds else [CLICK] * 5
    result, env, _ = play(answers, limits=limits)
    assert result.ending is ending
    assert len(env.done) == actions


def test_time_that_runs_out_while_the_model_thinks_stops_the_action() -> None:
    def slow() -> AnyAction:
        time.sleep(0.06)
        return CLICK

    result, env, memory = play([slow], limits=Limits(seconds=0.05))
    assert result.ending is Ending.TIME_LIMIT
    assert env.done == []
    assert memory.steps[0].outcome is None


def test_an_answer_is_kept_and_the_run_goes_on() -> None:
    result, env, _ = play([Answer(text="42"), CLICK, DONE])
    assert result.answer == "42"
    assert env.done == [CLICK]


def test_the_person_answers_the_agents_question() -> None:
    result, _, memory = play([AskUser(question="which?"), DONE], ask=lambda question: "the blue one")
    assert result.ending is Ending.DONE
    assert memory.steps[0].outcome is not None
    assert memory.steps[0].outcome.detail == "the person said: the blue one"


@pytest.mark.parametrize(("holds", "ending"), [(True, Ending.VERIFIED), (False, Ending.GAVE_UP)])
def test_a_check_of_the_outcome_has_the_last_word(holds: bool, ending: Ending) -> None:
    assert play([DONE], check=lambda: holds)[0].ending is ending


class Judge:
    def __init__(self, *verdicts: Verdict) -> None:
        self._verdicts = iter(verdicts)

    def review(self, decision: Decision, observation: Observation) -> Verdict:
        return next(self._verdicts)


@pytest.mark.parametrize(
    ("kind", "ending"),
    [("block", Ending.BLOCKED), ("stop", Ending.STOPPED_BY_USER), ("ask", Ending.NEEDS_HUMAN)],
)
def test_a_policy_can_refuse(kind: Any, ending: Ending) -> None:
    result, env, memory = play([CLICK], policy=Judge(Verdict(kind, CLICK, "judge", "too risky")))
    assert (result.ending, result.message) == (ending, "too risky")
    assert env.done == []
    assert memory.steps[0].verdict is not None
    assert memory.steps[0].verdict.kind == kind


def test_a_policy_can_change_the_action() -> None:
    other = Wait(seconds=0)
    judge = Judge(Verdict("modify", other), Verdict("allow", DONE))
    _, env, memory = play([CLICK, DONE], policy=judge)
    assert env.done == [other]
    assert (memory.steps[0].action, memory.steps[0].decided) == (other, CLICK)


def test_stop_from_another_thread_interrupts_a_slow_model() -> None:
    agent: Agent

    def hang() -> AnyAction:
        threading.Timer(0.05, agent.stop.request, ["the stop key"]).start()
        time.sleep(30)
        return CLICK

    agent = Agent(FakeEnv(), ScriptedModel([CLICK, hang]), Allow(), ListMemory())
    start = time.monotonic()
    result = agent.run(Task("do it"))
    assert (result.ending, result.message) == (Ending.STOPPED_BY_USER, "the stop key")
    assert time.monotonic() - start < 10
    assert len(result.steps) == 1


class CtrlCAtLine(ListMemory):
    """Has Ctrl-C come at a numbered line of the loop's own code, counted from where the first step is stored.

    `came` stays False where the second step is stored before that line.
    """

    def __init__(self, number: int) -> None:
        super().__init__()
        self.left, self.came = number, False

    def append(self, step: Step) -> None:
        super().append(step)
        sys.settrace(self._trace if len(self.steps) == 1 else None)
        frame = sys._getframe()
        while (caller := frame.f_back) is not None:
            caller.f_trace = self._trace if len(self.steps) == 1 else None
            frame = caller

    def _trace(self, frame: FrameType, event: str, arg: object) -> Any:
        if Path(frame.f_code.co_filename).parent != Path(loop.__file__).parent:
            return None
        self.left -= event == "line"
        if self.left == 0 and not self.came:
            self.came = True
            raise KeyboardInterrupt
        return self._trace


def test_ctrl_c_at_any_line_of_the_loop_ends_the_run_and_its_record() -> None:
    before = sys.gettrace()
    try:
        for number in itertools.count(1):
            memory = CtrlCAtLine(number)
            agent = Agent(FakeEnv(), ScriptedModel([CLICK] * 3), Allow(), memory)
            try:
                result = agent.run(Task("do it", Limits(steps=2)))
            except KeyboardInterrupt:
                pytest.fail(f"line {number}: the run had no ending")
            if not memory.came:
                break
            assert (result.ending, memory.ending) == ("stopped_by_user", ("stopped_by_user", "Ctrl-C", None)), number
    finally:
        sys.settrace(before)
    assert number > 50


@pytest.mark.parametrize("where", ["model", "observe", "perform"])
def test_a_model_or_a_screen_that_does_not_come_back_is_interrupted_at_the_limit(where: str) -> None:
    class Stuck(FakeEnv):
        def _fault(self, at: str) -> None:
            if at == where:
                threading.Event().wait(60)

    def answer() -> AnyAction:
        if where == "model":
            threading.Event().wait(60)
        return CLICK

    env = Stuck()
    result, _, _ = play([answer], env, Limits(seconds=0.2))
    assert result.ending is Ending.TIME_LIMIT
    assert result.message == "the limit of 0.2 seconds was reached"
    assert env.done == []
    assert result.seconds < 30


def test_a_run_in_another_thread_leaves_the_main_one_alone() -> None:
    def slow() -> AnyAction:
        time.sleep(0.8)
        return CLICK

    found: list[Result] = []
    thread = threading.Thread(target=lambda: found.append(play([slow], limits=Limits(seconds=0.1))[0]))
    thread.start()
    thread.join(30)
    assert found[0].ending is Ending.TIME_LIMIT


def test_nothing_is_done_after_a_stop() -> None:
    agent: Agent

    def stop_first() -> AnyAction:
        agent.stop.request("the person")
        return CLICK

    env = FakeEnv()
    agent = Agent(env, ScriptedModel([stop_first]), Allow(), ListMemory())
    assert agent.run(Task("do it")).ending is Ending.STOPPED_BY_USER
    assert env.done == []


@pytest.mark.parametrize("instruction", ["", "  \n\t"])
def test_an_empty_task_is_refused(instruction: str) -> None:
    with pytest.raises(ValueError, match="the task is empty"):
        Task(instruction)


@pytest.mark.parametrize("limits", [{"steps": 0}, {"seconds": -1.0}, {"tokens": 0}, {"seconds": float("nan")}])
def test_budgets_must_be_positive(limits: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="must be above 0"):
        Limits(**limits)


class Game(FakeEnv):
    """Over after two actions, of which the second may be the last one allowed."""

    def over(self) -> str | None:
        return "the game was won" if len(self.done) == 2 else None


@pytest.mark.parametrize("steps", [2, 5])
def test_the_world_may_end_the_run_and_nobody_decided_that(steps: int) -> None:
    result, _, memory = play([CLICK] * 5, Game(), Limits(steps=steps))
    assert (result.ending, result.message, result.ending.ok) == (Ending.WORLD_OVER, "the game was won", False)
    assert [s.action for s in memory.steps] == [CLICK, CLICK]
    assert memory.ending == (Ending.WORLD_OVER, "the game was won", None)


class Failing(ListMemory):
    """Fails where it is told to, from the given step on."""

    def __init__(self, where: str, step: int = 0) -> None:
        super().__init__()
        self._where, self._step = where, step

    def add_frame(self, image: Image) -> str:
        self._fail("add_frame")
        return super().add_frame(image)

    def append(self, step: Step) -> None:
        self._fail("append")
        super().append(step)

    def finish(self, ending: Ending, message: str = "", answer: str | None = None) -> None:
        self._fail("finish")
        super().finish(ending, message, answer)

    def _fail(self, where: str) -> None:
        if where == self._where and len(self.steps) >= self._step:
            raise OSError("disk full")


def end_with(memory: ListMemory, answers: Sequence[Any]) -> Result:
    return Agent(FakeEnv(), ScriptedModel(answers), Allow(), memory).run(Task("do it"))


@pytest.mark.parametrize("where", ["add_frame", "append", "finish"])
def test_a_record_that_cannot_be_kept_is_its_own_ending(where: str) -> None:
    result = end_with(Failing(where, 2), [CLICK, CLICK, CLICK, DONE])
    assert result.ending is Ending.RECORD_ERROR
    assert "disk full" in result.message
    assert len(result.steps) == (4 if where == "finish" else 2)


@pytest.mark.parametrize("where", ["append", "finish"])
def test_the_first_cause_of_an_ending_stays(where: str) -> None:
    result = end_with(Failing(where, 1), [CLICK, ModelError("server unreachable")])
    assert result.ending is Ending.MODEL_ERROR
    assert result.message.startswith("server unreachable; then ")
    assert "disk full" in result.message


@pytest.mark.parametrize("where", ["append", "finish"])
def test_no_success_stands_on_a_damaged_record(where: str) -> None:
    result = end_with(Failing(where, 1), [CLICK, DONE])
    assert result.ending is Ending.RECORD_ERROR
    assert "before that: all good" in result.message


def broken(*_: object) -> Any:
    raise TypeError("not a number")


@pytest.mark.parametrize(
    ("parts", "answers", "ending"),
    [
        ({"check": broken}, [DONE], Ending.DEVICE_ERROR),
        ({"policy": type("Broken", (), {"review": broken})()}, [CLICK], Ending.BLOCKED),
        ({}, [broken], Ending.MODEL_ERROR),
        ({"env": FakeEnv({"observe": [TypeError("not a number")]})}, [CLICK], Ending.DEVICE_ERROR),
        ({"env": FakeEnv({"perform": [TypeError("not a number")]})}, [CLICK], Ending.DEVICE_ERROR),
        ({"env": type("Broken", (FakeEnv,), {"over": broken})()}, [CLICK], Ending.DEVICE_ERROR),
        ({"ask": broken}, [AskUser(question="which?")], Ending.NEEDS_HUMAN),
    ],
)
def test_an_unexpected_exception_is_an_ending_that_names_it(
    parts: dict[str, Any], answers: list[Any], ending: Ending
) -> None:
    result, env, memory = play(answers, **parts)
    assert result.ending is ending
    assert "TypeError: not a number" in result.message
    assert env.done == []
    assert memory.ending == (ending, result.message, None)


class Patient(ScriptedModel):
    """Asks twice for another look before each answer."""

    def __init__(self, answers: Sequence[Any]) -> None:
        super().__init__(answers)
        self._looks = 0

    def decide(self, task: Task, observation: Observation, history: Sequence[Step]) -> Decision:
        self._looks += 1
        if self._looks % 3:
            raise LookAgain
        return super().decide(task, observation, history)


def test_a_model_may_ask_for_another_look_and_only_the_last_is_recorded() -> None:
    env, memory = FakeEnv(), ListMemory()
    result = Agent(env, Patient([CLICK, DONE]), Allow(), memory).run(Task("do it"))
    assert (result.ending, env.done, memory.frames) == (Ending.DONE, [CLICK], 2)
    assert [s.frame.id for s in memory.steps] == ["0003", "0006"]


def test_looking_again_ends_with_the_budget() -> None:
    model = type("Never", (ScriptedModel,), {"decide": lambda *_: (_ for _ in ()).throw(LookAgain(0.01))})([])
    result = Agent(FakeEnv(), model, Allow(), ListMemory()).run(Task("do it", Limits(seconds=0.05)))
    assert result.ending is Ending.TIME_LIMIT


def test_views_are_told_the_ending_that_was_stored() -> None:
    told: list[Result] = []
    watch = type("Ended", (Watcher,), {"ended": lambda self, result: told.append(result)})()
    result, _, memory = play([DONE], watch=watch)
    assert told == [result]
    assert memory.ending == (Ending.DONE, "all good", None)


class Dead(FakeEnv):
    """A screen on which nothing but `LIVELY` changes anything."""

    def perform(self, action: AnyAction, frame: Frame) -> Outcome:
        return replace(super().perform(action, frame), changed=action == LIVELY)


LIVELY = Click(point=Point(1, 1))


def test_the_same_action_without_effect_ends_stuck() -> None:
    result, env, memory = play([LIVELY, CLICK, LIVELY, *[CLICK] * 9], Dead(), Limits(repeats=3))
    assert result.ending is Ending.STUCK
    assert "3 times" in result.message
    assert env.done == [LIVELY, CLICK, LIVELY, CLICK, CLICK, CLICK]
    assert [s.effect for s in memory.steps[:3]] == ["", "done; no change was seen", ""]


def test_waiting_is_not_being_stuck() -> None:
    result, _, _ = play([Wait(seconds=0)] * 9, Dead(), Limits(steps=6, repeats=3))
    assert result.ending is Ending.STEP_LIMIT


class Late(Dead):
    """Shows the effect of an action only after the wait for it, on the next look; a caret blinks all the time."""

    def observe(self) -> Observation:
        seen = super().observe()
        image = seen.image.copy()
        image[10:30, 40:42] = 255 * (self._count % 2)
        image[:, :10] = 20 * sum(action.type == "type" for action in self.done)
        return replace(seen, image=image)


def test_a_change_that_comes_late_is_still_one_and_a_caret_is_none() -> None:
    typing = TypeText(text="a")
    model = ScriptedModel([typing] * 4 + [CLICK] * 9)
    result = Agent(Late(), model, Allow(), ListMemory()).run(Task("do it", Limits(steps=12, repeats=3)))
    assert result.ending is Ending.STUCK
    assert [s.action for s in result.steps] == [typing] * 4 + [CLICK] * 3
    assert [s.effect for s in model.histories[-1]] == [""] * 4 + ["done; no change was seen"] * 2


class Holding(FakeEnv):
    """Counts how often what is held is let go, and what had been done by then."""

    def __init__(self, **faults: Sequence[Exception | None]) -> None:
        super().__init__(dict(faults))
        self.released: list[int] = []

    def release(self) -> None:
        self.released.append(len(self.done))


HOLD = HoldKeys(keys=("ctrl",))


@pytest.mark.parametrize(
    ("answers", "faults", "ending", "released"),
    [
        ([HOLD, Finish(status="success")], {}, "done", [1]),
        ([HOLD, ModelError("gone")], {}, "model_error", [1]),
        ([HOLD, HOLD], {"perform": [None, EnvError("gone")]}, "device_error", [1]),
        ([HOLD, AskUser(question="?")], {}, "needs_human", [1, 1]),
    ],
)
def test_what_is_held_is_let_go_before_a_question_and_at_every_end(
    answers: list[Any], faults: dict[str, Any], ending: str, released: list[int]
) -> None:
    env = Holding(**faults)
    result = Agent(env, ScriptedModel(answers), Allow(), ListMemory()).run(Task("hold"))
    assert (result.ending, env.released) == (ending, released)


def test_a_device_that_cannot_let_go_does_not_hide_how_the_run_ended() -> None:
    env = Holding()
    env.release = lambda: (_ for _ in ()).throw(EnvError("gone"))  # type: ignore[method-assign]
    assert Agent(env, ScriptedModel([Finish(status="success")]), Allow(), ListMemory()).run(Task("x")).ending == "done"
