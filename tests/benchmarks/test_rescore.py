"""Stored responses judged again: small files worked by hand, and the real ones where they are."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from agent.core.model import ModelError
from benchmarks.cli import app
from benchmarks.figures.statistics import wilson
from benchmarks.rescore import RescoreRequest, Scored, rescore
from benchmarks.suite import Prediction, SuiteError
from benchmarks.suites.grounding.two_pass import CLOSER
from tests.benchmarks.official import BUILDERS, CORNERS, write_rows

SIZE = [1000, 500]
"""So that a thousandth is one pixel across and half a pixel down."""


def said(x: float, y: float) -> str:
    thought = "<grounding_think>\nThought: it is at [1,1].\n</grounding_think>\n"
    return f'{thought}<answer>\n{{"coordinate":[{x},{y}]}}\n</answer>'


def annotation(number: int, **fields: Any) -> dict[str, Any]:
    row = {
        "id": f"screenspot_web_v2_{number}",
        "img_filename": "web_1.png",
        "img_size": SIZE,
        "instruction": "click it",
        "bbox": [100, 50, 300, 80],
        "data_type": "icon",
        "benchmark": "ScreenSpot-v2",
        "box_type": "bbox",
    }
    return row | fields


def response(number: int, raw: Any, mode: str | None = "local", **fields: Any) -> dict[str, Any]:
    row = {"benchmark": "ScreenSpot-v2", "id": f"screenspot_web_v2_{number}", "mode": mode, "raw_response": raw}
    return {key: value for key, value in (row | fields).items() if value is not None}


def files(folder: Path, annotations: list[dict[str, Any]], responses: list[dict[str, Any]]) -> RescoreRequest:
    write_rows(folder / "screenspot_v2.annotations.jsonl", annotations)
    write_rows(folder / "screenspot_v2.mai_ui.jsonl", responses)
    return RescoreRequest("screenspot-v2", folder)


def one(request: RescoreRequest) -> Scored:
    (scored,) = rescore(request)
    return scored


# Worked by hand -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        (said(200, 120), "correct"),  # (200, 60) px
        (said(100, 100), "correct"),  # the upper left corner
        (said(300, 160), "correct"),  # the lower right one
        (said(301, 160), "wrong"),
        (said(300, 161), "wrong"),
        (said(1, 1), "wrong"),
        ("it is somewhere at the top", "wrong_format"),
        ("", "wrong_format"),
        (said(2000, 120), "wrong_format"),
        (said(-1, -1), "refused"),
    ],
)
def test_response_is_read_and_judged(raw: str, kind: str, tmp_path: Path) -> None:
    scored = one(files(tmp_path, [annotation(0)], [response(0, raw)]))
    assert scored.summary.kinds == {kind: 1}
    assert (scored.mode, scored.dialect) == ("local", "mai-ui")


def test_both_runs_in_a_file(tmp_path: Path) -> None:
    rows = [response(0, said(200, 120)), response(1, said(0, 0)), response(0, said(0, 0), "server")]
    rows.append(response(1, said(0, 0), "server"))
    request = files(tmp_path, [annotation(0), annotation(1)], rows)
    assert [(s.mode, s.summary.correct, s.summary.total) for s in rescore(request)] == [
        ("local", 1, 2),
        ("server", 0, 2),
    ]
    assert one(RescoreRequest("screenspot-v2", tmp_path, mode="server")).summary.correct == 0
    with pytest.raises(SuiteError, match=r"no mode 'remote': local, server"):
        rescore(RescoreRequest("screenspot-v2", tmp_path, mode="remote"))


def test_mistaken_verdicts_are_named(tmp_path: Path) -> None:
    rows = [
        response(0, said(200, 120), correctness="wrong", pred=[200, 60]),
        response(1, said(0, 0), correctness="correct", pred=[0, 0]),
        response(2, said(200, 120), correctness="correct", pred=[40, 60]),
    ]
    scored = one(files(tmp_path, [annotation(n) for n in range(3)], rows))
    assert [(m.id[-1], m.stored, m.right) for m in scored.mistakes] == [
        ("0", "wrong", "correct"),
        ("1", "correct", "wrong"),
    ]
    assert "100.0 px outside the target" in scored.mistakes[1].why
    assert any("1 stored points are not the ones" in note for note in scored.summary.notes)


def test_polygons_and_refusals_of_osworld_g(tmp_path: Path) -> None:
    flat = [n for corner in CORNERS for n in corner]
    shapes = [
        {"box_type": "polygon", "polygon": flat, "bbox": [10, 10, 50, 60]},
        {"box_type": "polygon", "polygon": [list(corner) for corner in CORNERS], "bbox": [10, 10, 50, 60]},
        {"box_type": "refusal", "bbox": [0, 0, 0, 0]},
        {"box_type": "bbox", "bbox": [50, 60, 10, 10]},  # swapped corners
    ]
    rows = [annotation(n, benchmark="OSWorld-G", id=f"x-{n}", **shape) for n, shape in enumerate(shapes)]
    raws = [said(15, 100), said(40, 100), said(0, 0), said(40, 100)]  # (15, 50), (40, 50), (0, 0), (40, 50) px
    predictions = [{"id": f"x-{n}", "raw_response": raw, "mode": "a"} for n, raw in enumerate(raws)]
    write_rows(tmp_path / "osworld_g.annotations.jsonl", rows)
    write_rows(tmp_path / "osworld_g.mai_ui.jsonl", predictions)
    scored = one(RescoreRequest("osworld-g", tmp_path))
    assert [j.verdict.correct for j in scored.judged] == [True, False, False, True]
    assert (scored.summary.refusals, scored.summary.total) == (1, 4)


def test_mmbench_in_fractions_and_in_pixels(tmp_path: Path) -> None:
    boxes = [[0.1, 0.1, 0.3, 0.16], [100, 50, 300, 80]]
    extra = {"group": "basic", "platform": "os_web", "ui_type": "text", "benchmark": "MMBench-GUI-L2"}
    write_rows(tmp_path / "mm.jsonl", [annotation(n, id=n, bbox=box, **extra) for n, box in enumerate(boxes)])
    write_rows(tmp_path / "out.mai-ui.jsonl", [{"id": n, "raw_response": said(300, 160)} for n in (0, 1)])
    scored = one(RescoreRequest("mmbench-gui", tmp_path / "out.mai-ui.jsonl", tmp_path / "mm.jsonl"))
    assert (scored.summary.correct, scored.mode) == (2, None)
    assert scored.summary.tables["level and platform"]["basic web"].total == 2


def test_fractions_where_pixels_are_meant_are_refused(tmp_path: Path) -> None:
    request = files(tmp_path, [annotation(0, bbox=[0.1, 0.1, 0.3, 0.16])], [response(0, said(1, 1))])
    with pytest.raises(SuiteError, match=r"annotations.jsonl:1: the box .* is in parts of a side; pixels are expected"):
        rescore(request)


def test_other_dialects_and_models(tmp_path: Path) -> None:
    raw = "<points>"
    request = files(tmp_path, [annotation(0)], [response(0, "(200, 120)", model="osunlp/UGround-V1-2B")])
    assert one(request).dialect == "uground"
    assert one(request).summary.correct == 1
    assert one(RescoreRequest("screenspot-v2", tmp_path, dialect="showui")).summary.kinds == {"wrong_format": 1}
    with pytest.raises(ModelError, match="unknown dialect"):
        rescore(RescoreRequest("screenspot-v2", tmp_path, dialect="klingon"))
    files(tmp_path, [annotation(0)], [response(0, raw, model="something else")])
    (tmp_path / "screenspot_v2.mai_ui.jsonl").rename(tmp_path / "screenspot_v2.out.jsonl")
    with pytest.raises(SuiteError, match="no dialect is known for the model 'something else'"):
        rescore(RescoreRequest("screenspot-v2", tmp_path))
    write_rows(tmp_path / "screenspot_v2.out.jsonl", [response(0, said(200, 120))])
    assert any("read as mai-ui" in note for note in one(RescoreRequest("screenspot-v2", tmp_path)).summary.notes)


def test_own_answers_are_judged_as_they_stand(tmp_path: Path) -> None:
    request = files(tmp_path, [annotation(0), annotation(1)], [])
    answers = [Prediction(status="answered", value={"point": [200, 60], "box": None}), Prediction(status="refused")]
    rows = [{"id": f"screenspot_web_v2_{n}", "answer": a.model_dump(mode="json")} for n, a in enumerate(answers)]
    write_rows(tmp_path / "run" / "answers.jsonl", rows)
    scored = one(RescoreRequest("screenspot-v2", tmp_path / "run", tmp_path))
    assert scored.summary.kinds == {"correct": 1, "refused": 1}
    assert (scored.dialect, request.mode) == (None, None)


def test_answers_to_an_official_folder_without_sizes(tmp_path: Path) -> None:
    """ScreenSpot's files do not say how large an image is: it is measured."""
    BUILDERS["screenspot-v2"](tmp_path)
    names = [f"screenspot_{mode}_v2_{n}" for mode in ("mobile", "desktop", "web") for n in (0, 1)]
    write_rows(tmp_path / "out.jsonl", [{"id": name, "raw_response": said(200, 200)} for name in names])
    scored = one(RescoreRequest("screenspot-v2", tmp_path / "out.jsonl", tmp_path))
    assert (scored.summary.correct, scored.summary.total) == (3, 6)  # (40, 20) of 200 x 100 px


