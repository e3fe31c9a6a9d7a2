"""Long and damaged episodes: the report loads what is in sight, and says what could not be read."""

import json
import random
import resource
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest

from actions.action import Click
from actions.frame import Frame, Point
from agent.core.step import Step
from agent.core.task import Ending
from agent.episodes import EpisodeError, EpisodeHeader, EpisodeWriter
from agent.views.report import write_report
from agent.views.report.images import PageImages
from benchmarks.speed.recording import main as recording
from envs.differences import changed_places
from tests.agent.browser import INSTALLED, chromium
from tests.agent.sample_episode import write_sample
from tests.chromium_checks import check_open

STEPS = 200


@pytest.fixture(scope="module")
def browser():
    if not INSTALLED:
        pytest.skip("needs Chromium and chromedriver")
    with chromium() as one:
        one.cdp("Emulation.setDeviceMetricsOverride", width=1440, height=900, deviceScaleFactor=1, mobile=False)
        yield one


def write_long(folder: Path, steps: int = STEPS, size: tuple[int, int] = (200, 320)) -> Path:
    """Small screens on which something moves; every one is different."""
    header = EpisodeHeader(task="long", model="m", env="e", platform="desktop")
    ground = np.random.default_rng(0).integers(180, 255, (*size, 3), dtype=np.uint8)
    with EpisodeWriter.create(folder, header) as writer:
        for index in range(steps):
            image = ground.copy()
            image[20:40, index % size[1] : index % size[1] + 20] = 0
            frame = Frame(id=str(index), width=size[1], height=size[0])
            action = Click(point=Point(index % size[1], 30))
            name = writer.add_frame(image)
            writer.append(Step(index=index, time=header.started, frame=frame, image=name, action=action,
                               thought=f"thought number {index + 1}"))  # fmt: skip
        writer.finish(Ending.DONE)
    return folder


def test_only_pictures_in_sight_are_loaded_and_every_text_can_be_found(browser, tmp_path):
    browser.open(write_report(write_long(tmp_path / "e")))
    loaded = "[...document.querySelectorAll('.step')].filter(s => s.querySelector('img[src]')).length"
    assert browser.js("return document.querySelectorAll('.step').length") == STEPS
    browser.wait_for(f"{loaded} > 0")
    browser.wait_for(f"document.querySelectorAll('.body').length === {STEPS}")
    assert browser.js(f"return {loaded}") < 20
    browser.js("handeye.go(150)")
    browser.wait_for("document.querySelector('#step-151 .base').naturalWidth === 320")
    browser.wait_for(f"{loaded} < 20")
    assert not browser.js("return document.querySelector('#step-1 .base').hasAttribute('src')")
    assert "thought number 77" in browser.js("return document.getElementById('step-77').textContent")
    browser.press("/")
    browser.type("number 200")
    browser.wait_for("document.getElementById('count').textContent === '1 of 200 steps'")
    browser.wait_for("document.querySelector('#step-200 .base').naturalWidth === 320")
    check_open(browser)


def test_a_link_to_a_step_opens_there(browser, tmp_path):
    page = write_report(write_long(tmp_path / "e"))
    browser.open(f"{page.as_uri()}#step-100")
    assert browser.js("return document.activeElement.id") == "step-100"
    browser.wait_for("document.querySelector('#step-100 .base').naturalWidth === 320")


