"""What small wordless regions show: a magnifying glass, a cross, three dots.

A small network trained on open icon sets (`ICONS.md`) says which of the concepts of `icon_index.concepts.json` a region
shows, or none of them. CPU only; no random state.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from importlib import resources
from typing import Any, NamedTuple

import numpy as np

from actions.frame import Box
from agent.perception.icon_concepts import concepts, concepts_for, names_of, read_english, singular
from agent.perception.icon_patches import Floats, cropped, normalise
from agent.perception.images import Cache, fingerprint
from agent.perception.onnx import in_parallel, load_network
from envs.env import Image

SURE = 0.25
"""The least probability at which a concept is named."""
TAG_SURE = 0.6
_BATCH = 8  # regions of one run of the network
TAG_WEIGHT = 0.7
"""What a word that is only a tag is worth against a concept of the table."""


class IconIndexError(RuntimeError):
    """The shipped icon index is missing or does not belong to this version."""


class IconScores(NamedTuple):
    """What the network says of one region: probabilities of the concepts, of none of them, and of each tag."""

    concepts: Floats
    none: float
    tags: Floats


class IconNamer:
    """Names small wordless regions of a screen. One instance may be shared."""

    def __init__(self) -> None:
        """Load the shipped index; raises `IconIndexError` when it is missing or damaged."""
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
        self._session: Any = load_network(model)
        self._cache: Cache[IconScores | None] = Cache()

    def name_icons(self, image: Image, boxes: Sequence[Box]) -> list[tuple[str, ...]]:
        """Names of each region of an RGB image (boxes in its pixels), best first; `()` where it is not sure.

        A name is a concept's ("arrow left") followed by words for it ("back", "go back"), then tags.
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
        """What the network says of each region; None for an empty one. Results are cached by the region's pixels."""
        patches = [cropped(image, box) for box in boxes]
        keys = [fingerprint(patch) for patch in patches]
        found = {key: self._cache[key] for key in keys if key in self._cache}
        inputs = {key: normalise(patch) for key, patch in zip(keys, patches, strict=True) if key not in found}
        drawn = [(key, x) for key, x in inputs.items() if x is not None]
        new: dict[bytes, IconScores | None] = dict.fromkeys(inputs)
        new.update(zip((key for key, _ in drawn), self._run([x for _, x in drawn]), strict=True))
        for key, scores in new.items():
            self._cache.put(key, scores)
        found.update(new)
        return [found[key] for key in keys]

    def _run(self, inputs: list[Floats]) -> Iterator[IconScores]:
        batches = [np.stack(inputs[start : start + _BATCH])[:, None] for start in range(0, len(inputs), _BATCH)]
        for shown, tags in in_parallel(lambda pictures: self._session.run(None, {"pictures": pictures}), batches):
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
