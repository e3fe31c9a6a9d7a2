"""Finding a recorded target by its text and its neighbours, where its pixels have changed.

A target is the element on the recorded screen at the action's point. `Anchors` are texts that occur exactly once on
both screens. An element of the new screen is the target where it has the same text or label and the same position
relative to the anchors; its position in pixels only decides between equal ones. Boxes are frame pixels; distances are
in heights of ordinary text, so that window, resolution and text size do not matter.
"""

from __future__ import annotations

import math
import re
import statistics
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from rapidfuzz import fuzz

from actions.frame import Box, Point
from agent.episodes.replay.pixel_match import find_drawing
from agent.perception.elements import Element, PerceivedScreen, Role
from agent.perception.naming import element_at
from agent.perception.normalisation import words_only
from envs.env import Image

_ALIKE = 88
"""rapidfuzz's ratio (0 to 100) from which two texts are the same."""
_NEAR = 8
"""The number of anchors around a target that are used."""
_SHARE = 0.4
"""The share of the texts around the target that must be there."""
_GROUPS: tuple[frozenset[Role], ...] = (
    frozenset({"field", "select"}),
    frozenset({"checkbox", "radio", "switch"}),
    frozenset({"slider"}),
    frozenset({"button", "icon", "image", "select"}),
)
_VALUE = re.compile(r"[\d\s:.,/%+-]*")


@dataclass(frozen=True)
class PerceivedFrame:
    """A screen: its pixels and its perceived elements."""

    image: Image
    screen: PerceivedScreen


@dataclass(frozen=True)
class MatchedTarget:
    """Where the target is now: the `point` to act on, the element's `box`, and how it was found."""

    point: Point
    box: Box
    why: str


@dataclass(frozen=True)
class Missing:
    """The target is not there or ambiguous; `near` are the closest candidates."""

    why: str
    near: tuple[Box, ...] = ()


def same_text(a: str, b: str) -> bool:
    """Whether two read texts are the same, misreadings allowed, numbers excepted."""
    if a.strip() == b.strip():
        return bool(a.strip())
    one, two = words_only(_whole(a)), words_only(_whole(b))
    if not one or not two or re.findall(r"\d+", one) != re.findall(r"\d+", two):
        return False
    return one == two or (min(len(one), len(two)) > 3 and fuzz.ratio(one, two) >= _ALIKE)


def _whole(text: str) -> str:
    """`text` without a leading letter of a half covered word: ``e Blue`` in a list over "Volume"."""
    return re.sub(r"^[a-z] (?=\w{3})", "", text.strip())


def describe_element(element: Element | None) -> str:
    """A description such as ``button “Save”`` or ``field labelled “Name”``."""
    if element is None:
        return "background"
    name = f" “{element.text}”" if element.text else f" labelled “{element.label}”" if element.label else ""
    return f"{element.role}{name}"


class Anchors:
    """Texts that occur once on each of two screens, and the mapping of places between them."""

    def __init__(self, was: PerceivedScreen, now: PerceivedScreen) -> None:
        self._was = [e for e in was.elements if _telling(e)]
        ours, theirs = _unique(self._was), _unique([e for e in now.elements if _telling(e)])
        self.pairs: dict[Element, Element] = {}
        for key, element in ours.items():
            twin = theirs.get(key) or next((e for e in theirs.values() if same_text(element.text, e.text)), None)
            if twin is not None:
                self.pairs[element] = twin
        ratios = [b.box.height / a.box.height for a, b in self.pairs.items() if len(a.text) > 2]
        self.scale = float(np.clip(statistics.median(ratios), 0.4, 2.5)) if ratios else 1.0
        self.written = len(self.pairs) / len(ours) if ours else 1.0
        self.unit = statistics.median([e.box.height for e in self._was if len(e.text) > 2] or [12.0])

    def near(self, box: Box, but: Element | None = None) -> list[Element]:
        """The texts around `box` on the recorded screen, nearest first."""
        others = [e for e in self._was if e is not but and e.box.center != box.center]
        return sorted(others, key=lambda e: gap(e.box, box))[:_NEAR]

    def share(self, near: Sequence[Element]) -> float:
        """The share of these texts that the new screen has; 1 for none."""
        return sum(e in self.pairs for e in near) / len(near) if near else 1.0

    def agreement(self, was: Box, now: Box, near: Sequence[Element]) -> float:
        """How well `now` agrees with `was` in its position relative to the anchors, 0 to 1; 0.5 without anchors."""
        total = weights = 0.0
        for anchor in near:
            if anchor in self.pairs:
                weight = 1 / (1 + gap(anchor.box, was) / (5 * self.unit))
                weights += weight
                total += weight * _same_side(was, anchor.box, now, self.pairs[anchor].box)
        return total / weights if weights else 0.5

    def expected(self, point: Point, near: Sequence[Element]) -> Point | None:
        """Where `point` of the recorded screen is expected now, by the anchors near it."""
        spots = [
            Point(
                self.pairs[a].box.center.x + self.scale * (point.x - a.box.center.x),
                self.pairs[a].box.center.y + self.scale * (point.y - a.box.center.y),
            )
            for a in near
            if a in self.pairs
        ]
        if not spots:
            return None
        return Point(statistics.median(p.x for p in spots[:5]), statistics.median(p.y for p in spots[:5]))


