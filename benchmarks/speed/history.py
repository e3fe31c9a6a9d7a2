"""Milliseconds outside the model for one decision, by how many pictures of history a question has.

The whole path of a real model, over HTTP to a server that answers at once: the picture is resized and encoded, the
question is put together with the earlier pictures, sent, and the answer read. Earlier pictures are encoded once.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Sequence

import cv2
import numpy as np

from actions.frame import Frame
from agent.core.step import Step
from agent.core.task import Task
from agent.models.chat import ChatModel
from agent.models.dialects.registry import get_dialect
from agent.models.endpoints.openai import OpenAIEndpoint
from benchmarks.speed.instant import NAME, InstantServer
from envs.env import Image, Observation

PICTURES = (1, 3, 5, 20)
PHASES = ("encode", "prompt", "parse")


def screen(index: int, width: int, height: int) -> Image:
    """A drawn page that differs a little from step to step, HxWx3 uint8."""
    image = np.full((height, width, 3), 250, np.uint8)
    for row in range(30, height - 20, 24):
        cv2.putText(image, f"{row * 7919 % 9973} a line of the page {row + index}", (20, row), 0, 0.6, (40, 40, 40), 1)
    return image


def measured(url: str, pictures: int, steps: int, size: tuple[int, int]) -> tuple[float, float]:
    """Median milliseconds of a decision, inside this process and whole, once there are all `pictures`."""
    model = ChatModel(OpenAIEndpoint(url, NAME), get_dialect("qwen2.5-vl").with_images(pictures))
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


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed.history", description=__doc__.split("\n")[0])
    parser.add_argument("--steps", type=int, default=20, help="decisions for each number of pictures (default 20)")
    parser.add_argument("--size", default="1280x800", help="screen size (default 1280x800)")
    options = parser.parse_args(arguments)
    width, height = map(int, options.size.split("x"))
    print(f"{options.steps} decisions at {options.size}, median milliseconds\n")
    print(f"{'pictures':>8}{'encode, prompt, parse':>24}{'with the request':>20}")
    with InstantServer() as server:
        for pictures in PICTURES:
            inside, whole = measured(server.url, pictures, options.steps, (width, height))
            print(f"{pictures:>8}{inside:>24.1f}{whole:>20.1f}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
