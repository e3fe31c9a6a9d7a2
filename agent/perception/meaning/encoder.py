"""Texts as unit vectors: a request lies near what the element that it means says or shows.

A sentence encoder of six layers, made by ``python -m tools.build_meaning``; `ENCODER.md` is its model card.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import cache, cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agent.perception.images import Cache
from agent.perception.meaning.word_pieces import WordPieces
from agent.perception.onnx import in_parallel, load_network

LONGEST = 48
"""Word pieces of a text that are read."""
_FOLDER = Path(__file__).parent

Vectors = NDArray[np.float32]
_NEAREST = 10


class TextEncoder:
    """Vectors of texts, (n, 384) float32 of length 1; those read last are kept. Threads may share an instance."""

    def __init__(self) -> None:
        self._network = load_network(_FOLDER / "encoder.onnx")
        self._pieces = WordPieces(_FOLDER / "encoder.txt", LONGEST)
        self._known: Cache[Vectors] = Cache()
        self._alone = threading.Lock()

    def vectors(self, texts: Sequence[str]) -> Vectors:
        """A row for each text."""
        with self._alone:
            found = {text: self._known[key] for text in texts if (key := text.encode()) in self._known}
            unknown = sorted({text for text in texts if text not in found}, key=len, reverse=True)
            for text, row in zip(unknown, in_parallel(self._encoded, unknown), strict=True):
                found[text] = row
                self._known.put(text.encode(), row)
        return np.stack([found[text] for text in texts]) if texts else np.zeros((0, 384), np.float32)

    def likeness(self, names: Vectors, request: Vectors) -> Vectors:
        """How much more alike each name and the request are than either is to what it is most alike to elsewhere.

        "Cross-domain similarity local scaling" (Conneau and others 2018, https://arxiv.org/abs/1710.04087), among 1,000
        labels and 1,000 requests: a name that is like any request says little, and so does the nearest name to a
        request that labels of other screens are nearer to.
        """
        labels, requests = self._others
        asked = _nearest(labels @ request)
        named = _nearest(names @ requests.T)
        scaled: Vectors = 2 * (names @ request) - named - asked
        return scaled

    @cached_property
    def _others(self) -> tuple[Vectors, Vectors]:
        """Labels and requests that have nothing to do with the screen."""
        with np.load(_FOLDER / "encoder.npz") as kept:
            return kept["labels"].astype(np.float32), kept["requests"].astype(np.float32)

    def _encoded(self, text: str) -> Vectors:
        """By itself: in 8 bits, a text's vector would depend on those that are read with it."""
        ids = np.array([self._pieces.numbers(text)], np.int64)
        row: Vectors = self._network.run(None, {"input_ids": ids, "attention_mask": np.ones_like(ids)})[0][0]
        return row


def _nearest(cosines: Vectors) -> Vectors:
    """The mean of the highest of each row."""
    means: Vectors = np.partition(cosines, -_NEAREST, axis=-1)[..., -_NEAREST:].mean(axis=-1)
    return means


@cache
def text_encoder() -> TextEncoder:
    """The encoder, loaded once."""
    return TextEncoder()
