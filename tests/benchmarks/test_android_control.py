"""AndroidControl: the four public rules by hand and on the ready file, both forms of the data, and what is refused."""

from __future__ import annotations

import gzip
import importlib
import io
import json
import os
import struct
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image as Picture

from actions.frame import Box, Point
from benchmarks.suite import Judged, Prediction, SuiteError, SuiteOptions
from benchmarks.suites import open_suite
from benchmarks.suites.navigation import NavigationSuite
from benchmarks.suites.navigation.moves import CanonicalAction, Direction, action_of
from benchmarks.suites.navigation.protobuf import crc32c
from benchmarks.suites.navigation.recording import LabelledElement, RecordedStep
from benchmarks.suites.navigation.rules.android_control import RULES

DATA = Path(os.environ.get("HANDEYE_DATA", Path(__file__).parents[2].parent / "shared" / "data")) / "android_control"
NAMES = tuple(RULES)
WIDTH, HEIGHT = 1080, 2400


def step(truth: CanonicalAction, *boxes: Box, elements: tuple[LabelledElement, ...] | None = None) -> RecordedStep:
    return RecordedStep("1", 0, "goal", "", truth, (WIDTH, HEIGHT), boxes, elements)


def click(x: float, y: float) -> CanonicalAction:
    return CanonicalAction("click", Point(x, y))


def right(rule: str, recorded: RecordedStep, move: CanonicalAction) -> bool:
    return RULES[rule](recorded, move).correct


def which(recorded: RecordedStep, move: CanonicalAction) -> set[str]:
    """The rules that take `move` for right."""
    return {rule for rule in NAMES if right(rule, recorded, move)}


# --- clicks, by hand -----------------------------------------------------------------------------------------------

BOX = Box(500, 1100, 580, 1200)  # 80 x 100 around (540, 1150)


@pytest.mark.parametrize(
    ("x", "y", "rules"),
    [
        (540, 1150, {"os-atlas", "uground", "ui-s1", "clawgui"}),
        (500, 1100, {"os-atlas", "uground", "ui-s1", "clawgui"}),  # on the box's corner
        (499, 1150, {"os-atlas", "ui-s1", "clawgui"}),  # outside the box, inside 1.2 times it (492 to 588)
        (492, 1090, {"os-atlas", "ui-s1", "clawgui"}),  # the corner of 1.2 times the box
        (540 - 0.04 * 1080, 1150, {"os-atlas", "ui-s1", "clawgui"}),  # 0.04 of the width, on the dot
        (540 - 0.041 * 1080, 1150 + 61, {"os-atlas", "clawgui"}),  # 0.048, a pixel below 1.2 times the box
        (540 - 0.13 * 1080, 1150, {"os-atlas", "clawgui"}),
        (540 - 0.14 * 1080, 1150, {"os-atlas", "clawgui"}),  # 0.14 of the width, on the dot
        (540 - 0.15 * 1080, 1150, {"clawgui"}),
        (540, 1150 + 0.14 * 2400, {"os-atlas", "clawgui"}),
        (540, 1150 + 0.15 * 2400, {"clawgui"}),  # 360 pixels: within 368.45
        (540, 1150 + 368, {"clawgui"}),
        (540, 1150 + 369, set()),
        (540 - 369, 1150, set()),
        (540 - 0.1 * 1080, 1150 - 0.1 * 2400, {"clawgui"}),  # 0.1414 of the sides, 263 pixels
    ],
)
def test_where_a_click_counts(x: float, y: float, rules: set[str]) -> None:
    rules = rules | ({"os-atlas-strict"} & {f"{rule}-strict" for rule in rules})
    recorded = step(click(540, 1150), BOX)
    assert which(recorded, click(x, y)) == rules
    pressed = replace(recorded, truth=replace(recorded.truth, kind="long_press"))
    assert which(pressed, replace(click(x, y), kind="long_press")) == rules


def test_a_long_press_is_no_click() -> None:
    recorded = step(click(540, 1150), BOX)
    assert which(recorded, replace(recorded.truth, kind="long_press")) == set()
    assert all(not RULES[rule](recorded, CanonicalAction("wait")).type_match for rule in NAMES)


