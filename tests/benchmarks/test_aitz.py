"""AITZ: CoAT's rules by hand, the example episode, and data that are not what they should be."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image as Picture

from actions.action import Drag, Finish
from actions.frame import Box, Point
from benchmarks.suite import Judged, Prediction, SuiteError, SuiteOptions
from benchmarks.suites import open_suite
from benchmarks.suites.navigation.aitz import truth_of
from benchmarks.suites.navigation.moves import OPPOSITE, CanonicalAction, action_of
from benchmarks.suites.navigation.recording import RecordedStep
from benchmarks.suites.navigation.rescoring import judge_responses
from benchmarks.suites.navigation.rules.aitz import RULES, box_match, texts_match

DATA = Path(os.environ.get("HANDEYE_DATA", Path(__file__).parents[2].parent / "shared" / "data")) / "aitz_example"
SIZE = (200, 400)


def step(truth: CanonicalAction, *boxes: Box) -> RecordedStep:
    return RecordedStep("1", 0, "goal", "", truth, SIZE, boxes)


def click(x: float, y: float) -> CanonicalAction:
    return CanonicalAction("click", Point(x, y))


# --- the rules, by hand --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("x", "y", "right"),
    [
        (100, 200, True),
        (100 + 0.13 * 200, 200, True),
        (100 + 0.14 * 200, 200, True),
        (100 + 0.15 * 200, 200, False),
        (100, 200 + 0.13 * 400, True),
        (100, 200 + 0.15 * 400, False),
        (100 - 0.1 * 200, 200 - 0.1 * 400, False),
    ],
)
def test_a_point_counts_within_0_14_of_the_sides(x: float, y: float, right: bool) -> None:
    assert RULES["aitw-point"](step(click(100, 200)), click(x, y)).correct is right


def test_points_in_one_grown_element_count() -> None:
    """A row of 100 x 20 grows by 1.4 times its size: 240 x 48, cut at the left edge of the screen."""
    recorded = step(click(50, 100), Box(0, 90, 100, 110))
    assert RULES["aitw-point"](recorded, click(150, 110)).correct
    assert RULES["aitw-point"](recorded, click(150, 124)).correct  # 110 + 0.7 * 20
    assert not RULES["aitw-point"](recorded, click(150, 125)).correct
    assert not RULES["aitw-point"](replace(recorded, boxes=()), click(150, 110)).correct


@pytest.mark.parametrize(
    ("answered", "right"),
    [
        (Box(90, 190, 110, 210), True),
        (Box(101, 190, 111, 210), True),  # 1.2 times: from 100 on
        (Box(102, 190, 112, 210), False),  # from 101 on, and 0.38 of the element
        (Box(82, 186, 97, 214), True),  # to 98.5, beside the point, but 0.61 of the element
        (Box(85, 188, 97, 212), False),  # to 98.2, and 0.42 of the element
        (Box(100, 200, 100, 200), True),  # a bare point, on the spot
        (Box(100, 201, 100, 201), False),
        (Box(0, 0, 200, 400), True),
    ],
)
def test_a_box_counts_grown_or_as_an_element(answered: Box, right: bool) -> None:
    element = Box(80, 185, 103, 215)
    assert box_match(answered, Point(100, 200), (element,)) is right


def test_coat_takes_a_point_for_a_box_without_area() -> None:
    recorded = step(click(100, 200), Box(80, 180, 120, 220))
    assert RULES["coat"](recorded, click(100, 200)).correct
    assert not RULES["coat"](recorded, click(101, 200)).correct
    assert RULES["coat"](recorded, replace(click(5, 5), box=Box(82, 182, 118, 219))).correct


@pytest.mark.parametrize(
    ("answer", "truth", "right"),
    [
        ("clock", "clock app", True),
        ("clock app", "clock", True),
        ("kitten", "sitting", False),  # ratio 2 * 4 / 13
        ("best headphones", "best headphone", True),
        ("headphnes x", "headphones", True),  # 2 * 9 / 21 = 0.857
        ("abcdefgh", "abcdefxyzw", False),  # 2 * 6 / 18
        ("abcd!", "abcd?", False),  # 2 * 4 / 10: 0.8 is not above 0.8
        ("Clock", "clock", False),  # 0.8: case counts, as in the released code
    ],
)
def test_texts(answer: str, truth: str, right: bool) -> None:
    assert texts_match(answer, truth) is right


@pytest.mark.parametrize("rule", list(RULES))
def test_the_rest_is_equal_or_not(rule: str) -> None:
    score = RULES[rule]
    for direction, other in OPPOSITE.items():
        recorded = step(CanonicalAction("scroll", direction=direction))
        assert score(recorded, CanonicalAction("scroll", direction=direction)).correct
        assert score(recorded, CanonicalAction("scroll", direction=other)).kind == "wrong_direction"
    home = step(CanonicalAction("button", name="home"))
    assert score(home, CanonicalAction("button", name="home")).correct
    assert score(home, CanonicalAction("button", name="back")) == (False, True, "wrong_button", {})
    done = step(CanonicalAction("stop", name="success"))
    assert score(done, CanonicalAction("stop", name="failure")).correct  # a stop is a stop
    assert score(done, click(1, 1)) == (False, False, "wrong_type", {})


# --- what was done -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "number", "touch", "lift", "truth"),
    [
        ("scroll up", 4, [0.8, 0.5], [0.2, 0.5], CanonicalAction("scroll", direction="down")),
        ("scroll left", 4, [0.5, 0.8], [0.5, 0.2], CanonicalAction("scroll", direction="right")),
        ("click on OK.", 4, [0.25, 0.5], [0.25, 0.5], click(100, 100)),
        ("press the enter button", 7, [-1, -1], [-1, -1], CanonicalAction("button", name="enter")),
        ("press the back button", 5, [-1, -1], [-1, -1], CanonicalAction("button", name="back")),
        ('type "cats"', 3, [-1, -1], [-1, -1], CanonicalAction("type", text="cats")),
        ('input "cats"', 3, [-1, -1], [-1, -1], CanonicalAction("type", text="cats")),
        ("stop and set the query as completed", 10, [-1, -1], [-1, -1], CanonicalAction("stop", name="success")),
        ("stop and set the query as impossible", 11, [-1, -1], [-1, -1], CanonicalAction("stop", name="failure")),
        ("tap the icon", 4, [0.25, 0.5], [0.26, 0.5], click(100, 100)),  # read by its points
        ("swipe away", 4, [0.8, 0.5], [0.2, 0.5], CanonicalAction("scroll", direction="down")),
    ],
)
def test_what_a_description_says(words: str, number: int, touch: Any, lift: Any, truth: CanonicalAction) -> None:
    row = {
        "coat_action_desc": words,
        "result_action_type": number,
        "result_action_text": "cats",
        "result_touch_yx": json.dumps(touch),
        "result_lift_yx": lift,
    }
    assert truth_of(row, SIZE) == truth


# --- the example ---------------------------------------------------------------------------------------------------


@pytest.fixture
def example() -> Path:
    if not any(DATA.glob("*.json")):
        pytest.skip("no AITZ: set HANDEYE_DATA to the folder that has aitz_example/")
    return DATA


def by_oracle(suite: Any) -> list[Judged]:
    answers = [(sample, suite.answer(sample, suite.oracle(sample))) for sample in suite.samples()]
    return [Judged(sample, answer, suite.judge(sample, answer)) for sample, answer in answers]


def score(suite: Any, change: Any) -> Any:
    found = []
    for sample in suite.samples():
        answer = Prediction(status="answered", value={"action": action_of(change(sample.data)).model_dump(mode="json")})
        found.append(Judged(sample, answer, suite.judge(sample, answer)))
    return suite.summarise(found)


@pytest.mark.parametrize("rule", list(RULES))
def test_the_recorded_actions_of_the_example_are_right(rule: str, example: Path) -> None:
    suite = open_suite("aitz", example, SuiteOptions(rule=rule))
    found = by_oracle(suite)
    summary = suite.summarise(found)
    assert (summary.correct, summary.total) == (4, 4)
    assert summary.averages["episode_success"].correct == 1
    assert [one.sample.data.truth.kind for one in found] == ["button", "scroll", "click", "stop"]
    assert found[0].sample.groups == {"subset": ("google_apps",), "action": ("press",)}
    assert found[0].sample.data.size == (270, 600)


def test_shifted_copies_of_the_example(example: Path) -> None:
    """The only click is at (0.607, 0.498) of the screen, in an element 5 pixels high: moved, the distance decides."""
    suite = open_suite("aitz", example)

    def moved(share: float) -> Any:
        def move(recorded: RecordedStep) -> CanonicalAction:
            point = recorded.truth.point
            return replace(recorded.truth, point=Point(point.x, point.y - share * 600)) if point else recorded.truth

        return move

    assert [score(suite, moved(share)).correct for share in (0.13, 0.139, 0.141, 0.15)] == [4, 4, 3, 3]
    assert score(suite, moved(0.15)).averages["goal_progress"].accuracy == 0.5
    finger_down = score(suite, lambda r: replace(r.truth, direction="up") if r.truth.direction else r.truth)
    assert finger_down.kinds == {"correct": 3, "wrong_direction": 1}


def test_the_recorded_swipe_and_a_failure_count_too(example: Path) -> None:
    suite: Any = open_suite("aitz", example)
    swipe = Drag(path=(Point(137, 325), Point(156, 1)))  # the recorded touch and lift
    lines = [
        {"episode_id": "523638528775825151", "step_id": n, "action": action.model_dump(mode="json")}
        for n, action in ((1, swipe), (3, Finish(status="failure")))
    ]
    assert [one.verdict.correct for one in judge_responses(suite, lines)] == [True, True]


def test_the_downloaded_layout_with_its_splits(example: Path, tmp_path: Path) -> None:
    for split in ("test", "train"):
        folder = tmp_path / split / "google_apps" / "GOOGLE_APPS-523638528775825151"
        shutil.copytree(example, folder)
        for file in folder.iterdir():
            file.chmod(0o644)
    assert open_suite("aitz", tmp_path).protocol["split"] == "test"
    assert open_suite("aitz", tmp_path, SuiteOptions(mode="train")).protocol["split"] == "train"
    with pytest.raises(SuiteError, match="has no folder 'val'"):
        open_suite("aitz", tmp_path, SuiteOptions(mode="val"))
    assert "not comparable with published figures" in " ".join(open_suite("aitz", tmp_path).summarise([]).notes)


# --- bad data ------------------------------------------------------------------------------------------------------


def row(index: int, **more: Any) -> dict[str, Any]:
    return {
        "episode_id": "5",
        "step_id": index,
        "instruction": "goal",
        "ui_positions": "[[10, 20, 30, 40]]",
        "result_action_type": 4,
        "result_action_text": "",
        "result_touch_yx": "[0.5, 0.5]",
        "result_lift_yx": "[0.5, 0.5]",
        "image_path": f"general/G-5/G-5_{index}.png",
        "coat_action_desc": "click on it",
    } | more


def write(folder: Path, *rows: dict[str, Any], screens: int = 9) -> Path:
    (folder / "G-5.json").write_text(json.dumps(rows))
    for n in range(screens):
        Picture.new("RGB", SIZE).save(folder / f"G-5_{n}.png")
    return folder


def test_elements_are_top_left_height_width(tmp_path: Path) -> None:
    (sample,) = open_suite("aitz", write(tmp_path, row(0))).samples()
    assert sample.data.boxes == (Box(20, 10, 60, 40),)
    assert sample.data.truth == click(100, 200)


@pytest.mark.parametrize(
    ("rows", "screens", "said"),
    [
        ([row(0), row(1)], 1, r"1 of 2 screens are missing, the first is .*G-5_1\.png"),
        ([row(1), row(2)], 9, "episode 5 lacks some of its steps"),
        ([row(0, result_touch_yx="[0.5]")], 9, "step 0: .* download it again"),
        ([row(0, coat_action_desc="hop", result_action_type=1)], 9, "step 0: .* download it again"),
        ([{"coat_action_desc": "click"}], 9, "a step has no image_path"),
        ([{"other": 1}], 9, "has no AITZ episodes"),
    ],
)
def test_bad_data_are_one_clear_line(rows: list[dict[str, Any]], screens: int, said: str, tmp_path: Path) -> None:
    with pytest.raises(SuiteError, match=said) as error:
        open_suite("aitz", write(tmp_path, *rows, screens=screens))
    assert "\n" not in str(error.value)
