"""Fuzzy matching of words with the text on screens."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz import fuzz

from actions.frame import Box
from actions.keys import check_chord
from agent.episodes.query.screen_text import StepText
from agent.episodes.text_file import TextRun

ALIKE = 84
"""Similarity in percent from which read text matches the words of a question."""
_SHORT = 4  # shorter words must match exactly


@dataclass(frozen=True)
class Found:
    """Text on a screen that matches, and its similarity in percent."""

    words: TextRun
    score: float


def likeness(term: str, text: str) -> float:
    """The similarity of `term` with the best part of `text`, in percent: exact for short terms, else fuzzy."""
    wanted, there = _squeezed(term), _squeezed(text)
    if not wanted or not there:
        return 0.0
    if re.search(rf"(?<!\w){re.escape(wanted)}(?!\w)", there):
        return 100.0
    solid = wanted.replace(" ", "")
    if len(solid) >= _SHORT and solid in there.replace(" ", ""):
        return 97.0 if wanted in there else 92.0
    if len(solid) <= _SHORT or len(there) < 0.7 * len(wanted):
        return 0.0
    found = fuzz.partial_ratio_alignment(wanted, there, score_cutoff=ALIKE)
    if found is None or found.dest_end - found.dest_start < 0.7 * len(wanted):
        return 0.0
    return min(float(found.score), 91.0)


def best_match(terms: Sequence[str], words: Sequence[TextRun]) -> Found | None:
    """The text that matches one of `terms` best; of equal ones the shortest. None below `ALIKE`."""
    wanted = tuple(terms)
    found = [Found(word, _best_likeness(wanted, word.text)) for word in words]
    found = [one for one in found if one.score >= ALIKE]
    return max(found, key=lambda one: (one.score, -len(one.words.text)), default=None)


@lru_cache(maxsize=2**17)
def _best_likeness(terms: tuple[str, ...], text: str) -> float:
    """Kept, because the screens of a run have most of their texts in common."""
    return max(likeness(term, text) for term in terms)


def _squeezed(text: str) -> str:
    text = text.casefold().replace("…", " ").replace("...", " ")
    return " ".join(re.sub(r"[“”\"'‘’`:;,.!?()\[\]{}|]+", " ", text).split())


def like(wanted: str, label: str) -> bool:
    """Whether `label` contains `wanted`, misreadings allowed."""
    return likeness(wanted, label) >= ALIKE


def chord_in(text: str) -> str:
    """The chord that `text` names, in the spelling of `actions.keys`; empty for none."""
    try:
        return check_chord(re.sub(r"\s*(?:\+|\s|-)\s*", "+", text.strip().lower()) if len(text) > 1 else text)
    except ValueError:
        return ""


def new_text(text: str, before: StepText, after: StepText) -> Box | None:
    """The box of `text` on the screen `after` typing where it was not on the one `before`; None for none."""
    was = {(word.text, round(word.box.x1), round(word.box.y1)) for word in before.words or ()}
    new = [word for word in after.words or () if (word.text, round(word.box.x1), round(word.box.y1)) not in was]
    found = best_match((text,), new)
    return found.words.box if found else None
