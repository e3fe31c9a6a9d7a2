"""The memory: an episode is a folder that is whole up to its last finished step, whenever the writer is killed.

``episode.json`` says what was asked of whom and, at the end, how it ended; ``steps.jsonl`` has one
`agent.step.Step` a line, only ever appended to; ``frames/NNNN.png`` are the screens. ``docs/episode-format.md``
is the format for other programs to write and read.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import platform
import queue
import re
import shutil
import struct
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Literal

import cv2
import numpy as np
from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from agent.model import Model
from agent.png import encode_png
from agent.step import Step, Tokens
from agent.task import Ending, Limits, Task
from envs.env import Env, Image

FORMAT = "handeye-episode"
VERSION = 1
MAX_PIXELS = 100_000_000
"""Frames above this many pixels are neither written nor read (three 8K screens side by side have 99.5 million)."""
MAX_LINE = 32 * 2**20
"""Bytes of the longest line of ``steps.jsonl``."""
MIN_FREE = 64 * 2**20
"""Bytes that must be free on the disk to begin an episode: some hundred frames."""

_FRAME_NAME = re.compile(r"frames/(\d{4,})\.png")
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


class EpisodeError(RuntimeError):
    """An episode cannot be written or read. One line that says what to do next."""


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class EpisodeHeader(_Record):
    """What is known before the first step. `started` is seconds since the epoch.

    `env` is the env's own name, `platform` its kind (``desktop`` or ``mobile``). `versions` holds software versions
    by name. `extra` is for whatever else a writer wants to keep; readers of this package leave it alone.
    """

    task: str
    limits: Limits = Limits()
    model: str
    dialect: str | None = None
    prompt_hash: str | None = None
    env: str
    platform: str
    seeds: Mapping[str, int] = Field(default_factory=dict)
    versions: Mapping[str, str] = Field(default_factory=dict)
    started: float = Field(default_factory=time.time)
    extra: Mapping[str, JsonValue] = Field(default_factory=dict)

    @classmethod
    def of(cls, task: Task, model: Model, env: Env, seeds: Mapping[str, int] | None = None) -> EpisodeHeader:
        """The header of a run of `task` by `model` on `env` that starts now with this software."""
        return cls(
            task=task.instruction,
            limits=task.limits,
            model=model.name,
            dialect=model.dialect,
            prompt_hash=model.prompt_hash,
            env=env.name,
            platform=env.platform,
            seeds=seeds or {},
            versions=software_versions(),
        )


class Totals(_Record):
    """Sums over an episode's steps; `seconds` is from the start to the end (or to the last step)."""

    steps: int = Field(default=0, ge=0)
    seconds: float = Field(default=0.0, ge=0)
    tokens: Tokens = Field(default_factory=Tokens)


class _Document(EpisodeHeader):
    """``episode.json``: the header and, once the run is over, how it ended."""

    format: Literal["handeye-episode"] = "handeye-episode"
    version: Literal[1] = 1
    started: float
    ending: Ending | None = None
    message: str = ""
    answer: str | None = None
    finished: float | None = None
    totals: Totals | None = None


def software_versions() -> dict[str, str]:
    """Versions of what decides how a run goes: Python, the system, this package and the packages it looks through."""
    versions = {"python": platform.python_version(), "system": platform.platform(terse=True)}
    for name in ("handeye", "opencv-python-headless", "rapidocr", "onnxruntime", "mss", "transformers"):
        with contextlib.suppress(metadata.PackageNotFoundError):
            versions[name] = metadata.version(name)
    return versions


# --- writing ---------------------------------------------------------------------------------------------------


