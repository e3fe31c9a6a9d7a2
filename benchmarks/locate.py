"""Accuracy of the built-in model's `locate` on real screens.

``python -m benchmarks.locate --data FOLDER [--file instructions.jsonl]``: each line of the file has `image` (relative
to the file's folder), `instruction`, `bbox` [x1, y1, x2, y2] in pixels (null where the image lacks the target) and
`data_type`. A point inside the box, edges included, is right; a refusal is wrong unless the target is absent, and is
also counted separately. `--elsewhere` also asks each instruction on an image of another app, where a refusal is right.
``python -m tools.locate_screens`` makes such a file.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw
from rich.progress import track

from actions.frame import Box
from agent.core.model import Grounding
from agent.perception.elements import PerceivedScreen
from agent.perception.meaning.locate import locate
from agent.perception.perceive import Perceiver
from benchmarks.figures.statistics import wilson
from benchmarks.suites.decoding import decoded


@dataclass(frozen=True)
class LocateSample:
    """An image, an instruction and the box (pixels) of its target; None where the image lacks it."""

    image: Path
    instruction: str
    box: Box | None
    kind: str
    wording: str
    app: str


@dataclass(frozen=True)
class LocateResult:
    """A grounding and whether it is right. `seconds` is for `locate` without perception."""

    sample: LocateSample
    grounding: Grounding
    right: bool
    seconds: float


def read_samples(file: Path) -> list[LocateSample]:
    """The samples of a JSON-lines file. Raises ValueError naming the line that is not one."""
    samples = []
    for number, line in enumerate(decoded(file.read_bytes()).splitlines(), 1):
        if line.strip():
            try:
                samples.append(_sample(json.loads(line), file.parent))
            except (KeyError, TypeError, ValueError) as error:
                raise ValueError(
                    f"{file}:{number}: not a sample with image, instruction, bbox and data_type ({error})"
                ) from error
    return samples


def _sample(row: dict[str, Any], folder: Path) -> LocateSample:
    box = None if row["bbox"] is None else Box(*(float(value) for value in row["bbox"]))
    app = row.get("app") or Path(row["image"]).stem
    return LocateSample(folder / row["image"], row["instruction"], box, row["data_type"], row.get("wording", ""), app)


def evaluate(samples: Sequence[LocateSample], perceive: Callable[[Path], PerceivedScreen]) -> list[LocateResult]:
    """The result of every sample, with a progress bar on stderr."""
    results = []
    for sample in track(samples, description="locate", transient=True):
        screen = perceive(sample.image)
        start = time.perf_counter()
        grounding = locate(screen, sample.instruction)
        seconds = time.perf_counter() - start
        right = _is_right(sample, grounding)
        results.append(LocateResult(sample, grounding, right, seconds))
    return results


def _is_right(sample: LocateSample, grounding: Grounding) -> bool:
    if sample.box is None or grounding.point is None:
        return sample.box is None and grounding.refused
    return sample.box.holds(grounding.point)


def on_other_screens(samples: Sequence[LocateSample], seed: int = 0) -> list[LocateSample]:
    """Each sample with a target, on an image of another app; the same for the same samples and seed."""
    images = {sample.image: sample.app for sample in samples}
    chance = random.Random(seed)
    found = []
    for sample in samples:
        others = [image for image, app in images.items() if app != sample.app]
        if others and sample.box is not None:
            found.append(replace(sample, image=chance.choice(others), box=None, wording="", kind="on another screen"))
    return found


def calibration_error(results: Sequence[LocateResult], bins: int = 10) -> float | None:
    """The mean distance between score and accuracy over `bins` groups of the answers by score; None without answers."""
    answered = sorted((r for r in results if not r.grounding.refused), key=lambda r: r.grounding.score or 0.0)
    if not answered:
        return None
    groups = [answered[len(answered) * i // bins : len(answered) * (i + 1) // bins] for i in range(bins)]
    gaps = [abs(sum((r.grounding.score or 0.0) - r.right for r in group)) for group in groups]
    return sum(gaps) / len(answered)


def report(results: Sequence[LocateResult], perceive_seconds: Sequence[float]) -> str:
    """The figures as text: all, by data type, by wording."""
    lines = [_row("all", results)]
    groups: dict[str, list[LocateResult]] = defaultdict(list)
    for result in results:
        groups[result.sample.kind].append(result)
        if result.sample.wording:
            groups[f"wording {result.sample.wording}"].append(result)
    lines += [_row(group, groups[group]) for group in sorted(groups)]
    if (error := calibration_error(results)) is not None:
        lines.append(f"calibration error of the answers: {error:.3f}")
    if perceive_seconds:
        lines.append(
            f"median seconds: perceive {statistics.median(perceive_seconds):.2f} on {len(perceive_seconds)} images"
        )
    lines.append(f"median seconds: locate {statistics.median(r.seconds for r in results):.3f}")
    return "\n".join(lines)


def _row(name: str, results: Sequence[LocateResult]) -> str:
    right = sum(r.right for r in results)
    refused = sum(r.grounding.refused for r in results)
    low, high = wilson(right, len(results)) or (0.0, 1.0)
    share = right / len(results)
    accuracy = f"{right:4d}/{len(results):<4d} {share:6.1%} [{low:.1%}, {high:.1%}]"
    return f"{name:22s} {accuracy}  refused {refused / len(results):.1%}"


def draw_failures(results: Iterable[LocateResult], folder: Path) -> int:
    """Draw the target (green) and the answer (red) of each wrong result into `folder`; returns how many."""
    folder.mkdir(parents=True, exist_ok=True)
    wrong = [result for result in results if not result.right]
    for number, result in enumerate(wrong):
        image = Image.open(result.sample.image).convert("RGB")
        pen = ImageDraw.Draw(image)
        if result.sample.box is not None:
            pen.rectangle(tuple(result.sample.box), outline="green", width=5)
        if result.grounding.point is not None:
            x, y = result.grounding.point
            pen.ellipse((x - 12, y - 12, x + 12, y + 12), outline="red", width=5)
        pen.text((5, 5), result.sample.instruction, fill="red", font_size=max(14, image.width // 30))
        image.save(folder / f"{number:04d}.png")
    return len(wrong)


class ImageReader:
    """Perceives each image once, in the order of the samples."""

    def __init__(self) -> None:
        self._perceiver = Perceiver()
        self._screens: dict[Path, PerceivedScreen] = {}
        self.seconds: list[float] = []

    def __call__(self, path: Path) -> PerceivedScreen:
        """The elements of the image at `path`."""
        if path not in self._screens:
            pixels = np.asarray(Image.open(path).convert("RGB"))
            start = time.perf_counter()
            self._screens[path] = self._perceiver.perceive(pixels)
            self.seconds.append(time.perf_counter() - start)
        return self._screens[path]


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.locate", description=__doc__.splitlines()[0] if __doc__ else ""
    )
    parser.add_argument("--data", type=Path, required=True, help="folder with the samples")
    parser.add_argument("--file", default="instructions.jsonl", help="JSON-lines file in it (default: %(default)s)")
    parser.add_argument("--limit", type=int, help="only the first N samples")
    parser.add_argument("--elsewhere", action="store_true", help="ask each instruction on an image of another app too")
    parser.add_argument("--failures", type=Path, help="draw wrong answers into this folder")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line; returns the exit status."""
    options = _arguments().parse_args(argv)
    try:
        samples = read_samples(options.data / options.file)[: options.limit]
    except (OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    if not samples:
        print(f"error: no samples in {options.data / options.file}", file=sys.stderr)
        return 2
    perceive = ImageReader()
    results = evaluate(samples, perceive)
    print(report(results, perceive.seconds))
    if options.elsewhere and (moved := on_other_screens(samples)):
        answered = sum(not r.right for r in evaluate(moved, perceive))
        low, high = wilson(answered, len(moved)) or (0.0, 1.0)
        print(f"answered on the screen of another app: {answered}/{len(moved)} = {answered / len(moved):.1%} ", end="")
        print(f"[{low:.1%}, {high:.1%}]")
    if options.failures:
        print(f"{draw_failures(results, options.failures)} wrong answers drawn in {options.failures}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
