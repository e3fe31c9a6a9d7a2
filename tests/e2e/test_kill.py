"""``kill -9`` of the agent at random moments: the record reads back whole, and nothing of ours is left running."""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from agent.episodes import read_episode
from agent.views.report import write_report
from envs.processes import alive
from envs.sandbox_supervisor import PREFIX
from tests.agent.scripted_server import ScriptedServer, Seen, computer
from tests.e2e.test_stop import xdotool
from tests.waiting import until

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="k", dir="/tmp") as name:
        monkeypatch.setenv("TMPDIR", name)
        yield Path(name)


def typing(seen: Seen) -> str:
    return computer("type", text="all work and no play ")


def start(out: Path, folder: Path, *arguments: str) -> subprocess.Popen[bytes]:
    with (folder / "told").open("wb") as told:
        return subprocess.Popen(
            [sys.executable, "-m", "agent.cli.main", *arguments, "--app", "mousepad", "--out", str(out)],
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=told,
        )


def running(folder: Path) -> list[int]:
    """Every process that was started with `folder` in its environment: the run, its display, the programs on it."""
    found = []
    for path in Path("/proc").iterdir():
        try:
            if path.name.isdigit() and str(folder).encode() in (path / "environ").read_bytes():
                found.append(int(path.name))
        except OSError:
            continue
    return [pid for pid in found if alive(pid)]


def left_over(folder: Path) -> list[object]:
    return [*running(folder), *folder.glob(f"{PREFIX}*")]


def wait_until_clean(folder: Path, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while (left := left_over(folder)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert left == []


def recorded(out: Path) -> int:
    """How many steps are in its file."""
    path = out / "steps.jsonl"
    return path.read_bytes().count(b"\n") if path.exists() else 0


def check_whole(out: Path) -> int:
    """The episode up to the last finished step; how many steps that is."""
    if not (out / "episode.json").exists():
        return 0
    episode = read_episode(out)
    assert episode.ending is None
    assert [step.index for step in episode.steps] == list(range(len(episode.steps)))
    for step in episode.steps:
        assert step.action is not None
        assert np.ptp(episode.image(step)) > 0
    assert len(episode.steps) == recorded(out)
    write_report(out)
    return len(episode.steps)


def kill_runs(times: int, folder: Path, seed: int) -> list[int]:
    """Every second one is killed after some steps, the others at any moment of their start."""
    chance, finished = random.Random(seed), list[int]()
    with ScriptedServer([typing]) as server:
        for number in range(times):
            out = folder / f"episode-{number}"
            process = start(out, folder, "run", "Type for ever", "--model", server.url, "--max-steps", "999")
            if number % 2 == 0:
                steps = chance.randrange(1, 9)
                until(lambda: recorded(out) >= steps or process.poll() is not None)  # noqa: B023 - called at once
                time.sleep(chance.uniform(0, 0.3))
            else:
                time.sleep(chance.uniform(0.2, 6.0))
            assert process.poll() is None, "the run ended by itself"
            process.kill()
            process.wait()
            wait_until_clean(folder)
            finished.append(check_whole(out))
    return finished


def kill_recorders(times: int, folder: Path, seed: int) -> list[int]:
    """Every second one is killed after a person has begun, the others at any moment of their start."""
    chance, finished = random.Random(seed), list[int]()
    for number in range(times):
        out = folder / f"demo-{number}"
        process = start(out, folder, "record", "--env", "sandbox")
        if number % 2 == 0:
            until(lambda: b"recording on" in (folder / "told").read_bytes())
            display = re.findall(r"DISPLAY=(\S+)", (folder / "told").read_text())[0]
            xdotool(display, "mousemove", "320", "200", "click", "1", "type", "--delay", "50", "done by hand")
            time.sleep(chance.uniform(0, 1.5))
        else:
            time.sleep(chance.uniform(0.2, 6.0))
        process.kill()
        assert process.wait() == -signal.SIGKILL
        wait_until_clean(folder)
        finished.append(check_whole(out))
    return finished


def test_a_killed_run_leaves_a_whole_record_and_nothing_running(folder: Path) -> None:
    assert max(kill_runs(4, folder, seed=1)) > 0


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_fifty_killed_runs(folder: Path) -> None:
    finished = kill_runs(50, folder, seed=2)
    assert max(finished) > 5


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_twenty_killed_recorders(folder: Path) -> None:
    finished = kill_recorders(20, folder, seed=5)
    assert max(finished) >= 2