def test_of_many_steps_only_those_in_sight_are_laid_out_and_all_can_be_found(browser, tmp_path):
    browser.open(write_report(write_long(tmp_path / "e", 1100, (40, 160))))
    browser.wait_for("document.querySelector('#step-1 .base')?.naturalWidth > 0")
    laid_out = "document.querySelectorAll('.step').length"
    assert browser.js(f"return {laid_out}") < 300
    assert browser.js("return document.querySelectorAll('.timeline li').length") < 500
    browser.js("handeye.go(1050)")
    browser.wait_for("document.querySelector('#step-1051 .base').naturalWidth > 0")
    assert browser.js("return document.activeElement.id") == "step-1051"
    assert abs(browser.js("return document.getElementById('step-1051').getBoundingClientRect().top")) < 200
    assert browser.js("return document.querySelector('.timeline [aria-current]').hash") == "#step-1051"
    browser.press("j")
    assert browser.js("return document.activeElement.id") == "step-1052"
    browser.press("/")
    browser.type("number 777")
    browser.wait_for("document.getElementById('count').textContent === '1 of 1,100 steps'")
    browser.wait_for("document.querySelector('#step-777 .base')?.naturalWidth > 0")
    shown = "[...document.querySelectorAll('.step')].filter(s => s.checkVisibility()).map(s => s.id)"
    assert browser.js(f"return {shown}") == ["step-777"]
    assert browser.js(f"return {laid_out}") < 500
    check_open(browser)


@pytest.mark.parametrize("seed", range(12))
def test_flipped_and_cut_files_give_a_page_or_one_line(tmp_path, seed):
    """What can be read is shown, what cannot is named; nothing is written but the page."""
    folder, chance = write_sample(tmp_path / "e", size=(320, 200)), random.Random(seed)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    victim = chance.choice(files)
    data = bytearray(victim.read_bytes())
    if seed % 3:
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    else:
        del data[chance.randrange(len(data)) :]
    victim.write_bytes(data)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    out = tmp_path / "new" / "page.html"
    error = _error(folder, out)
    if error:
        assert "\n" not in error
        assert victim.name == "episode.json"
        assert not out.exists()
    else:
        header = json.loads(out.read_text().split('class="handeye-header">')[1].split("</script>")[0])
        assert header["problems"], victim
        if victim.suffix == ".png":
            assert any(problem.startswith("step ") for problem in header["problems"])
    after = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file() and path != out}
    assert after == before


def _error(folder: Path, out: Path) -> str:
    """What stood in the way of the report; empty if it was written."""
    try:
        write_report(folder, out)
    except EpisodeError as error:
        return str(error)
    return ""


def test_pictures_that_are_bombs_or_climb_out_are_named_and_cost_nothing(browser, tmp_path):
    folder = write_sample(tmp_path / "e", size=(320, 200))
    wall = np.zeros((1, 1), np.uint8)
    huge = b"\x89PNG\r\n\x1a\n" + b"".join(
        len(body).to_bytes(4) + kind + body + zlib.crc32(kind + body).to_bytes(4)
        for kind, body in (
            (b"IHDR", (100_000).to_bytes(4) * 2 + bytes((8, 2, 0, 0, 0))),
            (b"IDAT", zlib.compress(wall.tobytes() * 10_000_000)),
            (b"IEND", b""),
        )
    )
    (folder / "frames" / "0000.png").write_bytes(huge)
    lines = (folder / "steps.jsonl").read_text().splitlines()
    (tmp_path / "secret.png").write_bytes(b"secret")
    stray = json.loads(lines[-1]) | {"index": 9, "image": "../secret.png", "patch": None}
    del stray["crc32"]
    (folder / "steps.jsonl").write_text("\n".join([*lines, json.dumps(stray)]) + "\n")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    browser.open(write_report(folder))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak < 300_000  # kB
    text = browser.js("return document.body.innerText")
    assert "step 1: its frame 'frames/0000.png' claims 100000x100000 pixels" in text
    assert "step 10: its frame '../secret.png'" in text
    check_open(browser)


def test_a_link_in_place_of_the_page_is_replaced_not_followed(tmp_path):
    folder = write_sample(tmp_path / "e", size=(320, 200))
    victim = tmp_path / "victim"
    victim.write_text("mine")
    for name in ("report.html", "report.html.part"):
        (folder / name).symlink_to(victim)
    write_report(folder)
    assert victim.read_text() == "mine"
    assert "Handeye report" in (folder / "report.html").read_text()


