"""`read_episode`: an episode from disk, with damage reported instead of raised where the rest can be read."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from actions.errors import plural
from agent.core.step import Step, Tokens
from agent.core.task import Ending
from agent.episodes.format import (
    FORMAT,
    MAX_LINE,
    MAX_STEPS,
    READABLE,
    VERSION,
    EpisodeDocument,
    EpisodeError,
    EpisodeHeader,
    Totals,
    check_bounds,
    check_time,
    decode_record,
    first_line,
)
from agent.episodes.frame_reader import FrameChecker, open_inside, read_frame
from envs.env import Image


@dataclass(frozen=True)
class Episode:
    """An episode on disk. `steps` are the readable ones, in order.

    `ending` is None for a run that was killed or still goes on. `finished` is seconds since the epoch. `problems` has
    a line for everything that is damaged or missing, naming the step.
    """

    folder: Path
    header: EpisodeHeader
    steps: tuple[Step, ...]
    ending: Ending | None = None
    message: str = ""
    answer: str | None = None
    finished: float | None = None
    totals: Totals = field(default_factory=Totals)
    problems: tuple[str, ...] = ()

    def image(self, step: Step) -> Image:
        """The screen of `step`: RGB uint8 HxWx3, of the frame's size; a copy.

        Raises `EpisodeError` for a file outside the episode, missing, damaged, too large, or of another size.
        """
        return read_frame(self.folder, step)


def read_episode(folder: Path) -> Episode:
    """Read the episode in `folder`; pictures are read by `Episode.image`.

    Damaged steps are left out and named in `problems`. Raises `EpisodeError` where there is no episode, or one that
    this version cannot read.
    """
    document, problems = read_document(folder)
    steps = _read_steps(folder, problems)
    checker = FrameChecker(folder)
    for step in steps:
        try:
            checker.check(step)
        except EpisodeError as error:
            problems.append(str(error))
    if document.totals is not None and document.totals.steps > len(steps):
        problems.append(f"{plural(document.totals.steps, 'step')} written and {len(steps)} can be read")
    return Episode(
        folder=folder,
        header=EpisodeHeader(**{name: getattr(document, name) for name in EpisodeHeader.model_fields}),
        steps=tuple(steps),
        ending=document.ending,
        message=document.message,
        answer=document.answer,
        finished=document.finished,
        totals=document.totals or _totals(document.started, steps),
        problems=tuple(problems),
    )


def read_document(folder: Path) -> tuple[EpisodeDocument, list[str]]:
    """What ``episode.json`` says, and what is damaged about it. Raises like `read_episode`."""
    path = folder / "episode.json"
    try:
        with os.fdopen(open_inside(folder, path.name, str(path)), "rb") as file:
            content = file.read(MAX_LINE + 1)
        if len(content) > MAX_LINE:
            raise ValueError(f"longer than {MAX_LINE} bytes")
        data, whole = decode_record(content)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise EpisodeError(f"{folder} holds no episode: {path} does not exist") from error
    except ValueError as error:
        raise EpisodeError(f"{path} is damaged: {first_line(error)}") from error
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise EpisodeError(f'{path} is not an episode: its "format" must be "{FORMAT}"')
    _check_version(path, data.get("version"))
    try:
        document = EpisodeDocument.model_validate(data)
        check_time("started", document.started)
        check_time("finished", document.finished)
    except ValueError as error:
        raise EpisodeError(f"{path} is not a valid episode: {first_line(error)}") from error
    return document, [] if whole else ["episode.json is not as it was written: its checksum is wrong"]


def count_lines(path: Path) -> int:
    """The number of whole lines of a file; 0 for one that cannot be read."""
    try:
        with path.open("rb") as file:
            return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))
    except OSError:
        return 0


def read_last_step(folder: Path) -> Step | None:
    """The last readable step of the episode in `folder`, without the others; None where there is none."""
    try:
        with os.fdopen(open_inside(folder, "steps.jsonl", "steps.jsonl"), "rb") as file:
            size = file.seek(0, os.SEEK_END)
            for tail in (1 << 16, 1 << 20, MAX_LINE):
                file.seek(max(0, size - tail))
                lines = file.read(tail).split(b"\n")
                for line in reversed(lines if tail >= size else lines[1:]):
                    steps: list[Step] = []
                    _read_line(0, line, steps, [])
                    if steps:
                        return steps[0]
                if tail >= size:
                    break
    except (EpisodeError, OSError):
        pass
    return None


def _check_version(path: Path, version: object) -> None:
    if type(version) is not int or version not in READABLE:
        said = repr(version)[:40]
        raise EpisodeError(f"{path} has format version {said}, and this Handeye reads 1 to {VERSION}: update Handeye")


def _read_steps(folder: Path, problems: list[str]) -> list[Step]:
    steps: list[Step] = []
    try:
        with os.fdopen(open_inside(folder, "steps.jsonl", "steps.jsonl"), "rb") as file:
            for number, line in enumerate(_lines(file), 1):
                if number > MAX_STEPS:
                    problems.append(f"steps.jsonl has more than {MAX_STEPS} lines; the rest is left out")
                    break
                _read_line(number, line, steps, problems)
    except FileNotFoundError:
        problems.append("steps.jsonl cannot be read: No such file or directory")
    except (EpisodeError, OSError) as error:
        problems.append(str(error))
    return steps


def _read_line(number: int, line: bytes, steps: list[Step], problems: list[str]) -> None:
    """Add the step in `line` to `steps`, or its damage to `problems`."""
    try:
        data, whole = decode_record(line)
        step = Step.model_validate(data)
        check_bounds(step)
    except ValueError as error:
        problems.append(_line_problem(number, line, error))
        return
    if steps and step.index <= (last := steps[-1].index):
        problems.append(f"steps.jsonl line {number}: step {step.index + 1} after step {last + 1}; left out")
        return
    if not whole:
        problems.append(f"step {step.index + 1}: its line is not as it was written: its checksum is wrong")
    steps.append(step)


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """The lines of a file with their newlines; longer ones are cut to `MAX_LINE` bytes."""
    while line := file.readline(MAX_LINE):
        yield line
        while not line.endswith(b"\n") and len(line) == MAX_LINE:
            line = file.readline(MAX_LINE)


def _line_problem(number: int, line: bytes, error: ValueError) -> str:
    if not line.endswith(b"\n") and len(line) == MAX_LINE:
        return f"steps.jsonl line {number} is longer than {MAX_LINE} bytes; left out"
    if not line.endswith(b"\n"):
        return f"steps.jsonl line {number}: the last line is cut off, as when the writer is killed; left out"
    return f"steps.jsonl line {number} is damaged and left out: {first_line(error)}"


def _totals(started: float, steps: list[Step]) -> Totals:
    return Totals(
        steps=len(steps),
        seconds=max(0.0, steps[-1].time - started) if steps else 0.0,
        tokens=sum((step.tokens for step in steps), Tokens()),
    )
