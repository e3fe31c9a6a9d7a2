"""``python -m benchmarks.speed.replay``: a recorded run with a slow model, and the same done again without one.

A scripted model that takes two seconds a step clicks the digits of a real calculator (galculator on a private display).
Its episode is then replayed live on a fresh display, on one of another size, and with the window elsewhere. What is
compared is the time of the runs themselves, without starting displays and programs.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from actions.action import Click, Finish
from actions.frame import Frame, Point
from agent.core.loop import Agent
from agent.core.model import Usage
from agent.core.policy import Allow
from agent.core.step import Step
from agent.core.task import Limits, Task
from agent.episodes import EpisodeHeader, EpisodeWriter, read_episode
from agent.episodes.replay.script import Script
from agent.models.chat import ChatModel
from agent.models.dialects.registry import get_dialect
from agent.models.endpoints.endpoint import Enough, Reply, Request
from agent.run.replay import QUICK, ReplayOptions, replay_on
from benchmarks.speed.__main__ import DIGITS, InstantEndpoint, find_digits
from envs.sandbox import SandboxEnv

SIZE = (1280, 800)
OTHER = {"a fresh display": SIZE, "a larger display": (1600, 1000), "a smaller display": (1024, 700)}


class SlowEndpoint(InstantEndpoint):
    """Thinks for `seconds`, then clicks the next digit; finishes after `steps` of them."""

    def __init__(self, places: dict[str, Point], frame: Frame, seconds: float, steps: int) -> None:
        super().__init__(places, frame)
        self._seconds, self._steps = seconds, steps

    def complete(self, request: Request, enough: Enough | None = None) -> Reply:
        """The click, or the finish, after a while."""
        threading.Event().wait(self._seconds)
        if self.asked < self._steps:
            digit = DIGITS[self.asked % len(DIGITS)]
            self.asked += 1
            return Reply(self._speaks.format(Click(point=self._places[digit]), self._frame), True, Usage())
        return Reply(self._speaks.format(Finish(status="success"), self._frame), True, Usage())


@dataclass(frozen=True)
class ReplayTiming:
    """One replay: its seconds, how many times as fast as the recorded run, and milliseconds of a step (medians)."""

    where: str
    seconds: float
    ratio: float
    done: bool
    find: float
    act: float
    settle: float
    record: float


def record(folder: Path, steps: int, seconds: float) -> float:
    """Record the slow run in `folder`; its seconds."""
    with SandboxEnv(["galculator"], SIZE) as env:
        places, frame = find_digits(env)
        model = ChatModel(SlowEndpoint(places, frame, seconds, steps), get_dialect("qwen2.5-vl"))
        task = Task("Click the digits", Limits(steps=steps + 5))
        with EpisodeWriter.create(folder, EpisodeHeader.of(task, model, env)) as memory:
            result = Agent(env, model, Allow(), memory).run(task)
    return result.seconds


def measure(options: argparse.Namespace) -> tuple[float, list[ReplayTiming]]:
    """Seconds of the recorded run, and the replays."""
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        recorded = record(root / "recorded", options.steps, options.seconds)
        return recorded, [again(root, where, size, recorded) for where, size in OTHER.items()]


def again(root: Path, where: str, size: tuple[int, int], recorded: float) -> ReplayTiming:
    """Replay on a fresh display of this size."""
    out = root / where.replace(" ", "-")
    with SandboxEnv(["galculator"], size, rules=QUICK) as env:
        script = Script(read_episode(root / "recorded"))
        done = replay_on(env, script, ReplayOptions(out=out))
        script.close()
    steps = done.result.steps[1:]
    parts = [_median_ms(steps, phase) for phase in ("capture", "act", "settle", "record")]
    return ReplayTiming(where, done.result.seconds, recorded / done.result.seconds, done.ok, *parts)


def _median_ms(steps: Sequence[Step], phase: str) -> float:
    return statistics.median(step.timings.get(phase, 0.0) for step in steps) * 1000


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.speed.replay", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--steps", type=int, default=12, help="clicks of the recorded run (default 12)")
    parser.add_argument("--seconds", type=float, default=2.0, help="the model's thinking in a step (default 2)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(arguments)
    recorded, found = measure(options)
    if options.json:
        said: dict[str, Any] = {"recorded": recorded, "steps": options.steps + 1, "replays": [vars(m) for m in found]}
        print(json.dumps(said))
    else:
        _print(options, recorded, found)
    return 0 if all(m.done for m in found) else 1


def _print(options: argparse.Namespace, recorded: float, found: Sequence[ReplayTiming]) -> None:
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}, {sys.platform}"
    print(f"{options.steps + 1} steps with a model of {options.seconds:g} s: {recorded:.1f} s; {machine}\n")
    print(f"{'replayed on':<20}{'seconds':>9}{'times':>8}{'find ms':>9}{'act ms':>8}{'settle ms':>11}{'record ms':>11}")
    for m in found:
        print(
            f"{m.where:<20}{m.seconds:>9.2f}{m.ratio:>8.1f}{m.find:>9.1f}{m.act:>8.1f}{m.settle:>11.1f}{m.record:>11.1f}"
            + ("" if m.done else "   stopped")
        )


if __name__ == "__main__":
    sys.exit(main())
