"""Every link of the documentation leads somewhere: a file, a heading of it, or an address that could be one."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.docs.pages import PAGES, ROOT

OTHERS = [ROOT / name for name in ("SECURITY.md", "CHANGELOG.md")]
_FENCED = re.compile(r"^ *(```|~~~).*?^ *\1 *$", re.MULTILINE | re.DOTALL)
_TO = r"(?P<to>[^()\s]+(?:\([^()]*\))?[^()\s]*)"
_LINK = re.compile(rf"!?\[(?:[^\[\]]|\[[^\]]*\])*\]\({_TO}\)|(?:href|src)=\"(?P<html>[^\"]+)\"")

_HEADING = re.compile(r"^#{1,6} +(.+?) *$", re.MULTILINE)


@cache
def prose(page: Path) -> str:
    """The text without fences and code."""
    text = _FENCED.sub("", page.read_text(encoding="utf-8"))
    return re.sub(r"`[^`\n]+`", lambda code: "" if "](" in code[0] else code[0], text)


@cache
def anchors(page: Path) -> set[str]:
    """The headings of `page`, as GitHub and the site name them."""
    found: set[str] = set()
    for heading in _HEADING.findall(prose(page)):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)|[`*_]", r"\1", heading).lower()
        name = re.sub(r"\s", "-", re.sub(r"[^\w\s-]", "", plain).strip())
        count = 0
        while (unique := f"{name}-{count}" if count else name) in found:
            count += 1
        found.add(unique)
    return found


def links(page: Path) -> list[str]:
    return [found["to"] or found["html"] for found in _LINK.finditer(prose(page))]


def wrong_with(page: Path, link: str) -> str | None:
    parts = urlsplit(link)
    if parts.scheme:
        good = parts.scheme in ("http", "https", "mailto") and ("." in parts.netloc or parts.scheme == "mailto")
        return None if good else "no address"
    target = (page.parent / parts.path).resolve() if parts.path else page
    if not target.exists():
        return "no such file"
    if parts.fragment and target.suffix == ".md" and parts.fragment not in anchors(target):
        return f"no such heading; there are {sorted(anchors(target))}"
    return None


@pytest.mark.parametrize("page", [*PAGES, *OTHERS], ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    wrong = [f"{link}: {why}" for link in links(page) if (why := wrong_with(page, link))]
    assert not wrong, "\n".join(wrong)


def test_there_are_links_and_wrong_ones_are_seen() -> None:
    assert sum(len(links(page)) for page in PAGES) > 60
    page = ROOT / "README.md"
    assert wrong_with(page, "docs/models.md#real-servers") is None
    for link in ("docs/none.md", "docs/models.md#none", "#none", "ftp://x.org", "http://nowhere"):
        assert wrong_with(page, link), link
