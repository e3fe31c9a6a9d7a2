"""A suite small enough to be run hundreds of times: ``toy`` is a grounding suite, ``toy-process`` an interactive one.

Its folder has a ``toy.json``: how many `samples` there are and, for ``toy-process``, what is to go wrong with which.
``python -m tests.benchmarks.toy_suite bench toy …`` is the real command line with these two suites added.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from actions.frame import Frame
from agent.core.model import Model, ModelError, ParseError
from benchmarks.figures.summary import summarise
from benchmarks.suite import Judged, Kind, Prediction, Sample, SampleVerdict, Suite, SuiteError, SuiteOptions, Summary
from benchmarks.suites import SUITES, Entry
from envs.env import Image, Observation

SIZE = 336, 224
OPENER = "tests.benchmarks.toy_suite:open_toy"


def register() -> None:
    SUITES["toy"] = Entry("grounding", "a toy", OPENER)
    SUITES["toy-process"] = Entry("interactive", "a toy", OPENER)


def make_data(folder: Path, samples: int, **faults: Any) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "toy.json").write_text(json.dumps({"samples": samples, **faults}))
    return folder


def place(number: int) -> tuple[int, int]:
    """Where target `number` is, in pixels."""
    return 10 + number * 37 % 300, 10 + number * 53 % 200


def picture(number: int) -> Image:
    image = np.full((SIZE[1], SIZE[0], 3), 255, np.uint8)
    x, y = place(number)
    image[y - 4 : y + 5, x - 4 : x + 5] = (number % 256, 80, 160)
    return image


@dataclass(frozen=True)
class Toy(Suite):
    name: str
    kind: Kind
    folder: Path
    options: SuiteOptions

    @property
    def settings(self) -> dict[str, Any]:
        return dict(json.loads((self.folder / "toy.json").read_text()))

    @property
    def protocol(self) -> Mapping[str, Any]:
        data = hashlib.sha256((self.folder / "toy.json").read_bytes()).hexdigest()
        return {"version": 1, "data": data, "mode": self.options.mode}

    def samples(self) -> Sequence[Sample]:
        parity = ("even", "odd")
        return [
            Sample(f"toy-{n:04}", f"target {n}", {"parity": (parity[n % 2],)}, n)
            for n in range(self.settings["samples"])
        ]

    def answer(self, sample: Sample, model: Model) -> Prediction:
        if self.kind == "interactive":
            return self._work(sample)
        frame = Frame(id=sample.id, width=SIZE[0], height=SIZE[1])
        try:
            found = model.locate(Observation(picture(sample.data), frame), sample.instruction)
        except ParseError as error:
            return Prediction(status="unreadable", raw=error.raw, usage=error.usage)
        if found.point is None:
            return Prediction(status="refused", raw=found.raw, usage=found.usage)
        return Prediction(status="answered", value={"point": list(found.point)}, raw=found.raw, usage=found.usage)

    def _work(self, sample: Sample) -> Prediction:
        faults = self.settings
        time.sleep(faults.get("seconds", 0.0))
        if sample.data in faults.get("dies", []) and self._first_time(sample):
            os.kill(os.getpid(), signal.SIGKILL)
        if sample.data in faults.get("always_dies", []):
            os._exit(3)
        if sample.data in faults.get("fails_once", []) and self._first_time(sample):
            raise ModelError("the toy's server was away")
        if sample.data in faults.get("broken", []):
            raise KeyError("a fault of the suite's own")
        print("a program's own words on stdout")  # noqa: T201
        return Prediction(status="answered", value={"point": list(place(sample.data))}, raw=f"worked on {sample.id}")

    def _first_time(self, sample: Sample) -> bool:
        try:
            (self.folder / f"been-at-{sample.id}").touch(exist_ok=False)
        except FileExistsError:
            return False
        return True

    def judge(self, sample: Sample, answer: Prediction) -> SampleVerdict:
        if answer.status != "answered":
            return SampleVerdict(correct=False, kind=answer.status)
        x, y = place(sample.data)
        near = abs(answer.value["point"][0] - x) <= 4 and abs(answer.value["point"][1] - y) <= 4
        return SampleVerdict(correct=near, kind="correct" if near else "wrong", scores={"near": float(near)})

    def summarise(self, judged: Sequence[Judged]) -> Summary:
        return summarise(judged, macro_over="parity")


def open_toy(name: str, data: Path | None, options: SuiteOptions) -> Toy:
    if options.rule is not None:
        raise SuiteError("the toy has no rules: leave --rule out")
    assert data is not None
    if not (data / "toy.json").exists():
        raise SuiteError(f"no toy.json in {data}")
    return Toy(name, "interactive" if name == "toy-process" else "grounding", data, options)


register()

if __name__ == "__main__":
    from agent.cli.main import main

    main(sys.argv[1:])
