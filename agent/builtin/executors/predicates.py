"""Small judgements about elements and looks."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rapidfuzz import fuzz

from actions.frame import Box, Point
from agent.builtin import screen_diff
from agent.builtin.executors.context import TICKED
from agent.builtin.screen_diff import PerceivedObservation, fresh, norm
from agent.perception.elements import Candidate, Element, PerceivedScreen


def found_by(verb: str, candidate: Candidate) -> str:
    """The thought for acting on a candidate."""
    return f"{verb} {screen_diff.name(candidate.element)} ({candidate.score:.2f})"


def attempts(found: Sequence[Candidate]) -> list[Candidate]:
    """The best, the others that are nearly as good, and the best once more. At most three."""
    others = [
        c for c in found[1:] if c.score >= found[0].score - 0.15 and c.element.box.overlap(found[0].element.box) == 0
    ]
    return [found[0], *others[:2]] if others else [found[0], found[0]]


def is_pushed(element: Element) -> bool:
    """Whether a click on it should show elsewhere: its own look changes under the pointer already."""
    return element.role in ("button", "icon", "link")


def same_number(wanted: str, seen: str) -> bool | None:
    """Whether a field shows just the number typed; None if it was no number."""
    if not re.fullmatch(r"-?\d+(?:[.,]\d+)?", wanted):
        return None
    return re.sub(r"\D", "", seen) == re.sub(r"\D", "", wanted)


def may_open(element: Element) -> bool:
    """Whether a thing with words in it, called a button or a field, may be a closed drop-down list."""
    worded = bool(re.search(r"[^\W\d]", element.text)) and one_line(element)
    return element.role == "button" or (element.role == "field" and worded)


def may_stay_the_same(element: Element, screen: PerceivedScreen) -> bool:
    """Things whose click need not show: a field that has the focus, a tab or radio button already chosen."""
    large = element.box.area > 0.15 * screen.width * screen.height
    return element.role in ("field", "tab", "bar") or large or (element.role == "radio" and element.checked is True)


def opened(before: PerceivedObservation, after: PerceivedObservation) -> bool:
    """Whether a click showed entries."""
    new = [e for e in fresh(before.screen, after.screen) if e.text or e.icons]
    return len(new) >= 2 or any(e.role == "menuitem" for e in new)


def went(before: PerceivedObservation, after: PerceivedObservation) -> bool:
    """Whether more went than came: a click that closed something."""
    return len(fresh(after.screen, before.screen)) < len(fresh(before.screen, after.screen))


def menu_is_open(screen: PerceivedScreen, entry: Element) -> bool:
    """Whether the entries of a menu are showing under it."""
    under = [e for e in screen.elements if e.role == "menuitem" and e.box.y1 >= entry.box.y1 + entry.box.height / 2]
    return any(abs(e.box.x1 - entry.box.x1) < 60 and e.box.y1 - entry.box.y2 < 30 for e in under)


def titled(screen: PerceivedScreen, name: str) -> bool:
    """Whether a window of this name is open: its words stand in a title at the top of something."""
    return any(norm(name) in norm(e.text) and (e.role == "bar" or e.box.y1 < 40) for e in screen.elements if e.text)


def jumped(before: PerceivedObservation, after: PerceivedObservation) -> bool:
    """Whether a scroll left none of the words where it scrolled, so that lines may have been passed over."""
    box = screen_diff.changed_box(before, after)
    if box is None:
        return False
    seen = [
        {norm(e.text) for e in screen.elements if len(e.text) > 2 and box.holds(e.box.center)}
        for screen in (before.screen, after.screen)
    ]
    return bool(seen[0]) and bool(seen[1]) and not seen[0] & seen[1]


def one_line(element: Element) -> bool:
    """Whether a field holds one line."""
    return element.box.height < 60


def secret(target: str) -> bool:
    """Whether a field hides what is typed."""
    return re.search(r"pass(?:word|code|phrase)|\bpin\b|secret", target, re.IGNORECASE) is not None


def near(screen: PerceivedScreen, box: Box) -> Element | None:
    """The element that fills `box` on the screen now."""
    same = [e for e in screen.elements if e.box.overlap(box) > 0.5 * max(box.area, 1.0)]
    return same[0] if same else None


def value_at(screen: PerceivedScreen, box: Box, value: str) -> bool:
    """Whether `value` is shown at `box`."""
    here = [e for e in screen.elements if e.box.overlap(box.grown(4)) > 0]
    whole = re.compile(rf"(?<!\w){re.escape(norm(value))}(?!\w)")
    return any(says(e.text, value) or says(e.label, value) or whole.search(norm(e.text)) for e in here)


def pieces_at(screen: PerceivedScreen, box: Box, value: str) -> bool:
    """Whether all that can be read at `box` are pieces of `value`, two letters at least: a focus rim hides letters."""
    read = [norm(e.text) for e in screen.elements if e.text and e.box.overlap(box) > 0.5 * e.box.area]
    return sum(map(len, read)) >= 2 and all(piece in norm(value) for piece in read)


def says(text: str, value: str) -> bool:
    """Whether two texts are the same but for misread letters."""
    return bool(text) and (norm(text) == norm(value) or fuzz.ratio(norm(text), norm(value)) >= 85)


def ticked_at(screen: PerceivedScreen, box: Box) -> bool | None:
    """The state of the box or switch at `box`; None if it cannot be read."""
    here = [e for e in screen.elements if e.role in TICKED and e.box.grown(4).holds(box.center)]
    return here[0].checked if here else None


def digits_at(screen: PerceivedScreen, box: Box, digits: str) -> float:
    """How well the digits that stand at `box` agree with `digits`, 0 to 100."""
    seen = "".join(c for e in screen.elements if e.box.overlap(box.grown(4)) > 0 for c in e.text if c.isdigit())
    return fuzz.ratio(seen, digits)


def state(on: bool | None) -> str:
    """A state in words."""
    return {True: "checked", False: "unchecked", None: "neither checked nor unchecked"}[on]


def path(start: Point, end: Point) -> tuple[Point, ...]:
    """A straight way in a few points."""
    return tuple(Point(start.x + (end.x - start.x) * i / 4, start.y + (end.y - start.y) * i / 4) for i in range(5))


def answer_at(screen: PerceivedScreen, element: Element) -> str:
    """What stands in a thing: its own words, or for a label the words right of it."""
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
