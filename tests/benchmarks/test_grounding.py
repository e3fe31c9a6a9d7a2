"""The grounding suites on tiny folders in their official layouts, whole and broken."""

from __future__ import annotations

import hashlib
import pickle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.frame import Box, Frame, Point
from agent.core.model import Grounding, ModelError, ParseError
from benchmarks.figures.scoring import Nothing, Polygon, Region, Target
from benchmarks.suite import Judged, Prediction, Suite, SuiteError, SuiteOptions
from benchmarks.suites import open_suite
from benchmarks.suites.grounding.pictures import read_image
from benchmarks.suites.grounding.two_pass import part_of
from envs.env import Observation
from tests.benchmarks.official import ANNOTATIONS, BUILDERS, CORNERS, HEIGHT, WIDTH, change, write_image

EVERY = pytest.mark.parametrize("name", BUILDERS)


class Says:
    """A model with one answer, that keeps what it was shown."""

    name, dialect, prompt_hash = "says", None, None

    def __init__(self, *answers: Grounding | Exception) -> None:
        self.answers = list(answers)
        self.shown: list[Observation] = []

    def locate(self, observation: Observation, instruction: str) -> Grounding:
        self.shown.append(observation)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def decide(self, *_: Any) -> Any:
        raise NotImplementedError

    def extract(self, *_: Any) -> Any:
        raise NotImplementedError


def run(suite: Suite, model: Any = None) -> list[Judged]:
    judged = []
    for sample in suite.samples():
        answer = suite.answer(sample, model or suite.oracle(sample))
        judged.append(Judged(sample, answer, suite.judge(sample, answer)))
    return judged


def point_at(x: float, y: float) -> Says:
    return Says(Grounding(point=Point(x, y), score=1.0))


# Whole folders ------------------------------------------------------------------------------------------------------


@EVERY
def test_official_layout_is_read(name: str, tmp_path: Path) -> None:
    expected = BUILDERS[name](tmp_path)
    suite = open_suite(name, tmp_path)
    samples = suite.samples()
    found = [sample.data.target for sample in samples]
    assert sorted(map(_shape, found)) == sorted(map(_shape, expected))
    assert len({sample.id for sample in samples}) == len(samples)
    assert pickle.loads(pickle.dumps(samples)) == list(samples) or tuple(samples)
    assert [s.id for s in open_suite(name, tmp_path).samples()] == [s.id for s in samples]


def _shape(target: Target) -> str:
    numbers = {Region: lambda t: t.box, Polygon: lambda t: t.corners, Nothing: lambda t: ()}[type(target)](target)
    return f"{type(target).__name__} {[round(float(n), 6) for part in numbers for n in _flat(part)]}"


def _flat(part: Any) -> list[float]:
    return list(part) if isinstance(part, tuple) else [part]


@EVERY
@pytest.mark.parametrize("zoom", [False, True])
def test_oracle_is_always_right(name: str, zoom: bool, tmp_path: Path) -> None:
    BUILDERS[name](tmp_path)
    suite = open_suite(name, tmp_path, SuiteOptions(zoom=zoom))
    judged = run(suite)
    assert [j.verdict.kind for j in judged] == ["correct"] * len(judged)
    summary = suite.summarise(judged)
    assert summary.accuracy == summary.micro == 1.0
    assert any("zoom" in note for note in summary.notes) is zoom
    assert (suite.protocol["zoom"] is not None) is zoom


@EVERY
def test_points_on_the_edge_and_beside_it(name: str, tmp_path: Path) -> None:
    """Every suite's first target is [20, 60] x [10, 40] in pixels of the image, however its files write it."""
    BUILDERS[name](tmp_path)
    suite = open_suite(name, tmp_path)
    sample = next(s for s in suite.samples() if isinstance(s.data.target, Region))
    for x, y, right in ((20, 10, True), (60, 40, True), (60, 10, True), (60.01, 40, False), (40, 9.99, False)):
        answer = suite.answer(sample, point_at(x, y))
        assert suite.judge(sample, answer).correct is right, (x, y)


@EVERY
def test_answers_survive_json_and_are_judged_without_the_image(name: str, tmp_path: Path) -> None:
    BUILDERS[name](tmp_path)
    suite = open_suite(name, tmp_path)
    for one in run(suite):
        again = Prediction.model_validate_json(one.answer.model_dump_json())
        assert suite.judge(one.sample, again) == one.verdict


