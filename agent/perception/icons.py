"""What small wordless regions mean: a search glass, a close cross, three dots.

A region becomes a 48 x 48 picture of how far each pixel is from its background (`normalise`), so light on dark, dark
on light and coloured icons look alike. A small network trained on open icon sets (`ICONS.md`) says which of the
concepts in `icon_index.concepts.json` it shows, or that it shows none of them. The same table says which concepts
people's words mean (`concepts_for`). CPU only; no random state.
"""

from __future__ import annotations

import hashlib
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
LARGE = 128
"""Patches with a longer side than this many pixels are reduced to it first."""
SURE = 0.25
"""The least probability at which a concept is named."""
REMEMBERED = 4096
"""Readings kept, by the bytes of the patch."""
TAG_SURE = 0.6
TAG_WEIGHT = 0.7
"""What a word that is only a tag is worth against a concept of the table."""

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]


# ---------------------------------------------------------------- pictures


def ink_of(patch: Image) -> Floats | None:
    """How far each pixel of an RGB patch is from the patch's border colour, 0 to 1; None where nothing stands out."""
    border = np.concatenate([patch[0], patch[-1], patch[:, 0], patch[:, -1]])
    background = np.median(border, axis=0).astype(np.int16)
    apart = np.abs(patch.astype(np.int16) - background)
    distance = np.maximum(np.maximum(apart[:, :, 0], apart[:, :, 1]), apart[:, :, 2])
    below = np.cumsum(np.bincount(distance.ravel(), minlength=256))
    strongest = int(np.searchsorted(below, 0.995 * distance.size))
    return None if strongest < FAINT else np.minimum(distance.astype(np.float32) / strongest, 1)


def glyph_box(ink: Floats) -> tuple[int, int, int, int]:
    """The bounds (x1, y1, x2, y2) of what is drawn.

    What touches the edge belongs to the surroundings and is left out if enough else is there.
    """
    height, width = ink.shape
    count, _, stats, _ = cv2.connectedComponentsWithStats((ink > 0.3).astype(np.uint8), connectivity=8)
    x1, y1, wide, high = stats[1:count, :4].T
    x2, y2 = x1 + wide, y1 + high
    own = (x1 > 0) & (y1 > 0) & (x2 < width) & (y2 < height)
    if own.any():
        covered_x, covered_y = x2[own].max() - x1[own].min(), y2[own].max() - y1[own].min()
        if max(covered_x / width, covered_y / height) > 0.2 and max(covered_x, covered_y) > 5:
            x1, y1, x2, y2 = x1[own], y1[own], x2[own], y2[own]
    return int(x1.min()), int(y1.min()), int(x2.max()), int(y2.max())


