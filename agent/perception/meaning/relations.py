"""Scores changed by position: relations to anchors, edges of the screen, windows, rows and ordinals."""

from __future__ import annotations

import math
from dataclasses import replace
from statistics import median

from actions.frame import Box
from agent.perception.elements import PerceivedScreen
from agent.perception.meaning.description import (
    Relation,
    TargetDescription,
)
from agent.perception.meaning.element_scores import ScoredElement, in_place
from agent.perception.meaning.text_similarity import text_similarity


def near_edges(found: list[ScoredElement], place: tuple[str, ...], screen: PerceivedScreen) -> list[ScoredElement]:
    """Scores weighted by the distance to the named edges; the nearest of those that fit otherwise keeps its score."""
    fits = [in_place(s.box, place, screen) for s in found]
    strong = max((s.score for s in found), default=0.0)
    best = max((fit for s, fit in zip(found, fits, strict=True) if s.score >= 0.8 * strong), default=1.0)
    return [replace(s, score=s.score * min(1.0, fit / best)) for s, fit in zip(found, fits, strict=True)]


def in_windows(found: list[ScoredElement], relation: Relation, screen: PerceivedScreen) -> list[ScoredElement] | None:
    """Only what lies in the windows that the relation names by their titles; None where it names none."""
    words = relation.anchors[0].words or relation.anchors[0].raw
    named = [w.box for w in screen.windows if w.title and _names_title(words, w.title)]
    if relation.kind != "in" or not named:
        return None
    return [s if any(box.holds(s.box.center) for box in named) else replace(s, score=s.score * 0.3) for s in found]


def _names_title(words: str, title: str) -> bool:
    return max(text_similarity(words, title), text_similarity(words, title.rsplit(" - ", 1)[-1])) >= 0.6


def in_row(found: list[ScoredElement], row: int) -> list[ScoredElement]:
    """The nth row of what fits about equally well, the last for -1."""
    best = max((s.score for s in found), default=0.0)
    rows: list[list[ScoredElement]] = []
    for s in sorted((s for s in found if s.score >= 0.985 * best), key=lambda s: s.box.center.y):
        if rows and s.box.center.y - rows[-1][-1].box.center.y <= 0.4 * s.box.height:
            rows[-1].append(s)
        else:
            rows.append([s])
    index = row - 1 if row > 0 else len(rows) + row
    chosen = rows[index] if 0 <= index < len(rows) else []
    return [s if s in chosen else replace(s, score=s.score * 0.3) for s in found]


def relation_fit(candidate: ScoredElement, kind: str, anchors: list[ScoredElement], reach: float) -> float:
    """How well a candidate has a relation to the best of `anchors`; `reach` is the length of the screen in pixels."""
    others = [a for a in anchors if a.element != candidate.element]
    named = any(a.element.text and candidate.element.label == a.element.text for a in anchors)
    return max(
        [_geometry(kind, candidate, a, reach) for a in others]
        + [1.0 if named and kind in ("near", "row", "left", "right") else 0.0]
    )


def between(box: Box, first: list[ScoredElement], second: list[ScoredElement]) -> float:
    """1 for a box between an anchor of each list, less for a larger area around them; 0 outside."""
    best = 0.0
    for a in first:
        for b in second:
            hull = a.box.union(b.box).grown(2)
            if hull.holds(box.center) and box.center not in (a.box.center, b.box.center):
                best = max(best, 1.0 / (1 + hull.area / 1e6))
    return best


