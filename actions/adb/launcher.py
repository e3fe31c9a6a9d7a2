"""The apps of the device's launcher with their labels in the device's language.

``cmd package query-activities`` gives the components and the numbers of the labels; the texts are read from each app's
``resources.arsc``, which the device's ``unzip`` (Android 10) takes out of the APK. Nothing on the screen changes.
"""

from __future__ import annotations

import base64
import re
import time
from dataclasses import dataclass

from actions.adb.lines import command, pipe, quiet, sequence
from actions.adb.link import AdbLink
from actions.adb.resources import Locale, read_locales, resource_text

MAIN = "android.intent.action.MAIN"
LAUNCHER = "android.intent.category.LAUNCHER"
_QUERY = command("cmd", "package", "query-activities", "-a", MAIN, "-c", LAUNCHER)
_LANGUAGES = sequence(
    command("settings", "get", "system", "system_locales"),
    command("getprop", "persist.sys.locale"),
    command("getprop", "ro.product.locale"),
)
_LABEL = re.compile(r"labelRes=0x([0-9a-f]+) nonLocalizedLabel=(.*?) icon=0x")
_SECONDS = 45.0
"""The longest that labels are read; the rest of them have none."""


@dataclass(frozen=True)
class LauncherApp:
    """An entry of the launcher: package, component ``package/activity``, and label; None where it cannot be had."""

    package: str
    component: str
    label: str | None = None


@dataclass(frozen=True)
class _Entry:
    package: str
    component: str
    label: str | None
    number: int
    files: tuple[str, ...]


class LauncherApps:
    """The launcher's apps of the device behind `link`. Labels are read once, and anew for a new app or language."""

    def __init__(self, link: AdbLink) -> None:
        self._link = link
        self._labels: dict[tuple[_Entry, tuple[Locale, ...]], str | None] = {}

    def named(self) -> list[LauncherApp]:
        """With their labels; one round trip for each app that is not known yet. Raises `BackendError`."""
        lines = [line.strip() for line in self._link.ask(_LANGUAGES).out.splitlines()]
        locales = read_locales(next((line for line in lines if line not in ("", "null")), "en-US"))
        deadline = time.monotonic() + _SECONDS
        return [LauncherApp(e.package, e.component, self._label(e, locales, deadline)) for e in self._entries()]

    def unnamed(self) -> list[LauncherApp]:
        """Without labels, in one round trip. Raises `BackendError`."""
        return [LauncherApp(entry.package, entry.component) for entry in self._entries()]

    def _entries(self) -> list[_Entry]:
        return parse_activities(self._link.ask(_QUERY).out)

    def _label(self, entry: _Entry, locales: tuple[Locale, ...], deadline: float) -> str | None:
        if entry.label is not None or not entry.number:
            return entry.label
        key = (entry, locales)
        if key not in self._labels and time.monotonic() < deadline:
            spoken = tuple(f"config.{language}.apk" for language, _ in locales)
            files = [name for name in entry.files if name == entry.files[0] or name.endswith(spoken)]
            self._labels[key] = resource_text([self._table(name) for name in files], entry.number, locales)
        return self._labels.get(key)

    def _table(self, file: str) -> bytes:
        taken = quiet(command("unzip", "-p", file, "resources.arsc"))
        return base64.b64decode(self._link.ask(pipe(taken, command("base64"))).out)


def parse_activities(said: str) -> list[_Entry]:
    """Read what ``query-activities`` prints; an activity's own label goes before its application's."""
    found = []
    for block in re.split(r"^\s*Activity #\d+:", said, flags=re.MULTILINE)[1:]:
        activity, _, application = block.partition("ActivityInfo:")[2].partition("ApplicationInfo:")
        names = [re.search(rf"^\s*{key}=([\w.$]+)\s*$", activity, re.MULTILINE) for key in ("packageName", "name")]
        if not (names[0] and names[1]):
            continue
        labels = [m for part in (activity, application) if (m := _LABEL.search(part))]
        label = next((m for m in labels if int(m[1], 16) or m[2] != "null"), None)
        literal = label[2] if label and label[2] != "null" else None
        base = re.search(r"^\s*sourceDir=(.+)$", application, re.MULTILINE)
        splits = re.search(r"^\s*splitSourceDirs=\[(.*)\]", application, re.MULTILINE)
        files = (*([base[1].strip()] if base else []), *(splits[1].split(", ") if splits and splits[1] else []))
        package, number = names[0][1], int(label[1], 16) if label and literal is None else 0
        found.append(_Entry(package, f"{package}/{names[1][1]}", literal, number, files))
    return found
