"""Data folders as people have them: other encodings, separators and names, archives, parquet and converted copies."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from actions.frame import Box
from benchmarks.figures.scoring import Nothing, Polygon, Region
from benchmarks.suite import SuiteError, SuiteOptions
from benchmarks.suites import open_suite, suite_name
from benchmarks.suites.decoding import decoded
from benchmarks.suites.navigation.recording import read_json, read_lines
from tests.benchmarks.official import BUILDERS, CORNERS, FLAT, HEIGHT, WIDTH, own, screenspot, write_image, write_rows

BOX = Region(Box(20, 10, 60, 40))


def targets(name: str, folder: Path, **options: Any) -> list[Any]:
    return [sample.data.target for sample in open_suite(name, folder, SuiteOptions(**options)).samples()]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_annotations_saved_on_windows_are_read(encoding: str, tmp_path: Path) -> None:
    wanted = {name: builder(tmp_path / name) for name, builder in BUILDERS.items()}
    for file in [*tmp_path.rglob("*.json"), *tmp_path.rglob("*.jsonl")]:
        file.write_text(file.read_text(encoding="utf-8"), encoding=encoding)
    for name, expected in wanted.items():
        assert len(targets(name, tmp_path / name)) == len(expected)
    file = tmp_path / "steps.jsonl"
    file.write_text('{"a": "ä"}\n', encoding=encoding)
    assert read_lines(file) == [{"a": "ä"}] == [read_json(file)]


def test_bytes_that_are_no_text_are_one_line(tmp_path: Path) -> None:
    own(tmp_path)
    (tmp_path / "samples.jsonl").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SuiteError, match=r"samples\.jsonl cannot be read") as error:
        targets("jsonl", tmp_path)
    assert "\n" not in str(error.value)
    assert decoded(b"a") == "a"


def test_backslashes_in_image_names_are_separators(tmp_path: Path) -> None:
    row = {"id": "v1", "img_filename": "vs\\code\\s1.png", "bbox": [20, 10, 60, 40], "img_size": [WIDTH, HEIGHT]}
    write_rows(tmp_path / "annotations" / "vs.json", [row | {"instruction": "save"}])
    write_image(tmp_path / "images" / "vs" / "code" / "s1.png")
    assert targets("screenspot-pro", tmp_path) == [BOX]


def test_another_ending_of_the_image_is_still_refused(tmp_path: Path) -> None:
    screenspot(tmp_path)
    image = tmp_path / "screenspot_imgs" / "pc_1.png"
    image.rename(image.with_suffix(".jpg"))
    with pytest.raises(SuiteError, match=r"pc_1\.png is not in .* \(1 image missing\)$"):
        targets("screenspot", tmp_path)


@pytest.mark.parametrize("archive", ["screenspot_imgs.zip", "screenspot_imgs.tar.gz", "parts/screenspot_imgs.zip.001"])
def test_images_that_are_still_packed_are_named(archive: str, tmp_path: Path) -> None:
    screenspot(tmp_path)
    (tmp_path / archive).parent.mkdir(exist_ok=True)
    (tmp_path / archive).write_bytes(b"PK")
    (tmp_path / "screenspot_imgs").rename(tmp_path.parent / f"{tmp_path.name}-away")
    with pytest.raises(SuiteError, match=rf"\(unzip {archive} there first\)"):
        targets("screenspot", tmp_path)
    for file in tmp_path.glob("*.json"):
        file.unlink()
    with pytest.raises(SuiteError, match=rf"has no screenspot_mobile\.json.*\(unzip {archive} there first\)"):
        targets("screenspot", tmp_path)


def test_what_a_foreign_folder_has_is_said(tmp_path: Path) -> None:
    for name in ("a.csv", "b.txt"):
        (tmp_path / name).write_text("x")
    with pytest.raises(SuiteError, match=r"\(it has a\.csv, b\.txt\)"):
        targets("screenspot", tmp_path)


def showui(folder: Path) -> None:
    """ShowUI's copy: one file, [x, y, width, height], and the size of the image beside it."""
    rows = [
        {"img_url": f"{prefix}_1.png", "img_size": [WIDTH, HEIGHT], "task": "one", "bbox": [20, 10, 40, 30],
         "split": split, "data_type": "text"}
        for prefix, split in (("mobile", "mobile"), ("pc", "desktop"), ("web", "web"))
    ]  # fmt: skip
    write_rows(folder / "metadata" / "hf_test_full.json", rows)
    for row in rows:
        write_image(folder / "images" / str(row["img_url"]))


