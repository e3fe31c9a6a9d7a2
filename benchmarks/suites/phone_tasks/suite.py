"""The suite ``phone-tasks``: AndroidWorld's kind of task on the simulated phone, seen and touched through ADB."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from agent.core.model import Model
from agent.core.task import Limits
from agent.models.dialects.dialect import Platform
from benchmarks.interactive import Pool, instances, judge, play
from benchmarks.suite import Prediction, Sample, SampleVerdict, SuiteError, SuiteOptions, refuse_options
from benchmarks.suites.phone_tasks.catalogue import FLAGGED
from benchmarks.suites.phone_tasks.oracle import phone_oracle
from benchmarks.suites.phone_tasks.task import CATALOGUE, TASKS
from benchmarks.suites.phone_tasks.world import PhoneScene, PhoneWorld
from benchmarks.suites.tasks.catalogue import SeededTask
from benchmarks.suites.tasks.suite import TaskSuite
from envs.android.simulated import SimulatedPhoneEnv
from envs.phone.phone_facts import SIZE

VERSION = 1
"""Raised whenever a task, its check or its wording changes: figures of different versions are not comparable."""
SEEDS = 1


class PhoneTasksSuite(TaskSuite[PhoneScene]):
    """The phone tasks, each instance on a simulated phone that was reset."""

    name = "phone-tasks"
    screen = SIZE
    platform: Platform = "mobile"

    def __init__(
        self, tasks: Sequence[SeededTask[PhoneScene]], seed: int = 0, seeds: int = SEEDS, max_steps: int | None = None
    ) -> None:
        super().__init__(tasks, seed, seeds, max_steps)
        self._phones = Pool(SimulatedPhoneEnv)

    @property
    def setting(self) -> Mapping[str, Any]:
        """See `TaskSuite.setting`."""
        return {
            "suite_version": VERSION,
            "device": "Handeye's simulated phone, 1080x2400; no Android",
            "success": "the state is right, read through ADB, and the agent said that it was done",
        }

    def wording(self, scene: PhoneScene) -> str:
        """The goal."""
        return scene.goal

    def labels(self, task: SeededTask[PhoneScene]) -> Mapping[str, tuple[str, ...]]:
        """Apps, difficulty, and whether there are several apps."""
        several = "several" if len(task.programs) > 1 else "one"
        return {"app": task.programs, "difficulty": (task.difficulty,), "apps": (several,)}

    def answer(self, sample: Sample, model: Model) -> Prediction:
        """One whole run on a phone that was reset. Raises `EnvError` and `ModelError`."""
        name, seed = sample.data
        with self.world(name, seed) as world:
            return play(world, model, Limits(steps=self.budget(name)), seeds={"instance": seed})

    @contextmanager
    def world(self, name: str, seed: int) -> Iterator[PhoneWorld]:
        """The instance `seed` of a task, set up on a phone of the suite's own. Raises `EnvError`."""
        with self._phones.lent() as env:
            env.phone.reset(seed)
            env.reset()
            world = PhoneWorld(env, TASKS[name].scene(seed))
            yield world
            world.scene.tear_down(world.device)

    def judge(self, sample: Sample, answer: Prediction) -> SampleVerdict:
        """``solved``, or the run's ending."""
        return judge(sample, answer)

    def oracle(self, sample: Sample) -> Model:
        """The task's own script."""
        return phone_oracle()

    @property
    def flagged(self) -> Mapping[str, str]:
        """Findings of `benchmarks.audit` that are intended."""
        return FLAGGED

    def close(self) -> None:
        """Close the phones. Safe to call twice."""
        self._phones.close()


def open_suite(name: str, data: Path | None, options: SuiteOptions) -> PhoneTasksSuite:
    """The suite. Raises `SuiteError` for an unknown task, a foreign option, data."""
    refuse_options("phone-tasks", options, "mode", "rule", "language", "zoom", "official_timer")
    if data is not None:
        raise SuiteError("phone-tasks needs no data: leave out --data")
    tasks = CATALOGUE.chosen(options.tasks)
    return PhoneTasksSuite(tasks, options.seed, instances(options, SEEDS), options.max_steps)
