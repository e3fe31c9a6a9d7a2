"""Checks of a phone's state after a run. Each returns what is wrong, "" for nothing.

A check records the initial state, so that it accepts exactly the requested change and no other.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Protocol

from benchmarks.suites.phone_tasks.device import RemotePhone, Row


class Check(Protocol):
    """A check of the phone's state."""

    def begin(self, device: RemotePhone) -> None:
        """Record the initial state."""

    def problem(self, device: RemotePhone, answer: str | None) -> str:
        """What is wrong now, "" for nothing; `answer` is the agent's last answer."""


class Rows:
    """A table has lost exactly the rows `gone` and won exactly the rows `new`; other columns do not count."""

    def __init__(
        self, app: str, table: str, columns: Sequence[str], *, new: Sequence[Row] = (), gone: Sequence[Row] = ()
    ) -> None:
        self._where = (app, table, tuple(columns))
        self._new, self._gone = Counter(new), Counter(gone)
        self._before: Counter[Row] = Counter()

    def begin(self, device: RemotePhone) -> None:
        """Note the rows."""
        self._before = Counter(device.rows(*self._where))

    def problem(self, device: RemotePhone, answer: str | None) -> str:
        """Compare them."""
        now = Counter(device.rows(*self._where))
        wanted = self._before - self._gone + self._new
        return _differs(self._where[1], list((wanted - now).elements()), list((now - wanted).elements()))


class TableUnchanged(Rows):
    """A table is as it was."""


class FilesChanged:
    """The files under ``/sdcard`` have lost and won exactly these: path to text; a folder's path ends in ``/``."""

    def __init__(self, *, new: Mapping[str, str] | None = None, gone: Mapping[str, str] | None = None) -> None:
        self._new, self._gone = Counter((new or {}).items()), Counter((gone or {}).items())
        self._before: Counter[tuple[str, str]] = Counter()

    def begin(self, device: RemotePhone) -> None:
        """Note the files."""
        self._before = device.files()

    def problem(self, device: RemotePhone, answer: str | None) -> str:
        """Compare them."""
        now, wanted = device.files(), self._before - self._gone + self._new
        return _differs("files", list((wanted - now).elements()), list((now - wanted).elements()))


class Setting:
    """A setting has this value. `before` is what it is set to when the task begins."""

    def __init__(self, at: str, value: str, before: str) -> None:
        self._at, self._value, self._before = at.split(" "), value, before

    def begin(self, device: RemotePhone) -> None:
        """Set it to something else."""
        device.put(self._at[0], self._at[1], self._before)

    def problem(self, device: RemotePhone, answer: str | None) -> str:
        """Compare it."""
        now = device.setting(self._at[0], self._at[1])
        return "" if now == self._value else f"{self._at[1]} is {now}, not {self._value}"


class AnswerSays:
    """The agent's last `answer` says one of `wanted`: the same words, among at most twelve others and no other number.

    Case, punctuation and spaces do not count.
    """

    def __init__(self, *wanted: str) -> None:
        self._wanted = wanted

    def begin(self, device: RemotePhone) -> None:
        """Nothing to note."""

    def problem(self, device: RemotePhone, answer: str | None) -> str:
        """Compare it."""
        if answer is None:
            return "no answer was given"
        return "" if any(says(answer, one) for one in self._wanted) else f"the answer {answer!r} is not {self._wanted}"


def says(answer: str, wanted: str) -> bool:
    """Whether `answer` says `wanted` and nothing that contradicts it."""
    said, words = _words(answer), _words(wanted)
    inside = any(said[n : n + len(words)] == words for n in range(len(said) - len(words) + 1))
    figures = [word for word in said if any(c.isdigit() for c in word)]
    extra = [figure for figure in figures if figure not in words]
    return inside and len(said) <= len(words) + 12 and not extra


def _words(text: str) -> list[str]:
    return re.findall(r"[\w+@]+(?:[.:,'-]\w+)*", text.lower())


def _differs(what: str, missing: Sequence[object], surplus: Sequence[object]) -> str:
    parts = [f"not there: {missing[:3]}"] if missing else []
    parts += [f"should not be there: {surplus[:3]}"] if surplus else []
    return f"{what}: {'; '.join(parts)}" if parts else ""
