"""What a desktop task is: a set-up, two wordings, a check of state and a way to do it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Literal

from actions.action import AnyAction

if TYPE_CHECKING:
    from benchmarks.suites.desktop.checks import Check
    from benchmarks.suites.desktop.pages import WebPage
    from benchmarks.suites.desktop.world import DesktopWorld

Mode = Literal["plain", "explicit"]
MODES: tuple[Mode, ...] = ("plain", "explicit")


@dataclass(frozen=True)
class Until:
    """A pause in an oracle's script until `condition` holds; `what` says in words what is awaited."""

    condition: Callable[[], bool]
    what: str
    seconds: float = 10.0


Move = AnyAction | Until
Script = Callable[["DesktopWorld"], Iterator[Move]]
"""An oracle's way to do a task: the actions an agent has, and waits for conditions between them."""


@dataclass(frozen=True)
class DesktopScene:
    """One instance of a task.

    `plain` is the goal as a person would put it; `explicit` says step by step what to do. `apps` are the command lines
    started, in order; ``{pages}`` in them is the address of the local web server. `files` are what the home folder
    holds (text, or bytes), by path; a path that ends in ``/`` is an empty folder. `pages` are the web pages by path.
    `check` says what is wrong with the state. `infeasible`: the right ending is to give up, with everything as it was.
    `grace` is how many seconds the state has to come true after the agent said that it was done: programs write late.
    """

    plain: str
    explicit: str
    apps: tuple[str, ...]
    check: Check
    script: Script
    files: Mapping[str, str | bytes] = field(default_factory=dict)
    pages: Mapping[str, WebPage] = field(default_factory=dict)
    infeasible: bool = False
    grace: float = 4.0

    def wording(self, mode: Mode) -> str:
        """The instruction in one of the two wordings."""
        return self.plain if mode == "plain" else self.explicit


@dataclass(frozen=True)
class DesktopTask:
    """A task: its parameters are drawn by `make` from the random numbers of the instance.

    `programs` are Debian packages. `complexity` is AndroidWorld's: the step budget is ``int(10 * complexity)``, about
    twice the steps that the task needs.
    """

    name: str
    programs: tuple[str, ...]
    complexity: float
    make: Callable[[Random], DesktopScene]
    infeasible: bool = False

    @property
    def steps(self) -> int:
        """The step budget (AndroidWorld's rule)."""
        return int(10 * self.complexity)

    @property
    def difficulty(self) -> str:
        """``easy`` up to 15 steps, ``medium`` up to 25, else ``hard``."""
        return "easy" if self.steps <= 15 else "medium" if self.steps <= 25 else "hard"

    def scene(self, seed: int) -> DesktopScene:
        """The instance that belongs to `seed`; always the same."""
        return self.make(Random(seed))


TASKS: dict[str, DesktopTask] = {}
"""All tasks by name, in the order in which they are defined."""


def task(
    name: str, *programs: str, complexity: float, infeasible: bool = False
) -> Callable[[Callable[[Random], DesktopScene]], DesktopTask]:
    """Register the decorated function as the task `name`."""

    def register(make: Callable[[Random], DesktopScene]) -> DesktopTask:
        if name in TASKS:
            raise ValueError(f"two tasks are called {name!r}")
        TASKS[name] = DesktopTask(name, programs, complexity, make, infeasible)
        return TASKS[name]

    return register


def instance_seed(suite_seed: int, name: str, instance: int) -> int:
    """The seed of one instance, 32 bits: AndroidWorld's rule (`suite.py`, `_get_instance_seed`)."""
    text = f"{suite_seed}_{name}_{instance}"
    return int(hashlib.sha256(text.encode()).hexdigest(), 16) % 2**32