class EpisodeWriter:
    """Writes one episode. Not for use from several threads; frames are encoded in a thread of its own.

    Every method raises `EpisodeError` when the disk does not take what was given; nothing is then left half
    written. After `finish` or `close` only `close` may be called. People count steps from 1: messages name step 1
    where `Step.index` is 0.
    """

    def __init__(self, folder: Path, header: EpisodeHeader, steps_fd: int) -> None:
        self.folder = folder
        self._header = header
        self._fd: int | None = steps_fd
        self._frames = _FrameThread(folder)
        self._count = 0
        self._tokens = Tokens()

    @classmethod
    def create(cls, folder: Path, header: EpisodeHeader) -> EpisodeWriter:
        """Begin an episode in `folder`, which is made if need be and must not hold one yet.

        Raises `EpisodeError` before anything runs: folder not writable, not empty of episodes, disk full.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _refuse_taken(folder)
            free = shutil.disk_usage(folder).free
            if free < MIN_FREE:
                raise EpisodeError(f"only {free >> 20} MB free for {folder}: make room or choose another --out")
            (folder / "frames").mkdir()
            _write_document(folder, _Document(**dict(header)))
            fd = os.open(folder / "steps.jsonl", os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o666)
        except OSError as error:
            raise EpisodeError(f"cannot write to {folder}: {_why(error)}; choose another --out") from error
        return cls(folder, header, fd)

    def add_frame(self, image: Image) -> str:
        """Keep a screen (RGB uint8 HxWx3); returns its file, relative to the episode, before it is written.

        `image` is copied. A picture identical to the one before it is not written again and gets the same name.
        Waits only when several frames are still being encoded.
        """
        self._check_open()
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or not image.size:
            raise EpisodeError(f"a frame must be RGB uint8 HxWx3, not {image.dtype} {'x'.join(map(str, image.shape))}")
        if image.shape[0] * image.shape[1] > MAX_PIXELS:
            raise EpisodeError(f"a frame of {image.shape[1]}x{image.shape[0]} is above {MAX_PIXELS} pixels")
        return self._frames.add(image)

    def append(self, step: Step) -> None:
        """Put `step` on record: waits until its frame is on the disk, then writes its line at once."""
        fd = self._check_open()
        self._frames.wait_for(step)
        line = _line_of(step)
        _append_whole(fd, line, f"step {step.index + 1} to {self.folder / 'steps.jsonl'}")
        self._count += 1
        self._tokens = Tokens(
            prompt=self._tokens.prompt + step.tokens.prompt,
            completion=self._tokens.completion + step.tokens.completion,
        )

    def finish(self, ending: Ending, message: str = "", answer: str | None = None) -> None:
        """Put on record how the run ended, and close. `message` is for people, `answer` what the task asked for."""
        self._check_open()
        self.close()
        finished = time.time()
        totals = Totals(steps=self._count, seconds=max(0.0, finished - self._header.started), tokens=self._tokens)
        document = _Document(
            **dict(self._header), ending=ending, message=message, answer=answer, finished=finished, totals=totals
        )
        try:
            _write_document(self.folder, document)
        except OSError as error:
            raise EpisodeError(f"the ending could not be written to {self.folder}: {_why(error)}") from error
        self._frames.check()

    def close(self) -> None:
        """Write the frames under way and let go of the files; without `finish` the episode reads as interrupted."""
        self._frames.close()
        fd, self._fd = self._fd, None
        if fd is not None:
            os.close(fd)

    def __enter__(self) -> EpisodeWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _check_open(self) -> int:
        if self._fd is None:
            raise EpisodeError(f"the episode in {self.folder} is closed: begin another one")
        return self._fd


class _FrameThread:
    """Encodes and writes frames one after another, in the background, at most two waiting."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._queue: queue.Queue[tuple[str, Image] | None] = queue.Queue(maxsize=2)
        self._progress = threading.Condition()
        self._last: Image | None = None
        self._before_last: Image | None = None
        self._added = 0
        self._written = 0
        self._error: str | None = None
        self._thread = threading.Thread(target=self._work, name="episode frames", daemon=True)
        self._thread.start()

    def add(self, image: Image) -> str:
        """Queue `image` unless it is the one before; its file name."""
        self.check()
        if self._last is None or not np.array_equal(image, self._last):
            self._queue.put((_frame_name(self._added), self._copy(image)))
            self._added += 1
        return _frame_name(self._added - 1)

    def _copy(self, image: Image) -> Image:
        """A copy in the buffer of the frame before the last, once that is on the disk: fresh memory is slow."""
        buffer = self._before_last if self._written >= self._added - 1 else None
        if buffer is None or buffer.shape != image.shape:
            buffer = np.empty(image.shape, np.uint8)
        np.copyto(buffer, image)
        self._before_last, self._last = self._last, buffer
        return buffer

    def wait_for(self, step: Step) -> None:
        """Return when the frame of `step` is on the disk."""
        match = _FRAME_NAME.fullmatch(step.image)
        number = int(match[1]) if match else self._added
        if number >= self._added:
            raise EpisodeError(f"step {step.index + 1} names a frame that was never added: {step.image!r}")
        with self._progress:
            self._progress.wait_for(lambda: self._written > number or self._error)
            if self._written <= number:
                raise EpisodeError(str(self._error))

    def check(self) -> None:
        """Raise what went wrong in the background."""
        if self._error:
            raise EpisodeError(self._error)

    def close(self) -> None:
        """Finish what is queued and end the thread."""
        if self._thread.is_alive():
            self._queue.put(None)
            self._thread.join()

    def _work(self) -> None:
        error: str | None = "the thread that writes frames has ended"
        try:
            while (job := self._queue.get()) is not None:
                if self._error is None:
                    self._report(_write_frame(self._folder, *job), 1)
            error = None
        finally:  # whatever ends this thread, nobody may wait for it in vain
            self._report(self._error or error, 0)

    def _report(self, error: str | None, frames: int) -> None:
        with self._progress:
            self._written += frames if error is None else 0
            self._error = error
            self._progress.notify_all()


