"""Runs of oracles with the element list of each screen: how they are recorded, stored and read.

A run is a folder with ``run.json`` (`RecordedRun`) and a PNG for each step, RGB, in frame pixels.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from actions.frame import Box
from agent.core.model import Decision, Model, WrappedModel
from agent.core.step import Step
from agent.core.task import Task
from agent.models.dialects.dialect import Platform
from agent.perception.listing.lister import ElementLister
from agent.perception.listing.rows import ElementList, Row
from benchmarks.interactive import SeesWorld, World
from benchmarks.suite import Sample, Suite, SuiteError
from envs.env import Env, EnvError, Observation
from envs.png import encode_png

Split = Literal["dev", "held-out"]
_FILE = "run.json"


def split_of(task: str) -> Split:
    """Half of the tasks by the hash of their name: what is tuned on is never a task of the other half."""
    return "dev" if hashlib.sha256(task.encode()).digest()[0] % 2 else "held-out"


@dataclass(frozen=True)
class RecordedRun:
    """A run that ended well: `steps` with the oracle's actions, and the list of each step's screen, decided on."""

    suite: str
    sample: str
    task: str
    goal: str
    platform: Platform
    apps: tuple[str, ...]
    steps: tuple[Step, ...]
    lists: tuple[ElementList, ...]
    folder: Path = field(default=Path(), compare=False)

    def write(self, folder: Path) -> None:
        """Store it in `folder`, which is there."""
        told = asdict(self) | {"steps": [step.model_dump(mode="json") for step in self.steps]}
        del told["folder"]
        (folder / _FILE).write_text(json.dumps(told, ensure_ascii=False), encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> RecordedRun:
        """The run in `folder`. Raises `SuiteError`."""
        try:
            told = json.loads((folder / _FILE).read_text(encoding="utf-8"))
            steps = tuple(map(Step.model_validate, told.pop("steps")))
            lists = tuple(map(_listed, told.pop("lists")))
            return cls(**told | {"apps": tuple(told["apps"])}, steps=steps, lists=lists, folder=folder)
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise SuiteError(f"{folder / _FILE} is no recorded run: {error}") from error


def _listed(told: Mapping[str, Any]) -> ElementList:
    rows = (Row(**row | {"box": Box(*row["box"]), "state": tuple(row["state"])}) for row in told["rows"])
    return ElementList(tuple(rows), told["app"], told["scrolls"])


class _ListingOracle(WrappedModel):
    """An oracle; the list and the picture of every screen that it decides on are kept."""

    def __init__(self, oracle: Model, folder: Path, lister: ElementLister) -> None:
        super().__init__(oracle)
        self._folder, self._lister = folder, lister
        self.steps, self.lists = list[Step](), list[ElementList]()
        self.goal, self.apps = "", tuple[str, ...]()
        self.platform: Platform = "desktop"
        self._env: Env | None = None

    def bind(self, world: World) -> None:
        """Called with the world, which the oracle sees too."""
        self._env = world.env
        self.goal, self.platform = world.instruction, "mobile" if world.env.platform == "mobile" else "desktop"
        if isinstance(self._model, SeesWorld):
            self._model.bind(world)

    def decide(self, task: Task, observation: Observation, history: Sequence[Step]) -> Decision:
        """The oracle's. Raises like it."""
        decision = super().decide(task, observation, history)
        assert self._env is not None
        observation = self._env.observe()  # the oracle may have waited for what it acts on
        before = self.lists[-1] if self.lists else None
        listed = self._lister.listed(observation, self.platform == "mobile", before)
        if observation.details and not self.apps:
            self.apps = observation.details.app_names()
        name = f"{len(self.lists):04}.png"
        (self._folder / name).write_bytes(encode_png(observation.image))
        step = Step(index=len(history), time=observation.time, frame=observation.frame, image=name, app=observation.app,
                    action=decision.action)  # fmt: skip
        known = zip(history, self.steps, strict=True)
        self.steps = [*(one.model_copy(update={"image": mine.image, "patch": None}) for one, mine in known), step]
        self.lists.append(listed)
        return decision


def record(suite: Suite, folder: Path, tell: Callable[[str], None]) -> int:
    """Run the oracle of every sample of `suite` and store the runs that solve theirs below `folder`; how many.

    A run that is there already is not made again. `tell` gets a line a sample.
    """
    lister, count = ElementLister(), 0
    for sample in suite.samples():
        target = folder / suite.name / sample.id
        if (target / _FILE).exists():
            count += 1
            continue
        try:
            solved = _recorded(suite, sample, target, lister)
        except EnvError as error:
            tell(f"{sample.id}: {error}")
            continue
        count += solved
        tell(f"{sample.id}: {'recorded' if solved else 'not solved by its oracle, left out'}")
    return count


def _recorded(suite: Suite, sample: Sample, target: Path, lister: ElementLister) -> bool:
    found = suite.oracle(sample)
    if found is None:
        return False
    target.mkdir(parents=True, exist_ok=True)
    oracle = _ListingOracle(found, target, lister)
    if suite.answer(sample, oracle).value["success"] < 1:
        return False
    task = sample.groups["task"][0]
    steps, lists = tuple(oracle.steps), tuple(oracle.lists)
    RecordedRun(suite.name, sample.id, task, oracle.goal, oracle.platform, oracle.apps, steps, lists).write(target)
    return True


def read_runs(folder: Path) -> Iterator[RecordedRun]:
    """The runs below `folder`, by name. Raises `SuiteError` for one that cannot be read."""
    for path in sorted(folder.rglob(_FILE)):
        yield RecordedRun.read(path.parent)
