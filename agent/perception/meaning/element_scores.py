"""How well one element fits a description without its relations: by text, label, meaning, icon and role."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from actions.frame import Box
from agent.perception.elements import TICKED, Element, PerceivedScreen, Role
from agent.perception.icon_concepts import concepts_for
from agent.perception.meaning.description import (
    TargetDescription,
    strip_article,
    strip_wrappers,
)
from agent.perception.meaning.text_similarity import (
    STOP,
    is_opposite,
    same_word,
    stem,
    stems_of,
    text_similarity,
    word_similarity,
)
from agent.perception.meaning.vocabulary import BRANDS, DEEDS, KINDS
from agent.perception.normalisation import words_only


@dataclass(frozen=True)
class ScoredElement:
    """An element, how well it fits (0 to 1), why, and the part of it that is meant (frame pixels)."""

    element: Element
    score: float
    why: str
    box: Box


def base_score(
    element: Element, target: TargetDescription, screen: PerceivedScreen, common: dict[str, int]
) -> ScoredElement:
    """The element scored against the target; `common` counts on how many elements each stem is found."""
    if not target.words:
        said = text_similarity(strip_article(strip_wrappers(target.said)), element.text) if target.said else 0.0
        if said >= 0.98:
            return ScoredElement(element, 0.9, "text", element.box)
        score = 0.62 if target.roles or target.generic or target.colours or target.place else 0.0
        if target.generic:
            score *= (
                1.0 if element.role in ("text", "link", "menuitem", "button", "tab") and len(element.text) > 1 else 0.3
            )
        return ScoredElement(
            element,
            score * role_factor(element, target, bare=True) * _colour_factor(element, target),
            "role",
            element.box,
        )
    if is_opposite(target.whole or target.words, element.text or element.label):
        return ScoredElement(element, 0.0, "opposite", element.box)
    text = text_similarity(target.words, element.text, target.quoted)
    label = 0.97 * text_similarity(target.words, element.label, target.quoted)
    kind = 0.6 if _is_kind(target.words, element.text) and not target.quoted else 0.0
    shared = 0.0 if target.quoted else _shared(target, element, common)
    icon = icon_score(target.words, element)
    if target.whole and not target.relations and not target.quoted:
        icon = max(icon, 0.97 * icon_score(target.whole, element))
    score, why = max((text, "text"), (label, "label"), (shared, "shared words"), (icon, "icon"), (kind, "kind"))
    box = _box_of_words(element, target.words) if why in ("text", "shared words") and text < 0.94 else element.box
    fits = role_factor(element, target)
    if max(text, label) >= 0.93:  # the words decide; the role only chooses between those that have them
        fits = max(fits, 0.9)
    return ScoredElement(element, score * fits * _colour_factor(element, target), why, box)


def _shared(target: TargetDescription, element: Element, common: dict[str, int]) -> float:
    lacking = 0.72 if _lacks_verb(target.whole, element.text or element.label) else 1.0
    wanted = [target.words] if target.relations else [target.words, target.whole]
    return lacking * max(
        max(word_similarity(words, element.text, common), 0.95 * word_similarity(words, element.label, common))
        for words in wanted
        if words
    )


def _is_kind(words: str, text: str) -> bool:
    """Whether the text is a value of the kind asked for: "change the country" where "France" is written."""
    named = set(words_only(words).split())
    if len(text) > 32 or not named & KINDS.keys():
        return False
    return any(re.fullmatch(KINDS[kind], text.strip(), re.IGNORECASE) for kind in named & KINDS.keys())


def _lacks_verb(whole: str, text: str) -> bool:
    """Whether the request is for an action on the text ("delete the task"), not for the text itself."""
    first = words_only(whole).split(" ", 1)[0]
    return first in DEEDS and not any(same_word(stem(first), word) for word in stems_of(text))


def role_factor(element: Element, target: TargetDescription, bare: bool = False) -> float:
    """1 for the best role asked for, less for others; `bare` where the role is all that was said."""
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


def icon_score(words: str, element: Element) -> float:
    """How well the element's icon shows what the words ask for, 0 to about 0.9."""
    best = 0.0
    own = tuple(words_only(name.replace("_", " ")) for name in element.icons)
    wanted = words_only(words)
    if wanted and own:
        best = max((0.9 - 0.08 * i for i, name in enumerate(own[:6]) if name == wanted), default=0.0)
    if element.shows:
        best = max(best, 0.9 * _shown_likelihood(words, element) * _length_factor(words))
    for position, name in enumerate(own):
        best = max(best, _named_weight(words, name) * _length_factor(words) * (0.88 - 0.03 * min(position, 12)))
    return best


def _shown_likelihood(words: str, element: Element) -> float:
    """How likely an icon shows what the words ask for: its concepts' probabilities weighted by the words'."""
    weights = concepts_for(words)
    return min(1.0, sum(likely * weights.get(concept, 0.0) for concept, likely in element.shows))


@lru_cache(maxsize=65536)
def _named_weight(words: str, name: str) -> float:
    """The weight that the words give the icon concept of this name."""
    weight = concepts_for(words).get(name.replace(" ", "-"), 0.0)
    return max(weight, 0.85) if name in BRANDS and name in words_only(words).split() else weight


@lru_cache(maxsize=1024)
def _length_factor(words: str) -> float:
    """1 for one word down to 0.85 for many: an icon seldom stands for all of a long sentence."""
    count = sum(word not in STOP and word not in ("icon", "button", "go", "open") for word in words_only(words).split())
    return max(0.85, 1.06 - 0.06 * max(1, count))


def in_place(box: Box, place: Iterable[str], screen: PerceivedScreen) -> float:
    """1 where the box lies at the named edges of the screen, falling to 0.3 at the far side."""
    x, y = box.center.x / max(1, screen.width), box.center.y / max(1, screen.height)
    away = {"top": y, "bottom": 1 - y, "left": x, "right": 1 - x, "middle": max(abs(x - 0.5), abs(y - 0.5)) * 1.2}
    score = 1.0
    for word in place:
        far = away.get(word, 0.0)
        score *= max(0.3, 1.05 - far)
    return min(1.0, score)


def _box_of_words(element: Element, words: str) -> Box:
    """The part of a longer line that the words cover: the longest run of them in it, unless that is most of it."""
    plain = element.role in ("text", "link")
    if not plain and (not element.glyphs or element.role in ("field", "select", "slider", *TICKED)):
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
    wanted = _words_between_spaces(words)
    best = (0, 0)
    for i, (start, _) in enumerate(spans):
        for _, end in spans[i:]:
            if _words_between_spaces(text[start:end]) not in wanted:
                break
            if end - start > best[1] - best[0] and not (i == 0 and end - start < 3):
                best = (start, end)
    return best


def _words_between_spaces(text: str) -> str:
    return " " + " ".join(re.findall(r"\w+", text)) + " "