def test_groups_and_averages_of_screenspot(tmp_path: Path) -> None:
    BUILDERS["screenspot-v2"](tmp_path)
    summary = open_suite("screenspot-v2", tmp_path).summarise(
        run(open_suite("screenspot-v2", tmp_path), point_at(30, 20))
    )
    assert (summary.micro, summary.macro, summary.macro_over) == (0.5, 0.5, "platform and type")
    assert {label: cell.correct for label, cell in summary.tables["platform and type"].items()} == {
        "mobile text": 1,
        "mobile icon": 0,
        "desktop text": 1,
        "desktop icon": 0,
        "web text": 1,
        "web icon": 0,
    }
    assert set(summary.tables["source"]) == {"ios", "windows", "gitlab"}


def test_screenspot_pro_in_both_languages(tmp_path: Path) -> None:
    BUILDERS["screenspot-pro"](tmp_path)
    asked = {
        language: {
            s.instruction for s in open_suite("screenspot-pro", tmp_path, SuiteOptions(language=language)).samples()
        }
        for language in (None, "en", "cn")
    }
    assert asked == {None: {"make it bold"}, "en": {"make it bold"}, "cn": {"加粗"}}
    suite = open_suite("screenspot-pro", tmp_path)
    assert set(suite.summarise(run(suite)).tables) == {"group", "group and type", "ui_type", "application", "platform"}
    change(tmp_path / ANNOTATIONS["screenspot-pro"], 0, instruction_cn=None)
    with pytest.raises(SuiteError, match=r"word_macos.json record 0: no instruction_cn"):
        open_suite("screenspot-pro", tmp_path, SuiteOptions(language="cn"))


def test_osworld_g_capabilities_refusals_and_rules(tmp_path: Path) -> None:
    BUILDERS["osworld-g"](tmp_path)
    suite = open_suite("osworld-g", tmp_path)
    summary = suite.summarise(run(suite, Says(Grounding(refused=True))))
    assert (summary.correct, summary.total, summary.refusals) == (1, 3, 1)
    assert summary.kinds == {"correct": 1, "refused": 2}
    cells = {label: (cell.correct, cell.total) for label, cell in summary.tables["capability"].items()}
    assert cells == {
        "text matching": (0, 1),
        "element recognition": (0, 1),
        "fine-grained manipulation": (0, 1),
        "refusal": (1, 1),
    }
    assert summary.macro == pytest.approx(0.25)
    without = open_suite("osworld-g", tmp_path, SuiteOptions(rule="without-refusals"))
    assert [s.id for s in without.samples()] == ["A-0", "A-1"]
    assert any("refusals are left out" in note for note in without.summarise(run(without)).notes)


def test_osworld_g_polygon_and_refined_form(tmp_path: Path) -> None:
    BUILDERS["osworld-g"](tmp_path)
    suite = open_suite("osworld-g", tmp_path, SuiteOptions(mode="refined"))
    assert suite.protocol["mode"] == "refined"
    assert {s.instruction for s in suite.samples()} == {"click the icon"}
    polygon = suite.samples()[1]
    box = Box.around(list(CORNERS))
    assert box.holds(Point(40, 50))
    assert not suite.judge(polygon, suite.answer(polygon, point_at(40, 50))).correct
    assert suite.judge(polygon, suite.answer(polygon, point_at(15, 50))).correct


@pytest.mark.parametrize(
    ("name", "mode", "count"),
    [
        ("screenspot", "desktop", 2),
        ("screenspot-v2", "web", 2),
        ("mmbench-gui", "basic", 2),
        ("mmbench-gui", "advanced", 1),
        ("ui-vision", "spatial", 1),
        ("osworld-g", "original", 3),
    ],
)
def test_modes(name: str, mode: str, count: int, tmp_path: Path) -> None:
    BUILDERS[name](tmp_path)
    suite = open_suite(name, tmp_path, SuiteOptions(mode=mode))
    assert len(suite.samples()) == count
    assert suite.protocol["mode"] == mode


def test_mmbench_macro_is_the_mean_of_the_two_levels(tmp_path: Path) -> None:
    """As `level2_calculate_scores`: the mean of basic and advanced accuracy."""
    BUILDERS["mmbench-gui"](tmp_path)
    change(tmp_path / ANNOTATIONS["mmbench-gui"], 1, bbox=[0.9, 0.9, 1.0, 1.0])
    suite = open_suite("mmbench-gui", tmp_path)
    summary = suite.summarise(run(suite, point_at(30, 20)))
    assert summary.micro == pytest.approx(2 / 3)
    assert summary.macro == pytest.approx((1 + 0) / 2)
    assert set(summary.tables["platform"]) == {"web", "mac"}


