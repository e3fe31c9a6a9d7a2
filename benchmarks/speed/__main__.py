"""``python -m benchmarks.speed``: milliseconds of each phase of a step but the model's.

The real loop clicks the digits of a real calculator (galculator on a private display) at the word of an instant model,
which speaks the Qwen2.5-VL dialect: the whole path of a real model but the time that it thinks, with its episode.
Beside other agents: `benchmarks.speed.desktop` and `benchmarks.speed.phone`.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from rich.progress import Progress

from actions.action import Click
from actions.frame import Frame, Point
from agent.builtin.model import BuiltinModel
from agent.core.loop import Agent, Watcher
from agent.core.model import Usage
from agent.core.policy import Allow
from agent.core.step import Step
from agent.core.task import Limits, Task
from agent.cores import cores
from agent.episodes import EpisodeHeader, EpisodeWriter
from agent.models.chat import ChatModel
from agent.models.dialects.registry import get_dialect
from agent.models.endpoints.endpoint import Capabilities, Enough, Reply, Request
from agent.views.formatting import PHASES
from agent.views.terminal import console
from envs.sandbox import SandboxEnv

DIGITS = "74852963"
OUTSIDE = ("capture", "encode", "prompt", "parse", "review", "act", "record")
"""What is counted as ours: all but the model, the program's own redraw, and the quiet that shows it is over."""


class InstantEndpoint:
    """Stands in for a model server that answers in no time: the next digit of the calculator, in the dialect."""

    name, model, capabilities = "instant model", "qwen2.5-vl", Capabilities()

    def __init__(self, places: dict[str, Point], frame: Frame) -> None:
        self._speaks, self._frame, self._places = get_dialect("qwen2.5-vl"), frame, places
        self.asked = 0

    def complete(self, request: Request, enough: Enough | None = None) -> Reply:
        """The click on the next digit."""
        digit = DIGITS[self.asked % len(DIGITS)]
        self.asked += 1
        return Reply(self._speaks.format(Click(point=self._places[digit]), self._frame), True, Usage())

    def close(self) -> None:
        """Nothing to close."""


def find_digits(env: SandboxEnv) -> tuple[dict[str, Point], Frame]:
    """Where the digits' buttons are (frame pixels), found by the built-in model."""
    seen = env.observe()
    eyes = BuiltinModel()
    found = {digit: eyes.locate(seen, f"the button {digit}").point for digit in DIGITS}
    missing = [digit for digit, point in found.items() if point is None]
    if missing:
        raise SystemExit(f"the built-in model did not find the buttons {', '.join(missing)} of galculator")
    return {digit: point for digit, point in found.items() if point is not None}, seen.frame


class _Bar(Watcher):
    def __init__(self, progress: Progress, total: int, words: str) -> None:
        self._progress, self._job = progress, progress.add_task(words, total=total)

    def stepped(self, step: Step) -> None:
        """One step further."""
        self._progress.advance(self._job)


def taken(env: SandboxEnv, places: dict[str, Point], frame: Frame, steps: int, bar: Watcher) -> Sequence[Step]:
    """Run the real loop with a real episode; its steps."""
    model = ChatModel(InstantEndpoint(places, frame), get_dialect("qwen2.5-vl"))
    task = Task("Click the digits", Limits(steps=steps))
    with tempfile.TemporaryDirectory() as folder:
        memory = EpisodeWriter.create(Path(folder) / "episode", EpisodeHeader.of(task, model, env))
        with memory:
            result = Agent(env, model, Allow(), memory, watch=bar).run(task)
    return result.steps


def median_ms(rows: Sequence[dict[str, float]], phases: Sequence[str]) -> float:
    """Median over `rows` of the summed `phases`, milliseconds."""
    return statistics.median(sum(row.get(p, 0.0) for p in phases) for row in rows) * 1000


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed", description=__doc__.split("\n")[0])
    parser.add_argument("--steps", type=int, default=60, help="steps of each loop (default 60)")
    parser.add_argument("--size", default="1280x800", help="display size (default 1280x800)")
    options = parser.parse_args(arguments)
    width, height = map(int, options.size.split("x"))
    with SandboxEnv(["galculator"], (width, height)) as env, Progress(console=console()) as progress:
        places, frame = find_digits(env)
        bar = _Bar(progress, options.steps, "steps")
        _print(options.size, [step.timings for step in taken(env, places, frame, options.steps, bar)][1:])
    return 0


def _print(size: str, rows: Sequence[dict[str, float]]) -> None:
    print(f"{len(rows)} steps at {size}, instant model, median milliseconds; {_machine()}\n")
    for phase in PHASES:
        if phase != "model":
            print(f"{phase:<34}{median_ms(rows, [phase]):>10.1f}")
    rests = [row["settle"] - row["last_change"] for row in rows if "last_change" in row]
    print(f"\n{'outside model and redraw':<34}{median_ms(rows, OUTSIDE):>10.1f}")
    if rests:
        print(f"{'settled after the last change':<34}{statistics.median(rests) * 1000:>10.1f}")
    print(f"{'whole step but the model':<34}{median_ms(rows, (*OUTSIDE, 'settle')):>10.1f}")


def _machine() -> str:
    return f"{cores()} cores, Python {platform.python_version()}, {sys.platform}"


if __name__ == "__main__":
    sys.exit(main())
