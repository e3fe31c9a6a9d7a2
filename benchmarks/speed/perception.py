"""``python -m benchmarks.speed.perception``: a screen read by the built-in perception and by RapidOCR, in one run.

Real programs are drawn on a private display and on the simulated phone; both sides get the same pictures, in turns, in
a process that may use one core and in one that may use two:

* **ours**: all that ``handeye elements`` lists: text, widgets, windows, names of icons. A new screen is read with
  nothing known of it; a changed one, of which a rectangle of 5 % of the area is another part of it that looks
  otherwise, after that.
* **RapidOCR** 3.9 (PyPI `rapidocr`, the same networks): ``RapidOCR()(image)``, its defaults: text alone.

``locate`` is a description looked up on a screen that has been read. Medians; a ratio is RapidOCR's time over ours.
"""

from __future__ import annotations

import argparse
import logging
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.suites.desktop.task import TASKS
from benchmarks.suites.desktop.world import DesktopWorld
from envs.android.simulated import SimulatedPhoneEnv
from envs.env import Image as Image_

CHOSEN = {"editor-replace": "Search", "browser-form": "Register", "sheet-totals": "Quantity"}
"""Tasks, and a word of each that is there once its programs are drawn."""
_DRAWN = 60.0
"""Seconds that a program has to draw."""
ASKED = ("Save", "the search field", "the back arrow at the top left", "the second row below the title")


def draw(folder: Path) -> None:
    """Write a picture of each chosen task's display and of the simulated phone to `folder`."""
    for name, word in CHOSEN.items():
        with DesktopWorld(TASKS[name].scene(0)) as world:
            Image.fromarray(_showing(world, word)).save(folder / f"{name}.png")
    with SimulatedPhoneEnv() as phone:
        Image.fromarray(phone.observe().image).save(folder / "phone.png")


def _showing(world: DesktopWorld, word: str) -> Image_:
    """The screen, once `word` is on it and nothing moves. Raises SystemExit where it does not come."""
    from agent.perception.ocr import TextReader

    reader, until = TextReader(), time.monotonic() + _DRAWN
    before = world.env.observe().image
    while time.monotonic() < until:
        seen = world.env.observe().image
        if np.array_equal(seen, before) and any(word in line.text for line in reader.read(seen)):
            return seen
        before = seen
    raise SystemExit(f"no {word!r} on the screen within {_DRAWN:.0f} s")


def changed(image: Image_, turn: int) -> Image_:
    """`image` with a rectangle of 5 % of its area replaced by another part of it, which does not look the same."""
    rng, out = np.random.default_rng(turn), image.copy()
    height, width = (round(side * 0.05**0.5) for side in image.shape[:2])
    while np.array_equal(out, image):
        (y, x), (v, u) = (rng.integers(0, (image.shape[0] - height, image.shape[1] - width)) for _ in range(2))
        out[y : y + height, x : x + width] = image[v : v + height, u : u + width]
    return out


def _ms(call: Callable[..., object], *arguments: object) -> float:
    start = time.perf_counter()
    call(*arguments)
    return (time.perf_counter() - start) * 1000


def measure(path: Path, rounds: int) -> dict[str, float]:
    """Median milliseconds of each kind for the picture at `path`."""
    from rapidocr import RapidOCR

    from agent.perception.meaning.locate import locate
    from agent.perception.perceive import Perceiver

    logging.disable(logging.INFO)
    image, reader = np.asarray(Image.open(path).convert("RGB")), RapidOCR()
    found: dict[str, list[float]] = {kind: [] for kind in ("RapidOCR", "new", "changed", "locate")}
    for turn in range(rounds + 1):
        perceiver, other = Perceiver(), changed(image, turn)
        row = [_ms(reader, image[:, :, ::-1]), _ms(perceiver.perceive, image), _ms(perceiver.perceive, other)]
        screen = perceiver.perceive(image)
        row.append(max(_ms(locate, screen, words) for words in ASKED))
        if turn:  # the first turn loads the networks
            for values, value in zip(found.values(), row, strict=True):
                values.append(value)
    return {kind: statistics.median(values) for kind, values in found.items()}


def _print_table(folder: Path, cores: int, rounds: int) -> None:
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])
    print(f"\n{len(os.sched_getaffinity(0))} core(s); median ms of {rounds} turns")
    print(f"{'screen':<18}{'RapidOCR':>10}{'new':>8}{'ratio':>7}{'5 % changed':>13}{'ratio':>7}{'locate':>8}")
    for path in sorted(folder.glob("*.png")):
        ms = measure(path, rounds)
        ratios = ms["RapidOCR"] / ms["new"], ms["RapidOCR"] / ms["changed"]
        print(
            f"{path.stem:<18}{ms['RapidOCR']:>10.0f}{ms['new']:>8.0f}{ratios[0]:>7.1f}"
            f"{ms['changed']:>13.0f}{ratios[1]:>7.1f}{ms['locate']:>8.1f}",
            flush=True,
        )


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print a table for each number of cores."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.speed.perception", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--rounds", type=int, default=7, help="turns of each side (default 7)")
    parser.add_argument("--cores", type=int, nargs="+", default=[1, 2], help="cores to use (default 1 2)")
    parser.add_argument("--screens", type=Path, help="folder of PNG screenshots to read, instead of those drawn")
    options = parser.parse_args(arguments)
    if options.screens and len(options.cores) == 1:
        _print_table(options.screens, options.cores[0], options.rounds)
        return 0
    with tempfile.TemporaryDirectory() as drawn:
        folder = options.screens or Path(drawn)
        if not options.screens:
            draw(folder)
        for cores in options.cores:  # a process each: networks are loaded for the cores there are
            words = ("--screens", str(folder), "--cores", str(cores), "--rounds", str(options.rounds))
            subprocess.run([sys.executable, "-m", "benchmarks.speed.perception", *words], check=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
