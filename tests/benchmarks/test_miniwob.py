"""The MiniWoB++ suite: its tasks, its oracles in real Chromium, and what nobody should pass."""

from __future__ import annotations

import pickle
import re
import shutil
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from actions.action import Click, Finish
from actions.frame import Point
from agent.core.model import Decision
from agent.core.task import Limits
from agent.episodes import read_episode
from benchmarks.baselines import baseline
from benchmarks.interactive import play
from benchmarks.suite import Judged, Prediction, Sample, SuiteError, SuiteOptions
from benchmarks.suites import open_suite
from benchmarks.suites.miniwob.oracle import PageScript
from benchmarks.suites.miniwob.oracles import SCRIPTS
from benchmarks.suites.miniwob.suite import MiniwobSuite
from benchmarks.suites.miniwob.tasks import LONG, TASKS, budget, flags
from envs.env import EnvError

real = [
    pytest.mark.desktop,
    pytest.mark.skipif(not (shutil.which("Xvfb") and shutil.which("chromium")), reason="no Xvfb or no Chromium"),
]


def suite_of(*tasks: str, seeds: int = 1, **options) -> MiniwobSuite:
    found = open_suite("miniwob", None, SuiteOptions(tasks=tasks, seeds=seeds, **options))
    assert isinstance(found, MiniwobSuite)
    return found


@pytest.fixture(scope="module")
def suite() -> Iterator[MiniwobSuite]:
    whole = suite_of(seeds=5)
    yield whole
    whole.close()


def sample_of(suite: MiniwobSuite, name: str) -> Sample:
    return next(sample for sample in suite.samples() if sample.id == name)


# --- without a browser ---------------------------------------------------------------------------------------------


def test_the_tasks_are_those_that_farama_registers():
    spec = find_spec("miniwob")
    assert spec is not None
    registration = Path(spec.submodule_search_locations[0], "registration.py").read_text(encoding="utf-8")
    registered = set(re.findall(r'id="miniwob/([a-z0-9-]+)-v1"', registration))
    assert set(TASKS) == registered
    assert len(TASKS) == 125
    assert len(SCRIPTS) >= 60
    assert set(SCRIPTS) <= set(TASKS)
    assert set(LONG) <= set(TASKS)


def test_every_task_without_an_oracle_says_why():
    assert {key.removeprefix("no oracle:") for key in flags() if key.startswith("no oracle:")} == set(TASKS) - set(
        SCRIPTS
    )
    assert {key.partition(":")[2] for key in flags()} <= set(TASKS)


def test_samples_are_tasks_times_seeds_from_the_first_on():
    suite = suite_of("click-test", "drag-box", seeds=3, seed=10)
    assert [s.id for s in suite.samples()] == [f"{t}/{n}" for t in ("click-test", "drag-box") for n in (10, 11, 12)]
    assert suite.samples()[0].groups == {"family": ("click",), "task": ("click-test",)}
    assert len(suite_of(seeds=5).samples()) == 625


def test_the_protocol_tells_apart_what_is_not_comparable():
    usual, timed = suite_of("click-test").protocol, suite_of("click-test", official_timer=True).protocol
    assert usual != timed
    assert (usual["timer"], timed["timer"]) == ("off", "the page's own")
    assert usual["success"] == "raw reward == 1"
    assert usual["steps"] == {"click-test": 10}
    assert len(usual["data_hash"]) == 16
    assert suite_of("click-test", mode="test").protocol != usual


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (SuiteOptions(zoom=True), "miniwob has no --zoom: leave it out"),
        (SuiteOptions(rule="x"), "miniwob has no --rule: leave it out"),
        (SuiteOptions(language="cn"), "miniwob has no --language: leave it out"),
        (SuiteOptions(mode="hard"), "no mode 'hard'"),
        (SuiteOptions(tasks=("click-tset",)), "no task 'click-tset'"),
    ],
)
def test_foreign_options_are_refused(options, words):
    with pytest.raises(SuiteError, match=words):
        open_suite("miniwob", None, options)
    with pytest.raises(SuiteError, match="leave --data out"):
        open_suite("miniwob", Path("/tmp"), SuiteOptions())


def answered(success: float, ending: str = "gave_up") -> Prediction:
    return Prediction(status="answered", value={"success": success, "ending": ending, "why": "raw reward 0.5"})


def test_only_a_whole_reward_is_correct_and_the_interval_is_over_tasks_and_seeds():
    suite = suite_of("click-test", "drag-box", "circle-center", seeds=2)
    scores = [1.0, 1.0, 1.0, 0.0, 0.5, 0.0]
    judged = [
        Judged(sample, answer := answered(score), suite.judge(sample, answer))
        for sample, score in zip(suite.samples(), scores, strict=True)
    ]
    summary = suite.summarise(judged)
    assert (summary.correct, summary.total, summary.micro, summary.macro) == (3, 6, 0.5, 0.5)
    assert summary.interval == "bootstrap over tasks and seeds"
    low, high = summary.ci95
    assert low < 0.2
    assert high > 0.8
    assert summary.kinds == {"solved": 3, "gave_up": 3}
    assert summary.tables["task"]["click-test"].accuracy == 1
    assert any(note.startswith("circle-center: raw reward 1 cannot") for note in summary.notes)


