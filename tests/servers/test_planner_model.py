"""A real language model of 1.5 billion parameters plans on the simulated phone; what it does need not be right.

What must hold whatever its skill: answers are actions on elements that are there, the record is complete and is read
again to the same actions, and only the phone's state makes a success.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from agent.core.step import ELEMENT_LIST
from agent.core.task import Ending, Limits
from agent.episodes import read_episode
from agent.episodes.replay.simulate import simulate
from agent.models.opening import open_model
from agent.models.spec import PLANS_FIRST, TEXT_PLANNER_NAME, ModelSpec
from benchmarks.interactive import play
from benchmarks.suites.phone_tasks.suite import PhoneTasksSuite
from benchmarks.suites.phone_tasks.task import CATALOGUE
from tests.servers.conftest import CACHE, LLAMA, serving

pytestmark = pytest.mark.model
MODELS = Path(os.environ.get("HANDEYE_MODELS") or CACHE / "handeye" / "models")
WEIGHTS = MODELS / "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf"
STEPS = 6


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("dialect", [PLANS_FIRST, TEXT_PLANNER_NAME])
def test_a_run_is_sound_whatever_the_model_decides(folder: Path, tmp_path: Path, dialect: str) -> None:
    task = "settings-airplane-mode"
    if not (LLAMA.exists() and WEIGHTS.exists()):
        pytest.skip("no llama-server or no model: `make test-model` gets both")
    suite = PhoneTasksSuite(CATALOGUE.chosen([task]))
    try:
        with serving(folder, str(WEIGHTS), "--dialect", TEXT_PLANNER_NAME, "--extra", "-t 1 -tb 2") as served:
            model = open_model(ModelSpec(served.url, dialect=dialect), platform="mobile", ability="decide")
            with suite.world(task, 1) as world:
                answer = play(world, model, Limits(steps=STEPS), keep=tmp_path / "episode")
                right = not world.problem()
    finally:
        suite.close()
    episode = read_episode(tmp_path / "episode")
    lines = [f"{one.index + 1} {one.raw} -> {[spot.raw for spot in one.pointed]}" for one in episode.steps]
    lines.append(f"{task}: {'solved' if right else 'not solved'}, {answer.value['ending']}, {answer.usage}")
    sys.stdout.write("\n".join(lines))
    assert 1 <= len(episode.steps) == answer.value["steps"] <= STEPS
    assert all(step.action is not None for step in episode.steps), "an answer that is held to the schema is an action"
    assert all(spot.grounder == ELEMENT_LIST and spot.point for step in episode.steps for spot in step.pointed)
    again = simulate(tmp_path / "episode")
    assert again.ok, again
    assert again.compared == sum(bool(step.raw) and not step.part for step in episode.steps) > 0
    assert episode.ending is not None
    assert not episode.ending.ok or (right and episode.ending is Ending.VERIFIED)
    assert answer.usage.prompt_tokens > answer.usage.completion_tokens > 0
