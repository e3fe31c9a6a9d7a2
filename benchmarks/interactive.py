"""Shared parts of the suites whose samples are whole runs on a live screen: the run, the figures, a pool of screens.

A suite sets up a `World` for a sample and passes it to `play`, which runs the agent loop on it and reads the world's
score. A model gets observations only; an oracle (`SeesWorld`) also gets the world.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar, runtime_checkable

from actions.action import AnyAction
from agent.core.loop import Memory, NoMemory, Result, Watcher
from agent.core.model import NO_USAGE, Decision, Model, ParseError, Usage, WrappedModel
from agent.core.policy import Policy, Verdict
from agent.core.step import Step
from agent.core.task import Ending, Limits, Task
from agent.episodes import EpisodeHeader, EpisodeWriter
from agent.run.assemble import assembled
from benchmarks.failures import raise_failure
from benchmarks.figures.statistics import Undefined, cluster_bootstrap, wilson
from benchmarks.figures.summary import summarise
from benchmarks.keeping import kept_in
from benchmarks.suite import Judged, Prediction, Sample, SampleVerdict, SuiteError, SuiteOptions, Summary
from envs.env import Env, EnvError, Observation, WrappedEnv

if TYPE_CHECKING:
    from agent.perception.listing.lister import ElementLister


@dataclass(frozen=True)
class Score:
    """The score of a world's state: `success` 0 to 1, 1 being solved; `why` gives the reason in one line.

    `more` has further JSON values that are stored with the prediction.
    """

    success: float
    why: str = ""
    more: Mapping[str, Any] = field(default_factory=dict)


class World(Protocol):
    """One sample, set up and ready for the first step."""

    @property
    def env(self) -> Env:
        """The screen that is observed and acted on."""

    @property
    def instruction(self) -> str:
        """The task's instruction."""

    def hear(self, action: AnyAction) -> None:
        """Called with each decided action before it is performed: answers and endings may count in the score."""

    def over(self) -> bool:
        """Whether the world itself has ended the episode. Raises `EnvError`."""

    def score(self) -> Score:
        """The check of state. Raises `EnvError` when it cannot be made: the run is then retried, not counted."""


@runtime_checkable
class SeesWorld(Protocol):
    """A model that is given the world before the first step: an oracle."""

    def bind(self, world: Any) -> None:
        """Called with the world that was set up."""


@runtime_checkable
class SeesEnd(Protocol):
    """A model that is shown the screen once more when the run is over."""

    def see_end(self, observation: Observation) -> None:
        """Called before the state is checked, unless the screen is gone."""


@runtime_checkable
class ReadsElements(Protocol):
    """A model that is shown the elements of the screen: programs are to tell theirs, where they can."""

    lister: ElementLister


def play(
    world: World,
    model: Model,
    limits: Limits,
    *,
    keep: Path | None = None,
    seeds: Mapping[str, int] | None = None,
    policy: Policy | None = None,
) -> Prediction:
    """Run `model` on `world` until an ending, then score the state, whatever the ending was.

    The answer's `value` has ``instruction``, ``success``, ``ending``, ``message``, ``steps``, ``why``, ``actions``
    (JSON, in order) and what the score adds. `keep` is a new folder for the episode, by default what
    `benchmarks.keeping` says. Without a `policy` every action is allowed.

    Raises infrastructure errors: `EnvError` for a screen that failed, `ModelError` for a model that did not answer,
    `agent.episodes.EpisodeError` for an episode that could not be stored.
    """
    if isinstance(model, SeesWorld):
        model.bind(world)
    task, env, metered = Task(world.instruction, limits), _WorldEnv(world), _Metered(model)
    with ExitStack() as stack:
        memory: Memory = NoMemory()
        if (folder := keep or kept_in()) is not None:
            header = EpisodeHeader.of(task, metered, env, seeds)
            memory = stack.enter_context(EpisodeWriter.create(folder, header))
        agent = stack.enter_context(
            assembled(
                env,
                metered,
                policy=policy,
                memory=memory,
                watch=_WorldWatcher(world),
                check=lambda: world.score().success >= 1,
            )
        )
        result = agent.run(task)
    raise_failure(result)
    if isinstance(model, SeesEnd):
        with suppress(EnvError):
            model.see_end(world.env.observe())
    return _answer(world.instruction, result, world.score(), metered.usage)


class _WorldEnv(WrappedEnv):
    """The env of `world`, over when the world is over."""

    def __init__(self, world: World) -> None:
        super().__init__(world.env)
        self._world = world

    def over(self) -> str | None:
        """A message once the world is over, else None. Raises `EnvError`."""
        return "the world ended the episode" if self._world.over() else None


class _WorldWatcher(Watcher):
    """Passes the decided actions to the world."""

    def __init__(self, world: World) -> None:
        self._world = world

    def decided(self, index: int, decision: Decision, verdict: Verdict) -> None:
        """Called before an action is performed."""
        self._world.hear(verdict.action)


