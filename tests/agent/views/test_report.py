"""The report: one page for people, in a real Chromium, that runs nothing but its own script."""

import base64
import html
import json
import re
import time
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import escape

from actions.action import ACTION_TYPES, parse_action
from actions.frame import Frame
from agent.core.step import OutcomeRecord, Step, VerdictRecord
from agent.core.task import Ending
from agent.episodes import EpisodeError, EpisodeHeader, EpisodeWriter, read_episode
from agent.views.formatting import duration
from agent.views.kit.pages import templates
from agent.views.report import image_url, write_report
from agent.views.report.page import PAGE
from tests.agent.browser import INSTALLED, chromium
from tests.agent.sample_episode import TASK, write_sample
from tests.chromium_checks import check_open, check_page, grave_faults, injections

HOSTILE = injections() + " \x00\x1b"
HALF = "\ud83c"  # of a surrogate pair
PIXEL = image_url(np.zeros((1, 1, 3), np.uint8))
SCRIPTS = len(PAGE.script) + len(PAGE.style)
COMPOSE = """
const name = '%s', step = document.getElementById('step-%d');
if (name === 'after') step.querySelector('.views button:nth-child(2)').click();
const layer = step.querySelector(`.${name}-layer`), [base, ...parts] = layer.querySelectorAll('img');
const canvas = document.createElement('canvas'), pen = canvas.getContext('2d');
return Promise.all([base, ...parts].map(i => i.decode())).then(() => {
  canvas.width = base.naturalWidth; canvas.height = base.naturalHeight;
  pen.drawImage(base, 0, 0);
  for (const p of parts) pen.drawImage(p, Math.round(parseFloat(p.style.left) / 100 * canvas.width),
                                       Math.round(parseFloat(p.style.top) / 100 * canvas.height));
  return canvas.toDataURL();
});
"""
POINTS = {"point": [5, 5], "path": [[1, 1], [20, 20]]}
TEXTS = ("text", "target", "message", "question")


@pytest.fixture(scope="module")
def browser():
    if not INSTALLED:
        pytest.skip("needs Chromium and chromedriver")
    with chromium() as one:
        yield one


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    return write_report(write_sample(tmp_path_factory.mktemp("sample") / "e"))


def show_all(browser):
    """Have every step built and its pictures loaded, as if it had been scrolled past."""
    browser.js("dispatchEvent(new Event('beforeprint'))")


def every_action(text):
    """One action of each type, with `text` wherever it takes any."""
    extra = {"key": {"chords": ["ctrl+<", "ctrl+plus"]}, "button": {"name": "back"}, "finish": {"status": "failure"}}
    extra["scroll"] = {"dy": 3, "keys": ["ctrl", "&"]}
    extra |= {kind: {"keys": ["ctrl", "<"]} for kind in ("key_down", "key_up")}
    for kind in ACTION_TYPES:
        for guess in ({"point": POINTS["point"]}, {"path": POINTS["path"]}, *({name: text} for name in TEXTS), {}):
            try:
                yield parse_action({"type": kind} | guess | extra.get(kind, {}))
            except ValueError:
                continue
            break


def write_hostile(folder: Path) -> Path:
    """An episode with `HOSTILE` in every text it has."""
    text = dict.fromkeys(("task", "model", "dialect", "prompt_hash", "env", "platform"), HOSTILE)
    header = EpisodeHeader(**text, seeds={HOSTILE: 1}, versions={HOSTILE: HOSTILE}, extra={HOSTILE: HOSTILE})
    writer = EpisodeWriter.create(folder, header)
    pixels = np.random.default_rng(0).integers(0, 255, (40, 60, 3), dtype=np.uint8)
    for index, action in enumerate([None, *every_action(HOSTILE)]):
        one = Step(
            index=index,
            time=header.started,
            frame=Frame(id=HOSTILE, width=60, height=40),
            image=writer.add_frame(pixels),
            action=action,
            decided=parse_action({"type": "type", "text": HOSTILE}),
            thought=HOSTILE,
            raw=HOSTILE + HALF,
            notes=(HOSTILE,),
            verdict=VerdictRecord(kind="block" if index % 2 else "modify", policy=HOSTILE, reason=HOSTILE),
            outcome=OutcomeRecord(performed=True, settled=False, detail=HOSTILE),
            error=HOSTILE,
            timings={HOSTILE: 1.0, "model": 1.0},
            app=HOSTILE,
        )
        writer.append(one)
    writer.finish(Ending.PARSE_ERROR, HOSTILE, HOSTILE)
    named = Step(index=99, time=0, frame=Frame(id="x", width=1, height=1), image=HOSTILE + ".png")
    with (folder / "steps.jsonl").open("a") as file:
        file.write(named.model_dump_json() + "\n")
    return folder


