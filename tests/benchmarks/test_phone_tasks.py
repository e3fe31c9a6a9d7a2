"""The tasks on the simulated phone: parameters, checks, and scripts that solve them by finger."""

from collections.abc import Iterator
from typing import Any

import pytest

from actions.action import Answer as Say
from actions.action import AnyAction, Finish
from agent.core.model import Decision
from benchmarks.suite import SuiteError, SuiteOptions
from benchmarks.suites import open_suite
from benchmarks.suites.phone_tasks.checks import says
from benchmarks.suites.phone_tasks.suite import PhoneTasksSuite
from benchmarks.suites.phone_tasks.task import TASKS
from benchmarks.suites.tasks.catalogue import instance_seed
from tests.agent.browser import INSTALLED

phone = pytest.mark.skipif(not INSTALLED, reason="needs chromium")
QUICK = ("settings-airplane-mode", "several-share-number", "browser-price")


class Says:
    """A model that does `actions` one after another."""

    dialect = None
    prompt_hash = None

    def __init__(self, *actions: AnyAction) -> None:
        self.name = "says"
        self._actions = iter(actions)

    def decide(self, *_: object) -> Decision:
        return Decision(action=next(self._actions))

    def locate(self, *_: object) -> object:
        raise NotImplementedError

    def extract(self, *_: object) -> object:
        raise NotImplementedError


@pytest.fixture(scope="module")
def suite() -> Iterator[PhoneTasksSuite]:
    opened = open_suite("phone-tasks", None, SuiteOptions(seeds=2))
    assert isinstance(opened, PhoneTasksSuite)
    yield opened
    opened.close()


def test_there_are_many_tasks_and_their_names_are_their_apps(suite: PhoneTasksSuite) -> None:
    assert len(TASKS) >= 44
    assert sum(len(task.programs) > 1 for task in TASKS.values()) >= 8
    assert {task.difficulty for task in TASKS.values()} == {"easy", "medium", "hard"}
    apps = {app for task in TASKS.values() for app in task.programs}
    assert apps == {"Settings", "Contacts", "Messages", "Notes", "Clock", "Calendar", "Files", "Browser"}
    assert len({sample.id for sample in suite.samples()}) == 2 * len(TASKS)


def test_instances_are_seeded_and_differ() -> None:
    assert instance_seed(30, "contacts-add", 0) == 4012400218  # computed once with Python's hashlib
    for task in TASKS.values():
        goals = [task.scene(instance_seed(0, task.name, n)).goal for n in range(12)]
        assert goals == [task.scene(instance_seed(0, task.name, n)).goal for n in range(12)]
        few = task.name in ("settings-evening", "settings-which-timeout", "several-whose-message")
        assert few or len(set(goals)) > 1


def test_answers_are_compared_without_being_fussy_or_gullible() -> None:
    assert says("The number is +1 777 1234.", "+1 777 1234")
    assert says("€12.50", "€12.50")
    assert says("it is 5 minutes", "5 minutes")
    assert says("  clara   ENGEL ", "Clara Engel")
    assert not says("15 minutes", "5 minutes")
    assert not says("1234 or 4321", "1234")
    assert not says("Clara", "Clara Engel")
    assert not says("maybe " * 20 + "Clara Engel", "Clara Engel")
    assert not says("", "7")


def test_options_that_mean_nothing_are_refused() -> None:
    for options, words in (
        (SuiteOptions(mode="hard"), "--mode"),
        (SuiteOptions(tasks=("nope",)), "no task"),
        (SuiteOptions(seeds=0), "at least one"),
    ):
        with pytest.raises(SuiteError, match=words):
            open_suite("phone-tasks", None, options)


@phone
@pytest.mark.parametrize("name", QUICK)
def test_the_script_solves_the_task(suite: PhoneTasksSuite, name: str) -> None:
    sample = next(one for one in suite.samples() if one.data[0] == name)
    answer = suite.answer(sample, suite.oracle(sample))  # type: ignore[arg-type]
    verdict = suite.judge(sample, answer)
    assert verdict.correct, answer.value
    assert answer.value["steps"] <= TASKS[name].steps


@phone
def test_saying_done_or_answering_at_random_is_no_success(suite: PhoneTasksSuite) -> None:
    done = Finish(status="success")
    for name, actions in (
        ("clock-alarm-create", [done]),
        ("browser-price", [done]),
        ("browser-price", [Say(text="€1.00"), done]),
        ("several-night", [done]),
    ):
        sample = next(one for one in suite.samples() if one.data[0] == name)
        answer = suite.answer(sample, Says(*actions))  # type: ignore[arg-type]
        assert answer.value["success"] == 0, (name, answer.value)


class NeverClaims:
    """The oracle, which gives up at the end instead of saying that it is done."""

    def __init__(self, oracle: Any) -> None:
        self._oracle = oracle
        self.bind, self.name, self.dialect, self.prompt_hash = oracle.bind, "never claims", None, None
        self.locate, self.extract = oracle.locate, oracle.extract

    def decide(self, *seen: Any) -> Any:
        decision = self._oracle.decide(*seen)
        failure = Finish(status="failure", message="no")
        return decision.model_copy(update={"action": failure}) if decision.action.type == "finish" else decision


@phone
def test_the_right_state_without_a_word_is_no_success(suite: PhoneTasksSuite) -> None:
    sample = next(one for one in suite.samples() if one.data[0] == "settings-bluetooth")
    answer = suite.answer(sample, NeverClaims(suite.oracle(sample)))  # type: ignore[arg-type]
    assert (answer.value["success"], answer.value["ending"]) == (0, "gave_up")
    assert answer.value["state"]
    assert answer.value["why"] == "the state is right, but the agent never said that it was done"
    assert not suite.judge(sample, answer).correct


@phone
def test_a_score_takes_the_right_state_and_a_claim(suite: PhoneTasksSuite) -> None:
    sample = next(one for one in suite.samples() if one.data[0] == "settings-bluetooth")
    with suite.world(*sample.data) as world:
        assert not world.score().more["state"]
        value = world.device.setting("global", "bluetooth_on")
        world.device.put("global", "bluetooth_on", "0" if value == "1" else "1")
        assert (world.score().success, world.score().more["state"]) == (0, True)
        world.hear(Finish(status="success"))
        assert world.score().success == 1


@phone
def test_a_change_that_nobody_asked_for_is_no_success(suite: PhoneTasksSuite) -> None:
    sample = next(one for one in suite.samples() if one.data[0] == "contacts-delete")
    with suite.world(*sample.data) as world:
        world.hear(Finish(status="success"))
        world.device.run_sql("contacts", "delete from contacts where phone like '+1 777%'")
        assert world.score().success == 1
        world.device.run_sql("contacts", "delete from contacts where rowid = 1")
        assert "not there" in world.score().why


@phone
@pytest.mark.slow
@pytest.mark.parametrize("name", TASKS)
def test_every_script_solves_its_task(suite: PhoneTasksSuite, name: str) -> None:
    for sample in (one for one in suite.samples() if one.data[0] == name):
        answer = suite.answer(sample, suite.oracle(sample))  # type: ignore[arg-type]
        assert answer.value["success"] == 1, (sample.id, answer.value)


@phone
@pytest.mark.slow
def test_whoever_says_done_at_once_solves_nothing(suite: PhoneTasksSuite) -> None:
    for sample in suite.samples()[: len(TASKS)]:
        answer = suite.answer(sample, Says(Finish(status="success")))  # type: ignore[arg-type]
        assert answer.value["success"] == 0, sample.id
