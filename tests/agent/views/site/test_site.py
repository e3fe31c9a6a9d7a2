"""The site of a folder: who gets in, what is listed, and what its pages show."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from agent.core.task import Ending
from agent.episodes import read_episode
from agent.views.site.catalog import Catalog
from agent.views.site.comparison import aligned
from agent.views.site.question import SentPicture, question_of, sent_picture
from agent.views.site.server import SiteServer
from tests.agent.browser import INSTALLED, Browser, chromium
from tests.agent.sample_episode import TASK, write_sample
from tests.agent.views.site.visitor import NoResults, Visitor, served
from tests.chromium_checks import check_open, injections

HOSTILE = f"{injections('site')} \x00\x1b"
KEY = "runs/done"


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs of a task, one that was killed, one that is damaged, and one whose every text tries to run."""
    root = tmp_path_factory.mktemp("site") / "runs"
    write_sample(root / "done")
    write_sample(root / "deep" / "er" / "gave-up", ending=Ending.GAVE_UP, dark=True, model="holo")
    write_sample(root / "killed", ending=None)
    (root / "broken").mkdir()
    (root / "broken" / "episode.json").write_text("{")
    texts = dict.fromkeys(("task", "thought", "raw", "typed", "app", "message", "model", "env"), HOSTILE)
    write_sample(root / "hostile<img src=x onerror=alert(1)>'\"", dialect=HOSTILE, **texts)
    (root / "empty").mkdir()
    return root


@pytest.fixture(scope="module")
def server(runs: Path) -> Iterator[SiteServer]:
    server = served(runs)
    yield server
    server.close()


@pytest.fixture
def visitor(server: SiteServer) -> Visitor:
    return Visitor(server).enter()


# --- who gets in ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["", "at/runs/done/", "thumb/runs/done/", "assets/site.js", "nothing", "compare?a=b"])
def test_path_and_cookie_are_both_needed(server: SiteServer, visitor: Visitor, path: str) -> None:
    stranger = Visitor(server)
    for cookie in ("", "handeye-view=x", f"{visitor.cookie}x"):
        stranger.cookie = cookie
        answer = stranger.get(path)
        assert (answer.status, answer.body) == (403, b"")
    assert visitor.raw("GET", f"/other/{path}").status == 403
    assert visitor.raw("GET", f"/{path}?token=wrong").status == 403
    for headers in ({"Host": "evil.example"}, {"Origin": "http://evil.example"}, {"Origin": "null"}):
        assert visitor.get(path, **headers).status == 403
    assert visitor.raw("POST", f"{server.place}{path}", b"{}").status == 405


def test_the_cookie_is_for_this_sites_path_alone_and_has_no_token(server: SiteServer) -> None:
    visitor = Visitor(server)
    answer = visitor.raw("GET", f"/?token={visitor.token}")
    cookie, *guards = answer.getheader("Set-Cookie").split("; ")
    assert {"HttpOnly", "SameSite=Strict", f"Path={server.place}"} == set(guards)
    assert visitor.token not in cookie
    assert visitor.token.encode() not in answer.body
    assert "script-src 'self'" in visitor.enter().get().getheader("Content-Security-Policy")


@pytest.mark.parametrize(
    "key",
    ["runs/..", "runs/../runs/done", "runs/%2e%2e/runs/done", "etc", "runs//done", "runs/link", "runs/link/done",
     "runs/done%00", "runs/.hidden", "other/done", "runs/empty", "runs/done/frames"],
)  # fmt: skip
def test_nothing_outside_the_folder_is_served(runs: Path, visitor: Visitor, key: str) -> None:
    if not (runs / "link").is_symlink():
        (runs / "link").symlink_to(runs.parent / "runs", target_is_directory=True)
    for page in (f"at/{key}/", f"thumb/{key}/", f"at/{key}/screen/0"):
        assert visitor.get(page).status == 404


# --- the index -----------------------------------------------------------------------------------------------------


