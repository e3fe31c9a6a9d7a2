"""``python -m benchmarks.speed.recording``: what recording adds to a step, against saving every screen with Pillow.

A drawn desktop at 1920x1080, mostly still: windows and a photograph on a soft wallpaper, somebody types into an editor,
the caret blinks, a clock ticks, now and then a menu or another window opens. Both sides get the same screens:

* **ours**: `agent.episodes.EpisodeWriter`, as `handeye run` uses it. What counts is the time that the loop waits:
  `add_frame` and `append` together; between them the model thinks (``--think`` seconds, 0: nothing to hide behind).
* **the usual way**: each screen saved as PNG by Pillow with its defaults, and a line of JSON. Measured on some of the
  screens only (``--usual``); its folder is reckoned for all of them.

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

import numpy as np
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont
from rich.progress import Progress

from actions.action import Click
from actions.frame import Frame, Point
from agent.core.step import Step
from agent.core.task import Ending
from agent.episodes import EpisodeHeader, EpisodeWriter, read_episode
from agent.views.terminal import console
from benchmarks.speed.images import screenshot
from envs.env import Image

SIZE = 1920, 1080
WORDS = ("the", "quick", "brown", "fox", "jumps", "over", "a", "lazy", "dog", "and", "types", "what", "it", "sees")
WORDING = {
    "median_ms": "a step waits, median ms",
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
    """What one side took: milliseconds that each step waited, those of processor time that it cost in all threads,
    bytes of the folder, MB of resident memory by step.
    """

    milliseconds: list[float] = field(default_factory=list)
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

    def to_json(self) -> dict[str, object]:
        """The figures."""
        return {
            "median_ms": self.median,
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


def usual(folder: Path, steps: int, every: int, told: Callable[[], object]) -> RecordingCost:
    """Save one screen of `every` with Pillow's defaults, and a line for it."""
    run, desktop = RecordingCost(), Desktop()
    folder.mkdir(parents=True)
    with (folder / "steps.jsonl").open("w", encoding="utf-8") as lines:
        for number in range(steps):
            screen = desktop.screen(number)
            if number % every:
                continue
            busy, start = time.process_time(), time.perf_counter()
            name = f"{number:04d}.png"
            Pillow.fromarray(screen).save(folder / name)
            lines.write(json.dumps(_step(number, name).model_dump(mode="json")) + "\n")
            lines.flush()
            run.milliseconds.append(1000 * (time.perf_counter() - start))
            run.processor.append(1000 * (time.process_time() - busy))
            told()
    run.size = round(_bytes(folder) * steps / len(run.milliseconds))
    return run


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
    parser.add_argument("--usual", type=int, default=20, help="save one screen of so many the usual way")
    parser.add_argument("--out", type=Path, help="keep the episode in this folder")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args(arguments)
    found = measure(given.steps, given.think, given.usual, given.out)
    print(json.dumps(found)) if given.json else _show(found)


def measure(steps: int, think: float, every: int, out: Path | None = None) -> dict[str, object]:
    """Both sides over the same screens; figures in milliseconds and MB."""
    with tempfile.TemporaryDirectory() as folder, Progress(console=console(), transient=True) as bar:
        total = steps + len(range(0, steps, every))
        task = bar.add_task("recording", total=total)
        kept = ours(out or Path(folder) / "ours", steps, think, lambda: bar.advance(task))
        other = usual(Path(folder) / "usual", steps, every, lambda: bar.advance(task))
    return {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}",
        "steps": steps,
        "size": SIZE,
        "think_seconds": think,
        "ours": kept.to_json() | {"memory_mb": kept.memory},
        "usual": other.to_json() | {"measured_steps": len(other.milliseconds)},
    }


def _show(found: dict[str, object]) -> None:
    mine, other = found["ours"], found["usual"]
    assert isinstance(mine, dict)
    assert isinstance(other, dict)
    size, think = "x".join(map(str, SIZE)), found["think_seconds"]
    print(f"{found['steps']} steps at {size}, the model thinks {think} s; {found['machine']}")
    print(f"{'':<26}{'ours':>10}{'usual way':>12}")
    for name, words in WORDING.items():
        print(f"{words:<26}{mine[name]:>10.1f}{other[name]:>12.1f}")
    memory = ", ".join(f"{megabytes:.0f} MB at step {step}" for step, megabytes in mine["memory_mb"].items())
    print(f"memory: {memory}")


if __name__ == "__main__":
    main()
