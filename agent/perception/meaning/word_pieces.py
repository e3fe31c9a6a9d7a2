"""Texts as numbers of word pieces, by the rules of BERT's uncased tokenizer (Devlin and others 2018).

`tokenizers` does the same, but brings `huggingface_hub` and all that it needs to everyone who installs Handeye.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from pathlib import Path

_CLS, _SEP, _UNKNOWN = "[CLS]", "[SEP]", "[UNK]"
_LONGEST_WORD = 100  # letters; a longer word is unknown
_IDEOGRAPHS = (
    (0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0x20000, 0x2A6DF), (0x2A700, 0x2B73F), (0x2B740, 0x2B81F),
    (0x2B920, 0x2CEAF), (0xF900, 0xFAFF), (0x2F800, 0x2FA1F),
)  # fmt: skip


class WordPieces:
    """The pieces of a vocabulary: a text file of one piece a line, whose number is the line's."""

    def __init__(self, vocabulary: Path, longest: int) -> None:
        """Texts are cut after `longest` pieces, the two around them included."""
        self._numbers = {piece: i for i, piece in enumerate(vocabulary.read_text("utf-8").split("\n"))}
        self._longest = longest

    def numbers(self, text: str) -> list[int]:
        """The numbers of the pieces of `text`, between those of the beginning and the end."""
        inner = [number for word in _words(text) for number in self._pieces(word)][: self._longest - 2]
        return [self._numbers[_CLS], *inner, self._numbers[_SEP]]

    def _pieces(self, word: str) -> list[int]:
        """The longest pieces that make up a word, one after the other; that of the unknown where there are none."""
        found, start = [], 0
        while start < len(word) <= _LONGEST_WORD:
            ends = range(len(word), start, -1)
            numbers = (self._numbers.get(f"##{word[start:end]}" if start else word[:end]) for end in ends)
            end, number = next(((e, n) for e, n in zip(ends, numbers, strict=True) if n is not None), (0, 0))
            if not end:
                break
            found.append(number)
            start = end
        return found if start == len(word) else [self._numbers[_UNKNOWN]]


def _words(text: str) -> Iterator[str]:
    """Lower-case words without accents; each mark and each ideograph is a word."""
    spaced = "".join(f" {c} " if _is_ideograph(c) else c for c in map(_cleaned, text))
    bare = "".join(c for c in unicodedata.normalize("NFD", spaced) if unicodedata.category(c) != "Mn")
    for run in bare.lower().split():
        word = ""
        for c in run:
            if _is_mark(c):
                yield from filter(None, (word, c))
                word = ""
            else:
                word += c
        if word:
            yield word


def _cleaned(c: str) -> str:
    if c in "\t\n\r" or unicodedata.category(c) == "Zs":
        return " "
    return "" if c in "\0\ufffd" or unicodedata.category(c).startswith("C") else c


def _is_ideograph(c: str) -> bool:
    return bool(c) and any(low <= ord(c) <= high for low, high in _IDEOGRAPHS)


def _is_mark(c: str) -> bool:
    return (c.isascii() and c.isprintable() and not c.isalnum()) or unicodedata.category(c).startswith("P")
