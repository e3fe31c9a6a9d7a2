"""Which elements of a screen a description may mean, best first.

A description is parsed once into a `TargetDescription` (`agent.perception.meaning.description`) and scored against
every element: words between quotes exactly, other words also by their meaning, wordless regions by the icon they show.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache, reduce

from actions.frame import Box
from agent.perception.elements import Candidate, Element, PerceivedScreen, Role
from agent.perception.meaning.choice import chosen
from agent.perception.meaning.description import (
    Relation,
    TargetDescription,
    parse_target,
    strip_article,
    strip_wrappers,
    tidy,
    whole_of,
)
from agent.perception.meaning.element_scores import ScoredElement, base_score, icon_score, role_factor
from agent.perception.meaning.readings import names_a_kind, numbered_readings, other_readings
from agent.perception.meaning.relations import (
    are_several,
    best_of,
    between,
    in_row,
    in_windows,
    near_edges,
    nth,
    relation_fit,
)
from agent.perception.meaning.rows import column_below, list_rows
from agent.perception.meaning.text_similarity import same_word, stems_of, text_similarity, word_similarity
from agent.perception.meaning.vocabulary import DEEDS, ROLE_WORDS
from agent.perception.normalisation import words_only

SURE = 0.5
"""A score from which a candidate is good enough to act on."""
_BEHIND = 0.93  # outside the front window: enough to choose between two that fit equally
_HEADING = 0.98  # share of the score kept by the larger of equal texts
_EXACT = 0.93  # a score that only exactly matching words reach
_LOSS, _LOSS_ICON = 0.08, 0.35  # share of the score lost when nothing explains the words; for an icon
_PLACING = """click tap press select choose go see turn next right left above below beside between under over top bottom
first second third last green red blue round small big"""
_EMPTY = frozenset([*" ".join(ROLE_WORDS).split(), *DEEDS, *_PLACING.split()])  # words that identify nothing
_ROW = 0.65  # the score of a row that is only counted
_CERTAIN = 0.88  # a score that the words of the target alone reach only where they are there
_KEPT, _KEPT_IN = 0.72, 0.9  # share of a certain score that stays where a relation, a container does not hold
_ONE_LINE = ("field", "select", "checkbox", "radio", "button", "menu", "menuitem", "tab")
_SHOWN, _SHOWN_LIKELY = 0.25, 0.05  # scores, and probabilities, below which a candidate is not returned


def rank(
    screen: PerceivedScreen, target: str | TargetDescription, roles: Sequence[Role] = (), meaning: bool = True
) -> list[Candidate]:
    """Elements that the target may mean, best first; `roles` are wanted in addition to those the target names.

    With `meaning`, what was learned decides where the rules leave it open. A score of `SURE` (0.5) or more is good
    enough to act on. An empty list: nothing on the screen fits.
    """
    wanted = parse_target(target) if isinstance(target, str) else target
    wanted = replace(wanted, roles=tuple(dict.fromkeys((*wanted.roles, *roles))))
    wanted, scored = _numbered(screen, wanted, by_rules(screen, wanted))
    least = _SHOWN
    if meaning and is_open(wanted, scored):
        scored, least = chosen(screen, wanted, scored), _SHOWN_LIKELY
    best = sorted(scored, key=lambda s: -s.score)
    return [Candidate(s.element, s.box.center, round(min(1.0, s.score), 4), s.why) for s in best if s.score >= least]


def by_rules(screen: PerceivedScreen, target: TargetDescription) -> list[ScoredElement]:
    """Elements scored by words, icon, role and relations alone."""
    found = _without_relations(screen, target, _scored(screen, target))
    literal = _literal(screen, target, found)
    scored = literal or _read_again(screen, target, _less_for_unexplained(screen, target, found))
    return _less_behind_front_window(screen, _less_for_headings(scored))


def is_open(target: TargetDescription, found: Sequence[ScoredElement]) -> bool:
    """Whether the rules leave open which element is meant: none has the very words."""
    if target.quoted or target.ordinal is not None or not target.words:
        return False
    best = max(found, key=lambda s: s.score, default=None)
    if best and best.score >= SURE and (target.relations or best.why in ("kind", "icon by it")):
        return False
    return not any(s.score >= _CERTAIN and s.why.startswith(("text", "label")) for s in found)


def _read_again(screen: PerceivedScreen, target: TargetDescription, found: list[ScoredElement]) -> list[ScoredElement]:
    """`found`, and what another reading finds exactly where the first is not sure."""
    if target.quoted or target.ordinal or max((s.score for s in found), default=0.0) >= _CERTAIN:
        return found
    for other in other_readings(target.raw):
        exact = [s for s in _exact(screen, replace(other, relations=())) if s.score >= _CERTAIN]
        for relation in other.relations:
            anchors = _exact(screen, relation.anchors[0])
            exact = _placed(exact, relation, [anchors], screen) if anchors and exact else []
        if exact:
            return best_of([*found, *(replace(s, score=0.95 * s.score) for s in exact)])
    return found


def _numbered(
    screen: PerceivedScreen, target: TargetDescription, found: list[ScoredElement]
) -> tuple[TargetDescription, list[ScoredElement]]:
    """What "message number 3" means, and its elements; both as given where something is certain to be called that."""
    if not target.quoted and not target.ordinal and max((s.score for s in found), default=0.0) < _CERTAIN:
        for other in numbered_readings(target.raw):
            counted = by_rules(screen, other)
            if any(s.score >= SURE for s in counted):
                return other, counted
    return target, found


def _exact(screen: PerceivedScreen, target: TargetDescription) -> list[ScoredElement]:
    """Elements whose text or label is the target's words."""
    return [
        s
        for s in (base_score(e, target, screen, {}) for e in screen.elements)
        if s.why in ("text", "label") and s.score >= _CERTAIN
    ]


