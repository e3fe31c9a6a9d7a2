"""The grounding suites as `benchmarks.suite.Suite`: one class over the layouts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from actions.errors import plural
from actions.frame import Point
from agent.core.model import Decision, Extraction, Grounding, Model, ModelError
from agent.core.step import Step
from agent.core.task import Task
from benchmarks.figures.scoring import Nothing, Target, judge_place
from benchmarks.figures.summary import summarise
from benchmarks.suite import (
    Judged,
    Kind,
    Prediction,
    Sample,
    SampleVerdict,
    Suite,
    SuiteError,
    SuiteOptions,
    Summary,
    refuse_options,
)
from benchmarks.suites.grounding.layouts import LAYOUTS, Layout
from benchmarks.suites.grounding.loading import GroundingQuestion, LoadedSuite, read_data
from benchmarks.suites.grounding.records import Size
from benchmarks.suites.grounding.two_pass import ZOOM, look
from envs.env import Observation

VERSION = 1
"""Raised whenever a rule of these suites changes: figures of different versions are not comparable."""
WITHOUT_REFUSALS = "without-refusals"


@dataclass(frozen=True)
class GroundingScene:
    """A sample's data: the image (None where only answers are judged), its size and the target."""

    image: Path | None
    size: Size
    target: Target


def open_suite(name: str, data: Path | None, options: SuiteOptions) -> Suite:
    """The grounding suite `name` in the folder (or annotation file) `data`, checked. Raises `SuiteError`."""
    if data is None:
        raise SuiteError(f"{name} needs its data: give the folder it was downloaded to with --data")
    return GroundingSuite(name, read_data(name, _checked(name, options), data, options), options)


def open_annotations(name: str, data: Path, options: SuiteOptions) -> GroundingSuite:
    """The suite for judging stored answers: images need not be there. Raises `SuiteError`."""
    return GroundingSuite(name, read_data(name, _checked(name, options), data, options, images=False), options)


def _checked(name: str, options: SuiteOptions) -> Layout:
    """The layout of suite `name`. Raises `SuiteError` for an option that it does not have."""
    layout = LAYOUTS[name]
    refuse_options(name, options, "seeds", "official_timer", "tasks", "max_steps")
    _check_choice(name, "language", options.language, layout.languages)
    _check_choice(name, "rule", options.rule, layout.rules)
    return layout


def _check_choice(name: str, option: str, value: str | None, known: Sequence[str]) -> None:
    if value is not None and value not in known:
        there = f"use {', '.join(known)}" if known else f"it has no choice of {option}"
        raise SuiteError(f"{name} has no {option} {value!r}: {there}")


class GroundingSuite(Suite):
    """Screenshots, instructions and targets."""

    kind: Kind = "grounding"

    def __init__(self, name: str, data: LoadedSuite, options: SuiteOptions) -> None:
        self.name = name
        self._layout = LAYOUTS[name]
        self._data, self._options = data, options
        self._rule = options.rule or (self._layout.rules[0] if self._layout.rules else None)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Warnings about the data, one line each."""
        return self._data.warnings

    @property
    def protocol(self) -> Mapping[str, Any]:
        """See `benchmarks.suite.Suite.protocol`."""
        return {
            "suite": self.name,
            "version": VERSION,
            "mode": self._data.variant or None,
            "language": self._options.language or ("en" if self._layout.languages else None),
            "rule": self._rule,
            "zoom": f"two passes, {ZOOM}x around the first answer" if self._options.zoom else None,
            "hit_test": "point in box, edges included; polygons by ray casting; refusal right only for refusals",
            "boxes": self._layout.boxes,
            "samples": len(self._samples),
            "complete": len(self._data.questions) == self._layout.counts.get(self._data.variant),
            "data_hash": self._data.data_hash,
        }

    def samples(self) -> Sequence[Sample]:
        """In the order of the files."""
        return self._samples

    @cached_property
    def _samples(self) -> tuple[Sample, ...]:
        kept = [q for q in self._data.questions if not (self._skips_refusals and isinstance(q.target, Nothing))]
        return tuple(_sample(question) for question in kept)

    @property
    def _skips_refusals(self) -> bool:
        return self._rule == WITHOUT_REFUSALS

    def answer(self, sample: Sample, model: Model) -> Prediction:
        """Ask `model` for the location."""
        task: GroundingScene = sample.data
        if task.image is None:
            raise SuiteError(f"{self.name}: the images were not opened")
        return look(model, task.image, task.size, sample.id, sample.instruction, self._options.zoom)

    def judge(self, sample: Sample, answer: Prediction) -> SampleVerdict:
        """`benchmarks.figures.scoring.judge_place`."""
        return judge_place(sample.data.target, answer)

    def summarise(self, judged: Sequence[Judged]) -> Summary:
        """Micro is the headline; `notes` says what the suite's authors average and warnings about the data."""
        return summarise(
            judged,
            macro_over=self._layout.macro_over,
            is_refusal=lambda sample: isinstance(sample.data.target, Nothing),
            hidden=self._layout.hidden,
            notes=[*self._notes(len(judged)), *self.warnings],
        )

    def _notes(self, count: int) -> list[str]:
        average = self._layout.authors_average
        notes = [f"{self._layout.title}: its authors report the {average} average"] if average else []
        if self._options.zoom:
            notes.insert(0, f"two-pass zoom ({ZOOM}x): not comparable with figures of one pass")
        if self._skips_refusals:
            notes.append("refusals are left out: not comparable with figures that count them")
        if count != len(self._samples):
            notes.append(
                f"{count} of {plural(len(self._samples), 'sample')}: not comparable with figures on the whole set"
            )
        return notes

    def oracle(self, sample: Sample) -> Model:
        """Points at the target, or refuses where there is none."""
        return TargetOracle(sample.data.target)


def _sample(question: GroundingQuestion) -> Sample:
    record = question.record
    task = GroundingScene(question.image, question.size, question.target)
    return Sample(record.id, record.instruction, record.groups, task)


@dataclass(frozen=True)
class TargetOracle:
    """The oracle: a model that answers one target."""

    target: Target
    name: str = "oracle"
    dialect: str | None = None
    prompt_hash: str | None = None

    def locate(self, observation: Observation, instruction: str) -> Grounding:
        """A point inside the target, in the frame's pixels."""
        if isinstance(self.target, Nothing):
            return Grounding(refused=True, reason="it is not there")
        inside = self.target.inside()
        return Grounding(point=Point(*observation.frame.from_input(*inside)), score=1.0)

    def decide(self, task: Task, observation: Observation, history: Sequence[Step]) -> Decision:
        """Raises `ModelError`."""
        raise ModelError("the oracle of a grounding suite only locates")

    def extract(self, observation: Observation, schema: dict[str, Any], question: str) -> Extraction:
        """Raises `ModelError`."""
        raise ModelError("the oracle of a grounding suite only locates")
