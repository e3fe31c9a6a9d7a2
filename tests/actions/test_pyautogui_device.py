"""pyautogui knows one display for each process, so every test runs in its own."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.actions.conftest import Recorder, wait_for

pytestmark = pytest.mark.desktop

HEAD = """
from actions.action import parse_action
from actions.backend import BackendError
from actions.frame import Frame
from actions.input_backend import InputBackend
from actions.pyautogui_device import PyautoguiDevice
FRAME = Frame(id="1", width=1280, height=800)
"""


def run(code: str, **env: str) -> str:
    full = {key: value for key, value in os.environ.items() if key != "DISPLAY"} | env
    done = subprocess.run([sys.executable, "-c", HEAD + code], env=full, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_without_a_display_there_is_one_clear_line() -> None:
    said = run("try:\n    PyautoguiDevice()\nexcept BackendError as error:\n    print(error)")
    assert said.startswith("cannot use pyautogui here")
    assert "\n" not in said


def test_mouse_keys_and_text_reach_a_program(display: str, recorder: Recorder) -> None:
    code = """
backend = InputBackend(PyautoguiDevice())
for action in (
    {"type": "click", "point": (300, 200), "count": 2},
    {"type": "click", "point": (400, 300), "button": "right", "keys": ["ctrl"]},
    {"type": "drag", "path": [(100, 100), (300, 250)], "seconds": 0.3},
    {"type": "type", "text": "Grüße 🎉\\n\\tعربى"},
    {"type": "key", "chords": ["shift+f6", "A", "plus"]},
):
    backend.perform(parse_action(action), FRAME)
print(backend.position())
backend.close()
"""
    assert run(code, DISPLAY=display) == "(300, 250)"
    assert recorder.shows("Grüße 🎉\n\tعربىA+"), recorder.text()
    presses = [event[1:4] for event in recorder.events("ButtonPress")]
    assert presses == [["1", "300", "200"], ["1", "300", "200"], ["3", "400", "300"], ["1", "100", "100"]]
    assert wait_for(lambda: len(recorder.events("ButtonRelease")) == 4)
    assert len(recorder.events("Motion")) >= 15
    assert "F6" in [event[1] for event in recorder.events("KeyPress")]


def test_a_key_it_does_not_know_is_named(display: str) -> None:
    code = """
try:
    InputBackend(PyautoguiDevice()).perform(parse_action({"type": "key", "chords": ["ctrl+日"]}), FRAME)
except BackendError as error:
    print(error)
"""
    assert "日" in run(code, DISPLAY=display, PYTHONIOENCODING="utf-8")
