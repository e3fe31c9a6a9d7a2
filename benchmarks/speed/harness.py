"""``python -m benchmarks.speed.harness``: samples a second of the grounding harness, against the usual script.

Both sides ask the same instant model server (a process of its own, over real HTTP) about the same pictures, in turns:

* **ours**: ``handeye bench jsonl``, whole: suite read and checked, pictures decoded, resized, coded and sent, answers
  parsed, kept on disk line by line, judged, summed up, result written. Pictures are decoded once for neighbouring
  samples; while a question is at the server, other threads get the next pictures ready.
* **the usual script**: one sample after another, as the evaluation scripts of ScreenSpot-Pro and its like do with a
  served Qwen2.5-VL: open with Pillow, smart_resize with Pillow's bicubic, PNG and base64, an OpenAI-style request over
  a kept connection, a regular expression over the answer, the point in the box. Its results are not stored.

Then the same harness against a server that thinks for 50 ms: what share of each worker's time is the model's thinking.
"""

from __future__ import annotations

import argparse
import base64
import io
import json
import os
import platform
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from PIL import Image

from agent.models.dialects.registry import get_dialect
from agent.models.spec import ModelSpec
from benchmarks.runner.plan import RunPlan
from benchmarks.runner.run import ExecutionOptions, run_plan
from benchmarks.speed.images import write_suite
from benchmarks.speed.instant import NAME, InstantServer

PAUSE = 0.05
PROMPT = (
    "You are a GUI grounding assistant. The screen's resolution is {width}x{height}. Output the centre of the element "
    "that fits the instruction as a computer_use call.\nInstruction: {instruction}"
)


def ours(folder: Path, url: str, workers: int) -> tuple[float, float]:
    """Run the real harness; seconds of the whole run, and of its sitting (the first question to the last answer)."""
    with tempfile.TemporaryDirectory() as out:
        start = time.perf_counter()
        done = run_plan(
            RunPlan("jsonl", ModelSpec(url), folder), ExecutionOptions(workers=workers, out=Path(out) / "run")
        )
        seconds = time.perf_counter() - start
    if not done.result.complete:
        raise SystemExit(f"the harness did not get all answers: {done.result.errors[0]}")
    return seconds, float(done.result.run["last_sitting"]["seconds"])


def usual(folder: Path, url: str) -> float:
    """The usual script over the same samples; seconds."""
    resize = get_dialect("qwen2.5-vl").resize
    start, right = time.perf_counter(), 0
    with httpx.Client(timeout=300, trust_env=False) as client:
        for line in (folder / "samples.jsonl").read_text(encoding="utf-8").splitlines():
            sample = json.loads(line)
            image = Image.open(folder / sample["image"]).convert("RGB")
            size = resize.size(*image.size)
            x, y = _ask(client, url, image.resize(size, Image.Resampling.BICUBIC), sample["instruction"])
            x, y = x * image.width / size[0], y * image.height / size[1]
            left, top, lower_right_x, lower_right_y = sample["bbox"]
            right += left <= x <= lower_right_x and top <= y <= lower_right_y
    return time.perf_counter() - start


def _ask(client: httpx.Client, url: str, image: Image.Image, instruction: str) -> tuple[float, float]:
    """The point in pixels of `image`."""
    data = io.BytesIO()
    image.save(data, "PNG")
    picture = f"data:image/png;base64,{base64.b64encode(data.getvalue()).decode()}"
    text = PROMPT.format(width=image.width, height=image.height, instruction=instruction)
    content = [{"type": "image_url", "image_url": {"url": picture}}, {"type": "text", "text": text}]
    body = {"model": NAME, "messages": [{"role": "user", "content": content}], "temperature": 0, "max_tokens": 256}
    answer = client.post(f"{url}/chat/completions", json=body).json()["choices"][0]["message"]["content"]
    found = re.search(r"\[\s*(\d+(?:\.\d+)?)\s*,\s*(\d+(?:\.\d+)?)\s*\]", answer)
    return (float(found[1]), float(found[2])) if found else (-1.0, -1.0)


