"""The icon recogniser on drawings made here, on things that are no icons, and the words people use for icons."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from importlib import resources

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from actions.frame import Box
from agent.perception.icon_concepts import concepts, concepts_for, names_of, phrases, words_of
from agent.perception.icon_patches import INPUT, normalise
from agent.perception.icons import IconNamer
from tests.properties import examples
from tools.build_icons import IGNORE, OTHER, label_of

OWNER = {icon: i for i, row in enumerate(concepts().values()) for icon in row["icons"]}
Picture = NDArray[np.uint8]
Draw = Callable[["Pen"], None]
SCALE = 8  # drawings are made this much larger, then reduced, as a screen's anti-aliasing would


class Pen:
    """Draws on a square of `size` pixels in units of a 24 x 24 grid, anti-aliased."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.canvas = np.zeros((size * SCALE, size * SCALE), np.uint8)

    def px(self, *at: float) -> list[int]:
        return [round(v * self.size * SCALE / 24) for v in at]

    def line(self, *at: float, width: float = 2) -> None:
        points = np.array(self.px(*at), np.int32).reshape(-1, 1, 2)
        cv2.polylines(self.canvas, [points], False, 255, max(1, self.px(width)[0]))

    def shape(self, *at: float) -> None:
        cv2.fillPoly(self.canvas, [np.array(self.px(*at), np.int32).reshape(-1, 1, 2)], 255)

    def disc(self, x: float, y: float, radius: float, width: float = -1) -> None:
        thick = -1 if width < 0 else max(1, self.px(width)[0])
        cv2.circle(self.canvas, tuple(self.px(x, y)), self.px(radius)[0], 255, thick)

    def ink(self) -> NDArray[np.float64]:
        small = cv2.resize(self.canvas, (self.size, self.size), interpolation=cv2.INTER_AREA)
        return np.asarray(small / 255.0)[:, :, None]


def heart(pen: Pen) -> None:
    t = np.linspace(0, 2 * np.pi, 80)
    x = 12 + 9 * np.sin(t) ** 3
    y = 11 - (13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)) * 9 / 16
    pen.shape(*np.stack([x, y], 1).ravel())


def star(pen: Pen) -> None:
    angle = np.arange(10) * np.pi / 5 - np.pi / 2
    radius = np.where(np.arange(10) % 2, 4.2, 10)
    pen.shape(*np.stack([12 + radius * np.cos(angle), 12.5 + radius * np.sin(angle)], 1).ravel())


def glass(pen: Pen) -> None:
    pen.disc(10, 10, 6.5, 2)
    pen.line(15, 15, 21, 21)


def person(pen: Pen) -> None:
    pen.disc(12, 8, 4)
    pen.shape(4, 20, 4, 18, 6, 15.5, 9, 14.2, 12, 14, 15, 14.2, 18, 15.5, 20, 18, 20, 20)


def dots(*at: tuple[float, float]) -> Draw:
    def draw(pen: Pen) -> None:
        for x, y in at:
            pen.disc(x, y, 2)

    return draw


def strokes(*paths: tuple[float, ...]) -> Draw:
    def draw(pen: Pen) -> None:
        for path in paths:
            pen.line(*path)

    return draw


HOUSE = (12, 3, 22, 12, 19, 12, 19, 20, 14, 20, 14, 14, 10, 14, 10, 20, 5, 20, 5, 12, 2, 12)
DRAWINGS: dict[str, tuple[Draw, str]] = {
    "cross": (strokes((5, 5, 19, 19), (19, 5, 5, 19)), "close"),
    "plus": (strokes((12, 4, 12, 20), (4, 12, 20, 12)), "plus"),
    "minus": (strokes((4, 12, 20, 12)), "minus"),
    "equals": (strokes((4, 8.5, 20, 8.5), (4, 15.5, 20, 15.5)), "equals"),
    "hamburger": (strokes((3, 6, 21, 6), (3, 12, 21, 12), (3, 18, 21, 18)), "menu"),
    "three dots": (dots((12, 5), (12, 12), (12, 19)), "more options"),
    "three dots across": (dots((5, 12), (12, 12), (19, 12)), "more options"),
    "arrow left": (strokes((20, 12, 5, 12), (12, 5, 5, 12, 12, 19)), "back"),
    "chevron right": (strokes((9, 5, 16, 12, 9, 19)), "next"),
    "chevron down": (strokes((5, 9, 12, 16, 19, 9)), "expand"),
    "check": (strokes((4, 12, 9.5, 17.5, 20, 7)), "check mark"),
    "glass": (glass, "search"),
    "heart": (heart, "heart"),
    "star": (star, "star"),
    "person": (person, "user"),
    "play": (lambda pen: pen.shape(7, 4, 20, 12, 7, 20), "play"),
    "house": (lambda pen: pen.shape(*HOUSE), "home"),
}
COLOURS = {
    "dark on light": ((250, 250, 250), (40, 40, 40)),
    "light on dark": ((25, 28, 40), (235, 235, 235)),
    "blue on white": ((255, 255, 255), (30, 110, 230)),
    "white on orange": ((240, 120, 20), (255, 255, 255)),
    "grey on grey": ((225, 225, 225), (140, 140, 140)),
}


