"""A stand-in with the signatures of AndroidWorld's ``env/interface.py``: a screen that remembers what was done."""

import dataclasses
from typing import Any

import numpy as np


@dataclasses.dataclass(frozen=True)
class State:
    pixels: np.ndarray
    forest: Any
    ui_elements: list
    auxiliaries: dict[str, Any] | None = None


class AsyncAndroidEnv:
    interaction_cache = ""

    def __init__(self, controller):
        self._controller = controller
        self.done = []
        self.turned = 0
        self.fault = None

    @property
    def controller(self):
        return self._controller

    def reset(self, go_home=False):
        self.done.append(("reset", go_home))

    def get_state(self, wait_to_stabilize=False):
        if self.fault:
            raise self.fault
        pixels = np.full((200, 100, 3), 128, np.uint8)
        pixels[:20] = 255
        return State(pixels, None, [], {})

    def execute_action(self, action):
        self.done.append(action)
        if action.action_type == "answer":
            self.interaction_cache = action.text

    def ask_question(self, question, timeout_seconds=-1.0):
        raise NotImplementedError("ask_question is not implemented.")

    @property
    def foreground_activity_name(self):
        return "com.example/.Main"

    @property
    def device_screen_size(self):
        return (100, 200)

    @property
    def logical_screen_size(self):
        return (200, 100) if self.turned % 2 else (100, 200)

    @property
    def orientation(self):
        return self.turned

    def close(self): ...
