"""An instance of a phone task, and its set-up on a phone (AndroidWorld's ``TaskEval``)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from actions.action import AnyAction
from actions.adb.lines import command
from benchmarks.suites.phone_tasks.checks import Check
from benchmarks.suites.phone_tasks.device import RemotePhone
from benchmarks.suites.phone_tasks.script import PhoneScript
from benchmarks.suites.tasks.world import StateWorld
from envs.android.env import AndroidEnv

Script = Callable[[PhoneScript], Iterator[AnyAction]]
"""The solution of a task, for the oracle."""


def _nothing(device: RemotePhone) -> None:
    """No set-up."""


@dataclass(frozen=True)
class PhoneScene:
    """One instance of a task: `goal` is the instruction, `prepare` puts the task's data on a phone that was reset."""

    goal: str
    checks: tuple[Check, ...]
    script: Script
    prepare: Callable[[RemotePhone], None] = _nothing

    def initialize(self, device: RemotePhone) -> None:
        """Set the phone up and note how it is. Raises `EnvError`."""
        self.prepare(device)
        for check in self.checks:
            check.begin(device)

    def problem(self, device: RemotePhone, answer: str | None) -> str:
        """What is wrong with the state, "" for nothing. Raises `EnvError`."""
        return next(filter(None, (check.problem(device, answer) for check in self.checks)), "")

    def is_successful(self, device: RemotePhone, answer: str | None) -> float:
        """1.0 where the state is right, else 0.0. Raises `EnvError`."""
        return float(not self.problem(device, answer))

    def tear_down(self, device: RemotePhone) -> None:
        """Leave the app; the phone is reset before the next task. Raises `EnvError`."""
        device.shell(command("input", "keyevent", "HOME"))


class PhoneWorld(StateWorld):
    """`scene`, set up on the phone of `env`. Raises `EnvError`."""

    def __init__(self, env: AndroidEnv, scene: PhoneScene) -> None:
        super().__init__()
        self.env, self.scene = env, scene
        self.device = RemotePhone(env.link)
        scene.initialize(self.device)

    @property
    def instruction(self) -> str:
        """The goal."""
        return self.scene.goal

    def problem(self) -> str:
        """What is wrong with the state, "" for nothing. Raises `EnvError`."""
        return self.scene.problem(self.device, self.statements.last_answer)
