"""The items of a plan in words, and which row of an element list one is about."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rapidfuzz.fuzz import ratio

from agent.perception.listing.rows import Row
from agent.perception.meaning.vocabulary import ROLE_WORDS

Kind = Literal["open", "tap", "type", "write", "keys", "on", "off", "tell", "find", "other"]
"""``write`` types where the cursor is, ``type`` into a field; ``keys`` is a chord; ``find`` is a fact that must be
known before the task can be planned; ``other`` is what no other kind fits: which element does it is asked.
"""

_QUOTED = r'[“"\'‘]?(.+?)[”"\'’]?'
_NAMED_KEYS = (
    "enter|return|tab|escape|esc|delete|backspace|space|home|end|page ?up|page ?down|up|down|left|right|f[1-9][0-2]?"
)
_CHORD = rf"(?:(?:ctrl|control|alt|shift|super)\s?\+\s?)*(?:{_NAMED_KEYS}|(?<=\+)[a-z0-9]|(?<=\+ )[a-z0-9])"
_WORDINGS: tuple[tuple[Kind, str], ...] = (
    ("type", rf'type\s+["“](?P<text>.*?)["”]\s+(?:in|into)\s+(?:the\s+)?{_QUOTED}(?:\s+field)?'),
    ("type", rf"type\s+(?P<text>.+)\s+into\s+(?:the\s+)?{_QUOTED}"),
    ("write", r'type\s+["“](?P<text>.*?)["”](?P<field>)'),
    ("keys", rf'press\s+["“]?({_CHORD})["”]?'),
    ("on", rf"(?:turn|switch)\s+on\s+(?:the\s+)?{_QUOTED}"),
    ("off", rf"(?:turn|switch)\s+off\s+(?:the\s+)?{_QUOTED}"),
    ("on", rf"(?:turn|switch)\s+(?:the\s+)?{_QUOTED}\s+on"),
    ("off", rf"(?:turn|switch)\s+(?:the\s+)?{_QUOTED}\s+off"),
    ("open", rf"(?:open|launch|start)\s+(?:the\s+)?{_QUOTED}(?:\s+app)?"),
    ("tap", rf"(?:tap|press|click|select|choose)\s+(?:on\s+)?(?:the\s+)?{_QUOTED}"),
    ("find", r"find out\s+(.+)"),
    ("tell", r"(?:tell|answer)\s+(?:the user\s+)?(.+)"),
)
_FORMS = tuple((kind, re.compile(form, re.IGNORECASE | re.DOTALL)) for kind, form in _WORDINGS)
_ASKS = re.compile(r"[?？]|\b(?:tell me|answer)\b", re.IGNORECASE)
_SEARCH = re.compile(r"\b(?:search|find|filter)", re.IGNORECASE)
_BULLET = re.compile(r"\s*(?:[-*•]|\d{1,2}[.)])\s+")
_CLAUSE = re.compile(r"[,;.!?](?=\s|$)|\band(?: then)?\b|\bthen\b", re.IGNORECASE)
_WORDS = re.compile(r"\w+")
_ALIKE = 88
"""Per cent of letters that two names share at least, to be one with a slip."""
_SURE = 0.75
"""The score from which a row is what an item means."""
_QUOTE = 3
"""Words of a task in a row from which a screen shows the task."""
_MOST = 30
"""Items of a plan, at most."""


@dataclass(frozen=True)
class PlanItem:
    """A plan's step: `target` is the program, element or fact that it names, `text` what is typed, `said` the line."""

    kind: Kind
    target: str
    said: str
    text: str = ""


def only_asks(task: str) -> bool:
    """Whether a task begins with a question: nothing needs to be changed for it."""
    first = re.split(r"(?<=[.?!？。])\s", task.strip(), maxsplit=1)[0]
    return first.endswith(("?", "？"))


def asks(task: str) -> bool:
    """Whether a task asks for an answer in words."""
    return bool(_ASKS.search(task))


