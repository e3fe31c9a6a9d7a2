"""Scores stored answers without a model.

A line is a JSON object with ``episode_id``, ``step_id`` and either ``response``, the model's raw text, or
``action``, an action of ours in pixels of the recorded screen. A ``box`` ([x1, y1, x2, y2] pixels) may stand beside an
action, for rules that judge boxes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from actions.action import parse_action
from agent.core.model import ParseError
from agent.models.dialects.dialect import Dialect
from benchmarks.suite import Judged, Prediction, Sample, SuiteError
from benchmarks.suites.grounding.records import AnnotationRow
from benchmarks.suites.navigation.recording import RecordedStep
from benchmarks.suites.navigation.suite import NavigationSuite

RAW = ("response", "raw_response", "raw")
"""The names under which a model's text may stand."""


def judge_responses(
    suite: NavigationSuite, lines: Iterable[Mapping[str, Any]], dialect: Dialect | None = None
) -> list[Judged]:
    """The verdicts on `lines`, in the order of the suite's samples; steps without a line are left out.

    `dialect` reads the responses; without it only actions can be scored. Raises `SuiteError` with the line's number
    for a line of an unknown step, a step that comes twice and a line that has neither.
    """
    samples = {sample.id: sample for sample in suite.samples()}
    answers: dict[str, Prediction] = {}
    for number, line in enumerate(lines, 1):
        sample = _sample(samples, line, number)
        if sample.id in answers:
            raise SuiteError(f"line {number}: step {sample.id} has an answer already")
        try:
            answers[sample.id] = answer_of(suite.steps[sample.id], line, dialect)
        except SuiteError as error:
            raise SuiteError(f"line {number}: {error}") from error
    if not answers:
        raise SuiteError("there are no answers to score: give lines with episode_id, step_id and response")
    found = [(sample, answers[key]) for key, sample in samples.items() if key in answers]
    return [Judged(sample, answer, suite.judge(sample, answer)) for sample, answer in found]


def _sample(samples: Mapping[str, Sample], line: Mapping[str, Any], number: int) -> Sample:
    if not isinstance(line, Mapping) or "episode_id" not in line or "step_id" not in line:
        raise SuiteError(f"line {number} has no episode_id and step_id")
    key = f"{line['episode_id']}/{line['step_id']}"
    if key not in samples:
        raise SuiteError(f"line {number}: the data have no step {key}")
    return samples[key]


def with_id(row: AnnotationRow) -> AnnotationRow:
    """`row` with the id of the sample that it answers, made of ``episode_id`` and ``step_id`` where it has none."""
    if "id" in row.data:
        return row
    return replace(row, data={**row.data, "id": f"{row.need('episode_id')}/{row.need('step_id')}"})


def answer_of(step: RecordedStep, line: Mapping[str, Any], dialect: Dialect | None) -> Prediction:
    """One stored answer as a prediction. Raises `SuiteError`, which says why it cannot be."""
    box = {"box": _box(line["box"])} if line.get("box") is not None else {}
    if "action" in line:
        try:
            action = parse_action(line["action"])
        except ValueError as error:
            raise SuiteError(f"not an action: {' '.join(str(error).split())[:160]}") from error
        return Prediction(status="answered", value={"action": action.model_dump(mode="json"), **box})
    raw = next((line[name] for name in RAW if isinstance(line.get(name), str)), None)
    if raw is None:
        raise SuiteError("neither a response nor an action")
    if dialect is None:
        raise SuiteError("a response needs a dialect to be read: name it (handeye models lists them)")
    try:
        reading = dialect.parse(raw, step.frame, "mobile")
    except ParseError as error:
        return Prediction(status="unreadable", raw=raw, notes=(str(error),))
    value = {"action": reading.action.model_dump(mode="json"), **box}
    return Prediction(status="answered", value=value, raw=raw, notes=reading.notes)


def _box(sides: Any) -> list[float]:
    if not (isinstance(sides, list) and len(sides) == 4 and all(isinstance(side, int | float) for side in sides)):
        raise SuiteError(f"a box is [x1, y1, x2, y2], not {sides!r:.60}")
    return [float(side) for side in sides]