def find_again(was: PerceivedFrame, point: Point, now: PerceivedFrame) -> MatchedTarget | Missing:
    """Where the target at `point` of the recorded screen is on the new one."""
    anchors = Anchors(was.screen, now.screen)
    target = element_at(was.screen, point)
    if target is None or _is_ground(target, anchors.unit):
        return _bare(was, point, now, anchors, target)
    near = anchors.near(target.box, target)
    named = _candidates(target, now.screen)
    fitting = _on_its_row(target, named, anchors, was.screen)
    if not named:
        return _before_its_words(target, point, anchors, near) or _by_looks(was, target, point, now, anchors, near)
    if anchors.share(near) < _SHARE and len(near) > 1:
        return Missing(f"{describe_element(target)} is there, but not what stood around it", _boxes(named))
    ranked = sorted(fitting, key=lambda e: -anchors.agreement(target.box, e.box, near))
    return _chosen(target, ranked, point, anchors, near, was.screen, now.screen)


def _chosen(
    target: Element,
    ranked: list[Element],
    point: Point,
    anchors: Anchors,
    near: list[Element],
    was: PerceivedScreen,
    now: PerceivedScreen,
) -> MatchedTarget | Missing:
    """The candidate with the target's position relative to the anchors."""
    if not ranked:
        return Missing(f"{describe_element(target)} is there, but not beside what it stood beside")
    agreed = [anchors.agreement(target.box, e.box, near) for e in ranked]
    if len(ranked) == 1:
        sure = agreed[0] >= 0.6 or (len(_name(target)) > 2 and _count(was, target) == 1)
        if not sure:
            return Missing(f"{describe_element(target)} is there, but elsewhere among its neighbours", _boxes(ranked))
        return _place(target, ranked[0], point, _how(target, anchors, near))
    if agreed[0] >= 0.6 and agreed[0] - agreed[1] >= 0.1:
        return _place(target, ranked[0], point, _how(target, anchors, near) + f", the best of {len(ranked)}")
    equals = [e for e, fit in zip(ranked, agreed, strict=True) if agreed[0] - fit < 0.1]
    before = _in_order(_candidates(target, was))
    if len(before) == len(_candidates(target, now)) and agreed[0] >= 0.6:
        at = before.index(target)
        same = _in_order(_candidates(target, now))[at]
        if same in equals:
            return _place(target, same, point, f"number {at + 1} of {len(before)} of that name")
    return Missing(f"{len(equals)} places fit {describe_element(target)} equally well", _boxes(equals))


def _how(target: Element, anchors: Anchors, near: Sequence[Element]) -> str:
    by = "its words" if target.text and target.role not in ("field", "select") else "its label"
    return f"{by} and {sum(e in anchors.pairs for e in near)} of {len(near)} neighbours"


def _place(target: Element, found: Element, point: Point, why: str) -> MatchedTarget:
    """The corresponding point of the found element, away from its edges."""
    across = min(max((point.x - target.box.x1) / max(1.0, target.box.width), 0.08), 0.92)
    down = min(max((point.y - target.box.y1) / max(1.0, target.box.height), 0.2), 0.8)
    box = found.box
    return MatchedTarget(
        Point(box.x1 + across * box.width, box.y1 + down * box.height), box, f"{describe_element(found)}, {why}"
    )


def _candidates(target: Element, screen: PerceivedScreen) -> list[Element]:
    """The elements of `screen` with the target's label or text."""
    if target.role in ("field", "select", "slider", "checkbox", "radio", "switch") and target.label:
        kin = next(group for group in _GROUPS if target.role in group)
        found = [e for e in screen.elements if e.role in kin and same_text(_label(e, screen), target.label)]
        return [e for e in found if not any(o is not e and o.box.overlap(e.box) >= 0.9 * e.box.area for o in found)]
    if not target.text or target.role == "field":
        return []
    called = [e for e in screen.elements if e.role != "field" and same_text(e.text, target.text)]
    return [e for e in called if e.role == target.role] if _split_by_role(target, called) else called


def _label(element: Element, screen: PerceivedScreen) -> str:
    """The label of an element, else the only text left of it on its row."""
    if element.label or element.role not in ("checkbox", "radio", "switch"):
        return element.label
    row = [e for e in screen.elements if _telling(e) and _level(e.box, element.box) and e.box.x2 <= element.box.x1]
    return row[0].text if len(row) == 1 else ""


