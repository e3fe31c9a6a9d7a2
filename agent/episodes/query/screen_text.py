"""The text on an episode's screens: each different picture is read once, and the result is cached on the disk."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from actions.frame import Box
from agent.core.step import Step
from agent.episodes import Episode, EpisodeError
from envs.env import Image

if TYPE_CHECKING:
    from agent.perception.ocr import TextReader

CACHE = "XDG_CACHE_HOME"
_VERSION = 1


@dataclass(frozen=True)
class TextRun:
    """Text on a screen, and its box in frame pixels."""

    text: str
    box: Box


@dataclass(frozen=True)
class StepText:
    """A step and the text on its screen; `words` is None where the picture is missing or damaged."""

    step: Step
    words: tuple[TextRun, ...] | None

    @cached_property
    def rows(self) -> tuple[TextRun, ...]:
        """The runs of text, and those that are next to each other on a line joined to one."""
        words = self.words or ()
        return (*words, *(row for row in _joined(words) if row not in words))


def read_screens(
    episode: Episode, progress: Callable[[int, int], None] = lambda done, of: None, folder: Path | None = None
) -> list[StepText]:
    """The text of every step's screen. `progress` is called with the numbers of different pictures read and in all.

    `folder` holds the cache; None: `cache_folder`.
    """
    reader = _CachedReader(cache_folder() if folder is None else folder)
    known: dict[tuple[object, ...], tuple[TextRun, ...] | None] = {}
    total = len({_picture(step) for step in episode.steps})
    screens = []
    for step in episode.steps:
        key = _picture(step)
        if key not in known:
            known[key] = _read(episode, step, reader)
            progress(len(known), total)
        screens.append(StepText(step, known[key]))
    return screens


def cache_folder() -> Path:
    """``handeye/ocr`` in XDG_CACHE_HOME, by default ``~/.cache``."""
    return Path(os.environ.get(CACHE) or Path.home() / ".cache") / "handeye" / "ocr"


def _picture(step: Step) -> tuple[object, ...]:
    return step.image, step.patch, step.frame.width, step.frame.height


def _read(episode: Episode, step: Step, reader: _CachedReader) -> tuple[TextRun, ...] | None:
    try:
        return reader.read(episode.image(step))
    except EpisodeError:
        return None


class _CachedReader:
    """Reads pictures; results are kept in `folder` under the picture's hash, readable by their owner only."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._reader: TextReader | None = None
        self._version = f"{_VERSION} {metadata.version('rapidocr')}"

    def read(self, image: Image) -> tuple[TextRun, ...]:
        digest = hashlib.blake2b(f"{self._version} {image.shape}".encode(), digest_size=16)
        digest.update(np.ascontiguousarray(image).data)
        file = self._folder / f"{digest.hexdigest()}.json"
        with suppress(OSError, ValueError, TypeError, KeyError):
            return tuple(TextRun(str(text), Box(*map(float, box))) for text, box in json.loads(file.read_bytes()))
        words = tuple(TextRun(line.text, line.box) for line in self._text_reader.read(image))
        with suppress(OSError):
            self._store(file, json.dumps([[one.text, [round(float(side), 1) for side in one.box]] for one in words]))
        return words

    @property
    def _text_reader(self) -> TextReader:
        if self._reader is None:
            from agent.perception.ocr import TextReader

            self._reader = TextReader()
        return self._reader

    def _store(self, file: Path, text: str) -> None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        part = file.with_suffix(f".{os.getpid()}.part")
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as there:
            there.write(text)
        part.replace(file)


def _joined(words: Sequence[TextRun]) -> Iterator[TextRun]:
    """Runs of text that are near each other on one line, joined."""
    row: list[TextRun] = []
    for word in sorted(words, key=lambda one: (round(one.box.center.y / 4), one.box.x1)):
        if row and _follows(row[-1], word):
            row.append(word)
            continue
        if len(row) > 1:
            yield _row(row)
        row = [word]
    if len(row) > 1:
        yield _row(row)


def _follows(a: TextRun, b: TextRun) -> bool:
    tall = max(a.box.height, b.box.height)
    return abs(a.box.center.y - b.box.center.y) < 0.4 * tall and -2 <= b.box.x1 - a.box.x2 < 3 * tall


def _row(row: Sequence[TextRun]) -> TextRun:
    box = row[0].box
    for word in row[1:]:
        box = box.union(word.box)
    return TextRun(" ".join(word.text for word in row), box)
