"""Words that interfaces write on what deletes, pays, sends, installs, allows or ends something, in 46 languages.

`risk_words.json` holds phrases by kind and language, programs and chords. A phrase is found in a text where its words
follow each other (in scripts without spaces: anywhere); ``=`` before it: it must be the whole text, ``*`` after it: its
last word may go on. They are the general vocabulary of interfaces, not that of the catalogue they are measured on.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from importlib import resources
from typing import NamedTuple

from rapidfuzz import fuzz, process

KINDS = ("deletes", "pays", "sends", "installs", "allows", "leaves")
"""The kinds of risk, as verbs."""
_NOUNED = ("pays", "sends", "installs", "allows")  # kinds whose verbs are also nouns of harmless pages: order history
_LETTERS = str.maketrans({"ı": "i", "ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe", "·": "", "’": "'"})
_SPACELESS = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_PRICE = re.compile(r"[\d$€£¥₹₩₽₺฿₫]|\b(?:premium|paid|plus|pro|vip|trial|plan)\b", re.IGNORECASE)
_MISREAD = 6  # letters from which a word may have one letter misread
_ALIKE = 88.0  # one letter of nine: shorter words become others, "cancelar" "cancella"


class Phrases(NamedTuple):
    """The phrases of one kind: whole texts, and a pattern for those inside a text, and long words by length."""

    whole: frozenset[str]
    inside: re.Pattern[str]
    long: dict[int, list[str]]


def folded(text: str) -> str:
    """`text` without case, accents and punctuation, one space between words; hyphens part words."""
    plain = unicodedata.normalize("NFKD", text.casefold().translate(_LETTERS))
    plain = unicodedata.normalize("NFC", "".join(c for c in plain if unicodedata.category(c) != "Mn"))
    return " ".join(re.findall(r"[^\W_]+(?:['\u200c][^\W_]+)*", plain.translate(_LETTERS)))


def words_in(text: str) -> int:
    """How long a text is in words; four characters of a script without spaces count as one."""
    plain = folded(text)
    spaceless = len(_SPACELESS.findall(plain))
    return len(_SPACELESS.sub("", plain).split()) + (spaceless + 3) // 4


@cache
def _table() -> dict[str, dict[str, str]]:
    table: dict[str, dict[str, str]] = json.loads(
        resources.files("agent.guard").joinpath("risk_words.json").read_text("utf-8")
    )
    return table


@cache
def listed(group: str, kind: str) -> frozenset[str]:
    """The names of a kind of ``programs`` or ``chords``."""
    return frozenset(_table()[group][kind].split())


@cache
def phrases(kind: str) -> Phrases:
    """The phrases of `kind` in all languages."""
    every = [phrase.strip() for line in _table()[kind].values() for phrase in line.split(";")]
    inside = {_pattern(phrase) for phrase in every if not phrase.startswith("=")}
    plain = {folded(phrase) for phrase in every if phrase[0] not in "=" and phrase[-1] != "*"}
    long = sorted(p for p in plain if len(p) >= _MISREAD and p.isalpha() and not _SPACELESS.search(p))
    return Phrases(
        frozenset(folded(phrase.removeprefix("=")) for phrase in every),
        re.compile("|".join(sorted(inside, key=len, reverse=True))),
        {size: [p for p in long if len(p) == size] for size in map(len, long)},
    )


def _pattern(phrase: str) -> str:
    plain = re.escape(folded(phrase.rstrip("*")))
    if _SPACELESS.search(plain):
        return plain.replace("\\ ", " ?")
    return rf"(?<![^\W_]){plain}" + ("" if phrase.endswith("*") else r"(?![^\W_])")


def says(kind: str, text: str, exactly: bool = False) -> str | None:
    """The phrase of `kind` that `text` has (or is, with `exactly`), folded; None for none."""
    plain, known = folded(text), phrases(kind)
    if plain in known.whole:
        return plain
    if exactly or not plain:
        return None
    found = known.inside.search(plain)
    return found.group(0) if found else None


def risk_in(text: str) -> tuple[str, str] | None:
    """The kind of risk and the phrase of a control's text; None where it has none or says that it does not do it."""
    found = next(_risks(text), None)
    if found is None or (says("not", text) and not says("not", found[1])):
        return None
    return found


def kinds_for(text: str) -> tuple[str, ...]:
    """The kinds of risk that a text may be of: all, or all but paying where it subscribes to mail, and to no more."""
    rest = phrases("subscribes").inside.sub(" ", folded(text))
    free = rest != folded(text) and says("mail", text) and not _PRICE.search(text) and not says("pays", rest)
    return tuple(kind for kind in KINDS if kind != "pays" or not free)


def _risks(text: str) -> Iterator[tuple[str, str]]:
    for kind in kinds_for(text):
        found = says(kind, text) or _misread(kind, text)
        if found and not (kind in _NOUNED and says("nouns", text)):
            yield kind, found


def _misread(kind: str, text: str) -> str | None:
    """The phrase of one long word that a word of a short text resembles, as a reader of pictures may have it."""
    words = [word for word in folded(text).split() if len(word) >= _MISREAD]
    if len(words) > 3 or words_in(text) > 4:
        return None
    for word in words:
        same = phrases(kind).long.get(len(word), ())
        if near := process.extractOne(word, same, scorer=fuzz.ratio, score_cutoff=_ALIKE):
            return str(near[0])
    return None
