"""Instructions that a text planner hands to the built-in model: each action is a step, reviewed and recorded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from actions.action import Click, Wait
from actions.frame import Box, Point
from agent.builtin.model import BuiltinModel
from agent.cli.main import main
from agent.cli.options import read_model
from agent.core.errors import UserError
from agent.core.loop import Agent, Result
from agent.core.model import Decision
from agent.core.policy import Allow, Policy, Verdict
from agent.core.step import Step
from agent.core.task import Ending, Limits, Task
from agent.episodes import EpisodeHeader, EpisodeWriter, read_episode
from agent.episodes.export.export import export_episodes
from agent.episodes.replay.simulate import simulate
from agent.guard.limits import AllowLists, LimitsPolicy
from agent.models.opening import open_model
from agent.models.spec import BUILTIN_STEPS, ModelSpec
from agent.perception.elements import Element, PerceivedScreen
from agent.views.report import write_report
from envs.env import Image, Observation, Outcome
from tests.agent.fakes import ListMemory
from tests.agent.models.test_text_planner import FRAME, Server, Settings, last_message, said

TWO = "turn on Airplane mode, then turn off Bluetooth"
DONE = said("finish", status="success")


class Page(Settings):
    """`Settings` with a picture of its switches, white where they are on; `deaf` ones do not turn."""

    def __init__(self, deaf: bool = False) -> None:
        super().__init__()
        self.deaf = deaf

    def observe(self) -> Observation:
        seen = super().observe()
        image = seen.image.copy()
        for at, on in enumerate(self.on):
            image[300 + 200 * at : 480 + 200 * at, 900:1060] = 255 * on
        return replace(seen, image=image)

    def perform(self, action: Any, frame: Any) -> Outcome:
        outcome = super().perform(action, frame)
        if self.deaf and isinstance(action, Click):
            self.on = [False, False, True]
            return replace(outcome, changed=False)
        return replace(outcome, changed=None) if isinstance(action, Wait) else outcome


class Stub:
    """The switches of `Page`, and nothing else."""

    def perceive(self, image: Image) -> PerceivedScreen:
        boxes = [Box(0, 300 + 200 * at, 1080, 480 + 200 * at) for at in range(3)]
        names = ("Wi-Fi", "Airplane mode", "Bluetooth")
        switches = [
            Element(box, "switch", name, checked=bool(image[400 + 200 * at, 980, 0]))
            for at, (box, name) in enumerate(zip(boxes, names, strict=True))
        ]
        return PerceivedScreen(FRAME.width, FRAME.height, tuple(switches))


def builtin_on_stub() -> BuiltinModel:
    return BuiltinModel(perceiver=Stub())


@dataclass
class Reviewed:
    """A policy that notes what it is asked, and says no to the clicks whose numbers, from 0, are in `no`."""

    no: tuple[int, ...] = ()
    seen: list[str] = field(default_factory=list)

    def review(self, decision: Decision, observation: Observation) -> Verdict:
        self.seen.append(decision.action.type)
        clicks = self.seen.count("click") - 1
        if decision.action.type == "click" and clicks in self.no:
            return Verdict("skip", decision.action, "test", "the person said no")
        return Verdict("allow", decision.action)


def run(
    script: Sequence[Any], folder: Path, env: Page | None = None, policy: Policy | None = None, steps: int = 40
) -> tuple[Result, tuple[Step, ...], Any]:
    goal, env = Task("Turn on airplane mode", Limits(steps=steps)), env or Page()
    with Server(script) as server:
        spec = ModelSpec(server.url, dialect=BUILTIN_STEPS, grounder=f"{__name__}:builtin_on_stub")
        model = open_model(spec, platform="mobile", ability="decide")
        with EpisodeWriter.create(folder, EpisodeHeader.of(goal, model, env)) as writer:
            result = Agent(env, model, policy or Allow(), writer).run(goal)
    return result, read_episode(folder).steps, server.seen


def test_each_action_of_an_instruction_is_a_step_that_is_reviewed_recorded_and_told(tmp_path: Path) -> None:
    policy, env = Reviewed(), Page()
    report = "done: did all 2 instructions"
    script = [said("do", instruction=TWO, note="x"), DONE]
    result, steps, seen = run(script, tmp_path / "e", env, policy)
    assert result.ending is Ending.DONE, result.message
    assert env.on == [False, True, False]
    assert policy.seen == ["click", "click", "wait", "finish"]
    assert len(seen) == 2, "the planner is asked before and after"
    first, second, last, _ = steps
    assert [step.part for step in steps] == [0, 1, 2, 0]
    assert (first.raw, second.raw, last.raw) == (script[0], "", "")
    assert first.tokens.prompt > 0 == second.tokens.prompt
    assert {step.delegated.instruction for step in (first, second, last) if step.delegated} == {TWO}
    assert [step.delegated.report for step in (first, second, last) if step.delegated] == ["", "", report]
    told = last_message(seen[1]).splitlines()
    assert (
        '1. do "turn on Airplane mode, then turn off Bluetooth" -> done: did all 2 instructions; '
        'switch "Airplane mode" (off) became on; switch "Bluetooth" (on) became off' in told
    )
    checked = simulate(tmp_path / "e")
    assert (checked.ok, checked.compared, checked.notes) == (True, 2, ())
    page = write_report(tmp_path / "e").read_text()
    assert "action 2 of the built-in model" in page
    assert "did all 2 instructions" in page
    assert export_episodes([tmp_path / "e"], "sharegpt", tmp_path / "s", "qwen2-vl").written == 4


def test_what_it_cannot_do_goes_back_to_the_planner_in_words(tmp_path: Path) -> None:
    script = [said("do", instruction="turn on Airplane mode"), said("do", instruction="be happy"), DONE]
    result, steps, seen = run(script, tmp_path / "e", Page(deaf=True))
    assert result.ending is Ending.DONE, result.message
    report = next(step.delegated.report for step in steps if step.delegated and step.delegated.report)
    assert report.startswith("not done: instruction 1 of 1, “turn on Airplane mode”")
    assert report in last_message(seen[1])
    assert "'be happy' is no explicit instruction" in last_message(seen[2])
    assert steps[-2].action is None
    assert simulate(tmp_path / "e").ok


def test_a_persons_no_holds_inside_an_instruction_and_is_told(tmp_path: Path) -> None:
    env = Page()
    script = [said("do", instruction=TWO), DONE]
    _, steps, seen = run(script, tmp_path / "e", env, Reviewed(no=(0,)))
    assert env.on == [False, False, False], "the second action is judged on its own"
    assert [step.verdict.kind for step in steps if step.verdict][:2] == ["skip", "allow"]
    assert "not done: the person said no" in last_message(seen[1])


def test_what_is_denied_is_denied_inside_an_instruction(tmp_path: Path) -> None:
    env = Page()
    policy = LimitsPolicy(AllowLists(deny=("action:click",)), str, Stub().perceive)
    result, _, seen = run([said("do", instruction="turn on Airplane mode"), DONE], tmp_path / "e", env, policy)
    assert result.ending is Ending.DONE
    assert env.on == [False, False, True]
    assert 'do "turn on Airplane mode" -> not done: ' in last_message(seen[1])


def test_an_instruction_is_bounded_and_every_action_counts_as_a_step(tmp_path: Path) -> None:
    waits = ", ".join(["wait 1 s"] * 25)
    result, steps, seen = run([said("do", instruction=waits), DONE], tmp_path / "e")
    assert result.ending is Ending.DONE
    assert len(steps) == 22
    assert "not finished after 20 actions" in last_message(seen[1])
    result, steps, _ = run([said("do", instruction=waits), DONE], tmp_path / "f", steps=5)
    assert (result.ending, len(steps)) == (Ending.STEP_LIMIT, 5)


def test_another_process_goes_on_with_an_instruction(tmp_path: Path) -> None:
    env = Page()
    result, _, _ = run([said("do", instruction=TWO)], tmp_path / "e", env, steps=1)
    with Server([DONE]) as server:
        spec = ModelSpec(server.url, dialect=BUILTIN_STEPS, grounder=f"{__name__}:builtin_on_stub")
        model = open_model(spec, platform="mobile", ability="decide")
        decision = model.decide(Task("Turn on airplane mode"), env.observe(), result.steps)
    assert isinstance(decision.action, Click)
    assert decision.action.point == Point(540, 790)
    assert (decision.part, server.seen) == (1, [])


@pytest.mark.parametrize(("answer", "told"), [
    (said("do"), 'needs an "instruction"'),
    (said("do", instruction="  "), 'needs an "instruction"'),
    (said("do", instruction="x" * 301), 'needs an "instruction"'),
    (said("do", instruction="turn on Wi-Fi", on=1), "no argument 'on'"),
    (said("do", instruction="turn on Wi-Fi") + said("tap", on=1), "only action"),
    (said("tap", on=1) + said("do", instruction="turn on Wi-Fi"), "unknown action 'do'"),
])  # fmt: skip
def test_an_unusable_instruction_does_nothing(answer: str, told: str, tmp_path: Path) -> None:
    env = Page()
    result, _, seen = run([answer, DONE], tmp_path / "e", env)
    assert result.ending is Ending.DONE
    assert env.done == []
    assert told in last_message(seen[1])


def test_without_the_option_there_is_no_such_action(tmp_path: Path) -> None:
    asked: dict[str, Any] = {}
    for dialect in ("text-planner", BUILTIN_STEPS):
        with Server([said("do", instruction="turn on Wi-Fi"), DONE]) as server:
            model = open_model(ModelSpec(server.url, dialect=dialect), platform="mobile", ability="decide")
            Agent(Page(), model, Allow(), ListMemory()).run(Task("x", Limits(steps=1)))
        asked[dialect] = server.seen[0]
    assert ['"do"' in seen.texts[0] for seen in asked.values()] == [False, True]
    assert ["instruction" in seen.body["grammar"] for seen in asked.values()] == [False, True]


def test_how_it_is_named_on_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert read_model(planner="http://127.0.0.1:1", builtin_steps=True).dialect == BUILTIN_STEPS
    for more in ({"model": "http://127.0.0.1:1"}, {"planner": "http://127.0.0.1:1", "grounder": "builtin"}):
        with pytest.raises(UserError, match="--builtin-steps is for a planner"):
            read_model(builtin_steps=True, **more)
    with pytest.raises(SystemExit):
        main(["locate", "x.png", "a", "--planner", "http://127.0.0.1:1", "--builtin-steps"])
    assert "Traceback" not in capsys.readouterr().err