def test_a_container_counts_for_the_rules_that_know_boxes_only() -> None:
    """A list that fills the screen: two rules take a click anywhere on it; UGround looks at the smallest box."""
    recorded = step(click(540, 1150), BOX, Box(0, 300, 1080, 2300))
    assert which(recorded, click(100, 2200)) == {"ui-s1", "clawgui"}
    assert which(step(click(540, 1150)), click(540, 1150)) == set(NAMES)
    assert which(step(click(540, 1150)), click(541, 1150)) == {
        *("os-atlas", "os-atlas-strict", "ui-s1", "clawgui"),
    }


def test_clawgui_looks_at_five_boxes_only() -> None:
    target = click(1000, 2300)
    around = [Box(x, 100, x + 20, 120) for x in (90, 115, 140, 165, 190)]
    wide = Box(0, 0, 1080, 2400)  # its centre is further from (145, 110) than those five
    assert not right("clawgui", step(target, *around, wide), click(150, 135))
    assert right("clawgui", step(target, *around[:4], wide), click(150, 135))


def test_distances_are_shares_of_the_own_screen() -> None:
    recorded = replace(step(click(720, 1500)), size=(1440, 3120))
    assert right("os-atlas", recorded, click(720 + 0.14 * 1440, 1500))
    assert not right("os-atlas", recorded, click(720 + 0.141 * 1440, 1500))
    assert right("clawgui", recorded, click(720 + 368 / 1080 * 1440, 1500))
    assert not right("clawgui", recorded, click(720 + 369 / 1080 * 1440, 1500))


# --- texts, apps, buttons and directions ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("truth", "answer", "rules"),
    [
        ("Zoho Meeting", "Zoho Meeting", {"os-atlas", "uground", "ui-s1", "clawgui"}),
        ("Zoho Meeting", "zoho meeting", {"os-atlas", "ui-s1", "clawgui"}),
        ("Zoho Meeting", "Zoho", {"os-atlas", "ui-s1", "clawgui"}),  # F1 = 2/3
        ("Zoho Meeting", "Zoho Mail", set()),  # F1 = 1/2, not above it
        ("Chrome", "Google Chrome", {"os-atlas", "ui-s1", "clawgui"}),
        ("Google Chrome browser", "Chrome", {"ui-s1"}),  # F1 = 1/2
        ("hello world", "world hello", {"os-atlas", "clawgui"}),
        ("Birthday Song ", "Birthday Song", {"os-atlas", "ui-s1", "clawgui"}),
        ("abc", "", {"ui-s1"}),  # nothing is part of everything
        ("abc", "abd", set()),
    ],
)
@pytest.mark.parametrize("kind", ["type", "open"])
def test_which_words_count(truth: str, answer: str, rules: set[str], kind: Any) -> None:
    rules = rules | ({"os-atlas-strict"} if truth == answer else set())
    assert which(step(CanonicalAction(kind, text=truth)), CanonicalAction(kind, text=answer)) == rules


@pytest.mark.parametrize("truth", ["up", "down", "left", "right"])
@pytest.mark.parametrize("answer", ["up", "down", "left", "right", None])
def test_only_ui_s1_forgives_a_direction(truth: Direction, answer: Direction | None) -> None:
    rules = set(NAMES) if truth == answer else {"ui-s1"}
    assert which(step(CanonicalAction("scroll", direction=truth)), CanonicalAction("scroll", direction=answer)) == rules


def test_buttons_and_waits() -> None:
    back = step(CanonicalAction("button", name="back"))
    assert which(back, CanonicalAction("button", name="back")) == set(NAMES)
    assert which(back, CanonicalAction("button", name="home")) == set()
    matched = {rule for rule in NAMES if RULES[rule](back, CanonicalAction("button", name="home")).type_match}
    assert matched == {"uground", "ui-s1", "clawgui"}  # PRESS_BACK and PRESS_HOME are types of their own in OS-Atlas
    assert which(step(CanonicalAction("wait")), CanonicalAction("wait")) == set(NAMES)
    assert which(step(CanonicalAction("wait")), CanonicalAction("stop", name="success")) == set()


