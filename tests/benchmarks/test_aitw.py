"""AITW: action matching by hand, SeeClick's file, and the mean of the subsets."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as Picture

from actions.action import AnyAction, Button, Click, Drag, Finish, LongPress, Scroll, TypeText, Wait
from actions.frame import Box, Point
from benchmarks.suite import Judged, Prediction, SuiteError, SuiteOptions
from benchmarks.suites import open_suite
from benchmarks.suites.navigation.aitw import SUBSETS
from benchmarks.suites.navigation.moves import CanonicalAction, action_of, move_of
from benchmarks.suites.navigation.recording import RecordedStep, Ruling
from benchmarks.suites.navigation.rules.aitw import RULES, grown, taps_match

SIZE = (1000, 2000)
RULE = RULES["aitw"]
shares = st.floats(0, 1)


def step(truth: CanonicalAction, *boxes: Box) -> RecordedStep:
    return RecordedStep("1", 0, "goal", "", truth, SIZE, boxes)


def tap(x: float, y: float) -> CanonicalAction:
    return CanonicalAction("click", Point(x, y))


def say(recorded: RecordedStep, action: AnyAction) -> Ruling:
    return RULE(recorded, move_of(action))


# --- action matching, by hand --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("x", "y", "right"),
    [
        (500, 1000, True),
        (630, 1000, True),  # 0.13 of the width
        (640, 1000, True),  # 0.14, on the dot
        (650, 1000, False),
        (500, 1260, True),  # 0.13 of the height
        (500, 1300, False),
        (600, 1200, False),  # 0.1414
    ],
)
def test_taps_match_within_0_14(x: float, y: float, right: bool) -> None:
    found = say(step(tap(500, 1000)), Click(point=Point(x, y)))
    assert found.correct is right
    assert found.scores == {"grounding": float(right)}


def test_taps_match_in_one_element_grown_to_2_4_times() -> None:
    """An element 0.2 x 0.04 in the middle: 0.48 x 0.096 grown, from 0.26 to 0.74 and from 0.452 to 0.548."""
    recorded = step(tap(300, 1000), Box(400, 960, 600, 1040))
    assert say(recorded, Click(point=Point(700, 1000))).correct
    assert say(recorded, Click(point=Point(740, 1096))).correct
    assert not say(recorded, Click(point=Point(741, 1000))).correct
    assert not say(
        replace(recorded, boxes=(Box(400, 960, 500, 1040), Box(500, 960, 600, 1040))), Click(point=Point(739, 1000))
    ).correct


def test_elements_grow_to_the_released_codes_letter() -> None:
    assert sides(0.4, 0.48, 0.6, 0.52) == pytest.approx((0.26, 0.452, 0.74, 0.548), abs=1e-8)
    assert sides(0.0, 0.0, 0.2, 0.1) == pytest.approx((0.0, 0.0, 0.48, 0.24), abs=1e-8)  # what is cut off is not lost
    assert sides(0.1, 0.1, 0.9, 0.9) == pytest.approx((0.0, 0.0, 1.0, 1.0), abs=1e-8)


def sides(*box: float) -> tuple[float, ...]:
    return tuple(grown(Box(*box)))


@given(shares, shares, shares, shares, st.lists(st.tuples(shares, shares, shares, shares), max_size=3))
def test_taps_match_both_ways(x: float, y: float, to_x: float, to_y: float, boxes: list[Any]) -> None:
    a, b = Point(x, y), Point(to_x, to_y)
    around = [Box(min(p, r), min(q, s), max(p, r), max(q, s)) for p, q, r, s in boxes]
    assert taps_match(a, b, around) == taps_match(b, a, around)
    assert taps_match(a, a, around)


@pytest.mark.parametrize(
    ("action", "right"),
    [
        (Scroll(dy=5), True),
        (Scroll(dy=-5), True),  # only the axis counts
        (Scroll(dx=5), False),
        (Drag(path=(Point(500, 1500), Point(600, 900))), True),
        (Drag(path=(Point(100, 1000), Point(900, 1500))), False),  # 0.8 of the width, 0.25 of the height
        (Drag(path=(Point(100, 1000), Point(500, 2000 - 1))), True),  # 0.4 of the width, 0.5 of the height
        (Drag(path=(Point(500, 1000), Point(520, 1040))), False),  # 0.028: a tap
        (Click(point=Point(500, 1600)), False),
        (Scroll(), False),
    ],
)
def test_drags_match_by_their_axis(action: AnyAction, right: bool) -> None:
    found = say(step(CanonicalAction("scroll", direction="down")), action)
    assert found.correct is right
    assert found.type_match is (action != Scroll())


def test_a_short_drag_and_a_long_press_are_taps() -> None:
    recorded = step(tap(500, 1000))
    assert say(recorded, LongPress(point=Point(510, 1010))).correct
    assert say(recorded, Drag(path=(Point(510, 1000), Point(520, 1020)))).correct
    assert not say(recorded, Drag(path=(Point(510, 1000), Point(510, 1100)))).correct


@pytest.mark.parametrize(
    ("truth", "action", "right"),
    [
        (CanonicalAction("type", text="Cats"), TypeText(text="dogs"), True),  # the type is enough
        (CanonicalAction("type", text="Cats"), Button(name="enter"), False),
        (CanonicalAction("button", name="back"), Button(name="back"), True),
        (CanonicalAction("button", name="back"), Button(name="home"), False),
        (CanonicalAction("button", name="back"), Click(point=Point(1, 1)), False),
        (CanonicalAction("stop", name="success"), Finish(status="success"), True),
        (CanonicalAction("stop", name="success"), Finish(status="failure"), False),
        (tap(5, 5), TypeText(text="x"), False),
        (tap(5, 5), Wait(), False),
    ],
)
def test_everything_else_matches_by_type(truth: CanonicalAction, action: AnyAction, right: bool) -> None:
    found = say(step(truth), action)
    assert found.correct is found.type_match is right


@pytest.mark.parametrize(("said", "score"), [("cats", 1.0), ("cat", 1.0), ("Cats and dogs", 1.0), ("dogs", 0.0)])
def test_the_text_is_a_figure_of_its_own(said: str, score: float) -> None:
    recorded = step(CanonicalAction("type", text="Cats"))
    assert say(recorded, TypeText(text=said)).scores == {"text": score}
    assert say(recorded, Wait()).scores == {"text": 0.0}


# --- SeeClick's file -----------------------------------------------------------------------------------------------


def row(episode: str, index: int, number: int = 4, words: str = "click", **more: Any) -> dict[str, Any]:
    return {
        "ep_id": episode,
        "step": index,
        "goal": f"goal of {episode}",
        "img_filename": f"general/{episode}_{index}",
        "action_type_id": number,
        "action_type_text": words,
        "annot_position": [0.1, 0.2, 0.05, 0.3],
        "touch": [0.5, 0.25],
        "lift": [0.5, 0.26],
        "type_text": "cats",
    } | more


def all_kinds(episode: str) -> list[dict[str, Any]]:
    kinds = [(4, "click"), (4, "scroll down"), (4, "scroll up"), (4, "scroll left"), (4, "scroll right"), (3, "type")]
    kinds += [(5, "press back"), (6, "press home"), (7, "press enter"), (10, "status task complete")]
    kinds += [(11, "status task impossible"), (4, "click")]
    rows = [row(episode, n, *kind) for n, kind in enumerate(kinds)]
    return [*rows[:-1], rows[-1] | {"lift": [0.5, 0.75]}]  # a "click" that was a drag


def write(folder: Path, subsets: dict[str, Any], screens: bool = True, name: str = "aitw_data_test.json") -> Path:
    (folder / name).write_text(json.dumps(subsets))
    for episodes in subsets.values() if screens else ():
        for one in (one for episode in episodes for one in episode):
            file = folder / "aitw_images" / f"{one['img_filename']}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            if len(file.name) <= 255:
                Picture.new("1", SIZE).save(file)
    return folder


@pytest.fixture(scope="module")
def five(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five subsets; the first has two episodes."""
    subsets = {name: [all_kinds(f"{name}-1")] for name in SUBSETS}
    subsets["general"].append([row("general-2", 0), row("general-2", 1)])
    return write(tmp_path_factory.mktemp("aitw"), subsets)