@pytest.mark.parametrize("inside", ["", "ScreenSpot"])
def test_showuis_layout_is_read(inside: str, tmp_path: Path) -> None:
    showui(tmp_path / inside)
    assert targets("screenspot", tmp_path) == [BOX] * 3
    assert targets("screenspot", tmp_path, mode="desktop") == [BOX]
    assert targets("screenspot", tmp_path / inside / "metadata" / "hf_test_full.json") == [BOX] * 3


@pytest.mark.parametrize(
    ("mode", "name"),
    [
        ("original", "OS_G_data/OSWorld-G_sspro_format.json"),
        ("refined", "OS_G_Refine_data/OSWorld-G_refined_sspro_format.json"),
    ],
)
def test_mai_uis_osworld_g_is_read(mode: str, name: str, tmp_path: Path) -> None:
    boxes: list[list[float]] = [[20, 10, 60, 40], FLAT, [0, 0, 0, 0]]
    rows = [
        {"id": f"A-{n}", "img_filename": "a.png", "img_size": [WIDTH, HEIGHT], "bbox": box, "instruction": "it",
         "ui_type": ["Icon"], "group": "os_g_refine", "application": "osworld-g", "platform": "linux"}
        for n, box in enumerate(boxes)
    ]  # fmt: skip
    write_rows(tmp_path / name, rows)
    write_image(tmp_path / "images" / "a.png")
    assert targets("osworld-g", tmp_path, mode=mode) == [BOX, Polygon(CORNERS), Nothing()]
    suite = open_suite("osworld-g", tmp_path / name, SuiteOptions())
    assert suite.protocol["mode"] == mode
    assert [dict(sample.groups)["target"] for sample in suite.samples()] == [("there",), ("there",), ("not there",)]


@pytest.fixture
def parquet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Writes rows as Hugging Face does: the image's bytes in a column."""
    arrow, writer = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    write_image(tmp_path / "shot.png")
    image = {"bytes": (tmp_path / "shot.png").read_bytes(), "path": None}

    def write(*rows: dict[str, Any]) -> Path:
        path = tmp_path / "set" / "data" / "test-00000-of-00001.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        whole = [{"instruction": "it", "data_type": "icon", **row, "image": image} for row in rows]
        writer.write_table(arrow.Table.from_pylist(whole), path)
        return tmp_path / "set"

    return write


def test_a_parquet_copy_is_read(parquet: Any) -> None:
    box = [0.1, 0.1, 0.3, 0.4]
    folder = parquet(
        {"file_name": "pc_1.png", "bbox": box, "data_source": "windows"},
        {"file_name": "x.png", "bbox": box, "data_source": "ios"},
        {"file_name": "y.png", "bbox": box, "data_source": "gitlab"},
    )
    assert targets("screenspot", folder) == [BOX] * 3
    for mode in ("mobile", "desktop", "web"):
        assert targets("screenspot", folder, mode=mode) == [BOX]
    sample = open_suite("screenspot", folder).samples()[0]
    assert sample.data.image.read_bytes().startswith(b"\x89PNG")