def test_an_app_is_opened_by_its_icon() -> None:
    icon = Box(100, 200, 300, 400)
    recorded = step(CanonicalAction("open", text="Clock"), icon)
    assert which(recorded, click(150, 250)) == {"uground", "ui-s1"}
    assert which(recorded, click(310, 300)) == {"ui-s1"}  # in 1.2 times the box
    assert which(recorded, click(600, 300)) == set()
    assert which(step(CanonicalAction("open", text="Clock")), click(150, 250)) == set()


def test_uground_reads_the_label_under_the_point() -> None:
    tree = (
        LabelledElement(Box(0, 0, 1080, 2400), "home screen with clock and back"),
        LabelledElement(Box(100, 200, 300, 400), "Clock"),
        LabelledElement(Box(0, 0, 120, 120), "Navigate up\nBack"),
    )
    clock = step(CanonicalAction("open", text="clock"), elements=tree)
    assert right("uground", clock, click(200, 300))
    assert not right("uground", replace(clock, elements=tree[1:]), click(600, 1000))
    assert right("uground", clock, click(600, 1000))  # the smallest element there is the whole screen, which says it
    assert right("uground", step(CanonicalAction("button", name="back"), elements=tree), click(50, 50))
    assert not right("uground", step(CanonicalAction("button", name="home"), elements=tree), click(50, 50))
    clicked = step(click(200, 300), elements=tree)
    assert right("uground", clicked, CanonicalAction("open", text="Clock"))
    assert not right("uground", clicked, CanonicalAction("open", text="Mail"))  # the released code takes any name here
    assert right("uground", step(click(60, 60), elements=tree), CanonicalAction("button", name="back"))
    assert right("uground", clicked, click(299, 399))
    assert not right("uground", clicked, click(301, 399))


def test_what_each_rule_counts_as_grounding() -> None:
    recorded, far = step(click(540, 1150), BOX), click(10, 2300)
    pressed = step(CanonicalAction("long_press", Point(540, 1150)), BOX)
    assert all(RULES[rule](recorded, far).scores == {"grounding": 0.0} for rule in NAMES)
    assert RULES["os-atlas"](pressed, pressed.truth).scores == {}  # clicks alone
    assert RULES["clawgui"](recorded, CanonicalAction("wait")).scores == {"grounding": 0.0}  # wrong types too
    assert RULES["os-atlas"](recorded, CanonicalAction("wait")).scores == {}


# --- the ready file ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def ready() -> Path:
    if not (DATA / "steps.jsonl").is_file():
        pytest.skip("no AndroidControl: set HANDEYE_DATA to the folder that has android_control/steps.jsonl")
    return DATA


def score(suite: NavigationSuite, change: Callable[[RecordedStep], CanonicalAction]) -> Any:
    """The figures of answers that are the truth, changed."""
    found = []
    for sample in suite.samples():
        action = action_of(change(sample.data))
        answer = Prediction(status="answered", value={"action": action.model_dump(mode="json")})
        found.append(Judged(sample, answer, suite.judge(sample, answer)))
    return suite.summarise(found)


def shifted(dx: float, dy: float = 0.0) -> Callable[[RecordedStep], CanonicalAction]:
    """Every place moved by shares of the sides, towards the middle of the screen."""

    def move(recorded: RecordedStep) -> CanonicalAction:
        point = recorded.truth.point
        if point is None:
            return recorded.truth
        width, height = recorded.size
        x = point.x + (dx if point.x < width / 2 else -dx) * width
        y = point.y + (dy if point.y < height / 2 else -dy) * height
        return replace(recorded.truth, point=Point(x, y))

    return move


@pytest.mark.parametrize(("rule", "mode"), [*((rule, "high") for rule in NAMES), ("os-atlas", "low")])
def test_the_recorded_actions_score_everything(rule: str, mode: str, ready: Path) -> None:
    suite: Any = open_suite("android-control", ready, SuiteOptions(rule=rule, mode=mode))
    found = score(suite, lambda recorded: recorded.truth)
    assert (found.correct, found.total) == (8444, 8444)
    assert found.averages["episode_success"].correct == found.averages["episode_success"].total == 1543
    assert suite.protocol["complete"] is True
    assert not any("not comparable" in note for note in found.notes)


