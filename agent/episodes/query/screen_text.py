"""The text on an episode's screens: what was kept in its ``text.jsonl``, and what is read now and kept there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from actions.frame import Box
from agent.core.step import Step
from agent.episodes import Episode, EpisodeError
from agent.episodes.frame_reader import read_frame
from agent.episodes.text_file import TextFile, TextRun
from envs.differences import changed_places
from envs.env import Image

if TYPE_CHECKING:
    from agent.perception.ocr import TextReader

_MARGIN = 24  # pixels around a change that are read again
_NEAR = 3  # pixels around a run of text at which a change touches it


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
    episode: Episode, progress: Callable[[int, int], None] = lambda done, of: None
) -> tuple[list[StepText], str]:
    """The text of every step's screen, and why what was read now could not be kept in the episode ("": it was).

    `progress` is called with the numbers of different pictures read and in all. Equal texts are one object.
    """
    texts, reader = TextFile(episode.folder), ScreenReader(episode.folder)
    known: dict[tuple[object, ...], tuple[TextRun, ...] | None] = {}
    total = len({_picture(step) for step in episode.steps})
    screens = []
    for step in episode.steps:
        key = _picture(step)
        if key not in known:
            known[key] = None
            with suppress(EpisodeError):
                if texts.of(step) is None:
                    texts.keep(step, reader.read(step))
                known[key] = texts.of(step)
            progress(len(known), total)
        screens.append(StepText(step, known[key]))
    return screens, texts.problem


def _picture(step: Step) -> tuple[object, ...]:
    return step.image, step.patch, step.frame.width, step.frame.height


class ScreenReader:
    """Reads the text on the screens of the episode in `folder`, of each only what changed since the one before."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._reader: TextReader | None = None
        self._image: Image | None = None
        self._words: tuple[TextRun, ...] = ()

    def read(self, step: Step) -> tuple[TextRun, ...]:
        """The text on the screen of `step`. Raises `EpisodeError` for a picture that is missing or damaged."""
        image = read_frame(self._folder, step)
        areas = None if self._image is None else self._changed(self._image, image)
        if areas is None:
            self._words = self._read(image, Box(0, 0, image.shape[1], image.shape[0]))
        else:
            kept = (word for word in self._words if not any(word.box.overlap(area) for area in areas))
            self._words = (*kept, *(word for area in areas for word in self._read(image, area)))
        self._image = image
        return self._words

    def _changed(self, last: Image, image: Image) -> list[Box] | None:
        """The areas to read again: where something changed, and all text that this touches; None for everything.

        A phone's screen is always read whole: the size of its text is judged by the picture's shape.
        """
        height, width = image.shape[:2]
        if last.shape != image.shape or height > width:
            return None
        areas: list[Box] = []
        for x, y, wide, high in changed_places(last, image):
            area, before = Box(x, y, x + wide, y + high).grown(_MARGIN), None
            while area != before:
                before = area
                for box in (word.box.grown(_NEAR) for word in self._words if word.box.grown(_NEAR).overlap(area)):
                    area = area.union(box)
                for other in [other for other in areas if other.overlap(area)]:
                    areas.remove(other)
                    area = area.union(other)
            areas.append(area)
        return areas if sum(area.area for area in areas) < height * width / 2 else None

    def _read(self, image: Image, area: Box) -> tuple[TextRun, ...]:
        from agent.perception.ocr import TextReader

        self._reader = self._reader or TextReader()
        x1, y1, x2, y2 = (max(0, round(side)) for side in area)
        lines = self._reader.read(np.ascontiguousarray(image[y1:y2, x1:x2]))
        return tuple(TextRun(line.text, _moved(line.box, x1, y1)) for line in lines)


def _moved(box: Box, x: float, y: float) -> Box:
    return Box(box.x1 + x, box.y1 + y, box.x2 + x, box.y2 + y)


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
