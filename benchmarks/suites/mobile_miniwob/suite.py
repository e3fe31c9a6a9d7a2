"""The suite ``mobile-miniwob``: 92 tasks, any number of seeds, one loop, and the page's own raw reward."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Literal, get_args

from agent.core.model import Model
from agent.core.task import Limits
from agent.models.dialects.dialect import Platform
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
from benchmarks.suites.miniwob.world import MiniwobWorld
from benchmarks.suites.mobile_miniwob.oracle import oracle
from benchmarks.suites.mobile_miniwob.tasks import FLAGS, STEPS, TASKS, goal
from benchmarks.suites.tasks.catalogue import INSTANCE_SEED, instance_seed
from envs import miniwob_pages as pages
from envs.android.env import AndroidEnv
from envs.android.miniwob import PAGES, AppStage, BrowserStage, Stage
from envs.android.simulated import SimulatedPhoneEnv
from envs.env import EnvError
from envs.phone.phone_facts import SIZE
from envs.settle import Rules

Mode = Literal["app", "browser", "device"]
"""Where the pages are shown: the simulated phone's MiniWoB app (the default), its browser, or that of the device that
adb sees (ANDROID_SERIAL, or the only one)."""
_DEVICES: dict[Mode, dict[str, str]] = {
    "app": {
        "device": "Handeye's simulated phone, 1080x2400; no Android",
        "zoom": "5 device pixels for a CSS pixel",
    },
    "browser": {
        "mode": "browser",
        "device": "Handeye's simulated phone, 1080x2400, its browser; no Android",
        "zoom": "3 device pixels for a CSS pixel",
    },
    "device": {
        "mode": "device",
        "device": "the browser of an Android device",
        "zoom": "the screen's width is 216 CSS pixels",
    },
}
SEEDS = 5
PAUSE = 0.2
"""Seconds that an idle agent waits in a step: AndroidWorld's pause between two steps of this family."""
RULES = Rules(reaction=0.3, quiet=0.15, least=0.2, timeout=3.0, interval=0.03)
"""These pages change at once, and few of them move."""


class _Phone:
    """A phone with a stage, for many episodes."""

    def __init__(self, mode: Mode) -> None:
        simulated = mode != "device"
        mounts = {"/miniwob/": pages.html_folder()} if mode == "app" else None
        self.env = SimulatedPhoneEnv(mounts=mounts, rules=RULES) if simulated else AndroidEnv(rules=RULES)
        try:
            if not simulated and self.env.simulated:
                raise EnvError(
                    f"{self.env.link.serial} is a simulated phone: use --mode browser, so that results say it"
                )
            self._stage: Stage = AppStage(self.env.link) if mode == "app" else BrowserStage(self.env.link)
        except BaseException:
            self.env.close()
            raise

    def begin(self, task: str, seed: int) -> MiniwobWorld[AndroidEnv]:
        """A fresh episode; a simulated phone is reset, and of a real one only the browser is used."""
        if isinstance(self.env, SimulatedPhoneEnv):
            self.env.phone.reset(0)
        self.env.reset()
        instruction = goal(self._stage.begin(task, seed))
        return MiniwobWorld(self.env, instruction, self._stage.state)

    def close(self) -> None:
        """End it all. Safe to call twice."""
        self._stage.close()
        self.env.close()


