"""Checks of the state of a desktop task: files, clipboard, browser profile, forms sent to the web server.

A check takes the world and returns one line that says what is wrong, "" for nothing. Only `answered` reads what the
agent said.
"""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from PIL import Image, UnidentifiedImageError

from benchmarks.suites.desktop.world import Check, DesktopWorld


def every(*checks: Check) -> Check:
    """All of `checks`; the first fault counts."""
    return lambda world: next((fault for fault in (check(world) for check in checks) if fault), "")


def files(changes: Mapping[str, str | bytes | None] | None = None) -> Check:
    """The home's files are as they were set up, but for `changes`: what a path must hold now; None: it must be gone.

    Text is compared without white space at its end. Other files may be there.
    """
    wanted = dict(changes or {})

    def check(world: DesktopWorld) -> str:
        before = {name: content for name, content in world.scene.files.items() if not name.endswith("/")}
        for name, content in {**before, **wanted}.items():
            if fault := _file_fault(world.path(name), name, content):
                return fault
        return ""

    return check


def _file_fault(path: Path, name: str, content: str | bytes | None) -> str:
    if content is None:
        return f"{name} is still there" if path.exists() else ""
    if not path.is_file():
        return f"there is no file {name}"
    found = path.read_bytes()
    if isinstance(content, bytes):
        return "" if found == content else f"{name} holds something else than it should"
    text = found.decode("utf-8", "replace")
    return "" if text.rstrip() == content.rstrip() else f"{name} holds {_short(text)}, not {_short(content)}"


def folders(*names: str) -> Check:
    """These folders exist."""
    return lambda world: next((f"there is no folder {name}" for name in names if not world.path(name).is_dir()), "")


def executable(name: str) -> Check:
    """The owner may run the file."""

    def check(world: DesktopWorld) -> str:
        path = world.path(name)
        return "" if path.is_file() and path.stat().st_mode & 0o100 else f"{name} cannot be run"

    return check


def clipboard(text: str) -> Check:
    """The clipboard has exactly `text`, but for white space around it."""

    def check(world: DesktopWorld) -> str:
        found = world.clipboard()
        return "" if (found or "").strip() == text else f"the clipboard has {_short(found or '')}, not {_short(text)}"

    return check


def answered(*accepted: str) -> Check:
    """The agent's last answer has one of `accepted` in it, as a whole word or number, in any case."""

    def check(world: DesktopWorld) -> str:
        answer = world.statements.last
        found = any(re.search(rf"(?<!\w){re.escape(word)}(?!\w)", answer, re.IGNORECASE) for word in accepted)
        return "" if found else f"the answer {_short(answer)} does not say {' or '.join(map(repr, accepted))}"

    return check


def sent(path: str, **values: str) -> Check:
    """The last form sent to `path` has these values; it is the only one, or those before it had the same."""

    def check(world: DesktopWorld) -> str:
        forms = world.pages.sent(path)
        if not forms:
            return f"nothing was sent to {path}"
        for name, value in values.items():
            found = [form.get(name, "") for form in forms]
            if any(one.strip() != value for one in found):
                return f"{name} was sent as {_short(', '.join(found))}, not {_short(value)}"
        return ""

    return check


def not_sent(path: str, *fields: str) -> Check:
    """No form was sent to `path`; with `fields`, none that had one of these."""

    def check(world: DesktopWorld) -> str:
        forms = [form for form in world.pages.sent(path) if not fields or set(fields) & set(form)]
        return f"something was sent to {path}" if forms else ""

    return check


def no_process(mark: str, but: str) -> Check:
    """No process has `mark` in its command line, and one with `but` still runs."""

    def check(world: DesktopWorld) -> str:
        if world.running(mark):
            return f"the process {mark!r} still runs"
        return "" if world.running(but) else f"the process {but!r} was ended too"

    return check


def setting(section: str, key: str, value: str) -> Check:
    """A program's setting (GSettings' keyfile) has this value."""

    def check(world: DesktopWorld) -> str:
        path = world.env.home / "home/.config/glib-2.0/settings/keyfile"
        lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
        start = lines.index(f"[{section}]") if f"[{section}]" in lines else len(lines)
        for line in lines[start + 1 :]:
            if line.startswith("["):
                break
            if line == f"{key}={value}":
                return ""
        return f"the setting {key} is not {value}"

    return check


