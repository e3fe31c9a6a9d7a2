"""Finding a target where the ranking finds none: by a widget's own label, or by the words that stand beside it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rapidfuzz import fuzz

from actions.frame import Point
from agent.builtin.screen import Candidate, Element, Role, Screen
from agent.builtin.watch import norm

_NOUN = re.compile(
    r"\s+(?:(?:text |input |search |entry |check |select |combo |radio )?(?:field|box|input|area)|textbox|checkbox|"
    r"button|slider|scale|drop-?\s?down(?: list| menu)?|combo\s?box|list|switch|toggle|option|menu|tab|entry)$",
    re.IGNORECASE,
)
_WORDLESS: tuple[Role, ...] = ("button", "field", "select", "slider", "image", "icon", "switch")


def plain(target: str) -> str:
    """The name in a target: without article, quotes and the noun for what it is."""
    words = re.sub(r"^(?:the|a|an|your|my)\s+", "", target.strip(), flags=re.IGNORECASE)
    return norm(_NOUN.sub("", words)) or norm(words)


def by_label(screen: Screen, target: str, roles: Sequence[Role]) -> list[Candidate]:
    """Elements of `roles` (any, if empty) whose label or text is the target's name."""
    name = plain(target)
    fitting = [e for e in screen.elements if not roles or e.role in roles]
    scored = [(max(fuzz.ratio(name, plain(words)) for words in (e.label, e.text) if words), e) for e in fitting if e.label or e.text]
    good = sorted((s for s in scored if s[0] >= 85), key=lambda s: -s[0])
    return [Candidate(e, e.box.center, score / 100, "its label") for score, e in good]


def beside(screen: Screen, target: str) -> list[Candidate]:
    """The widgets right of, or else under, words that are the target's name."""
    labels = [e for e in screen.elements if e.role == "text" and fuzz.ratio(plain(target), norm(e.text)) >= 85]
    found = [e for label in labels for e in (_right_of(label, screen) or _under(label, screen))[:1]]
    return [Candidate(e, e.box.center, 0.6, "beside its name") for e in found]


def right_of_words(screen: Screen, target: str) -> list[Candidate]:
    """The places right of words that are the target's name, where a field that was not recognised may be."""
    labels = [e for e in screen.elements if e.role == "text" and fuzz.ratio(plain(target), norm(e.text)) >= 85]
    return [
        Candidate(e, Point(min(e.box.x2 + 60, screen.width - 2), e.box.center.y), 0.5, "right of its name") for e in labels
    ]


def _right_of(label: Element, screen: Screen) -> list[Element]:
    box = label.box
    level = [
        e
        for e in screen.elements
        if e.role in _WORDLESS and e.box.x1 >= box.x2 - 4 and abs(e.box.center.y - box.center.y) < max(12.0, box.height)
    ]
    return sorted((e for e in level if e.box.x1 - box.x2 < 300), key=lambda e: e.box.x1)


def _under(label: Element, screen: Screen) -> list[Element]:
    box = label.box
    under = [e for e in screen.elements if e.role in _WORDLESS and -4 <= e.box.y1 - box.y2 < 40 and e.box.x1 < box.x2]
    return sorted((e for e in under if e.box.x2 > box.x1), key=lambda e: e.box.y1)