class _Metered(WrappedModel):
    """`model`, with the sum of its usage."""

    def __init__(self, model: Model) -> None:
        super().__init__(model)
        self.usage = NO_USAGE

    def decide(self, task: Task, observation: Observation, history: Sequence[Step]) -> Decision:
        """The model's. Raises like it."""
        try:
            decision = super().decide(task, observation, history)
        except ParseError as error:
            self.usage += error.usage
            raise
        self.usage += decision.usage
        return decision


def _answer(instruction: str, result: Result, score: Score, usage: Usage) -> Prediction:
    steps = result.steps
    actions = [step.action.model_dump(mode="json") for step in steps if step.action is not None]
    value = {
        "instruction": instruction,
        "success": score.success, "ending": str(result.ending), "message": result.message,
        "steps": len(steps), "why": score.why, "actions": actions, **score.more,
    }  # fmt: skip
    timings: dict[str, float] = defaultdict(float)
    for step in steps:
        for phase, seconds in step.timings.items():
            timings[phase] += seconds
    return Prediction(
        status="unreadable" if result.ending == Ending.PARSE_ERROR else "answered",
        value=value,
        raw="\n".join(json.dumps(step.raw, ensure_ascii=False) for step in steps),
        notes=tuple(f"step {s.index + 1}: {note}" for s in steps for note in (*s.notes, *filter(None, [s.error]))),
        usage=usage,
        timings={**timings, "total": result.seconds},
    )


# --- figures -------------------------------------------------------------------------------------------------------


def instances(options: SuiteOptions, default: int) -> int:
    """The number of instances of each task. Raises `SuiteError` for none."""
    seeds = default if options.seeds is None else options.seeds
    if seeds < 1:
        raise SuiteError(f"--seeds {seeds}: there must be at least one instance of each task")
    return seeds


def hash_of(samples: Sequence[Sample], budget: Callable[[Sample], int]) -> str:
    """sha256 (first 16 hex digits) of every sample's id, instruction and step budget."""
    digest = hashlib.sha256()
    for sample in samples:
        digest.update(f"{sample.id}\0{sample.instruction}\0{budget(sample)}\0".encode())
    return digest.hexdigest()[:16]


def judge(sample: Sample, answer: Prediction) -> SampleVerdict:
    """Solved or not, by the world's `success`; `kind` is ``solved`` or the run's ending."""
    success = float(answer.value["success"])
    ending = str(answer.value["ending"])
    return SampleVerdict(
        correct=success >= 1,
        kind="solved" if success >= 1 else ending,
        scores={"success": success},
        why=str(answer.value.get("why", "")),
    )


def figures(judged: Sequence[Judged], notes: Sequence[str] = ()) -> Summary:
    """The figures of an interactive suite whose samples name their task in ``groups["task"]``.

    The interval is a bootstrap over tasks and seeds (`benchmarks.figures.statistics.cluster_bootstrap`), for a single
    task Wilson's over its seeds.
    """
    return summarise(
        judged,
        macro_over="task",
        interval=_interval,
        interval_name="bootstrap over tasks and seeds",
        notes=notes,
    )


def _interval(judged: Sequence[Judged]) -> tuple[float, float] | None:
    tasks: dict[str, list[float]] = defaultdict(list)
    for one in judged:
        tasks[one.sample.groups["task"][0]].append(float(one.verdict.correct))
    if len(tasks) == 1:
        scores = next(iter(tasks.values()))
        return wilson(sum(scores), len(scores))
    found = cluster_bootstrap(tasks)
    return None if isinstance(found, Undefined) else found.ci95


# --- screens -------------------------------------------------------------------------------------------------------


class Closable(Protocol):
    """Something with a `close`."""

    def close(self) -> None:
        """Release all resources. Safe to call twice."""


Screen = TypeVar("Screen", bound=Closable)


class Pool(Generic[Screen]):
    """Screens that are reused between samples. Threads may share a pool; a copy in another process starts empty.

    `make` opens a screen when none is idle. A screen on which an exception was raised is closed and not reused.
    """

    def __init__(self, make: Callable[[], Screen]) -> None:
        self._make = make
        self._idle: list[Screen] = []
        self._lock = threading.Lock()

    def __reduce__(self) -> tuple[Any, ...]:
        return Pool, (self._make,)

    @contextmanager
    def lent(self) -> Iterator[Screen]:
        """One screen for the duration of a sample."""
        with self._lock:
            screen = self._idle.pop() if self._idle else None
        screen = screen or self._make()
        try:
            yield screen
        except BaseException:
            with suppress(Exception):
                screen.close()
            raise
        with self._lock:
            self._idle.append(screen)

    def close(self) -> None:
        """Close all idle screens. Safe to call twice."""
        with self._lock:
            idle, self._idle = self._idle, []
        for screen in idle:
            screen.close()
