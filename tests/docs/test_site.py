"""The site of the documentation: built without a warning, with every page; nothing is loaded from elsewhere."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import handeye
from tests.docs.pages import ROOT
from tools.site_links import on_page_markdown


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("mkdocs")
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    environ = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    built = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=500, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    return folder


@pytest.mark.slow
def test_every_page_is_in_the_site_and_loads_nothing_from_elsewhere(site: Path) -> None:
    for page in (ROOT / "docs").rglob("*.md"):
        html = (site / page.relative_to(ROOT / "docs").with_suffix(".html")).read_text(encoding="utf-8")
        assert not re.findall(
            r"""<(?:script|img|iframe)[^>]*\ssrc="https?:|<link rel="stylesheet" href="https?:""", html
        )


@pytest.mark.slow
def test_every_public_name_is_described(site: Path) -> None:
    html = (site / "api.html").read_text(encoding="utf-8")
    small = {"actions", "Action", "AnyAction", "Allow", "Usage", "Judged", "Summary"}
    errors = {"HandeyeError", "UserError", "EnvError", "SuiteError", "ShadowedError"}
    missing = {name for name in handeye.__all__ if not re.search(rf'id="[\w.]+\.{name}"', html)}
    assert missing <= small | errors, missing


class _Page:
    """What mkdocs gives the hook, as far as it is used."""

    def __init__(self, path: str) -> None:
        self.file, self.src_uri = self, path


def test_links_out_of_the_site_become_text_or_lead_into_the_repository(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "[keys](../../actions/keys.py#L3), [models](../models.md), [x](https://x.org)"
    monkeypatch.delenv("HANDEYE_SOURCE", raising=False)
    kept = "[models](../models.md), [x](https://x.org)"
    assert on_page_markdown(text, _Page("benchmarks/a.md")) == f"keys, {kept}"
    monkeypatch.setenv("HANDEYE_SOURCE", "https://h.org/o/handeye/blob/v1")
    found = on_page_markdown(text, _Page("benchmarks/a.md"))
    assert found == f"[keys](https://h.org/o/handeye/blob/v1/actions/keys.py#L3), {kept}"
