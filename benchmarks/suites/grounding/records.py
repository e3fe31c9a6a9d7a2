"""Parses the annotations of all suites into one form: image, instruction, target.

Every error is one line that names the file and the record in it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from actions.frame import Box, Point
from benchmarks.figures.scoring import Nothing, Polygon, Region, Target
from benchmarks.suite import SuiteError
from benchmarks.suites.decoding import decoded
from benchmarks.suites.grounding.parquet import SUFFIXES, parquet_rows

BoxForm = Literal["xywh", "xyxy", "fractions", "xyxy or fractions"]
"""How a suite writes its boxes: corner and size, or two corners, in pixels; or two corners in parts of a side."""
Size = tuple[int, int]
Warn = Callable[[str, str], None]
"""Receives a tolerated fault and its place."""
Groups = dict[str, tuple[str, ...]]
OVERHANG = 0.05
"""Largest part of an image side by which a target may exceed the edge."""


@dataclass(frozen=True)
class AnnotationRow:
    """One record of a file, and where it stands, for errors. `parquet` is whether the file is a parquet copy."""

    data: Mapping[str, Any]
    where: str
    parquet: bool = False

    def get(self, *names: str) -> Any:
        """The first of `names` that is there and not null, or None."""
        return next((self.data[name] for name in names if self.data.get(name) is not None), None)

    def need(self, *names: str) -> Any:
        """Like `get`. Raises `SuiteError` where none of them is there."""
        found = self.get(*names)
        if found is None:
            raise self.error(f"no {' or '.join(names)}")
        return found

    def text(self, *names: str, empty: bool = False) -> str:
        """A text; an empty one only where `empty` allows it. Raises `SuiteError`."""
        found = self.need(*names)
        if not isinstance(found, str) or not (empty or found.strip()):
            raise self.error(f"{names[0]} is not a text: {found!r:.60}")
        return found

    def labels(self, *names: str) -> tuple[str, ...]:
        """One label or several; empty where there is none."""
        found = self.get(*names)
        values = found if isinstance(found, list) else [found]
        return tuple(str(value) for value in values if value not in (None, ""))

    def numbers(self, *names: str) -> list[float]:
        """A flat list of finite numbers; pairs are flattened. Raises `SuiteError`."""
        found = self.need(*names)
        if isinstance(found, list) and found and all(isinstance(pair, list) for pair in found):
            found = [value for pair in found for value in pair]
        if not isinstance(found, list) or not all(_finite(value) for value in found):
            raise self.error(f"{names[0]} is not a list of numbers: {found!r:.80}")
        return [float(value) for value in found]

    def size(self, *names: str) -> Size | None:
        """[width, height] in whole pixels, None where it is not given. Raises `SuiteError`."""
        if self.get(*names) is None:
            return None
        numbers = self.numbers(*names)
        if len(numbers) != 2 or not all(n >= 1 and n.is_integer() for n in numbers):
            raise self.error(f"{names[0]} is not [width, height]: {numbers}")
        return int(numbers[0]), int(numbers[1])

    def error(self, why: str) -> SuiteError:
        """One line: where and why."""
        return SuiteError(f"{self.where}: {why}")


@dataclass(frozen=True)
class Record:
    """One question before its image is looked at.

    `image` is relative to the folder of images. `size` is the image's, None where the file does not say. `box_form`
    and `numbers` are the target as written; `target` is made of them once the size is known.
    """

    id: str
    image: str
    instruction: str
    where: str
    size: Size | None
    shape: Literal["box", "polygon", "nothing"]
    numbers: tuple[float, ...] = ()
    form: BoxForm = "xyxy"
    groups: Groups = field(default_factory=dict)

    def error(self, why: str) -> SuiteError:
        """One line: where and why."""
        return SuiteError(f"{self.where}: {why}")


def read_rows(file: Path, container: str | None = None) -> list[AnnotationRow]:
    """The records of a JSON list, a JSON-lines file, the list under `container` of a JSON object, or a parquet copy.

    Raises `SuiteError` for a file that is not there or not of that kind.
    """
    if file.suffix in SUFFIXES:
        found = [AnnotationRow(row, f"{file} row {n}", parquet=True) for n, row in enumerate(parquet_rows(file))]
        return found or _no_records(file)
    try:
        text = decoded(file.read_bytes())
    except FileNotFoundError as error:
        raise SuiteError(f"{file} is not there") from error
    except (OSError, UnicodeDecodeError) as error:
        raise SuiteError(f"{file} cannot be read: {error}") from error
    return list(_lines(file, text) if file.suffix == ".jsonl" else _listed(file, text, container)) or _no_records(file)


def _no_records(file: Path) -> list[AnnotationRow]:
    raise SuiteError(f"{file} has no records")


def _lines(file: Path, text: str) -> Iterator[AnnotationRow]:
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            yield _row(_json(line, f"{file}:{number}"), f"{file}:{number}")


def _listed(file: Path, text: str, container: str | None) -> Iterator[AnnotationRow]:
    data = _json(text, str(file))
    if container and isinstance(data, dict):
        data = data.get(container)
    if not isinstance(data, list):
        raise SuiteError(f"{file} is not a list of records")
    for number, entry in enumerate(data):
        yield _row(entry, f"{file} record {number}")


def _row(data: Any, where: str) -> AnnotationRow:
    if not isinstance(data, dict):
        raise SuiteError(f"{where}: not an object")
    return AnnotationRow(data, where)


def _json(text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise SuiteError(f"{where}: not JSON ({error})") from error


def target_of(record: Record, size: Size, warn: Warn) -> Target:
    """What answers `record`, in pixels of an image of `size`. Raises `SuiteError` for a target that cannot be.

    `warn` is told of swapped corners, of targets that reach over the edge of the image, and of those without area.
    """
    if record.shape == "nothing":
        return Nothing()
    if record.shape == "polygon":
        polygon = Polygon(_corners(record))
        _check_place(record, polygon.box, size, warn)
        return polygon
    box = _box(record, size, warn)
    _check_place(record, box, size, warn)
    return Region(box)


def _corners(record: Record) -> tuple[Point, ...]:
    values = record.numbers
    if len(values) < 6 or len(values) % 2:
        raise record.error(f"a polygon needs at least 3 corners of 2 numbers, not {len(values)} numbers")
    return tuple(Point(x, y) for x, y in zip(values[::2], values[1::2], strict=True))


def _box(record: Record, size: Size, warn: Warn) -> Box:
    if len(record.numbers) != 4:
        raise record.error(f"a box has 4 numbers, not {len(record.numbers)}")
    a, b, c, d = record.numbers
    form = _form(record, size)
    if form == "xywh":
        if c < 0 or d < 0:
            raise record.error(f"a box of width {c:g} and height {d:g}")
        return Box(a, b, a + c, b + d)
    if form == "fractions":
        a, b, c, d = a * size[0], b * size[1], c * size[0], d * size[1]
    if a > c or b > d:
        warn("boxes with swapped corners, put in order", record.where)
    return Box.around([Point(a, b), Point(c, d)])


def _form(record: Record, size: Size) -> BoxForm:
    """The form of the box's numbers, told by their size only where the suite itself does so (MMBench-GUI)."""
    parts = all(0 <= value <= 1 for value in record.numbers) and any(value > 0 for value in record.numbers)
    if record.form == "xyxy or fractions":
        return "fractions" if parts else "xyxy"
    if record.form == "fractions" and not parts:
        raise record.error(f"a box in parts of a side lies within 0 to 1, not {list(record.numbers)}")
    if record.form != "fractions" and parts and min(size) > 2:
        raise record.error(f"the box {list(record.numbers)} is in parts of a side; pixels are expected here")
    return record.form


def _check_place(record: Record, box: Box, size: Size, warn: Warn) -> None:
    """Official boxes reach over the edge by up to 2 pixels; one that is further out belongs to another image."""
    width, height = size
    over = max(-box.x1 / width, box.x2 / width - 1, -box.y1 / height, box.y2 / height - 1)
    if over > OVERHANG or not Box(0, 0, width, height).holds(box.center):
        raise record.error(f"the target {_short(box)} lies outside the image of {width}x{height}")
    if box.x1 < -0.5 or box.y1 < -0.5 or box.x2 > width + 0.5 or box.y2 > height + 0.5:
        warn("targets that reach over the edge of their image", record.where)
    if box.area == 0:
        warn("targets without area", record.where)


def _short(numbers: Sequence[float]) -> str:
    return "[" + ", ".join(f"{value:.6g}" for value in numbers) + "]"


def _finite(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