def test_a_suite_can_be_sent_to_another_process():
    suite = suite_of("click-test", seeds=2)
    assert pickle.loads(pickle.dumps(suite)).samples() == suite.samples()


# --- in Chromium ---------------------------------------------------------------------------------------------------

FEW = (
    "click-test-2", "click-checkboxes", "choose-date-easy", "choose-list", "login-user", "use-slider", "drag-circle",
    "email-inbox-reply",
)  # fmt: skip


@pytest.mark.parametrize("task", FEW)
@pytest.mark.usefixtures("suite")
class TestOracles:
    pytestmark = real

    def test_an_oracle_solves_its_task_by_mouse_and_keyboard(self, suite, task):
        sample = sample_of(suite, f"{task}/1")
        answer = suite.answer(sample, suite.oracle(sample))
        assert answer.value["success"] == 1, answer.value
        assert suite.judge(sample, answer).kind == "solved"
        assert 0 < answer.value["steps"] <= budget(task)
        assert answer.value["ending"] == "world_over"
        assert answer.value["raw_reward"] == 1
        assert len(answer.value["actions"]) == answer.value["steps"]


@pytest.mark.usefixtures("suite")
class TestScripts:
    pytestmark = real

    def test_what_fades_out_is_not_found(self, suite):
        with suite.episode("choose-date-easy", 1) as world:
            script = PageScript(world.env.page, world.instruction, world.env.zoom)
            assert script.has("#datepicker")
            script.js("void $('#datepicker').fadeOut(1000)")
            assert not script.has("#datepicker")


class TestEpisodes:
    pytestmark = real

    def test_who_says_done_at_once_passes_nothing(self, suite):
        for task in ("click-test", "enter-text", "click-checkboxes-transfer", "scroll-text-2"):
            sample = sample_of(suite, f"{task}/0")
            answer = suite.answer(sample, baseline("say-done", suite)(sample))
            assert (answer.value["success"], answer.value["ending"]) == (0, "gave_up")

    def test_who_waits_reaches_the_limit_and_passes_nothing(self, suite):
        sample = sample_of(suite, "click-test/0")
        with suite.episode(*sample.data) as world:
            answer = play(world, baseline("idle", suite)(sample), Limits(steps=2))
        assert (answer.value["success"], answer.value["ending"], answer.value["steps"]) == (0, "step_limit", 2)

    def test_the_page_ends_the_episode_and_the_model_is_not_asked_again(self, suite, tmp_path):
        sample, asked = sample_of(suite, "click-test-2/0"), []

        class Wrong(type(baseline("idle", suite)(sample))):
            def decide(self, task, observation, history):
                asked.append(task.instruction)
                x, y = world.env.page.evaluate(
                    "(r => [r.x + 5, r.y + 5])(document.getElementById('subbtn2').getBoundingClientRect())"
                )
                return Decision(action=Click(point=Point(3 * x, 3 * y)))

        with suite.episode(*sample.data) as world:
            answer = play(
                world, Wrong("wrong", lambda frame: Finish(status="failure")), Limits(steps=10), keep=tmp_path
            )
        assert asked == ["Click button ONE."]
        assert (answer.value["success"], answer.value["raw_reward"], answer.value["steps"]) == (0, -1, 1)
        assert answer.value["why"] == "raw reward -1"
        episode = read_episode(tmp_path)
        assert episode.header.task == "Click button ONE."
        assert (len(episode.steps), episode.ending) == (1, "world_over")

    def test_a_killed_browser_is_no_answer_and_the_next_sample_has_a_new_one(self, suite):
        sample = sample_of(suite, "click-test/0")

        class Killer(type(baseline("idle", suite)(sample))):
            def decide(self, task, observation, history):
                with pytest.raises(EnvError):
                    world.env.page.call("Browser.crash")
                return Decision(action=Click(point=Point(1, 1)))

        with pytest.raises(Exception, match="gone"), suite.episode(*sample.data) as world:
            play(world, Killer("killer", lambda frame: Finish(status="failure")), Limits(steps=3))
        assert suite.answer(sample, suite.oracle(sample)).value["success"] == 1


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("seed", range(5))
class TestSweep:
    pytestmark = real

    def test_every_oracle_solves_its_task(self, suite, seed):
        failed = {}
        for task in sorted(SCRIPTS):
            sample = sample_of(suite, f"{task}/{seed}")
            answer = suite.answer(sample, suite.oracle(sample))
            if answer.value["success"] != 1:
                failed[sample.id] = answer.value["why"], answer.value["message"]
        assert not failed

    def test_say_done_passes_nothing(self, suite, seed):
        passed = []
        for task in TASKS:
            sample = sample_of(suite, f"{task}/{seed}")
            if suite.answer(sample, baseline("say-done", suite)(sample)).value["success"]:
                passed.append(task)
        assert passed == [task for task in passed if f"say-done:{task}" in flags()]