def test_places_moved_by_less_and_by_more_than_the_radius(ready: Path) -> None:
    """5,074 clicks and 9 long presses; all else stays right."""
    suite: Any = open_suite("android-control", ready)
    assert suite.protocol["rule"] == "os-atlas"
    near, far = score(suite, shifted(0.13)), score(suite, shifted(0.15))
    assert (near.correct, far.correct) == (8444, 8444 - 5083)
    assert (near.averages["grounding"].total, far.averages["grounding"].correct) == (5074, 0)
    assert far.averages["type"].accuracy == 1.0
    assert far.tables["action"]["click"].correct == far.tables["action"]["long_press"].correct == 0
    assert far.tables["action"]["scroll"].accuracy == 1.0
    assert score(suite, shifted(0.1, 0.1)).correct == 8444 - 5083  # 0.1414


@pytest.mark.parametrize("rule", ["uground", "ui-s1", "clawgui"])
def test_moved_places_score_what_their_boxes_say(rule: str, ready: Path) -> None:
    """Counted straight from the file, in plain arithmetic, for a shift down the screen by 0.16 (384 of 2400)."""
    suite: Any = open_suite("android-control", ready, SuiteOptions(rule=rule))
    move = shifted(0, 0.16)
    expected, by_id = 0, {step.id: step for step in suite.steps.values()}
    for episode in map(json.loads, (ready / "steps.jsonl").read_text(encoding="utf-8").splitlines()):
        for n, row in enumerate(episode["steps"]):
            check = row["check_options"]
            if "coordinate" not in check:
                expected += 1
                continue
            x, y = move(by_id[f"{episode['episode_id']}/{n}"]).point or (0, 0)
            boxes = check["candidate_bbox"]
            if rule == "uground":
                boxes = sorted(boxes, key=lambda b: (b[2] - b[0]) * (b[3] - b[1]))[:1]
            grow = 0.1 if rule == "ui-s1" else 0.0
            expected += any(
                x1 - grow * (x2 - x1) <= x <= x2 + grow * (x2 - x1)
                and y1 - grow * (y2 - y1) <= y <= y2 + grow * (y2 - y1)
                for x1, y1, x2, y2 in boxes
            )
    found = score(suite, move)
    assert found.correct == expected
    assert 3361 < expected < 8444


def test_turned_scrolls_and_other_apps(ready: Path) -> None:
    suite: Any = open_suite("android-control", ready)
    turned = score(suite, lambda r: replace(r.truth, direction="up") if r.truth.direction == "down" else r.truth)
    assert turned.kinds["wrong_direction"] == 947
    other = score(suite, lambda r: replace(r.truth, text="Zyx") if r.truth.kind == "open" else r.truth)
    assert other.kinds == {"correct": 8444 - 608, "wrong_text": 608}


def test_directions_are_those_of_the_content(ready: Path) -> None:
    """The made-up paths of the 168 sideways swipes go the other way; the annotators' words settle it."""
    suite: Any = open_suite("android-control", ready)
    told = {"left": 0, "right": 0}
    for recorded in suite.steps.values():
        if recorded.truth.direction == "right":
            words = recorded.instruction.lower()
            told["left"] += "swipe left" in words
            told["right"] += "swipe right" in words
    assert told["left"] > 4 * told["right"] > 0  # a finger to the left shows what is at the right


def test_sizes_are_told_by_the_file_or_fit_every_point(ready: Path) -> None:
    suite: Any = open_suite("android-control", ready)
    sizes = {recorded.size for recorded in suite.steps.values()}
    assert sizes == {(1080, 2400), (1440, 3120)}
    assert all(r.frame.contains(r.truth.point) for r in suite.steps.values() if r.truth.point)
    assert suite.protocol["screen_sizes_inferred"] == 1092
    assert suite.protocol["screens"] is False


def test_clicks_without_a_box_are_named(ready: Path) -> None:
    suite: Any = open_suite("android-control", ready, SuiteOptions(rule="uground"))
    notes = " ".join(score(suite, lambda r: r.truth).notes)
    assert "211 steps have no element around the recorded point" in notes
    assert "8216/0" in notes


