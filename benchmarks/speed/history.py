"""Milliseconds outside the model for one decision, by how many pictures of history a question has.

The whole path of a real model, over HTTP to a server that answers at once: the picture is resized and encoded, the
question is put together with the earlier pictures, sent, and the answer read. Earlier pictures are encoded once.
Where torch is installed, also for a model in this process, up to the tensors that it takes; against every picture of
each question coded as PNG, decoded and put through the checkpoint's image processor. Then the same inside this
process by how many steps were done before, clicks and typed texts: what was told of them once is not told again.
"""

from __future__ import annotations

import argparse
import importlib.util
import io
import statistics
import sys
import time
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from PIL import Image as PilImage

from actions.action import AnyAction, Click, TypeText
from actions.frame import Frame, Point
from agent.core.model import Usage
from agent.core.step import OutcomeRecord, Step
from agent.core.task import Task
from agent.models.chat import ChatModel
from agent.models.dialects.registry import get_dialect
from agent.models.endpoints.endpoint import Capabilities, Endpoint, Enough, Reply, Request
from agent.models.endpoints.openai import OpenAIEndpoint
from benchmarks.speed.hf import preparer
from benchmarks.speed.instant import NAME, InstantServer
from envs.env import Image, Observation

PICTURES = (1, 3, 5, 20)
PHASES = ("encode", "prompt", "parse")
LENGTHS = (10, 100, 1000, 3000)
"""Steps done before."""
FAMILIES = ("qwen2.5-vl", "qwen3-vl", "ui-tars-1.5")
"""One that tells the steps as lines, one with the last in pictures, and one that tells each in a turn of its own."""


def screen(index: int, width: int, height: int) -> Image:
    """A drawn page that differs a little from step to step, HxWx3 uint8."""
    image = np.full((height, width, 3), 250, np.uint8)
    for row in range(30, height - 20, 24):
        cv2.putText(image, f"{row * 7919 % 9973} a line of the page {row + index}", (20, row), 0, 0.6, (40, 40, 40), 1)
    return image


class Preparing:
    """An endpoint in this process without a model: it prepares a question, and answers with the same click.

    With `pixels` as ``--model hf:`` does, whose cache has all pictures but the last; without, every picture is decoded
    and goes through the image processor.
    """

    name, model = "prepared only", NAME

    def __init__(self, pixels: bool) -> None:
        self.capabilities, self._preparer = Capabilities(pixels=pixels), preparer()

    def complete(self, request: Request, enough: Enough | None = None) -> Reply:
        """Prepare it."""
        parts = [part for message in request.messages for part in message.parts]
        made: Any = self._preparer.prompt(request)
        self._preparer.batch([made], [made.ids], 0, len(made.pictures) - self.capabilities.pixels)
        for png in (part for part in parts if isinstance(part, bytes)):
            self._preparer.image_processor(images=[PilImage.open(io.BytesIO(png))], return_tensors="pt")
        click = '{"name": "computer_use", "arguments": {"action": "left_click", "coordinate": [640, 400]}}'
        return Reply(f"<tool_call>\n{click}\n</tool_call>", True, Usage())

    def close(self) -> None:
        """Nothing to close."""


def measured(endpoint: Endpoint, pictures: int, steps: int, size: tuple[int, int]) -> tuple[float, float]:
    """Median milliseconds of a decision, inside this process and whole, once there are all `pictures`."""
    model = ChatModel(endpoint, get_dialect("qwen2.5-vl").with_images(pictures))
    history: list[Step] = []
    inside, whole = list[float](), list[float]()
    for index in range(pictures + steps):
        frame = Frame(id=f"{index:04}", width=size[0], height=size[1])
        seen = Observation(screen(index, *size), frame, time=float(index))
        start = time.perf_counter()
        made = model.decide(Task("Click the button"), seen, history)
        if index >= pictures:
            whole.append(time.perf_counter() - start)
            inside.append(sum(made.timings.get(phase, 0.0) for phase in PHASES))
        step = Step(index=index, time=seen.time, frame=frame, image="x", action=made.action, raw=made.raw)
        history = [*history, step][-pictures:]
    model.close()
    return statistics.median(inside) * 1000, statistics.median(whole) * 1000