def squared(ink: Floats, box: tuple[int, int, int, int]) -> Floats:
    """The part of `ink` in `box`, its strongest made 1, centred in an `INPUT` x `INPUT` picture with a margin."""
    x1, y1, x2, y2 = box
    part = ink[y1:y2, x1:x2].ravel()
    strongest = float(np.partition(part, -1 - part.size // 100)[-1 - part.size // 100])
    scale = INPUT / (max(x2 - x1, y2 - y1, 4) * 1.16)
    shift = [[scale, 0, INPUT / 2 - scale * (x1 + x2) / 2], [0, scale, INPUT / 2 - scale * (y1 + y2) / 2]]
    if scale < 0.7:
        across = max(1, round(1 / scale))
        ink = cv2.blur(ink, (across, across)).astype(np.float32)
    moved = cv2.warpAffine(ink, np.array(shift, np.float32), (INPUT, INPUT), flags=cv2.INTER_LINEAR)
    scaled: Floats = np.minimum(moved / max(strongest, 0.05), 1).astype(np.float32)
    return scaled


def inner_patch(patch: Image, ink: Floats, box: tuple[int, int, int, int]) -> Image | None:
    """The middle of a filled button whose drawing is as far from the surroundings as its fill; else None."""
    x1, y1, x2, y2 = box
    wide, high = x2 - x1, y2 - y1
    if min(wide, high) < 20 or max(wide, high) > 1.3 * min(wide, high):
        return None
    dx, dy = round(0.17 * wide), round(0.17 * high)
    middle = slice(y1 + dy, y2 - dy), slice(x1 + dx, x2 - dx)
    if float(np.percentile(ink[middle], 2)) < 0.55:
        return None
    inner: Image = patch[middle]
    return inner


def normalise(patch: Image) -> Floats | None:
    """An RGB patch (HxWx3) as the network's input, `INPUT` x `INPUT` in 0 to 1; None where it is empty."""
    if min(patch.shape[:2]) < 4:
        return None
    if (shrink := LARGE / max(patch.shape[:2])) < 1:
        size = (max(4, round(patch.shape[1] * shrink)), max(4, round(patch.shape[0] * shrink)))
        patch = np.asarray(cv2.resize(patch, size, interpolation=cv2.INTER_AREA), np.uint8)
    ink = ink_of(patch)
    if ink is None:
        return None
    box = glyph_box(ink)
    inner = inner_patch(patch, ink, box)
    inner_ink = None if inner is None else ink_of(inner)
    if inner_ink is not None:
        return squared(inner_ink, glyph_box(inner_ink))
    return squared(ink, box)


def cropped(image: Image, box: Box, margin: float = 3) -> Image:
    """The part of `image` in `box` and `margin` pixels around it, as far as it lies on the image."""
    height, width = image.shape[:2]
    x1, y1 = max(0, int(box[0] - margin)), max(0, int(box[1] - margin))
    x2, y2 = min(width, int(np.ceil(box[2] + margin))), min(height, int(np.ceil(box[3] + margin)))
    return image[y1 : max(y1, y2), x1 : max(x1, x2)]


def key_of(patch: Image) -> bytes:
    """What two patches share only if they are the same picture."""
    return repr(patch.shape).encode() + hashlib.blake2b(patch.tobytes(), digest_size=16).digest()


# ---------------------------------------------------------------- words

GENERIC = frozenset(
    [
        "open",
        "show",
        "select",
        "choose",
        "pick",
        "view",
        "use",
        "get",
        "turn",
        "go",
        "see",
        "start",
        "contact",
        "customer",
        "switch",
        "change",
        "square",
        "box",
        "bar",
        "arrow",
        "left",
        "right",
        "up",
        "down",
        "top",
        "bottom",
        "page",
        "screen",
        "field",
        "row",
        "line",
        "list",
        "text",
        "account",
        "letter",
        "number",
    ]
)
"""Phrases that say little about the drawing when anything else in the text does."""
LOCATIVE = frozenset(
    [
        "in",
        "on",
        "at",
        "of",
        "for",
        "from",
        "above",
        "below",
        "under",
        "beneath",
        "underneath",
        "beside",
        "near",
        "between",
        "within",
        "inside",
        "after",
        "before",
        "behind",
        "opposite",
    ]
)
"""Words that begin the part of a description that says where, not what; a comma or "and" ends it."""
FILLERS = frozenset(
    ["the", "a", "an", "this", "that", "these", "my", "your", "our", "it", "its", "me", "some", "please"]
)
"""Words left out of phrases and texts alike, so that "throw this away" is "throw away"."""
QUIET = frozenset(
    [
        "their",
        "i",
        "you",
        "we",
        "icon",
        "button",
        "symbol",
        "sign",
        "glyph",
        "logo",
        "image",
        "tap",
        "click",
        "press",
        "and",
        "or",
        "with",
        "to",
        "is",
        "are",
        "be",
        "do",
        "does",
        "can",
        "want",
        "s",
    ]
)
"""Words that are no description of a drawing."""
WHERE = re.compile(r"\b(?:to the |on the |at the )?(?:left|right|top|bottom)(?: hand)?(?: side| corner| end)? of\b")
LOOKS = frozenset(
    [
        "red",
        "green",
        "blue",
        "yellow",
        "orange",
        "purple",
        "pink",
        "white",
        "black",
        "gray",
        "grey",
        "brown",
        "colored",
        "coloured",
        "small",
        "little",
        "big",
        "large",
        "tiny",
        "huge",
        "round",
        "bright",
        "rounded",
    ]
)
"""Colours and sizes, which the pictures the network sees do not have."""
UNCHANGED = frozenset(["news", "gps", "sms", "rss", "less", "lens", "always", "canvas", "ios", "hd"])
ALSO, ELSEWHERE, LATER = 0.5, 0.25, 0.5
"""What the table's weaker words, words in the where-part, and words after the first understood ones count for."""


class PhraseMatch(NamedTuple):
    """A phrase of the table found in a text: the concepts it means, and what it counts for where it stands."""

    meanings: dict[str, float]
    weight: float
    size: int = 1
    generic: bool = False


@cache
def concepts() -> dict[str, dict[str, list[str]]]:
    """The concept table: for each concept its `words` (people's wording), `also` (weaker ones) and `zh` (Chinese)."""
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


def concepts_for(text: str) -> dict[str, float]:
    """The icon concepts that people's words mean by function, look or paraphrase, with weights in 0 to 1, best first.

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
    """A concept's own name and people's main short words for it, e.g. `("close", "dismiss", "x", ...)`."""
    short = [w for w in concepts()[concept]["words"] if w.count(" ") < 2]
    return tuple(dict.fromkeys([concept.replace("-", " "), *short[:7]]))


# ---------------------------------------------------------------- the recogniser


class IconIndexError(RuntimeError):
    """The shipped icon index is missing or does not belong to this version."""


class IconScores(NamedTuple):
    """What the network says of one region: probabilities of the concepts, of none of them, and of each tag."""

    concepts: Floats
    none: float
    tags: Floats


class IconNamer:
    """Names small wordless regions of a screen. One instance may be shared; each network run uses one CPU thread."""

    def __init__(self, threads: int = 1) -> None:
        """Load the shipped index; raises `IconIndexError` when it is missing or damaged."""
        import onnxruntime

        folder = resources.files("agent.perception")
        try:
            labels = json.loads(folder.joinpath("icon_index.json").read_text("utf-8"))
            model = folder.joinpath("icon_index.onnx").read_bytes()
        except (OSError, ValueError) as error:
            raise IconIndexError(f"the icon index cannot be read ({error}); install handeye again") from error
        self._concepts: list[str] = labels["concepts"]
        self._tags: list[str] = labels["tags"]
        if unknown := set(self._concepts) - set(concepts()):
            raise IconIndexError(f"the icon index has concepts the table lacks: {sorted(unknown)[:3]}; build it again")
        self._place = {name: i for i, name in enumerate(self._concepts)}
        self._tag_place = {singular(tag): i for i, tag in reversed(list(enumerate(self._tags)))}
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        self._session: Any = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        self._seen: OrderedDict[bytes, IconScores | None] = OrderedDict()

    def name_icons(self, image: Image, boxes: Sequence[Box]) -> list[tuple[str, ...]]:
        """Names of each region of an RGB image (boxes in its pixels), best first; `()` where it is not sure.

        A name is a concept's ("arrow left") followed by people's words for it ("back", "go back"), then tags.
        """
        return [() if r is None else self._names(r) for r in self.read(image, boxes)]

    def match(self, image: Image, boxes: Sequence[Box], words: Sequence[str]) -> list[float]:
        """How well each region shows what `words` (one description, whole or in words) say, 0 to 1."""
        text = words if isinstance(words, str) else " ".join(words)
        weights = concepts_for(text)
        wanted = np.zeros(len(self._concepts), np.float32)
        for name, weight in weights.items():
            if name in self._place:
                wanted[self._place[name]] = weight
        tags = [self._tag_place[w] for w in read_english(text)[1] if w in self._tag_place]
        return [0.0 if r is None else self._fit(r, wanted, tags) for r in self.read(image, boxes)]

    def probabilities(self, image: Image, boxes: Sequence[Box]) -> list[dict[str, float]]:
        """The concepts of each region that are at least 1 % likely, best first."""
        out = []
        for reading in self.read(image, boxes):
            order = [] if reading is None else [i for i in np.argsort(-reading.concepts) if reading.concepts[i] >= 0.01]
            out.append({self._concepts[i]: float(reading.concepts[i]) for i in order if reading is not None})
        return out

    def read(self, image: Image, boxes: Sequence[Box]) -> list[IconScores | None]:
        """What the network says of each region; None for an empty one. Pictures seen before are remembered."""
        patches = [cropped(image, box) for box in boxes]
        keys = [key_of(patch) for patch in patches]
        new = {key: patch for key, patch in zip(keys, patches, strict=True) if key not in self._seen}
        inputs = {key: normalise(patch) for key, patch in new.items()}
        drawn = [(key, x) for key, x in inputs.items() if x is not None]
        self._seen.update(dict.fromkeys(inputs))
        for (key, _), reading in zip(drawn, self._run([x for _, x in drawn]), strict=True):
            self._seen[key] = reading
        out = [self._seen[key] for key in keys]
        while len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)
        return out

    def _run(self, inputs: list[Floats], batch: int = 32) -> Iterator[IconScores]:
        for start in range(0, len(inputs), batch):
            pictures = np.stack(inputs[start : start + batch])[:, None]
            shown, tags = self._session.run(None, {"pictures": pictures})
            for row, tag_row in zip(shown, tags, strict=True):
                yield IconScores(row[:-1], float(row[-1]), tag_row)

    def _names(self, reading: IconScores) -> tuple[str, ...]:
        order = np.argsort(-reading.concepts)[:3]
        named = [i for i in order if reading.concepts[i] >= SURE]
        names = [name for i in named for name in names_of(self._concepts[i])]
        if not names and reading.none < 0.5 and reading.concepts[order].sum() > 0.6:
            names = list(names_of(self._concepts[order[0]]))
        sure = [i for i in np.argsort(-reading.tags)[:4] if reading.tags[i] >= TAG_SURE]
        return tuple(dict.fromkeys([*names, *(self._tags[i] for i in sure)]))

    def _fit(self, reading: IconScores, wanted: Floats, tags: list[int]) -> float:
        by_concept = float(reading.concepts @ wanted)
        by_tag = max((float(reading.tags[i]) for i in tags), default=0.0) * TAG_WEIGHT
        return min(1.0, max(by_concept, by_tag))
