"""The text on an episode's screens: what was kept in its ``text.jsonl``, and what is read now and kept there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from actions.frame import Box
from agent.core.step import Step
from agent.episodes import Episode, EpisodeError
from agent.episodes.frame_reader import read_frame
from agent.episodes.query.changed_text import area_alone, changed_text, moved, with_new
from agent.episodes.text_file import TextFile, TextRun
from envs.env import Image

if TYPE_CHECKING:
    from agent.perception.elements import TextLine
    from agent.perception.ocr import TextReader


@dataclass(frozen=True)
class StepText:
    """A step and the text on its screen; `words` is None where the picture is missing or damaged."""

    step: Step
    words: tuple[TextRun, ...] | None

    @cached_property
    def rows(self) -> tuple[TextRun, ...]:
        """The runs of text, and those that are next to each other on a line joined to one."""
        words = self.words or ()
        return (*words, *(row for row in joined(words) if row not in words))


def without_screens(episode: Episode) -> list[StepText]:
    """The steps, for a question that needs no text on the screens."""
    return [StepText(step, None) for step in episode.steps]


def read_screens(
    episode: Episode, progress: Callable[[int, int], None] = lambda done, of: None
) -> tuple[list[StepText], str]:
    """The text of every step's screen, and why what was read now could not be kept in the episode ("": it was).

    `progress` is called with the numbers of different pictures read and in all. Equal texts are one object.
    """
    texts, reader = TextFile(episode.folder), ScreenReader(episode.folder)
    first = {_picture(step): step for step in reversed(episode.steps)}
    different = sorted(first.values(), key=lambda step: step.index)
    unread = [step for step in different if _kept(texts, step) is None]
    done = len(different) - len(unread)
    for number, (step, image) in enumerate(_frames(episode.folder, unread), done + 1):
        if image is not None:
            with suppress(EpisodeError):
                texts.keep(step, reader.read_image(image))
        progress(number, len(different))
    known = {key: _kept(texts, step) for key, step in first.items()}
    return [StepText(step, known[_picture(step)]) for step in episode.steps], texts.problem


def _kept(texts: TextFile, step: Step) -> tuple[TextRun, ...] | None:
    with suppress(EpisodeError):
        return texts.of(step)
    return None


def _frames(folder: Path, steps: Sequence[Step]) -> Iterator[tuple[Step, Image | None]]:
    """The screen of each step, None where it is missing or damaged; the next is decoded while one is looked at."""

    def frame(step: Step) -> Image | None:
        with suppress(EpisodeError):
            return read_frame(folder, step)
        return None

    with ThreadPoolExecutor(1) as pool:
        coming = [(step, pool.submit(frame, step)) for step in steps[:1]]
        for step in (*steps[1:], None):
            if step is not None:
                coming.append((step, pool.submit(frame, step)))
            if coming:
                at, image = coming.pop(0)
                yield at, image.result()


def _picture(step: Step) -> tuple[object, ...]:
    return step.image, step.patch, step.frame.width, step.frame.height


class ScreenReader:
    """Reads the text on the screens of the episode in `folder`, of each only what changed since the one before."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._reader: TextReader | None = None
        self._image: Image | None = None
        self._lines: list[TextLine] = []

    def read(self, step: Step) -> tuple[TextRun, ...]:
        """The text on the screen of `step`. Raises `EpisodeError` for a picture that is missing or damaged."""
        return self.read_image(read_frame(self._folder, step))

    def read_image(self, image: Image) -> tuple[TextRun, ...]:
        """The text on `image`, the screen of a step."""
        changed = None if self._image is None else changed_text(self._image, image, self._lines)
        if changed is None:
            self._lines = self._text_reader().read(image)
        else:
            kept, areas = changed
            self._lines = with_new(kept, [line for area in areas for line in self._read(image, area, kept)], image)
        self._image = image
        return tuple(TextRun(line.text, line.box) for line in self._lines)

    def _read(self, image: Image, area: Box, kept: Sequence[TextLine]) -> list[TextLine]:
        part, x, y = area_alone(image, area, kept)
        return [moved(line, x, y) for line in self._text_reader().read(part)]

    def _text_reader(self) -> TextReader:
        from agent.perception.ocr import TextReader

        self._reader = self._reader or TextReader()
        return self._reader


def joined(words: Sequence[TextRun]) -> Iterator[TextRun]:
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
