"""Pure functions of elements and observations that several executors use."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rapidfuzz import fuzz

from actions.frame import Box, Point
from agent.builtin import screen_diff
from agent.builtin.executors.context import TICKED
from agent.builtin.screen_diff import PerceivedObservation, fresh
from agent.perception.elements import Candidate, Element, PerceivedScreen
from agent.perception.normalisation import normalised


def found_by(verb: str, candidate: Candidate) -> str:
    """The thought of an action on a candidate."""
    return f"{verb} {screen_diff.name(candidate.element)} ({candidate.score:.2f})"


def attempts(found: Sequence[Candidate]) -> list[Candidate]:
    """The candidates to try in order: the best and two nearly as good, or the best twice."""
    others = [
        c for c in found[1:] if c.score >= found[0].score - 0.15 and c.element.box.overlap(found[0].element.box) == 0
    ]
    return [found[0], *others[:2]] if others else [found[0], found[0]]


def changes_when_pressed(element: Element) -> bool:
    """Whether a click must change something else: these change their own pixels under the pointer already."""
    return element.role in ("button", "icon", "link")


def same_number(wanted: str, seen: str) -> bool | None:
    """Whether a field shows just the number typed; None if it was no number."""
    if not re.fullmatch(r"-?\d+(?:[.,]\d+)?", wanted):
        return None
    return re.sub(r"\D", "", seen) == re.sub(r"\D", "", wanted)


def may_open(element: Element) -> bool:
    """Whether an element perceived as a button or field may be a closed drop-down list."""
    worded = bool(re.search(r"[^\W\d]", element.text)) and one_line(element)
    return element.role == "button" or (element.role == "field" and worded)


def may_not_change(element: Element, screen: PerceivedScreen) -> bool:
    """Whether a click need not change anything: a focused field, an open tab, a chosen radio button."""
    large = element.box.area > 0.15 * screen.width * screen.height
    return element.role in ("field", "tab", "bar") or large or (element.role == "radio" and element.checked is True)


def leaves_name_out(element: Element, words: str) -> bool:
    """Whether `element` is a text that says some of `words`, and a name or number among the others is left out."""
    said = set(normalised(element.text).split())
    left = [word for word in words.split() if normalised(word) not in said]
    return element.role == "text" and len(left) < len(words.split()) and any(not w[0].islower() for w in left)


def opened(before: PerceivedObservation, after: PerceivedObservation) -> bool:
    """Whether a click opened entries."""
    new = [e for e in fresh(before.screen, after.screen) if e.text or e.icons]
    return len(new) >= 2 or any(e.role == "menuitem" for e in new)


def more_gone_than_new(before: PerceivedObservation, after: PerceivedObservation) -> bool:
    """Whether more elements disappeared than appeared: the click closed something."""
    return len(fresh(after.screen, before.screen)) < len(fresh(before.screen, after.screen))


def menu_is_open(screen: PerceivedScreen, entry: Element) -> bool:
    """Whether the entries of a menu are open under it."""
    under = [e for e in screen.elements if e.role == "menuitem" and e.box.y1 >= entry.box.y1 + entry.box.height / 2]
    return any(abs(e.box.x1 - entry.box.x1) < 60 and e.box.y1 - entry.box.y2 < 30 for e in under)


def titled(screen: PerceivedScreen, name: str) -> bool:
    """Whether a window of this name is open: a title bar, or the top of the screen, contains the name."""
    return any(
        normalised(name) in normalised(e.text) and (e.role == "bar" or e.box.y1 < 40) for e in screen.elements if e.text
    )


def scrolled_past(before: PerceivedObservation, after: PerceivedObservation) -> bool:
    """Whether a scroll left none of the text in the scrolled area, so that lines may have been skipped."""
    box = screen_diff.changed_box(before, after)
    if box is None:
        return False
    seen = [
        {normalised(e.text) for e in screen.elements if len(e.text) > 2 and box.holds(e.box.center)}
        for screen in (before.screen, after.screen)
    ]
    return bool(seen[0]) and bool(seen[1]) and not seen[0] & seen[1]


def one_line(element: Element) -> bool:
    """Whether a field holds one line."""
    return element.box.height < 60


def hides_text(target: str) -> bool:
    """Whether a field of this name hides what is typed."""
    return re.search(r"pass(?:word|code|phrase)|\bpin\b|secret", target, re.IGNORECASE) is not None


def near(screen: PerceivedScreen, box: Box) -> Element | None:
    """The element that fills `box` on the screen now."""
    same = [e for e in screen.elements if e.box.overlap(box) > 0.5 * max(box.area, 1.0)]
    return same[0] if same else None


def text_at(screen: PerceivedScreen, box: Box) -> str:
    """All that is written at `box` now. The caret may split a field into a text and the rest of the field."""
    whole = near(screen, box)
    parts = (e for e in screen.elements if e is whole or e.box.overlap(box) > 0.5 * e.box.area)
    return " ".join(e.text for e in parts if e.text)


def value_at(screen: PerceivedScreen, box: Box, value: str) -> bool:
    """Whether `value` is shown at `box`."""
    here = [e for e in screen.elements if e.box.overlap(box.grown(4)) > 0]
    whole = re.compile(rf"(?<!\w){re.escape(normalised(value))}(?!\w)")
    return any(says(e.text, value) or says(e.label, value) or whole.search(normalised(e.text)) for e in here)


def pieces_at(screen: PerceivedScreen, box: Box, value: str) -> bool:
    """Whether the text at `box` is only pieces of `value`, two letters at least: a focus rim hides letters."""
    read = [normalised(e.text) for e in screen.elements if e.text and e.box.overlap(box) > 0.5 * e.box.area]
    return sum(map(len, read)) >= 2 and all(piece in normalised(value) for piece in read)


def says(text: str, value: str) -> bool:
    """Whether two texts are equal except for misread letters."""
    return bool(text) and (
        normalised(text) == normalised(value) or fuzz.ratio(normalised(text), normalised(value)) >= 85
    )


def ticked_at(screen: PerceivedScreen, box: Box) -> bool | None:
    """The state of the box or switch at `box`; None if it cannot be read."""
    here = [e for e in screen.elements if e.role in TICKED and e.box.grown(4).holds(box.center)]
    return here[0].checked if here else None


def digits_at(screen: PerceivedScreen, box: Box, digits: str) -> float:
    """How similar the digits at `box` are to `digits`, 0 to 100."""
    seen = "".join(c for e in screen.elements if e.box.overlap(box.grown(4)) > 0 for c in e.text if c.isdigit())
    return fuzz.ratio(seen, digits)


def state(on: bool | None) -> str:
    """A check state in words."""
    return {True: "checked", False: "unchecked", None: "neither checked nor unchecked"}[on]


def path(start: Point, end: Point) -> tuple[Point, ...]:
    """A straight line of five points."""
    return tuple(Point(start.x + (end.x - start.x) * i / 4, start.y + (end.y - start.y) * i / 4) for i in range(5))


def answer_at(screen: PerceivedScreen, element: Element) -> str:
    """The value of an element: its text, or for a label the text after its colon or right of it."""
    if element.role != "text":
        return element.text or element.label
    value = element.text.partition(":")[2]
    if value.strip():
        return value.strip()
    right = [
        e
        for e in screen.elements
        if e.text
        and e is not element
        and e.box.x1 >= element.box.x2 - 2
        and abs(e.box.center.y - element.box.center.y) < max(8.0, element.box.height * 0.7)
    ]
    return min(right, key=lambda e: e.box.x1).text if right and element.text.rstrip().endswith(":") else element.text
