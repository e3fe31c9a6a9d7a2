"""Checkpoints of random weights drive the real sandbox desktop.

Their actions mean nothing; that each of them is one, is what constrained decoding is for. A random model may also say
that it is done, which ends a run early and is as valid a decision: then the task is begun again until as many decisions
as are wanted have been made. None may be unreadable. What was not computed again of a prompt is in the record.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from agent.core.loop import Agent
from agent.core.policy import Allow
from agent.core.step import Step
from agent.core.task import Limits, Task
from agent.episodes import EpisodeHeader, EpisodeWriter, read_episode
from agent.models.chat import ChatModel
from agent.models.opening import open_model
from agent.models.spec import ModelSpec
from envs.sandbox import SandboxEnv
from tests.agent import tiny_qwen

pytest.importorskip("torch", reason="needs pip install 'handeye[qwen]'")
Drive = Callable[[Path, int], None]
"""Runs a task for so many steps at most and records it in a folder."""


def by_command(checkpoint: Path) -> Drive:
    """``handeye run … --model hf:FOLDER --json``, which prints one line and nothing of a library's beside it."""
    command = [sys.executable, "-m", "agent.cli.main", "run", "Write a letter", "--env", "sandbox", "--app", "mousepad"]
    command += ["--model", f"hf:{checkpoint}", "--json"]

    def drive(out: Path, steps: int) -> None:
        more = ["--max-steps", str(steps), "--out", str(out)]
        done = subprocess.run([*command, *more], capture_output=True, text=True, timeout=500, check=False)
        assert not re.search("traceback|warn|deprecat|generation flags|torch", done.stderr, re.IGNORECASE), done.stderr
        assert json.loads(done.stdout)["ending"] in ("step_limit", "done", "gave_up"), done.stdout

    return drive


def with_five_pictures(checkpoint: Path) -> Drive:
    """The loop itself, with answers of 150 tokens at most: random weights end no thought by themselves."""
    model = open_model(ModelSpec(f"hf:{checkpoint}", history_images=5), ability="decide")
    assert isinstance(model, ChatModel)
    short = {platform: replace(prompt, max_tokens=150) for platform, prompt in model.speaks.decide.items()}
    model = replace(model, speaks=replace(model.speaks, decide=short))

    def drive(out: Path, steps: int) -> None:
        task = Task("Write a letter", Limits(steps=steps))
        with SandboxEnv(["mousepad"]) as env, EpisodeWriter.create(out, EpisodeHeader.of(task, model, env)) as memory:
            Agent(env, model, Allow(), memory).run(task)

    return drive


def decided(drive: Drive, folder: Path, wanted: int) -> list[list[Step]]:
    """The steps of as many runs as it takes for `wanted` decisions, each of which is an action."""
    runs: list[list[Step]] = []
    while (left := wanted - sum(map(len, runs))) > 0:
        out = folder / f"run{len(runs)}"
        drive(out, left)
        steps = list(read_episode(out).steps)
        assert steps
        for step in steps:
            assert step.action is not None, step
            assert step.error is None, step
            assert "<tool_call>\n" in step.raw, step.raw
            assert step.raw.endswith("\n</tool_call>"), step.raw
            assert step.tokens.prompt > 1000
            assert step.tokens.completion > 10
        assert steps[0].tokens.cached == 0
        runs.append(steps)
    return runs


def test_all_decisions_of_random_weights_are_actions(tmp_path: Path) -> None:
    decided(by_command(tiny_qwen.save(tmp_path / "checkpoint")), tmp_path, 3)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["qwen2_5_vl", "qwen3_vl", "qwen3_5"])
def test_ten_steps_with_five_pictures_are_ten_actions(tmp_path: Path, kind: str) -> None:
    """Those that think first come to the limit in a thought of random letters, and all end with the shortest action."""
    checkpoint = tiny_qwen.save(tmp_path / "checkpoint", kind, max_pixels=400_000)
    runs = decided(with_five_pictures(checkpoint), tmp_path, 10)
    if kind == "qwen2_5_vl":
        assert len({step.action.type for steps in runs for step in steps if step.action}) > 1
    tokens = [(step.tokens.prompt, step.tokens.cached) for steps in runs for step in steps[1:]]
    read, cached = (sum(counts) for counts in zip(*tokens, strict=True))
    assert cached > 0.4 * read, tokens
