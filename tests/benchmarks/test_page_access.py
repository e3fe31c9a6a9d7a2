"""Every kind of results page in a real Chromium: axe-core finds no grave fault, nothing that a file said runs."""

from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.page import write_page
from tests.agent.browser import Browser
from tests.benchmarks.test_page import browser, episodes, grounding, keep, navigation, write_hostile
from tests.chromium_checks import check_page

__all__ = ["browser", "grounding", "navigation"]

Made = Callable[[Path, Path, Path], Path]


def alone(grounding: Path, navigation: Path, tmp_path: Path) -> Path:
    return grounding / "random" / "report.html"


def compared(grounding: Path, navigation: Path, tmp_path: Path) -> Path:
    return write_page([grounding / name for name in ("random", "centre", "oracle")], tmp_path / "three.html")


def offline(grounding: Path, navigation: Path, tmp_path: Path) -> Path:
    return navigation / "report.html"


def interactive(grounding: Path, navigation: Path, tmp_path: Path) -> Path:
    return write_page([keep(tmp_path, episodes())], tmp_path / "interactive.html")


def hostile(grounding: Path, navigation: Path, tmp_path: Path) -> Path:
    folders = [write_hostile(grounding / name, tmp_path / '"><script>x' / name) for name in ("random", "centre")]
    return write_page(folders, tmp_path / "hostile.html")


@pytest.mark.parametrize("made", [alone, compared, offline, interactive, hostile], ids=lambda made: made.__name__)
def test_no_grave_fault_light_and_dark(
    browser: Browser, grounding: Path, navigation: Path, tmp_path: Path, made: Made
) -> None:
    check_page(made(grounding, navigation, tmp_path), browser)
