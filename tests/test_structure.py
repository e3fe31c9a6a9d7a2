"""How the tree is built: what an import costs, who imports whom, one meaning a class name, how long a function is."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = {"torch", "transformers", "ray", "miniwob", "av", "pyautogui", "pymsgbox", "mouseinfo", "Xlib", "openai"}
"""Packages of extras, and those of `pyautogui`, which X11 does not need."""


@pytest.mark.parametrize("module", ["benchmarks.demo", "agent.cli.main", "benchmarks.cli", "envs.desktop"])
def test_importing_loads_no_package_of_an_extra(module: str) -> None:
    code = f"import sys, {module}; print(*({{name.partition('.')[0] for name in sys.modules}} & {HEAVY}))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert run.stdout.split() == []
