"""The built-in model as a `Model`: plans, refusals, timings, extraction; and one real window."""

from __future__ import annotations

import shutil
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from actions.action import Click, Finish, Key, Wait
from actions.frame import Frame, Point
from agent.builtin.model import BuiltinModel
from agent.core.model import Model, ModelError
from agent.core.step import OutcomeRecord, Step
from agent.core.task import Task
from agent.perception.elements import Element, PerceivedScreen
from envs.env import Env, Image, Observation
from tests.agent.builtin.toy import at


class FixedPerceiver:
    """The same elements for every image."""

    def __init__(self, *elements: Element) -> None:
        self.screen = PerceivedScreen(400, 300, elements)

    def perceive(self, image: Image) -> PerceivedScreen:
        return self.screen


def observation() -> Observation:
    return Observation(np.zeros((300, 400, 3), np.uint8), Frame(id="0", width=400, height=300))


def step(action: Any) -> Step:
    outcome = OutcomeRecord(performed=True)
    return Step(index=0, time=0, frame=observation().frame, image="0.png", action=action, outcome=outcome)


def test_it_is_a_model_without_a_prompt() -> None:
    model: Model = BuiltinModel()
    assert (model.name, model.dialect, model.prompt_hash) == ("builtin", None, None)


def test_a_decision_has_an_action_a_thought_and_times() -> None:
    decision = BuiltinModel(FixedPerceiver(at("button", "Save", 10, 10))).decide(Task("click Save"), observation(), [])
    assert isinstance(decision.action, Click)
    assert decision.action.point == (60, 22)
    assert "Save" in decision.thought
    assert decision.timings["model"] >= 0
    assert decision.usage.tokens == 0


def test_a_task_that_needs_planning_ends_before_anything_is_done() -> None:
    decision = BuiltinModel(FixedPerceiver()).decide(Task("find the cheapest flight"), observation(), [])
    assert isinstance(decision.action, Finish)
    assert decision.action.status == "failure"
    assert "--model" in decision.action.message


def test_an_empty_history_begins_a_new_plan() -> None:
    model = BuiltinModel(
        FixedPerceiver(at("button", "Save", 10, 10), at("checkbox", "", 10, 90, 16, 16, label="A", checked=True))
    )
    first = model.decide(Task("click Save, click Nothing"), observation(), [])
    later = model.decide(Task("click Save, click Nothing"), observation(), [step(first.action)])
    assert later.action != first.action
    assert model.decide(Task("check A"), observation(), []).action == Finish(
        status="success", message="did the one instruction"
    )


def test_another_task_begins_anew_on_the_same_object() -> None:
    model = BuiltinModel(FixedPerceiver(at("button", "Save", 10, 10), at("button", "Quit", 10, 60)))
    first = model.decide(Task("click Save, click Save"), observation(), [])
    other = model.decide(Task("click Quit"), observation(), [])
    assert (first.action, other.action) == (Click(point=Point(60, 22)), Click(point=Point(60, 72)))
    assert model.decide(Task("click Save"), observation(), [step(other.action)]).action != other.action


def test_a_fresh_object_takes_up_where_the_history_ends() -> None:
    perceiver = FixedPerceiver(at("button", "One", 10, 10), at("button", "Two", 10, 60), at("button", "Three", 10, 110))
    done = [step(Click(point=Point(60, 22))), step(Wait(seconds=1)), step(Click(point=Point(60, 72)))]
    decision = BuiltinModel(perceiver).decide(Task("click One, click Two, click Three"), observation(), done)
    assert decision.action == Click(point=Point(60, 122))
    assert "Step 3 of 3" in decision.thought


def test_an_action_refused_as_out_of_date_is_decided_again() -> None:
    model = BuiltinModel(FixedPerceiver(at("button", "One", 10, 10)))
    first = model.decide(Task("click One, wait 2 seconds"), observation(), [])
    refused = step(first.action).model_copy(
        update={"error": "not done: the screen was turned", "outcome": OutcomeRecord(performed=False)}
    )
    assert model.decide(Task("click One, wait 2 seconds"), observation(), [refused]).action == first.action


def test_an_action_that_the_device_could_not_do_ends_the_task_with_its_reason() -> None:
    model = BuiltinModel(FixedPerceiver(at("button", "One", 10, 10)))
    first = model.decide(Task("click One, press Enter"), observation(), [])
    undone = OutcomeRecord(performed=False, detail="the point is off the display")
    history = [step(first.action).model_copy(update={"outcome": undone})]
    decision = model.decide(Task("click One, press Enter"), observation(), history)
    assert isinstance(decision.action, Finish)
    assert decision.action.status == "failure"
    assert "the point is off the display" in decision.action.message


