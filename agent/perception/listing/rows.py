"""The rows of an element list, their text within a budget, and what differs between two lists."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import groupby
from typing import Any

from actions.errors import plural
from actions.frame import Box

STATUS_BAR, NAVIGATION_BAR, KEYBOARD = "status bar", "navigation bar", "keyboard"
SYSTEM_PARTS = (STATUS_BAR, NAVIGATION_BAR, KEYBOARD)
"""The parts of a phone's screen that are no app's."""
TOKEN_BYTES = 3
"""Bytes to a token, at least."""
CUT = "…"
"""What ends a text that was longer."""
_LONGEST = 100
_TOLD = 6
"""Rows that `changes` names of each kind."""


@dataclass(frozen=True)
class Row:
    """One element. `box` is frame pixels, `name` the words on or beside it, `value` what a field holds, `state` words
    such as ``on``.

    `part` is the window or bar that it belongs to, "" for the app in front of a phone. `number` is 0 for what can only
    be read; `new` says that it was not on the screen before.
    """

    box: Box
    role: str
    name: str
    value: str = ""
    state: tuple[str, ...] = ()
    part: str = ""
    acts: bool = True
    number: int = 0
    new: bool = False

    @property
    def key(self) -> tuple[str, str, str]:
        """What stays the same of an element whose state changes."""
        return self.part, self.role, self.name

    @property
    def words(self) -> str:
        """Role, name, value and state on one line: ``switch "Bluetooth" (off)``."""
        said = f'{self.role} "{self.name}"' if self.name else self.role
        held = f' containing "{self.value}"' if self.value else ""
        return said + held + (f" ({', '.join(self.state)})" if self.state else "")

    @property
    def line(self) -> str:
        """`words` with the number, and a star for a new one."""
        return ("* " if self.new else "") + (f"[{self.number}] " if self.number else "") + self.words


@dataclass(frozen=True)
class ElementList:
    """The elements of one screen in reading order, by part; `app` is the one in front, `scrolls` that there is more."""

    rows: tuple[Row, ...]
    app: str = ""
    scrolls: bool = False

    def numbered(self, number: int) -> Row | None:
        """The row with this number."""
        return next((row for row in self.rows if row.number == number and number), None)

    def text(self, tokens: int = 1500) -> str:
        """The list for a prompt, a row a line, in at most about `tokens` tokens: what does not fit is counted."""
        lines = [f"App: {self.app}"] if self.app else []
        left = tokens * TOKEN_BYTES - sum(map(len, lines))
        for part, group in groupby(self.rows, lambda row: row.part):
            rows = list(group)
            if part in SYSTEM_PARTS:
                lines.append(_folded(part, rows))
            else:
                lines += [f"{part}:"] if part else []
                shown = list(_fitting(rows, left))
                lines += shown
                left -= sum(len(line.encode()) + 1 for line in shown)
                if len(shown) < len(rows):
                    lines.append(f"… and {plural(len(rows) - len(shown), 'more element')}")
        return "\n".join([*lines, *(["There is more: scroll to see it."] if self.scrolls else [])])

    def to_json(self) -> dict[str, Any]:
        """The object that ``handeye elements --json`` prints."""
        rows = [asdict(row) | {"box": [round(v, 1) for v in row.box], "state": list(row.state)} for row in self.rows]
        for row in rows:
            del row["acts"]
        return {"app": self.app or None, "scrolls": self.scrolls, "elements": rows}


def clean(words: Iterable[str]) -> str:
    """`words` on one line without double quotes, each once, cut to a length that names an element."""
    said = dict.fromkeys(" ".join(word.replace('"', "'").split()) for word in words)
    text = " - ".join(filter(None, said))
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + CUT


def numbered(rows: Sequence[Row], before: ElementList | None) -> tuple[Row, ...]:
    """`rows` with numbers from 1 up. Where at least half of the numbered ones stay they keep theirs, and the others are
    new; elsewhere it is another screen, and nothing is marked.
    """
    known = {key: row.number for key, row in _keyed(before.rows if before else ())}
    keys = [key for key, _ in _keyed(rows)]
    able = [key for key, row in zip(keys, rows, strict=True) if row.acts]
    stay = [key for key in able if known.get(key)]
    same = 2 * len(stay) >= len(able)
    kept = {key: known[key] for key in stay} if same else {}
    taken = set(kept.values())
    free = iter(number for number in range(1, 2 * len(rows) + 2) if number not in taken)
    return tuple(
        replace(
            row, number=(kept.get(key) or next(free)) if row.acts else 0, new=same and bool(known) and key not in known
        )
        for key, row in zip(keys, rows, strict=True)
    )


def changes(before: ElementList, after: ElementList) -> str:
    """What differs, in words: which rows appeared and vanished, and whose state is another; "" for nothing."""
    was, now = dict(_keyed(before.rows)), dict(_keyed(after.rows))
    came = [row.words for key, row in now.items() if key not in was]
    went = [row.words for key, row in was.items() if key not in now]
    told = [f"the app in front is now {after.app}"] if before.app != after.app else []
    if was and len(went) > 0.6 * len(was):
        return "; ".join([*told, "another screen came" if came else "the screen is empty"])
    both = [(old, now[key]) for key, old in was.items() if key in now]
    other = [f"{old.words} became {_held(new)}" for old, new in both if _differs(old, new)]
    told += [f"appeared: {_named(came)}"] if came else []
    told += [f"vanished: {_named(went)}"] if went else []
    return "; ".join([*told, *other[:_TOLD]])


def _differs(old: Row, new: Row) -> bool:
    return (old.value, set(old.state) - {"focused"}) != (new.value, set(new.state) - {"focused"})


def _held(row: Row) -> str:
    """The value and the state alone."""
    said = [f'"{row.value}"'] if row.value else []
    return ", ".join([*said, *row.state]) or "empty"


def _named(words: Sequence[str]) -> str:
    more = f" and {len(words) - _TOLD} more" if len(words) > _TOLD else ""
    return ", ".join(words[:_TOLD]) + more


def _keyed(rows: Iterable[Row]) -> Iterator[tuple[tuple[Any, ...], Row]]:
    """The rows, each with its key and which one of those with the same key it is."""
    count = dict[tuple[str, str, str], int]()
    for row in rows:
        count[row.key] = count.get(row.key, 0) + 1
        yield (*row.key, count[row.key]), row


def _fitting(rows: Sequence[Row], left: float) -> Iterator[str]:
    """The lines of the first rows that `left` bytes have room for."""
    for row in rows:
        left -= len(row.line.encode()) + 1
        if left < 0:
            return
        yield row.line


def _folded(part: str, rows: Sequence[Row]) -> str:
    """A system part in one line."""
    if part == KEYBOARD:
        return "The keyboard is shown."
    return f"{part.capitalize()}: {', '.join(row.name for row in rows if row.name)}"
