"""Other readings of a description, for when the first finds nothing sure: each needs exact words on both sides.

A preposition is a relation only where what stands on both its sides is on the screen ("conditions of use" may be one
text); a noun for the kind of the target ("the Anna Keller message") may be no part of its text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from agent.perception.meaning.description import (
    Relation,
    TargetDescription,
    parse_target,
    strip_article,
    strip_wrappers,
    tidy,
)

_KINDS = frozenset([
    "option", "item", "entry", "row", "header", "heading", "folder", "file", "message", "element", "control", "label",
    "record", "choice", "setting", "chat", "conversation", "thread", "contact", "caption", "song", "track", "layer",
    "section", "page", "app", "card", "ticket", "event", "email", "mail", "tile", "category", "product", "tab", "link",
])  # fmt: skip
"""Nouns that people add to the text of a target to say what it is."""
_NUMBERED = re.compile(
    r"^(?P<noun>\S.*?) (?:number|no\.?|nr\.?) ?(?P<number>\d{1,2})$"
    r"|^(?P<kind>row|line|item|entry|result|option) (?P<index>\d{1,2})$",
    re.IGNORECASE,
)
_LOOSE = re.compile(r"\s+(?:in|on|under|of|from|at|for|within|inside|with|by|belonging to)\s+(?=\S)", re.IGNORECASE)
_POSSESSIVE = re.compile(r"(?<=\w)['’]s?\s+(?=\S)")


def names_a_kind(words: str) -> bool:
    """Whether the words are only a noun for a kind of thing, as in "the third message"."""
    last = words.lower().rsplit(" ", 1)[-1]
    return last in _KINDS or last.removesuffix("s") in _KINDS


def other_readings(raw: str) -> Iterator[TargetDescription]:
    """Descriptions that `raw` may also be; relations in them hold only where the anchor's words are on the screen."""
    whole = strip_article(strip_wrappers(tidy(raw)))
    roles = parse_target(raw).roles
    if name := _without_kind(whole):
        yield TargetDescription(raw=raw, words=name, roles=roles)
    for match in _POSSESSIVE.finditer(whole):
        yield from _related(raw, whole[match.end() :], whole[: match.start()], "near")
    for match in _LOOSE.finditer(whole):
        yield from _related(raw, whole[: match.start()], whole[match.end() :], "in")


def numbered_readings(raw: str) -> Iterator[TargetDescription]:
    """What "message number 3" may be: the third message, or what has the text 3; only that for a page."""
    match = _NUMBERED.match(strip_article(strip_wrappers(tidy(raw))))
    if match is None:
        return
    noun, number = match["noun"] or match["kind"], int(match["number"] or match["index"])
    counted = replace(parse_target(noun), ordinal=number or None)
    written = TargetDescription(raw=raw, words=str(number), quoted=True)
    if noun.lower() == "page":
        yield written
    else:
        yield from (counted, written) if names_a_kind(noun) else (written, counted)


def _related(raw: str, words: str, anchor: str, kind: str) -> Iterator[TargetDescription]:
    about = strip_article(anchor)
    for name in filter(None, (about, _without_kind(about))):
        relation = Relation(kind, (TargetDescription(raw=name, words=name),))
        target = parse_target(words)
        if target.words and not target.relations:
            yield TargetDescription(raw=raw, words=target.words, roles=target.roles, relations=(relation,))


def _without_kind(text: str) -> str:
    """The text less nouns for the kind of thing that it ends with; empty where it has none."""
    words = text.split(" ")
    kept = list(words)
    while len(kept) > 1 and kept[-1].lower() in _KINDS:
        kept.pop()
    if len(kept) > 2 and kept[-1].lower() in ("column", "menu", "list", "context"):
        kept.pop()
    return " ".join(kept) if len(kept) < len(words) else ""
