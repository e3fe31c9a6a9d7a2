"""An interactive suite of seeded tasks whose score is a check of state."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, Generic

from benchmarks.interactive import figures, hash_of
from benchmarks.suite import Judged, Kind, Sample, Suite, Summary
from benchmarks.suites.tasks.catalogue import INSTANCE_SEED, SceneT, SeededTask, instance_seed


class TaskSuite(Suite, Generic[SceneT]):
    """`tasks` in `seeds` instances each; instance `i` has the seed `instance_seed(seed, task, i)`.

    `max_steps` takes the place of every task's own budget. `Sample.data` is the task's name and the instance's seed.
    """

    kind: Kind = "interactive"

    def __init__(
        self, tasks: Sequence[SeededTask[SceneT]], seed: int, seeds: int, max_steps: int | None = None
    ) -> None:
        self._tasks = {task.name: task for task in tasks}
        self._seed, self._seeds, self._max_steps = seed, seeds, max_steps

    @property
    def protocol(self) -> Mapping[str, Any]:
        """What two figures must share to be comparable."""
        return {
            "data_hash": hash_of(self.samples(), lambda sample: self._tasks[sample.data[0]].steps),
            "seed": self._seed,
            "seeds": self._seeds,
            "instance_seed": INSTANCE_SEED,
            "tasks": list(self._tasks),
            "step_budget": self._max_steps or "int(10 * complexity)",
            **self.setting,
        }

    @property
    @abstractmethod
    def setting(self) -> Mapping[str, Any]:
        """What `protocol` says beyond the tasks and seeds: suite version, screen, rule of success."""

    @abstractmethod
    def wording(self, scene: SceneT) -> str:
        """The instruction of an instance."""

    @abstractmethod
    def labels(self, task: SeededTask[SceneT]) -> Mapping[str, tuple[str, ...]]:
        """The groups of a task's samples, in the order of the tables."""

    def budget(self, task: str) -> int:
        """The steps that a run of `task` may take."""
        return self._max_steps or self._tasks[task].steps

    def samples(self) -> Sequence[Sample]:
        """The first instance of every task, then the second of every task: the first part of a run has all tasks."""
        return [self._sample(task, i) for i in range(self._seeds) for task in self._tasks.values()]

    def summarise(self, judged: Sequence[Judged]) -> Summary:
        """Success by group; the interval is a bootstrap over tasks and seeds."""
        return figures(judged)

    def _sample(self, task: SeededTask[SceneT], instance: int) -> Sample:
        seed = instance_seed(self._seed, task.name, instance)
        wording = self.wording(task.scene(seed))
        return Sample(
            f"{task.name}/{instance}", wording, {"task": (task.name,), **self.labels(task)}, (task.name, seed)
        )