def read_plan(answer: str) -> tuple[PlanItem, ...]:
    """The items of a plan, a line each; lines of no known form are ``other``."""
    lines = (_BULLET.sub("", line, count=1).strip().strip("`") for line in answer.splitlines())
    return tuple(read_item(line) for line in lines if _WORDS.search(line))[:_MOST]


def read_item(line: str) -> PlanItem:
    """The item that `line` says."""
    for kind, form in _FORMS:
        if found := form.fullmatch(line.rstrip(" .;")):
            return PlanItem(kind, found[found.re.groups].strip(), line, (found.groupdict().get("text") or "").strip())
    return PlanItem("other", line, line)


def completed(plan: Sequence[PlanItem], task: str) -> tuple[PlanItem, ...]:
    """`plan`, then what `task` itself asks to be turned on or off and no item of the plan does."""
    clauses = (read_item(clause.strip()) for clause in _CLAUSE.split(task) if clause.strip())
    return (*plan, *(item for item in clauses if item.kind in ("on", "off") and not _has(plan, item)))


def _has(plan: Sequence[PlanItem], wanted: PlanItem) -> bool:
    words = set(_plain(wanted.target).split())
    return any(item.kind == wanted.kind and words & set(_plain(item.target).split()) for item in plan)


def score(target: str, row: Row) -> float:
    """How surely `row` is what `target` names, 0 to 1: its whole name, the first of its parts, or words of it."""
    wanted, name = _plain(target), _plain(row.name)
    if not wanted or not name:
        return 0.0
    parts = [_plain(part) for part in row.name.split(" - ")]
    if wanted == name:
        return 1.0
    if wanted in parts:
        return 0.95 if wanted == parts[0] else 0.85
    if (
        max(ratio(wanted, parts[0]), ratio(wanted, name)) >= _ALIKE
        and len(wanted) > 3
        and _digits(wanted) == _digits(name)
    ):
        return 0.9
    said, has = set(wanted.split()), set(name.split())
    if said <= has:
        return 0.8 if said <= set(parts[0].split()) else 0.76
    if len(has) > 0 and set(parts[0].split()) <= said and len(parts[0]) > 2:
        return 0.77
    return 0.5 * len(said & has) / len(said)


def best_rows(target: str, rows: Sequence[Row]) -> list[Row]:
    """The rows that `target` surely names, all of the best score; empty if none does. A word for a role
    (“Textbox”) names the only row that has it.
    """
    scored = [(score(target, row), row) for row in rows]
    best = max((value for value, _ in scored), default=0.0)
    if best >= _SURE:
        return [row for value, row in scored if value == best]
    alike = [row for row in rows if row.role in ROLE_WORDS.get(_plain(target), ())[:1]]
    return alike if len(alike) == 1 else []


def without_task(rows: Sequence[Row], task: str) -> list[Row]:
    """`rows` without the texts of a screen that shows the `task` itself: those are no elements to act on."""
    said = f" {_plain(task)} "
    quotes = [row.role == "text" and f" {_plain(row.name)} " in said for row in rows]
    words = [len(_plain(row.name).split()) for row in rows]
    if not any(quote and count >= _QUOTE for quote, count in zip(quotes, words, strict=True)):
        return list(rows)
    return [row for row, quote, count in zip(rows, quotes, words, strict=True) if not (quote and count > 1)]


def is_field(row: Row) -> bool:
    """Whether text can be typed into `row`."""
    return row.role in ("field", "combobox", "select")


def is_search(words: str) -> bool:
    """Whether `words` are of something that looks for things."""
    return bool(_SEARCH.search(words))


def is_on(row: Row) -> bool | None:
    """Whether what has two states is on; None for what has none."""
    return "on" in row.state if {"on", "off"} & set(row.state) else None


def _plain(text: str) -> str:
    return " ".join(_WORDS.findall(text.casefold()))


def _digits(text: str) -> str:
    return re.sub(r"\D", "", text)