def test_recording_is_measured_and_reads_back(tmp_path, capsys):
    recording(["--steps", "40", "--think", "0", "--sample", "20", "--out", str(tmp_path / "e"), "--json"])
    found = json.loads(capsys.readouterr().out)
    assert found["ours"]["processor_ms"] < found["peers"]["agent-s"]["processor_ms"] / 3
    assert found["ours"]["folder_mb"] < found["peers"]["agent-s"]["folder_mb"] / 4


def test_a_piece_over_a_screen_ends_where_nothing_changed():
    """Its outermost pixels are mixed with those below where a browser makes it smaller."""
    before = np.full((400, 400, 3), 250, np.uint8)
    before[100:200, 100:300] = 0
    after, pictures = np.full_like(before, 250), PageImages()
    pictures.add(before, None)
    (piece,) = pictures.add(after, changed_places(before, after))["parts"]
    assert [piece[side] for side in ("x", "y", "width", "height")] == [92, 92, 216, 116]


@pytest.mark.slow
def test_a_thousand_steps_stay_small_flat_and_smooth(browser, tmp_path):
    recording(["--think", "0.05", "--sample", "100", "--out", str(tmp_path / "e")])
    assert sum(path.stat().st_size for path in (tmp_path / "e").rglob("*") if path.is_file()) < 60e6
    peaks = [_peak(tmp_path / "e", tmp_path / f"{steps}.html", steps) for steps in (100, 1000)]
    assert peaks[1] < peaks[0] + 40_000  # kB
    assert (tmp_path / "1000.html").stat().st_size < 40e6
    costs = {steps: _scrolled(browser, tmp_path / f"{steps}.html", steps) for steps in (100, 1000)}
    for cost in costs.values():
        assert max(cost["LayoutCount"], cost["RecalcStyleCount"]) <= SCROLLS, "one layout for a frame, at most"
    assert costs[1000]["Nodes"] < 2 * max(0, costs[100]["Nodes"]) + 1000, "nothing is built by scrolling"
    assert costs[1000]["ThreadTime"] < 6 * costs[100]["ThreadTime"], "far less than in proportion to the length"


SCROLLS = 120


def _scrolled(browser, page: Path, steps: int) -> dict[str, float]:
    """What the page of so many steps counts while it is scrolled: of three times the least, without loading."""
    browser.open(page)
    browser.wait_for(f"document.querySelectorAll('.body').length === {steps}", 120)
    browser.cdp("Performance.enable")
    found = list[dict[str, float]]()
    for _ in range(3):
        before = _metrics(browser)
        browser.js(
            "return new Promise(done => { let n = 0; const go = () => { scrollTo({top: 60 * n, behavior: 'instant'});"
            f"++n < {SCROLLS} ? requestAnimationFrame(go) : done(n); }}; go(); }})"
        )
        found.append({name: value - before.get(name, 0) for name, value in _metrics(browser).items()})
    return {name: min(one[name] for one in found) for name in found[0]}


def _peak(folder: Path, out: Path, steps: int) -> int:
    """Kilobytes of memory at most while the report of the first `steps` steps is written, in a process of its own."""
    code = (
        "import resource, sys; from dataclasses import replace; from pathlib import Path\n"
        "import agent.views.report.page as page; whole = page.read_episode\n"
        "page.read_episode = lambda f: replace(e := whole(f), steps=e.steps[:int(sys.argv[3])])\n"
        "page.write_report(Path(sys.argv[1]), Path(sys.argv[2]))\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    arguments = [sys.executable, "-c", code, str(folder), str(out), str(steps)]
    return int(subprocess.run(arguments, check=True, capture_output=True, text=True).stdout)


def _metrics(browser) -> dict[str, float]:
    return {metric["name"]: metric["value"] for metric in browser.cdp("Performance.getMetrics")["metrics"]}
