"""The suite ``phone-tasks``: AndroidWorld's kind of task on the simulated phone, seen and touched through ADB."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from agent.core.model import Model
from agent.core.task import Limits
from benchmarks.interactive import Pool, figures, hash_of, instances, judge, play, refuse_foreign
from benchmarks.suite import Judged, Kind, Prediction, Sample, SampleVerdict, SuiteError, SuiteOptions, Summary
from benchmarks.suites.desktop.task import instance_seed
from benchmarks.suites.phone_tasks.catalogue import FLAGGED
from benchmarks.suites.phone_tasks.oracle import PhoneOracle
from benchmarks.suites.phone_tasks.task import TASKS, PhoneTask
from benchmarks.suites.phone_tasks.world import PhoneWorld
from envs.android.simulated import SimulatedPhoneEnv

VERSION = 1
"""Raised whenever a task, its check or its wording changes: figures of different versions are not comparable."""
SEEDS = 1


class PhoneTasksSuite:
    """`tasks` in `seeds` instances each; instance `i` has the seed `instance_seed(seed, task, i)`."""

    name = "phone-tasks"
    kind: Kind = "interactive"

    def __init__(self, tasks: Sequence[PhoneTask], seed: int = 0, seeds: int = SEEDS) -> None:
        self._tasks, self._seed, self._seeds = tuple(tasks), seed, seeds
        self._phones = Pool(SimulatedPhoneEnv)

    @property
    def protocol(self) -> Mapping[str, Any]:
        """What two figures must share to be comparable."""
        return {
            "suite_version": VERSION,
            "data_hash": hash_of(self.samples(), lambda sample: TASKS[sample.data[0]].steps),
            "seed": self._seed,
            "seeds": self._seeds,
            "instance_seed": "int(sha256(f'{seed}_{task}_{instance}'), 16) % 2**32",
            "tasks": [task.name for task in self._tasks],
            "step_budget": "int(10 * complexity)",
            "device": "Handeye's simulated phone, 1080x2400; no Android",
            "success": "the state is right, read through ADB, and the agent said that it was done",
        }

    def samples(self) -> Sequence[Sample]:
        """The first instance of every task, then the second of every task: the first part of a run has all tasks."""
        return [self._sample(task, i) for i in range(self._seeds) for task in self._tasks]

    def answer(self, sample: Sample, model: Model) -> Prediction:
        """One whole run on a phone that was reset. Raises `EnvError` and `ModelError`."""
        name, seed = sample.data
        with self.world(name, seed) as world:
            limits = Limits(steps=TASKS[name].steps)
            return play(world, model, limits, seeds={"instance": seed}, must_finish=True)

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
        """``solved``, or how the run ended."""
        return judge(sample, answer)

    def summarise(self, judged: Sequence[Judged]) -> Summary:
        """Success by task, app and difficulty; the interval is a bootstrap over tasks and seeds."""
        return figures(judged)

    def oracle(self, sample: Sample) -> Model | None:
        """The task's own script."""
        return PhoneOracle()

    @property
    def flagged(self) -> Mapping[str, str]:
        """What `benchmarks.audit` finds and is so on purpose: ``CHECK:task`` to the reason."""
        return FLAGGED

    def close(self) -> None:
        """End the phones. Safe to call twice."""
        self._phones.close()

    def _sample(self, task: PhoneTask, instance: int) -> Sample:
        seed = instance_seed(self._seed, task.name, instance)
        groups = {
            "task": (task.name,),
            "app": task.apps,
            "difficulty": (task.difficulty,),
            "apps": ("several" if len(task.apps) > 1 else "one",),
        }
        return Sample(f"{task.name}/{instance}", task.scene(seed).goal, groups, (task.name, seed))


def open_suite(name: str, data: Path | None, options: SuiteOptions) -> PhoneTasksSuite:
    """The suite. Raises `SuiteError` for an unknown task, a foreign option, data."""
    refuse_foreign("phone-tasks", options, ("mode", "rule", "language", "zoom", "official_timer"))
    if data is not None:
        raise SuiteError("phone-tasks needs no data: leave out --data")
    unknown = [task for task in options.tasks if task not in TASKS]
    if unknown:
        raise SuiteError(f"phone-tasks has no task {unknown[0]!r}. Tasks: {', '.join(TASKS)}")
    seeds = instances(options, SEEDS)
    chosen = [task for name, task in TASKS.items() if not options.tasks or name in options.tasks]
    return PhoneTasksSuite(chosen, options.seed, seeds)