def test_one_folder_or_a_file_beside_its_annotations_is_enough(tmp_path: Path) -> None:
    files(tmp_path, [annotation(0)], [response(0, said(200, 120))])
    file = tmp_path / "screenspot_v2.mai_ui.jsonl"
    for request in (RescoreRequest("screenspot-v2", data=tmp_path), RescoreRequest("screenspot-v2", file)):
        assert one(request).summary.correct == 1
    with pytest.raises(SuiteError, match="give the stored responses"):
        rescore(RescoreRequest("screenspot-v2"))
    (tmp_path / "screenspot_v2.annotations.jsonl").unlink()
    with pytest.raises(SuiteError, match="has no annotations of screenspot-v2"):
        rescore(RescoreRequest("screenspot-v2", file))


def test_a_closer_look_is_not_read_again(tmp_path: Path) -> None:
    """Its second answer counts other pixels: the point that was kept is the answer."""
    raw = f"{said(0, 0)}{CLOSER}{said(0, 0)}"
    answer = Prediction(status="answered", value={"point": [200, 60], "box": None}, raw=raw)
    files(tmp_path, [annotation(0)], [response(0, None, answer=answer.model_dump(mode="json"))])
    assert one(RescoreRequest("screenspot-v2", tmp_path, dialect="mai-ui")).summary.correct == 1
    plain = answer.model_copy(update={"raw": said(0, 0)})
    files(tmp_path, [annotation(0)], [response(0, None, answer=plain.model_dump(mode="json"))])
    assert one(RescoreRequest("screenspot-v2", tmp_path, dialect="mai-ui")).summary.correct == 0