def _geometry(kind: str, candidate: ScoredElement, anchor: ScoredElement, reach: float) -> float:
    """How well a candidate has a relation to an anchor: 1 next to it, less with distance, 0 where it has not."""
    c, a = candidate.box, anchor.box
    dx = max(a.x1 - c.x2, c.x1 - a.x2, 0.0)
    dy = max(a.y1 - c.y2, c.y1 - a.y2, 0.0)
    near = 1 / (1 + 2.5 * math.hypot(dx, dy) / reach)
    level = _aligned(c.y1, c.y2, a.y1, a.y2)
    upright = _aligned(c.x1, c.x2, a.x1, a.x2)
    if kind == "right":
        return near * level if c.center.x > a.center.x and c.x2 > a.x2 - 1 else 0.0
    if kind == "left":
        return near * level if c.center.x < a.center.x and c.x1 < a.x1 + 1 else 0.0
    if kind == "below":
        return near * max(0.75, upright) / (1 + 2 * dx / reach) if c.center.y > a.y2 - 0.2 * a.height else 0.0
    if kind == "above":
        return near * max(0.75, upright) / (1 + 2 * dx / reach) if c.center.y < a.y1 + 0.2 * a.height else 0.0
    if kind == "after":
        return near * (1.0 if level > 0.8 and c.center.x > a.center.x else 0.85 if c.center.y > a.y2 else 0.0)
    if kind == "before":
        return near * (1.0 if level > 0.8 and c.center.x < a.center.x else 0.85 if c.center.y < a.y1 else 0.0)
    if kind == "row":
        return level * (0.8 + 0.2 * near)
    if kind == "in":
        inner = a.holds(c.center) and a.area > c.area
        under = c.center.y > a.y1 - 0.5 * a.height  # a heading stands over what is in its section
        return 1.0 if inner or candidate.element.role == "menuitem" else near * (0.9 if under else 0.5)
    return near * near * (0.75 + 0.25 * level)


def _aligned(a1: float, a2: float, b1: float, b2: float) -> float:
    """1 where one span's middle lies in the other, falling with the distance of the middles."""
    middle_a, middle_b = (a1 + a2) / 2, (b1 + b2) / 2
    if b1 <= middle_a <= b2 or a1 <= middle_b <= a2:
        return 1.0
    return max(0.0, 0.7 - abs(middle_a - middle_b) / max(1.0, a2 - a1, b2 - b1) * 0.3)


def are_several(found: list[ScoredElement], ordinal: int) -> bool:
    """Whether they can be counted to an ordinal: one thing alone has no first."""
    return len(_distinct(found)) >= max(2, abs(ordinal))


def nth(found: list[ScoredElement], target: TargetDescription) -> list[ScoredElement]:
    """The nth in reading order of those that fit about equally well; all others score low."""
    if not found or target.ordinal is None:
        return found
    best = max(s.score for s in found)
    floor = 0.55 if target.words else 0.5
    icons, written = (
        [s for s in found if s.score >= floor * best and (s.why == "icon") is icon] for icon in (True, False)
    )
    if are_several(written, target.ordinal) and not are_several(icons, target.ordinal):
        found, best = written, max(s.score for s in written)
    alike = [s for s in found if s.score >= floor * best]
    if target.words:
        alike = (
            [s for s in alike if s.score >= 0.85 * best]
            if sum(s.score >= 0.85 * best for s in alike) >= abs(target.ordinal)
            else alike
        )
    if target.roles and not target.words:
        alike = [s for s in alike if s.element.role == target.roles[0]] or alike
    line = max(8.0, median(s.box.height for s in alike))
    alike = _distinct(sorted(alike, key=lambda s: (round(s.box.center.y / line), s.box.x1)))
    index = target.ordinal - 1 if target.ordinal > 0 else len(alike) + target.ordinal
    if not 0 <= index < len(alike):
        return [replace(s, score=min(s.score, 0.4), why=s.why + ", too few") for s in found]
    chosen = alike[index]
    return [
        replace(
            s,
            score=max(0.55, best) if s is chosen and best >= 0.3 else best if s is chosen else min(0.3, 0.5 * s.score),
        )
        for s in found
    ]


def _distinct(found: list[ScoredElement]) -> list[ScoredElement]:
    kept: list[ScoredElement] = []
    for s in found:
        if not any(s.box.overlap(k.box) > 0.5 * min(s.box.area, k.box.area) for k in kept):
            kept.append(s)
    return kept


def best_of(found: list[ScoredElement]) -> list[ScoredElement]:
    """The best score of each element."""
    best: dict[int, ScoredElement] = {}
    for s in found:
        key = hash((s.element.box, s.element.text))
        if key not in best or best[key].score < s.score:
            best[key] = s
    return list(best.values())