def test_in_a_dry_run_it_goes_on_without_checks_and_says_so() -> None:
    model = BuiltinModel(FixedPerceiver(at("menu", "File", 10, 10)))
    task, history = Task("open the File menu, click Save As…, press Enter"), list[Step]()
    for _ in range(6):
        action = model.decide(task, observation(), history).action
        if isinstance(action, Finish):
            break
        history.append(step(action).model_copy(update={"outcome": OutcomeRecord(performed=False)}))
    assert [type(s.action) for s in history] == [Click, Key]
    assert isinstance(action, Finish)
    assert "dry run" in action.message
    assert "Save As" in action.message


def test_locate_answers_or_refuses() -> None:
    model = BuiltinModel(FixedPerceiver(at("button", "Save", 10, 10), at("button", "Cancel", 10, 60)))
    assert model.locate(observation(), "the Cancel button").point == (60, 72)
    assert model.locate(observation(), "the Zebra").refused


SHEET = (
    at("text", "Invoice: 2026-17", 10, 10, 200),
    at("text", "Total", 10, 50, 40),
    at("text", "1 234.50 EUR", 100, 50, 90),
    at("field", "Ada", 100, 90, label="First name"),
    at("checkbox", "", 100, 130, 16, 16, label="Paid", checked=True),
)


def test_extract_fills_a_flat_schema() -> None:
    schema = {
        "type": "object",
        "properties": {
            "invoice": {"type": "string"},
            "total": {"type": "number"},
            "firstName": {"type": "string"},
            "paid": {"type": "boolean"},
            "iban": {"type": "string"},
        },
        "required": ["invoice", "total", "firstName", "paid"],
    }
    got = BuiltinModel(FixedPerceiver(*SHEET)).extract(observation(), schema, "").data
    assert got == {"invoice": "2026-17", "total": 1234.5, "firstName": "Ada", "paid": True}


@pytest.mark.parametrize(
    "schema",
    [{"type": "array"}, {"type": "object"}, {"properties": {"x": {"type": "array"}}}, {"properties": {"zebra": {}}}],
)
def test_extract_says_what_it_cannot_fill(schema: dict[str, Any]) -> None:
    with pytest.raises(ModelError, match=r"use|name|say"):
        BuiltinModel(FixedPerceiver(*SHEET)).extract(observation(), schema, "")


# ------------------------------------------------------------------------------------------- a real window

WINDOW = """
    import sys, tkinter as tk
    root = tk.Tk()
    root.geometry("640x420+80+60")
    font = ("DejaVu Sans", 12)
    state = {"agree": tk.IntVar()}
    for row, name in enumerate(("Name", "City")):
        tk.Label(root, text=name, font=font).grid(row=row, column=0, padx=12, pady=12, sticky="w")
        state[name] = tk.Entry(root, font=font, width=24)
        state[name].grid(row=row, column=1, pady=12)
    state["City"].insert(0, "Rome")
    tk.Checkbutton(root, text="I agree", variable=state["agree"], font=font).grid(row=2, column=1, sticky="w")
    def save():
        with open(sys.argv[1], "w", encoding="utf-8") as out:
            out.write("|".join((state["Name"].get(), state["City"].get(), str(state["agree"].get()))))
        tk.Label(root, text="All saved", font=font).grid(row=4, column=1)
    tk.Button(root, text="Save", font=font, command=save).grid(row=3, column=1, pady=16)
    root.mainloop()
"""


@pytest.mark.desktop
@pytest.mark.skipif(not (shutil.which("Xvfb") and shutil.which("openbox")), reason="Xvfb or openbox is not installed")
def test_a_real_window_is_filled_in(tmp_path: Path) -> None:
    sandbox = pytest.importorskip("envs.sandbox")
    (tmp_path / "window.py").write_text(textwrap.dedent(WINDOW))
    saved = tmp_path / "saved.txt"
    task = 'Type "Ada, and Grace" into the Name field, set City to Paris, check "I agree", '
    task += 'click Save and wait for "All saved"'
    with sandbox.SandboxEnv([f"/usr/bin/python3 {tmp_path}/window.py {saved}"], cwd=tmp_path) as env:
        end, story = run(env, task)
    assert end.status == "success", story
    assert saved.read_text() == "Ada, and Grace|Paris|1", story


def run(env: Env, task: str, limit: int = 40) -> tuple[Finish, str]:
    """The loop without memory and policy."""
    model, history, story = BuiltinModel(), [], []
    for index in range(limit):
        seen = env.observe()
        decision = model.decide(Task(task), seen, history)
        story.append(f"{decision.raw} | {decision.thought}")
        if isinstance(decision.action, Finish):
            return decision.action, "\n".join(story)
        done = env.perform(decision.action, seen.frame)
        outcome = OutcomeRecord(performed=done.performed)
        history.append(
            Step(index=index, time=seen.time, frame=seen.frame, image="", action=decision.action, outcome=outcome)
        )
    raise AssertionError("\n".join(story))
