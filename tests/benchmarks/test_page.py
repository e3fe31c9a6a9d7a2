"""The results page: a real page of each kind of suite in a real Chromium, its figures those of the result."""

from __future__ import annotations

import base64
import json
import os
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from agent.core.errors import UserError
from benchmarks.interactive import figures, judge
from benchmarks.page import write_page
from benchmarks.page.formatting import between, chance, count, percent, quantile
from benchmarks.page.gallery import spread
from benchmarks.page.loading import VerdictLine
from benchmarks.runner.compare import compare_results
from benchmarks.runner.result import SuiteResult, read_result, verdict_line
from benchmarks.suite import Judged, Prediction, Sample
from tests.agent.browser import INSTALLED, Browser, chromium
from tests.agent.views.test_report import CONTRAST, HALF, HOSTILE
from tests.benchmarks.running import inline
from tests.benchmarks.test_navigation import CLICK, SWIPE, TYPE, WAIT, line, write

DATA = Path(os.environ.get("HANDEYE_DATA", Path(__file__).parents[2].parent / "shared" / "data"))
SIZE = 640, 480


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not INSTALLED:
        pytest.skip("needs Chromium and chromedriver")
    with chromium() as one:
        yield one


def screens(folder: Path) -> Path:
    """Twelve questions over two screens: boxes, a polygon, and one thing that is not there."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    for n in range(2):
        small = rng.integers(90, 255, (12, 16, 3), dtype=np.uint8)
        Image.fromarray(small).resize(SIZE).save(folder / f"{n}.png")
    rows: list[dict[str, Any]] = [
        {"bbox": [x, y, x + 60, y + 40], "data_type": ("icon", "text")[n % 2]}
        for n, (x, y) in enumerate((40 + 55 * n, 30 + 38 * n) for n in range(10))
    ]
    rows.append({"box_type": "polygon", "polygon": [300, 220, 400, 220, 400, 300], "data_type": "icon"})
    rows.append({"box_type": "refusal", "data_type": "text"})
    lines = ({"id": f"q{n}", "image": f"{n % 2}.png", "instruction": f"thing {n}", **row} for n, row in enumerate(rows))
    (folder / "samples.jsonl").write_text("\n".join(map(json.dumps, lines)))
    return folder


def bench(*arguments: Any) -> None:
    done = inline(*arguments)
    assert done.returncode == 0, done.stderr
    assert "page " in done.stderr


def test_a_page_is_kept_where_nobody_reads_what_is_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_: object, err: bool = False, **__: object) -> None:
        if not err:
            raise BrokenPipeError(32, "Broken pipe")

    monkeypatch.setattr("typer.echo", gone)
    inline("jsonl", "--data", screens(tmp_path / "d"), "--model", "baseline:centre", "--out", tmp_path / "r")
    assert (tmp_path / "r/report.html").is_file()


@pytest.fixture(scope="module")
def grounding(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three runs: ``random``, ``centre`` and ``oracle``."""
    root = tmp_path_factory.mktemp("grounding")
    data = screens(root / "data")
    for name in ("random", "centre", "oracle"):
        bench("jsonl", "--data", data, "--model", f"baseline:{name}", "--out", root / name)
    return root


@pytest.fixture(scope="module")
def navigation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("navigation")
    data = write(root, line(1, CLICK, TYPE, WAIT), line(2, SWIPE, CLICK), screens=(1080, 2400))
    bench("android-control", "--data", data, "--model", "baseline:centre", "--out", root / "run")
    return root / "run"


def episodes() -> list[Judged]:
    """Two tasks with three seeds each, as `benchmarks.interactive` leaves them."""
    found = []
    for n in range(6):
        task = ("click-button", "enter-text")[n % 2]
        sample = Sample(f"{task}/{n // 2}", f"the instruction of {task}", {"family": ("click",), "task": (task,)})
        value = {
            "instruction": f'Press "{n}"', "success": float(n % 3 == 0), "steps": 2, "why": f"raw reward {n % 3 == 0}",
            "ending": "done" if n % 3 == 0 else "step_limit", "message": "",
            "actions": [{"type": "click", "point": [5, 5]}, {"type": "type", "text": "<b>x</b>"}],
        }  # fmt: skip
        answer = Prediction(status="answered", value=value, raw='"one"\n"two"')
        found.append(Judged(sample, answer, judge(sample, answer)))
    return found


