"""One side of `benchmarks.speed.harness` in a process of its own: our runner, or another project's own code.

A side is asked by lines of JSON on stdin (`folder` of a `jsonl` suite, `url`, `workers`) and answers each on stdout
with its `seconds`, `cpu` seconds and `peak` memory in bytes so far. The others are run from a checkout, unchanged;
nothing of them is copied here. Their time is that of their loop over the samples alone: imports, judging and figures,
which ours has, are left out. Both send pictures as large as they are, as PNG by Pillow: the server is to resize them.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from argparse import Namespace
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import Any

from agent.models.spec import ModelSpec
from benchmarks.runner.plan import RunPlan
from benchmarks.runner.run import ExecutionOptions, run_plan
from benchmarks.speed.instant import NAME

CHECKOUTS = "HANDEYE_PEERS"
"""The environment variable with the folder of the checkouts, each under the name of its repository."""
Job = Mapping[str, Any]


@dataclass(frozen=True)
class Peer:
    """Another project's runner: where it is published, the commit measured, its folder in the repository."""

    source: str
    commit: str
    folder: str
    script: str

    @property
    def root(self) -> Path:
        """The folder of `script` in the checkout."""
        return Path(os.environ.get(CHECKOUTS, "")) / self.source.rpartition("/")[2] / self.folder

    @property
    def missing(self) -> str:
        """Why it cannot be run, in one line; empty where it can."""
        if (self.root / self.script).is_file():
            return ""
        return (
            f"clone https://github.com/{self.source} (measured: {self.commit}) and name the folder over it: {CHECKOUTS}"
        )


PEERS = {
    "clawgui": Peer("ZJU-REAL/ClawGUI", "d990d3e", "clawgui-eval", "main.py"),
    "screenspot-pro": Peer("likaixin2000/ScreenSpot-Pro-GUI-Grounding", "bd8bbbb", "", "eval_screenspot_pro.py"),
}


def ours(job: Job) -> float:
    """The whole of ``handeye bench jsonl``: suite read and checked, answers kept and judged, result written."""
    with tempfile.TemporaryDirectory() as out:
        start = time.perf_counter()
        plan = RunPlan("jsonl", ModelSpec(job["url"]), Path(job["folder"]))
        done = run_plan(plan, ExecutionOptions(workers=job["workers"], out=Path(out) / "run"))
        seconds = time.perf_counter() - start
    if not done.result.complete:
        raise SystemExit(f"the harness did not get all answers: {done.result.errors[0]}")
    return seconds


def clawgui(job: Job) -> float:
    """``run_inference``, for several workers ``run_inference_multithreaded``, with the arguments of its ``main``."""
    runner, samples = import_module("main"), [
        {"id": str(n), "image": str(Path(job["folder"]) / one["image"]), "question": one["instruction"]}
        for n, one in enumerate(_samples(job))
    ]  # fmt: skip
    asks = runner.get_inferencer(
        "qwen25vl", "", "api", api_base=job["url"], model_name=NAME, max_tokens=512, temperature=0.0, top_k=-1
    )
    with tempfile.TemporaryDirectory() as out:
        start, path = time.perf_counter(), f"{out}/predictions.jsonl"
        if job["workers"] > 1:
            done, _ = runner.run_inference_multithreaded(asks, samples, path, num_threads=job["workers"])
        else:
            done, _ = runner.run_inference(asks, samples, path)
        seconds = time.perf_counter() - start
    if any("error" in one for one in done) or len(done) < len(samples):
        raise SystemExit("ClawGUI did not get all answers")
    return seconds


def screenspot_pro(job: Job) -> float:
    """``main`` with its model ``gpt4o``, which asks a server; one sample after another."""
    known = {"application": "app", "platform": "desktop", "ui_type": "text", "group": "all"}
    samples = [
        {"id": "", **one} | known | {"img_filename": one["image"], "img_size": [1920, 1080]} for one in _samples(job)
    ]
    os.environ |= {"OPENAI_BASE_URL": job["url"], "OPENAI_API_KEY": "none"}
    runner = import_module("eval_screenspot_pro")
    import_module("models.gpt4x")
    with tempfile.TemporaryDirectory() as test:
        (Path(test) / "all.json").write_text(json.dumps(samples))
        options = {"model_type": "gpt4o", "model_name_or_path": None, "screenspot_imgs": job["folder"], "task": "all"}
        options |= {"screenspot_test": test, "inst_style": "instruction", "language": "en", "gt_type": "positive"}
        start = time.perf_counter()
        runner.main(Namespace(**options, log_path=f"{test}/log/log"))
        return time.perf_counter() - start


def _samples(job: Job) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (Path(job["folder"]) / "samples.jsonl").read_text().splitlines()]


SIDES: dict[str, Callable[[Job], float]] = {"ours": ours, "clawgui": clawgui, "screenspot-pro": screenspot_pro}


class SideProcess:
    """A side as a context manager. Raises SystemExit with its last line where it fails."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> SideProcess:
        command = [sys.executable, "-m", "benchmarks.speed.grounding_peers", self._name]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        self._process = subprocess.Popen(command, text=True, env=os.environ | {"NO_PROXY": "127.0.0.1"}, **pipes)  # type: ignore[call-overload]
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._process.kill()
        self._process.communicate()

    def run(self, folder: Path, url: str, workers: int) -> dict[str, float]:
        """`seconds`, `cpu` and `peak` of one run."""
        self._process.stdin.write(json.dumps({"folder": str(folder), "url": url, "workers": workers}) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            said = self._process.stderr.read().strip().splitlines() or ["no reason given"]
            raise SystemExit(f"{self._name}: {said[-1]}")
        found: dict[str, float] = json.loads(answer)
        return found


def main() -> None:
    """Answer jobs until stdin ends. What a side prints is thrown away."""
    name = sys.argv[1]
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    if name in PEERS:
        sys.path.insert(0, str(PEERS[name].root))
    for line in sys.stdin:
        start = time.process_time()
        said = {"seconds": SIDES[name](json.loads(line)), "cpu": time.process_time() - start}
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        print(json.dumps(said | {"peak": peak}), file=answers, flush=True)


if __name__ == "__main__":
    main()