def test_broken_files_are_one_line(tmp_path: Path) -> None:
    two = [annotation(0), annotation(1)]
    cases: list[tuple[list[dict[str, Any]], str]] = [
        ([response(0, said(1, 1))], r"no response for 1 of 2 samples \(first: screenspot_web_v2_1\); --partial"),
        ([response(0, said(1, 1))] * 2, r":2: a second response for 'screenspot_web_v2_0' in mode local"),
        ([response(n, said(1, 1)) for n in range(3)], r":3: a response for 'screenspot_web_v2_2', which is not in"),
        ([response(0, 7), response(1, "")], r":1: raw_response is not a text: 7"),
        ([response(0, "", benchmark="OSWorld-G")], "no responses for screenspot-v2, only for OSWorld-G"),
        ([{"raw_response": "x"}], ":1: no id"),
        ([response(5, "")], "a response for 'screenspot_web_v2_5'"),
    ]
    for rows, message in cases:
        with pytest.raises(SuiteError, match=message) as caught:
            rescore(files(tmp_path, two, rows))
        assert "\n" not in str(caught.value)
    partial = one(RescoreRequest("screenspot-v2", files(tmp_path, two, cases[0][0]).predictions, partial=True))
    assert partial.summary.total == 1
    assert any("1 of 2 samples" in note for note in partial.summary.notes)
    for missing in (
        RescoreRequest("screenspot-v2", tmp_path / "no"),
        RescoreRequest("screenspot-pro", tmp_path),
        RescoreRequest("x", tmp_path),
    ):
        with pytest.raises(SuiteError):
            rescore(missing)


