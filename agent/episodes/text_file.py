"""``text.jsonl`` of an episode: the text that was read on its screens. ``docs/episode-format.md`` describes it."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from actions.frame import Box
from agent.core.step import Step
from agent.episodes.format import MAX_LINE, MAX_STEPS, EpisodeError, decode_record, encode_record, reason
from agent.episodes.frame_reader import open_inside
from agent.episodes.private_files import FILE_MODE, append_whole

NAME = "text.jsonl"


class TextRun(NamedTuple):
    """Text on a screen, and its box in frame pixels."""

    text: str
    box: Box


class ScreenText(BaseModel):
    """A line of ``text.jsonl``: the text on the picture whose files have the SHA-256 `picture`."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    image: str
    picture: str = Field(pattern="^[0-9a-f]{64}$")
    words: tuple[tuple[str, tuple[float, float, float, float]], ...]


class TextFile:
    """The text of the episode in `folder` that is kept there. Damaged lines are left out: their screens are read again.

    `problem` says why what was read could not be kept.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self.problem = folder, ""
        self._hashes: dict[str, str] = {}
        self._runs: dict[TextRun, TextRun] = {}
        self._texts: dict[str, tuple[TextRun, ...]] = {}
        self._whole = True
        with suppress(FileNotFoundError, EpisodeError, OSError):
            self._load()

    @property
    def kept(self) -> int:
        """The number of pictures whose text is kept."""
        return len(self._texts)

    def of(self, step: Step) -> tuple[TextRun, ...] | None:
        """The text on the screen of `step`, None where it was not read. Raises `EpisodeError` for a missing picture."""
        return self._texts.get(self._picture(step))

    def keep(self, step: Step, words: tuple[TextRun, ...]) -> None:
        """Append the text on the screen of `step`."""
        rounded = tuple((run.text, tuple(round(float(side), 1) for side in run.box)) for run in words)
        line = ScreenText.model_validate({"image": step.image, "picture": self._picture(step), "words": rounded})
        self._add(line)
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
            fd = os.open(self._folder / NAME, flags, FILE_MODE)
            try:
                append_whole(
                    fd, (b"" if self._whole else b"\n") + encode_record(line) + b"\n", str(self._folder / NAME)
                )
                self._whole = True
            finally:
                os.close(fd)
        except OSError as error:
            self.problem = f"{self._folder / NAME} could not be written: {reason(error)}"
        except EpisodeError as error:
            self.problem = str(error)

    def _load(self) -> None:
        with os.fdopen(open_inside(self._folder, NAME, NAME), "rb") as file:
            for _ in range(MAX_STEPS):
                if not (line := file.readline(MAX_LINE)):
                    return
                self._whole = line.endswith(b"\n")
                with suppress(ValueError):
                    value, right = decode_record(line)
                    if right:
                        self._add(ScreenText.model_validate(value))

    def _add(self, line: ScreenText) -> None:
        """Equal runs of text are one object: the screens of a run have most of theirs in common."""
        runs = (TextRun(text, Box(*box)) for text, box in line.words)
        self._texts[line.picture] = tuple(self._runs.setdefault(run, run) for run in runs)

    def _picture(self, step: Step) -> str:
        if step.patch is None:
            return self._hash(step, step.image)
        x, y = step.patch.at
        both = f"{self._hash(step, step.patch.base)} {x} {y} {self._hash(step, step.image)}"
        return hashlib.sha256(both.encode()).hexdigest()

    def _hash(self, step: Step, name: str) -> str:
        if name not in self._hashes:
            where = f"step {step.index + 1}: its frame {name[:200]!r}"
            try:
                with os.fdopen(open_inside(self._folder, name, where), "rb") as file:
                    self._hashes[name] = hashlib.file_digest(file, "sha256").hexdigest()
            except OSError as error:
                raise EpisodeError(f"{where} cannot be read: {reason(error)}") from error
        return self._hashes[name]