def test_mmbench_takes_pixels_too_as_its_own_scorer_does(tmp_path: Path) -> None:
    BUILDERS["mmbench-gui"](tmp_path)
    change(tmp_path / ANNOTATIONS["mmbench-gui"], 0, bbox=[20, 10, 60, 40])
    targets = [sample.data.target for sample in open_suite("mmbench-gui", tmp_path).samples()]
    assert {_shape(target) for target in targets} == {_shape(Region(Box(20, 10, 60, 40)))}


def test_one_file_is_enough(tmp_path: Path) -> None:
    BUILDERS["jsonl"](tmp_path)
    (tmp_path / "samples.jsonl").rename(tmp_path / "mine.jsonl")
    suite = open_suite("jsonl", tmp_path / "mine.jsonl")
    assert [s.id for s in suite.samples()] == ["mine_0", "mine_1"]
    assert suite.summarise(run(suite)).accuracy == 1.0


# What is wrong or odd -----------------------------------------------------------------------------------------------


@EVERY
def test_missing_image_is_one_line(name: str, tmp_path: Path) -> None:
    BUILDERS[name](tmp_path)
    for image in list(tmp_path.rglob("*.png")):
        image.rename(image.with_suffix(".lost"))
    _fails(name, tmp_path, r"the image \S+\.png is not in .*images? missing")


@EVERY
def test_missing_annotations_are_one_line(name: str, tmp_path: Path) -> None:
    BUILDERS[name](tmp_path)
    for file in list(tmp_path.rglob("*.json*")):
        file.unlink()
    _fails(name, tmp_path, "has no .*json.*downloaded to")


@EVERY
def test_unreadable_image_is_one_line(name: str, tmp_path: Path) -> None:
    BUILDERS[name](tmp_path)
    for image in tmp_path.rglob("*.png"):
        image.write_bytes(b"\x89PNG\r\n\x1a\n")
    _fails(name, tmp_path, r"\.png cannot be read as an image")


BROKEN: list[tuple[str, dict[str, Any], str]] = [
    ("screenspot", {"bbox": [300, 10, 20, 20]}, "record 0.*outside the image of 200x100"),
    ("screenspot", {"bbox": [120, 10, 120, 30]}, "record 0.*outside the image of 200x100"),
    ("screenspot", {"bbox": [0.1, 0.1, 0.2, 0.2]}, "record 0.*parts of a side"),
    ("screenspot", {"bbox": [20, 10, -4, 30]}, "record 0: a box of width -4"),
    ("screenspot-v2", {"bbox": [20, 10, 40]}, "record 0: a box has 4 numbers, not 3"),
    ("screenspot-v2", {"instruction": None}, "record 0: no instruction"),
    ("screenspot-pro", {"img_size": [400, 100]}, r"shot.png is 200x100, but the annotation says 400x100"),
    ("screenspot-pro", {"bbox": "20,10,60,40"}, "record 0: bbox is not a list of numbers"),
    ("osworld-g", {"box_type": "circle"}, "record 0: box_type is bbox, polygon or refusal, not 'circle'"),
    ("osworld-g", {"box_type": None}, "record 0: no box_type"),
    ("osworld-g", {"box_type": "polygon", "box_coordinates": [1, 2, 3, 4, 5]}, "record 0: a polygon needs"),
    ("mmbench-gui", {"bbox": [1.2, 0.1, 1.4, 300]}, "record 0.*outside"),
    ("ui-vision", {"bbox": [20, float("nan"), 60, 40]}, "record 0: bbox is not a list of numbers"),
    ("jsonl", {"image": None}, r"samples.jsonl:1: no img_filename or image_path or image"),
    ("jsonl", {"bbox": None}, r"samples.jsonl:1: no bbox"),
]


@pytest.mark.parametrize(("name", "fields", "message"), BROKEN)
def test_broken_record_is_named(name: str, fields: dict[str, Any], message: str, tmp_path: Path) -> None:
    BUILDERS[name](tmp_path)
    change(tmp_path / ANNOTATIONS[name], 0, **fields)
    _fails(name, tmp_path, message)