def _frame_name(number: int) -> str:
    return f"frames/{number:04d}.png"


def _write_frame(folder: Path, name: str, image: Image) -> str | None:
    """Write one PNG whole or not at all; what went wrong, or None."""
    part = folder / (name + ".part")
    try:
        part.write_bytes(encode_png(image))
        part.replace(folder / name)
    except (OSError, ValueError, MemoryError) as error:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        return f"{name} could not be written to {folder}: {_why(error)}"
    return None


def _refuse_taken(folder: Path) -> None:
    for name in ("episode.json", "steps.jsonl", "frames"):
        if os.path.lexists(folder / name):
            raise EpisodeError(f"{folder} already holds an episode ({name}): choose another --out")


def _write_document(folder: Path, document: _Document) -> None:
    part = folder / "episode.json.part"
    try:
        part.write_bytes(_json(document, indent=2))
        part.replace(folder / "episode.json")
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def _json(record: BaseModel, indent: int | None = None) -> bytes:
    """UTF-8 JSON; falls back to ASCII with escapes for half surrogate pairs, which models do send."""
    try:
        return record.model_dump_json(indent=indent).encode()
    except ValueError:
        return json.dumps(record.model_dump(), indent=indent, allow_nan=False).encode()


def _line_of(step: Step) -> bytes:
    """The line of `step`, checked to read back."""
    line = _json(step) + b"\n"
    try:
        if len(line) >= MAX_LINE:
            raise ValueError(f"its line has {len(line)} bytes, above {MAX_LINE}")
        _read_step(line)
    except ValueError as error:
        raise EpisodeError(f"step {step.index + 1} cannot be put on record: {_first_line(error)}") from error
    return line


def _append_whole(fd: int, line: bytes, what: str) -> None:
    """Append `line` whole or leave the file as it was."""
    before, written = os.fstat(fd).st_size, 0
    try:
        while written < len(line):
            written += os.write(fd, line[written:])
    except OSError as error:
        raise EpisodeError(f"could not write {what}: {_why(error)}") from error
    finally:
        if 0 < written < len(line):
            os.ftruncate(fd, before)