def keep(folder: Path, judged: list[Judged], **manifest: Any) -> Path:
    """A result as the runner writes it."""
    told = {
        "suite": "miniwob", "kind": "interactive", "protocol": {"seeds": 3, "timer": "off"},
        "options": {}, "limit": None, "samples": len(judged), "model": {"name": "a-model", "dialect": None}, **manifest,
    }  # fmt: skip
    summary = json.loads(figures(judged).model_dump_json())
    run = {"retries": {"samples": 1, "tries": 2, "requests": 3}, "finished": "now"}
    result = SuiteResult(told, summary, [verdict_line(one) for one in judged], [], run)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "result.json").write_text(json.dumps(result.to_json()))
    return folder


def stored(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / "result.json").read_text()))


def shown(browser: Browser, script: str) -> Any:
    return browser.js(f"return {script}")


# --- figures ---------------------------------------------------------------------------------------------------------


def check_figures(browser: Browser, folder: Path) -> None:
    """The page's head and every cell of every table are those of the JSON."""
    summary = stored(folder)["summary"]
    head = {
        name: shown(browser, f"document.getElementById('{name}').innerText") for name in ("accuracy", "ci95", "count")
    }
    assert head["accuracy"] == f"{100 * summary['accuracy']:.1f} %"
    assert head["ci95"] == " – ".join(f"{100 * end:.1f}" for end in summary["ci95"])
    assert head["count"] == f"{summary['correct']:g} of {summary['total']}"
    rows = shown(
        browser,
        "[...document.querySelectorAll('#groups tbody tr')].map(r => [...r.cells].slice(0, 4).map(c => c.innerText))",
    )
    wanted = [
        [
            label.replace("_", " "),
            f"{cell['correct']:g}/{cell['total']}",
            f"{100 * cell['accuracy']:.1f} %",
            " – ".join(f"{100 * end:.1f}" for end in cell["ci95"]) if cell["ci95"] else "none",
        ]
        for table in summary["tables"].values()
        for label, cell in table.items()
    ]
    assert rows == wanted
    assert browser.console() == []
    assert shown(browser, "performance.getEntriesByType('resource').filter(e => !/^data:/.test(e.name))") == []


def test_figures_are_plotted_on_one_scale(browser: Browser, grounding: Path) -> None:
    browser.open(grounding / "centre" / "report.html")
    plotted = """
      return [...document.querySelectorAll('#groups tbody .plot')].map(svg => {
        const middle = e => { const b = e.getBoundingClientRect(); return b.x + b.width / 2; };
        const grid = [...svg.querySelectorAll('.grid')].map(middle), scale = grid.at(-1) - grid[0];
        const at = e => (middle(e) - grid[0]) / scale;
        return [at(svg.querySelector('.dot')), ...[...svg.querySelectorAll('.whisker')].slice(1).map(at)];
      });
    """
    tables = stored(grounding / "centre")["summary"]["tables"].values()
    wanted = [[cell["accuracy"], *cell["ci95"]] for table in tables for cell in table.values()]
    assert len(wanted) >= 2
    for found, figures_ in zip(browser.js(plotted), wanted, strict=True):
        assert found == pytest.approx(figures_, abs=0.01)


