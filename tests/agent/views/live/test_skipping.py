"""What a skipped action means: the loop goes on, and the built-in model turns to its next instruction."""

from __future__ import annotations

import pytest

from actions.action import Button, Click, Key
from actions.frame import Frame, Point
from agent.builtin.grammar.parse import parse_instructions
from agent.builtin.resuming import instructions_done
from agent.core.loop import Agent
from agent.core.model import Decision
from agent.core.policy import Verdict
from agent.core.step import OutcomeRecord, Step, VerdictRecord
from agent.core.task import Ending, Limits, Task
from envs.env import Observation
from tests.agent.fakes import FakeEnv, ListMemory, ScriptedModel

CLICK = Click(point=Point(1, 1))


class Skipper:
    """Skips everything."""

    def review(self, decision: Decision, observation: Observation) -> Verdict:
        return Verdict("skip", decision.action, "me", "not now")


def test_the_loop_goes_on_after_a_skip_and_does_nothing() -> None:
    env, memory = FakeEnv(), ListMemory()
    agent = Agent(env, ScriptedModel([CLICK, CLICK, CLICK]), Skipper(), memory)
    assert agent.run(Task("t", Limits(steps=3))).ending is Ending.STEP_LIMIT
    assert env.done == []
    outcomes = [(step.verdict.kind, step.outcome.performed, step.outcome.detail, step.error) for step in memory.steps]  # type: ignore[union-attr]
    assert outcomes == [("skip", False, "not now", None)] * 3


@pytest.mark.parametrize("action", [CLICK, Key(chords=("tab",)), Button(name="home")])
def test_the_built_in_model_takes_the_instruction_for_done(action: Click | Key | Button) -> None:
    steps = parse_instructions("Click File, click Save, press Enter")
    done = step(CLICK, 0, "allow", True)
    assert instructions_done(steps, [done]) == 1
    assert instructions_done(steps, [done, step(action, 1, "skip", False)]) == 2
    assert instructions_done(steps, [done, step(action, 1, "block", False)]) == 1


def step(action: Click | Key | Button, index: int, kind: str, performed: bool) -> Step:
    verdict = VerdictRecord.model_validate({"kind": kind})
    frame = Frame(id=str(index), width=100, height=50)
    outcome = OutcomeRecord(performed=performed)
    return Step(index=index, time=0, frame=frame, image="f.png", action=action, verdict=verdict, outcome=outcome)