def _less_for_unexplained(
    screen: PerceivedScreen, target: TargetDescription, found: list[ScoredElement]
) -> list[ScoredElement]:
    """Scores reduced by the share of the words that nothing on the screen explains: they describe another screen."""
    wanted = [] if target.quoted else [s for s in stems_of(target.whole or target.raw) if s not in _EMPTY]
    seen = [t for e in screen.elements for t in stems_of(" ".join((e.text, e.label, *e.icons[:3])))]
    if not wanted or all(s.score >= _EXACT for s in found):
        return found
    left = sum(not any(same_word(s, t) for t in seen) for s in wanted)
    share = left / len(wanted)
    return [
        s
        if s.score >= _EXACT
        else replace(s, score=s.score * (1 - (_LOSS_ICON if s.why == "icon" and left > 1 else _LOSS) * share))
        for s in found
    ]


def _less_for_headings(found: list[ScoredElement]) -> list[ScoredElement]:
    """Scores of texts reduced where the same words stand in smaller letters too: those lead to what the others head."""
    exact = [s for s in found if s.why == "text" and s.score >= _EXACT]
    letters = min((s.box.height for s in exact if s.element.role != "bar"), default=0.0)
    return [
        replace(s, score=s.score * _HEADING)
        if s in exact and s.element.role == "text" and s.box.height > 1.2 * letters
        else s
        for s in found
    ]


def _less_behind_front_window(screen: PerceivedScreen, found: list[ScoredElement]) -> list[ScoredElement]:
    """Scores reduced outside the front window."""
    return [s if screen.is_in_front(s.element, s.box.center) else replace(s, score=s.score * _BEHIND) for s in found]


def _literal(screen: PerceivedScreen, target: TargetDescription, found: list[ScoredElement]) -> list[ScoredElement]:
    """Elements whose text is the whole description, where parsing it led elsewhere ("Zoom to the right")."""
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
        if widget:  # a text of the same words only mentions it ("…, then click button TWO.")
            exact = [s for s in exact if s.element.role != "text"]
        if exact and words != target.words and (words == whole or surest < 0.98):
            return exact
    named = whole_of(target.raw)
    if target.relations and named.roles and named.words:
        return [s for s in _scored(screen, named) if s.score >= 0.93 and s.element.role in named.roles]
    return []


def _without_relations(
    screen: PerceivedScreen, target: TargetDescription, found: list[ScoredElement]
) -> list[ScoredElement]:
    """`found` and what the whole description means without its relations ("on this network" may name no anchor)."""
    if not target.relations or target.ordinal:
        return found
    whole = TargetDescription(
        raw=target.raw, words=strip_article(target.whole or target.raw), roles=target.roles, place=target.place
    )
    share = 0.9 if target.words and not target.quoted else 0.6
    others = [replace(s, score=s.score * share * (0.8 if s.why == "icon" else 1.0)) for s in _scored(screen, whole)]
    return best_of(found + others)


