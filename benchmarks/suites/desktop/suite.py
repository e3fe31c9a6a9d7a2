"""The desktop suite: tasks in real Debian programs, in the style of OSWorld, each on a private display."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from agent.core.model import Model
from agent.core.task import Limits
from benchmarks.interactive import ReadsElements, instances, play
from benchmarks.suite import Prediction, Sample, SampleVerdict, SuiteError, SuiteOptions, refuse_options
from benchmarks.suites.desktop import catalogue
from benchmarks.suites.desktop.oracle import desktop_oracle
from benchmarks.suites.desktop.task import CATALOGUE, TASKS
from benchmarks.suites.desktop.world import MODES, SIZE, DesktopScene, DesktopWorld, Mode, programs_missing
from benchmarks.suites.tasks.catalogue import SeededTask
from benchmarks.suites.tasks.suite import TaskSuite
from envs.accessibility import can_serve

VERSION = 1
"""Raised whenever a task, its check or its wording changes: figures of different versions are not comparable."""

SECONDS = 600.0
"""The longest a run may take."""


class DesktopSuite(TaskSuite[DesktopScene]):
    """The desktop tasks, each instance on a fresh private display."""

    name = "desktop"
    screen = SIZE

    def __init__(
        self,
        tasks: Sequence[SeededTask[DesktopScene]],
        mode: Mode,
        seed: int,
        seeds: int,
        max_steps: int | None = None,
    ) -> None:
        super().__init__(tasks, seed, seeds, max_steps)
        self._mode: Mode = mode

    @property
    def setting(self) -> Mapping[str, Any]:
        """See `TaskSuite.setting`."""
        return {
            "suite_version": VERSION,
            "mode": self._mode,
            "seconds_budget": SECONDS,
            "screen": list(SIZE),
            "success": "the state is right, checked from outside, and the agent said that it was done; "
            "for an infeasible task: the agent gave up and changed nothing",
            "infeasible": catalogue.INFEASIBLE,
        }

    def wording(self, scene: DesktopScene) -> str:
        """The instruction in the suite's mode."""
        return scene.wording(self._mode)

    def labels(self, task: SeededTask[DesktopScene]) -> Mapping[str, tuple[str, ...]]:
        """Program, difficulty and feasibility."""
        feasible = "infeasible" if task.infeasible else "feasible"
        return {"program": task.programs, "difficulty": (task.difficulty,), "feasible": (feasible,)}

    def answer(self, sample: Sample, model: Model) -> Prediction:
        """One whole run on a fresh display. Raises `EnvError` and `ModelError`."""
        name, seed = sample.data
        task = TASKS[name]
        listing = isinstance(model, ReadsElements) and can_serve()
        with DesktopWorld(task.scene(seed), self._mode, accessibility=listing) as world:
            limits = Limits(steps=self.budget(name), seconds=SECONDS)
            return play(world, model, limits, seeds={"instance": seed})

    def judge(self, sample: Sample, answer: Prediction) -> SampleVerdict:
        """``solved``; ``false_done`` where the agent said done and the state was wrong; else the run's ending."""
        solved = float(answer.value["success"]) >= 1
        false_done = answer.value.get("claimed") and not solved
        kind = "solved" if solved else "false_done" if false_done else str(answer.value["ending"])
        infeasible = TASKS[sample.data[0]].infeasible
        scores = {} if infeasible else {"state": 1.0 if answer.value.get("state") else 0.0}
        return SampleVerdict(correct=solved, kind=kind, scores=scores, why=str(answer.value.get("why", "")))

    def oracle(self, sample: Sample) -> Model:
        """The task's own script."""
        return desktop_oracle()

    @property
    def flagged(self) -> Mapping[str, str]:
        """Findings of `benchmarks.audit` that are intended."""
        return catalogue.FLAGGED


def open_suite(name: str, data: Path | None, options: SuiteOptions) -> DesktopSuite:
    """The desktop suite. Raises `SuiteError` for an unknown task or mode, a foreign option, a missing program."""
    mode = options.mode or "plain"
    if mode not in MODES:
        raise SuiteError(f"desktop has no mode {mode!r}: choose one of {', '.join(MODES)}")
    refuse_options("the desktop suite", options, "rule", "language", "zoom", "official_timer")
    if data is not None:
        raise SuiteError("the desktop suite needs no data: leave out --data")
    seeds = instances(options, 1)
    tasks = sorted(CATALOGUE.chosen(options.tasks), key=lambda task: task.name)
    if missing := programs_missing(tuple(dict.fromkeys(p for task in tasks for p in task.programs))):
        raise SuiteError(f"programs are missing: sudo apt-get install {' '.join(missing)}")
    return DesktopSuite(tasks, mode, options.seed, seeds, options.max_steps)