def test_a_grounding_page(browser: Browser, grounding: Path) -> None:
    browser.open(grounding / "random" / "report.html")
    check_figures(browser, grounding / "random")
    text = shown(browser, "document.body.innerText")
    assert "A baseline, not a model" in text
    assert "no published figures are known" in text or "another" in text or "whole set" in text
    wrong = sum(not one["correct"] for one in stored(grounding / "random")["verdicts"])
    assert shown(browser, "document.querySelectorAll('#failures .card .main svg').length") == wrong
    assert shown(browser, "document.querySelectorAll('#failures image').length") >= wrong
    assert "handeye bench reproduce" in text
    assert "median" in shown(browser, "document.querySelector('#timings').innerText")


def test_target_and_answer_are_drawn_where_they_are(browser: Browser, grounding: Path) -> None:
    browser.open(grounding / "centre" / "report.html")
    drawn = """
      const card = [...document.querySelectorAll('.card')].find(c => c.querySelector('.id').innerText === 'q0');
      const svg = card.querySelector('.main svg'), back = svg.getScreenCTM().inverse();
      const corners = [...svg.querySelector('.target').points].map(p => [p.x, p.y]);
      const ring = svg.querySelector('circle.answer'), box = ring.getBoundingClientRect();
      const at = new DOMPoint(box.x + box.width / 2, box.y + box.height / 2).matrixTransform(back);
      return [corners, [at.x, at.y], svg.querySelector('title').textContent];
    """
    corners, ring, title = browser.js(drawn)
    assert corners == [[40, 30], [100, 30], [100, 70], [40, 70]]
    assert ring == pytest.approx([320, 240], abs=1)
    assert title.startswith("thing 0. Right: box (40, 30) to (100, 70); answer (320, 240)")


def test_a_navigation_page(browser: Browser, navigation: Path) -> None:
    browser.open(navigation / "report.html")
    check_figures(browser, navigation)
    cards = shown(browser, "[...document.querySelectorAll('.card')].map(c => c.innerText)")
    assert any("type “late”" in card and "click at (540, 1200)" in card for card in cards)
    assert shown(browser, "document.querySelectorAll('#averages tbody tr').length") == len(
        stored(navigation)["summary"]["averages"]
    )


def test_an_interactive_page(browser: Browser, tmp_path: Path) -> None:
    folder = keep(tmp_path / "run", episodes())
    browser.open(write_page([folder]))
    check_figures(browser, folder)
    card = shown(browser, "document.querySelector('.card').innerText")
    assert card.startswith('Press "1"')
    for words in ("step limit after 2 steps", "raw reward False", "2 actions"):
        assert words in card
    assert "<b>x</b>" in shown(browser, "document.querySelector('.card details').textContent")
    assert "how long they took is not known" in shown(browser, "document.querySelector('#timings').innerText")


def test_an_incomplete_or_partial_run_says_so_loudly(browser: Browser, grounding: Path, tmp_path: Path) -> None:
    data = stored(grounding / "random")
    data["errors"], data["manifest"]["limit"] = [{"id": "q99", "error": "the server was <away>"}], 12
    data["complete"] = False
    (tmp_path / "result.json").write_text(json.dumps(data))
    browser.open(write_page([tmp_path]))
    banners = shown(browser, "[...document.querySelectorAll('header .banner')].map(b => b.textContent)")
    assert "Incomplete: 1 of 12 samples have no answer and are in no figure." in banners[0]
    assert "the server was <away>" in banners[0]
    assert "only the first 12 samples" in banners[1]
    assert "this run is incomplete" in shown(browser, "document.querySelector('#published').innerText")


def test_data_that_moved_or_changed(browser: Browser, grounding: Path, tmp_path: Path) -> None:
    data = stored(grounding / "random")
    data["manifest"]["plan"]["data"] = str(tmp_path / "gone")
    (tmp_path / "result.json").write_text(json.dumps(data))
    browser.open(write_page([tmp_path]))
    assert "The data could not be opened" in shown(browser, "document.querySelector('#failures').innerText")
    assert shown(browser, "document.querySelectorAll('.screen').length") == 0
    browser.open(write_page([tmp_path], data=grounding / "data"))
    assert shown(browser, "document.querySelectorAll('.screen').length") > 0
    data["manifest"]["protocol"]["data_hash"] = "another"
    (tmp_path / "result.json").write_text(json.dumps(data))
    page = write_page([tmp_path], data=grounding / "data").read_text()
    assert "are not those of this result" in page
    assert 'class="screen' not in page