class MobileMiniwobSuite(Suite):
    """`tasks` in `seeds` instances each; instance `i` has the seed `instance_seed(seed, task, i)`; `steps` in each."""

    name = "mobile-miniwob"
    kind: Kind = "interactive"
    platform: Platform = "mobile"
    idle_pause = PAUSE

    def __init__(
        self, tasks: Sequence[str], seed: int = 0, seeds: int = SEEDS, mode: Mode = "app", steps: int = STEPS
    ) -> None:
        self._tasks, self._seed, self._seeds, self._mode, self._steps = tuple(tasks), seed, seeds, mode, steps
        self._phones = Pool(partial(_Phone, mode))
        self.screen = None if mode == "device" else SIZE

    @property
    def protocol(self) -> Mapping[str, Any]:
        """What two figures must share to be comparable."""
        return {
            "suite_version": f"AndroidWorld d9c569f, pages of miniwob {pages.VERSION}",
            "data_hash": self._hash,
            "seed": self._seed,
            "seeds": self._seeds,
            "instance_seed": INSTANCE_SEED,
            "tasks": list(self._tasks),
            "step_budget": self._steps,
            "timer": "off",
            "goal": goal("{utterance}"),
            "success": "raw reward == 1",
            **_DEVICES[self._mode],
            "input": "touch and text through ADB",
        }

    def samples(self) -> Sequence[Sample]:
        """The first instance of every task, then the second of every task: the first part of a run has all tasks."""
        return [self._sample(task, i) for i in range(self._seeds) for task in self._tasks]

    def answer(self, sample: Sample, model: Model) -> Prediction:
        """One episode. Raises `EnvError` and `ModelError`."""
        task, seed = sample.data
        with self.episode(task, seed) as world:
            return play(world, model, Limits(steps=self._steps), seeds={"instance": seed})

    @contextmanager
    def episode(self, task: str, seed: int) -> Iterator[MiniwobWorld[AndroidEnv]]:
        """An episode that has just begun, on a phone that was reset. Raises `EnvError`."""
        with self._phones.lent() as phone:
            yield phone.begin(task, seed)

    def judge(self, sample: Sample, answer: Prediction) -> SampleVerdict:
        """``solved``, or how the run ended."""
        return judge(sample, answer)

    def summarise(self, judged: Sequence[Judged]) -> Summary:
        """Success by family and task, with a bootstrap over tasks and seeds; notes name what cannot be solved."""
        tasks = {one.sample.data[0] for one in judged}
        known = ((key.partition(":")[2], why) for key, why in FLAGS.items() if "no script" not in why)
        return figures(judged, [f"{task}: {why}" for task, why in known if task in tasks])

    def oracle(self, sample: Sample) -> Model | None:
        """The task's script done by touch, if there is one."""
        return oracle(sample.data[0])

    @property
    def flagged(self) -> Mapping[str, str]:
        """Findings of an audit that are known, by ``CHECK:task``, with the reason."""
        return FLAGS

    def close(self) -> None:
        """End the phones. Safe to call twice."""
        self._phones.close()

    def _sample(self, task: str, instance: int) -> Sample:
        seed = instance_seed(self._seed, task, instance)
        groups = {"family": (TASKS[task],), "task": (task,)}
        return Sample(f"{task}/{instance}", f"the instruction on the page of {task}", groups, (task, seed))

    @cached_property
    def _hash(self) -> str:
        """sha256 (first 16 hex digits) of every file of the 92 pages and of what they include, names included."""
        digest, folder = hashlib.sha256(), pages.html_folder()
        shared = {path for part in ("core", "common") for path in (folder / part).rglob("*.*")}
        for path in sorted(shared | {folder / "miniwob" / f"{page}.html" for page in PAGES.values()}):
            if path.is_file():
                digest.update(f"{path.relative_to(folder)}\0".encode() + path.read_bytes())
        return digest.hexdigest()[:16]


def open_suite(name: str, data: Path | None, options: SuiteOptions) -> MobileMiniwobSuite:
    """The suite. Raises `SuiteError` for a foreign option, data, an unknown task, and where the pages are missing."""
    refuse_options("mobile-miniwob", options, "rule", "language", "zoom", "official_timer")
    if data is not None:
        raise SuiteError("mobile-miniwob brings its own pages: leave out --data")
    mode = next((known for known in get_args(Mode) if known == (options.mode or "app")), None)
    if mode is None:
        raise SuiteError(f"mobile-miniwob has no mode {options.mode!r}: choose one of {', '.join(get_args(Mode))}")
    unknown = [task for task in options.tasks if task not in TASKS]
    if unknown:
        raise SuiteError(f"mobile-miniwob has no task {unknown[0]!r}: see docs/benchmarks/mobile-miniwob.md")
    seeds = instances(options, SEEDS)
    try:
        pages.html_folder()
    except EnvError as error:
        raise SuiteError(str(error)) from error
    steps = options.max_steps or STEPS
    return MobileMiniwobSuite(options.tasks or tuple(TASKS), options.seed, seeds, mode, steps)
