"""The data of a page: a stored result, its answers, and the screens of its samples where available."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from actions.action import AnyAction, describe, parse_action, points_of
from actions.errors import plural
from actions.frame import Point
from agent.core.errors import UserError
from agent.views.formatting import clip
from benchmarks.figures.scoring import Nothing, Polygon, Region
from benchmarks.runner.result import SuiteResult, read_result
from benchmarks.runner.store import ANSWERS
from benchmarks.suite import Prediction, Sample, Suite, SuiteOptions, Summary
from benchmarks.suites import SUITES, open_suite
from benchmarks.suites.grounding.suite import GroundingScene
from benchmarks.suites.navigation.moves import action_of
from benchmarks.suites.navigation.recording import RecordedStep

Corners = tuple[Point, ...]


class VerdictLine(BaseModel):
    """One verdict of ``result.json``."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str
    correct: bool
    kind: str
    scores: dict[str, float] = {}
    why: str = ""
    status: str = "answered"
    value: dict[str, Any] = {}
    raw: str = ""
    instruction: str = ""
    groups: dict[str, tuple[str, ...]] = {}

    @property
    def task(self) -> str:
        """The instruction as it was given."""
        said = self.value.get("instruction")
        return said if isinstance(said, str) and said else self.instruction


class Cost(BaseModel):
    """The cost of one line of ``answers.jsonl``; missing values are 0."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str
    attempt: int = 1
    seconds: float = 0.0
    requests: int = 0
    model_seconds: float = 0.0
    answer: Prediction


@dataclass(frozen=True)
class SampleScene:
    """The screen and the right answer of a sample; points are pixels of the screen, whose width and height are `size`.

    `target` are the outlines of the target, `spots` recorded points; `words` describes the right answer. `image` is
    None where the screen is not available.
    """

    size: tuple[int, int]
    words: str
    target: tuple[Corners, ...] = ()
    spots: tuple[Point, ...] = ()
    image: Path | None = None
    refusal: bool = False


@dataclass(frozen=True)
class ShownAnswer:
    """A model's answer as text, and its points (pixels, finite)."""

    words: str
    path: Corners = ()
    box: Corners = ()


@dataclass(frozen=True)
class PageRun:
    """One result on a page. `name` is its letter and model.

    `scenes` are by sample id; `missing` is the reason for having none. `beside` leads from the page to the folder of
    the result, where it is another.
    """

    letter: str
    path: Path
    result: SuiteResult
    summary: Summary
    lines: Sequence[VerdictLine]
    costs: Mapping[str, Cost]
    scenes: Mapping[str, SampleScene] = field(default_factory=dict)
    missing: str = ""
    beside: str = ""

    @property
    def manifest(self) -> dict[str, Any]:
        """The result's."""
        return self.result.manifest

    @property
    def model(self) -> str:
        """The model's name."""
        return str(self.manifest.get("model", {}).get("name", "unknown model"))

    @property
    def suite(self) -> str:
        """The suite's name."""
        return str(self.manifest.get("suite", "unknown suite"))

    @property
    def kind(self) -> str:
        """``grounding``, ``navigation`` or ``interactive``."""
        return str(self.manifest.get("kind", ""))

    @property
    def limit(self) -> int | None:
        """The value of ``--limit``."""
        return self.manifest.get("limit")

    @cached_property
    def by_id(self) -> dict[str, VerdictLine]:
        """The verdicts by sample."""
        return {line.id: line for line in self.lines}


def load(path: Path, letter: str, data: Path | None = None, *, screens: bool = True) -> PageRun:
    """The result at `path` (a file or its folder) with its answers. `data` is the current place of its data.

    Raises `UserError` for a result that cannot be read. Missing data are no error.
    """
    result = read_result(path)
    folder = path if path.is_dir() else path.parent
    try:
        summary = Summary.model_validate(result.summary)
        lines = [VerdictLine.model_validate(one) for one in result.verdicts]
        result.manifest["model"]["name"], result.manifest["protocol"].items()
    except (ValidationError, KeyError, TypeError, AttributeError) as error:
        said = str(error).splitlines()[0]
        raise UserError(f"{path} is no whole result of handeye bench ({said}): run or rescore again") from error
    scenes, missing = _scenes(result, data) if screens else ({}, "")
    return PageRun(letter, path, result, summary, lines, _costs(folder / ANSWERS), scenes, missing)


def _costs(path: Path) -> dict[str, Cost]:
    """Costs by sample id, the first line of each; unreadable lines are skipped."""
    found: dict[str, Cost] = {}
    if not path.is_file():
        return found
    for line in path.read_bytes().splitlines():
        try:
            cost = Cost.model_validate_json(line)
        except ValidationError:
            continue
        found.setdefault(cost.id, cost)
    return found


# --- screens -------------------------------------------------------------------------------------------------------


