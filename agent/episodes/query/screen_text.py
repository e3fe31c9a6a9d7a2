"""The text on an episode's screens: each different picture is read once, and the result is cached on the disk."""

from __future__ import annotations

import hashlib
import json
import os
import re
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


def without_screens(episode: Episode) -> list[StepText]:
    """The steps, for a question that needs no text on the screens."""
    return [StepText(step, None) for step in episode.steps]


def read_screens(
    episode: Episode, progress: Callable[[int, int], None] = lambda done, of: None, folder: Path | None = None
) -> list[StepText]:
    """The text of every step's screen. `progress` is called with the numbers of different pictures read and in all.

    `folder` holds the cache; None: `cache_folder`. Equal texts are one object.
    """
    reader = _CachedReader(cache_folder() if folder is None else folder, episode)
    known: dict[tuple[object, ...], StepText] = {}
    total = len({_picture(step) for step in episode.steps})
    screens = []
    try:
        for step in episode.steps:
            key = _picture(step)
            if key not in known:
                known[key] = StepText(step, reader.read(step))
                progress(len(known), total)
            screens.append(StepText(step, known[key].words))
    finally:
        reader.keep_index()
    return screens


def cache_folder() -> Path:
    """``handeye/ocr`` in XDG_CACHE_HOME, by default ``~/.cache``."""
    return Path(os.environ.get(CACHE) or Path.home() / ".cache") / "handeye" / "ocr"


def _picture(step: Step) -> tuple[object, ...]:
    return step.image, step.patch, step.frame.width, step.frame.height


class _CachedReader:
    """Reads pictures; results are kept in `folder` under the picture's hash, readable by their owner only.

    An index for the episode says which picture is in which files, so that no picture is decoded a second time.
    """

    def __init__(self, folder: Path, episode: Episode) -> None:
        self._folder, self._episode = folder, episode
        self._folder_name = str(episode.folder)
        self._reader: TextReader | None = None
        self._version = f"{_VERSION} {metadata.version('rapidocr')}"
        self._words: dict[str, tuple[TextRun, ...]] = {}
        about = f"{self._version} {episode.folder.resolve()} {episode.header.started}"
        self._index_file = folder / f"index-{hashlib.blake2b(about.encode(), digest_size=16).hexdigest()}.json"
        self._index: dict[str, str] = {}
        with suppress(OSError, ValueError):
            found = json.loads(self._index_file.read_bytes())
            self._index = {str(key): str(digest) for key, digest in dict(found).items()}
        self._known = len(self._index)

    def read(self, step: Step) -> tuple[TextRun, ...] | None:
        """The text on the screen of `step`; None for a picture that is missing or damaged."""
        try:
            key = self._files(step)
            digest = self._index.get(key, "")
            words = self._cached(digest) if re.fullmatch("[0-9a-f]{32}", digest) else None
            if words is None:
                image = self._episode.image(step)
                digest = self._index[key] = self._digest(image)
                words = self._cached(digest) or self._recognized(digest, image)
        except (EpisodeError, OSError):
            return None
        return self._words.setdefault(digest, words)

    def _files(self, step: Step) -> str:
        """What identifies the picture of `step`: its files and their state. Raises OSError."""
        names = [step.image] if step.patch is None else [step.patch.base, step.image]
        found = [os.stat(f"{self._folder_name}/{name}") for name in names]
        states = ((file.st_dev, file.st_ino, file.st_size, file.st_mtime_ns) for file in found)
        return f"{[*states]} {step.patch and step.patch.at}"

    def keep_index(self) -> None:
        """Write the index where it has grown."""
        if len(self._index) > self._known:
            with suppress(OSError):
                self._store(self._index_file, json.dumps(self._index))

    def _digest(self, image: Image) -> str:
        digest = hashlib.blake2b(f"{self._version} {image.shape}".encode(), digest_size=16)
        digest.update(np.ascontiguousarray(image).data)
        return digest.hexdigest()

    def _cached(self, digest: str) -> tuple[TextRun, ...] | None:
        if digest in self._words:
            return self._words[digest]
        with suppress(OSError, ValueError, TypeError, KeyError):
            found = json.loads((self._folder / f"{digest}.json").read_bytes())
            return tuple(TextRun(str(text), Box(*map(float, box))) for text, box in found)
        return None

    def _recognized(self, digest: str, image: Image) -> tuple[TextRun, ...]:
        words = tuple(TextRun(line.text, line.box) for line in self._text_reader.read(image))
        said = json.dumps([[one.text, [round(float(side), 1) for side in one.box]] for one in words])
        with suppress(OSError):
            self._store(self._folder / f"{digest}.json", said)
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
