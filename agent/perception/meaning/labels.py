"""Targets found by a widget's label or the text beside it, where the ranking finds none."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from rapidfuzz import fuzz

from actions.frame import Box, Point
from agent.perception.elements import Candidate, Element, PerceivedScreen, Role
from agent.perception.meaning.description import parse_target
from agent.perception.meaning.text_similarity import stems_of
from agent.perception.normalisation import normalised

_NOUN = re.compile(
    r"\s+(?:(?:text |input |search |entry |check |select |combo |radio )?(?:field|box|input|area)|textbox|checkbox|"
    r"button|slider|scale|drop-?\s?down(?: list| menu)?|combo\s?box|list|switch|toggle|option|menu|tab|entry)$",
    re.IGNORECASE,
)
_WORDLESS: tuple[Role, ...] = ("button", "field", "select", "slider", "image", "icon", "switch")


def target_name(target: str) -> str:
    """The name in a target, normalised: without article, quotes and the noun for its role."""
    words = re.sub(r"^(?:the|a|an|your|my)\s+", "", target.strip(), flags=re.IGNORECASE)
    return normalised(_NOUN.sub("", words)) or normalised(words)


def by_label(screen: PerceivedScreen, target: str, roles: Sequence[Role]) -> list[Candidate]:
    """Elements of `roles` (any, if empty) whose label or text is the target's name."""
    name = target_name(target)
    fitting = [e for e in screen.elements if not roles or e.role in roles]
    scored = [
        (max(fuzz.ratio(name, target_name(words)) for words in (e.label, e.text) if words), e)
        for e in fitting
        if e.label or e.text
    ]
    good = sorted((s for s in scored if s[0] >= 85), key=lambda s: -s[0])
    found = [Candidate(e, e.box.center, score / 100, "its label") for score, e in good]
    return [c for c in found if limited_by_numbers(c, target) == c]


_FILLERS = frozenset(
    ["the", "this", "a", "an", "to", "my", "your", "our", "it", "now", "new", "here", "and", "of", "for"]
)
_BEARERS: tuple[Role, ...] = ("button", "link", "menuitem", "tab", "menu", "icon", "text")


def doing(screen: PerceivedScreen, act: str) -> list[Element]:
    """The elements that say no more than `act`, its verb first, and leave out one word at most: "Place order".

    Of several those that say the most, and buttons and links before texts.
    """
    wanted, joined = re.findall(r"[\w'-]+", normalised(act)), normalised(act).replace(" ", "")
    stems = {*stems_of(act)}

    def fits(text: str) -> bool:
        said = re.findall(r"[\w'-]+", normalised(text))
        known = all(w in wanted or w in _FILLERS or (stems_of(w) and {*stems_of(w)} <= stems) for w in said)
        whole = len("".join(said)) > 3 and joined == "".join(said)
        verb = known and said[:1] == wanted[:1] and len(stems - {*stems_of(text)}) <= 1
        return whole or verb

    def said(e: Element) -> tuple[int, bool]:
        return len({*stems_of(e.text)} & stems), e.role != "text"

    found = [e for e in screen.elements if e.role in _BEARERS and e.text and fits(e.text)]
    return [e for e in found if said(e) == max(map(said, found))]


_NO_SUBMIT = re.compile(
    r"cancel|reset|clear|close|back|previous|delete|remove|help|search|browse|choose|upload|add", re.I
)


def submitting(screen: PerceivedScreen) -> list[Element]:
    """The one button with words under all fields and lists, whatever it says, but "Cancel" and the like."""
    inputs = [e.box.y1 for e in screen.elements if e.role in ("field", "select", "checkbox", "radio", "slider")]
    buttons = [e for e in screen.elements if e.role == "button" and e.text and inputs and e.box.y1 > max(inputs)]
    sending = [e for e in buttons if not _NO_SUBMIT.search(e.text)]
    return sending if len(sending) == 1 else []


_RIVALS = (
    {"first", "last", "middle", "family", "given"},
    {"new", "old", "current", "confirm", "repeat"},
    {"from", "to"},
    {"start", "end"},
    {"billing", "shipping", "delivery"},
    {"home", "work", "mobile"},
    {"minimum", "maximum"},
    {"width", "height"},
)
"""Words that distinguish fields of nearly the same name."""


def names_rival_field(candidate: Candidate, target: str) -> bool:
    """Whether a candidate has the distinguishing word of another field: "Last name" for "First name"."""
    seen = set(re.findall(r"\w+", normalised(f"{candidate.element.text} {candidate.element.label}")))
    wanted = set(re.findall(r"\w+", normalised(target)))
    return any(wanted & rivals and seen & rivals and not wanted & seen & rivals for rivals in _RIVALS)


def limited_by_numbers(candidate: Candidate, target: str) -> Candidate:
    """The candidate, scored too low to act on where a number in its name differs: "item 1" for "item 12"."""
    if parse_target(target).relations or parse_target(target).ordinal:
        return candidate
    seen = re.findall(r"\d+", f"{candidate.element.text} {candidate.element.label}")
    wanted = re.findall(r"\d+", target)
    numbered = bool(wanted) and bool(seen) and not set(wanted) <= set(seen)
    return replace(candidate, score=min(candidate.score, 0.45)) if numbered else candidate


def is_on_screen(screen: PerceivedScreen, target: str) -> bool:
    """Whether an element's whole text is the target's name."""
    name = target_name(target)
    return any(name and target_name(e.text) == name for e in screen.elements)