def paint(name: str, size: int, colours: str, pad: int = 8) -> tuple[Picture, Box]:
    """A screen that shows one drawing, and the box around it."""
    pen = Pen(size)
    DRAWINGS[name][0](pen)
    back, front = (np.array(c, np.float32) for c in COLOURS[colours])
    screen = np.empty((size + 2 * pad, size + 2 * pad, 3), np.float32)
    screen[:] = back
    screen[pad:-pad, pad:-pad] += pen.ink() * (front - back)
    return screen.round().astype(np.uint8), Box(pad, pad, pad + size, pad + size)


@pytest.fixture(scope="module")
def namer() -> IconNamer:
    return IconNamer()


@pytest.mark.parametrize("colours", COLOURS)
@pytest.mark.parametrize("name", DRAWINGS)
def test_drawings_are_named_at_every_size(namer: IconNamer, name: str, colours: str) -> None:
    for size in (18, 24, 36, 64, 110):
        image, box = paint(name, size, colours)
        assert DRAWINGS[name][1] in namer.name_icons(image, [box])[0], size


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_touch_target_far_larger_than_its_drawing_is_read_alike(namer: IconNamer, name: str) -> None:
    image, box = paint(name, 30, "dark on light", pad=40)
    wide = Box(box.x1 - 30, box.y1 - 30, box.x2 + 30, box.y2 + 30)
    assert DRAWINGS[name][1] in namer.name_icons(image, [wide])[0]


@pytest.mark.parametrize("name", ["cross", "plus", "check", "glass", "arrow left", "heart"])
@pytest.mark.parametrize(("fill", "front"), [((20, 150, 90), (255, 255, 255)), ((0, 150, 136), (8, 60, 55))])
def test_a_drawing_in_a_round_button_is_named(
    namer: IconNamer, name: str, fill: tuple[int, int, int], front: tuple[int, int, int]
) -> None:
    """White on green, and a dark drawing on teal, both equally far from the white page."""
    pen = Pen(28)
    DRAWINGS[name][0](pen)
    image = np.full((80, 80, 3), 250, np.uint8)
    cv2.circle(image, (40, 40), 28, fill, -1, cv2.LINE_AA)
    part = image[26:54, 26:54].astype(np.float32)
    image[26:54, 26:54] = (part + pen.ink() * (np.array(front) - part)).astype(np.uint8)
    assert DRAWINGS[name][1] in namer.name_icons(image, [Box(12, 12, 68, 68)])[0]


@pytest.mark.parametrize("name", ["cross", "glass", "heart", "three dots"])
def test_lines_that_come_in_from_beyond_the_box_are_left_out(namer: IconNamer, name: str) -> None:
    image, _ = paint(name, 40, "dark on light", pad=30)
    image[8:10] = 90
    image[:, 95:] = (60, 90, 200)
    assert DRAWINGS[name][1] in namer.name_icons(image, [Box(4, 10, 96, 96)])[0]


def row_of_icons(names: list[str]) -> tuple[Picture, list[Box]]:
    parts = [paint(name, 26, "light on dark", 12) for name in names]
    boxes = [Box(b.x1 + 50 * i, b.y1, b.x2 + 50 * i, b.y2) for i, (_, b) in enumerate(parts)]
    return np.hstack([p for p, _ in parts]), boxes


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("open the navigation drawer", "hamburger"),
        ("clear what I typed in the search box", "cross"),
        ("go back to the previous screen", "arrow left"),
        ("the magnifying glass", "glass"),
        ("three dots in the top bar", "three dots"),
        ("add to favourites", "heart"),
        ("my account", "person"),
        ("start playing", "play"),
        ("house icon next to the star", "house"),
        ("confirm", "check"),
        ("add another item", "plus"),
        ("搜索", "glass"),
        ("返回上一页", "arrow left"),
        ("更多", "three dots"),
    ],
)
def test_match_finds_the_region_that_is_meant(namer: IconNamer, said: str, meant: str) -> None:
    names = ["hamburger", "cross", "arrow left", "glass", "three dots", "heart", "person", "play", "house", "check"]
    names.append("plus")
    image, boxes = row_of_icons(names)
    scores = namer.match(image, boxes, said.split())
    assert names[int(np.argmax(scores))] == meant
    assert max(scores) > 0.4
    assert all(0 <= s <= 1 for s in scores)