def test_nothing_a_screen_or_a_model_said_ever_runs(browser, tmp_path):
    path = write_report(write_hostile(tmp_path / "e<img src=x onerror=pwned()>"))
    assert len(list(every_action("x"))) == len(ACTION_TYPES)
    check_page(path, browser, ready="window.handeye")
    title = browser.js("return document.title")
    assert title.endswith("Handeye report")
    assert title.startswith('"><img src=x')
    show_all(browser)
    browser.js("for (const d of document.querySelectorAll('details')) d.open = true; window.scrollTo(0, 1e6)")
    check_open(browser)
    assert browser.js("return document.title") == title
    count = "return document.querySelectorAll(%r).length"
    assert browser.js(count % "iframe, object, embed, form, template, [autofocus], [onerror], [onload]") == 0
    assert browser.js(count % "script:not([type='application/json'])") == 1
    assert browser.js("return [...document.querySelectorAll('img[src]')].every(i => /^data:image/.test(i.src))")
    assert browser.js(count % "a") == browser.js(count % ".timeline a") + 1
    assert browser.js("return performance.getEntriesByType('resource').filter(e => !/^data:/.test(e.name))") == []
    shown = browser.js("return document.querySelector('#step-2 pre').textContent")
    assert shown == HOSTILE.replace("\x00", "␀").replace("\x1b", "␛") + "\ufffd"


def test_markup_that_slipped_through_would_not_run(browser, sample, tmp_path):
    slipped = tmp_path / "slipped.html"
    bad = """<script>document.title='pwned'</script><img src=x onerror="document.title='pwned'">"""
    bad += "<style>h1{color:red}</style>"
    slipped.write_text(sample.read_text().replace("<body>", "<body>" + bad, 1))
    browser.open(slipped)
    assert "Handeye report" in browser.js("return document.title")
    assert browser.js("return getComputedStyle(document.querySelector('h1')).color") != "rgb(255, 0, 0)"
    assert sum("Content Security Policy" in line for line in browser.console()) >= 3


def test_the_page_says_what_happened(browser, sample):
    browser.open(sample)
    text = browser.js("return document.body.innerText")
    for words in (TASK, "Done: the agent says", "notes.txt was saved", "qwen2.5-vl", "16,866 in, 549 out"):
        assert words in text
    for words in ("No usable answer", "the answer holds two actions", "blocked (confirm): the user said no"):
        assert words in text
    for words in ("changed by policy (limits): shortened the drag", "The model wanted: wait 2 s", "code fence"):
        assert words in text
    assert browser.js("return document.querySelector('#step-1 h2').innerText") == "Step 1 · Click “File” (230, 142)"
    assert browser.js("return document.querySelector('#step-6 .typed').innerText").startswith("notes.txt⏎\n“Grüße”")
    raw = browser.js("return document.querySelector('#step-1 pre').textContent")
    assert raw.startswith("The editor is open.")
    assert '"type":"click"' in raw
    assert browser.console() == []


def test_each_picture_is_embedded_once_and_small(sample):
    page = sample.read_text()
    pictures = re.findall(r'"data:image/(\w+);base64,([^"]+)"', page)
    assert 1 < len(pictures) == len(set(pictures)) <= 9  # nine steps, five stored frames, four different screens
    whole, stored = 0, sample.parent.joinpath("frames")
    for _, data in pictures:
        pixels = cv2.imdecode(np.frombuffer(base64.b64decode(data), np.uint8), cv2.IMREAD_COLOR)
        whole += pixels.shape == (800, 1280, 3)
    assert whole == 1  # the others are laid over it
    assert len(page) - SCRIPTS < 2 * sum(path.stat().st_size for path in stored.iterdir())


