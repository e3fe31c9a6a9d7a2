"""Tasks whose parameters are drawn from a seed (AndroidWorld's `TaskEval`), and the catalogue of a suite's tasks."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Generic, Literal, TypeVar

from benchmarks.suite import SuiteError

SceneT = TypeVar("SceneT")
Difficulty = Literal["easy", "medium", "hard"]
INSTANCE_SEED = "int(sha256(f'{seed}_{task}_{instance}'), 16) % 2**32"
"""`instance_seed` as manifests state it."""


def instance_seed(suite_seed: int, name: str, instance: int) -> int:
    """The seed of one instance, 32 bits: AndroidWorld's rule (`suite.py`, `_get_instance_seed`)."""
    text = f"{suite_seed}_{name}_{instance}"
    return int(hashlib.sha256(text.encode()).hexdigest(), 16) % 2**32


@dataclass(frozen=True)
class SeededTask(Generic[SceneT]):
    """A task: `make` draws the parameters of an instance from its random numbers.

    `programs` are the Debian packages or the phone's apps that it uses. `complexity` is AndroidWorld's: the step
    budget is ``int(10 * complexity)``, about twice the steps that the task needs. `infeasible`: the task cannot be
    done, and giving up is its right ending. `difficulty` follows from the budget.
    """

    name: str
    programs: tuple[str, ...]
    complexity: float
    make: Callable[[Random], SceneT]
    difficulty: Difficulty
    infeasible: bool = False

    @property
    def steps(self) -> int:
        """The step budget (AndroidWorld's rule)."""
        return int(10 * self.complexity)

    def scene(self, seed: int) -> SceneT:
        """The instance that belongs to `seed`; always the same."""
        return self.make(Random(seed))


@dataclass(frozen=True)
class TaskCatalogue(Generic[SceneT]):
    """The tasks of `suite` by name, in the order of definition; `easy` and `medium` are step budgets, inclusive."""

    suite: str
    easy: int
    medium: int
    tasks: dict[str, SeededTask[SceneT]] = field(default_factory=dict)

    def task(
        self, name: str, *programs: str, complexity: float, infeasible: bool = False
    ) -> Callable[[Callable[[Random], SceneT]], SeededTask[SceneT]]:
        """Decorator: register a function from random numbers to a scene as the task `name`."""

        def register(make: Callable[[Random], SceneT]) -> SeededTask[SceneT]:
            if name in self.tasks:
                raise ValueError(f"two tasks are called {name!r}")
            steps = int(10 * complexity)
            difficulty: Difficulty = "easy" if steps <= self.easy else "medium" if steps <= self.medium else "hard"
            self.tasks[name] = SeededTask(name, programs, complexity, make, difficulty, infeasible)
            return self.tasks[name]

        return register

    def chosen(self, names: Sequence[str]) -> list[SeededTask[SceneT]]:
        """The tasks in `names` (all if empty) in the order of definition. Raises `SuiteError` for an unknown name."""
        unknown = [name for name in names if name not in self.tasks]
        if unknown:
            raise SuiteError(f"{self.suite} has no task {unknown[0]!r}. Tasks: {', '.join(self.tasks)}")
        return [task for name, task in self.tasks.items() if not names or name in names]
