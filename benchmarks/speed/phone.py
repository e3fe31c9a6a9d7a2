"""``python -m benchmarks.speed.phone``: capture and step overhead on a phone, against the usual way, in one run.

Both sides use the same simulated phone through the same stock adb server, in turns:

* **ours**: a picture by each way that the device offers, decoded; a step (look, tap, wait until it rests).
* **the usual way**: ``adb exec-out screencap -p`` as a program of its own, piped to Pillow; ``adb shell input tap`` and
  a sleep of one second.

A simulated phone has no GPU and no slow PNG encoder: on a real one the figures and the fastest way are others, which
is why `envs.android.capture.ScreencapCapture` measures them. ``--serial`` measures a real device.
"""

from __future__ import annotations

import argparse
import functools
import io
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np
from adbutils import adb_path
from PIL import Image

from actions.action import Click
from actions.frame import Point
from envs.android import AndroidEnv, SimulatedPhoneEnv
from envs.android.capture import ScreencapCapture


def usual_capture(env: AndroidEnv) -> None:
    """The picture as most scripts take it."""
    command = [adb_path(), *env.link.server.arguments, "-s", env.link.serial, "exec-out", "screencap", "-p"]
    data = subprocess.run(command, capture_output=True, check=True).stdout
    np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def usual_step(env: AndroidEnv, at: Point) -> None:
    """Look, tap, sleep."""
    usual_capture(env)
    tap = ["shell", "input", "tap", f"{at.x:.0f}", f"{at.y:.0f}"]
    subprocess.run(
        [adb_path(), *env.link.server.arguments, "-s", env.link.serial, *tap], capture_output=True, check=True
    )
    time.sleep(1)


def our_step(env: AndroidEnv, at: Point) -> None:
    """Look, tap, wait until the screen rests."""
    env.perform(Click(point=at), env.observe().frame)


def in_turns(ways: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Median seconds of each; every round runs all of them, so that a busy moment meets all alike."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds + 1):
        for name, way in ways.items():
            start = time.perf_counter()
            way()
            if number:  # the first round warms up
                seconds[name].append(time.perf_counter() - start)
    return {name: statistics.median(taken) for name, taken in seconds.items()}


def report(title: str, found: dict[str, float], usual: str) -> None:
    """A table of milliseconds, and of how many times quicker than the usual way."""
    print(f"\n{title}")
    for name, seconds in found.items():
        print(f"  {name:<44}{seconds * 1000:8.0f} ms   {found[usual] / seconds:5.1f}x")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--serial", help="a real device; its screen is tapped near the middle")
    options = parser.parse_args()
    with AndroidEnv(options.serial) if options.serial else SimulatedPhoneEnv() as env:
        print(f"{env.name}, on {platform.processor() or platform.machine()}, Python {sys.version.split()[0]}")
        usual = "usual: adb exec-out screencap -p | Pillow"
        camera = ScreencapCapture(env.link)
        ways: dict[str, Callable[[], object]] = {usual: lambda: usual_capture(env)}
        for method in camera.timings:
            ways[f"ours: {method}"] = functools.partial(camera.grab_by, method)
        report("capture", in_turns(ways, options.rounds), usual)
        seen = env.observe().frame
        at = Point(seen.width * 0.5, seen.height * 0.6)
        slow = "usual: capture, tap, sleep 1 s"
        steps: dict[str, Callable[[], object]] = {
            slow: lambda: usual_step(env, at),
            "ours: look, tap, until it rests": lambda: our_step(env, at),
        }
        report("one step without a model", in_turns(steps, max(3, options.rounds // 2)), slow)


if __name__ == "__main__":
    main()