def test_repeated_id_and_broken_json_are_named(tmp_path: Path) -> None:
    BUILDERS["osworld-g"](tmp_path)
    change(tmp_path / ANNOTATIONS["osworld-g"], 1, id="A-0")
    _fails("osworld-g", tmp_path, "record 1: the id 'A-0' is also that of .*record 0")
    BUILDERS["jsonl"](tmp_path / "own")
    with (tmp_path / "own" / "samples.jsonl").open("a") as file:
        file.write('{"image": "images/a.png", \n')
    _fails("jsonl", tmp_path / "own", r"samples.jsonl:3: not JSON")


def _fails(name: str, folder: Path, message: str) -> None:
    with pytest.raises(SuiteError, match=message) as caught:
        open_suite(name, folder)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "fields", "note"),
    [
        ("ui-vision", {"bbox": [60.0, 40.0, 20.0, 10.0]}, "swapped corners"),
        ("ui-vision", {"bbox": [20.0, 10.0, 205.0, 40.0]}, "reach over the edge"),
        ("screenspot-pro", {"bbox": [20, 10, 20, 40]}, "targets without area: 1 (first: "),
        ("jsonl", {"instruction": ""}, "empty instruction"),
    ],
)
def test_odd_records_are_kept_and_noted(name: str, fields: dict[str, Any], note: str, tmp_path: Path) -> None:
    BUILDERS[name](tmp_path)
    change(tmp_path / ANNOTATIONS[name], 0, **fields)
    suite = open_suite(name, tmp_path)
    summary = suite.summarise(run(suite))
    assert summary.accuracy == 1.0
    assert any(note in line for line in summary.notes)
    assert not any(str(tmp_path) in line for line in summary.notes), "the same wherever the data lie"


@EVERY
def test_other_count_than_the_official_is_noted(name: str, tmp_path: Path) -> None:
    BUILDERS[name](tmp_path)
    suite = open_suite(name, tmp_path)
    notes = " ".join(suite.summarise(run(suite)).notes)
    assert ("not comparable with figures on the whole set" in notes) is (name != "jsonl")
    assert suite.protocol["complete"] is False


def test_hashes(tmp_path: Path) -> None:
    BUILDERS["mmbench-gui"](tmp_path / "mm")
    suite = open_suite("mmbench-gui", tmp_path / "mm")
    assert any("md5 differs" in note for note in suite.summarise(run(suite)).notes)
    BUILDERS["jsonl"](tmp_path)
    before = open_suite("jsonl", tmp_path).protocol["data_hash"]
    digest = hashlib.sha256((tmp_path / "images" / "a.png").read_bytes()).hexdigest()
    (tmp_path / "SHA256SUMS").write_text(f"{digest}  images/a.png\n")
    assert open_suite("jsonl", tmp_path).protocol["data_hash"] == before
    write_image(tmp_path / "images" / "a.png", WIDTH, HEIGHT + 1)
    _fails("jsonl", tmp_path, r"images/a.png has not the hash that .*SHA256SUMS gives")
    (tmp_path / "SHA256SUMS").unlink()
    change(tmp_path / "samples.jsonl", 0, instruction="other")
    assert open_suite("jsonl", tmp_path).protocol["data_hash"] != before


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (SuiteOptions(mode="high"), "no mode 'high': use mobile, desktop, web"),
        (SuiteOptions(language="cn"), "no language 'cn'"),
        (SuiteOptions(rule="strict"), "no rule 'strict'"),
        (SuiteOptions(seeds=3), "screenspot has no --seeds: leave it out"),
        (SuiteOptions(official_timer=True), "has no --official-timer: leave it out"),
        (SuiteOptions(tasks=("a",)), "has no --tasks: leave it out"),
    ],
)
def test_foreign_options_are_refused(options: SuiteOptions, message: str, tmp_path: Path) -> None:
    BUILDERS["screenspot"](tmp_path)
    with pytest.raises(SuiteError, match=message):
        open_suite("screenspot", tmp_path, options)


# Answers ------------------------------------------------------------------------------------------------------------


def test_unreadable_and_refused_answers(tmp_path: Path) -> None:
    BUILDERS["jsonl"](tmp_path)
    suite = open_suite("jsonl", tmp_path)
    sample = suite.samples()[0]
    unreadable = suite.answer(sample, Says(ParseError("no place in it", "well, hm")))
    assert (unreadable.status, unreadable.raw) == ("unreadable", "well, hm")
    assert suite.judge(sample, unreadable).kind == "wrong_format"
    refused = suite.answer(sample, Says(Grounding(refused=True, reason="not there", raw="none")))
    assert (refused.status, suite.judge(sample, refused).kind) == ("refused", "refused")
    with pytest.raises(ModelError, match="server away"):
        suite.answer(sample, Says(ModelError("server away")))