def score(suite: Any, change: Callable[[RecordedStep], AnyAction | None]) -> Any:
    found = []
    for sample in suite.samples():
        action = change(sample.data)
        value = {"action": action.model_dump(mode="json")} if action else {}
        answer = Prediction(status="answered" if action else "unreadable", value=value)
        found.append(Judged(sample, answer, suite.judge(sample, answer)))
    return suite.summarise(found)


def test_the_recorded_actions_are_right(five: Path) -> None:
    suite = open_suite("aitw", five)
    found = [
        Judged(s, a := suite.answer(s, oracle), suite.judge(s, a))
        for s in suite.samples()
        if (oracle := suite.oracle(s))
    ]
    summary = suite.summarise(found)
    assert (summary.correct, summary.total, summary.accuracy, summary.headline) == (62, 62, 1.0, "macro")
    assert summary.averages["episode_success"].total == 6
    assert suite.protocol["complete"] is True
    assert tuple(found[0].sample.data.boxes[0]) == pytest.approx((200, 200, 500, 300))
    assert found[0].sample.data.truth == CanonicalAction("click", Point(500, 500))
    assert found[11].sample.data.truth.end == Point(500, 1500)


def test_the_figure_is_the_mean_of_the_subsets(five: Path) -> None:
    """Right on `general` alone: 14 of 62 steps, one subset of five."""
    suite = open_suite("aitw", five)

    def only_general(recorded: RecordedStep) -> AnyAction | None:
        return action_of(recorded.truth) if recorded.groups["subset"] == ("general",) else None

    found = score(suite, only_general)
    assert found.accuracy == found.macro == pytest.approx(1 / 5)
    assert found.micro == pytest.approx(14 / 62)
    assert found.kinds == {"correct": 14, "wrong_format": 48}
    assert found.tables["subset"]["general"].correct == 14


