from __future__ import annotations

import os
import threading

import numpy as np
import pytest
from PIL import Image as Picture
from PIL import ImageDraw, ImageFont

from actions.frame import Box
from agent.perception import ocr_models
from agent.perception.ocr import TextReader
from agent.perception.onnx import in_parallel
from agent.perception.text_detection import content_regions, split_row
from agent.perception.text_recognition import read_boxes
from envs.env import Image

FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"


def written(
    *texts: tuple[int, int, str], size: int = 13, width: int = 700, height: int = 260, back: str = "white"
) -> Image:
    picture = Picture.new("RGB", (width, height), back)
    pen = ImageDraw.Draw(picture)
    for x, y, text in texts:
        try:
            font: ImageFont.FreeTypeFont | ImageFont.ImageFont = ImageFont.truetype(FONT, size)
        except OSError:
            font = ImageFont.load_default(size)
        pen.text((x, y), text, fill="white" if back == "black" else "black", font=font)
    return np.asarray(picture)


@pytest.mark.parametrize(("size", "back"), [(13, "white"), (13, "black"), (22, "white"), (36, "white")])
def test_reads_interface_sizes_on_light_and_dark(size: int, back: str) -> None:
    lines = TextReader().read(written((30, 40, "Save changes"), (30, 140, "Cancel"), size=size, back=back))
    assert [line.text for line in lines] == ["Save changes", "Cancel"]


def test_the_entries_of_a_menu_bar_are_separate() -> None:
    image = written((20, 10, "File"), (62, 10, "Edit"), (106, 10, "Search"), (168, 10, "View"), (218, 10, "Help"))
    assert [line.text for line in sorted(TextReader().read(image), key=lambda line: line.box.x1)] == [
        "File",
        "Edit",
        "Search",
        "View",
        "Help",
    ]


def test_the_words_of_a_sentence_stay_together() -> None:
    lines = TextReader().read(written((20, 40, "Do you want to save the changes to this document?")))
    assert [line.text for line in lines] == ["Do you want to save the changes to this document?"]


def test_boxes_lie_on_the_ink_and_characters_in_the_boxes() -> None:
    image = written((100, 80, "Remember me"))
    (line,) = TextReader().read(image)
    rows, columns = np.nonzero(image.min(axis=2) < 128)
    ink = Box(columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
    assert line.box.overlap(ink) > 0.8 * max(ink.area, line.box.area)
    assert len(line.xs) == len(line.text)
    assert all(line.box.x1 <= x <= line.box.x2 for x in line.xs)
    assert list(line.xs) == sorted(line.xs)


def test_text_beyond_a_frame_is_another_line() -> None:
    picture = Picture.fromarray(written((20, 42, "E-mail"), (86, 42, "you@example.com")))
    ImageDraw.Draw(picture).rectangle((76, 36, 260, 64), outline=(118, 118, 118))
    texts = {line.text for line in TextReader().read(np.asarray(picture))}
    assert texts == {"E-mail", "you@example.com"}


def test_nothing_is_read_from_an_empty_image() -> None:
    assert TextReader().read(np.full((300, 400, 3), 230, np.uint8)) == []


def test_regions_hold_all_that_is_drawn_and_leave_out_the_rest() -> None:
    image = written((20, 20, "one"), (550, 220, "two"))
    regions = content_regions(image)
    assert len(regions) == 2
    assert sum(region.area for region in regions) < 0.15 * image.shape[0] * image.shape[1]


def test_single_characters_are_read_in_their_boxes() -> None:
    image = written((30, 40, "7"), (130, 40, "="), (230, 40, "+"), size=16)
    boxes = [Box(29, 40, 42, 58), Box(129, 40, 145, 58), Box(229, 40, 245, 58)]
    texts = [line.text for line in read_boxes(image, boxes)]
    assert texts[0] == "7"
    assert texts[1] in "=二三"
    assert texts[2] in "+十"


def test_a_row_on_a_busy_background_is_left_whole() -> None:
    noise = np.random.default_rng(0).integers(0, 255, (40, 200, 3), dtype=np.uint8)
    assert split_row(noise, Box(0, 0, 200, 40)) == [Box(0, 0, 200, 40)]


def test_a_missing_model_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(ocr_models.MissingModelError, match="pip install"):
        ocr_models._model_path("det")


def test_lines_are_the_same_on_one_core_and_on_several(monkeypatch: pytest.MonkeyPatch) -> None:
    image = written((20, 20, "Save"), (20, 120, "Open recent files"), (450, 120, "Print"), (20, 220, "Close"))
    read = []
    for cores in ({0}, {0, 1, 2}):
        monkeypatch.setattr(os, "sched_getaffinity", lambda _, cores=cores: cores, raising=False)
        read.append([(line.box, line.text, line.xs) for line in TextReader().read(image)])
    assert read[0] == read[1]
    assert len(read[0]) == 4


def test_work_is_done_in_order_on_as_many_threads_as_cores_may_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2}, raising=False)
    together = threading.Barrier(3, timeout=60)
    assert in_parallel(lambda part: (together.wait(), part)[1], (3, 1, 2)) == [3, 1, 2]
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {5}, raising=False)
    assert in_parallel(lambda _: threading.current_thread(), (1, 2)) == [threading.main_thread()] * 2


def test_a_large_region_is_cut_where_fewer_pixels_are_empty() -> None:
    rows = [(20, y, "one two three four five six seven eight nine") for y in range(10, 700, 36)]
    high, low = written(*rows, width=400, height=720), written(*rows[:4], width=400, height=200)
    assert len(content_regions(low)) == 1
    assert len(content_regions(high)) == len(rows)
    assert len(content_regions(high, scale=0.5)) == 1  # the detector gets a quarter of the pixels
