"""What small wordless regions mean: a search glass, a close cross, three dots.

A region becomes a 48 x 48 picture of how far each pixel is from its background (`normalise`), so light on dark, dark on
light and coloured icons look alike. A small network trained on open icon sets (`ICONS.md`) says which of the concepts in
`icon_index.concepts.json` it shows, or that it shows none of them. The same table says which concepts people's words mean
(`concepts_for`). CPU only; no random state.
"""

from __future__ import annotations

import json
import re
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from functools import cache
from importlib import resources
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from actions.frame import Box

INPUT = 48
"""Side of the network's input in pixels."""
FAINT = 14
"""A region whose strongest ink is nearer than this to its background (0 to 255, largest channel) is empty."""
SURE = 0.25
"""The least probability at which a concept is named."""
TAG_SURE = 0.6
TAG_WEIGHT = 0.7
"""What a word that is only a tag is worth against a concept of the table."""

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]


# ---------------------------------------------------------------- pictures


def ink_of(patch: Image) -> Floats | None:
    """How far each pixel of an RGB patch is from the patch's border colour, 0 to 1; None where nothing stands out."""
    border = np.concatenate([patch[0], patch[-1], patch[:, 0], patch[:, -1]])
    background = np.median(border, axis=0)
    distance = np.abs(patch.astype(np.float32) - background.astype(np.float32)).max(axis=2)
    strongest = float(np.percentile(distance, 99.5))
    if strongest < FAINT:
        return None
    return np.minimum(distance / strongest, 1)


def glyph_box(ink: Floats) -> tuple[int, int, int, int]:
    """The bounds (x1, y1, x2, y2) of what is drawn, leaving out what comes in from beyond the edge, if more is left."""
    mask = (ink > 0.3).astype(np.uint8)
    count, _, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    parts = stats[1:count]
    height, width = ink.shape
    x1, y1 = parts[:, 0], parts[:, 1]
    x2, y2 = x1 + parts[:, 2], y1 + parts[:, 3]
    inside = (x1 > 0) & (y1 > 0) & (x2 < width) & (y2 < height)
    if inside.any() and max(np.ptp(np.r_[x1[inside], x2[inside]]) / width, np.ptp(np.r_[y1[inside], y2[inside]]) / height) > 0.25:
        x1, y1, x2, y2 = x1[inside], y1[inside], x2[inside], y2[inside]
    return int(x1.min()), int(y1.min()), int(x2.max()), int(y2.max())


def squared(ink: Floats) -> Floats:
    """What is drawn, centred with a margin of 8 % in an `INPUT` x `INPUT` picture, its aspect ratio kept."""
    x1, y1, x2, y2 = glyph_box(ink)
    side = max(x2 - x1, y2 - y1, 4) * 1.16
    scale = INPUT / side
    shift = [[scale, 0, INPUT / 2 - scale * (x1 + x2) / 2], [0, scale, INPUT / 2 - scale * (y1 + y2) / 2]]
    if scale < 0.7:
        small = max(1, round(0.5 / scale * 2))
        ink = cv2.blur(ink, (small, small))
    moved: Floats = cv2.warpAffine(ink, np.array(shift, np.float32), (INPUT, INPUT), flags=cv2.INTER_LINEAR)
    return moved


def normalise(patch: Image) -> Floats | None:
    """An RGB patch (HxWx3) as the network's input, `INPUT` x `INPUT` in 0 to 1; None where it is empty."""
    if min(patch.shape[:2]) < 4:
        return None
    ink = ink_of(patch)
    return None if ink is None else squared(ink)


def cropped(image: Image, box: Box, margin: float = 3) -> Image:
    """The part of `image` in `box` and `margin` pixels around it, as far as it lies on the image."""
    height, width = image.shape[:2]
    x1, y1 = max(0, int(box[0] - margin)), max(0, int(box[1] - margin))
    x2, y2 = min(width, int(np.ceil(box[2] + margin))), min(height, int(np.ceil(box[3] + margin)))
    return image[y1 : max(y1, y2), x1 : max(x1, x2)]


# ---------------------------------------------------------------- words