class Scripted:
    """An endpoint in this process that says the same action to every question."""

    name, model, capabilities = "scripted", NAME, Capabilities()

    def __init__(self, answer: str) -> None:
        self._reply = Reply(answer, True, Usage())

    def complete(self, request: Request, enough: Enough | None = None) -> Reply:
        """Say it."""
        return self._reply

    def close(self) -> None:
        """Nothing to close."""


class LongRun:
    """A model in a run of which `steps` steps are done, all of the same `action`."""

    def __init__(self, family: str, action: AnyAction, steps: int, size: tuple[int, int]) -> None:
        speaks, self._frame = get_dialect(family), Frame(id="0", width=size[0], height=size[1])
        self._action, self._raw = action, speaks.format(action, self._frame)
        self._model, self._image = ChatModel(Scripted(self._raw), speaks), screen(0, *size)
        self._history = [self._step(index) for index in range(steps)]
        self.times = list[float]()

    def _step(self, index: int) -> Step:
        frame, done = self._frame.model_copy(update={"id": f"{index:04}"}), OutcomeRecord(performed=True, changed=False)
        return Step(index=index, time=index, frame=frame, image="x", action=self._action, raw=self._raw, outcome=done)

    def decide(self) -> None:
        """Decide once more; the processor time of it, in seconds, is put to `times`."""
        step = self._step(len(self._history))
        seen = Observation(self._image, step.frame, time=step.time)
        start = time.process_time()
        self._model.decide(Task("Fill in the form"), seen, self._history)
        self.times.append(time.process_time() - start)
        self._history.append(step)


def after_steps(
    family: str, action: AnyAction, lengths: Sequence[int], decisions: int, size: tuple[int, int]
) -> dict[int, float]:
    """Median milliseconds of processor time of a decision by how many steps were done before, in turns."""
    runs = {length: LongRun(family, action, length, size) for length in lengths}
    for _ in range(decisions + 1):
        for run in runs.values():
            run.decide()
    return {length: statistics.median(run.times[1:]) * 1000 for length, run in runs.items()}


def by_length(decisions: int, size: tuple[int, int]) -> None:
    """Print a decision's processor time by how many steps were done before, and its ratio to that after ten."""
    print(f"\n{'steps before, processor ms':<34}" + "".join(f"{length:>8}" for length in LENGTHS) + f"{'1000:10':>10}")
    kinds: dict[str, AnyAction] = {"click": Click(point=Point(640, 400)), "type": TypeText(text="some words of a form")}
    for family in FAMILIES:
        for kind, action in kinds.items():
            found = after_steps(family, action, LENGTHS, decisions, size)
            times = "".join(f"{found[length]:>8.1f}" for length in LENGTHS)
            print(f"{f'{family}, {kind}':<34}{times}{found[1000] / found[10]:>10.2f}", flush=True)


def by_pictures(steps: int, size: tuple[int, int]) -> None:
    """Print a decision's time by how many pictures a question has."""
    print(f"{steps} decisions at {size[0]}x{size[1]}, median milliseconds\n")
    torch = importlib.util.find_spec("torch")
    local = f"{'in process':>14}{'as PNG':>10}{'ratio':>8}" if torch else ""
    print(f"{'pictures':>8}{'encode, prompt, parse':>24}{'with the request':>20}{local}")
    with InstantServer() as server:
        for pictures in PICTURES:
            inside, whole = measured(OpenAIEndpoint(server.url, NAME), pictures, steps, size)
            print(f"{pictures:>8}{inside:>24.1f}{whole:>20.1f}", end="", flush=True)
            if torch:
                ours, usual = (measured(Preparing(pixels), pictures, steps, size)[1] for pixels in (True, False))
                print(f"{ours:>14.1f}{usual:>10.1f}{usual / ours:>8.1f}", end="", flush=True)
            print()


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed.history", description=__doc__.split("\n")[0])
    parser.add_argument("--steps", type=int, default=20, help="decisions for each number of pictures (default 20)")
    parser.add_argument("--size", default="1280x800", help="screen size (default 1280x800)")
    parser.add_argument("--lengths-only", action="store_true", help="only by how many steps were done before")
    options = parser.parse_args(arguments)
    width, height = map(int, options.size.split("x"))
    if not options.lengths_only:
        by_pictures(options.steps, (width, height))
    by_length(options.steps, (width, height))
    return 0


if __name__ == "__main__":
    sys.exit(main())
