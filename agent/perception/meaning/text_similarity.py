"""Similarity of two texts: exact, with OCR errors, or by shared words."""

from __future__ import annotations

import math
import re
from functools import lru_cache

from rapidfuzz import fuzz

from agent.perception.meaning.vocabulary import OPPOSITES
from agent.perception.normalisation import words_only

STOP = frozenset([
    "the", "a", "an", "my", "this", "that", "to", "of", "in", "on", "at", "for", "and", "or", "is", "are", "i",
    "me", "it", "its", "with", "from", "by", "as", "be", "your", "you", "please", "app", "application", "page",
    "screen", "about", "into", "how", "has", "have", "some", "all", "one", "so", "do", "what",
])  # fmt: skip
"""Words that identify no element."""


_CONFUSED = str.maketrans(
    {"0": "o", "1": "l", "i": "l", "|": "l", "!": "l", "5": "s", "8": "b", "ı": "l", "，": ",", "[": "l", "]": "l"}
)


def _blurred(text: str) -> str:
    """The text with letters that OCR confuses made equal, and without spaces."""
    return re.sub(r"[\s']", "", text.translate(_CONFUSED)).replace("rn", "m").replace("vv", "w")


def text_similarity(wanted: str, seen: str, quoted: bool = False) -> float:
    """How well the text `seen` matches the text `wanted`, 0 to 1; 1 is equal."""
    if not seen or not wanted:
        return 0.0
    if wanted.strip() == seen.strip():
        return 1.0
    a, b = words_only(wanted), words_only(seen)
    if not a or not b:
        return 0.0
    if a == b:
        return 0.98
    if _blurred(a) == _blurred(b):
        return 0.94
    return max(_contained(a, b, quoted), _fuzzy(a, b), _cut_off(a, seen))


def _contained(a: str, b: str, quoted: bool) -> float:
    if _has_words(b, a):
        return 0.6 + 0.3 * len(a) / len(b)
    share = len(b) / len(a)
    if _has_words(a, b) and share >= 0.4:
        return (0.5 if quoted else 0.75) * share
    if len(a) >= 4 and _blurred(a) in _blurred(b):
        return 0.5 + 0.35 * len(a) / len(b)
    return 0.0


def _has_words(text: str, words: str) -> bool:
    if re.search(r"[\u3040-\u9fff]", words):
        return words in text
    return f" {words} " in f" {text} "


def _fuzzy(a: str, b: str) -> float:
    ratio = float(fuzz.ratio(a, b)) / 100
    if min(len(a), len(b)) < 4 or abs(len(a) - len(b)) > 0.4 * max(len(a), len(b)):
        return 0.0
    return max(0.0, 0.92 - 2.2 * (1 - ratio)) if ratio >= 0.72 else 0.0


def _cut_off(a: str, seen: str) -> float:
    """The score of a label that the program truncated: "Friends from Col…"."""
    stem = re.sub(r"(?:…|\.\.+|・・・)\s*$", "", seen).strip()
    b = words_only(stem)
    return 0.86 if stem != seen.strip() and len(b) >= 5 and a.startswith(b) and len(b) > 0.4 * len(a) else 0.0


def stem(word: str) -> str:
    """The word less a common English ending."""
    for ending in ("ing", "ies", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)] + ("y" if ending == "ies" else "")
    return word


def is_opposite(wanted: str, seen: str) -> bool:
    """Whether `wanted` has all words of `seen`, but for the opposite of a direction: "rotate right", "Rotate left"."""
    asked, name = set(words_only(wanted).split()), set(words_only(seen).split())
    turned = name & OPPOSITES.keys() - asked
    return len(name) > 1 and any(name - {word} | {OPPOSITES[word]} <= asked for word in turned)


def same_word(a: str, b: str) -> bool:
    """Whether two stems are one word, perhaps misread."""
    return a == b or (min(len(a), len(b)) >= 5 and float(fuzz.ratio(a, b)) >= 86)


@lru_cache(maxsize=8192)
def stems_of(text: str) -> tuple[str, ...]:
    """The stems of the words of a text that identify something."""
    found = [stem(word) for word in re.findall(r"[\w'+#@%&$€£-]+", words_only(text))]
    return tuple(word for word in found if word not in STOP)


def word_similarity(wanted: str, seen: str, common: dict[str, int] | None = None) -> float:
    """How many words two texts share, 0 to about 0.85.

    `common` counts on how many elements a wanted stem is found: a frequent one weighs less.
    """
    a, b = stems_of(wanted), stems_of(seen)
    hits = [s for s in a if any(same_word(s, t) for t in b)]
    if not hits:
        return 0.0
    weigh = {s: _weight(s) / (1 + math.log(max(1, (common or {}).get(s, 1)))) for s in a}
    recall = sum(weigh[s] for s in hits) / sum(weigh[s] for s in a)
    back = [t for t in b if any(same_word(s, t) for s in a)]
    precision = sum(map(_weight, back)) / sum(map(_weight, b))
    return 0.88 * (0.55 * math.sqrt(recall) + 0.45 * precision) * (1.0 if recall >= 0.3 else 0.8)


def _weight(word: str) -> float:
    return min(3.0, 0.6 + 0.2 * len(word))
