"""A stand-in for OSWorld's ``DesktopEnv``: no virtual machine, the same interface. Its screen is the lamps of ours.

What it is sent is never run: code is read as a syntax tree that may hold calls of ``pyautogui`` and ``time`` with
literals alone.
"""

from __future__ import annotations

import ast
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from PIL import Image

from actions.action import AnyAction, Click, TypeText
from actions.frame import Point

Call = tuple[str, list[Any], dict[str, Any]]


def calls(code: str) -> Iterator[Call]:
    """The calls of a line of code. Raises AssertionError for anything else in it."""
    for line in ast.parse(code).body:
        assert isinstance(line, ast.Expr), ast.dump(line)
        call = line.value
        assert isinstance(call, ast.Call), ast.dump(line)
        assert isinstance(call.func, ast.Attribute), ast.dump(line)
        assert isinstance(call.func.value, ast.Name), ast.dump(line)
        assert call.func.value.id in ("pyautogui", "time"), ast.dump(line)
        named = {word.arg or "**": ast.literal_eval(word.value) for word in call.keywords}
        yield f"{call.func.value.id}.{call.func.attr}", [ast.literal_eval(value) for value in call.args], named


class StandInController:
    """Records nothing."""

    def start_recording(self) -> None: ...

    def end_recording(self, dest: str) -> None:
        Path(dest).write_bytes(b"")


class StandInDesktopEnv:
    """Says by its name that it is none of OSWorld's; `evaluate` gives 1 where the lamp is out."""

    provider_name = "stand-in"
    vm_ip = "stand-in"

    def __init__(self, screen: Any, action_space: str = "pyautogui") -> None:
        self.screen, self.action_space = screen, action_space
        self.controller = StandInController()
        self.action_history: list[Any] = []

    def reset(self, task_config: dict[str, Any] | None = None) -> dict[str, Any]:
        self.instruction = (task_config or {}).get("instruction")
        self.action_history = []
        return self._get_obs()

    def _get_obs(self) -> dict[str, Any]:
        png = io.BytesIO()
        Image.fromarray(self.screen.observe().image).save(png, "PNG")
        return {
            "screenshot": png.getvalue(),
            "accessibility_tree": None,
            "terminal": None,
            "instruction": self.instruction,
        }

    def step(self, action: Any, pause: float = 2) -> tuple[dict[str, Any], float, bool, dict[str, Any]]:
        self.action_history.append(action)
        word = action["action_type"] if isinstance(action, dict) else action
        if word in ("WAIT", "FAIL", "DONE"):
            return self._get_obs(), 0, word != "WAIT", {}
        for done in clicks(action):
            self.screen.perform(done, self.screen.observe().frame)
        return self._get_obs(), 0, False, {}

    def evaluate(self) -> float:
        return float(not self.screen.lit and self.action_history[-1] not in ("FAIL", {"action_type": "FAIL"}))


def clicks(action: Any) -> Iterator[AnyAction]:
    """What of `action` the lamps react to."""
    if isinstance(action, dict):
        where = action["parameters"]
        if action["action_type"] == "CLICK":
            yield Click(point=Point(where["x"], where["y"]))
        return
    for name, values, _ in calls(action):
        if name == "pyautogui.click":
            yield Click(point=Point(*values))
        elif name == "pyautogui.write":
            yield TypeText(text=values[0])
