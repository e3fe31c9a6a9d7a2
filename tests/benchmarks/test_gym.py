"""The suites as Gymnasium environments: the checker, seeds, both action spaces, and the same verdicts as ``bench``."""

from __future__ import annotations

import json
import threading
import warnings
from collections.abc import Iterator
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.error import ResetNeeded
from gymnasium.utils.env_checker import check_env

import handeye.gym
from actions.action import Wait
from benchmarks.gym import SUITES
from benchmarks.gym.spaces import FIELD_TYPES, KEYS, FieldActions, JsonActions
from benchmarks.gym.suite_env import SuiteEnv
from benchmarks.handover import Handover, Returned
from benchmarks.suite import SuiteError, SuiteOptions
from benchmarks.suites import open_suite
from envs.env import EnvError
from tests.agent.browser import INSTALLED
from tests.agent.fakes import ScriptedModel
from tests.benchmarks.lamp_suite import LampSuite, place, right_actions
from tests.benchmarks.test_desktop import on_desktop

LAMPS = "tests.benchmarks.lamp_suite:open_lamps"


@pytest.fixture
def env() -> Iterator[SuiteEnv]:
    made = SuiteEnv(LAMPS, "lamp", render_mode="rgb_array")
    yield made
    made.close()


def suite_of(env: SuiteEnv) -> LampSuite:
    suite = env._run._suite
    assert isinstance(suite, LampSuite)
    return suite


