"""``make bench``: milliseconds a step spends outside the model, against the usual way, in one run.

Both loops click the digits of a real calculator (galculator on a private display) at the word of the same instant
model, which speaks the Qwen2.5-VL dialect: the whole path of a real model but the time that it thinks.

* **ours**: raw capture, picture encoded in memory, frame and step recorded, act, wait until the picture rests.
* **the usual way** (`pyautogui.screenshot` style): the picture saved as PNG to a file and read back, the same resize
  and prompt, the click, and a sleep of one second. pyautogui itself cannot capture on bare X11, so Pillow's own
  grabber takes its place.
"""

from __future__ import annotations

import argparse
import base64
import io
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image as PilImage
from PIL import ImageGrab
from rich.progress import Progress

from actions.action import AnyAction, Click
from actions.frame import Frame, Point
from agent.builtin.model import BuiltinModel
from agent.core.loop import Agent, Watcher
from agent.core.model import Usage
from agent.core.policy import Allow
from agent.core.step import Step
from agent.core.task import Limits, Task
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


def ours(env: SandboxEnv, places: dict[str, Point], frame: Frame, steps: int, bar: Watcher) -> Sequence[Step]:
    """Run the real loop with a real episode; its steps."""
    model = ChatModel(InstantEndpoint(places, frame), get_dialect("qwen2.5-vl"))
    task = Task("Click the digits", Limits(steps=steps))
    with tempfile.TemporaryDirectory() as folder:
        memory = EpisodeWriter.create(Path(folder) / "episode", EpisodeHeader.of(task, model, env))
        with memory:
            result = Agent(env, model, Allow(), memory, watch=bar).run(task)
    return result.steps


def usual(env: SandboxEnv, places: dict[str, Point], frame: Frame, steps: int, bar: Watcher) -> list[dict[str, float]]:
    """The same clicks done the usual way; seconds by phase for each step."""
    speaks, model = get_dialect("qwen2.5-vl"), InstantEndpoint(places, frame)
    out = []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(steps):
            times, last = dict[str, float](), time.perf_counter()

            def lap(phase: str, times: dict[str, float] = times) -> None:
                nonlocal last
                now = time.perf_counter()
                times[phase], last = now - last, now

            path = Path(folder) / "screenshot.png"
            ImageGrab.grab(xdisplay=env.display).convert("RGB").save(path)
            image = PilImage.open(path).convert("RGB")
            lap("capture")
            data = io.BytesIO()
            image.resize(speaks.resize.size(*image.size)).save(data, "PNG")
            base64.b64encode(data.getvalue())
            lap("encode")
            chat = speaks.ask_action("Click the digits", frame, (), "desktop")
            lap("prompt")
            reply = model.complete(Request(chat.system, tuple(part for part in chat.user if isinstance(part, str))))
            action: AnyAction = speaks.parse(reply.text, frame).action
            lap("parse")
            env.backend.perform(action, frame)
            lap("act")
            time.sleep(1.0)
            lap("settle")
            out.append(times)
            bar.stepped(_NOTHING)
    return out


_NOTHING = Step(index=0, time=0, frame=Frame(id="0", width=1, height=1), image="", error="not a step")


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
        mine = [s.timings for s in ours(env, places, frame, options.steps, _Bar(progress, options.steps, "ours"))][1:]
        theirs = usual(env, places, frame, options.steps, _Bar(progress, options.steps, "the usual way"))
    _print(options.size, mine, theirs)
    return 0


def _print(size: str, mine: Sequence[dict[str, float]], theirs: Sequence[dict[str, float]]) -> None:
    print(f"{len(mine)} steps at {size}, instant model, median milliseconds; {_machine()}\n")
    print(f"{'phase':<34}{'ours':>10}{'usual way':>12}")
    for phase in PHASES:
        if phase != "model":
            print(f"{phase:<34}{median_ms(mine, [phase]):>10.1f}{median_ms(theirs, [phase]):>12.1f}")
    rests = [row["settle"] - row["last_change"] for row in mine if "last_change" in row]
    whole = (*OUTSIDE, "settle")
    print(f"\n{'outside model and redraw':<34}{median_ms(mine, OUTSIDE):>10.1f}{median_ms(theirs, OUTSIDE):>12.1f}")
    if rests:
        print(f"{'settled after the last change':<34}{np.median(rests) * 1000:>10.1f}{'-':>12}")
    print(f"{'whole step but the model':<34}{median_ms(mine, whole):>10.1f}{median_ms(theirs, whole):>12.1f}")
    ratio = median_ms(theirs, OUTSIDE) / median_ms(mine, OUTSIDE)
    print(f"\noutside model and redraw: {ratio:.1f} times as fast; ", end="")
    print(f"whole step: {median_ms(theirs, whole) / median_ms(mine, whole):.1f} times as fast as the usual way")


def _machine() -> str:
    import os

    return f"{os.cpu_count()} cores, Python {platform.python_version()}, {sys.platform}"


if __name__ == "__main__":
    sys.exit(main())
