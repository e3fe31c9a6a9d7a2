"""Every page at every size, light and dark: axe-core finds no grave fault and nothing scrolls sideways."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.agent.browser import INSTALLED, Browser, chromium
from tests.chromium_checks import check_open
from tests.pages import PAGES, READY, look, waiting_page

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


@pytest.fixture(scope="module", params=[*PAGES, "live"])
def page(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path | str]]:
    if request.param == "live":
        with waiting_page() as address:
            yield "live", address
    else:
        yield request.param, PAGES[request.param](tmp_path_factory.mktemp(request.param))


def check(browser: Browser, page: tuple[str, Path | str], width: int, scheme: str) -> None:
    name, address = page
    look(browser, width, scheme)
    browser.open(address)
    browser.wait_for(READY.get(name, "document.readyState === 'complete'"))
    assert browser.js("return document.querySelectorAll('#theme').length") == 1
    across, room = browser.js(WIDE)
    assert across <= room, f"{name} scrolls sideways at {width}: {across}"
    assert browser.js(BROKEN) == [], f"words of {name} are broken at {width}"
    check_open(browser, f"{name} {width} {scheme}", rules=None if width == SWEEP[0][0] else ("color-contrast",))


@pytest.mark.parametrize(("width", "scheme"), QUICK)
def test_a_page_reads_well_and_has_no_fault(
    browser: Browser, page: tuple[str, Path | str], width: int, scheme: str
) -> None:
    check(browser, page, width, scheme)


@pytest.mark.slow
def test_at_every_size_light_and_dark(browser: Browser, page: tuple[str, Path | str]) -> None:
    for width, scheme in SWEEP:
        check(browser, page, width, scheme)


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