# --- bad data ------------------------------------------------------------------------------------------------------

STEP: dict[str, Any] = {
    "action_content": {"action": "wait", "time": 2},
    "check_options": {"action": "wait", "time": 2},
    "step_instruction": "wait",
    "screenshot": "1_0.png",
}
EPISODE: dict[str, Any] = {"episode_id": 1, "goal": "g", "steps": [STEP]}


def with_action(**action: Any) -> dict[str, Any]:
    return EPISODE | {"steps": [STEP | {"action_content": action, "check_options": action}]}


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["{"], "steps.jsonl, line 1 is not JSON"),
        ([json.dumps(EPISODE), "", "x"], "steps.jsonl, line 3 is not JSON"),
        ([], "has no episodes"),
        ([json.dumps(EPISODE)] * 2, "has episode 1 more than once"),
        ([json.dumps({"episode_id": 1, "goal": "g"})], "episode 1 cannot be read (field 'steps' is missing)"),
        ([json.dumps(EPISODE | {"steps": []})], "it has no steps"),
        ([json.dumps(with_action(action="hop"))], "the action 'hop' is unknown"),
        ([json.dumps(with_action(action="click"))], "field 'coordinate' is missing"),
        ([json.dumps(with_action(action="click", coordinate=[9000, 1]))], "its points fit no known screen"),
        ([json.dumps(with_action(action="swipe", direction="sideways"))], "field 'sideways' is missing"),
        (["7"], "cannot be read"),
    ],
)
def test_bad_data_are_one_clear_line(lines: Sequence[str], said: str, tmp_path: Path) -> None:
    (tmp_path / "steps.jsonl").write_text("\n".join(lines))
    with pytest.raises(SuiteError) as error:
        open_suite("android-control", tmp_path)
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_a_swipe_is_read_by_its_direction_or_else_by_its_path(tmp_path: Path) -> None:
    """The made-up path of a sideways swipe contradicts the direction, which is the official one."""
    path = {"action": "swipe", "coordinate": [270, 1200], "coordinate2": [810, 1200]}
    told = STEP | {"action_content": path, "check_options": {"action": "swipe", "direction": "right"}}
    untold = STEP | {"action_content": path, "check_options": path}
    (tmp_path / "steps.jsonl").write_text(json.dumps(EPISODE | {"steps": [told, untold]}))
    samples = open_suite("android-control", tmp_path).samples()
    assert [sample.data.truth.direction for sample in samples] == ["right", "left"]
    assert samples[0].data.size == (1080, 2400)


