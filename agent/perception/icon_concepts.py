"""Which icon concepts the words of a description mean, by the table `icon_index.concepts.json`."""

from __future__ import annotations

import json
import re
from functools import cache, lru_cache
from importlib import resources
from typing import NamedTuple

GENERIC = frozenset([
    "open", "show", "select", "choose", "pick", "view", "use", "get", "turn", "go", "see", "start", "contact",
    "customer", "switch", "change", "square", "box", "bar", "arrow", "left", "right", "up", "down", "top", "bottom",
    "page", "screen", "field", "row", "line", "list", "text", "account", "letter", "number",
])  # fmt: skip
"""Phrases that say little about the drawing when anything else in the text does."""
LOCATIVE = frozenset([
    "in", "on", "at", "of", "for", "from", "above", "below", "under", "beneath", "underneath", "beside", "near",
    "between", "within", "inside", "after", "before", "behind", "opposite",
])  # fmt: skip
"""Words that begin the part of a description that says where, not what; a comma or "and" ends it."""
FILLERS = frozenset([
    "the", "a", "an", "this", "that", "these", "my", "your", "our", "it", "its", "me", "some", "please",
])  # fmt: skip
"""Words left out of phrases and texts alike, so that "throw this away" is "throw away"."""
QUIET = frozenset([
    "their", "i", "you", "we", "icon", "button", "symbol", "sign", "glyph", "logo", "image", "tap", "click",
    "press", "and", "or", "with", "to", "is", "are", "be", "do", "does", "can", "want", "s",
])  # fmt: skip
"""Words that are no description of a drawing."""
WHERE = re.compile(r"\b(?:to the |on the |at the )?(?:left|right|top|bottom)(?: hand)?(?: side| corner| end)? of\b")
LOOKS = frozenset([
    "red", "green", "blue", "yellow", "orange", "purple", "pink", "white", "black", "gray", "grey", "brown",
    "colored", "coloured", "small", "little", "big", "large", "tiny", "huge", "round", "bright", "rounded",
])  # fmt: skip
"""Colours and sizes, which the pictures the network sees do not have."""
UNCHANGED = frozenset(["news", "gps", "sms", "rss", "less", "lens", "always", "canvas", "ios", "hd"])
ALSO, ELSEWHERE, LATER = 0.5, 0.25, 0.5
"""What the table's weaker words, words in the where-part, and words after the first understood ones count for."""


class PhraseMatch(NamedTuple):
    """A phrase of the table found in a text: the concepts it means, and its weight at its place."""

    meanings: dict[str, float]
    weight: float
    size: int = 1
    generic: bool = False


@cache
def concepts() -> dict[str, dict[str, list[str]]]:
    """The concept table: for each concept its `words`, `also` (weaker ones) and `zh` (Chinese)."""
    text = resources.files("agent.perception").joinpath("icon_index.concepts.json").read_text("utf-8")
    table: dict[str, dict[str, list[str]]] = json.loads(text)
    return table


def singular(word: str) -> str:
    """An English word without its plural s."""
    plural = len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")) and word not in UNCHANGED
    return word[:-1] if plural else word


def words_of(text: str) -> list[str]:
    """The lower-case words of a text in Latin letters and digits, singular; a comma or stop is a word of its own."""
    plain = re.sub("['’]", "", text.lower()).replace("-", " ").replace("next to", "beside")
    plain = WHERE.sub("of", plain)
    words = re.findall(r"[a-z0-9]+|[,;.:]", plain)
    kept = [w for w in words if w not in LOOKS and w not in FILLERS]
    return [singular(w) for w in kept or words]


@cache
def phrases() -> dict[tuple[str, ...], dict[str, float]]:
    """The concept table turned round: from phrases, as words, to concepts and their weights."""
    found: dict[tuple[str, ...], dict[str, float]] = {}
    for name, row in concepts().items():
        weighed = [(w, 1.0) for w in (name, *row["words"])] + [(w, ALSO) for w in row["also"]]
        for phrase, weight in weighed:
            meanings = found.setdefault(tuple(words_of(phrase)), {})
            meanings[name] = max(weight, meanings.get(name, 0))
    return found


@cache
def chinese() -> dict[str, dict[str, float]]:
    """The table's Chinese words, longest first, with their concepts."""
    found: dict[str, dict[str, float]] = {}
    for name, row in concepts().items():
        for word in row["zh"]:
            found.setdefault(word, {})[name] = 1.0
    return dict(sorted(found.items(), key=lambda item: -len(item[0])))


def read_english(text: str) -> tuple[list[PhraseMatch], list[str]]:
    """The phrases of the table in a text, the longest at each place, and the other words that may say what is drawn."""
    words, table = words_of(text), phrases()
    longest = max(map(len, table))
    said: list[PhraseMatch] = []
    rest: list[str] = []
    at, elsewhere = 0, False
    while at < len(words):
        least = 1 if at and words[at] in LOCATIVE else 0
        sizes = range(min(longest, len(words) - at), least, -1)
        size = next((n for n in sizes if tuple(words[at : at + n]) in table), 0)
        if size:
            phrase = tuple(words[at : at + size])
            generic = size == 1 < len(words) and phrase[0] in GENERIC
            weight = (ELSEWHERE if elsewhere else 1.0) * (LATER if generic else 1.0)
            said.append(PhraseMatch(table[phrase], weight, size, generic))
        elif words[at] in LOCATIVE:
            elsewhere = True
        elif words[at] in (",", ";", ".", ":", "and"):
            elsewhere = False
        elif not elsewhere and words[at] not in QUIET:
            rest.append(words[at])
        at += max(1, size)
    return said, rest


def read_chinese(text: str) -> list[PhraseMatch]:
    """The table's Chinese words in a text, none inside another."""
    said: list[PhraseMatch] = []
    for word, meanings in chinese().items():
        if word in text:
            text = text.replace(word, " ")
            said.append(PhraseMatch(meanings, 1.0))
    return said


@lru_cache(maxsize=1024)
def concepts_for(text: str) -> dict[str, float]:
    """The icon concepts that a text means by function, look or paraphrase, with weights in 0 to 1, best first.

    "open the navigation drawer" means `menu`, "clear what I typed" `close`, "magnifying glass" `search`. Words that
    only say where ("below the heart") count little. Empty where nothing in the text is known.
    """
    said = read_english(text)[0] + read_chinese(text)
    said = [s for s in said if not s.generic] or said
    scores: dict[str, float] = {}
    for rank, phrase in enumerate(sorted(said, key=lambda s: (-s.weight, s.size == 1))):
        for name, weight in phrase.meanings.items():
            score = weight * phrase.weight * (1 if rank == 0 else LATER)
            scores[name] = max(score, scores.get(name, 0))
    return dict(sorted(scores.items(), key=lambda item: -item[1]))


def names_of(concept: str) -> tuple[str, ...]:
    """A concept's name and its main short words, e.g. `("close", "dismiss", "x", ...)`."""
    short = [w for w in concepts()[concept]["words"] if w.count(" ") < 2]
    return tuple(dict.fromkeys([concept.replace("-", " "), *short[:7]]))