def checked(env: gymnasium.Env[Any, Any]) -> None:
    """Gymnasium's checker, whose warnings count."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", message=".*spec.*")
        check_env(env.unwrapped)
    env.close()


@pytest.mark.parametrize("actions", ["json", "fields"])
@pytest.mark.parametrize("elements", [False, True])
def test_gymnasiums_checker_on_lamps(actions: Any, elements: bool) -> None:
    checked(SuiteEnv(LAMPS, actions=actions, elements=elements, render_mode="rgb_array"))
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("handeye lamp")]


def test_every_interactive_suite_is_registered() -> None:
    assert handeye.gym.register is not None
    for suite in SUITES:
        assert gymnasium.spec(f"handeye/{suite}-v1").kwargs == {"suite": suite}
    from benchmarks.suites import SUITES as ALL

    ours = {name for name, entry in ALL.items() if entry.kind == "interactive" and not name.startswith("toy")}
    assert set(SUITES) == ours


def test_an_episode_is_the_run_of_the_bench(env: SuiteEnv) -> None:
    seen, info = env.reset(seed=3)
    assert info == {"sample": "lamp/3", "steps": 0, "seed": 3}
    assert seen["task"] == "Put the lamp out: «ü»"
    assert seen["screen"].shape == (200, 320, 3)
    lit = seen["screen"].copy()
    actions = [action.model_dump_json() for action in right_actions(3)]
    seen, reward, terminated, truncated, _ = env.step(actions[0])
    assert (reward, terminated, truncated) == (0.0, False, False)
    assert not np.array_equal(seen["screen"], lit)
    seen, reward, terminated, truncated, info = env.step(actions[1])
    assert (reward, terminated, truncated, info["ending"]) == (1.0, True, False, "verified")
    assert np.array_equal(env.render(), seen["screen"])
    suite = LampSuite(SuiteOptions(seed=3, tasks=("lamp",)))
    (sample,) = suite.samples()
    bench = suite.answer(sample, ScriptedModel(right_actions(3)))
    assert info["prediction"]["value"] == bench.value
    with pytest.raises(ResetNeeded):
        env.step(actions[1])


def test_what_an_action_led_to_is_observed_and_the_budget_cuts_off(env: SuiteEnv) -> None:
    env.reset(seed=0)
    miss = json.dumps({"type": "click", "point": [1, 1]})
    seen, *_ = env.step(miss)
    assert seen["effect"] == "done; no change was seen"
    env.step(miss)
    env.step(miss)
    _, reward, terminated, truncated, info = env.step(miss)
    assert (reward, terminated, truncated, info["ending"], info["steps"]) == (0.0, False, True, "step_limit", 4)
    assert info["why"] == "the lamp is lit"


def test_what_is_no_action_is_an_unusable_answer(env: SuiteEnv) -> None:
    env.reset(seed=0)
    seen, *_ = env.step("import os; os.system('true')")
    assert seen["effect"].startswith("unusable answer: it is not JSON")
    seen, *_ = env.step('{"type": "click"}')
    assert "point: Field required" in seen["effect"]
    *_, truncated, info = env.step("[]")
    assert (truncated, info["ending"], info["prediction"]["status"]) == (True, "parse_error", "unreadable")


def test_a_seed_is_the_sample_and_chooses_the_task_too(env: SuiteEnv) -> None:
    first, _ = env.reset(seed=5)
    again, _ = env.reset(seed=5)
    assert np.array_equal(first["screen"], again["screen"])
    drawn = [env.reset()[1]["seed"] for _ in range(3)]
    env.reset(seed=5)
    assert [env.reset()[1]["seed"] for _ in range(3)] == drawn
    assert len(set(drawn)) == 3
    both = SuiteEnv(LAMPS)
    assert {both.reset(seed=seed)[1]["sample"].split("/")[0] for seed in range(8)} == {"lamp", "lamps"}
    both.close()


def test_an_episode_that_was_left_is_ended_and_nothing_stays(env: SuiteEnv) -> None:
    env.reset(seed=0)
    env.reset(seed=1)
    suite = suite_of(env)
    assert [world.statements.message for world in suite.worlds] == ["the sample was left", ""]
    env.close()
    env.close()
    assert suite.closed == 1
    assert suite.worlds[1].statements.message == "the sample was left"


def test_a_screen_that_failed_is_an_error_and_not_a_reward(env: SuiteEnv) -> None:
    env.reset(seed=0)
    suite_of(env).worlds[0].env.gone = True
    with pytest.raises(EnvError, match="the lamps are gone"):
        env.step('{"type": "wait"}')
    assert env.reset(seed=1)[1]["sample"] == "lamp/1"


def test_what_cannot_be_made_is_refused_in_one_line() -> None:
    for arguments, why in [
        ({"suite": "desktop", "task": "no-such"}, "no task 'no-such'"),
        ({"suite": "screenspot-v2"}, "needs its data"),
        ({"suite": LAMPS, "actions": "code"}, "choose json or fields"),
        ({"suite": LAMPS, "render_mode": "human"}, "choose rgb_array"),
    ]:
        with pytest.raises(SuiteError, match=why):
            SuiteEnv(**arguments)  # type: ignore[arg-type]


def test_elements_come_with_their_numbers_and_boxes() -> None:
    env = SuiteEnv(LAMPS, "lamp", elements=True)
    (lamp,) = env.reset(seed=2)[0]["elements"]
    x, y = place(2)
    assert (lamp["number"], lamp["role"], lamp["name"]) == (1, "button", "Lamp «ü»")
    assert lamp["box"].tolist() == [x - 8, y - 8, x + 8, y + 8]
    env.close()


@pytest.mark.parametrize("platform", ["desktop", "mobile"])
def test_samples_of_both_spaces_are_actions(platform: Any) -> None:
    fields = FieldActions((100, 50), platform)
    fields.seed(1)
    read = JsonActions(fields)
    read.seed(1)
    seen = {read.read(read.sample()).type for _ in range(300)}
    assert seen == set(FIELD_TYPES[platform])
    value = {
        **fields.sample(),
        "type": fields.types.index("key"),
        "key": KEYS.index("s"),
        "modifiers": np.array([1, 0, 0, 0]),
    }
    assert fields.read(value).model_dump()["chords"] == ("ctrl+s",)
    assert fields.read({**fields.sample(), "type": fields.types.index("wait")}) == Wait()


def test_a_function_that_hands_over() -> None:
    handover = Handover[int, int, str](lambda exchange: f"{exchange(1)} {exchange(2)}")
    assert handover.start() == 1
    assert handover.reply(10) == 2
    assert handover.reply(20) == Returned("10 20")
    with pytest.raises(RuntimeError):
        handover.reply(30)

    def failing(exchange: Any) -> str:
        raise EnvError(str(exchange(1)))

    broken = Handover[int, int, str](failing)
    broken.start()
    with pytest.raises(EnvError, match="7"):
        broken.reply(7)
    assert broken.over


# --- the real suites -------------------------------------------------------------------------------------------------

REAL = {
    "miniwob": "click-test",
    "mobile-miniwob": "click-button",
    "phone-tasks": "settings-airplane-mode",
    "desktop": "editor-append",
}


@on_desktop
@pytest.mark.slow
@pytest.mark.skipif(not INSTALLED, reason="needs Chromium")
@pytest.mark.parametrize("suite", SUITES)
def test_gymnasiums_checker_on_every_suite(suite: str) -> None:
    checked(gymnasium.make(f"handeye.gym:handeye/{suite}-v1", task=REAL.get(suite), render_mode="rgb_array"))


@on_desktop
@pytest.mark.slow
@pytest.mark.skipif(not INSTALLED, reason="needs Chromium")
@pytest.mark.parametrize("suite", REAL)
def test_the_oracles_actions_are_worth_the_same_as_in_the_bench(suite: str) -> None:
    opened = open_suite(suite, None, SuiteOptions(seeds=1, seed=4, tasks=(REAL[suite],)))
    (sample,) = opened.samples()
    oracle = opened.oracle(sample)
    assert oracle is not None
    bench = opened.answer(sample, oracle)
    opened.close()
    env = gymnasium.make(f"handeye.gym:handeye/{suite}-v1", task=REAL[suite])
    _, info = env.reset(seed=4)
    assert info["sample"] == sample.id
    reward, ended = 0.0, False
    for action in bench.value["actions"]:
        _, now, terminated, truncated, info = env.step(json.dumps(action))
        reward, ended = reward + float(now), terminated or truncated
    env.close()
    assert (reward, ended) == (float(opened.judge(sample, bench).correct), True)
    assert info["prediction"]["value"]["actions"] == bench.value["actions"]
