"""One instance of a task on a phone, begun."""

from __future__ import annotations

from actions.action import Answer, AnyAction
from benchmarks.interactive import Score
from benchmarks.suites.phone_tasks.device import PhoneDevice
from benchmarks.suites.phone_tasks.task import PhoneScene
from envs.android.env import AndroidEnv


class PhoneWorld:
    """`scene`, set up on the phone of `env`. `answer` is what the agent last told the user. Raises `EnvError`."""

    def __init__(self, env: AndroidEnv, scene: PhoneScene) -> None:
        self.env, self.scene = env, scene
        self.device = PhoneDevice(env.link)
        self.answer: str | None = None
        scene.initialize(self.device)

    @property
    def instruction(self) -> str:
        """The goal."""
        return self.scene.goal

    def hear(self, action: AnyAction) -> None:
        """Keep the last answer."""
        if isinstance(action, Answer):
            self.answer = action.text

    def over(self) -> bool:
        """A phone does not end a task."""
        return False

    def problem(self) -> str:
        """What is wrong with the state, "" for nothing. Raises `EnvError`."""
        return self.scene.problem(self.device, self.answer)

    def score(self) -> Score:
        """1 where the state is right. Raises `EnvError`."""
        why = self.problem()
        return Score(float(not why), why or "the state is right")