def test_the_pictures_are_the_screens(browser, sample):
    """What the page lays together for each step is, but for the packing, the recorded frame."""
    browser.open(sample)
    show_all(browser)
    episode = read_episode(sample.parent)
    for step in episode.steps:
        for kind, screen in (("before", step), ("after", episode.steps[min(step.index + 1, 8)])):
            if step.index == 8 and kind == "after":
                continue
            url = browser.js(COMPOSE % (kind, step.index + 1))
            shown = cv2.imdecode(np.frombuffer(base64.b64decode(url.split(",")[1]), np.uint8), cv2.IMREAD_COLOR)
            apart = cv2.absdiff(shown[:, :, ::-1], episode.image(screen))
            assert apart.mean() < 2, (step.index, kind)
            assert np.percentile(apart, 99) < 40


def test_the_mark_is_drawn_where_the_action_was(browser, sample):
    browser.open(sample)
    browser.js("handeye.go(0)")
    where = """
      const svg = document.querySelector('#step-1 .screen').getBoundingClientRect();
      const ring = document.querySelector('#step-1 .marks .mark').getBoundingClientRect();
      return [ring.left, ring.right].map(x => (x - svg.x) / svg.width * 1280).concat(
        [ring.top, ring.bottom].map(y => (y - svg.y) / svg.height * 800));
    """
    left, right, top, bottom = browser.js(where)
    assert left < 216 < 245 < right, "around the word File, not on it"
    assert top < 134 < 150 < bottom
    assert right - left < 80
    assert bottom - top < 60
    inset = browser.js("""const at = document.querySelector('#step-1 .enlarged .ring');
      const box = at.getBoundingClientRect();
      const all = at.closest('.enlarged').getBoundingClientRect();
      return [all.width > 100, (box.left + box.right - all.left - all.right) / all.width, at.cx.baseVal.value]""")
    assert inset == [True, pytest.approx(0, abs=0.2), 230.5]
    show_all(browser)
    assert browser.js("return document.querySelector('#step-4 .badge-words').textContent") == "2× ctrl+"
    assert browser.js("return document.querySelectorAll('#step-5 .marks polyline').length") == 2
    assert browser.js("return document.querySelectorAll('#step-6 .mark').length") == 0


def test_what_changed_is_boxed_and_the_two_screens_can_be_compared(browser, sample):
    browser.open(sample)
    browser.press("j")
    shown = (
        "return ['before', 'after'].map(n => getComputedStyle(document.querySelector(`#step-1 .${n}-layer`)).display)"
    )
    boxed = "return getComputedStyle(document.querySelector('#step-1 .changes')).display"
    assert browser.js("return document.querySelectorAll('#step-1 .change').length") == 1
    x, y, width, height = (browser.js(f"return +document.querySelector('#step-1 .change').getAttribute('{name}')")
                           for name in ("x", "y", "width", "height"))  # fmt: skip
    assert (x, y, x + width, y + height) == pytest.approx((208, 156, 419, 337), abs=5)  # the menu that opened
    assert (browser.js(shown), browser.js(boxed)) == (["block", "none"], "none")
    browser.press("b")
    assert (browser.js(shown), browser.js(boxed)) == (["none", "block"], "block")
    browser.press("b")
    assert browser.js(shown) == ["block", "none"]
    browser.press("c")
    browser.js("const s = document.querySelector('#step-1 .slider'); s.value = 25; s.dispatchEvent(new Event('input'))")
    assert "25%" in browser.js("return getComputedStyle(document.querySelector('#step-1 .after-layer')).clipPath")
    browser.press("f")
    browser.wait_for("document.querySelector('#step-1 figure').dataset.showing === 'after'")
    browser.wait_for("document.querySelector('#step-1 figure').dataset.showing === 'before'")
    browser.press("f")
    pressed = "return [...document.querySelectorAll('#step-1 .views [aria-pressed=true]')].map(b => b.textContent)"
    assert browser.js(pressed) == ["Before"]
    assert browser.js("return document.querySelectorAll('#step-9 .after-layer').length") == 0


def test_the_search_leaves_the_steps_that_fit(browser, sample):
    browser.open(sample)
    browser.press("/")
    assert browser.js("return document.activeElement.id") == "search"
    browser.type("MENU bar")
    browser.wait_for("document.getElementById('count').textContent === '1 of 9 steps'")
    left = "return [...document.querySelectorAll('.step:not([hidden])')].map(s => s.id)"
    assert browser.js(left) == ["step-1"]
    assert browser.js("return document.querySelectorAll('.timeline li:not([hidden]) a').length") == 1
    browser.press("\ue00c")
    browser.wait_for("document.getElementById('count').textContent === '9 steps'")
    browser.press("/")
    browser.type("no such words")
    browser.wait_for("document.getElementById('count').textContent === '0 of 9 steps'")