def test_model_sees_the_pixels_of_the_file(tmp_path: Path) -> None:
    from PIL import Image

    BUILDERS["jsonl"](tmp_path)
    suite = open_suite("jsonl", tmp_path)
    model = point_at(1, 1)
    suite.answer(suite.samples()[0], model)
    with Image.open(tmp_path / "images" / "a.png") as image:
        assert (model.shown[0].image == image.convert("RGB")).all()
    assert (model.shown[0].frame.width, model.shown[0].frame.height) == (WIDTH, HEIGHT)


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGBA", "1", "CMYK"])
def test_every_kind_of_picture_is_rgb(mode: str, tmp_path: Path) -> None:
    from PIL import Image

    path = tmp_path / f"{mode}.{'jpg' if mode == 'CMYK' else 'png'}"
    Image.new("RGB", (40, 30), (255, 255, 255)).convert(mode).save(path)
    image = read_image(path)
    assert (image.shape, image.dtype) == ((30, 40, 3), "uint8")
    assert image.min() > 250


# Two looks ----------------------------------------------------------------------------------------------------------


def test_zoom_shows_the_surroundings_and_maps_the_point_back(tmp_path: Path) -> None:
    BUILDERS["jsonl"](tmp_path)
    suite = open_suite("jsonl", tmp_path, SuiteOptions(zoom=True))
    first = Grounding(point=Point(100, 50), score=1)
    second = Grounding(point=Point(40, 30), box=Box(20, 10, 60, 50), score=1, raw="b")
    model = Says(first, second)
    answer = suite.answer(suite.samples()[0], model)
    closer = model.shown[1].frame
    assert (closer.origin, closer.scale, closer.width, closer.height) == ((50, 25), 2, 200, 100)
    assert answer.value == {"point": [70, 40], "box": [60, 30, 80, 50]}
    assert answer.usage.requests == 2
    assert "closer look" in answer.notes


@pytest.mark.parametrize("second", [Grounding(refused=True), ParseError("?", "?")])
def test_first_answer_holds_where_the_closer_look_gives_none(second: Any, tmp_path: Path) -> None:
    BUILDERS["jsonl"](tmp_path)
    suite = open_suite("jsonl", tmp_path, SuiteOptions(zoom=True))
    answer = suite.answer(suite.samples()[0], Says(Grounding(point=Point(100, 50), score=1), second))
    assert (answer.status, answer.value["point"]) == ("answered", [100, 50])
    assert any("the first holds" in note for note in answer.notes)


@given(st.integers(2, 500), st.integers(2, 500), st.floats(0, 1), st.floats(0, 1))
def test_closer_look_keeps_the_point_in_view_and_maps_exactly(width: int, height: int, x: float, y: float) -> None:
    import numpy as np

    frame = Frame(id="f", width=width, height=height)
    around = frame.clamp(Point(x * width, y * height))
    closer = part_of(np.zeros((height, width, 3), dtype=np.uint8), frame, around)
    there = Point(*closer.frame.from_input(*around))
    assert -1e-9 <= there.x <= closer.frame.width
    assert -1e-9 <= there.y <= closer.frame.height
    assert closer.frame.to_exact_input(there) == pytest.approx(around)
    corners = [closer.frame.to_exact_input(Point(a, b)) for a, b in ((0, 0), (closer.frame.width, closer.frame.height))]
    assert Box(0, 0, width, height).grown(1).holds(corners[0])
    assert Box(0, 0, width, height).holds(corners[1])


def test_zoomed_pixels_are_those_of_the_part(tmp_path: Path) -> None:
    """A part of one colour stays that colour, where it should be."""
    import numpy as np

    image = np.zeros((100, 200, 3), dtype=np.uint8)
    image[40:60, 90:110] = (10, 200, 30)
    closer = part_of(image, Frame(id="f", width=200, height=100), Point(100, 50))
    spot = closer.frame.from_input(100, 50)
    assert closer.image[int(spot[1]), int(spot[0])].tolist() == [10, 200, 30]
    assert closer.image[10, 10].tolist() == [0, 0, 0]