def _scenes(result: SuiteResult, data: Path | None) -> tuple[dict[str, SampleScene], str]:
    """Scenes by sample id, and the reason for having none."""
    manifest = result.manifest
    if manifest.get("kind") == "interactive" or manifest["suite"] not in SUITES:
        return {}, ""
    said = manifest.get("plan", {}).get("data") or manifest.get("rescored", {}).get("data")
    folder = data or (Path(said) if said else None)
    if folder is None:
        return {}, "The result does not say where its data are: give them with --data."
    try:
        suite = _open(manifest, folder)
        samples = suite.samples()
    except (UserError, OSError, TypeError, ValueError) as error:
        return {}, f"The data could not be opened, so that no target is drawn ({clip(str(error), 300)})."
    known, now = manifest["protocol"].get("data_hash"), suite.protocol.get("data_hash")
    if known != now:
        return {}, f"The data in {folder} are not those of this result (hash {now}, then {known}): no target is drawn."
    asked = {one["id"] for one in result.verdicts}
    return {one.id: scene for one in samples if one.id in asked and (scene := scene_of(one))}, ""


def _open(manifest: Mapping[str, Any], data: Path) -> Suite:
    """The suite with its screens, else with its annotations alone. Raises `UserError`."""
    told: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in manifest["options"].items()}
    options = SuiteOptions(**told)
    try:
        return open_suite(manifest["suite"], data, options)
    except UserError:
        if manifest.get("kind") != "grounding":
            raise
        from benchmarks.suites.grounding import open_annotations

        return open_annotations(manifest["suite"], data, options)


def scene_of(sample: Sample) -> SampleScene | None:
    """The scene of `sample`; None for a suite without stored screens."""
    if isinstance(sample.data, RecordedStep):
        return _recorded(sample.data)
    if not isinstance(sample.data, GroundingScene):
        return None
    size, image = sample.data.size, sample.data.image
    match sample.data.target:
        case Region(box=box):
            words = f"box ({box.x1:.0f}, {box.y1:.0f}) to ({box.x2:.0f}, {box.y2:.0f})"
            return SampleScene(size, words, (_corners(*box),), image=image)
        case Polygon(corners=corners):
            return SampleScene(size, f"polygon of {len(corners)} corners", (corners,), image=image)
        case Nothing():
            return SampleScene(size, "a refusal: not on the screen", image=image, refusal=True)
    return None


def _recorded(step: RecordedStep) -> SampleScene:
    action, move = action_of(step.truth), step.truth
    spots = tuple(p for p in (move.point, move.end) if p is not None)
    around = [
        box for box in step.boxes if move.point and move.kind in ("click", "long_press") and box.holds(move.point)
    ]
    boxes = tuple(_corners(*box) for box in around[:1])
    image = step.screen if step.screen and step.screen.is_file() else None
    return SampleScene(step.size, describe(action), boxes, spots, image)


def _corners(x1: float, y1: float, x2: float, y2: float) -> Corners:
    return Point(x1, y1), Point(x2, y1), Point(x2, y2), Point(x1, y2)


# --- answers -------------------------------------------------------------------------------------------------------


def shown_answer(line: VerdictLine) -> ShownAnswer:
    """The model's answer. Never raises: an unusable answer has text only."""
    if line.status == "refused":
        return ShownAnswer("refused: not on the screen")
    if line.status == "unreadable":
        return ShownAnswer("no usable answer")
    if "action" in line.value:
        return _acted(line.value["action"])
    point = _numbers(line.value.get("point"), 2)
    if point is None:
        return ShownAnswer(_ended(line.value))
    box = _numbers(line.value.get("box"), 4)
    return ShownAnswer(f"({point[0]:.0f}, {point[1]:.0f})", (Point(*point),), _corners(*box) if box else ())


def _acted(data: Any) -> ShownAnswer:
    try:
        action: AnyAction = parse_action(data)
    except ValueError:
        return ShownAnswer("no valid action")
    points = points_of(action)
    return ShownAnswer(describe(action), points if all(map(_finite, points)) else ())


def _ended(value: Mapping[str, Any]) -> str:
    """The ending of an interactive run."""
    steps, ending = value.get("steps"), value.get("ending")
    if not isinstance(steps, int) or not isinstance(ending, str):
        return ""
    return f"{ending.replace('_', ' ')} after {plural(steps, 'step')}"


def actions_in(line: VerdictLine) -> list[str]:
    """The actions of an interactive run as text."""
    found = line.value.get("actions")
    return [_acted(one).words for one in found] if isinstance(found, list) else []


def _numbers(value: Any, length: int) -> list[float] | None:
    if not isinstance(value, list) or len(value) != length:
        return None
    finite = all(isinstance(n, int | float) and math.isfinite(n) for n in value)
    return [float(n) for n in value] if finite else None


def _finite(point: Point) -> bool:
    return math.isfinite(point.x) and math.isfinite(point.y)
