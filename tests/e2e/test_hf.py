"""A checkpoint of random weights drives the real sandbox desktop through the command line that a user types.

Its actions mean nothing; that each of them is one, is what constrained decoding is for. A random model may also say
that it is done, which ends a run early and is as valid a decision: then the task is begun again until as many decisions
as are wanted have been made. None may be unreadable.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from agent.episodes import read_episode
from tests.agent import tiny_qwen

pytest.importorskip("torch", reason="needs pip install 'handeye[qwen]'")


def run(folder: Path, out: Path, steps: int) -> dict[str, Any]:
    """``handeye run … --model hf:FOLDER --json``; the object it prints."""
    command = [sys.executable, "-m", "agent.cli.main", "run", "Write a letter", "--env", "sandbox", "--app", "mousepad"]
    command += ["--model", f"hf:{folder}", "--max-steps", str(steps), "--out", str(out), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=500, check=False)
    lines = done.stdout.splitlines()
    assert len(lines) == 1, done.stdout + done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    return dict(json.loads(lines[0]))


@pytest.mark.parametrize("wanted", [3, pytest.param(10, marks=pytest.mark.slow)])
def test_all_decisions_of_random_weights_are_actions(tmp_path: Path, wanted: int) -> None:
    folder = tiny_qwen.save(tmp_path / "checkpoint")
    kinds: list[str] = []
    tokens = 0
    for number in range(wanted):
        if len(kinds) == wanted:
            break
        printed = run(folder, tmp_path / f"run{number}", wanted - len(kinds))
        assert printed["ending"] in ("step_limit", "done", "gave_up"), printed
        steps = read_episode(tmp_path / f"run{number}").steps
        assert len(steps) == printed["steps"] > 0
        for step in steps:
            assert step.action is not None, step
            assert step.error is None, step
            assert step.raw.startswith("<tool_call>\n{"), step.raw
            assert step.raw.endswith("}\n</tool_call>"), step.raw
            assert step.tokens.prompt > 1000
            assert step.tokens.completion > 10
        kinds += [step.action.type for step in steps if step.action is not None]
        tokens += printed["tokens"]
    assert len(kinds) == wanted
    assert len(set(kinds)) > 1 or wanted < 10, kinds
    assert tokens > wanted * 1000