def _scored(screen: PerceivedScreen, target: TargetDescription) -> list[ScoredElement]:
    common = _frequencies(screen, target)
    base = [s for e in screen.elements if (s := base_score(e, target, screen, common)).score >= 0.15]
    base += _over_lines(screen, target)
    base = _controls_before_labels(best_of(base + _verb_icons(screen, target)), target)
    for relation in target.relations:
        base = _related(base, relation, screen, target)
    if target.place:
        base = near_edges(base, target.place, screen)
    if target.ordinal is None:
        return base
    return _nth_counted(screen, target, base) or nth(base, target)


def _controls_before_labels(found: list[ScoredElement], target: TargetDescription) -> list[ScoredElement]:
    """Scores of texts reduced where a control of the role asked for has them as its label: "the Scale dropdown"."""
    named = [s for s in found if s.why == "label" and s.score >= _EXACT and s.element.role in target.roles[:1]]
    if not named:
        return found
    return [replace(s, score=0.7 * s.score) if s.why == "text" and s.element.role == "text" else s for s in found]


def _nth_counted(screen: PerceivedScreen, target: TargetDescription, found: list[ScoredElement]) -> list[ScoredElement]:
    """What "the third message", "the third name" means: a row of the screen's list where nothing is called a message, a
    row's text below the heading "Name"; else empty.
    """
    if target.quoted or target.relations or [role for role in target.roles if role != "text"]:
        return []
    number = target.ordinal or 1
    headings = [s.element for s in found if s.why == "text" and s.score >= _EXACT] if target.words else []
    cells = next((column for e in headings if (column := column_below(e, screen))), [])
    if not cells and names_a_kind(target.words or target.said):
        written = [s for s in found if s.score >= SURE and s.why.startswith(("text", "label"))]
        cells = [] if target.words and are_several(written, number) else list_rows(screen)
    index = number - (number > 0)
    if not -len(cells) <= index < len(cells):
        return []
    return [ScoredElement(cells[index], _ROW, "row of the list", cells[index].box)]


def _frequencies(screen: PerceivedScreen, target: TargetDescription) -> dict[str, int]:
    if target.quoted or not target.words:
        return {}
    seen = [stems_of(e.text or e.label) for e in screen.elements if e.text or e.label]
    wanted = {*stems_of(target.words), *stems_of(target.whole)}
    return {s: sum(any(same_word(s, t) for t in words) for words in seen) for s in wanted}


def _related(
    found: list[ScoredElement], relation: Relation, screen: PerceivedScreen, target: TargetDescription
) -> list[ScoredElement]:
    if relation.kind == "nth row":
        return in_row(found, relation.anchors[0].ordinal or 1)
    windowed = in_windows(found, relation, screen)
    if windowed is not None:
        return windowed
    anchors = [_anchors(screen, anchor) for anchor in relation.anchors]
    sure = _certain(found, target)
    if not all(anchors):
        kept = _KEPT_IN if relation.kind == "in" else _KEPT
        return [
            replace(s, score=s.score * (kept if s in sure else 0.45), why=s.why + ", anchor not found") for s in found
        ]
    placed = _placed(found, relation, anchors, screen)
    return [
        replace(new, score=max(new.score, old.score * _KEPT)) if old in sure else new
        for old, new in zip(found, placed, strict=True)
    ]


def _certain(found: list[ScoredElement], target: TargetDescription) -> list[ScoredElement]:
    """The only element that its words name exactly, or that has several quoted words in its text, as a list.

    Empty where there is none, or more than one.
    """
    exact = [s for s in found if s.score >= _CERTAIN and s.why in ("text", "label")]
    if not exact and target.quoted and " " in target.words:
        exact = [s for s in found if s.score >= SURE and s.why == "text"]
    apart = [
        s
        for i, s in enumerate(exact)
        if all(s.box.overlap(o.box) < 0.5 * min(s.box.area, o.box.area) for o in exact[:i])
    ]
    return exact if len(apart) == 1 else []