# --- nothing runs ----------------------------------------------------------------------------------------------------


def hostile(value: Any, spared: tuple[str, ...] = ("suite", "kind", "status", "headline")) -> Any:
    """`value` with `HOSTILE` in place of every text, in keys too where they are free."""
    if isinstance(value, str):
        return HOSTILE + HALF
    if isinstance(value, list):
        return [hostile(one, spared) for one in value]
    if isinstance(value, dict):
        return {key: one if key in spared else hostile(one, spared) for key, one in value.items()}
    return value


def write_hostile(source: Path, folder: Path) -> Path:
    data = stored(source)
    summary, manifest = data["summary"], hostile(data["manifest"])
    manifest["plan"] = data["manifest"]["plan"]
    manifest["options"] = data["manifest"]["options"]
    manifest["protocol"] |= {HOSTILE: HOSTILE, "data_hash": data["manifest"]["protocol"]["data_hash"]}
    cell = next(iter(summary["tables"].values()))["icon"]
    bad = hostile(summary) | {"tables": {HOSTILE: {HOSTILE: cell}}, "kinds": {HOSTILE: 3}, "averages": {HOSTILE: cell}}
    lines = [
        hostile(one) | {"id": one["id"], "value": one["value"], "groups": {HOSTILE: [HOSTILE]}}
        for one in data["verdicts"]
    ]
    lines[-1] |= {"id": HOSTILE, "value": {"point": [1e999, "x"], "message": HOSTILE, "actions": [HOSTILE]}}
    errors = [{"id": HOSTILE, "error": HOSTILE}]
    folder.mkdir(parents=True)
    whole = data | {
        "manifest": manifest,
        "summary": bad,
        "verdicts": lines,
        "errors": errors,
        "run": hostile(data["run"]),
    }
    (folder / "result.json").write_text(json.dumps(whole))
    return folder


def check_nothing_ran(browser: Browser, title: str) -> None:
    browser.js("for (const d of document.querySelectorAll('details')) d.open = true; window.scrollTo(0, 1e6)")
    browser.js("for (const a of document.querySelectorAll('[data-find]')) a.click()")
    browser.js(
        "const s = document.getElementById('search'); s.value = 'pwned'; s.dispatchEvent(new Event('input'));"
        "for (const o of document.querySelectorAll('#group option')) { const g = document.getElementById('group');"
        "g.value = o.value; g.dispatchEvent(new Event('change')); }"
    )
    assert shown(browser, "document.title") == title
    allowed = "document.querySelectorAll('img, iframe, object, embed, form, [style], [autofocus]').length"
    assert shown(browser, allowed) == 0
    assert shown(browser, "document.querySelectorAll('script').length") == 2
    assert shown(browser, "document.querySelectorAll('style').length") == 1
    names = shown(browser, "[...document.querySelectorAll('*')].flatMap(e => e.getAttributeNames())")
    assert not [name for name in names if name.startswith("on")]
    assert shown(browser, "[...document.links].filter(a => !a.getAttribute('href').startsWith('#')).length") == 0
    assert browser.console() == []


def test_nothing_that_a_file_said_ever_runs(browser: Browser, grounding: Path, tmp_path: Path) -> None:
    one = write_hostile(grounding / "random", tmp_path / '"><script>x' / "a")
    two = write_hostile(grounding / "centre", tmp_path / '"><script>x' / "b")
    for results in ([one], [one, two]):
        browser.open(write_page(results, tmp_path / "out.html"))
        title = shown(browser, "document.title")
        assert title.endswith("Handeye benchmark")
        assert '"><img src=x' in title
        assert len(shown(browser, "[...document.querySelectorAll('#rows tbody tr')]")) > 0
        check_nothing_ran(browser, title)