def test_match_takes_one_description_whole_or_in_words(namer: IconNamer) -> None:
    image, boxes = row_of_icons(["cross", "glass"])
    assert namer.match(image, boxes, ["magnifying glass"]) == namer.match(image, boxes, ["magnifying", "glass"])


def test_unknown_words_match_nothing(namer: IconNamer) -> None:
    image, boxes = row_of_icons(["cross", "glass"])
    assert namer.match(image, boxes, ["qwxzv"]) == [0.0, 0.0]
    assert namer.match(image, boxes, []) == [0.0, 0.0]


def not_icons() -> dict[str, Picture]:
    random = np.random.default_rng(3)
    photo = cv2.resize(random.integers(0, 255, (6, 6, 3), np.uint8), (60, 60), interpolation=cv2.INTER_CUBIC)
    words = np.full((30, 120, 3), 255, np.uint8)
    cv2.putText(words, "Downloads", (4, 21), cv2.FONT_HERSHEY_SIMPLEX, 0.7, (30, 30, 30), 1, cv2.LINE_AA)
    return {
        "noise": random.integers(0, 255, (48, 48, 3), np.uint8),
        "photo": photo,
        "words": words,
        "flat": np.full((40, 40, 3), 200, np.uint8),
        "almost flat": random.integers(198, 203, (40, 40, 3)).astype(np.uint8),
    }


@pytest.mark.parametrize("kind", sorted(not_icons()))
def test_what_is_no_icon_is_not_named(namer: IconNamer, kind: str) -> None:
    image = not_icons()[kind]
    assert namer.name_icons(image, [Box(0, 0, image.shape[1], image.shape[0])]) == [()]


def test_boxes_off_the_image_or_without_area_are_not_named(namer: IconNamer) -> None:
    image, _ = paint("cross", 24, "dark on light")
    boxes = [Box(500, 500, 540, 540), Box(-90, -90, -50, -50), Box(0, 500, 900, 540), Box(9, 9, 9, 9)]
    assert namer.name_icons(image, boxes)[:3] == [(), (), ()]
    assert namer.name_icons(image, []) == []
    assert namer.match(image, boxes, ["close"])[:3] == [0.0, 0.0, 0.0]


@pytest.mark.parametrize("size", [(1080, 2280), (4, 900), (900, 4), (5, 5), (1, 300)])
def test_regions_of_any_size_are_read(namer: IconNamer, size: tuple[int, int]) -> None:
    image = np.random.default_rng(1).integers(0, 255, (*size, 3), np.uint8)
    assert namer.name_icons(image, [Box(0, 0, size[1], size[0])]) == [()]


def test_regions_are_read_alike_alone_and_together(namer: IconNamer) -> None:
    image, boxes = row_of_icons(list(DRAWINGS) * 3)
    together = namer.probabilities(image, boxes)
    fresh = IconNamer()
    for box, expected in zip(boxes[:5], together[:5], strict=True):
        alone = fresh.probabilities(image, [box])[0]
        assert next(iter(alone)) == next(iter(expected))
        assert all(abs(expected.get(k, 0) - p) < 0.02 for k, p in alone.items())


@given(st.integers(18, 90), st.integers(-3, 3), st.sampled_from(sorted(DRAWINGS)), st.sampled_from(sorted(COLOURS)))
@examples(60)
def test_the_networks_input_is_the_drawing_alone(size: int, shift: int, name: str, colours: str) -> None:
    """Wherever the box lies around a drawing and whatever its colours, the input hardly changes."""
    image, _ = paint(name, size, colours, pad=12)
    plain, _ = paint(name, size, "dark on light", pad=12)
    moved = normalise(image[4 + shift : image.shape[0] - 4 + shift, 4 - shift : image.shape[1] - 4 - shift])
    still = normalise(plain[4:-4, 4:-4])
    assert moved is not None
    assert still is not None
    assert moved.shape == (INPUT, INPUT)
    assert float(np.abs(moved - still).mean()) < 0.05


# ---------------------------------------------------------------- words