@dataclass(frozen=True)
class Throughput:
    """Samples a second of both sides, a value for each round."""

    name: str
    workers: int
    ours: tuple[float, ...]
    usual: tuple[float, ...]

    @property
    def ratio(self) -> float:
        """Median of ours against median of theirs."""
        return statistics.median(self.ours) / statistics.median(self.usual)

    def to_json(self) -> dict[str, Any]:
        """For ``--json``."""
        rates = {"ours": statistics.median(self.ours), "usual": statistics.median(self.usual)}
        return {"setting": self.name, "workers": self.workers, **rates, "ratio": self.ratio, "rounds": len(self.ours)}


def speed(name: str, folder: Path, url: str, workers: Sequence[int], rounds: int) -> list[Throughput]:
    """Both sides in turns, `rounds` times."""
    count = len((folder / "samples.jsonl").read_text(encoding="utf-8").splitlines())
    theirs, mine = list[float](), dict[int, list[float]]({k: [] for k in workers})
    for _ in range(rounds):
        theirs.append(count / usual(folder, url))
        for k in workers:
            mine[k].append(count / ours(folder, url, k)[0])
    return [Throughput(name, k, tuple(mine[k]), tuple(theirs)) for k in workers]


def share_in_model(folder: Path, workers: int, rounds: int) -> float:
    """Median share of each worker's time, from the first question to the last answer, in which the model thinks."""
    with InstantServer(PAUSE) as server:
        shares = []
        for _ in range(rounds):
            before = server.asked()
            _, seconds = ours(folder, server.url, workers)
            shares.append((server.asked() - before) * PAUSE / (seconds * workers))
    return statistics.median(shares)


def measure(options: argparse.Namespace, say: Callable[[str], None]) -> dict[str, Any]:
    """Everything; the object that ``--json`` prints."""
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        say("drawing pictures")
        single = write_suite(root / "single", options.images, 1)
        double = write_suite(root / "double", options.images // 2, 2)
        settings = {"one target a picture": single, "two targets a picture": double}
        if options.data:
            settings["your own"] = options.data
        found = list[Throughput]()
        with InstantServer() as server:
            usual(single, server.url)  # files and code warm for both
            for name, folder in settings.items():
                say(f"instant model, {name}")
                found += speed(name, folder, server.url, options.workers, options.rounds)
        shares = {}
        for k in options.workers:
            say(f"model of {PAUSE * 1000:.0f} ms, {k} workers")
            shares[str(k)] = share_in_model(single, k, options.rounds)
    return {"speed": [one.to_json() for one in found], "share_in_model": shares, "pause": PAUSE, "machine": _machine()}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.speed.harness", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--images", type=int, default=60, help="pictures, 1920x1080 and 2560x1440 in turn (default 60)")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each side (default 3)")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 4], help="workers of ours (default 1 4)")
    parser.add_argument("--data", type=Path, help="also measure on this folder with a samples.jsonl")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(arguments)
    found = measure(options, lambda line: print(line, file=sys.stderr))
    if options.json:
        print(json.dumps(found))
    else:
        _print(found)
    return 0


def _print(found: dict[str, Any]) -> None:
    print(f"samples a second with an instant model, medians; {found['machine']}\n")
    print(f"{'setting':<24}{'workers':>8}{'ours':>10}{'usual':>10}{'times':>8}")
    for one in found["speed"]:
        print(f"{one['setting']:<24}{one['workers']:>8}{one['ours']:>10.1f}{one['usual']:>10.1f}{one['ratio']:>8.1f}")
    print(f"\na worker's time in a model of {found['pause'] * 1000:.0f} ms, first question to last answer")
    for workers, share in found["share_in_model"].items():
        print(f"{workers:>4} workers {share:>8.1%}")


def _machine() -> str:
    return f"{os.cpu_count()} cores, Python {platform.python_version()}, {sys.platform}"


if __name__ == "__main__":
    sys.exit(main())
