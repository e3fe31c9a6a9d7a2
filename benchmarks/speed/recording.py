"""``python -m benchmarks.speed.recording``: what recording adds to a step, beside two other projects.

A drawn desktop at 1920x1080, mostly still: windows and a photograph on a soft wallpaper, somebody types into an editor,
the caret blinks, a clock ticks, now and then a menu or another window opens. Both sides get the same screens:

* **ours**: `agent.episodes.EpisodeWriter`, as `handeye run` uses it. What counts is the time that the loop waits:
  `add_frame` and `append` together; between them the model thinks (``--think`` seconds, 0: nothing to hide behind).
* **cua** and **agent-s**: what their recorders do with a step (`benchmarks.speed.recording_peers`), measured on some of
  the screens only (``--sample``), in turns with each other; their folders are reckoned for all of them. Their time is
  that of the files alone, and with the PNG of the screenshot, which they also send to the model.

Afterwards the episode is read back: the last screen must be there to the pixel.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import ImageDraw, ImageFont
from rich.progress import Progress

from actions.action import Click
from actions.frame import Frame, Point
from agent.core.step import Step
from agent.core.task import Ending
from agent.episodes import EpisodeHeader, EpisodeWriter, read_episode
from agent.views.terminal import console
from benchmarks.speed.images import screenshot
from benchmarks.speed.recording_peers import PEERS, png_by_pillow
from envs.env import Image

SIZE = 1920, 1080
WORDS = ("the", "quick", "brown", "fox", "jumps", "over", "a", "lazy", "dog", "and", "types", "what", "it", "sees")
WORDING = {
    "median_ms": "a step waits, median ms",
    "with_png_ms": "with the screen's PNG",
    "p95_ms": "95 % wait less than, ms",
    "processor_ms": "processor, median ms",
    "folder_mb": "folder, MB",
}
_EDITOR = 260, 160, 1240, 860


class Desktop:
    """The screens of a run, one after another; the same every time."""

    def __init__(self) -> None:
        self._still = screenshot(7, SIZE)
        self._pen, self._font = ImageDraw.Draw(self._still), ImageFont.load_default(18)
        self._window(self._pen, _EDITOR, "notes.txt - Editor")
        self._at = (0, 0)

    def screen(self, number: int) -> Image:
        """Screen `number`; to be asked for in order."""
        if number % 3 and self._type(WORDS[number % len(WORDS)]) is None:
            self._window(self._pen, _EDITOR, "notes.txt - Editor")  # a new page
        if number % 20 == 0:
            self._pen.rectangle((1780, 4, 1915, 28), fill="#20242c")
            self._pen.text((1790, 6), f"14:{number // 20 % 60:02}", "white", self._font)
        shown = self._still.copy()
        pen = ImageDraw.Draw(shown)
        x, y = self._caret()
        if number % 2:
            pen.line((x, y, x, y + 20), "black", 2)
        if number % 30 < 2:
            self._window(pen, (270, 200, 520, 520), "Menu")
        if number % 100 >= 90:
            self._window(pen, (700, 300, 1700, 900), f"Files {number // 100}")
        return np.asarray(shown)

    def _caret(self) -> tuple[int, int]:
        return _EDITOR[0] + 16 + self._at[0], _EDITOR[1] + 48 + 26 * self._at[1]

    def _type(self, word: str) -> str | None:
        """Draw a word at the caret; None where the page is full."""
        wide, (column, row) = int(self._pen.textlength(f"{word} ", self._font)), self._at
        if column + wide > _EDITOR[2] - _EDITOR[0] - 40:
            column, row = 0, row + 1
        full = row > 24
        self._at = (0, 0) if full else (column, row)
        self._pen.text(self._caret(), word, "#202020", self._font)
        self._at = (self._at[0] + wide, self._at[1])
        return None if full else word

    def _window(self, pen: ImageDraw.ImageDraw, place: tuple[int, int, int, int], title: str) -> None:
        left, top, right, _ = place
        pen.rectangle(place, "#fbfbfb", "#70757d")
        pen.rectangle((left, top, right, top + 32), "#3b4252")
        pen.text((left + 12, top + 6), title, "white", self._font)


@dataclass
class RecordingCost:
    """What one side took: milliseconds that each step waited, those that coding its screen took before, those of
    processor time that both cost in all threads, bytes of the folder, MB of resident memory by step.
    """

    milliseconds: list[float] = field(default_factory=list)
    coding: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)
    size: int = 0
    memory: dict[int, float] = field(default_factory=dict)

    @property
    def median(self) -> float:
        """Milliseconds."""
        return statistics.median(self.milliseconds)

    @property
    def late(self) -> float:
        """Milliseconds that 95 % of the steps stay below."""
        return statistics.quantiles(self.milliseconds, n=20)[-1] if len(self.milliseconds) > 1 else self.median

    def to_json(self) -> dict[str, float]:
        """The figures."""
        coded = map(sum, zip(self.milliseconds, self.coding, strict=True)) if self.coding else self.milliseconds
        return {
            "median_ms": self.median,
            "with_png_ms": statistics.median(coded),
            "p95_ms": self.late,
            "processor_ms": statistics.median(self.processor),
            "folder_mb": self.size / 1e6,
        }


def ours(folder: Path, steps: int, think: float, told: Callable[[], object]) -> RecordingCost:
    """Record `steps` screens as an episode in `folder`."""
    run, desktop = RecordingCost(), Desktop()
    header = EpisodeHeader(task="type", model="none", env="drawn", platform="desktop")
    screen = desktop.screen(0)
    with EpisodeWriter.create(folder, header) as writer:
        for number in range(steps):
            screen = desktop.screen(number)
            busy, start = time.process_time(), time.perf_counter()
            name = writer.add_frame(screen)
            spent = time.perf_counter() - start
            time.sleep(think)
            step = _step(number, name)
            start = time.perf_counter()
            writer.append(step)
            run.milliseconds.append(1000 * (spent + time.perf_counter() - start))
            run.processor.append(1000 * (time.process_time() - busy))
            if number + 1 in _marks(steps):
                run.memory[number + 1] = _resident()
            told()
        writer.finish(Ending.DONE)
    episode = read_episode(folder)
    if episode.problems or not np.array_equal(episode.image(episode.steps[-1]), screen):
        raise SystemExit(f"the episode does not read back: {[*episode.problems]}")
    run.size = _bytes(folder)
    return run


def theirs(folder: Path, steps: int, every: int, told: Callable[[], object]) -> dict[str, RecordingCost]:
    """Record one screen of `every` as each of `PEERS` does."""
    runs, desktop = {name: RecordingCost() for name in PEERS}, Desktop()
    for name in PEERS:
        (folder / name).mkdir(parents=True)
    for number in range(steps):
        screen = desktop.screen(number)
        if number % every:
            continue
        for name, peer in PEERS.items():
            step = _step(number, "")
            busy, start = time.process_time(), time.perf_counter()
            png = png_by_pillow(screen)
            coded = time.perf_counter()
            peer.save(folder / name, step, png)
            runs[name].coding.append(1000 * (coded - start))
            runs[name].milliseconds.append(1000 * (time.perf_counter() - coded))
            runs[name].processor.append(1000 * (time.process_time() - busy))
        told()
    for name, run in runs.items():
        run.size = round(_bytes(folder / name) * steps / len(run.milliseconds))
    return runs


def _step(number: int, name: str) -> Step:
    frame = Frame(id=f"{number:04d}", width=SIZE[0], height=SIZE[1])
    click = Click(point=Point(960, 540))
    answer = json.dumps({"name": "computer_use", "arguments": {"action": "left_click", "coordinate": [960, 540]}})
    thought = f"Step {number}: the editor is in front, so I go on typing the text that was asked for."
    return Step(index=number, time=time.time(), frame=frame, image=name, action=click, thought=thought, raw=answer)


def _marks(steps: int) -> tuple[int, ...]:
    return tuple(max(1, steps * share // 100) for share in (10, 25, 50, 100))


def _resident() -> float:
    """MB of memory that this process holds."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print a table, or one JSON object with ``--json``."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed.recording", description=__doc__)
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--think", type=float, default=0.1, help="seconds that the model thinks in each step")
    parser.add_argument("--sample", type=int, default=20, help="one screen of so many is recorded the others' way")
    parser.add_argument("--out", type=Path, help="keep the episode in this folder")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args(arguments)
    found = measure(given.steps, given.think, given.sample, given.out)
    print(json.dumps(found)) if given.json else _show(found)