def test_command_prints_one_object(tmp_path: Path) -> None:
    rows = [response(0, said(200, 120)), response(1, said(0, 0)), response(0, "", "server"), response(1, "", "server")]
    files(tmp_path, [annotation(0), annotation(1)], rows)
    base = ["rescore", "screenspot-v2", "--predictions", str(tmp_path)]
    done = CliRunner().invoke(app, [*base, "--mode", "local", "--json"])
    (line,) = done.stdout.splitlines()
    found = json.loads(line)
    assert (found["suite"], found["mode"], found["correct"], found["total"]) == ("screenspot-v2", "local", 1, 2)
    assert (found["accuracy"], found["micro"], found["macro"], found["refusals"]) == (0.5, 0.5, 0.5, 0)
    assert found["ci95"] == list(wilson(1, 2) or ())
    both = json.loads(CliRunner().invoke(app, [*base, "--json"]).stdout)
    assert [run["mode"] for run in both["runs"]] == ["local", "server"]
    people = CliRunner().invoke(app, base).stdout
    assert "screenspot-v2 local: 1/2 right" in people
    assert "screenspot-v2 server: 0/2 right" in people


# The real ones ------------------------------------------------------------------------------------------------------

DATA = Path(os.environ.get("HANDEYE_DATA", Path(__file__).parents[2].parent / "shared" / "data")) / "predictions"
real = pytest.mark.skipif(not DATA.is_dir(), reason="no stored predictions: set HANDEYE_DATA to their parent folder")


@real
@pytest.mark.parametrize(
    ("suite", "mode", "correct", "total", "refusals", "mistaken"),
    [
        ("screenspot-v2", "local", 1210, 1272, 0, 0),
        ("screenspot-v2", "server", 1207, 1272, 0, 0),
        ("osworld-g", "local", 356, 564, 54, 14),
        ("osworld-g", "server", 359, 564, 54, 13),
    ],
)
def test_real_runs(suite: str, mode: str, correct: int, total: int, refusals: int, mistaken: int) -> None:
    scored = one(RescoreRequest(suite, DATA, mode=mode))
    summary = scored.summary
    assert (summary.correct, summary.total, summary.refusals) == (correct, total, refusals)
    assert summary.ci95 == wilson(correct, total)
    assert len(scored.mistakes) == mistaken
    kinds = {j.sample.groups["box_type"][0] for j in scored.judged if "box_type" in j.sample.groups}
    wrongly = {j.sample.groups["box_type"][0] for j in scored.judged if j.sample.id in {m.id for m in scored.mistakes}}
    assert wrongly <= {"polygon"}
    assert kinds in (set(), {"bbox", "polygon", "refusal"})


@real
def test_real_cells_are_the_six_of_the_paper() -> None:
    summary = one(RescoreRequest("screenspot-v2", DATA, mode="local")).summary
    cells = summary.tables["platform and type"]
    assert {label: cell.total for label, cell in cells.items()} == {
        "mobile text": 290,
        "mobile icon": 211,
        "desktop text": 194,
        "desktop icon": 140,
        "web text": 234,
        "web icon": 203,
    }
    assert summary.macro == pytest.approx(sum(c.accuracy or 0 for c in cells.values()) / 6)


@real
def test_real_figures_agree_with_those_published_for_the_same_responses() -> None:
    for mode, name in (("local", "run locally"), ("server", "served by vLLM")):
        scored = one(RescoreRequest("screenspot-v2", DATA, mode=mode))
        (theirs,) = (ref for ref in scored.references if name in ref.model)
        assert round(100 * (scored.summary.micro or 0), 1) == theirs.value
