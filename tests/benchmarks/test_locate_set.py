"""The evaluation set of `locate` that the project draws for itself, and how absent targets are counted."""

from __future__ import annotations

import json
import random
from pathlib import Path

import numpy as np
from PIL import Image

from agent.perception.elements import PerceivedScreen
from benchmarks import locate as bench
from tools.locate_screens import PAGES, WORDINGS, DrawnPage, DrawnTarget, samples


def target(name: str, y: int, **info: str) -> DrawnTarget:
    return DrawnTarget({"n": name, "s": "", "row": "", "wordless": False, **info}, (10, y, 90, y + 20))


def test_every_request_has_its_wording_and_its_target_and_absent_ones_have_none() -> None:
    save, help_ = target("Save", 0, r="button", p="keep my changes"), target("Quit", 40, r="button", p="leave")
    more = [target("more", y, rx="dots", row=f"R{y}") for y in (80, 120)]
    pages = [
        DrawnPage("dev", "editor", "Ink", "a.png", [save, *more]),
        DrawnPage("dev", "other", "B", "b.png", [help_]),
    ]
    rows = samples(pages, random.Random(1))
    asked = {(row["wording"], row["name"]): row for row in rows}
    assert asked["paraphrase", "Save"]["instruction"].endswith("keep my changes")
    assert asked["paraphrase", "Save"]["bbox"] == (10, 0, 90, 20)
    assert {"relational", "ordinal"} <= {row["wording"] for row in rows if row["name"] == "more"}
    assert all(row["bbox"] is None and row["app"] != "nothing" for row in rows if row["wording"] == "absent")


def test_the_two_splits_share_no_program_and_no_template() -> None:
    dev, held_out = ({file.stem for file in (PAGES / split).glob("*.html")} for split in ("dev", "held_out"))
    assert dev
    assert held_out
    assert not dev & held_out
    for one, other in zip(WORDINGS["dev"], WORDINGS["held_out"], strict=True):
        assert not set(one) & set(other) - {"{p}", "{f}"}


def test_an_absent_target_is_right_where_it_is_refused(tmp_path: Path) -> None:
    Image.fromarray(np.zeros((20, 20, 3), np.uint8)).save(tmp_path / "a.png")
    line = {"image": "a.png", "instruction": "Save", "bbox": None, "data_type": "text", "app": "a"}
    (tmp_path / "set.jsonl").write_text(json.dumps(line), "utf-8")
    [sample] = bench.read_samples(tmp_path / "set.jsonl")
    [result] = bench.evaluate([sample], lambda _: PerceivedScreen(20, 20))
    assert result.right
    assert bench.on_other_screens([sample]) == []
    assert bench.calibration_error([result]) is None