def test_the_help_and_the_theme_work_by_key_and_stay_readable(browser, sample):
    browser.open(sample)
    browser.js("localStorage.clear()")
    browser.press("?")
    assert browser.js("return document.getElementById('help').open")
    assert grave_faults(browser) == []
    browser.press("?")
    assert not browser.js("return document.getElementById('help').open")
    back = "return getComputedStyle(document.body).backgroundColor.match(/\\d+/g)[0] < 100"
    seen = [browser.js(back)]
    for _ in range(3):
        browser.press("t")
        seen.append(browser.js(back))
    assert seen == [False, True, False, False]


def test_live_steps_are_added_changed_and_announced(browser, sample):
    browser.open(sample)
    step = {"index": 9, "title": "<b>bold</b>", "frame": {"width": 100, "height": 50}, "before": {"src": PIXEL}}
    step["marks"] = [{"shape": "disc", "x": 10.5, "y": 20.5, "radius": 4, "filled": True}]
    browser.js(f"handeye.addStep({json.dumps(step)})")
    assert browser.js("return document.querySelector('#step-10 h2').textContent") == "Step 10 · <b>bold</b>"
    assert browser.js("return document.querySelector('p.spoken').textContent") == "Step 10: <b>bold</b>"
    assert browser.js("return handeye.overlay(9).viewBox.baseVal.width") == 100
    browser.js("handeye.go(9)")
    assert browser.js("return document.querySelector('#step-10 .base').src.length") == len(PIXEL)
    browser.js(
        f"handeye.updateStep({{index: 9, after: {{src: {PIXEL!r}}}, thought: '<i>so</i>', changes: [[1, 2, 3, 4]]}})"
    )
    assert browser.js("return document.querySelector('#step-10 .notes p').textContent") == "<i>so</i>"
    assert browser.js("return document.querySelectorAll('#step-10 img[src]').length") == 2
    assert browser.js("return document.activeElement.id") == "step-10"
    browser.js("handeye.setHeader({task: '<u>t</u>', ending: {tone: 'wait', text: 'At work'}})")
    assert browser.js("return document.querySelector('h1').textContent") == "<u>t</u>"
    check_open(browser)


def test_the_keyboard_walks_the_steps(browser, sample):
    browser.open(sample)
    focused = "return document.activeElement.id"
    marked = "return [...document.querySelectorAll('.timeline [aria-current]')].map(a => a.hash)"
    walked = []
    for key in ("j", "j", "\ue014", "k", "\ue012", "k"):
        browser.press(key)
        walked.append(browser.js(focused))
        assert browser.js(marked) == [f"#{walked[-1]}"]
    assert walked == ["step-1", "step-2", "step-3", "step-2", "step-1", "step-1"]


def test_the_last_steps_stay_chosen_though_the_page_cannot_scroll_to_them(browser, sample):
    browser.cdp("Emulation.setDeviceMetricsOverride", width=1440, height=1800, deviceScaleFactor=1, mobile=False)
    browser.open(sample)
    chosen = "return [document.activeElement.id, document.querySelector('.timeline [aria-current]').hash]"
    ended = "return Math.ceil(scrollY + innerHeight) >= document.documentElement.scrollHeight"
    settled = "return new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done))))"
    for _ in range(12):
        browser.press("j")
    deadline = time.monotonic() + 20
    while not browser.js(ended) and time.monotonic() < deadline:
        browser.js(settled)
    browser.js(settled)
    assert browser.js(chosen) == ["step-9", "#step-9"]
    browser.press("k")
    assert browser.js(chosen) == ["step-8", "#step-8"]