def test_a_wrong_axis_and_a_wrong_place(five: Path) -> None:
    suite = open_suite("aitw", five)
    sideways = score(suite, lambda r: Scroll(dx=5))
    assert sideways.kinds["correct"] == 2 * 5  # left and right
    assert sideways.kinds["wrong_axis"] == 3 * 5  # up, down and the drag
    assert sideways.kinds["wrong_gesture"] == 5 + 2
    near = score(suite, lambda r: Click(point=Point(500, 500 + 0.13 * 2000)))
    far = score(suite, lambda r: Click(point=Point(500, 500 + 0.15 * 2000)))
    assert (near.kinds["correct"], far.kinds.get("correct")) == (7, None)
    assert (near.averages["grounding"].total, far.averages["grounding"].correct) == (7, 0)


def test_other_splits_and_the_file_itself(five: Path, tmp_path: Path) -> None:
    write(tmp_path, {"general": [[row("a", 0)]]}, name="aitw_data_val.json")
    suite = open_suite("aitw", tmp_path, SuiteOptions(mode="val"))
    assert suite.protocol["complete"] is False
    assert "without single, webshopping, install, googleapps" in " ".join(suite.summarise([]).notes)
    assert len(open_suite("aitw", five / "aitw_data_test.json").samples()) == 62
    with pytest.raises(SuiteError, match="unknown --mode 'dev': use test, val, train"):
        open_suite("aitw", five, SuiteOptions(mode="dev"))
    with pytest.raises(SuiteError, match="unknown --rule 'strict': use aitw"):
        open_suite("aitw", five, SuiteOptions(rule="strict"))


def test_a_screen_whose_name_is_too_long_is_left_out_and_counted(tmp_path: Path) -> None:
    rows = [row("a", 0), row("a", 1, img_filename="general/" + "n" * 300), row("a", 2)]
    suite = open_suite("aitw", write(tmp_path, {"general": [rows]}))
    assert [s.id for s in suite.samples()] == ["a/0", "a/2"]
    assert any("1 step left out" in note for note in suite.summarise([]).notes)


@pytest.mark.parametrize(
    ("subsets", "screens", "said"),
    [
        ({"general": [[row("a", 0)]]}, False, r"1 of 1 screens are missing, the first is .*a_0\.png.*unzip"),
        ({"general": [[row("a", 0)], [row("a", 0)]]}, True, "has episode general-a more than once"),
        ({"general": [[row("a", 0, 2)]]}, True, "general episode a, step 0: action type 2 is unknown"),
        ({"general": [[row("a", 0, words="scroll away")]]}, True, "field 'scroll away' is missing"),
        ({"general": [[row("a", 0, annot_position=[1, 2, 3])]]}, True, "annot_position is not fours of numbers"),
        ({"general": [[{"goal": "x", "img_filename": "y"}]]}, True, "is not in SeeClick's form"),
        ({"general": []}, True, "has no steps"),
        ([], False, "is not a map from subsets to episodes"),
    ],
)
def test_bad_data_are_one_clear_line(subsets: Any, screens: bool, said: str, tmp_path: Path) -> None:
    with pytest.raises(SuiteError, match=said) as error:
        open_suite("aitw", write(tmp_path, subsets, screens))
    assert "\n" not in str(error.value)


def test_one_episode_name_in_two_subsets(tmp_path: Path) -> None:
    subsets = {"general": [[row("a", 0)]], "single": [[row("a", 0)], [row("b", 0)]]}
    suite = open_suite("aitw", write(tmp_path, subsets))
    assert [s.id for s in suite.samples()] == ["general-a/0", "single-a/0", "b/0"]


def test_a_folder_without_the_file(tmp_path: Path) -> None:
    with pytest.raises(SuiteError, match=r"aitw_data_test\.json is missing"):
        open_suite("aitw", tmp_path)
