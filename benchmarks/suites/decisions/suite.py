"""The suite ``decisions``: planners compared without a device, on the recorded screens of oracles' runs."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, get_args

import numpy as np
from PIL import Image as Picture

from actions.action import Click, parse_action
from actions.frame import Box
from agent.core.model import Model, ParseError
from agent.core.step import ELEMENT_LIST, OutcomeRecord, PointedAt, Step
from agent.core.task import Task
from agent.models.chat import ChatModel
from agent.models.text_planner import TextPlanner
from benchmarks.act_only import needs_screen
from benchmarks.interactive import figures
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
from benchmarks.suites.decisions.recording import RecordedRun, Split, read_runs, split_of
from benchmarks.suites.decisions.right_actions import choices, is_right, needed, row_at
from benchmarks.suites.navigation.suite import RecordedActionModel
from envs.env import Observation

VERSION = 1
"""Version of the rules; figures of different versions are not comparable."""


class Asked(NamedTuple):
    """One decision: step `at` of a run, and what the oracle did there in a word."""

    run: RecordedRun
    at: int
    kind: str


@dataclass(frozen=True)
class DecisionsSuite(Suite):
    """The decisions of `runs`, all of one `split`, with the oracle's steps before each as history."""

    runs: tuple[RecordedRun, ...]
    split: Split
    name: str = "decisions"
    kind: Kind = "navigation"

    @property
    def protocol(self) -> Mapping[str, Any]:
        """What two figures must share to be comparable."""
        digest = hashlib.sha256()
        for sample in self.samples():
            digest.update(f"{sample.id}\0{sample.data.run.lists[sample.data.at]}\0".encode())
        return {"suite_version": VERSION, "split": self.split, "data_hash": digest.hexdigest()[:16]}

    @cached_property
    def _asked(self) -> tuple[Asked, ...]:
        pairs = ((run, at, choices(run, at)) for run in self.runs for at in needed(run))
        return tuple(Asked(run, at, right[0].kind if right else "") for run, at, right in pairs)

    def samples(self) -> Sequence[Sample]:
        """The decisions whose right action is on an element that the list has, run by run."""
        return [_sample(asked) for asked in self._asked if asked.kind]

    def boxes(self, sample: Sample) -> Sequence[Box]:
        """Those of the numbered elements, in reading order."""
        return [row.box for row in sample.data.run.lists[sample.data.at].rows if row.number]

    def answer(self, sample: Sample, model: Model) -> Prediction:
        """Ask `model` on the recorded screen and list."""
        run, at, _ = sample.data
        history = [_told(run, n, index) for index, n in enumerate(n for n in needed(run) if n < at)]
        if isinstance(model, TextPlanner):
            lists = {step.time: listed for step, listed in zip(run.steps[: at + 1], run.lists, strict=False)}
            model = model.on_lists(lists, run.apps)
        if isinstance(model, ChatModel):
            model = replace(model, platform=run.platform)
        try:
            decision = model.decide(Task(run.goal), _seen(run, at, needs_screen(model)), history)
        except ParseError as error:
            return Prediction(status="unreadable", raw=error.raw, usage=error.usage, timings=error.timings)
        actions = [action.model_dump(mode="json") for action in (decision.action, *decision.rest)]
        return Prediction(
            status="answered",
            value={"actions": actions},
            raw=decision.raw,
            notes=decision.notes,
            usage=decision.usage,
            timings=decision.timings,
        )

    def judge(self, sample: Sample, answer: Prediction) -> SampleVerdict:
        """Whether the answer is one of the right actions; of a wrong one whether its type is that of a right one."""
        if answer.status != "answered":
            return SampleVerdict(correct=False, kind="wrong_format", scores={"type": 0.0})
        run, at, _ = sample.data
        actions = [parse_action(action) for action in answer.value["actions"]]
        right = is_right(run, at, actions)
        types = {action.type for one in choices(run, at) for action in (one.action, one.fill) if action}
        alike = right or actions[-1].type in types
        return SampleVerdict(
            correct=right,
            kind="correct" if right else "wrong_element" if alike else "wrong_type",
            scores={"type": float(alike)},
            why="" if right else "; ".join(one.row.words if one.row else one.kind for one in choices(run, at)),
        )

    def summarise(self, judged: Sequence[Judged]) -> Summary:
        """The share of right actions by suite, kind and task; the interval is a bootstrap over tasks."""
        listed = sum(bool(asked.kind) for asked in self._asked)
        note = f"{listed} of {len(self._asked)} decisions are on an element that the list has; the others are left out"
        return figures(judged, [note])

    def oracle(self, sample: Sample) -> Model:
        """The recorded action."""
        action = sample.data.run.steps[sample.data.at].action
        assert action is not None
        return RecordedActionModel(action)


def _sample(asked: Asked) -> Sample:
    run = asked.run
    groups = {"suite": (run.suite,), "kind": (asked.kind,), "task": (run.task,)}
    return Sample(f"{run.suite}/{run.sample}/{asked.at}", run.goal, groups, asked)


def _told(run: RecordedRun, n: int, index: int) -> Step:
    """Step `n` as a planner's own: with the element that its click was on."""
    step, outcome = run.steps[n], run.steps[n].outcome or OutcomeRecord(performed=True)
    point = step.action.point if isinstance(step.action, Click) else None
    row = row_at(run.lists[n], point)
    spot = (PointedAt(description=str(row.number), point=point, grounder=ELEMENT_LIST, raw=row.words),) if row else ()
    return step.model_copy(update={"index": index, "outcome": outcome, "pointed": spot})


def _seen(run: RecordedRun, at: int, needed: bool) -> Observation:
    """The screen of a step; black where the picture is not needed. Raises `SuiteError`."""
    step = run.steps[at]
    frame = step.frame
    if not needed:
        return Observation(np.zeros((frame.height, frame.width, 3), np.uint8), frame, step.time, step.app)
    try:
        with Picture.open(run.folder / step.image) as picture:
            return Observation(np.asarray(picture.convert("RGB"), np.uint8), frame, step.time, step.app)
    except OSError as error:
        raise SuiteError(f"a picture of the recorded runs is missing: {error}") from error


def open_suite(name: str, data: Path | None, options: SuiteOptions) -> DecisionsSuite:
    """The suite over the runs in `data`; `options.mode` is the split, ``dev`` or ``held-out``. Raises `SuiteError`."""
    refuse_options(name, options, "rule", "language", "zoom", "official_timer", "seeds", "max_steps")
    split = options.mode or "dev"
    known: dict[str, Split] = {word: word for word in get_args(Split)}
    if split not in known:
        raise SuiteError(f"decisions has no mode {split!r}: choose dev or held-out")
    if data is None or not data.is_dir():
        raise SuiteError("decisions needs recorded runs: make them with handeye bench record-decisions FOLDER")
    runs = [run for run in read_runs(data) if split_of(run.task) == split]
    runs = [run for run in runs if not options.tasks or run.task in options.tasks]
    if not runs:
        raise SuiteError(
            f"{data} has no recorded runs of the split {split}: make some with handeye bench record-decisions"
        )
    return DecisionsSuite(tuple(runs), known[split])
