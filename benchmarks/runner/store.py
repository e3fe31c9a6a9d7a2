"""The files of a run in progress: one line for each answer, readable after ``kill -9`` at any byte.

``answers.jsonl`` has a line for each answered sample, in the order of completion; ``failures.jsonl`` one for
each failed attempt. A line is written whole, with its newline, and flushed before the next sample starts.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from agent.core.errors import UserError
from benchmarks.runner.work import AttemptResult
from benchmarks.suite import Prediction

MANIFEST, ANSWERS, FAILURES, RESULT, LOCK = "manifest.json", "answers.jsonl", "failures.jsonl", "result.json", ".lock"


@dataclass(frozen=True)
class StoredAnswer:
    """A line of ``answers.jsonl``: the prediction for sample `id`, and its cost."""

    id: str
    answer: Prediction
    attempt: int
    seconds: float
    asked: int
    requests: int
    model_seconds: float


class Store:
    """The folder of one run, held by one runner at a time. Use as a context manager.

    Raises `UserError` for a folder that cannot be used, one line with what to do next.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._open: dict[str, FileIO] = {}
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = (folder / LOCK).open("a")
        except OSError as error:
            raise UserError(f"cannot write to {folder}: {error.strerror}; choose another folder with --out") from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._lock.close()
            raise UserError(f"another run is writing to {folder}: wait for it, or choose another --out") from error

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the files and release the lock of the folder. Safe to call twice."""
        for file in (*self._open.values(), self._lock):
            file.close()

    @property
    def begun(self) -> bool:
        """Whether the folder has a manifest."""
        return (self.folder / MANIFEST).exists()

    def manifest(self) -> dict[str, Any]:
        """The manifest of the run."""
        return read_json(self.folder / MANIFEST)

    def begin(self, manifest: dict[str, Any]) -> None:
        """Write the manifest."""
        write_json(self.folder / MANIFEST, manifest)

    def kept(self) -> dict[str, StoredAnswer]:
        """The answers so far, by sample id. A truncated last line is removed."""
        path = self.folder / ANSWERS
        found: dict[str, StoredAnswer] = {}
        for number, line in enumerate(whole_lines(path), 1):
            try:
                kept = _read(line)
            except (ValueError, ValidationError, TypeError, KeyError, AttributeError) as error:
                raise UserError(
                    f"line {number} of {path} is damaged: delete that line and resume; its sample is asked again"
                ) from error
            found.setdefault(kept.id, kept)
        return found

    def keep(self, result: AttemptResult) -> StoredAnswer:
        """Append an answer; returns it as read back from the line. Raises `UserError` when the disk is full."""
        assert result.answer is not None
        data = {
            "id": result.attempt.sample.id,
            "answer": json.loads(result.answer.model_dump_json()),
            "attempt": result.attempt.number,
            "seconds": round(result.seconds, 6),
            "asked": result.asked,
            "requests": result.requests,
            "model_seconds": round(result.model_seconds, 6),
            "time": round(time.time(), 3),
        }
        return _read(self._append(ANSWERS, data))

    def failed(self, result: AttemptResult) -> None:
        """Append a failed attempt."""
        attempt = result.attempt
        self._append(FAILURES, {"id": attempt.sample.id, "attempt": attempt.number, "error": result.error})

    def failures(self) -> list[dict[str, Any]]:
        """The failed attempts of all sessions; unreadable lines are skipped."""
        found = []
        for line in whole_lines(self.folder / FAILURES):
            try:
                found.append(json.loads(line))
            except ValueError:
                continue
        return found

    def _append(self, name: str, data: dict[str, Any]) -> bytes:
        """Add a line; a disk that takes only a part of it is as if it took none."""
        line = json.dumps(data, ensure_ascii=False, allow_nan=False).encode() + b"\n"
        with _writing(self.folder):
            if name not in self._open:
                self._open[name] = (self.folder / name).open("ab", buffering=0)
            file = self._open[name]
            there = os.fstat(file.fileno())
            if not there.st_nlink:
                raise OSError(errno.ENOENT, os.strerror(errno.ENOENT))
            if file.write(line) != len(line):
                file.truncate(there.st_size)
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return line


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    """Raise `UserError` where the disk is full, or the folder is gone."""
    try:
        yield
    except OSError as error:
        raise UserError(f"cannot write to {folder}: {error.strerror}. Make room and resume") from error


def whole_lines(path: Path) -> Iterator[bytes]:
    """The complete lines of a file; the file is truncated after the last of them."""
    if not path.exists():
        return
    data = path.read_bytes()
    end = data.rfind(b"\n") + 1
    if end < len(data):
        os.truncate(path, end)
    yield from data[:end].split(b"\n")[:-1]


def write_json(path: Path, data: dict[str, Any]) -> None:
    """Replace `path` atomically. Raises `UserError`, and leaves nothing new, where that cannot be."""
    new = path.with_name(f".{path.name}.new")
    with _writing(path.parent):
        try:
            new.write_text(json.dumps(data, ensure_ascii=False, allow_nan=False, indent=1) + "\n", encoding="utf-8")
            new.replace(path)
        finally:
            new.unlink(missing_ok=True)


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object. Raises `UserError`."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from error
    except ValueError as error:
        raise UserError(f"{path} is not JSON: {error}") from error
    if not isinstance(data, dict):
        raise UserError(f"{path} is not a JSON object")
    return data


def _read(line: bytes) -> StoredAnswer:
    data = json.loads(line)
    fields = {name: data[name] for name in ("id", "attempt", "seconds", "asked", "requests", "model_seconds")}
    return StoredAnswer(answer=Prediction.model_validate(data["answer"]), **fields)