def test_even_markup_that_slipped_through_would_not_run(browser: Browser, grounding: Path, tmp_path: Path) -> None:
    slipped = tmp_path / "slipped.html"
    bad = """<script>document.title='pwned'</script><img src=x onerror="document.title='pwned'">"""
    bad += "<style>h1{color:red}</style>"
    page = (grounding / "random" / "report.html").read_text()
    slipped.write_text(page.replace("<main", bad + "<main"))
    browser.open(slipped)
    assert "Handeye benchmark" in shown(browser, "document.title")
    assert shown(browser, "getComputedStyle(document.querySelector('h1')).color") != "rgb(255, 0, 0)"
    assert sum("Content Security Policy" in line for line in browser.console()) >= 3


# --- comparison ------------------------------------------------------------------------------------------------------


def test_runs_compared(browser: Browser, grounding: Path, tmp_path: Path) -> None:
    folders = [grounding / "oracle", grounding / "centre"]
    a, b = map(read_result, folders)
    browser.open(write_page(folders, tmp_path / "both.html"))
    found = compare_results(a, b)
    assert shown(browser, "document.querySelector('.sentence').textContent") == found["sentence"]
    cells = shown(browser, "[...document.querySelectorAll('#compared tbody tr td')].map(c => c.innerText)")
    assert cells[:3] == [str(found["pairs"]), str(found["only_a"]), str(found["only_b"])]
    assert chance(found["p"]) in cells
    flips = [name for name, score in a.scores().items() if b.scores()[name] != score]
    assert 0 < len(flips) < len(a.verdicts)
    assert shown(browser, "[...document.querySelectorAll('.flips tbody th')].map(c => c.innerText)") == flips
    rows = shown(browser, "[...document.querySelectorAll('header tbody tr')].map(r => r.innerText)")
    assert [f"{100 * one.summary['accuracy']:.1f} %" in row for one, row in zip((a, b), rows, strict=True)] == [
        True,
        True,
    ]
    browser.js("document.getElementById('verdict').value = 'differ';")
    browser.js("document.getElementById('verdict').dispatchEvent(new Event('change'))")
    assert shown(browser, "[...document.querySelectorAll('#rows tbody th bdi')].map(c => c.innerText)") == flips
    assert browser.console() == []


def test_three_runs_are_compared_in_pairs_and_other_protocols_are_named(browser: Browser, tmp_path: Path) -> None:
    folders = [keep(tmp_path / name, episodes(), model={"name": name}) for name in "xy"]
    folders.append(keep(tmp_path / "z", episodes(), protocol={"seeds": 3, "timer": "the page's own"}))
    browser.open(write_page(folders, tmp_path / "three.html"))
    assert shown(browser, "document.querySelectorAll('#compared tbody tr').length") == 3
    warned = shown(browser, "document.querySelector('#compared .banner').innerText")
    assert "A and C: warning: protocol.timer was off, now the page's own" in warned
    assert "timer (differs)" in shown(browser, "document.querySelector('#protocol').innerText")
    assert "There is none: the runs are right and wrong on the same samples." in shown(
        browser, "document.body.innerText"
    )
    assert browser.console() == []


def test_rescored_responses_are_results_too(browser: Browser, tmp_path: Path) -> None:
    if not (DATA / "predictions").is_dir():
        pytest.skip("needs the development data")
    done = inline("rescore", "screenspot-v2", "--predictions", DATA / "predictions", "--out", tmp_path / "r")
    assert done.returncode == 0, done.stderr
    browser.open(tmp_path / "r" / "local" / "report.html")
    text = shown(browser, "document.body.innerText")
    for words in ("95.1 %", "1,210 of 1,272", "93.8 – 96.2", "Stored responses, judged again", "drawn on blank ones"):
        assert words in text
    assert "MAI-UI-8B" in shown(browser, "document.querySelector('#published').innerText")
    assert shown(browser, "document.querySelectorAll('#failures .blank').length") >= 24
    browser.open(tmp_path / "r" / "report.html")
    a, b = (read_result(tmp_path / "r" / name).scores() for name in ("local", "server"))
    flips = sum(a[name] != b[name] for name in a)
    assert f"{flips} samples on which the runs differ" in shown(browser, "document.body.innerText")
    assert browser.console() == []


