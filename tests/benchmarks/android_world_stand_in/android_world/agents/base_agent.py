"""A stand-in with the signatures of AndroidWorld's ``agents/base_agent.py``."""

import abc
import dataclasses
from typing import Any


@dataclasses.dataclass()
class AgentInteractionResult:
    done: bool
    data: dict[str, Any]


class EnvironmentInteractingAgent(abc.ABC):
    def __init__(self, env, name="", transition_pause=1.0):
        self._env, self._name, self._transition_pause = env, name, transition_pause
        self._max_steps = None

    @property
    def env(self):
        return self._env

    @property
    def name(self):
        return self._name

    @property
    def transition_pause(self):
        return self._transition_pause

    def set_max_steps(self, max_steps):
        self._max_steps = max_steps

    def reset(self, go_home=False):
        self.env.reset(go_home=go_home)

    def get_post_transition_state(self):
        return self.env.get_state(wait_to_stabilize=self._transition_pause is None)

    @abc.abstractmethod
    def step(self, goal): ...
