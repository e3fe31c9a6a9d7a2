"""Recorded episodes in one form for all data sets."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image as Picture
from PIL import UnidentifiedImageError

from actions.frame import Box, Frame, Point
from benchmarks.suite import SuiteError
from benchmarks.suites.decoding import decoded
from benchmarks.suites.navigation.moves import CanonicalAction


class LabelledElement(NamedTuple):
    """A labelled element of the screen: its box in frame pixels, text and description."""

    box: Box
    label: str


@dataclass(frozen=True)
class RecordedStep:
    """One step of a recorded episode: the screen (`size` is its width and height in pixels) and what was done on it.

    `instruction` is the step's own, empty where the data has none. `boxes` are the targets (frame pixels) that count
    as hit by the rules that look at boxes, the smallest first; `elements` what has a label on the screen, None where
    nobody knows. `screen` is the picture's file, None where there is none.
    """

    episode: str
    index: int
    goal: str
    instruction: str
    truth: CanonicalAction
    size: tuple[int, int]
    boxes: tuple[Box, ...] = ()
    elements: tuple[LabelledElement, ...] | None = None
    screen: Path | None = None
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """Unique in the suite: ``episode/step``."""
        return f"{self.episode}/{self.index}"

    @property
    def frame(self) -> Frame:
        """The screen's frame."""
        return Frame(id=f"{self.index:04}", width=self.size[0], height=self.size[1])

    def share(self, point: Point) -> Point:
        """`point` (frame pixels) in shares of the sides, 0 to 1."""
        return Point(point.x / self.size[0], point.y / self.size[1])

    def pixels(self, x: float, y: float) -> Point:
        """A point given in shares of the sides, in frame pixels."""
        return Point(x * self.size[0], y * self.size[1])

    def apart(self, a: Point, b: Point) -> float:
        """The distance of two points (frame pixels), each axis counted in shares of its side."""
        one, other = self.share(a), self.share(b)
        return math.hypot(one.x - other.x, one.y - other.y)


class Ruling(NamedTuple):
    """The verdict of a scoring rule on one action.

    `kind` is ``correct`` or the first thing that is wrong. `scores` are further figures for `Verdict.scores`.
    """

    correct: bool
    type_match: bool
    kind: str
    scores: Mapping[str, float] = {}


Rule = Callable[[RecordedStep, CanonicalAction], Ruling]


@dataclass(frozen=True)
class Recording:
    """All episodes of a data set as it lies on this disk, what must be equal for figures to compare, and remarks."""

    episodes: Sequence[Sequence[RecordedStep]]
    protocol: Mapping[str, Any]
    notes: tuple[str, ...] = ()


def count_of(episodes: Sequence[Sequence[RecordedStep]]) -> dict[str, int]:
    """How many episodes and steps there are, for the protocol."""
    return {"episodes": len(episodes), "steps": sum(map(len, episodes))}


def is_whole(episodes: Sequence[Sequence[RecordedStep]], whole: tuple[int, int]) -> bool:
    """Whether these are as many episodes and steps as the published test set has."""
    return tuple(count_of(episodes).values()) == whole


def partial(episodes: Sequence[Sequence[RecordedStep]], whole: tuple[int, int], name: str) -> tuple[str, ...]:
    """A remark where the data are not `whole`, the (episodes, steps) of the published test set."""
    found = count_of(episodes)
    if is_whole(episodes, whole):
        return ()
    return (
        f"episodes {found['episodes']:,}, steps {found['steps']:,}; the whole {name} test set has {whole[0]:,} and "
        f"{whole[1]:,}: not comparable with published figures",
    )


def sha256_of(files: Sequence[Path]) -> str:
    """sha256 over the bytes of the annotation `files`, in the order given."""
    total = hashlib.sha256()
    for file in files:
        total.update(file.read_bytes())
    return total.hexdigest()


def read_json(file: Path) -> Any:
    """The JSON in `file`. Raises `SuiteError`."""
    try:
        return json.loads(decoded(file.read_bytes()))
    except (OSError, ValueError) as error:
        raise SuiteError(f"{file} cannot be read as JSON ({_short(error)}): download it again") from error


def read_lines(file: Path) -> list[Any]:
    """The JSON objects in `file`, one a line; blank lines are skipped. Raises `SuiteError` with the line's number."""
    found = []
    try:
        text = decoded(file.read_bytes())
    except (OSError, UnicodeDecodeError) as error:
        raise SuiteError(f"{file} cannot be read: {_short(error)}") from error
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            found.append(json.loads(line))
        except ValueError as error:
            raise SuiteError(f"{file}, line {number} is not JSON ({_short(error)}): download it again") from error
    return found


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:120]


def require_screens(files: Sequence[Path], where: str) -> None:
    """Raises `SuiteError`, one line, when some of the screens are missing."""
    missing = [file for file in files if not file.is_file()]
    if missing:
        raise SuiteError(f"{len(missing):,} of {len(files):,} screens are missing, the first is {missing[0]}: {where}")


def size_of(file: Path) -> tuple[int, int]:
    """Width and height of a picture in pixels, from its header. Raises `SuiteError`."""
    try:
        with Picture.open(file) as picture:
            return picture.size
    except (OSError, UnidentifiedImageError) as error:
        raise SuiteError(f"{file} is not a picture ({_short(error)}): download it again") from error