def _split_by_role(target: Element, called: Sequence[Element]) -> bool:
    """Whether only some of several candidates have the target's role."""
    return target.role not in ("text", "link") and any(e.role == target.role for e in called) and len(called) > 1


def _on_its_row(target: Element, named: list[Element], anchors: Anchors, was: PerceivedScreen) -> list[Element]:
    """Where the recorded screen had several candidates: those on a row with the target's row texts; else all."""
    if len(_candidates(target, was)) < 2:
        return named
    mates = _mates(target, anchors)
    rows = [anchors.pairs[mate].box for mate in mates if mate in anchors.pairs]
    return [e for e in named if any(_level(row, e.box) for row in rows)] if mates else named


def _mates(target: Element, anchors: Anchors) -> list[Element]:
    """The other texts on the target's row."""
    level = [e for e in anchors.near(target.box, target) if _level(e.box, target.box)]
    return [e for e in level if not same_text(e.text, target.text) and e.role not in ("field", "select")]


def _level(a: Box, b: Box) -> bool:
    return _side(a.y1, a.y2, b.y1, b.y2) == 0


def _before_its_words(target: Element, point: Point, anchors: Anchors, near: list[Element]) -> MatchedTarget | None:
    """The place of a check box that was not recognised, at its recorded distance from its label."""
    if target.role not in ("checkbox", "radio") or not target.label or anchors.share(near) < _SHARE:
        return None
    words = [e for e in near if same_text(e.text, target.label) and e in anchors.pairs and _level(e.box, target.box)]
    if len(words) != 1 or gap(words[0].box, target.box) > 3 * anchors.unit:
        return None
    then, now = words[0].box, anchors.pairs[words[0]].box
    spot = Point(now.x1 + anchors.scale * (point.x - then.x1), now.center.y)
    why = f"{describe_element(target)}, its place beside its words"
    return MatchedTarget(spot, _dot(spot).grown(anchors.unit), why) if spot.x >= 0 else None


def _by_looks(
    was: PerceivedFrame, target: Element, point: Point, now: PerceivedFrame, anchors: Anchors, near: list[Element]
) -> MatchedTarget | Missing:
    """A target without text, or with a very short one: by its role, its looks and its expected place."""
    gone = Missing(f"{describe_element(target)} is not there")
    if len(words_only(target.text)) > 2 or anchors.share(near) < _SHARE:
        return gone
    spot = anchors.expected(target.box.center, near)
    if spot is None:
        return gone
    kin = [e for e in now.screen.elements if any(target.role in g and e.role in g for g in _GROUPS)]
    others = {words_only(e.text) for e in was.screen.elements if e is not target and e.text}
    kin = [e for e in kin if not (e.text and words_only(e.text) in others) and _similar_size(target, e, anchors.scale)]
    reach = max(2 * anchors.unit, 0.75 * max(target.box.width, target.box.height)) * anchors.scale
    rows = [anchors.pairs[mate].box for mate in _mates(target, anchors) if mate in anchors.pairs]
    close = [
        e
        for e in kin
        if math.dist(e.box.center, spot) <= reach or e.box.holds(spot) or any(_level(row, e.box) for row in rows)
    ]
    good = [
        e
        for e in close
        if anchors.agreement(target.box, e.box, near) >= 0.8
        and (_looks_like(was.image, target.box, now.image, e.box) or _large(target, anchors.unit))
    ]
    if len(good) == 1:
        return _place(target, good[0], point, f"its looks and {sum(e in anchors.pairs for e in near)} neighbours")
    if good:
        return Missing(f"{len(good)} places fit {describe_element(target)} equally well", _boxes(good))
    return _by_drawing(was, target, point, now, anchors, near) or Missing(gone.why, _boxes(close))


def _by_drawing(
    was: PerceivedFrame, target: Element, point: Point, now: PerceivedFrame, anchors: Anchors, near: list[Element]
) -> MatchedTarget | None:
    """A target that is no recognised element: by its drawing, near its expected place."""
    spot = anchors.expected(point, near)
    if spot is None:
        return None
    unit = anchors.unit * anchors.scale
    found = find_drawing(was.image, point, now.image, spot, 5 * unit, anchors.unit)
    if found is None or anchors.agreement(_dot(point), _dot(found), near) < 0.8:
        return None
    return MatchedTarget(found, _dot(found).grown(unit), f"{describe_element(target)}, its drawing")


def _dot(point: Point) -> Box:
    return Box(point.x - 1, point.y - 1, point.x + 1, point.y + 1)