# --- reading ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Episode:
    """An episode as it was found on disk. `steps` are the readable ones, in order.

    `ending` is None when the run was interrupted: killed, or still going on. `finished` is seconds since the epoch.
    `problems` says in one line each what is damaged or missing, naming the step.
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
        """The screen of `step`: RGB uint8, with the height and width of its frame.

        Raises `EpisodeError` for a file outside the episode, missing, damaged, too large, or of another size.
        """
        path = _frame_path(self.folder, step)
        data = np.frombuffer(path.read_bytes(), np.uint8)
        image = cv2.imdecode(data, cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
        if image is None or image.shape[:2] != (step.frame.height, step.frame.width):
            raise EpisodeError(f"step {step.index + 1}: its frame {step.image} is damaged")
        return np.ascontiguousarray(image[:, :, ::-1], dtype=np.uint8)


def read_episode(folder: Path) -> Episode:
    """Read the episode in `folder`, without its pictures (see `Episode.image`).

    What is damaged in the steps is left out and named in `problems`. Raises `EpisodeError` when there is no
    episode, or one that this version cannot read.
    """
    document = _read_document(folder)
    steps, problems = _read_steps(folder)
    for step in steps:
        try:
            _frame_path(folder, step)
        except EpisodeError as error:
            problems.append(str(error))
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


def _read_document(folder: Path) -> _Document:
    path = folder / "episode.json"
    try:
        data = json.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise EpisodeError(f"{folder} holds no episode: {path} does not exist") from error
    except OSError as error:
        raise EpisodeError(f"cannot read {path}: {_why(error)}") from error
    except (ValueError, RecursionError) as error:
        raise EpisodeError(f"{path} is damaged: {_first_line(error)}") from error
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise EpisodeError(f'{path} is not an episode: its "format" must be "{FORMAT}"')
    if type(data.get("version")) is not int or data["version"] != VERSION:
        raise EpisodeError(
            f"{path} has format version {data.get('version')!r}, and this Handeye reads {VERSION}: update Handeye"
        )
    try:
        return _Document.model_validate(data)
    except ValidationError as error:
        raise EpisodeError(f"{path} is not a valid episode: {_first_line(error)}") from error


def _read_steps(folder: Path) -> tuple[list[Step], list[str]]:
    steps: list[Step] = []
    problems: list[str] = []
    try:
        for number, line in enumerate(_lines(folder / "steps.jsonl"), 1):
            try:
                step = _read_step(line)
            except ValueError as error:
                problems.append(_line_problem(number, line, error))
                continue
            if steps and step.index <= (last := steps[-1].index):
                problems.append(f"steps.jsonl line {number}: step {step.index + 1} after step {last + 1}; left out")
            else:
                steps.append(step)
    except OSError as error:
        problems.append(f"steps.jsonl cannot be read: {_why(error)}")
    return steps, problems


def _lines(path: Path) -> Iterator[bytes]:
    """The lines of a file with their ends, the overlong ones cut to `MAX_LINE`."""
    with path.open("rb") as file:
        while line := file.readline(MAX_LINE):
            yield line
            while not line.endswith(b"\n") and len(line) == MAX_LINE:
                line = file.readline(MAX_LINE)


def _read_step(line: bytes) -> Step:
    """Raises ValueError (pydantic's is one) for anything but one whole step."""
    try:
        return Step.model_validate(json.loads(line, parse_constant=_finite, parse_float=_finite))
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def _finite(text: str) -> float:
    if not math.isfinite(value := float(text)):
        raise ValueError(f"{text} is not a finite number")
    return value


def _line_problem(number: int, line: bytes, error: ValueError) -> str:
    if not line.endswith(b"\n") and len(line) == MAX_LINE:
        return f"steps.jsonl line {number} is longer than {MAX_LINE} bytes; left out"
    if not line.endswith(b"\n"):
        return f"steps.jsonl line {number}: the last line is cut off, as when the writer is killed; left out"
    return f"steps.jsonl line {number} is damaged and left out: {_first_line(error)}"


def _frame_path(folder: Path, step: Step) -> Path:
    """The file of the step's frame, checked without decoding it."""
    where = f"step {step.index + 1}: its frame {step.image!r}"
    relative = PurePosixPath(step.image)
    bad = relative.is_absolute() or ".." in relative.parts or re.search(r"[\\:\x00-\x1f\ud800-\udfff]", step.image)
    if bad or relative.suffix != ".png":
        raise EpisodeError(f"{where} is not a PNG file inside the episode")
    path = folder / relative
    try:
        if not path.resolve().is_relative_to(folder.resolve()):
            raise EpisodeError(f"{where} leads out of the episode")
        if path.exists() and not path.is_file():
            raise EpisodeError(f"{where} is not a file")
        with path.open("rb") as file:
            head = file.read(33)
    except FileNotFoundError as error:
        raise EpisodeError(f"{where} is missing") from error
    except OSError as error:
        raise EpisodeError(f"{where} cannot be read: {_why(error)}") from error
    _check_png_head(where, head, step)
    return path


def _check_png_head(where: str, head: bytes, step: Step) -> None:
    if len(head) < 33 or not head.startswith(_PNG_SIGNATURE) or head[12:16] != b"IHDR":
        raise EpisodeError(f"{where} is not a PNG file")
    width, height = struct.unpack(">II", head[16:24])
    if width * height > MAX_PIXELS:
        raise EpisodeError(f"{where} claims {width}x{height} pixels, above {MAX_PIXELS}")
    if (width, height) != (step.frame.width, step.frame.height):
        raise EpisodeError(f"{where} is {width}x{height}, not {step.frame.width}x{step.frame.height}")


def _totals(started: float, steps: list[Step]) -> Totals:
    return Totals(
        steps=len(steps),
        seconds=max(0.0, steps[-1].time - started) if steps else 0.0,
        tokens=Tokens(prompt=sum(s.tokens.prompt for s in steps), completion=sum(s.tokens.completion for s in steps)),
    )


def _why(error: BaseException) -> str:
    return (isinstance(error, OSError) and error.strerror) or _first_line(error) or type(error).__name__


def _first_line(error: BaseException) -> str:
    """An exception in one line; for pydantic's, where and what."""
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_input=False)[0]
        return f"{'.'.join(map(str, first['loc'])) or 'it'}: {first['msg']}"
    return str(error).partition("\n")[0]