@pytest.mark.parametrize(
    ("text", "concept"),
    [
        ("open the navigation drawer", "menu"),
        ("clear what I typed", "close"),
        ("three dots", "more-vertical"),
        ("the magnifying glass in the top bar", "search"),
        ("go back", "arrow-left"),
        ("my account", "user"),
        ("crossed-out eye at the end of the line", "eye-off"),
        ("cast to my TV", "cast"),
        ("pencil to the right of the color bar", "pencil"),
        ("the plus next to Tags", "plus"),
        ("house icon below the heart", "home"),
        ("switch the site to dark mode", "moon"),
        ("the three yellow lines", "menu"),
        ("设置", "settings"),
        ("关闭弹窗", "close"),
    ],
)
def test_the_first_meaning_of_peoples_words(text: str, concept: str) -> None:
    meanings = concepts_for(text)
    assert meanings[concept] == max(meanings.values())


def test_words_that_say_where_count_less_than_words_that_say_what() -> None:
    meanings = concepts_for("share button below the star")
    assert meanings["share"] > 2 * meanings["star"]


@given(st.text(max_size=60))
def test_any_text_gives_weights_in_order(text: str) -> None:
    weights = list(concepts_for(text).values())
    assert all(0 < w <= 1 for w in weights)
    assert weights == sorted(weights, reverse=True)


@pytest.mark.parametrize("name", sorted(concepts()))
def test_each_concept_is_found_by_each_of_its_own_words(name: str) -> None:
    row = concepts()[name]
    for word in (name, *row["words"], *row["zh"]):
        assert concepts_for(word).get(name, 0) >= 0.5, word
    assert names_of(name)[0] == name.replace("-", " ")


def test_the_table_gives_each_icon_name_to_one_concept() -> None:
    names = [icon for row in concepts().values() for icon in row["icons"]]
    assert len(names) == len(set(names))
    for row in concepts().values():
        assert set(row) == {"icons", "words", "also", "zh"}
        assert row["icons"]
        assert row["words"]
    assert len(concepts()) > 300


def test_common_concepts_have_chinese_words() -> None:
    assert sum(bool(row["zh"]) for row in concepts().values()) > 200
    assert all(word for words in phrases() for word in words)


@given(st.lists(st.sampled_from(["tabs", "settings", "glass", "news", "bus", "dots"]), max_size=4))
def test_plural_and_singular_are_one_word(words: list[str]) -> None:
    assert len(words_of(" ".join(words))) == len(words)
    assert words_of("tabs dots") == words_of("tab dot")


@pytest.mark.parametrize(
    ("icon_set", "name", "concept"),
    [
        ("mdi", "close-circle-outline", "close"),
        ("ph", "caret-left-bold", "chevron-left"),
        ("ic", "baseline-arrow-drop-down", "caret-down"),
        ("fluent", "arrow-left-24-filled", "arrow-left"),
        ("tabler", "format-bold", "bold"),
        ("solar", "magnifer-linear", "search"),
    ],
)
def test_the_sets_names_lead_to_concepts(icon_set: str, name: str, concept: str) -> None:
    names = list(concepts())
    assert names[label_of(icon_set, name, OWNER)] == concept


def test_names_that_are_no_concept_or_only_hold_one_are_told_apart() -> None:
    assert label_of("mdi", "zzyzx", OWNER) == OTHER
    assert label_of("mdi", "calendar-zzyzx", OWNER) == IGNORE
    assert label_of("ic", "baseline-filter-7", OWNER) == IGNORE


# ---------------------------------------------------------------- the shipped files


def test_the_index_is_whole_and_small() -> None:
    folder = resources.files("agent.perception")
    labels = json.loads(folder.joinpath("icon_index.json").read_text("utf-8"))
    model = folder.joinpath("icon_index.onnx").read_bytes()
    table = folder.joinpath("icon_index.concepts.json").read_bytes()
    assert labels["model"] == hashlib.sha256(model).hexdigest()
    assert set(labels["concepts"]) == set(concepts())
    assert len(labels["tags"]) == len(set(labels["tags"]))
    assert len(model) + len(table) + len(json.dumps(labels)) < 6_000_000


def test_every_icon_set_used_is_named_with_its_licence() -> None:
    folder = resources.files("agent.perception")
    page = folder.joinpath("ICONS.md").read_text("utf-8")
    for prefix, origin in json.loads(folder.joinpath("icon_index.json").read_text("utf-8"))["sets"].items():
        assert f"`@iconify-json/{prefix}` {origin['version']} | {origin['licence']}" in page
        assert origin["licence"] in {"MIT", "ISC", "Apache-2.0", "CC-BY-4.0", "CC0-1.0", "Unlicense"}