def _bare(
    was: PerceivedFrame, point: Point, now: PerceivedFrame, anchors: Anchors, ground: Element | None
) -> MatchedTarget | Missing:
    """A point on the background or in a large area: its expected place among the texts around it."""
    dot = _dot(point)
    near = anchors.near(dot, ground)
    spot = anchors.expected(point, near)
    what = describe_element(ground)
    if spot is None or len(near) < 2 or anchors.share(near) < 0.5:
        return Missing(f"too little of what stood around it ({what}) is there")
    if not (0 <= spot.x < now.screen.width and 0 <= spot.y < now.screen.height):
        return Missing(f"its place ({what}) would be outside the screen")
    here = element_at(now.screen, spot)
    there = _dot(spot)
    if here is not None and not _is_ground(here, anchors.unit * anchors.scale):
        return Missing(f"the background is now covered by {describe_element(here)}", (here.box,))
    if anchors.agreement(dot, there, near) < 0.8:
        return Missing(f"what stood around it ({what}) now stands elsewhere", (there.grown(12),))
    return MatchedTarget(
        spot, there.grown(12), f"{what}, its place among {sum(e in anchors.pairs for e in near)} neighbours"
    )


def _is_ground(element: Element, unit: float) -> bool:
    """Whether an element is an area such as a document or a page."""
    return _large(element, unit) and element.role in ("field", "image", "bar", "text")


def _large(element: Element, unit: float) -> bool:
    return element.box.height > 4 * unit and element.box.width > 9 * unit


def _similar_size(target: Element, other: Element, scale: float) -> bool:
    tall, wide = (other.box.height / target.box.height / scale, other.box.width / target.box.width / scale)
    return 0.5 < tall < 2 and 0.4 < wide < 2.5


def _looks_like(was: Image, a: Box, now: Image, b: Box) -> bool:
    """Whether two boxes show the same drawing, at any size, also with inverted colours."""
    one, two = _edges(was, a), _edges(now, b)
    if one.std() < 1 and two.std() < 1:
        return True
    return float(cv2.matchTemplate(one, two, cv2.TM_CCOEFF_NORMED).max()) >= 0.45


def _edges(image: Image, box: Box) -> Image:
    x1, y1, x2, y2 = (max(0, int(v)) for v in box)
    part = cv2.cvtColor(np.ascontiguousarray(image[y1 : max(y1 + 1, y2), x1 : max(x1 + 1, x2)]), cv2.COLOR_RGB2GRAY)
    small = cv2.resize(part, (32, 32), interpolation=cv2.INTER_AREA)
    drawn = cv2.morphologyEx(small, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    return np.asarray(cv2.GaussianBlur(drawn, (5, 5), 0), np.uint8)


def _telling(element: Element) -> bool:
    """Whether an element's text is a name: no value and no misread drawing."""
    if element.role in ("field", "icon", "image") or not element.text:
        return False
    if element.role in ("button", "select", "menu", "menuitem", "tab"):
        return True
    return len(element.text) > 1 and not _VALUE.fullmatch(element.text)


def _unique(elements: Iterable[Element]) -> dict[str, Element]:
    """The elements whose text occurs once, by text."""
    keyed = [(words_only(e.text) or e.text.strip(), e) for e in elements]
    counts = Counter(key for key, _ in keyed)
    return {key: e for key, e in keyed if counts[key] == 1}


def gap(a: Box, b: Box) -> float:
    """The distance between two boxes in pixels; 0 where they touch."""
    return math.hypot(max(0.0, a.x1 - b.x2, b.x1 - a.x2), max(0.0, a.y1 - b.y2, b.y1 - a.y2))


def _same_side(was: Box, anchor: Box, now: Box, twin: Box) -> float:
    """How well the relative position of two boxes agrees with that of two others: 1 equal, 0 opposite."""
    across = abs(_side(was.x1, was.x2, anchor.x1, anchor.x2) - _side(now.x1, now.x2, twin.x1, twin.x2))
    down = abs(_side(was.y1, was.y2, anchor.y1, anchor.y2) - _side(now.y1, now.y2, twin.y1, twin.y2))
    return 1 - (across + down) / 4


def _side(a1: float, a2: float, b1: float, b2: float) -> int:
    """-1 where the first span is before the second, 1 after it, 0 where they overlap."""
    slack = 0.25 * min(a2 - a1, b2 - b1)
    return -1 if a2 <= b1 + slack else 1 if a1 >= b2 - slack else 0


def _name(element: Element) -> str:
    return element.text or element.label


def _count(screen: PerceivedScreen, target: Element) -> int:
    return len(_candidates(target, screen))


def _in_order(elements: Sequence[Element]) -> list[Element]:
    return sorted(elements, key=lambda e: (round(e.box.center.y / 8), e.box.x1))


def _boxes(elements: Iterable[Element]) -> tuple[Box, ...]:
    return tuple(e.box for e in elements)[:5]
