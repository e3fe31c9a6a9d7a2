"""The baselines on small suites of our own, and the one that reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.action import Click, Finish, Wait, points_of
from actions.frame import Box, Frame, Point
from agent.core.model import Decision, Grounding, ModelError
from agent.core.step import OutcomeRecord, Step
from agent.core.task import Task
from benchmarks.baselines import NAMES, baseline, quoted
from benchmarks.suite import Prediction, Sample, Suite, SuiteError
from envs.env import Observation

TASK = Task("Press the button")


def observation(width=400, height=300, image=None):
    image = np.full((height, width, 3), 255, np.uint8) if image is None else image
    return Observation(image, Frame(id="0", width=image.shape[1], height=image.shape[0]))


def history(action):
    frame = observation().frame
    return [Step(index=0, time=0, frame=frame, image="", action=action, outcome=OutcomeRecord(performed=True))]


@dataclass
class Pointer:
    """An oracle that points at one place and, as an agent, clicks it and is done."""

    place: Point
    name: str = "oracle"
    dialect: None = None
    prompt_hash: None = None

    def locate(self, observation, instruction):
        return Grounding(point=self.place, box=Box.around([self.place]))

    def decide(self, task, observation, history):
        return Decision(action=Finish(status="success") if history else Click(point=self.place))


@dataclass
class Places(Suite):
    """Samples with one right place each, shares of a 400x300 or 800x600 screen by turns."""

    shares: Sequence[tuple[float, float]]
    kind: str = "grounding"
    name: str = "places"
    asked: list[str] = field(default_factory=list)

    @property
    def protocol(self):
        return {}

    def judge(self, sample, answer):
        raise NotImplementedError

    def summarise(self, judged):
        raise NotImplementedError

    def samples(self):
        return [Sample(str(n), TASK.instruction, {"task": ("one",)}, n) for n in range(len(self.shares))]

    def oracle(self, sample):
        (x, y), screen = self.shares[sample.data], self._screen(sample)
        return Pointer(Point(x * screen.frame.width, y * screen.frame.height))

    def answer(self, sample, model):
        self.asked.append(sample.id)
        screen = self._screen(sample)
        if self.kind == "grounding":
            return Prediction(status="answered", value={"point": model.locate(screen, TASK.instruction).point})
        actions = [model.decide(TASK, screen, []).action.model_dump(mode="json")]
        return Prediction(status="answered", value={"actions": actions})

    def _screen(self, sample):
        return observation(800, 600) if sample.data % 2 else observation()


GRID = Places([(0.2, 0.5), (0.2, 0.5), (0.6, 0.1), (0.2, 0.4)])


def test_an_unknown_name_is_refused_with_those_there_are():
    with pytest.raises(SuiteError, match=r"no baseline is called 'lazy'\. Choose one of idle, say-done"):
        baseline("lazy", GRID)
    with pytest.raises(SuiteError, match="places has no obedient model"):
        baseline("obedient", GRID)


@pytest.mark.parametrize("name", [name for name in NAMES if name != "obedient"])
def test_every_baseline_is_a_model(name):
    model = baseline(name, GRID, 1)(GRID.samples()[0])
    assert model.name
    assert model.dialect is None
    assert model.prompt_hash is None
    assert isinstance(model.locate(observation(), "the button"), Grounding)


def test_idle_waits_say_done_ends_and_centre_clicks_the_middle():
    sample = GRID.samples()[0]
    decide = {name: baseline(name, GRID)(sample).decide(TASK, observation(), []).action for name in NAMES[:4]}
    assert isinstance(decide["idle"], Wait)
    assert decide["say-done"] == Finish(status="success", message="done")
    assert decide["centre"] == Click(point=Point(200, 150))
    assert baseline("centre", GRID)(sample).locate(observation(), "x").point == (200, 150)
    assert baseline("idle", GRID)(sample).locate(observation(), "x").refused
    with pytest.raises(ModelError, match="does not extract"):
        baseline("idle", GRID)(sample).extract(observation(), {}, "what?")


@given(st.integers(1, 3000), st.integers(1, 3000), st.text(min_size=1), st.integers(0, 5))
def test_random_is_seeded_by_the_sample_and_stays_on_the_frame(width, height, name, seed):
    sample = Sample(name, TASK.instruction)
    frame = Frame(id="0", width=width, height=height)
    screen = Observation(np.zeros((1, 1, 3), np.uint8), frame)

    def run():
        model = baseline("random", GRID, seed)(sample)
        return [model.decide(TASK, screen, []).action for _ in range(12)] + [model.locate(screen, "x").point]

    first = run()
    assert first == run()
    assert all(frame.contains(point) for action in first[:-1] for point in points_of(action))
    assert frame.contains(first[-1])


def test_random_differs_between_samples_and_seeds():
    def places(seed, name):
        return baseline("random", GRID, seed)(Sample(name, "x")).locate(observation(), "x").point

    assert len({places(seed, name) for seed in range(3) for name in "abc"}) == 9


def test_blind_replay_points_where_the_others_are_and_never_at_its_own():
    model = baseline("blind-replay", GRID)
    others = model(GRID.samples()[2]).locate(observation(1000, 1000), "x").point
    assert others == pytest.approx((200, 500))
    one = model(GRID.samples()[0]).decide(TASK, observation(1000, 1000), []).action
    assert one.point == pytest.approx((200, 400))


def test_blind_replay_of_an_interactive_suite_plays_what_was_done_for_another_sample():
    suite = Places([(0.1, 0.1), (0.5, 0.5), (0.9, 0.9)], kind="interactive")
    make = baseline("blind-replay", suite)
    model = make(suite.samples()[0])
    first = model.decide(TASK, observation(), []).action
    assert first == Click(point=Point(400, 300))  # of sample 1, whose screen is 800x600
    assert model.decide(TASK, observation(), history(first)).action == Finish(status="success")
    make(suite.samples()[2])
    make(suite.samples()[0])
    assert suite.asked == ["1", "0"]  # each is recorded once


def test_blind_replay_without_another_sample_gives_up():
    suite = Places([(0.1, 0.1)], kind="interactive")
    action = baseline("blind-replay", suite)(suite.samples()[0]).decide(TASK, observation(), []).action
    assert action.status == "failure"
    with pytest.raises(SuiteError, match="two samples"):
        baseline("blind-replay", Places([(0.1, 0.1)]))(Places([(0.1, 0.1)]).samples()[0])


def test_the_oracle_is_the_suites_and_a_suite_without_one_is_told_apart():
    sample = GRID.samples()[2]
    assert baseline("oracle", GRID)(sample).locate(observation(), "x").point == (240, 30)

    class Without(Places):
        def oracle(self, sample):
            return super().oracle(sample) if self.shares[sample.data][0] < 0.5 else None

    some = baseline("oracle", Without([(0.2, 0.2), (0.9, 0.9)]))
    assert (
        some(Without([(0.2, 0.2), (0.9, 0.9)]).samples()[1]).decide(TASK, observation(), []).action.status == "failure"
    )
    with pytest.raises(SuiteError, match="places has no oracle"):
        baseline("oracle", Without([(0.9, 0.9)]))


def drawn(*words):
    image = np.full((300, 600, 3), 255, np.uint8)
    for text, x, y in words:
        cv2.putText(image, text, (x, y), cv2.FONT_HERSHEY_SIMPLEX, 1.0, (0, 0, 0), 2, cv2.LINE_AA)
    return observation(image=image)


def test_ocr_clicks_the_quoted_words_once_each_and_then_says_done():
    screen = drawn(("Save", 40, 100), ("Cancel", 350, 220))
    model = baseline("ocr", GRID)(GRID.samples()[0])
    first = model.decide(Task('Press "Cancel"'), screen, []).action
    assert 340 < first.point.x < 480
    assert 190 < first.point.y < 230
    second = model.decide(Task('Press "Cancel"'), screen, history(first)).action
    assert second.type == "finish"
    assert model.decide(Task('Press "Cancel"'), screen, []).action == first  # another episode
    assert model.locate(screen, "Save").point.x < 130
    assert model.locate(screen, "zzqqxx").refused


@given(
    st.lists(st.text(st.characters(exclude_characters='"“”', exclude_categories=["C", "Z"]), min_size=1), max_size=4)
)
def test_what_is_quoted_is_found_with_straight_and_curly_quotes(parts):
    assert quoted(" and ".join(f'"{part}"' for part in parts)) == parts
    assert quoted(" and ".join(f"“{part}”" for part in parts)) == parts