def test_missing_screens_are_counted_and_named(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    Picture.new("RGB", (20, 40)).save(tmp_path / "images" / "1_0.png")
    second = EPISODE | {"episode_id": 2, "steps": [STEP | {"screenshot": "2_0.png"}]}
    (tmp_path / "steps.jsonl").write_text(json.dumps(EPISODE) + "\n" + json.dumps(second))
    with pytest.raises(SuiteError, match=r"1 of 2 screens are missing, the first is .*2_0\.png"):
        open_suite("android-control", tmp_path)
    (tmp_path / "images" / "2_0.png").write_bytes(b"not a picture")
    with pytest.raises(SuiteError, match=r"2_0\.png is not a picture"):
        open_suite("android-control", tmp_path)


def test_a_folder_with_nothing_of_it(tmp_path: Path) -> None:
    with pytest.raises(SuiteError, match=r"has neither steps\.jsonl nor TFRecords"):
        open_suite("android-control", tmp_path)
    with pytest.raises(SuiteError, match="is no folder or file"):
        open_suite("android-control", tmp_path / "nowhere")


def test_the_file_itself_and_its_splits(tmp_path: Path) -> None:
    file = tmp_path / "android_control_evaluation_std.jsonl"
    file.write_text(json.dumps(EPISODE))
    (tmp_path / "test_subsplits.json").write_text(json.dumps({"IDD": [1], "app_unseen": [3], "task_unseen": [1]}))
    for data in (file, tmp_path):
        (sample,) = open_suite("android-control", data).samples()
        assert sample.groups == {"action": ("wait",), "split": ("IDD", "task_unseen")}


# --- the official TFRecords, written by protobuf itself ------------------------------------------------------------


def message_types() -> tuple[Any, Any]:
    """``tf.train.Example`` and ``AndroidAccessibilityForest``, as far as they are used, from their published fields."""
    pb = importlib.import_module("google.protobuf.descriptor_pb2")
    pool = importlib.import_module("google.protobuf.descriptor_pool").DescriptorPool()
    factory = importlib.import_module("google.protobuf.message_factory")
    file = pb.FileDescriptorProto(name="x.proto", package="x", syntax="proto3")
    kinds = {"int32": 5, "int64": 3, "string": 9, "bytes": 12, "bool": 8}

    def message(name: str, *parts: tuple[str, int, str, bool]) -> None:
        found = file.message_type.add(name=name)
        for field, number, kind, repeated in parts:
            added = found.field.add(name=field, number=number, label=3 if repeated else 1, type=kinds.get(kind, 11))
            if kind not in kinds:
                added.type_name = f".x.{kind}"

    message("BytesList", ("value", 1, "bytes", True))
    message("Int64List", ("value", 1, "int64", True))
    message("Feature", ("bytes_list", 1, "BytesList", False), ("int64_list", 3, "Int64List", False))
    message("Entry", ("key", 1, "string", False), ("value", 2, "Feature", False))
    message("Features", ("feature", 1, "Entry", True))
    message("Example", ("features", 1, "Features", False))
    message("Rect", *((side, n, "int32", False) for n, side in enumerate(("left", "top", "right", "bottom"), 1)))
    message(
        "Node",
        ("unique_id", 1, "int32", False),
        ("bounds", 2, "Rect", False),
        ("content_description", 4, "string", False),
        ("text", 7, "string", False),
        ("is_clickable", 14, "bool", False),
        ("is_scrollable", 21, "bool", False),
        ("is_visible", 23, "bool", False),
        ("child_ids", 25, "int32", True),
    )
    message("Tree", ("nodes", 1, "Node", True))
    message("Window", ("id", 3, "int32", False), ("title", 5, "string", False), ("tree", 11, "Tree", False))
    message("Forest", ("windows", 1, "Window", True))
    pool.Add(file)
    kind = factory.GetMessageClass
    return kind(pool.FindMessageTypeByName("x.Example")), kind(pool.FindMessageTypeByName("x.Forest"))


def record_of(episode: int, actions: Sequence[dict[str, Any]], nodes: Sequence[dict[str, Any]]) -> bytes:
    example_type, forest_type = message_types()
    example, forest = example_type(), forest_type()
    tree = forest.windows.add(id=3, title="w").tree
    for node in nodes:
        left, top, right, bottom = node["box"]
        added = tree.nodes.add(**{k: v for k, v in node.items() if k != "box"})
        added.bounds.left, added.bounds.top, added.bounds.right, added.bounds.bottom = left, top, right, bottom
    buffer = io.BytesIO()
    Picture.new("RGB", (WIDTH, HEIGHT), (episode, 2, 3)).save(buffer, "PNG")
    count = len(actions) + 1
    features: dict[str, list[Any]] = {
        "episode_id": [episode],
        "goal": [f"goal {episode} é".encode()],
        "screenshots": [buffer.getvalue()] * count,
        "accessibility_trees": [forest.SerializeToString()] * count,
        "screenshot_widths": [WIDTH] * count,
        "screenshot_heights": [HEIGHT] * count,
        "actions": [json.dumps(action).encode() for action in actions],
        "step_instructions": [f"instruction {n}".encode() for n in range(len(actions))],
    }
    for key, values in features.items():
        feature = example.features.feature.add(key=key).value
        (feature.bytes_list if isinstance(values[0], bytes) else feature.int64_list).value.extend(values)
    return bytes(example.SerializeToString())


def framed(record: bytes) -> bytes:
    def masked(data: bytes) -> bytes:
        check = crc32c(data)
        return struct.pack("<I", ((check >> 15 | check << 17) + 0xA282EAD8) & 0xFFFFFFFF)

    length = struct.pack("<Q", len(record))
    return length + masked(length) + record + masked(record[:9])  # the data's own checksum is not looked at


ACTIONS: list[dict[str, Any]] = [
    {"action_type": "open_app", "app_name": "Clock"},
    {"action_type": "click", "x": 200, "y": 300},
    {"action_type": "scroll", "direction": "left"},
    {"action_type": "input_text", "text": "7:30"},
    {"action_type": "navigate_back"},
    {"action_type": "navigate_home"},
    {"action_type": "wait"},
    {"action_type": "long_press", "x": 200, "y": 300},
]
NODES: list[dict[str, Any]] = [
    {"box": (0, 0, 1080, 2400), "is_visible": True, "is_scrollable": True, "child_ids": [1, 2, 3]},
    {"box": (100, 200, 300, 400), "text": "Clock", "is_visible": True, "is_clickable": True},
    {"box": (0, 100, 600, 600), "content_description": "Row", "is_visible": True, "is_clickable": True},
    {"box": (150, 250, 250, 350), "text": "hidden", "is_clickable": True},
]


@pytest.fixture(scope="module")
def official(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("google.protobuf")
    folder = tmp_path_factory.mktemp("android_control")
    for shard, episodes in enumerate(((11, 12), (13,))):
        data = b"".join(framed(record_of(n, ACTIONS, NODES)) for n in episodes)
        (folder / f"android_control-{shard:05}-of-00002").write_bytes(gzip.compress(data))
    (folder / "splits.json").write_text(json.dumps({"train": [12], "test": [11, 13]}))
    return folder


@pytest.mark.parametrize("rule", NAMES)
def test_the_official_files_are_read_and_their_truth_is_right(rule: str, official: Path) -> None:
    suite: Any = open_suite("android-control", official, SuiteOptions(rule=rule))
    assert [s.id for s in suite.samples()] == [f"{e}/{n}" for e in (11, 13) for n in range(8)]
    assert suite.samples()[0].instruction == "goal 11 é"
    assert all(suite.judge(s, suite.answer(s, suite.oracle(s))).correct for s in suite.samples())
    steps = [s.data for s in suite.samples()]
    assert steps[1].boxes == (Box(100, 200, 300, 400), Box(0, 100, 600, 600))
    assert steps[0].boxes == (Box(100, 200, 300, 400),)
    assert steps[1].elements == (
        LabelledElement(Box(100, 200, 300, 400), "Clock"),
        LabelledElement(Box(0, 100, 600, 600), "Row"),
    )
    assert [s.truth.kind for s in steps[:8]] == [
        *("open", "click", "scroll", "type", "button", "button", "wait", "long_press"),
    ]
    assert (steps[2].truth.direction, steps[5].truth.name, steps[0].size) == ("left", "home", (WIDTH, HEIGHT))
    assert "11_0.png" in str(steps[0].screen)


def test_unpacking_happens_once_and_whole(official: Path) -> None:
    open_suite("android-control", official)
    made = official / "unpacked" / "test" / "steps.jsonl"
    before = made.stat().st_mtime_ns
    open_suite("android-control", official)
    assert made.stat().st_mtime_ns == before
    assert [p.name for p in (official / "unpacked").iterdir()] == ["test"]


def test_damaged_official_files(official: Path, tmp_path: Path) -> None:
    whole = (official / "android_control-00000-of-00002").read_bytes()
    (tmp_path / "splits.json").write_text('{"test": [11]}')
    shard = tmp_path / "android_control-00000-of-00001"
    for data in (whole[:-200], b"text", gzip.compress(b"\0" * 40), gzip.compress(gzip.decompress(whole)[:5000])):
        shard.write_bytes(data)
        with pytest.raises(SuiteError, match="is damaged or not a GZIP TFRecord"):
            open_suite("android-control", tmp_path)
        assert not (tmp_path / "unpacked" / "test").exists()
    (tmp_path / "splits.json").unlink()
    with pytest.raises(SuiteError, match=r"splits\.json is missing"):
        open_suite("android-control", tmp_path)


def test_the_checksum_is_castagnolis() -> None:
    assert crc32c(b"123456789") == 0xE3069283
    assert crc32c(bytes(32)) == 0x8A9136AA  # RFC 3720, B.4
