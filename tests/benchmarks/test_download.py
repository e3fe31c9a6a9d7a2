"""``handeye bench download`` from a stand-in of the hub: asked first, resumed, checked, put in place as a whole."""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from benchmarks.hub.sources import DATA_SETS
from benchmarks.suites import SUITES
from tests.benchmarks.hub_stand_in import COMMIT, LARGE, Hub
from tests.benchmarks.official import screenspot_v2
from tests.benchmarks.running import inline

REPO = "OS-Copilot/ScreenSpot-v2"
IMAGES = "screenspotv2_image.zip"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """ScreenSpot-v2 as its authors have it on the hub: annotations, and the images in an archive."""
    folder = tmp_path_factory.mktemp("official")
    screenspot_v2(folder)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for image in sorted((folder / "screenspotv2_image").iterdir()):
            archive.write(image, f"screenspotv2_image/{image.name}")
        archive.writestr("__MACOSX/screenspotv2_image/._x", "no image")
    notes = {path.name: path.read_bytes() for path in folder.glob("*.json")}
    return notes | {IMAGES: packed.getvalue(), "README.md": b"---\nlicense: apache-2.0\n---\n", ".gitattributes": b"x"}


@pytest.fixture
def hub(files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with Hub({REPO: files}) as running:
        monkeypatch.setenv("HF_ENDPOINT", running.address)
        patient = SimpleNamespace(**{**vars(time), "sleep": lambda _: None})
        monkeypatch.setattr("huggingface_hub.file_download.time", patient)
        monkeypatch.setattr("huggingface_hub.constants.DOWNLOAD_CHUNK_SIZE", 1000)  # of 10 MB: what is kept at least
        yield running


def download(to: Path, *more: str) -> tuple[int, str, str]:
    done = inline("download", "screenspot-v2", "--to", to, *more)
    return done.returncode, done.stdout, done.stderr


def test_a_suite_is_downloaded_and_run(hub: Hub, tmp_path: Path) -> None:
    status, said, told = download(tmp_path / "ss2", "--yes")
    assert status == 0, told
    assert told.index("licence   apache-2.0") < told.index("downloading")
    assert "OS-Copilot/ScreenSpot-v2" in told
    assert COMMIT in told
    names = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    annotations = {f"ss2/screenspot_{mode}_v2.json" for mode in ("mobile", "desktop", "web")}
    images = {f"ss2/screenspotv2_image/{kind}_1.png" for kind in ("mobile", "pc", "web")}
    assert names == {"ss2/.handeye-download.json"} | annotations | images
    assert f"run it:  handeye bench screenspot-v2 --data {tmp_path}/ss2" in said
    ran = inline(
        "screenspot-v2", "--data", tmp_path / "ss2", "-m", "baseline:oracle", "--out", tmp_path / "r", "--json"
    )
    found = json.loads(ran.stdout)
    assert (found["correct"], found["total"]) == (6, 6)

    again = inline("download", "screenspotv2", "--to", tmp_path / "ss2", "--json")
    assert "has it already" in again.stderr
    assert json.loads(again.stdout)["licence"] == "apache-2.0"


def test_an_interrupted_download_goes_on(hub: Hub, files: dict[str, bytes], tmp_path: Path) -> None:
    whole, first = len(files[IMAGES]), 5000
    hub.cut[IMAGES] = [first] + [0] * 50
    hub.cut_when = lambda: any(tmp_path.rglob("screenspot_web_v2.json"))  # which comes at the same time
    status, _, told = download(tmp_path / "ss2", "--yes")
    assert status == 2
    assert "the same command goes on" in told
    assert not (tmp_path / "ss2").exists()
    hub.cut.clear()
    hub.asked.clear()
    status, _, told = download(tmp_path / "ss2", "--yes")
    assert status == 0, told
    assert "of an earlier try" in told
    (rest,) = hub.ranges(f"/cdn/{REPO}/{IMAGES}")
    assert rest == f"bytes={first}-"
    assert whole > first > LARGE
    assert not hub.ranges("screenspot_web_v2.json"), "what was there and right is not fetched again"
    assert (tmp_path / "ss2/screenspotv2_image/web_1.png").is_file()


@pytest.mark.parametrize("name", [IMAGES, "screenspot_web_v2.json"])
def test_a_wrong_checksum_is_an_error_and_leaves_nothing_in_place(name: str, hub: Hub, tmp_path: Path) -> None:
    hub.corrupt.add(name)
    status, _, told = download(tmp_path / "ss2", "--yes")
    assert status == 2
    assert f"{name} of {REPO} has not the checksum" in told
    assert not (tmp_path / "ss2").exists()
    hub.corrupt.clear()
    assert download(tmp_path / "ss2", "--yes")[0] == 0


def test_nothing_is_fetched_unasked(hub: Hub, tmp_path: Path) -> None:
    hub.licence = None
    status, _, told = download(tmp_path / "ss2")
    assert status == 2
    assert "none stated" in told
    assert "--yes" in told
    assert not hub.ranges("/resolve/")
    assert not list(tmp_path.iterdir())


MISTAKES = {
    "no data set": (["miniwob"], "miniwob has no data set: it makes its own tasks"),
    "not on the hub": (["aitz"], "github.com/IMNearth/CoAT"),
    "unknown": (["screenspotty"], "unknown suite"),
    "no such repository": (["screenspot-v2", "--repo", "no/body", "--yes"], "no dataset repository no/body"),
    "a folder with something else": (["screenspot-v2", "--to", "FULL", "--yes"], "holds something else"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_one_line(name: str, hub: Hub, tmp_path: Path) -> None:
    arguments, words = MISTAKES[name]
    (tmp_path / "file").touch()
    done = inline("download", *(str(tmp_path) if one == "FULL" else one for one in arguments))
    assert done.returncode == 2
    assert words in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_terms_that_must_be_accepted_are_said(hub: Hub, tmp_path: Path) -> None:
    hub.gated = True
    assert "set HF_TOKEN" in download(tmp_path / "ss2", "--yes")[2]


def test_an_archive_does_not_leave_its_folder(hub: Hub, tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("../../out.png", "x" * 2000)
    hub.repos[REPO][IMAGES] = packed.getvalue()
    status, _, told = download(tmp_path / "ss2", "--yes")
    assert status == 2
    assert "../../out.png" in told
    assert not list(tmp_path.rglob("out.png"))


def test_every_suite_with_data_says_where_it_is() -> None:
    docs = Path(__file__).parents[2] / "docs" / "benchmarks"
    told = "".join(path.read_text() for path in docs.glob("*.md"))
    ours = {name for name, suite in SUITES.items() if suite.needs_data and suite.opener.startswith("benchmarks.")}
    assert DATA_SETS.keys() == ours - {"jsonl"}  # other tests add toy suites
    for name, one in DATA_SETS.items():
        assert one.address in told or one.address.startswith("docs/"), name
    assert len(json.loads(inline("download", "--json").stdout)["data_sets"]) == len(DATA_SETS)
