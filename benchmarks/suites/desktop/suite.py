"""The desktop suite: tasks in real Debian programs, in the style of OSWorld, each on a private display."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from agent.core.model import Model
from agent.core.task import Limits
from benchmarks.interactive import figures, hash_of, instances, play, refuse_foreign
from benchmarks.suite import Judged, Kind, Prediction, Sample, SampleVerdict, SuiteError, SuiteOptions, Summary
from benchmarks.suites.desktop import catalogue
from benchmarks.suites.desktop.oracle import DesktopOracle
from benchmarks.suites.desktop.task import MODES, TASKS, DesktopTask, Mode, instance_seed
from benchmarks.suites.desktop.world import SIZE, DesktopWorld, programs_missing

VERSION = 1
"""Raised whenever a task, its check or its wording changes: figures of different versions are not comparable."""

SECONDS = 600.0
"""The longest a run may take."""


class DesktopSuite:
    """`tasks` in `seeds` instances each; instance `i` has the seed `instance_seed(seed, task, i)`."""

    name = "desktop"
    kind: Kind = "interactive"

    def __init__(self, tasks: Sequence[DesktopTask], mode: Mode, seed: int, seeds: int) -> None:
        self._tasks = tuple(tasks)
        self._mode: Mode = mode
        self._seed = seed
        self._seeds = seeds

    @property
    def protocol(self) -> Mapping[str, Any]:
        """What two figures must share to be comparable."""
        return {
            "suite_version": VERSION,
            "data_hash": hash_of(self.samples(), lambda sample: TASKS[sample.data[0]].steps),
            "mode": self._mode,
            "seed": self._seed,
            "seeds": self._seeds,
            "instance_seed": "int(sha256(f'{seed}_{task}_{instance}'), 16) % 2**32",
            "tasks": [task.name for task in self._tasks],
            "step_budget": "int(10 * complexity)",
            "seconds_budget": SECONDS,
            "screen": list(SIZE),
            "success": "the state is right, checked from outside, and the agent said that it was done; "
            "for an infeasible task: the agent gave up and changed nothing",
            "infeasible": catalogue.INFEASIBLE,
        }

    def samples(self) -> Sequence[Sample]:
        """The first instance of every task, then the second of every task: the first part of a run has all tasks."""
        return [self._sample(task, i) for i in range(self._seeds) for task in self._tasks]

    def answer(self, sample: Sample, model: Model) -> Prediction:
        """One whole run on a fresh display. Raises `EnvError` and `ModelError`."""
        name, seed = sample.data
        task = TASKS[name]
        with DesktopWorld(task.scene(seed), self._mode) as world:
            limits = Limits(steps=task.steps, seconds=SECONDS)
            return play(world, model, limits, seeds={"instance": seed})

    def judge(self, sample: Sample, answer: Prediction) -> SampleVerdict:
        """``solved``; ``false_done`` where the agent said done and the state was wrong; else how the run ended."""
        solved = float(answer.value["success"]) >= 1
        lied = answer.value.get("claimed") and not solved
        kind = "solved" if solved else "false_done" if lied else str(answer.value["ending"])
        state = 1.0 if answer.value.get("state") and not TASKS[sample.data[0]].infeasible else 0.0
        scores = {"state": state} if not TASKS[sample.data[0]].infeasible else {}
        return SampleVerdict(correct=solved, kind=kind, scores=scores, why=str(answer.value.get("why", "")))

    def summarise(self, judged: Sequence[Judged]) -> Summary:
        """Success by task, program and difficulty; the interval is a bootstrap over tasks and seeds."""
        return figures(judged)

    def oracle(self, sample: Sample) -> Model | None:
        """The task's own script."""
        return DesktopOracle()

    @property
    def flagged(self) -> Mapping[str, str]:
        """What `benchmarks.audit` finds and is so on purpose: ``CHECK:task`` to the reason."""
        return catalogue.FLAGGED

    def _sample(self, task: DesktopTask, instance: int) -> Sample:
        seed = instance_seed(self._seed, task.name, instance)
        groups = {
            "task": (task.name,),
            "program": task.programs,
            "difficulty": (task.difficulty,),
            "feasible": ("infeasible" if task.infeasible else "feasible",),
        }
        return Sample(f"{task.name}/{instance}", task.scene(seed).wording(self._mode), groups, (task.name, seed))


def open_suite(name: str, data: Path | None, options: SuiteOptions) -> DesktopSuite:
    """The desktop suite. Raises `SuiteError` for an unknown task or mode, a foreign option, a missing program."""
    mode = options.mode or "plain"
    if mode not in MODES:
        raise SuiteError(f"desktop has no mode {mode!r}: choose one of {', '.join(MODES)}")
    refuse_foreign("the desktop suite", options, ("rule", "language", "zoom", "official_timer"))
    if data is not None:
        raise SuiteError("the desktop suite needs no data: leave out --data")
    seeds = instances(options, 1)
    tasks = _chosen(options.tasks)
    if missing := programs_missing(tuple(dict.fromkeys(p for task in tasks for p in task.programs))):
        raise SuiteError(f"programs are missing: sudo apt-get install {' '.join(missing)}")
    return DesktopSuite(tasks, mode, options.seed, seeds)


def _chosen(names: Sequence[str]) -> list[DesktopTask]:
    unknown = [name for name in names if name not in TASKS]
    if unknown:
        raise SuiteError(f"desktop has no task {unknown[0]!r}. Tasks: {', '.join(TASKS)}")
    return [TASKS[name] for name in sorted(TASKS) if not names or name in names]