# --- people ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, one = tmp_path_factory.mktemp("large"), episodes()
    many = []
    for n in range(1581):
        base = one[n % 6]
        sample = Sample(f"s{n:04}", "", base.sample.groups)
        many.append(Judged(sample, base.answer.model_copy(update={"raw": f"answer {n} " + "x" * 600}), base.verdict))
    return write_page([keep(folder, many)])


def test_every_sample_can_be_found_and_few_are_in_the_document(browser: Browser, large: Path) -> None:
    browser.open(large)
    assert shown(browser, "document.querySelectorAll('#rows tbody tr').length") == 50  # of 1,581: one part at a time
    said = "document.getElementById('shown').innerText"
    assert shown(browser, said) == "1–50 of 1,581"
    browser.js("document.getElementById('next').click()")
    assert shown(browser, said) == "51–100 of 1,581"
    browser.js("document.getElementById('search').focus()")
    for key in "answer 1580":
        browser.press(key)
    assert shown(browser, said) == "1–1 of 1 (1,581 in all)"
    assert shown(browser, "document.querySelector('#rows tbody th bdi').innerText") == "s1580"
    assert shown(browser, "document.querySelector('#rows pre').textContent").startswith("answer 1580 xxx")
    browser.js("document.getElementById('search').value = 'no such words'; document.getElementById('search')"
               ".dispatchEvent(new Event('input'))")  # fmt: skip
    assert shown(browser, said).startswith("No sample fits")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 820, 1440])
