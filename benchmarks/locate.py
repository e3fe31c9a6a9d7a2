"""How often the built-in model finds what is described on real screens.

``python -m benchmarks.locate --data FOLDER [--file instructions.jsonl]``: each line of the file has `image` (relative
to the file's folder), `instruction`, `bbox` [x1, y1, x2, y2] in pixels and `data_type`. A point inside the box, edges
included, is right; a refusal is wrong and is also counted on its own.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True)
class LocateSample:
    """One question: an image, an instruction in words and the box (pixels) that answers it."""

    image: Path
    instruction: str
    box: Box
    kind: str
    wording: str
    app: str


@dataclass(frozen=True)
class LocateResult:
    """One answer and whether it was right. `seconds` is for `locate` alone."""

    sample: LocateSample
    grounding: Grounding
    right: bool
    seconds: float


def read_samples(file: Path) -> list[LocateSample]:
    """The samples of a JSON-lines file. Raises ValueError naming the line that is not one."""
    samples = []
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        if line.strip():
            try:
                samples.append(_sample(json.loads(line), file.parent))
            except (KeyError, TypeError, ValueError) as error:
                raise ValueError(
                    f"{file}:{number}: not a sample with image, instruction, bbox and data_type ({error})"
                ) from error
    return samples


def _sample(row: dict[str, Any], folder: Path) -> LocateSample:
    box = Box(*(float(value) for value in row["bbox"]))
    app = row.get("app") or Path(row["image"]).stem
    return LocateSample(folder / row["image"], row["instruction"], box, row["data_type"], row.get("wording", ""), app)


def wilson(right: int, total: int, z: float = 1.96) -> tuple[float, float]:
    """Wilson's score interval (95 % by default) for `right` of `total`, as shares; (0, 1) where `total` is 0."""
    if total == 0:
        return 0.0, 1.0
    share = right / total
    spread = z * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    middle = share + z * z / (2 * total)
    return (middle - spread) / (1 + z * z / total), (middle + spread) / (1 + z * z / total)


def evaluate(samples: Sequence[LocateSample], look: Callable[[Path], PerceivedScreen]) -> list[LocateResult]:
    """Every sample answered, with a progress bar on stderr."""
    results = []
    for sample in track(samples, description="locate", transient=True):
        screen = look(sample.image)
        start = time.perf_counter()
        grounding = locate(screen, sample.instruction)
        seconds = time.perf_counter() - start
        right = grounding.point is not None and sample.box.holds(grounding.point)
        results.append(LocateResult(sample, grounding, right, seconds))
    return results


def report(results: Sequence[LocateResult], look_seconds: Sequence[float]) -> str:
    """The figures as text: all, by data type, by wording."""
    lines = [_row("all", results)]
    groups: dict[str, list[LocateResult]] = defaultdict(list)
    for result in results:
        groups[result.sample.kind].append(result)
        if result.sample.wording:
            groups[f"wording {result.sample.wording}"].append(result)
    lines += [_row(group, groups[group]) for group in sorted(groups)]
    if look_seconds:
        lines.append(f"median seconds: look {statistics.median(look_seconds):.2f} on {len(look_seconds)} images")
    lines.append(f"median seconds: locate {statistics.median(r.seconds for r in results):.3f}")
    return "\n".join(lines)


def _row(name: str, results: Sequence[LocateResult]) -> str:
    right = sum(r.right for r in results)
    refused = sum(r.grounding.refused for r in results)
    low, high = wilson(right, len(results))
    share = right / len(results)
    accuracy = f"{right:4d}/{len(results):<4d} {share:6.1%} [{low:.1%}, {high:.1%}]"
    return f"{name:22s} {accuracy}  refused {refused / len(results):.1%}"


def draw_failures(results: Iterable[LocateResult], folder: Path) -> int:
    """Draw target (green) and answer (red) of each wrong result into `folder`; returns how many."""
    folder.mkdir(parents=True, exist_ok=True)
    wrong = [result for result in results if not result.right]
    for number, result in enumerate(wrong):
        image = Image.open(result.sample.image).convert("RGB")
        pen = ImageDraw.Draw(image)
        pen.rectangle(tuple(result.sample.box), outline="green", width=5)
        if result.grounding.point is not None:
            x, y = result.grounding.point
            pen.ellipse((x - 12, y - 12, x + 12, y + 12), outline="red", width=5)
        pen.text((5, 5), result.sample.instruction, fill="red", font_size=max(14, image.width // 30))
        image.save(folder / f"{number:04d}.png")
    return len(wrong)


class _Looker:
    """Looks at each image once, in the order asked for."""

    def __init__(self) -> None:
        self._perceiver = Perceiver()
        self._seen: dict[Path, PerceivedScreen] = {}
        self.seconds: list[float] = []

    def __call__(self, path: Path) -> PerceivedScreen:
        if path not in self._seen:
            pixels = np.asarray(Image.open(path).convert("RGB"))
            start = time.perf_counter()
            self._seen[path] = self._perceiver.perceive(pixels)
            self.seconds.append(time.perf_counter() - start)
        return self._seen[path]


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.locate", description=__doc__.splitlines()[0] if __doc__ else ""
    )
    parser.add_argument("--data", type=Path, required=True, help="folder with the samples")
    parser.add_argument("--file", default="instructions.jsonl", help="JSON-lines file in it (default: %(default)s)")
    parser.add_argument("--limit", type=int, help="only the first N samples")
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
    look = _Looker()
    results = evaluate(samples, look)
    print(report(results, look.seconds))
    if options.failures:
        print(f"{draw_failures(results, options.failures)} wrong answers drawn in {options.failures}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