CONTRAST = """
const rgb = (c) => c.match(/[\\d.]+/g).map(Number);
const light = (c) => { const [r, g, b] = c.map(v => (v /= 255) <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
  return .2126 * r + .7152 * g + .0722 * b; };
const back = (e) => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor);
  if (c.length === 3 || c[3] === 1) return c.slice(0, 3); } };
const low = [];
for (const e of document.body.querySelectorAll('*')) {
  if (e.closest('svg, script') || !e.textContent.trim()) continue;
  const pair = [light(rgb(getComputedStyle(e).color).slice(0, 3)), light(back(e))].sort((a, b) => b - a);
  if ((pair[0] + .05) / (pair[1] + .05) < 4.5) low.push([e.tagName, e.className, pair]);
}
return low;
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 820, 1440])
def test_it_is_readable_at_any_width_light_and_dark(browser, sample, scheme, width):
    browser.cdp("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=width < 500)
    browser.cdp("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    browser.open(sample)
    assert browser.js("return document.documentElement.scrollWidth") <= width
    assert browser.js(CONTRAST) == []
    dark = browser.js("return getComputedStyle(document.body).backgroundColor.match(/\\d+/g)[0] < 100")
    assert dark == (scheme == "dark")
    screen = browser.js("return document.querySelector('#step-1 .screen').getBoundingClientRect().width")
    assert screen > (0.8 * width if width < 500 else 0.4 * width)


def test_a_screen_reader_finds_its_way(browser, sample):
    browser.open(sample)
    show_all(browser)
    for landmark in ("header", "nav", "main", "footer"):
        assert browser.js(f"return document.querySelectorAll('{landmark}').length") == 1
    levels = browser.js("return [...document.querySelectorAll('h1, h2, h3')].map(h => +h.tagName[1])")
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    silent = "svg:not([aria-label]):not([aria-hidden]), section:not([aria-label]), article:not([aria-labelledby]), "
    silent += "nav:not([aria-label]), img:not([alt])"
    assert browser.js(f"return document.querySelectorAll('{silent}').length") == 0
    spoken = browser.js("return document.querySelector('#step-4 .base').alt")
    assert spoken.startswith("Screen of step 4, 1280 by 800 pixels. Drawn on it: double-click right of “Name:”")
    assert spoken.endswith("holding ctrl (680, 309).")


def test_it_prints(browser, sample):
    browser.open(sample)
    pdf = base64.b64decode(browser.cdp("Page.printToPDF", printBackground=False)["data"])
    assert pdf.count(b"/Subtype /Image") >= 4
    assert 3 <= len(re.findall(rb"/Type /Page\b", pdf)) <= 12


def test_an_interrupted_and_damaged_episode_is_reported_as_such(browser, tmp_path):
    folder = write_sample(tmp_path / "e", ending=None)
    lines = (folder / "steps.jsonl").read_bytes().splitlines(keepends=True)
    lines[2] = b"garbage\n"
    lines[-1] = lines[-1][:50]
    (folder / "steps.jsonl").write_bytes(b"".join(lines))
    (folder / "frames" / "0000.png").unlink()
    damaged = (folder / "frames" / "0003.png").read_bytes()
    (folder / "frames" / "0003.png").write_bytes(damaged[: len(damaged) // 2])
    browser.open(write_report(folder, tmp_path / "new" / "out.html"))
    text = browser.js("return document.body.innerText")
    for words in (
        "Interrupted: the record has no ending",
        "Problems in the record",
        "steps.jsonl line 3 is damaged and left out",
        "the last line is cut off",
        "step 1: its frame 'frames/0000.png' is missing",
        "step 7: its frame 'frames/0003.png' is damaged",
        "The screen of this step is missing or damaged.",
    ):
        assert words in text
    assert browser.js("return document.querySelectorAll('.step').length") == 7
    assert browser.console() == []


def long_episode(folder, steps):
    with EpisodeWriter.create(folder, EpisodeHeader(task="t", model="m", env="e", platform="desktop")) as writer:
        for index in range(steps):
            name = writer.add_frame(np.full((10, 20, 3), index % 100 + 100, np.uint8))
            frame = Frame(id=str(index), width=20, height=10)
            writer.append(Step(index=index, time=float(index), frame=frame, image=name, thought=f"thought {index}"))
        writer.finish(Ending.DONE)
    return folder


def numbers_on(page):
    return [int(number) for number in re.findall(r'"number": ?(\d+)', page.read_text())]


def test_a_long_episode_is_pages_that_link_to_each_other(browser, tmp_path, monkeypatch):
    monkeypatch.setattr("agent.views.report.page.PAGE_STEPS", 500)
    told = []
    first = write_report(long_episode(tmp_path / "e", 1203), progress=lambda done, total: told.append((done, total)))
    pages = [first, *(first.with_name(f"report-{number}.html") for number in (2, 3))]
    assert sorted(tmp_path.glob("e/report*")) == sorted(pages)
    assert [number for page in pages for number in numbers_on(page)] == [*range(1, 1204)]
    assert (told[-1], told == sorted(told)) == ((1203, 1203), True)
    last = [json.loads(step) for step in re.findall(r'class="handeye-step">(.*?)</script>', first.read_text())][-1]
    assert last["after"] is not None, "the screen after its last step is on the next page"
    browser.open(first)
    browser.js("document.querySelector('nav.pages > a:last-of-type').click()")
    browser.wait_for("document.querySelector('nav.pages summary')?.textContent.includes('steps 501 to 1,000')")
    links = browser.js("return [...document.querySelectorAll('.about nav.pages a')].map(a => a.getAttribute('href'))")
    assert links == ["report.html", *(page.name for page in pages), "report-3.html"]
    assert browser.js("return document.documentElement.scrollWidth <= innerWidth")


def test_only_the_steps_asked_for(tmp_path):
    folder = long_episode(tmp_path / "e", 30)
    page = write_report(folder, tmp_path / "part.html", only=(8, 11))
    assert numbers_on(page) == [8, 9, 10, 11]
    assert "4 steps on this page, steps 8 to 11; the episode has 30." in page.read_text()
    with pytest.raises(EpisodeError, match="has no steps 31 to 40: it has 1 to 30"):
        write_report(folder, tmp_path / "none.html", only=(31, 40))
    assert not (tmp_path / "none.html").exists()


def test_an_episode_without_steps_still_gives_a_page(tmp_path):
    header = EpisodeHeader(task="t", model="m", env="e", platform="desktop", started=0.0)
    EpisodeWriter.create(tmp_path / "e", header).close()
    page = write_report(tmp_path / "e").read_text()
    assert "No step was recorded." in page


@pytest.mark.parametrize("ending", [*Ending, None])
def test_every_ending_has_words_and_a_tone(tmp_path, ending):
    page = write_report(write_sample(tmp_path / "e", ending=ending, size=(320, 200))).read_text()
    said = json.loads(re.search(r'class="handeye-header">(.*?)</script>', page).group(1))["ending"]
    tone, words = said["tone"], said["text"]
    assert f"<p>{escape(words)}." in page  # where no script runs, too
    assert (tone == "good") == (ending is not None and ending.ok)
    assert len(words) > 10


def test_what_cannot_be_written_is_one_clear_line(tmp_path):
    with pytest.raises(EpisodeError, match="holds no episode"):
        write_report(tmp_path)
    write_sample(tmp_path / "e")
    with pytest.raises(EpisodeError, match=r"cannot write the report to .* choose another --out"):
        write_report(tmp_path / "e", tmp_path / "e" / "episode.json" / "x.html")


@given(st.text(st.characters(exclude_categories=[])))
def test_escaped_text_is_never_markup_and_loses_nothing_printable(text):
    page = templates().from_string('<p title="{{ text }}">{{ text }}</p>').render(text=text)
    escaped = page[len('<p title="') :].partition('">')[0]
    assert not set(escaped) & set("<>\"'\x00")
    escaped.encode()
    clean = re.sub("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]", "", text)
    shown = iter(html.unescape(escaped))
    assert all(character in shown for character in clean)
    assert page == f'<p title="{escaped}">{escaped}</p>'


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (2e-5, "<0.1 ms"),
        *((0, "0 ms"), (0.0004, "0.4 ms"), (0.34, "340 ms"), (0.9996, "1.0 s"), (3.21, "3.2 s"), (59.96, "1 min 00 s")),
        *((125, "2 min 05 s"), (3780, "1 h 03 min"), (1e12, "277,777,777 h 46 min")),
    ],
)
def test_durations_are_in_plain_units(seconds, words):
    assert duration(seconds) == words


def test_the_film_plays_and_is_scrubbed_by_keys(browser, sample):
    at = "document.querySelector('.film-words strong').textContent"
    browser.open(sample)
    assert browser.js(f"return [{at}, document.querySelectorAll('.film-strip li').length]") == ["Step 1 of 9", 9]
    browser.type("..")
    assert browser.js(f"return {at}") == "Step 3 of 9"
    browser.press(",")
    assert browser.js(f"return {at}") == "Step 2 of 9"
    browser.js("document.querySelector('.film-controls select').value = '4'")
    browser.press("p")
    browser.wait_for(f"{at} === 'Step 9 of 9'")
    browser.wait_for("document.querySelector('.film-controls').textContent.includes('Play')")
    browser.js("document.querySelector('.film-strip li:nth-child(4) button').click()")
    shown = "document.querySelector('.film-stage .overlay .marks').childElementCount > 0"
    assert browser.js(f"return [{at}, {shown}]") == ["Step 4 of 9", True]