def test_it_is_readable_at_any_width_light_and_dark(
    browser: Browser, grounding: Path, tmp_path: Path, scheme: str, width: int
) -> None:
    browser.cdp("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=width < 500)
    browser.cdp("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    both = write_page([grounding / "random", grounding / "centre"], tmp_path / "both.html")
    for page in (grounding / "random" / "report.html", both):
        browser.open(page)
        browser.js("localStorage.clear(); delete document.documentElement.dataset.theme")
        assert shown(browser, "document.documentElement.scrollWidth") <= width
        assert browser.js(CONTRAST) == []
    dark = "getComputedStyle(document.body).backgroundColor.match(/\\d+/g)[0] < 100"
    assert shown(browser, dark) == (scheme == "dark")
    browser.js("document.getElementById('theme').click()")
    assert shown(browser, dark) == (scheme != "dark")
    browser.js("localStorage.clear()")


def test_a_screen_reader_finds_its_way(browser: Browser, grounding: Path, tmp_path: Path) -> None:
    both = write_page([grounding / "random", grounding / "centre"], tmp_path / "both.html")
    for page in (grounding / "random" / "report.html", both):
        browser.open(page)
        for landmark in ("header", "nav", "main", "footer", "h1"):
            assert shown(browser, f"document.querySelectorAll('{landmark}').length") == 1
        levels = shown(browser, "[...document.querySelectorAll('h1, h2, h3')].map(h => +h.tagName[1])")
        assert levels[0] == 1
        assert all(after - before <= 1 for before, after in pairwise(levels))
        silent = (
            "svg:not([role]):not([aria-hidden]):not(svg svg), section:not([aria-labelledby]), nav:not([aria-label])"
        )
        assert shown(browser, f"document.querySelectorAll('{silent}').length") == 0
        untitled = "[...document.querySelectorAll('svg[role=img]')].filter(s => !s.querySelector('title').textContent)"
        assert shown(browser, f"{untitled}.length") == 0
        bare = "[...document.querySelectorAll('table')].filter(t => !t.caption || !t.caption.textContent)"
        assert shown(browser, f"{bare}.length") == 0
        assert shown(browser, "document.querySelectorAll('th:not([scope])').length") == 0
        assert shown(browser, "[...document.querySelectorAll('th')].filter(t => !t.textContent).length") == 0
        assert (
            shown(browser, "[...document.querySelectorAll('input, select')].filter(i => !i.labels.length).length") == 0
        )
        ids = shown(browser, "[...document.querySelectorAll('[id]')].map(e => e.id)")
        assert len(ids) == len(set(ids))
        dangling = "[...document.links].filter(a => !document.getElementById(a.hash.slice(1))).length"
        assert shown(browser, dangling) == 0


def test_it_prints(browser: Browser, grounding: Path) -> None:
    browser.open(grounding / "random" / "report.html")
    pdf = base64.b64decode(browser.cdp("Page.printToPDF", printBackground=False)["data"])
    assert pdf.count(b"/Subtype /Image") >= 2
    assert 2 <= len(re.findall(rb"/Type /Page\b", pdf)) <= 14


# --- the command -----------------------------------------------------------------------------------------------------


def test_the_command(grounding: Path, tmp_path: Path) -> None:
    done = inline("page", grounding / "random", "--out", tmp_path / "new" / "x.html", "--gallery", 0, "--json")
    assert json.loads(done.stdout) == {"page": str(tmp_path / "new" / "x.html")}
    page = (tmp_path / "new" / "x.html").read_text()
    assert 'id="failures"' not in page
    few = write_page([grounding / "random"], tmp_path / "few.html", gallery=3).read_text()
    assert few.count('class="card') == 3


def test_what_cannot_be_shown_is_one_clear_line(grounding: Path, tmp_path: Path) -> None:
    one = grounding / "random"
    other = keep(tmp_path / "other", episodes())
    with pytest.raises(UserError, match="different suites: jsonl, miniwob"):
        write_page([one, other])
    with pytest.raises(UserError, match="1 to 6 results, not 7"):
        write_page([one] * 7)
    with pytest.raises(UserError, match="cannot read"):
        write_page([tmp_path / "nothing"])
    with pytest.raises(UserError, match=r"cannot write the page to .* choose another --out"):
        write_page([one], one / "result.json" / "x.html")
    data = stored(one)
    data["verdicts"][0] = {"id": 3}
    (tmp_path / "result.json").write_text(json.dumps(data))
    with pytest.raises(UserError, match="is no whole result"):
        write_page([tmp_path])
    if (DATA / "predictions").is_dir():
        done = inline(
            "rescore", "screenspot-v2", "--predictions", DATA / "predictions", "--mode", "local", "--out", one
        )
        assert done.returncode != 0
        assert "has the result of a run" in done.stderr


# --- words and choices -----------------------------------------------------------------------------------------------


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(("wrong", "refused"))), max_size=60), st.integers(0, 30)
)
def test_a_gallery_is_spread_over_the_groups(kinds: list[tuple[str, str]], most: int) -> None:
    lines = [
        VerdictLine(id=str(n), correct=False, kind=kind, groups={"g": (group,)})
        for n, (group, kind) in enumerate(kinds)
    ]
    chosen = spread(lines, most, lambda line: (*line.groups["g"], line.kind))
    assert len(chosen) == min(most, len(lines))
    assert [line for line in lines if line in chosen] == chosen
    if most >= 6:
        assert {(line.groups["g"], line.kind) for line in chosen} == {(line.groups["g"], line.kind) for line in lines}


def test_figures_in_words() -> None:
    assert (percent(0.9513), percent(None), between((0.938, 0.96249)), between(None)) == (
        "95.1 %", "undefined", "93.8 – 96.2", "none",
    )  # fmt: skip
    assert (count(1210.0), count(12.25), chance(0.00001), chance(0.0123), chance(0.61)) == (
        "1,210", "12.25", "< 0.0001", "0.012", "0.61",
    )  # fmt: skip
    assert quantile([1, 2, 3, 4, 100], 0.5) == 3
    assert quantile([7], 0.9) == 7
