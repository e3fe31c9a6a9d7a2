"""MobileMiniWoB++: AndroidWorld's protocol, and its tasks done by finger on the simulated phone."""

import json
from collections.abc import Iterator

import pytest

from actions.action import Click, Finish, Wait
from agent.core.model import Decision
from benchmarks.baselines import baseline
from benchmarks.suite import Sample, SuiteError, SuiteOptions
from benchmarks.suites import SUITES, open_suite
from benchmarks.suites.mobile_miniwob.oracle import TouchScript
from benchmarks.suites.mobile_miniwob.suite import MobileMiniwobSuite
from benchmarks.suites.mobile_miniwob.tasks import STEPS, TASKS
from tests.agent.browser import INSTALLED

phone = pytest.mark.skipif(not INSTALLED, reason="needs chromium")
QUICK = ("click-scroll-list", "copy-paste", "drag-item", "enter-date", "highlight-text", "terminal")
LEFT_OUT = (
    "chase-circle", "moving-items", "drag-cube", "drag-items-grid", "drag-items", "drag-shapes", "drag-sort-numbers",
    "text-editor", "number-checkboxes", "use-slider-2", "use-spinner", "click-menu",
)  # fmt: skip
"""What AndroidWorld's registry names as removed, for the reasons that it gives."""


def opened(**options: object) -> MobileMiniwobSuite:
    suite = open_suite("mobile-miniwob", None, SuiteOptions(**options))  # type: ignore[arg-type]
    assert isinstance(suite, MobileMiniwobSuite)
    return suite


@pytest.fixture(scope="module")
def suite() -> Iterator[MobileMiniwobSuite]:
    found = opened(seeds=2)
    yield found
    found.close()


def sample_of(suite: MobileMiniwobSuite, name: str) -> Sample:
    return next(one for one in suite.samples() if one.id == name)


def test_the_tasks_are_androidworlds() -> None:
    assert len(TASKS) == 92
    assert not set(LEFT_OUT) & set(TASKS)
    assert {"drag-item", "simon-says", "click-menu-2", "use-slider", "book-flight"} <= set(TASKS)
    assert STEPS == 30
    assert SUITES["mobile-miniwob"].kind == "interactive"


def test_instances_have_androidworlds_seeds(suite: MobileMiniwobSuite) -> None:
    samples = suite.samples()
    assert len({sample.id for sample in samples}) == len(samples) == 184
    assert [sample.id for sample in samples[:2]] == ["bisect-angle/0", "book-flight/0"]
    assert sample_of(suite, "click-test/1").data == ("click-test", 1315997536)  # of sha256("0_click-test_1")
    assert sample_of(opened(seed=30, seeds=2), "click-test/1").data != ("click-test", 1315997536)
    assert len({sample.data[1] for sample in samples}) == 184


def test_the_protocol_says_what_a_figure_depends_on(suite: MobileMiniwobSuite) -> None:
    protocol = suite.protocol
    assert protocol["goal"] == "Follow the instructions shown on the top of the screen: {utterance}"
    assert (protocol["step_budget"], protocol["timer"], protocol["success"]) == (30, "off", "raw reward == 1")
    assert "no Android" in protocol["device"]
    assert protocol != opened(mode="browser", seeds=2).protocol
    json.dumps(protocol)


def test_options_that_mean_nothing_are_refused() -> None:
    for options, words in (
        ({"mode": "hard"}, "choose one of app, browser, device"), ({"tasks": ("click-menu",)}, "no task 'click-menu'"),
        ({"seeds": 0}, "at least one"), ({"official_timer": True}, "--official-timer"),
    ):  # fmt: skip
        with pytest.raises(SuiteError, match=words):
            opened(**options)


class Says:
    """A model that does `actions` one after another."""

    name, dialect, prompt_hash = "says", None, None

    def __init__(self, *actions: object) -> None:
        self._actions = iter(actions)

    def decide(self, *_: object) -> Decision:
        return Decision(action=next(self._actions))  # type: ignore[arg-type]


@phone
@pytest.mark.parametrize("name", QUICK)
def test_touch_solves_the_task(suite: MobileMiniwobSuite, name: str) -> None:
    sample = sample_of(suite, f"{name}/0")
    answer = suite.answer(sample, suite.oracle(sample))  # type: ignore[arg-type]
    assert suite.judge(sample, answer).correct, answer.value
    assert answer.value["raw_reward"] == 1
    assert answer.value["instruction"].startswith("Follow the instructions shown on the top of the screen: ")


@phone
def test_doing_nothing_ends_with_the_budget_and_without_success(suite: MobileMiniwobSuite) -> None:
    sample = sample_of(suite, "click-test/0")
    answer = suite.answer(sample, baseline("idle", suite)(sample))
    assert (answer.value["ending"], answer.value["steps"]) == ("step_limit", 30)
    assert suite.judge(sample, answer).kind == "step_limit"
    assert {action["seconds"] for action in answer.value["actions"]} == {0.2}
    assert suite.answer(sample, Says(Finish(status="success"))).value["success"] == 0  # type: ignore[arg-type]


@phone
def test_a_part_of_the_reward_is_no_success_and_the_page_ends_the_run(suite: MobileMiniwobSuite) -> None:
    task, seed = sample_of(suite, "click-checkboxes-large/0").data
    with suite.episode(task, seed) as world:
        page = TouchScript(world)
        first, submit = page.click(page.one("#boxes-left input")), page.click(page.one("#subbtn"))
        for action in (first, submit):
            assert not world.over()
            world.env.perform(action, world.env.observe().frame)
        assert world.over()
        score = world.score()
    assert (score.success, score.more["done"]) == (0, True)
    assert score.more["raw_reward"] < 1


@phone
def test_the_right_page_needs_no_last_word(suite: MobileMiniwobSuite) -> None:
    sample = sample_of(suite, "click-test/1")
    with suite.episode(*sample.data) as world:
        place = TouchScript(world).click(TouchScript(world).one("#subbtn"))
    assert isinstance(place, Click)
    answer = suite.answer(sample, Says(Wait(seconds=0.1), place, Wait(seconds=9)))  # type: ignore[arg-type]
    assert (answer.value["success"], answer.value["steps"]) == (1, 2)


@phone
@pytest.mark.slow
@pytest.mark.parametrize("name", TASKS)
def test_every_script_solves_its_task(suite: MobileMiniwobSuite, name: str) -> None:
    for sample in (one for one in suite.samples() if one.data[0] == name):
        oracle = suite.oracle(sample)
        if oracle is None:
            pytest.skip(suite.flagged[f"no oracle:{name}"])
        answer = suite.answer(sample, oracle)
        assert answer.value["success"] == 1, (sample.id, answer.value)
