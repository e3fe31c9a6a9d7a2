"""Which elements of a screen a description may mean, best first.

A description is parsed once into a `TargetDescription` (`agent.perception.meaning.description`) and scored
against every element: words
between quotes to the letter, other words also by what they mean, wordless regions by what icon they show.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from actions.frame import Box
from agent.perception import icons
from agent.perception.elements import Candidate, Element, PerceivedScreen, Role
from agent.perception.meaning.description import (
    Relation,
    TargetDescription,
    parse_target,
    strip_article,
    strip_wrappers,
    tidy,
    whole_of,
)
from agent.perception.meaning.text_similarity import STOP, Sense, likeness, meaning, phrases, plain, senses, stem
from agent.perception.meaning.vocabulary import BRANDS, CONCEPTS, DEEDS, KINDS, ROLE_WORDS, Concept

__all__ = ["SURE", "Relation", "TargetDescription", "parse_target", "rank"]

SURE = 0.5
"""A score from which a candidate is good enough to act on."""

_BEHIND = 0.93  # for what is not in the front window: enough to choose between two that fit alike
_EXACT = 0.93  # a score that only words found to the letter have
_LOSS, _LOSS_ICON = 0.08, 0.35  # share of its score that a candidate loses when nothing explains the words, and an icon
_PLACING = """click tap press select choose go see turn next right left above below beside between under over top bottom
first second third last green red blue round small big"""
_EMPTY = frozenset([*" ".join(ROLE_WORDS).split(), *DEEDS, *_PLACING.split()])  # words that do not say which
_SHOWN = 0.25  # candidates below are not worth showing


@lru_cache(maxsize=1024)
def concepts_of(words: str) -> tuple[tuple[Concept, float], ...]:
    """Icons that the words may ask for, with how much of the words each explains (0 to 1)."""
    text = " ".join(w for w in plain(words).split() if w not in ("icon", "button", "symbol", "the", "my", "a"))
    found: list[tuple[Concept, float]] = []
    for concept in CONCEPTS:
        best = max((_said(pattern, text) for pattern in concept.says), default=0.0)
        if best > 0:
            found.append((concept, best))
    return tuple(sorted(found, key=lambda pair: -pair[1]))


def _said(pattern: str, text: str) -> float:
    bounded = pattern if re.search(r"[\u4e00-\u9fff]", pattern) else rf"(?<!\w){pattern}(?!\w)"
    match = re.search(bounded, text)
    if not match:
        return 0.0
    share = len(match[0]) / max(1, len(text))
    return 1.0 if share > 0.95 else 0.55 + 0.4 * share


def _icon_score(words: str, element: Element, screen: PerceivedScreen) -> float:
    best = 0.0
    own = tuple(plain(name.replace("_", " ")) for name in element.icons)
    wanted = plain(words)
    if wanted and own:
        best = max((0.9 - 0.08 * i for i, name in enumerate(own[:6]) if name == wanted), default=0.0)
    if element.shows:
        best = max(best, 0.9 * _shown(words, element) * _cover(words))
    for position, name in enumerate(own):
        best = max(best, _named_weight(words, name) * _cover(words) * (0.88 - 0.03 * min(position, 12)))
    for concept, share in concepts_of(words) if not own else ():
        if element.role in ("icon", "button") and not element.text and concept.place:
            best = max(best, share * 0.6 * _in_place(element.box, concept.place, screen, strict=True))
    return best


def _shown(words: str, element: Element) -> float:
    """How likely an icon shows what the words ask for: its concepts' probabilities, weighed by the words' for them."""
    weights = _asked(words)
    return min(1.0, sum(likely * weights.get(concept, 0.0) for concept, likely in element.shows))


@lru_cache(maxsize=1024)
def _asked(words: str) -> dict[str, float]:
    return icons.concepts_for(words)


@lru_cache(maxsize=65536)
def _named_weight(words: str, name: str) -> float:
    """How much the icon concept of this name is what the words ask for."""
    weight = icons.concepts_for(words).get(name.replace(" ", "-"), 0.0)
    return max(weight, 0.85) if name in BRANDS and name in plain(words).split() else weight


@lru_cache(maxsize=1024)
def _cover(words: str) -> float:
    """Less the more is said: an icon seldom stands for all of a long sentence."""
    count = sum(word not in STOP and word not in ("icon", "button", "go", "open") for word in plain(words).split())
    return max(0.85, 1.06 - 0.06 * max(1, count))


def _in_place(box: Box, place: Iterable[str], screen: PerceivedScreen, strict: bool = False) -> float:
    """1 where the box lies at the named edges of the screen, falling to 0.3 (0 when strict) at the far side."""
    x, y = box.center.x / max(1, screen.width), box.center.y / max(1, screen.height)
    away = {"top": y, "bottom": 1 - y, "left": x, "right": 1 - x, "middle": max(abs(x - 0.5), abs(y - 0.5)) * 1.2}
    score = 1.0
    for word in place:
        far = away.get(word, 0.0)
        score *= (1.0 if far < 0.13 else 0.0) if strict else max(0.3, 1.05 - far)
    return min(1.0, score)


@dataclass(frozen=True)
class _Scored:
    element: Element
    score: float
    why: str
    box: Box


def rank(screen: PerceivedScreen, target: str | TargetDescription, roles: Sequence[Role] = ()) -> list[Candidate]:
    """Elements that the target may mean, best first; `roles` are wanted in addition to those the target names.

    A score of `SURE` (0.5) or more is good enough to act on. An empty list: nothing on the screen fits.
    """
    wanted = parse_target(target) if isinstance(target, str) else target
    wanted = replace(wanted, roles=tuple(dict.fromkeys((*wanted.roles, *roles))))
    found = _flat(screen, wanted, _scored(screen, wanted))
    literal = _literal(screen, wanted, found)
    best = sorted(_in_front(screen, literal or _explained(screen, wanted, found)), key=lambda s: -s.score)
    return [Candidate(s.element, s.box.center, round(min(1.0, s.score), 4), s.why) for s in best if s.score >= _SHOWN]


def _explained(screen: PerceivedScreen, target: TargetDescription, found: list[_Scored]) -> list[_Scored]:
    """Less the more of the words said nothing on the screen explains: they are about another screen."""
    wanted = [] if target.quoted else [s for s in senses(target.whole or target.raw) if s.word not in _EMPTY]
    seen = [t for e in screen.elements for t in senses(" ".join((e.text, e.label, *e.icons[:3])))]
    if not wanted or all(s.score >= _EXACT for s in found):
        return found
    left = sum(not any(s.means(t) for t in seen) for s in wanted)
    share = left / len(wanted)
    return [
        s
        if s.score >= _EXACT
        else replace(s, score=s.score * (1 - (_LOSS_ICON if s.why == "icon" and left > 1 else _LOSS) * share))
        for s in found
    ]


def _in_front(screen: PerceivedScreen, found: list[_Scored]) -> list[_Scored]:
    """Less for what lies outside the front window, where there are several; menus are in front of all windows."""
    if len(screen.windows) < 2:
        return found
    front = screen.windows[0].box
    return [
        s if s.element.role == "menuitem" or front.holds(s.box.center) else replace(s, score=s.score * _BEHIND)
        for s in found
    ]


def _literal(screen: PerceivedScreen, target: TargetDescription, found: list[_Scored]) -> list[_Scored]:
    """Elements whose words are the whole description, where taking it apart led elsewhere ("Zoom to the right")."""
    if target.quoted:
        return []
    whole = strip_article(tidy(target.raw))
    apart = target.relations or target.ordinal or target.place or target.roles or target.colours
    surest = max((s.score for s in found), default=0.0)
    widget = any(s.score >= 0.98 and s.why == "text" and s.element.role in target.roles for s in found)
    for words in (whole, strip_article(strip_wrappers(whole)) if apart else target.words):
        exact = [
            s
            for s in _scored(screen, TargetDescription(raw=target.raw, words=words))
            if s.score >= 0.93 and s.why == "text"
        ]
        if widget:  # plain words that say the same only speak of it ("…, then click button TWO.")
            exact = [s for s in exact if s.element.role != "text"]
        if exact and words != target.words and (words == whole or surest < 0.98):
            return exact
    named = whole_of(target.raw)
    if target.relations and named.roles and named.words:
        return [s for s in _scored(screen, named) if s.score >= 0.93 and s.element.role in named.roles]
    return []


def _placed(found: list[_Scored], place: tuple[str, ...], screen: PerceivedScreen) -> list[_Scored]:
    """Scores by how near to the named edges, the best of those that fit otherwise keeping its score."""
    fits = [_in_place(s.box, place, screen) for s in found]
    strong = max((s.score for s in found), default=0.0)
    best = max((fit for s, fit in zip(found, fits, strict=True) if s.score >= 0.8 * strong), default=1.0)
    return [replace(s, score=s.score * min(1.0, fit / best)) for s, fit in zip(found, fits, strict=True)]


def _flat(screen: PerceivedScreen, target: TargetDescription, found: list[_Scored]) -> list[_Scored]:
    """Also what the whole description means without its relations: "a new profile on this network" names no anchor."""
    if not target.relations or target.ordinal:
        return found
    whole = TargetDescription(
        raw=target.raw, words=strip_article(target.whole or target.raw), roles=target.roles, place=target.place
    )
    share = 0.9 if target.words and not target.quoted else 0.6
    others = [replace(s, score=s.score * share * (0.8 if s.why == "icon" else 1.0)) for s in _scored(screen, whole)]
    return _best_of(found + others)


def _best_of(found: list[_Scored]) -> list[_Scored]:
    best: dict[int, _Scored] = {}
    for s in found:
        key = hash((s.element.box, s.element.text))
        if key not in best or best[key].score < s.score:
            best[key] = s
    return list(best.values())


def _scored(screen: PerceivedScreen, target: TargetDescription) -> list[_Scored]:
    common = _common(screen, target)
    base = [s for e in screen.elements if (s := _base(e, target, screen, common)).score >= 0.15]
    base += _joined(screen, target)
    base = _best_of(base + _done_to(screen, target))
    for relation in target.relations:
        base = _related(base, relation, screen)
    if target.place:
        base = _placed(base, target.place, screen)
    return _nth(base, target) if target.ordinal else base


def _common(screen: PerceivedScreen, target: TargetDescription) -> dict[Sense, int]:
    if target.quoted or not target.words:
        return {}
    seen = [senses(e.text or e.label) for e in screen.elements if e.text or e.label]
    wanted = {*senses(target.words), *senses(target.whole)}
    return {s: sum(any(s.means(t) for t in words) for words in seen) for s in wanted}


def _base(element: Element, target: TargetDescription, screen: PerceivedScreen, common: dict[Sense, int]) -> _Scored:
    if not target.words:
        said = likeness(strip_article(strip_wrappers(target.said)), element.text) if target.said else 0.0
        if said >= 0.98:
            return _Scored(element, 0.9, "text", element.box)
        score = 0.62 if target.roles or target.generic or target.colours or target.place else 0.0
        if target.generic:
            score *= (
                1.0 if element.role in ("text", "link", "menuitem", "button", "tab") and len(element.text) > 1 else 0.3
            )
        return _Scored(
            element,
            score * _role_factor(element, target, bare=True) * _colour_factor(element, target),
            "role",
            element.box,
        )
    text = likeness(target.words, element.text, target.quoted)
    label = 0.97 * likeness(target.words, element.label, target.quoted)
    meant = 0.0 if target.quoted else _meant(target, element, common)
    icon = _icon_score(target.words, element, screen)
    if target.whole and not target.relations and not target.quoted:
        icon = max(icon, 0.97 * _icon_score(target.whole, element, screen))
    instead = _text_instead(target, element)
    score = max(text, label, meant, icon, instead)
    why = max(((text, "text"), (label, "label"), (meant, "meaning"), (icon, "icon"), (instead, "synonym")))[1]
    box = _part(element, target.words) if why in ("text", "meaning") and text < 0.94 else element.box
    return _Scored(element, score * _role_factor(element, target) * _colour_factor(element, target), why, box)


def _meant(target: TargetDescription, element: Element, common: dict[Sense, int]) -> float:
    phrases = [target.words] if target.relations else [target.words, target.whole]
    if _is_kind(target.words, element.text):
        return 0.6
    lacking = 0.72 if _lacks_verb(target.whole, element.text or element.label) else 1.0
    return lacking * max(
        max(meaning(phrase, element.text, common), 0.95 * meaning(phrase, element.label, common))
        for phrase in phrases
        if phrase
    )


def _is_kind(words: str, text: str) -> bool:
    """Whether the text is a value of the kind asked for: "change the country" where "France" is written."""
    named = set(plain(words).split())
    if len(text) > 32 or not named & KINDS.keys():
        return False
    return any(re.fullmatch(KINDS[kind], text.strip(), re.IGNORECASE) for kind in named & KINDS.keys())


def _lacks_verb(whole: str, text: str) -> bool:
    """Whether the request is for something done to what is written ("delete the task"), not for the thing itself."""
    first = plain(whole).split(" ", 1)[0]
    return first in DEEDS and not any(
        Sense(stem(first), phrases().get(stem(first), frozenset())).means(s) for s in senses(text)
    )


def _done_to(screen: PerceivedScreen, target: TargetDescription) -> list[_Scored]:
    """Icons for a deed that stand by the thing it is done to: "delete the Learn Rust task" is the cross beside it."""
    first, _, rest = plain(target.whole).partition(" ")
    if first not in DEEDS or not rest or target.quoted or target.relations:
        return []
    anchors = _anchors(screen, TargetDescription(raw=rest, words=strip_article(rest)))
    deeds = [(e, s) for e in screen.elements if e.icons and (s := _icon_score(first, e, screen)) >= 0.3]
    if not anchors or not deeds:
        return []
    reach = float(max(screen.width, screen.height))
    placed = [_Scored(e, max(0.62, s), "icon by it", e.box) for e, s in deeds]
    fits = [_fit(s, "near", anchors, reach) for s in placed]
    level = [any(a.box.y1 - a.box.height <= s.box.center.y <= a.box.y2 + a.box.height for a in anchors) for s in placed]
    best = max(fits) or 1.0
    return [
        replace(s, score=s.score * fit / best * (1.0 if row else 0.7))
        for s, fit, row in zip(placed, fits, level, strict=True)
    ]


def _text_instead(target: TargetDescription, element: Element) -> float:
    """A written word that stands for the icon asked for: "Back" for go back."""
    if not element.text or len(element.text) > 24:
        return 0.0
    seen = plain(element.text) or element.text
    return max((0.72 * share for concept, share in concepts_of(target.words) if seen in concept.texts), default=0.0)


def _role_factor(element: Element, target: TargetDescription, bare: bool = False) -> float:
    if not target.roles:
        return {"image": 0.8, "bar": 0.6, "icon": 0.97, "text": 0.985}.get(element.role, 1.0)
    if element.role in target.roles:
        return 1.0 - 0.03 * target.roles.index(element.role)
    if bare:
        return 0.3
    wanted = target.roles[0]
    near: dict[Role, tuple[Role, ...]] = {
        "button": ("text", "link", "tab", "menuitem", "select", "field"),
        "field": ("select", "text", "button"),
        "select": ("field", "button", "text"),
        "checkbox": ("radio", "switch", "text", "icon"),
        "radio": ("checkbox", "switch", "text", "icon"),
        "switch": ("checkbox", "radio", "icon", "text"),
        "icon": ("button", "image", "checkbox", "radio", "link", "text"),
        "menu": ("menuitem", "button", "text", "tab"),
        "menuitem": ("text", "button", "link", "menu"),
        "tab": ("text", "button", "menu", "link"),
        "link": ("text", "button"),
    }
    order = near.get(wanted, ())
    return 0.93 - 0.03 * order.index(element.role) if element.role in order else 0.72


def _colour_factor(element: Element, target: TargetDescription) -> float:
    if not target.colours:
        return 1.0
    return 1.0 if set(target.colours) & set(element.colours) else 0.6


def _part(element: Element, words: str) -> Box:
    """Where in a longer line the words stand: the longest run of them found in it, if that is not most of the line."""
    if element.role not in ("text", "link"):
        return element.box
    text, wanted = element.text.casefold(), words.casefold()
    at = text.find(wanted)
    start, end = (at, at + len(wanted)) if at >= 0 else _longest_run(text, wanted)
    short = 2 if re.search(r"[\u3040-\u9fff]", element.text[start:end]) else 3
    if end - start < short or end - start > 0.72 * len(element.text):
        return element.box
    box, count = element.box, len(element.text)
    if len(element.glyphs) == count:
        half = box.height * 0.3
        return Box(
            max(box.x1, element.glyphs[start] - half), box.y1, min(box.x2, element.glyphs[end - 1] + half), box.y2
        )
    wide = box.width / count
    return Box(box.x1 + start * wide, box.y1, box.x1 + end * wide, box.y2)


def _longest_run(text: str, words: str) -> tuple[int, int]:
    """Start and end in `text` of the longest run of whole words that it shares with `words`."""
    spans = [(m.start(), m.end()) for m in re.finditer(r"\w+", text)]
    wanted = _spaced(words)
    best = (0, 0)
    for i, (start, _) in enumerate(spans):
        for _, end in spans[i:]:
            if _spaced(text[start:end]) not in wanted:
                break
            if end - start > best[1] - best[0] and not (i == 0 and end - start < 3):
                best = (start, end)
    return best


def _spaced(text: str) -> str:
    return " " + " ".join(re.findall(r"\w+", text)) + " "


def _joined(screen: PerceivedScreen, target: TargetDescription) -> list[_Scored]:
    """Texts that run over two or three lines, matched as one."""
    if len(target.words) < 8:
        return []
    lines = [
        e
        for e in screen.elements
        if e.role not in ("field", "select", "checkbox", "radio", "button") and len(e.text) > 1
    ]
    out = []
    for first in lines:
        chain = [first]
        for _ in range(2):
            below = [e for e in lines if _continues(chain[-1], e)]
            if not below:
                break
            chain.append(min(below, key=lambda e: e.box.y1))
            text = " ".join(e.text for e in chain)
            score = max(
                likeness(target.words, text, target.quoted), 0.0 if target.quoted else meaning(target.words, text)
            )
            whole = chain[0].box
            for e in chain[1:]:
                whole = whole.union(e.box)
            joined = replace(first, box=whole, text=text, glyphs=())
            out.append(_Scored(joined, score * 0.97 * _role_factor(first, target), "text over lines", whole))
    return [s for s in out if s.score >= 0.3]


def _continues(above: Element, below: Element) -> bool:
    gap = below.box.y1 - above.box.y2
    height = above.box.height
    alike = 0.6 < below.box.height / max(1.0, height) < 1.7
    aligned = (
        abs(above.box.x1 - below.box.x1) < 1.2 * height or abs(above.box.center.x - below.box.center.x) < 0.8 * height
    )
    return alike and aligned and -0.2 * height < gap < 1.1 * height


def _in_windows(found: list[_Scored], relation: Relation, screen: PerceivedScreen) -> list[_Scored] | None:
    """Only what lies in the windows that the relation names by their titles; None where it names none."""
    words = relation.anchors[0].words or relation.anchors[0].raw
    named = [w.box for w in screen.windows if w.title and _entitled(words, w.title)]
    if relation.kind != "in" or not named:
        return None
    return [s if any(box.holds(s.box.center) for box in named) else replace(s, score=s.score * 0.3) for s in found]


def _entitled(words: str, title: str) -> bool:
    return max(likeness(words, title), likeness(words, title.rsplit(" - ", 1)[-1])) >= 0.6


def _in_row(found: list[_Scored], row: int) -> list[_Scored]:
    """The nth row of what fits about equally well, the last for -1."""
    best = max((s.score for s in found), default=0.0)
    rows: list[list[_Scored]] = []
    for s in sorted((s for s in found if s.score >= 0.985 * best), key=lambda s: s.box.center.y):
        if rows and s.box.center.y - rows[-1][-1].box.center.y <= 0.4 * s.box.height:
            rows[-1].append(s)
        else:
            rows.append([s])
    index = row - 1 if row > 0 else len(rows) + row
    chosen = rows[index] if 0 <= index < len(rows) else []
    return [s if s in chosen else replace(s, score=s.score * 0.3) for s in found]


def _related(found: list[_Scored], relation: Relation, screen: PerceivedScreen) -> list[_Scored]:
    if relation.kind == "nth row":
        return _in_row(found, relation.anchors[0].ordinal or 1)
    in_windows = _in_windows(found, relation, screen)
    if in_windows is not None:
        return in_windows
    anchors = [_anchors(screen, anchor) for anchor in relation.anchors]
    if not all(anchors):
        return [replace(s, score=s.score * 0.45, why=s.why + ", anchor not found") for s in found]
    if relation.kind == "between" and len(anchors) == 2:
        return [replace(s, score=s.score * _between(s.box, anchors[0], anchors[1])) for s in found]
    reach = float(max(screen.width, screen.height))
    fits = [_fit(s, relation.kind, anchors[0], reach) for s in found]
    strong = max((s.score for s, fit in zip(found, fits, strict=True) if fit > 0), default=0.0)
    best = max((fit for s, fit in zip(found, fits, strict=True) if s.score >= 0.8 * strong), default=1.0) or 1.0
    sure = max(a.score for a in anchors[0]) ** 0.3
    return [
        replace(s, score=s.score * min(1.0, fit / best) * sure, why=f"{s.why}, {relation.kind}")
        for s, fit in zip(found, fits, strict=True)
    ]


def _fit(candidate: _Scored, kind: str, anchors: list[_Scored], reach: float) -> float:
    others = [a for a in anchors if a.element != candidate.element]
    named = any(a.element.text and candidate.element.label == a.element.text for a in anchors)
    return max(
        [_geometry(kind, candidate, a, reach) for a in others]
        + [1.0 if named and kind in ("near", "row", "left", "right") else 0.0]
    )


def _anchors(screen: PerceivedScreen, target: TargetDescription) -> list[_Scored]:
    whole = TargetDescription(raw=target.raw, words=target.raw if not target.quoted else target.words)
    written = [s for s in _scored(screen, whole) if s.score >= 0.9] if target.relations and not target.quoted else []
    found = sorted(written or _scored(screen, target), key=lambda s: -s.score)
    least = 0.85 if found and found[0].score < 0.95 else 0.94
    close = [s for s in found if s.score >= 0.4 and s.score > least * found[0].score][:6]
    return [s for s in close if not s.why.startswith("label")] or close


def _between(box: Box, first: list[_Scored], second: list[_Scored]) -> float:
    best = 0.0
    for a in first:
        for b in second:
            hull = a.box.union(b.box).grown(2)
            if hull.holds(box.center) and box.center not in (a.box.center, b.box.center):
                best = max(best, 1.0 / (1 + hull.area / 1e6))
    return best


def _geometry(kind: str, candidate: _Scored, anchor: _Scored, reach: float) -> float:
    """How well a candidate stands in a relation to an anchor: 1 next to it, less with distance, 0 where it does not."""
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
        return 1.0 if inner or candidate.element.role == "menuitem" else near * 0.9
    return near * near * (0.75 + 0.25 * level)


def _aligned(a1: float, a2: float, b1: float, b2: float) -> float:
    """1 where one span's middle lies in the other, falling with the distance of the middles."""
    middle_a, middle_b = (a1 + a2) / 2, (b1 + b2) / 2
    if b1 <= middle_a <= b2 or a1 <= middle_b <= a2:
        return 1.0
    return max(0.0, 0.7 - abs(middle_a - middle_b) / max(1.0, a2 - a1, b2 - b1) * 0.3)


def _nth(found: list[_Scored], target: TargetDescription) -> list[_Scored]:
    """The nth of those that fit about equally well, in reading order; all others score low."""
    if not found or target.ordinal is None:
        return found
    best = max(s.score for s in found)
    floor = 0.55 if target.words else 0.5
    alike = [s for s in found if s.score >= floor * best]
    if target.words:
        alike = (
            [s for s in alike if s.score >= 0.85 * best]
            if sum(s.score >= 0.85 * best for s in alike) >= abs(target.ordinal)
            else alike
        )
    alike = _distinct(sorted(alike, key=lambda s: (round(s.box.center.y / max(8.0, s.box.height)), s.box.x1)))
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


def _distinct(found: list[_Scored]) -> list[_Scored]:
    kept: list[_Scored] = []
    for s in found:
        if not any(s.box.overlap(k.box) > 0.5 * min(s.box.area, k.box.area) for k in kept):
            kept.append(s)
    return kept