def test_every_episode_is_a_line_whatever_its_state(runs: Path) -> None:
    entries = {entry.folder.name: entry for entry in Catalog(runs, NoResults()).entries()}
    assert len(entries) == 5
    assert (entries["done"].state, entries["done"].tone, entries["done"].facts[0]) == ("done", "good", "9 steps")
    assert (entries["killed"].state, entries["killed"].facts) == ("unfinished", ("9 steps",))
    assert entries["broken"].state == "unreadable"
    assert "damaged" in entries["broken"].problem
    assert entries["gave-up"].key == "runs/deep/er/gave-up"


def test_search_and_filters(visitor: Visitor) -> None:
    assert "5 runs" in visitor.text()
    for query, count in (
        ("q=file+menu", 3),
        ("state=gave+up", 1),
        ("model=holo", 1),
        ("q=file&state=done", 1),
        ("q=zzz", 0),
    ):
        page = visitor.text(f"?{query}")
        assert page.count('<li class="run') == count, query
        assert f"{count} of 5 runs" in page


def test_a_new_episode_is_there_on_the_next_load_and_a_changed_one_is_read_again(tmp_path: Path) -> None:
    root = tmp_path / "r"
    write_sample(root / "a", ending=None)
    catalog = Catalog(root, NoResults())
    assert [entry.state for entry in catalog.entries()] == ["unfinished"]
    write_sample(root / "b")
    document = json.loads((root / "a" / "episode.json").read_text())
    document.pop("crc32")
    (root / "a" / "episode.json").write_text(json.dumps(document | {"ending": "stuck"}))
    assert sorted(entry.state for entry in catalog.entries()) == ["done", "stuck"]
    shutil.rmtree(root / "b")
    assert [entry.state for entry in catalog.entries()] == ["stuck"]