def measure(steps: int, think: float, every: int, out: Path | None = None) -> dict[str, object]:
    """All sides over the same screens; figures in milliseconds and MB, and how many times ours each of theirs is."""
    with tempfile.TemporaryDirectory() as folder, Progress(console=console(), transient=True) as bar:
        total = steps + len(range(0, steps, every))
        task = bar.add_task("recording", total=total)
        kept = ours(out or Path(folder) / "ours", steps, think, lambda: bar.advance(task))
        others = theirs(Path(folder) / "theirs", steps, every, lambda: bar.advance(task))
    mine = kept.to_json()
    return {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}",
        "steps": steps,
        "size": SIZE,
        "think_seconds": think,
        "ours": mine | {"memory_mb": kept.memory},
        "peers": {name: run.to_json() | {"measured_steps": len(run.milliseconds)} for name, run in others.items()},
        "times_ours": {
            name: {figure: value / mine[figure] for figure, value in run.to_json().items()}
            for name, run in others.items()
        },
        "sources": {name: f"{peer.source} at {peer.commit[:7]}, {peer.path}" for name, peer in PEERS.items()},
    }


def _show(found: dict[str, Any]) -> None:
    mine, size = found["ours"], "x".join(map(str, SIZE))
    print(f"{found['steps']} steps at {size}, the model thinks {found['think_seconds']} s; {found['machine']}")
    print(f"{'':<26}{'ours':>10}" + "".join(f"{name:>20}" for name in found["peers"]))
    for figure, words in WORDING.items():
        others = "".join(
            f"{peer[figure]:>12.1f} ({found['times_ours'][name][figure]:.1f}x)".rjust(20)
            for name, peer in found["peers"].items()
        )
        print(f"{words:<26}{mine[figure]:>10.1f}{others}")
    memory = ", ".join(f"{megabytes:.0f} MB at step {step}" for step, megabytes in mine["memory_mb"].items())
    print(f"memory: {memory}")
    for name, source in found["sources"].items():
        print(f"{name}: {source}")


if __name__ == "__main__":
    main()
