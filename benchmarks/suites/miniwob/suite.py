"""The MiniWoB++ suite: 125 tasks, any number of seeds, one loop, and the page's own raw reward."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from agent.core.model import Model
from agent.core.task import Limits
from benchmarks.interactive import Pool, figures, instances, judge, play
from benchmarks.suite import (
    Judged,
    Kind,
    Prediction,
    Sample,
    SampleVerdict,
    Suite,
    SuiteError,
    SuiteOptions,
    Summary,
    refuse_options,
)
from benchmarks.suites.miniwob import oracles
from benchmarks.suites.miniwob.tasks import TASKS, budget, flags
from benchmarks.suites.miniwob.world import MiniwobWorld
from envs import miniwob_pages as pages
from envs.env import EnvError
from envs.miniwob import MiniwobEnv, screen_size

ZOOM = 3.0
"""Display pixels per CSS pixel: the task covers 480 x 630 of the display's 570 x 720 pixels."""
SEEDS = 5
MODES = ("train", "test")
"""The word lists of some pages; ``train`` is Farama's default."""


class MiniwobSuite(Suite):
    """`tasks` with `seeds` episodes each, from seed `first` on; `max_steps` in place of every task's own budget."""

    name = "miniwob"
    kind: Kind = "interactive"
    screen = screen_size(ZOOM)

    def __init__(
        self,
        tasks: Sequence[str],
        seeds: int,
        first: int = 0,
        *,
        official_timer: bool = False,
        mode: str = "train",
        max_steps: int | None = None,
    ) -> None:
        self._tasks, self._seeds, self._first = tuple(tasks), seeds, first
        self._timer, self._mode, self._max_steps = official_timer, mode, max_steps
        self._screens = Pool(partial(MiniwobEnv, ZOOM))

    @property
    def protocol(self) -> Mapping[str, Any]:
        """What two figures must share to be comparable."""
        return {
            "suite_version": f"miniwob {pages.VERSION}",
            "data_hash": self._hash,
            "mode": self._mode,
            "tasks": list(self._tasks),
            "seed": self._first,
            "seeds": self._seeds,
            "timer": "the page's own" if self._timer else "off",
            "success": "raw reward == 1",
            "goal": "the page's utterance",
            "steps": {task: self._budget(task) for task in self._tasks},
            "zoom": ZOOM,
            "input": "mouse and keyboard of the X server",
        }

    def samples(self) -> Sequence[Sample]:
        """Task by task, seed by seed; ids are ``task/seed``."""
        seeds = range(self._first, self._first + self._seeds)
        return [self._sample(task, seed) for task in self._tasks for seed in seeds]

    def answer(self, sample: Sample, model: Model) -> Prediction:
        """One episode. Raises `EnvError` and `ModelError`."""
        task, seed = sample.data
        with self.episode(task, seed) as world:
            return play(world, model, Limits(steps=self._budget(task)), seeds={"episode": seed})

    @contextmanager
    def episode(self, task: str, seed: int) -> Iterator[MiniwobWorld[MiniwobEnv]]:
        """An episode that has just begun. A browser that an earlier episode left unusable is restarted."""
        with self._screens.lent() as env:
            try:
                instruction = self._begin(env, task, seed)
            except EnvError:
                env.restart()
                instruction = self._begin(env, task, seed)
            yield MiniwobWorld(env, instruction, env.state)

    def judge(self, sample: Sample, answer: Prediction) -> SampleVerdict:
        """``solved``, or the run's ending."""
        return judge(sample, answer)

    def summarise(self, judged: Sequence[Judged]) -> Summary:
        """Success by family and task; `notes` has the known faults of the tasks."""
        tasks = {one.sample.data[0] for one in judged}
        known = [f"{key.partition(':')[2]}: {why}" for key, why in self.flagged.items() if _spoils(key, tasks)]
        return figures(judged, known)

    @property
    def flagged(self) -> Mapping[str, str]:
        """See `flags`."""
        return flags()

    def oracle(self, sample: Sample) -> Model | None:
        """The task's script, if there is one."""
        return oracles.oracle(sample.data[0])

    def close(self) -> None:
        """Close the browsers. Safe to call twice."""
        self._screens.close()

    def _budget(self, task: str) -> int:
        return self._max_steps or budget(task)

    def _begin(self, env: MiniwobEnv, task: str, seed: int) -> str:
        return env.begin(task, seed, official_timer=self._timer, mode=self._mode)

    def _sample(self, task: str, seed: int) -> Sample:
        groups = {"family": (TASKS[task],), "task": (task,)}
        return Sample(f"{task}/{seed}", f"the instruction on the page of {task}", groups, (task, seed))

    @cached_property
    def _hash(self) -> str:
        """sha256 (first 16 hex digits) of every file of the pages, names included."""
        digest, folder = hashlib.sha256(), pages.html_folder()
        for path in sorted(path for part in ("miniwob", "core", "common") for path in (folder / part).rglob("*.*")):
            if path.is_file():
                digest.update(f"{path.relative_to(folder)}\0".encode() + path.read_bytes())
        return digest.hexdigest()[:16]


def _spoils(key: str, tasks: set[str]) -> bool:
    """Whether a flag is about one of `tasks` itself, not about a missing script."""
    check, _, task = key.partition(":")
    fatal = check in ("idle", "say-done") or any(words in flags()[key] for words in ("raw reward 1", "unsolvable"))
    return task in tasks and fatal


def open_suite(name: str, data: Path | None, options: SuiteOptions) -> MiniwobSuite:
    """The suite. `options.mode` is ``train`` or ``test``. Raises `SuiteError` for a foreign option or unknown task."""
    if data is not None:
        raise SuiteError("miniwob brings its own pages: leave --data out")
    refuse_options("miniwob", options, "rule", "language", "zoom")
    mode = options.mode or "train"
    if mode not in MODES:
        raise SuiteError(f"miniwob has no mode {mode!r}: choose train or test")
    unknown = [task for task in options.tasks if task not in TASKS]
    if unknown:
        raise SuiteError(f"miniwob has no task {unknown[0]!r}: see docs/benchmarks/miniwob.md")
    try:
        pages.html_folder()
    except EnvError as error:
        raise SuiteError(str(error)) from error
    return MiniwobSuite(
        options.tasks or tuple(TASKS),
        instances(options, SEEDS),
        options.seed,
        official_timer=options.official_timer,
        mode=mode,
        max_steps=options.max_steps,
    )