def test_thumbnails_are_small_and_made_from_the_last_step_alone(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.views.site.pictures.read_episode", None)
    answer = visitor.get("thumb/runs/done/")
    image = cv2.imdecode(np.frombuffer(answer.body, np.uint8), cv2.IMREAD_COLOR)
    assert image.shape == (160, 256, 3)
    assert visitor.get("thumb/runs/broken/").status == 404


# --- an episode ----------------------------------------------------------------------------------------------------


def test_a_screen_is_served_whole_small_and_as_sent(runs: Path, visitor: Visitor) -> None:
    sizes = {}
    for part in ("screen/3", "small/3", "as-sent/3?scale=1", "as-sent/3?scale=0.5"):
        body = visitor.get(f"at/{KEY}/{part}").body
        sizes[part] = cv2.imdecode(np.frombuffer(body, np.uint8), cv2.IMREAD_COLOR).shape[1::-1]
    resized = sent_picture(read_episode(runs / "done"), 3).shape[1::-1]
    assert [*sizes.values()] == [(1280, 800), (256, 160), resized, (resized[0] // 2, resized[1] // 2)]
    assert visitor.get(f"at/{KEY}/screen/99").status == 404
    assert json.loads(visitor.get(f"at/{KEY}/changes/0").body)["changes"]


def test_the_question_is_made_again_with_its_history_and_its_picture(runs: Path) -> None:
    question = question_of(read_episode(runs / "done"), 3)
    texts = [part for message in question.messages for part in message.parts if isinstance(part, str)]
    pictures = [part for message in question.messages for part in message.parts if isinstance(part, SentPicture)]
    assert any(TASK in text for text in texts)
    assert pictures[-1].step == 3
    assert "others than those of the run" in question.notes[0]  # the sample's prompt hash is made up
    assert question_of(read_episode(runs / "killed"), 0).messages[0].role == "system"


def test_an_episode_cannot_have_a_dialect_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "evil_dialect.py").write_text("raise SystemExit('it ran')")
    monkeypatch.syspath_prepend(tmp_path)
    for dialect in ("evil_dialect:x", str(tmp_path / "evil.toml")):
        folder = write_sample(tmp_path / f"e{len(dialect)}", dialect=dialect)
        question = question_of(read_episode(folder), 0)
        assert not question.messages
        assert "not loaded" in question.notes[0]
    assert "evil_dialect" not in sys.modules


def test_two_episodes_differ_first_where_they_act_otherwise(runs: Path) -> None:
    steps = read_episode(runs / "done").steps
    assert aligned(steps, steps) == ([True] * 9, None)
    moved = steps[2].model_copy(update={"action": steps[3].action})
    assert aligned(steps, (*steps[:2], moved, *steps[3:]))[1] == 2
    assert aligned(steps, steps[:4]) == ([True] * 4, 4)


# --- in a browser --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not INSTALLED:
        pytest.skip("needs Chromium and chromedriver")
    with chromium() as one:
        yield one


def check_everywhere(browser: Browser, words: str) -> None:
    """No page is wider than a phone, a laptop or a large screen; the colours are told apart in the dark, too."""
    for width in (390, 1280, 1920):
        browser.cdp(
            "Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=width < 400
        )
        page = "document.documentElement"  # it takes the new size when it is next laid out
        browser.wait_for(f"{page}.clientWidth <= {width} && {page}.scrollWidth <= {page}.clientWidth")
    browser.cdp("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}])
    check_open(browser, f"{words}, dark", rules=("color-contrast",))
    browser.cdp("Emulation.setEmulatedMedia", features=[])
    check_open(browser, words)


def test_the_pages_in_a_browser(browser: Browser, server: SiteServer) -> None:
    browser.open(server.url)
    browser.wait_for("document.querySelectorAll('.run').length === 5")
    check_everywhere(browser, "index")
    browser.js("filters.elements.state.value = 'gave up'; filters.dispatchEvent(new Event('input', {bubbles: true}))")
    browser.wait_for("document.querySelectorAll('.run').length === 1")
    home = browser.js("return location.origin + document.body.dataset.home")
    assert browser.js("return location.search") == "?state=gave+up"

    browser.open(browser.js("return document.querySelector('.run a').href"))
    browser.wait_for("document.querySelector('.film-stage img')?.naturalWidth === 1280")
    browser.js("handeye.go(3)")
    browser.js("document.querySelector('#step-4 .sent').open = true")
    browser.wait_for("document.querySelector('#step-4 .sent img')?.naturalWidth > 1000")
    browser.js("document.querySelector('#step-2 .views button:nth-child(2)')?.click()")
    check_everywhere(browser, "episode")

    browser.js("document.querySelector('#site-bar button').click()")
    browser.wait_for("document.querySelectorAll('.side-row').length === 10")
    assert (
        browser.js("return document.getElementById('verdict').textContent.trim()") == "Both did the same at every step."
    )
    check_everywhere(browser, "comparison")

    browser.open(f"{home}?q=onerror")
    check_open(browser, "hostile line")
    browser.open(browser.js("return document.querySelector('.run a').href"))
    browser.wait_for("document.querySelector('.film-stage img')?.naturalWidth === 1280")
    browser.js("dispatchEvent(new Event('beforeprint')); document.querySelector('.sent').open = true")
    browser.wait_for("document.querySelector('.sent-note')?.textContent.includes('cannot be made again')")
    check_open(browser, "hostile episode")


@pytest.mark.slow
def test_a_thousand_episodes_are_one_page_that_scrolls(browser: Browser, tmp_path: Path) -> None:
    write_sample(tmp_path / "runs" / "first")
    for number in range(1, 1000):
        shutil.copytree(tmp_path / "runs" / "first", tmp_path / "runs" / f"{number:04}", copy_function=os.link)
    server = served(tmp_path / "runs")
    try:
        browser.open(server.url)
        browser.wait_for("document.querySelectorAll('.run').length === 1000")
        loaded = "[...document.querySelectorAll('.thumb')].filter(i => i.complete && i.naturalWidth).length"
        browser.wait_for(f"{loaded} > 3")
        assert browser.js(f"return {loaded}") < 200, "pictures are loaded where they are looked at"
        browser.js("scrollTo(0, document.documentElement.scrollHeight)")
        last = "document.querySelectorAll('.thumb')[999]"
        browser.wait_for(f"{last}.complete && {last}.naturalWidth > 0")
        assert browser.js(f"return {loaded}") < 400
    finally:
        server.close()