def _placed(
    found: list[ScoredElement], relation: Relation, anchors: list[list[ScoredElement]], screen: PerceivedScreen
) -> list[ScoredElement]:
    """Scores by how well each element has the relation to its anchors; the best of those that fit keeps its own."""
    if relation.kind == "between" and len(anchors) == 2:
        return [replace(s, score=s.score * between(s.box, anchors[0], anchors[1])) for s in found]
    reach = float(max(screen.width, screen.height))
    fits = [relation_fit(s, relation.kind, anchors[0], reach) for s in found]
    strong = max((s.score for s, fit in zip(found, fits, strict=True) if fit > 0), default=0.0)
    best = max((fit for s, fit in zip(found, fits, strict=True) if s.score >= 0.8 * strong), default=1.0) or 1.0
    sure = max(a.score for a in anchors[0]) ** 0.3
    return [
        replace(s, score=s.score * min(1.0, fit / best) * sure, why=f"{s.why}, {relation.kind}")
        for s, fit in zip(found, fits, strict=True)
    ]


def _anchors(screen: PerceivedScreen, target: TargetDescription) -> list[ScoredElement]:
    whole = TargetDescription(raw=target.raw, words=target.raw if not target.quoted else target.words)
    written = [s for s in _scored(screen, whole) if s.score >= 0.9] if target.relations and not target.quoted else []
    found = sorted(written or _scored(screen, target), key=lambda s: -s.score)
    least = 0.85 if found and found[0].score < 0.95 else 0.94
    close = [s for s in found if s.score >= 0.4 and s.score > least * found[0].score][:6]
    return [s for s in close if not s.why.startswith("label")] or close


def _verb_icons(screen: PerceivedScreen, target: TargetDescription) -> list[ScoredElement]:
    """Icons for a verb near its object: "delete the Learn Rust task" is the cross beside that text."""
    first, _, rest = words_only(target.whole).partition(" ")
    if first not in DEEDS or not rest or target.quoted or target.relations:
        return []
    anchors = _anchors(screen, TargetDescription(raw=rest, words=strip_article(rest)))
    deeds = [(e, s) for e in screen.elements if e.icons and (s := icon_score(first, e)) >= 0.3]
    if not anchors or not deeds:
        return []
    reach = float(max(screen.width, screen.height))
    placed = [ScoredElement(e, max(0.62, s), "icon by it", e.box) for e, s in deeds]
    fits = [relation_fit(s, "near", anchors, reach) for s in placed]
    level = [any(a.box.y1 - a.box.height <= s.box.center.y <= a.box.y2 + a.box.height for a in anchors) for s in placed]
    best = max(fits) or 1.0
    return [
        replace(s, score=s.score * fit / best * (1.0 if row else 0.7))
        for s, fit, row in zip(placed, fits, level, strict=True)
    ]


def _over_lines(screen: PerceivedScreen, target: TargetDescription) -> list[ScoredElement]:
    """Texts of two or three lines, scored as one."""
    if len(target.words) < 8:
        return []
    out = []
    for joined in _joined_lines(screen):
        score = max(
            text_similarity(target.words, joined.text, target.quoted),
            0.0 if target.quoted else word_similarity(target.words, joined.text),
        )
        out.append(ScoredElement(joined, score * 0.97 * role_factor(joined, target), "text over lines", joined.box))
    return [s for s in out if s.score >= 0.3]


@lru_cache(maxsize=4)
def _joined_lines(screen: PerceivedScreen) -> list[Element]:
    """Every two or three lines of text under each other, joined."""
    lines = [e for e in screen.elements if e.role not in _ONE_LINE and len(e.text) > 1]
    out = []
    for first in lines:
        chain = [first]
        for _ in range(2):
            below = [e for e in lines if _continues(chain[-1], e)]
            if not below:
                break
            chain.append(min(below, key=lambda e: e.box.y1))
            whole = reduce(Box.union, [e.box for e in chain])
            out.append(replace(first, box=whole, text=" ".join(e.text for e in chain), glyphs=()))
    return out


def _continues(above: Element, below: Element) -> bool:
    gap = below.box.y1 - above.box.y2
    height = above.box.height
    alike = 0.6 < below.box.height / max(1.0, height) < 1.7
    aligned = (
        abs(above.box.x1 - below.box.x1) < 1.2 * height or abs(above.box.center.x - below.box.center.x) < 0.8 * height
    )
    return alike and aligned and -0.2 * height < gap < 1.1 * height
