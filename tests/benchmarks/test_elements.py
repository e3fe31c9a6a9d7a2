"""The figures of the element list over a small data set of one screen."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from actions.frame import Box
from agent.perception.listing.rows import ElementList, Row
from benchmarks import elements
from benchmarks.elements import ListTarget, android_tree, what_it_has
from benchmarks.locate import LocateSample
from envs.env import UiElement


def target(*box: float, words: str = "") -> ListTarget:
    return ListTarget(LocateSample(Path(), f'tap "{words}"', Box(*box), "text", "", ""), Box(*box))


def row(*box: float, name: str = "", number: int = 1) -> Row:
    return Row(Box(*box), "row", name, number=number)


def has(one: ListTarget, *rows: Row, others: tuple[Box, ...] = (), tree: tuple[UiElement, ...] = ()) -> str:
    return what_it_has(one, ElementList(rows), [one.box, *others], tree)


def test_what_a_target_has_of_a_list() -> None:
    one, other = target(10, 10, 50, 30, words="Wi-Fi"), Box(60, 10, 90, 30)
    assert has(one, row(12, 12, 48, 28)) == "own"
    assert has(one, row(0, 0, 200, 40)) == "within"
    assert has(one, row(0, 0, 200, 40), others=(other,)) == "shared"
    assert has(one, row(0, 0, 70, 40), others=(Box(50, 10, 69, 30),)) == "shared"  # it would be clicked, and no other
    assert has(one, row(0, 0, 200, 40, name="Wi-Fi - Home"), others=(other,)) == "named"
    assert has(one, row(150, 10, 170, 30, name="Wi-Fi")) == "named"
    assert has(one, row(150, 110, 170, 130, name="Wi-Fi")) == "none"
    assert has(one, row(12, 12, 48, 28, number=0)) == "read"
    control = UiElement(Box(0, 0, 200, 40), "View", "", clickable=True)
    assert has(one, row(0, 0, 200, 40), others=(other,), tree=(control,)) == "within"


def test_the_tree_of_a_stored_screen_has_depths_and_only_what_shows() -> None:
    shown = {"text": "", "content_desc": "", "resource_id": "com.a:id/b", "cls": "android.widget.Button"}
    nodes = [
        shown | {"idx": at, "parent": at - 1, "bbox": [0, 0, 9, 9], "clickable": at == 2, "displayed": at != 1}
        for at in range(3)
    ]
    nodes[2]["content_desc"] = "Save"
    outer, inner = android_tree(nodes)
    assert (outer.depth, inner.depth, inner.text, inner.clickable) == (0, 2, "Save", True)
    assert (inner.role, inner.program) == ("Button", "com.a")


def test_the_command_prints_the_figures_of_every_way(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "phones"
    folder.mkdir()
    Image.new("RGB", (90, 200), "white").save(folder / "a.png")
    node = {"idx": 0, "parent": -1, "bbox": [10, 50, 80, 90], "text": "Save", "content_desc": "", "resource_id": "",
            "cls": "android.widget.Button", "clickable": True, "displayed": True}  # fmt: skip
    sample = {"image": "a.png", "instruction": 'tap "Save"', "bbox": [10, 50, 80, 90], "data_type": "text"}
    (folder / "samples.jsonl").write_text(json.dumps(sample))
    (folder / "elements.jsonl").write_text(json.dumps({"image": "a.png", "elements": [node]}))
    assert elements.main(["--data", str(tmp_path), "--missed", str(tmp_path / "missed")]) == 0
    said = capsys.readouterr().out
    assert "phones pixels  all         0/1      0.0%" in said
    assert "phones tree    text        1/1    100.0%" in said
    assert "phones both    1 screens, numbered rows 1 (90 %: 1), tokens 6 (90 %: 6)" in said
    assert json.loads((tmp_path / "missed").read_text())["way"] == "pixels"
    assert elements.main(["--data", str(folder)]) == 2
    assert "no folder with elements.jsonl" in capsys.readouterr().err
