"""`EpisodeWriter`: writes steps at once, frames in the background, and the ending when the run is over."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

import numpy as np

from agent.core.step import Step, Tokens
from agent.core.task import Ending
from agent.episodes.format import (
    MAX_LINE,
    MAX_PIXELS,
    MAX_SIDE,
    EpisodeDocument,
    EpisodeError,
    EpisodeHeader,
    Totals,
    check_bounds,
    decode_record,
    encode_record,
    first_line,
    reason,
)
from agent.episodes.frame_writer import FrameThread
from agent.episodes.private_files import FILE_MODE, FOLDER_MODE, append_whole, write_private
from agent.episodes.text_process import TextProcess
from envs.env import Image
from envs.record_clock import RECORD_CLOCK

MIN_FREE = 64 * 2**20
"""Bytes that must be free on the disk to begin an episode: about a hundred frames."""


class EpisodeWriter:
    """Writes one episode. Not thread-safe; frames are encoded in a thread of its own.

    Every method raises `EpisodeError` when writing fails; nothing is then left half written. After `finish` or `close`
    only `close` may be called. Messages count steps from 1.
    """

    def __init__(self, folder: Path, header: EpisodeHeader, steps_fd: int, read_text: bool = False) -> None:
        self.folder = folder
        self._text = TextProcess(folder) if read_text else None
        self._header = header
        self._fd: int | None = steps_fd
        self._frames = FrameThread(folder)
        self._count = 0
        self._tokens = Tokens()

    @classmethod
    def create(cls, folder: Path, header: EpisodeHeader, read_text: bool = False) -> EpisodeWriter:
        """Begin an episode in `folder`, which is made if it does not exist and must not hold an episode.

        With `read_text` the text on the screens of a longer run is read meanwhile, by a process of its own.
        Raises `EpisodeError` for a folder that is not writable or holds an episode, and for a full disk.
        """
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            folder.mkdir(FOLDER_MODE, exist_ok=True)
            _refuse_taken(folder)
            free = shutil.disk_usage(folder).free
            if free < MIN_FREE:
                raise EpisodeError(f"only {free >> 20} MB free for {folder}: make room or choose another --out")
            (folder / "frames").mkdir(FOLDER_MODE)
            _write_document(folder, EpisodeDocument(**dict(header)))
            fd = os.open(folder / "steps.jsonl", os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, FILE_MODE)
        except OSError as error:
            raise EpisodeError(f"cannot write to {folder}: {reason(error)}; choose another --out") from error
        return cls(folder, header, fd, read_text)

    def add_frame(self, image: Image) -> str:
        """Queue a screen (RGB uint8 HxWx3, copied); its file, relative to the episode.

        A picture equal to the one before is not written again and gets the same name; one that differs little is
        written as a patch. Waits only while several frames are queued.
        """
        self._check_open()
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or not image.size:
            raise EpisodeError(f"a frame must be RGB uint8 HxWx3, not {image.dtype} {'x'.join(map(str, image.shape))}")
        height, width = image.shape[:2]
        if height * width > MAX_PIXELS or max(height, width) > MAX_SIDE:
            raise EpisodeError(f"a frame of {width}x{height} is above {MAX_PIXELS} pixels, or {MAX_SIDE} a side")
        return self._frames.add(image)

    def append(self, step: Step) -> None:
        """Write the line of `step`, once its frame is written."""
        fd = self._check_open()
        line = _line_of(step.model_copy(update={"patch": self._frames.stored(step)}))
        append_whole(fd, line, f"step {step.index + 1} to {self.folder / 'steps.jsonl'}")
        self._count += 1
        self._tokens += step.tokens

    def finish(self, ending: Ending, message: str = "", answer: str | None = None) -> None:
        """Write how the run ended, and close. `message` is for people, `answer` is the task's answer."""
        self._check_open()
        self.close()
        finished = RECORD_CLOCK.now()
        totals = Totals(steps=self._count, seconds=max(0.0, finished - self._header.started), tokens=self._tokens)
        document = EpisodeDocument(
            **dict(self._header), ending=ending, message=message, answer=answer, finished=finished, totals=totals
        )
        try:
            _write_document(self.folder, document)
        except OSError as error:
            raise EpisodeError(f"the ending could not be written to {self.folder}: {reason(error)}") from error
        self._frames.check()

    def close(self) -> None:
        """Write the queued frames and close the files; without `finish` the episode reads as interrupted."""
        self._frames.close()
        if self._text is not None:
            self._text.close()
        fd, self._fd = self._fd, None
        if fd is not None:
            os.close(fd)

    def __enter__(self) -> EpisodeWriter:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _check_open(self) -> int:
        if self._fd is None:
            raise EpisodeError(f"the episode in {self.folder} is closed: begin another one")
        return self._fd


def check_folder(folder: Path) -> None:
    """Raise `EpisodeError` where no episode can be begun in `folder` (absolute); nothing is made."""
    there = next(path for path in (folder, *folder.parents) if path.exists())
    if not there.is_dir():
        raise EpisodeError(f"cannot write to {folder}: {there} is a file; choose another folder with --out")
    if not os.access(there, os.W_OK | os.X_OK):
        raise EpisodeError(f"cannot write to {there}: permission denied; choose another folder with --out")
    if there == folder:
        _refuse_taken(folder)


def _refuse_taken(folder: Path) -> None:
    for name in ("episode.json", "steps.jsonl", "frames"):
        if os.path.lexists(folder / name):
            raise EpisodeError(f"{folder} already holds an episode ({name}): choose another --out")
    if (other := next(folder.iterdir(), None)) is not None:
        raise EpisodeError(f"{folder} is not empty (it holds {other.name}): choose another --out")


def _write_document(folder: Path, document: EpisodeDocument) -> None:
    part = folder / "episode.json.part"
    try:
        write_private(part, encode_record(document, indent=2) + b"\n")
        part.replace(folder / "episode.json")
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def _line_of(step: Step) -> bytes:
    """The line of `step`. Raises `EpisodeError` for a step that could not be read back."""
    try:
        line = encode_record(step) + b"\n"
        if len(line) >= MAX_LINE:
            raise ValueError(f"its line has {len(line)} bytes, above {MAX_LINE}")
        check_bounds(Step.model_validate(decode_record(line)[0]))
    except ValueError as error:
        raise EpisodeError(f"step {step.index + 1} cannot be recorded: {first_line(error)}") from error
    return line