def test_parquet_copies_of_other_suites_are_read(parquet: Any) -> None:
    """Columns as ``lmms-lab/ScreenSpot-Pro`` and ``MMInstruction/OSWorld-G`` have them, lists as text among them."""
    row = {"img_size": f"[{WIDTH}, {HEIGHT}]", "bbox": "[20, 10, 60, 40]", "group": "Office", "ui_type": "text"}
    assert targets("screenspot-pro", parquet(row, row | {"bbox": "[0.1, 0.1, 0.3, 0.4]"})) == [BOX] * 2
    size = {"image_size": [WIDTH, HEIGHT], "GUI_types": ["Icon"]}
    boxed = {"box_type": "bbox", "box_coordinates": [20.0, 10.0, 40.0, 30.0]}
    nothing = {"box_type": "refusal", "box_coordinates": [-1.0, -1.0, -1.0, -1.0]}
    folder = parquet(size | boxed, size | nothing)
    assert targets("osworld-g", folder) == [BOX, Nothing()]
    with pytest.raises(SuiteError, match="is the original form; refined is in"):
        targets("osworld-g", folder, mode="refined")


def test_a_copy_saved_by_datasets_is_read(parquet: Any, tmp_path: Path) -> None:
    import pyarrow as arrow
    from pyarrow import ipc
    from pyarrow.parquet import read_table

    file = parquet({"file_name": "pc_1.png", "bbox": [0.1, 0.1, 0.3, 0.4]}) / "data" / "test-00000-of-00001.parquet"
    table = read_table(file)
    file.unlink()
    saved = tmp_path / "saved" / "test" / "data-00000-of-00001.arrow"
    saved.parent.mkdir(parents=True)
    with arrow.OSFile(str(saved), "wb") as sink, ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    assert targets("screenspot", tmp_path / "saved") == [BOX]


def test_a_parquet_copy_with_boxes_of_another_form_is_refused(parquet: Any) -> None:
    folder = parquet({"file_name": "pc_1.png", "bbox": [20.0, 10.0, 40.0, 30.0], "data_source": "windows"})
    with pytest.raises(SuiteError, match=r"row 0: a box in parts of a side lies within 0 to 1"):
        targets("screenspot", folder)


def test_a_broken_parquet_copy_is_one_line(parquet: Any, tmp_path: Path) -> None:
    file = parquet({"bbox": [0.1]}) / "data" / "test-00000-of-00001.parquet"
    file.write_bytes(b"PAR1 nothing")
    with pytest.raises(SuiteError, match="cannot be read as parquet") as error:
        targets("screenspot", tmp_path / "set")
    assert "\n" not in str(error.value)


def test_without_pyarrow_what_to_install_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    (tmp_path / "test-00000-of-00001.parquet").write_bytes(b"PAR1")
    with pytest.raises(SuiteError, match=r"is a parquet copy, which needs pyarrow: pip install 'handeye\[hub\]'"):
        targets("screenspot-v2", tmp_path)


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("mmbench-gui-l2", "mmbench-gui"),
        ("MMBench_GUI", "mmbench-gui"),
        ("ScreenSpot-V2", "screenspot-v2"),
        ("screenspot_pro", "screenspot-pro"),
        ("SSPro", "screenspot-pro"),
        ("OSWorld_G", "osworld-g"),
        ("UI Vision", "ui-vision"),
        ("AndroidControl", "android-control"),
        ("miniwob++", "miniwob"),
        ("somebody:Else", "somebody:Else"),
    ],
)
def test_suites_have_other_usual_names(said: str, name: str) -> None:
    assert suite_name(said) == name


def test_a_suite_opened_by_another_name_has_its_own(tmp_path: Path) -> None:
    BUILDERS["mmbench-gui"](tmp_path)
    assert open_suite("mmbench-gui-l2", tmp_path).name == "mmbench-gui"
    with pytest.raises(SuiteError, match="unknown suite 'screenspot-v9'"):
        open_suite("screenspot-v9", tmp_path)
    assert json.dumps(open_suite("MMBench", tmp_path).protocol["suite"]) == '"mmbench-gui"'
