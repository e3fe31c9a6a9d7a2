from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from actions.frame import Box
from agent.perception.elements import Element, PerceivedScreen
from agent.perception.meaning.locate import locate
from benchmarks import locate as bench
from tests.agent.builtin.pages import render

PAIR = PerceivedScreen(
    400, 300, (Element(Box(10, 10, 90, 40), "button", "Delete"), Element(Box(10, 110, 90, 140), "button", "Delete"))
)


def test_a_clear_target_has_a_point_a_box_and_a_score() -> None:
    found = locate(PAIR, "the second Delete")
    assert found.point == (50, 125)
    assert found.box == Box(10, 110, 90, 140)
    assert found.score >= 0.5
    assert not found.refused


def test_what_is_not_there_is_refused_and_the_nearest_named() -> None:
    found = locate(PAIR, "the Deliver button")
    assert found.refused
    assert found.point is None
    assert "Delete" in found.reason


@pytest.mark.parametrize("screen", [PAIR, PerceivedScreen(10, 10)])
def test_nonsense_is_refused(screen: PerceivedScreen) -> None:
    found = locate(screen, "the Frobnicate button")
    assert found.refused
    assert "Frobnicate" in found.reason


def test_two_alike_are_refused_with_a_way_out() -> None:
    found = locate(PAIR, "Delete")
    assert found.refused
    assert "say which" in found.reason


def test_a_rendered_toolbar(tmp_path: Path) -> None:
    from agent.perception.perceive import Perceiver

    page = "".join(f"<button style='margin:20px;font-size:18px'>{name}</button>" for name in ("Cut", "Copy", "Paste"))
    screen = Perceiver().perceive(render(page, tmp_path, 600, 300))
    places = {name: locate(screen, f"the {name} button").point for name in ("Cut", "Copy", "Paste")}
    xs = [point.x for point in places.values() if point is not None]
    assert len(xs) == 3
    assert xs == sorted(xs)
    assert locate(screen, "the button right of Copy").point == places["Paste"]


def _data(folder: Path) -> None:
    Image.fromarray(np.full((60, 80, 3), 255, np.uint8)).save(folder / "blank.png")
    row = {
        "image": "blank.png",
        "instruction": "tap OK",
        "bbox": [1, 2, 30, 40],
        "data_type": "text",
        "wording": "label",
    }
    (folder / "instructions.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")


def test_the_benchmark_counts_and_draws_a_miss(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _data(tmp_path)
    assert bench.main(["--data", str(tmp_path), "--failures", str(tmp_path / "wrong")]) == 0
    out = capsys.readouterr().out
    assert "0/1" in out
    assert "refused 100.0%" in out
    assert "wording label" in out
    assert len(list((tmp_path / "wrong").glob("*.png"))) == 1


@pytest.mark.parametrize("text", ["", "not json\n", '{"image": "a.png"}\n'])
def test_bad_data_is_one_clear_line(tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "instructions.jsonl").write_text(text, encoding="utf-8")
    assert bench.main(["--data", str(tmp_path)]) == 2
    assert capsys.readouterr().err.startswith("error: ")


@pytest.mark.slow
def test_real_screens_in_peoples_words() -> None:
    folder = Path(os.environ.get("HANDEYE_DATA", Path(__file__).parents[3].parent / "shared" / "data"))
    if not (folder / "instructions.jsonl").exists():
        pytest.skip("no real screens: set HANDEYE_DATA to the folder that has instructions.jsonl")
    samples = bench.read_samples(folder / "instructions.jsonl")[::5]
    results = bench.evaluate(samples, bench.ImageReader())
    assert sum(result.right for result in results) / len(results) > 0.55
