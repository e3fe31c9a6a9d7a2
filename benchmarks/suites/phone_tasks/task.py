"""What a phone task is: a goal, a set-up, checks of state, and a script that does it with an agent's actions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from actions.action import AnyAction
from actions.adb.lines import command
from benchmarks.suites.phone_tasks.checks import Check
from benchmarks.suites.phone_tasks.device import PhoneDevice

if TYPE_CHECKING:
    from benchmarks.suites.phone_tasks.oracle import Fingers

Script = Callable[["Fingers"], Iterator[AnyAction]]
"""An oracle's way to do a task."""


def _nothing(device: PhoneDevice) -> None:
    """No set-up."""


@dataclass(frozen=True)
class PhoneScene:
    """One instance of a task (AndroidWorld's ``TaskEval``): `goal` is what the agent is told.

    `prepare` puts what the task needs on a phone that has been reset.
    """

    goal: str
    checks: tuple[Check, ...]
    script: Script
    prepare: Callable[[PhoneDevice], None] = _nothing

    def initialize(self, device: PhoneDevice) -> None:
        """Set the phone up and note how it is. Raises `EnvError`."""
        self.prepare(device)
        for check in self.checks:
            check.begin(device)

    def problem(self, device: PhoneDevice, answer: str | None) -> str:
        """What is wrong with the state, "" for nothing. Raises `EnvError`."""
        return next(filter(None, (check.problem(device, answer) for check in self.checks)), "")

    def is_successful(self, device: PhoneDevice, answer: str | None) -> float:
        """1.0 where the state is right, else 0.0. Raises `EnvError`."""
        return float(not self.problem(device, answer))

    def tear_down(self, device: PhoneDevice) -> None:
        """Leave the app; the phone is reset before the next task. Raises `EnvError`."""
        device.shell(command("input", "keyevent", "HOME"))


@dataclass(frozen=True)
class PhoneTask:
    """A task: its parameters are drawn by `make` from the random numbers of the instance.

    `apps` are those that it goes through. `complexity` is AndroidWorld's: the step budget is ``int(10 * complexity)``.
    """

    name: str
    apps: tuple[str, ...]
    complexity: float
    make: Callable[[Random], PhoneScene]

    @property
    def steps(self) -> int:
        """The step budget (AndroidWorld's rule)."""
        return int(10 * self.complexity)

    @property
    def difficulty(self) -> str:
        """``easy`` up to 12 steps, ``medium`` up to 24, else ``hard``."""
        return "easy" if self.steps <= 12 else "medium" if self.steps <= 24 else "hard"

    def scene(self, seed: int) -> PhoneScene:
        """The instance that belongs to `seed`; always the same."""
        return self.make(Random(seed))


TASKS: dict[str, PhoneTask] = {}
"""All tasks by name, in the order in which they are defined."""


def task(name: str, *apps: str, complexity: float) -> Callable[[Callable[[Random], PhoneScene]], PhoneTask]:
    """Register the decorated function as the task `name`."""

    def register(make: Callable[[Random], PhoneScene]) -> PhoneTask:
        if name in TASKS:
            raise ValueError(f"two tasks are called {name!r}")
        TASKS[name] = PhoneTask(name, apps, complexity, make)
        return TASKS[name]

    return register
