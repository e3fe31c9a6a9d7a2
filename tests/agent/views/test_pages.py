"""Every page at every size, light and dark: axe-core finds no grave fault and nothing scrolls sideways."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.views.site.server import SiteServer
from tests.agent.browser import INSTALLED, Browser, chromium
from tests.chromium_checks import check_open
from tests.pages import PAGES, PICTURES, SERVED, SITE, look, served_site, show, shown_in_docs, take

WIDE = "return [document.documentElement.scrollWidth, innerWidth]"
BROKEN = """
return [...document.querySelectorAll('td, th, dt, button, a, h1, h2, h3')].filter(node => {
  if (node.childElementCount || !/^[\\w.%+-]{2,12}$/.test(node.textContent.trim()) || !node.offsetParent) return false;
  const range = document.createRange(); range.selectNodeContents(node);
  return new Set([...range.getClientRects()].map(box => Math.round(box.top))).size > 1;
}).map(node => node.textContent.trim());
"""
QUICK = ((390, "light"), (1280, "dark"))
SWEEP = [(width, scheme) for width in (390, 1280, 1920) for scheme in ("light", "dark")]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not INSTALLED:
        pytest.skip("needs Chromium and chromedriver")
    with chromium() as one:
        yield one


Page = tuple[str, Path | str | SiteServer]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SiteServer]:
    with served_site(tmp_path_factory.mktemp("site")) as server:
        yield server


@pytest.fixture(scope="module", params=[*PAGES, *SERVED, *SITE])
def page(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    if request.param in PAGES:
        yield request.param, PAGES[request.param](tmp_path_factory.mktemp(request.param))
    elif request.param in SERVED:
        with SERVED[request.param]() as address:
            yield request.param, address
    else:
        yield request.param, request.getfixturevalue("site")


def check(browser: Browser, page: Page, width: int, scheme: str) -> None:
    name, place = page
    look(browser, width, scheme)
    show(browser, name, place)
    if name == "view-missing":
        assert "404" in browser.console()[-1]
    assert browser.js("return document.querySelectorAll('#theme').length") == 1
    across, room = browser.js(WIDE)
    assert across <= room, f"{name} scrolls sideways at {width}: {across}"
    assert browser.js(BROKEN) == [], f"words of {name} are broken at {width}"
    check_open(browser, f"{name} {width} {scheme}", rules=None if width == SWEEP[0][0] else ("color-contrast",))


@pytest.mark.parametrize(("width", "scheme"), QUICK)
def test_a_page_reads_well_and_has_no_fault(browser: Browser, page: Page, width: int, scheme: str) -> None:
    check(browser, page, width, scheme)


@pytest.mark.slow
def test_at_every_size_light_and_dark(browser: Browser, page: Page) -> None:
    for width, scheme in SWEEP:
        check(browser, page, width, scheme)


def test_every_picture_of_a_page_in_the_documentation_is_taken_here() -> None:
    names = shown_in_docs()
    assert {name.removesuffix("-phone") for name in names} <= {*PAGES, *SERVED, *SITE}
    text = "".join(
        path.read_text("utf-8") for path in [*PICTURES.parent.rglob("*.md"), PICTURES.parents[1] / "README.md"]
    )
    assert [name for name in names if f"img/{name}.png" not in text] == []


@pytest.mark.slow
def test_the_pictures_of_the_documentation_can_be_taken(tmp_path: Path) -> None:
    if not INSTALLED:
        pytest.skip("needs Chromium and chromedriver")
    take(tmp_path, shown_in_docs())
    assert sorted(path.stem for path in tmp_path.glob("*.png")) == shown_in_docs()


def test_the_theme_is_kept_from_page_to_page(browser: Browser, tmp_path: Path) -> None:
    look(browser, 1280, "light")
    dark = "getComputedStyle(document.body).backgroundColor.match(/\\d+/g)[0] < 100"
    first, second = (PAGES[name](tmp_path / name) for name in ("answer", "mismatch"))
    browser.open(first)
    assert not browser.js(f"return {dark}")
    browser.js("document.getElementById('theme').click()")
    browser.open(second)
    assert browser.js(f"return {dark}")
    browser.js("localStorage.clear()")