def label_agrees(element: Element, target: str) -> bool:
    """Whether a widget's label, if it has one, is similar to the target's name."""
    if not element.label or not re.search(r"[^\W\d]", element.label):
        return True
    name, label = target_name(target), target_name(element.label)
    return (
        fuzz.ratio(name, label) >= 85
        or name in (normalised(element.text), normalised(element.label))
        or name in label.split()
    )


def beside(screen: PerceivedScreen, target: str) -> list[Candidate]:
    """The widgets right of, or else under, a text that is the target's name."""
    found = [e for box in _name_boxes(screen, target) for e in (_right_of(box, screen) or _under(box, screen))[:1]]
    return [Candidate(e, e.box.center, 0.6, "beside its name") for e in found]


def right_of_name(screen: PerceivedScreen, target: str) -> list[Candidate]:
    """The places right of a text that is the target's name, where a field may be that was not recognised."""
    spots = [Box(b.x2 + 8, b.y1, min(b.x2 + 112, screen.width - 2.0), b.y2) for b in _name_boxes(screen, target)]
    return [Candidate(Element(box, "field", label=target), box.center, 0.6, "right of its name") for box in spots]


def on_row_of(screen: PerceivedScreen, target: str, fits: Callable[[str], bool]) -> Element | None:
    """The element on the row of the target's name, or under it, whose text `fits`; or the only one on the screen."""
    fitting = [e for e in screen.elements if fits(e.text)]
    names = [
        *_name_boxes(screen, target),
        *(e.box for e in screen.elements if e.label and target_name(e.label) == target_name(target)),
    ]
    level = [e for box in names for e in fitting if -6 <= e.box.center.y - box.y1 < 60 and e.box.x2 > box.x1]
    return level[0] if level else fitting[0] if len(fitting) == 1 else None


def _name_boxes(screen: PerceivedScreen, target: str) -> list[Box]:
    """Where the target's name is written, also as the first words of a longer line."""
    name, found = target_name(target), []
    for e in screen.elements:
        if e.role not in ("text", "link") or not name:
            continue
        words = normalised(e.text)
        if fuzz.ratio(name, words) >= 85:
            found.append(e.box)
        elif words.startswith((name + " ", name + ":")):
            found.append(e.box._replace(x2=e.box.x1 + e.box.width * (len(name) + 1) / len(words)))
    return found


def _right_of(box: Box, screen: PerceivedScreen) -> list[Element]:
    level = [
        e
        for e in screen.elements
        if _is_widget(e)
        and e.box.x1 > box.center.x
        and e.box.center.x > box.x2
        and abs(e.box.center.y - box.center.y) < max(12.0, box.height)
    ]
    return sorted((e for e in level if e.box.x1 - box.x2 < 300), key=lambda e: e.box.x1)


def _under(box: Box, screen: PerceivedScreen) -> list[Element]:
    under = [e for e in screen.elements if _is_widget(e) and -4 <= e.box.y1 - box.y2 < 40 and e.box.x1 < box.x2]
    return sorted((e for e in under if e.box.x2 > box.x1), key=lambda e: e.box.y1)


def _is_widget(element: Element) -> bool:
    return element.role in _WORDLESS and (element.role != "icon" or element.box.width > 40)


def on_keypad(screen: PerceivedScreen, name: str, same: Sequence[Candidate]) -> list[Candidate]:
    """Of several keys that read `name`, the one at the place of that digit; all scored too low where that is not clear.

    On a keypad 1 is left of 2 and in one column with 4 and 7: one of two keys read as "1" is a misread "/".
    """
    distinct = [c for i, c in enumerate(same) if all(c.element.box.overlap(o.element.box) == 0 for o in same[:i])]
    if len(distinct) < 2 or not name.isdigit():
        return list(same)
    digits = {e.text: e.box for e in screen.elements if len(e.text) == 1 and e.text.isdigit() and e.text != name}
    fits = [sum(_digit_fits(int(name), c.element.box, int(d), box) for d, box in digits.items()) for c in distinct]
    best = max(fits)
    clear = best > 0 and fits.count(best) == 1
    return [distinct[fits.index(best)]] if clear else [replace(c, score=min(c.score, 0.45)) for c in distinct]


def _digit_fits(one: int, a: Box, other: int, b: Box) -> bool:
    """Whether two digits are placed as on a keypad (7 8 9 over 4 5 6 over 1 2 3)."""
    if not one or not other:
        return False
    across = (other - 1) % 3 - (one - 1) % 3
    level, upright = abs(a.center.y - b.center.y) < a.height / 2, abs(a.center.x - b.center.x) < a.width / 2
    same_row = (one - 1) // 3 == (other - 1) // 3
    return (same_row and level and across * (b.center.x - a.center.x) > 0) or (across == 0 and upright)


def joined_in_row(screen: PerceivedScreen, target: str) -> list[Candidate]:
    """Texts of one row that were read separately but together are the target's name."""
    name = normalised(quoted[1]) if (quoted := re.search(r"[\"“«„](.+)[\"”»“]", target)) else target_name(target)
    texts = sorted(
        (e for e in screen.elements if e.role in ("text", "link", "menuitem") and e.text), key=lambda e: e.box.x1
    )
    for first in texts if " " in name else ():
        row = [
            e
            for e in texts
            if abs(e.box.center.y - first.box.center.y) < first.box.height / 2 and e.box.x1 >= first.box.x1
        ]
        for count in range(2, min(len(row), 8) + 1):
            if normalised(" ".join(e.text for e in row[:count])) == name:
                box = Box.around([p for e in row[:count] for p in (Point(*e.box[:2]), Point(*e.box[2:]))])
                return [Candidate(replace(first, box=box, text=name), box.center, 0.9, "words side by side")]
    return []