GENERIC = frozenset(
    "open show select choose pick view use get turn go see start contact customer switch change square box bar arrow left "
    "right up down top bottom page screen field row line list text account letter number".split()
)
"""Phrases that say little about the drawing when anything else in the text does."""
LOCATIVE = frozenset(
    "in on at of for from above below under beneath underneath beside next near between within inside after before behind "
    "opposite where".split()
)
"""Words that begin the part of a description that says where, not what; a comma or "and" ends it."""
QUIET = frozenset(
    "the a an this that these my your our their it its i me you we icon button symbol sign glyph logo image tap click press "
    "and or with please small big little large round to is are be do does can want s".split()
)
"""Words that are no description of a drawing."""
WHERE = re.compile(r"\b(?:to the |on the |at the )?(?:left|right|top|bottom)(?: hand)?(?: side| corner| end)? of\b")
LOOKS = frozenset(
    "red green blue yellow orange purple pink white black gray grey brown colored coloured small little big large tiny huge "
    "round bright rounded".split()
)
"""Colours and sizes, which the pictures the network sees do not have."""
UNCHANGED = frozenset("news gps sms rss less lens always canvas ios hd".split())
ALSO, ELSEWHERE, LATER = 0.5, 0.25, 0.5
"""What the table's weaker words, words in the where-part, and words after the first understood ones count for."""


class Said(NamedTuple):
    """A phrase of the table found in a text: the concepts it means, and what it counts for where it stands."""

    meanings: dict[str, float]
    weight: float
    size: int = 1
    generic: bool = False


@cache
def concepts() -> dict[str, dict[str, list[str]]]:
    """The concept table: for each concept its `words` (people's wording), `also` (weaker ones) and `zh` (Chinese)."""
    text = resources.files("agent.builtin").joinpath("icon_index.concepts.json").read_text("utf-8")
    table: dict[str, dict[str, list[str]]] = json.loads(text)
    return table


def singular(word: str) -> str:
    """An English word without its plural s."""
    plural = len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")) and word not in UNCHANGED
    return word[:-1] if plural else word


def words_of(text: str) -> list[str]:
    """The lower-case words of a text in Latin letters and digits, singular; a comma or stop is a word of its own."""
    plain = WHERE.sub("of", text.lower().replace("'", "").replace("’", "").replace("-", " ").replace("next to", "beside"))
    return [singular(w) for w in re.findall(r"[a-z0-9]+|[,;.:]", plain) if w not in LOOKS]


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


def read_english(text: str) -> tuple[list[Said], list[str]]:
    """The phrases of the table in a text, longest first at each place, and the other words that may describe a drawing."""
    words, table = words_of(text), phrases()
    longest = max(map(len, table))
    said: list[Said] = []
    rest: list[str] = []
    at, elsewhere = 0, False
    while at < len(words):
        least = 1 if words[at] in LOCATIVE else 0
        size = next((n for n in range(min(longest, len(words) - at), least, -1) if tuple(words[at : at + n]) in table), 0)
        if size:
            phrase = tuple(words[at : at + size])
            said.append(Said(table[phrase], ELSEWHERE if elsewhere else 1.0, size, size == 1 and phrase[0] in GENERIC))
        elif words[at] in LOCATIVE:
            elsewhere = True
        elif words[at] in (",", ";", ".", ":", "and"):
            elsewhere = False
        elif not elsewhere and words[at] not in QUIET:
            rest.append(words[at])
        at += max(1, size)
    return said, rest


def read_chinese(text: str) -> list[Said]:
    """The table's Chinese words in a text, none inside another."""
    said: list[Said] = []
    for word, meanings in chinese().items():
        if word in text:
            text = text.replace(word, " ")
            said.append(Said(meanings, 1.0))
    return said


def concepts_for(text: str) -> dict[str, float]:
    """The icon concepts that people's words mean, by function, look or paraphrase, with weights in 0 to 1, best first.

    "open the navigation drawer" means `menu`, "clear what I typed" `close`, "magnifying glass" `search`. Words that only
    say where ("below the heart") count little. Empty where nothing in the text is known.
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
    """A concept's own name and people's main short words for it, e.g. `("close", "dismiss", "x", ...)`."""
    short = [w for w in concepts()[concept]["words"] if w.count(" ") < 2]
    return tuple(dict.fromkeys([concept.replace("-", " "), *short[:7]]))
