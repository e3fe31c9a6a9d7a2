"""Rescoring of stored answers, without a model.

Two kinds of files are read. *Raw responses*, one a line (or in a list, or under ``details``): ``id``,
``raw_response``, and where there are ``mode`` (which run), ``benchmark``, ``pred`` and ``correctness``; each is read
by the model's dialect. And the ``answers.jsonl`` of a run, whose answers are judged as stored.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from actions.errors import did_you_mean
from actions.frame import Frame
from agent.core.model import ParseError
from agent.models.dialects.dialect import Dialect
from agent.models.dialects.dialect_file import recorded
from agent.models.dialects.registry import families_of, get_dialect
from benchmarks.figures.published import Reference, comparable
from benchmarks.runner.store import MANIFEST
from benchmarks.suite import Judged, Prediction, Sample, Suite, SuiteError, SuiteOptions, Summary
from benchmarks.suites import SUITES, open_suite
from benchmarks.suites.grounding import open_annotations
from benchmarks.suites.grounding.records import AnnotationRow, read_rows
from benchmarks.suites.grounding.two_pass import CLOSER
from benchmarks.suites.navigation.recording import RecordedStep
from benchmarks.suites.navigation.rescoring import answer_of, with_id

ASSUMED = "mai-ui"
"""The default dialect of responses; checked against the stored points, with a note."""
ANSWERS = "answers.jsonl"
_RAW, _PRED, _STORED = ("raw_response", "raw", "response"), ("pred",), ("correctness", "correct")
_NEAR = 1.0
"""Pixels by which a stored point may differ from the one read again."""


@dataclass(frozen=True)
class RescoreRequest:
    """The input: `predictions` and `data` are files or folders; one folder may have both.

    `mode` is one run of several. `partial` allows samples without a response, which are left out and noted.
    """

    suite: str
    predictions: Path | None = None
    data: Path | None = None
    mode: str | None = None
    dialect: str | None = None
    options: SuiteOptions = field(default_factory=SuiteOptions)
    partial: bool = False


@dataclass(frozen=True)
class Mistake:
    """A stored verdict that is not the right one."""

    id: str
    stored: str
    right: str
    why: str


@dataclass(frozen=True)
class Scored:
    """One rescored run."""

    mode: str | None
    dialect: str | None
    summary: Summary
    judged: tuple[Judged, ...]
    mistakes: tuple[Mistake, ...]
    protocol: Mapping[str, Any]
    references: tuple[Reference, ...]

    def to_json(self) -> dict[str, Any]:
        """The figures as one JSON object; rates in 0 to 1, intervals as [low, high]."""
        figures = self.summary.model_dump(mode="json")
        return {
            "suite": self.protocol.get("suite"),
            "mode": self.mode,
            **figures,
            "correct": _whole(self.summary.correct),
            "dialect": self.dialect,
            "mistaken": [mistake.__dict__ for mistake in self.mistakes],
            "protocol": dict(self.protocol),
            "published": [reference.to_json() for reference in self.references],
        }


def _whole(number: float) -> int | float:
    return int(number) if number.is_integer() else number


def rescore(request: RescoreRequest) -> list[Scored]:
    """Every run in the predictions, or the one of `request.mode`, in the order of the file. Raises `SuiteError`."""
    if request.suite not in SUITES:
        meant = did_you_mean(request.suite, SUITES)
        raise SuiteError(f"unknown suite {request.suite!r}.{meant} Known: {', '.join(SUITES)}")
    predictions, data = paths_of(request)
    rows = _of_suite(request.suite, read_rows(predictions, "details"), predictions)
    own = all("answer" in row.data for row in rows)
    if SUITES[request.suite].kind == "grounding":
        suite: Suite = open_annotations(request.suite, data, request.options)
    elif own:
        suite = open_suite(request.suite, data, request.options)
    elif SUITES[request.suite].kind == "navigation":
        suite, rows = open_suite(request.suite, data, request.options), [with_id(row) for row in rows]
    else:
        raise SuiteError(
            f"only a run's answers.jsonl can be scored again for {request.suite}: {predictions} is not one"
        )
    runs = _by_mode(rows, request.mode, predictions)
    return [_score(suite, mode, found, request, predictions) for mode, found in runs.items()]


# Which files --------------------------------------------------------------------------------------------------------


def paths_of(request: RescoreRequest) -> tuple[Path, Path]:
    """The files of predictions and of data; in a folder they are found by the name of the suite."""
    suite = request.suite
    predictions = request.predictions or request.data
    if predictions is None:
        raise SuiteError("give the stored responses, a file or a folder, with --predictions")
    if not predictions.exists():
        raise SuiteError(f"{predictions} is not there: give the file with the stored responses")
    folder = predictions if predictions.is_dir() else predictions.parent
    if predictions.is_dir():
        answers = predictions / ANSWERS
        predictions = answers if answers.is_file() else _one(predictions, suite, annotations=False)
    data = request.data or folder
    if data.is_dir() and any(_is_of(file, suite, annotations=True) for file in data.iterdir()):
        data = _one(data, suite, annotations=True)
    elif request.data is None:
        raise SuiteError(
            f"{folder} has no annotations of {suite}: give them (a file or the suite's folder) with --data"
        )
    return predictions, data


def _one(folder: Path, suite: str, annotations: bool) -> Path:
    found = sorted(file for file in folder.iterdir() if _is_of(file, suite, annotations))
    what = "annotations" if annotations else "responses"
    if not found:
        example = f"{suite.replace('-', '_')}.{'annotations' if annotations else 'MODEL'}.jsonl"
        raise SuiteError(f"{folder} has no {what} of {suite}, e.g. {example}")
    exact = [file for file in found if _plain(file.name.partition(".")[0]) == _plain(suite)] or found
    if len(exact) > 1:
        raise SuiteError(f"{folder} has several {what} of {suite}: name one of {', '.join(f.name for f in exact)}")
    return exact[0]


def _is_of(file: Path, suite: str, annotations: bool) -> bool:
    """``screenspot_v2.annotations.jsonl`` and ``screenspot_v2.mai_ui.jsonl``."""
    stem, _, rest = file.name.partition(".")
    kind, _, ending = rest.rpartition(".")
    return _names(stem, suite) and ending == "jsonl" and (kind == "annotations") == annotations


def _of_suite(suite: str, rows: Sequence[AnnotationRow], file: Path) -> list[AnnotationRow]:
    """The rows of `suite`; rows that name no benchmark are of any."""
    kept = [row for row in rows if row.get("benchmark") is None or _names(str(row.get("benchmark")), suite)]
    if not kept:
        named = sorted({str(row.get("benchmark")) for row in rows})
        raise SuiteError(f"{file} has no responses for {suite}, only for {', '.join(named)}")
    return kept


def _names(text: str, suite: str) -> bool:
    """Whether `text` is a name of `suite`, e.g. ``ScreenSpot-v2`` or ``MMBench-GUI-L2``."""
    told, wanted = _plain(text), _plain(suite).removesuffix("gui")
    return told == wanted if suite == "screenspot" else told.startswith(wanted)


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


# Runs ---------------------------------------------------------------------------------------------------------------


def _by_mode(rows: Sequence[AnnotationRow], mode: str | None, file: Path) -> dict[str | None, dict[str, AnnotationRow]]:
    """Responses by run, then by sample. Raises `SuiteError` for a mode that is not there and for a repeated sample."""
    runs: dict[str | None, dict[str, AnnotationRow]] = {}
    for row in rows:
        told = row.get("mode")
        run = runs.setdefault(None if told is None else str(told), {})
        name = str(row.need("id"))
        if name in run:
            raise row.error(f"a second response for {name!r}" + (f" in mode {told}" if told is not None else ""))
        run[name] = row
    if mode is None:
        return runs
    if mode not in runs:
        there = ", ".join(sorted(str(known) for known in runs if known is not None)) or "none is named"
        raise SuiteError(f"{file} has no mode {mode!r}: {there}")
    return {mode: runs[mode]}


def _score(
    suite: Suite, mode: str | None, rows: Mapping[str, AnnotationRow], request: RescoreRequest, predictions: Path
) -> Scored:
    samples = suite.samples()
    _check_same(samples, rows, request, predictions)
    asked = [(sample, rows[sample.id]) for sample in samples if sample.id in rows]
    dialect, notes = _dialect(request, [row for _, row in asked], predictions)
    judged: list[Judged] = []
    mistakes: list[Mistake] = []
    for sample, row in asked:
        answer = _answer(sample, row, dialect)
        one = Judged(sample, answer, suite.judge(sample, answer))
        judged.append(one)
        mistakes += _mistakes(one, row)
    notes += _disagreements([(one, row) for one, (_, row) in zip(judged, asked, strict=True)])
    summary = suite.summarise(judged)
    summary = summary.model_copy(update={"notes": (*summary.notes, *notes)})
    references = tuple(comparable(suite.protocol, summary))
    name = dialect.name if dialect else None
    return Scored(mode, name, summary, tuple(judged), tuple(mistakes), suite.protocol, references)


def _check_same(
    samples: Sequence[Sample], rows: Mapping[str, AnnotationRow], request: RescoreRequest, file: Path
) -> None:
    """Every response is for a sample, and every sample has one."""
    known = {sample.id for sample in samples}
    strange = next((row for name, row in rows.items() if name not in known), None)
    if strange is not None and request.options == SuiteOptions():
        raise strange.error(f"a response for {strange.get('id')!r}, which is not in the annotations")
    missing = [sample.id for sample in samples if sample.id not in rows]
    if len(missing) == len(samples):
        raise SuiteError(f"{file} has no response for any sample: are these the annotations it was made with?")
    if missing and not request.partial:
        raise SuiteError(
            f"{file} has no response for {len(missing)} of {len(samples)} samples (first: {missing[0]}); "
            "--partial leaves them out"
        )


# Answers ------------------------------------------------------------------------------------------------------------


def _dialect(request: RescoreRequest, rows: Sequence[AnnotationRow], file: Path) -> tuple[Dialect | None, list[str]]:
    """The dialect: from the caller, a ``model`` field, or the file name; else `ASSUMED`, with a note."""
    if request.dialect is not None:
        own = recorded(_plugins(file))
        return own.dialect if own and own.dialect.name == request.dialect else get_dialect(request.dialect), []
    if all("answer" in row.data or "action" in row.data for row in rows):
        return None, []
    models = {str(row.get("model")) for row in rows if row.get("model") is not None}
    if len(models) > 1:
        raise SuiteError(f"{file} has responses of several models: {', '.join(sorted(models))}; name one --dialect")
    for name in (*models, file.name):
        found = families_of(name)
        if len(found) == 1:
            return found[0], []
    if models:
        raise SuiteError(f"no dialect is known for the model {models.pop()!r}: name it with --dialect")
    return get_dialect(ASSUMED), [f"nothing says whose responses these are: read as {ASSUMED} (--dialect)"]


def _plugins(predictions: Path) -> Any:
    """What the run of `predictions` took from outside, by the manifest beside them; None where there is none."""
    try:
        return json.loads(predictions.with_name(MANIFEST).read_bytes())["plugins"]
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _answer(sample: Sample, row: AnnotationRow, dialect: Dialect | None) -> Prediction:
    """The stored answer, or the stored response as parsed by the dialect."""
    if isinstance(sample.data, RecordedStep) and "answer" not in row.data:
        return _move(sample.data, row, dialect)
    if "answer" in row.data:
        stored = _stored(row)
        if isinstance(sample.data, RecordedStep) and dialect is not None and stored.raw:
            return answer_of(sample.data, {"response": stored.raw}, dialect)
        if dialect is None or not stored.raw or CLOSER in stored.raw:
            return stored
        raw: Any = stored.raw
    else:
        raw = row.get(*_RAW)
    if raw is None:
        return Prediction(status="unreadable", notes=("no response is stored",))
    if not isinstance(raw, str):
        raise row.error(f"{_RAW[0]} is not a text: {raw!r:.60}")
    assert dialect is not None
    return read_place(raw, sample, dialect)


def _move(step: RecordedStep, row: AnnotationRow, dialect: Dialect | None) -> Prediction:
    """A stored answer to a recorded step."""
    try:
        return answer_of(step, row.data, dialect)
    except SuiteError as error:
        raise row.error(str(error)) from error


def _stored(row: AnnotationRow) -> Prediction:
    try:
        return Prediction.model_validate(row.data["answer"])
    except ValidationError as error:
        raise row.error(f"not an answer: {error.errors()[0]['msg']}") from error


def read_place(raw: str, sample: Sample, dialect: Dialect) -> Prediction:
    """What `raw` says about a grounding sample, in pixels of its image."""
    width, height = sample.data.size
    try:
        spot = dialect.parse_place(raw, Frame(id=sample.id, width=width, height=height))
    except ParseError as error:
        return Prediction(status="unreadable", raw=raw, notes=(str(error),))
    if spot.point is None:
        return Prediction(status="refused", raw=raw, notes=(*spot.notes, spot.reason))
    box = None if spot.box is None else list(spot.box)
    return Prediction(status="answered", value={"point": list(spot.point), "box": box}, raw=raw, notes=spot.notes)


# What was stored ----------------------------------------------------------------------------------------------------


def _mistakes(one: Judged, row: AnnotationRow) -> Iterator[Mistake]:
    """The stored verdict, where it is not the right one."""
    stored = row.get(*_STORED)
    if stored is None:
        return
    if not isinstance(stored, bool | str | int):
        raise row.error(f"{_STORED[0]} is not a verdict: {stored!r:.60}")
    was = stored == "correct" or stored is True or stored == 1
    if was != one.verdict.correct:
        right = one.verdict.kind
        why = one.verdict.why or _boxes(one)
        yield Mistake(one.sample.id, str(stored), right, why)


def _boxes(one: Judged) -> str:
    kind = (*one.sample.groups.get("box_type", ()), "target")[0]
    return f"the point is inside the {kind}"


def _disagreements(pairs: Sequence[tuple[Judged, AnnotationRow]]) -> list[str]:
    """A note on stored points that are not the ones read again."""
    off = [one.sample.id for one, row in pairs if not _agrees(one.answer, row.get(*_PRED))]
    if not off:
        return []
    return [f"{len(off)} stored points are not the ones read from the response again (first: {off[0]})"]


def _agrees(answer: Prediction, stored: Any) -> bool:
    point = answer.value.get("point")
    if stored is None or point is None or not isinstance(stored, list) or len(stored) != 2:
        return (stored is None) or (point is None and stored in ([-1, -1], [0, 0]))
    return all(abs(a - b) <= _NEAR for a, b in zip(point, stored, strict=True))