def bookmarked(path: str) -> Check:
    """Chromium's bookmarks have the page `path` of the local server."""

    def check(world: DesktopWorld) -> str:
        text = world.text("chromium/Default/Bookmarks")
        urls = [] if text is None else list(_urls(json.loads(text)))
        return "" if world.pages.url + path in urls else f"{path} is not among the bookmarks"

    return check


def _urls(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [str(node["url"])] if node.get("type") == "url" else []
        return own + [url for value in node.values() for url in _urls(value)]
    return [url for value in node for url in _urls(value)] if isinstance(node, list) else []


def read_in_browser(wanted: Sequence[str], others: Sequence[str]) -> Check:
    """Chromium's history (its sqlite database) has the pages `wanted` and none of `others`."""

    def check(world: DesktopWorld) -> str:
        visited = {url.removeprefix(world.pages.url) for url in _history(world.path("chromium/Default/History"))}
        missing = [path for path in wanted if path not in visited]
        if missing:
            return f"{missing[0]} is not in the browser's history"
        return next((f"{path} was opened too" for path in others if path in visited), "")

    return check


def _history(path: Path) -> list[str]:
    """The addresses in a history that Chromium may hold open: read from a copy."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "History"
        try:
            for name in (path, path.with_name("History-journal")):
                if name.exists():
                    shutil.copy(name, copy.with_name(name.name))
            connection = sqlite3.connect(copy)
            try:
                return [str(row[0]) for row in connection.execute("select url from urls")]
            finally:
                connection.close()
        except (OSError, sqlite3.Error):
            return []


def picture(name: str, wanted: Image.Image, tolerance: int = 0) -> Check:
    """The picture has these pixels, each channel within `tolerance` (0 to 255)."""

    def check(world: DesktopWorld) -> str:
        try:
            with Image.open(world.path(name)) as found:
                pixels = found.convert("RGB")
        except (OSError, UnidentifiedImageError):
            return f"{name} is no picture that can be read"
        if pixels.size != wanted.size:
            return f"{name} is {pixels.width}x{pixels.height}, not {wanted.width}x{wanted.height}"
        pairs = zip(pixels.tobytes(), wanted.convert("RGB").tobytes(), strict=True)
        return "" if all(abs(a - b) <= tolerance for a, b in pairs) else f"{name} shows something else"

    return check


def cells(name: str, wanted: Mapping[str, str]) -> Check:
    """A spreadsheet's cells, e.g. ``{"B4": "120"}``, have these values (the values of formulas, not their text)."""

    def check(world: DesktopWorld) -> str:
        rows = values_of(world.path(name))
        if rows is None:
            return f"there is no spreadsheet {name}"
        for place, value in wanted.items():
            found = _cell(rows, place)
            if not _same(found, value):
                return f"{place} of {name} is {_short(found)}, not {_short(value)}"
        return ""

    return check


_CONVERT = ("ssconvert", "--import-type=Gnumeric_XmlIO:sax", "--export-type=Gnumeric_stf:stf_csv")


def values_of(path: Path) -> list[list[str]] | None:
    """The values of a spreadsheet's first sheet, by gnumeric's own converter; None where it cannot be read."""
    import csv

    if not path.is_file():
        return None
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.csv"
        done = subprocess.run(
            [*_CONVERT, str(path), str(out)],
            env={"PATH": "/usr/bin:/bin", "HOME": folder, "LANG": "C.UTF-8"},
            capture_output=True, timeout=30, check=False,
        )  # fmt: skip
        if done.returncode != 0 or not out.is_file():
            return None
        return list(csv.reader(out.read_text(encoding="utf-8").splitlines()))


def _cell(rows: list[list[str]], place: str) -> str:
    column, row = ord(place[0]) - ord("A"), int(place[1:]) - 1
    return rows[row][column] if row < len(rows) and column < len(rows[row]) else ""


def _same(found: str, wanted: str) -> bool:
    try:
        return abs(float(found) - float(wanted)) < 1e-6
    except ValueError:
        return found.strip() == wanted


def _short(text: str) -> str:
    line = " ⏎ ".join(text.strip().splitlines())
    return repr(line if len(line) <= 80 else line[:79] + "…")
