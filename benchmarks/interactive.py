"""What suites share whose samples are whole runs on a live screen: the run, the figures, and a pool of screens.

A suite sets up a `World` for a sample and hands it to `play`, which runs the project's own loop on it and asks the
world for the score. A model is never told more than its observations; only an oracle, which has a method ``bind``,
is given the world itself.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar, runtime_checkable

from actions.action import AnyAction, Finish
from agent.core.loop import Agent, Memory, Result
from agent.core.model import Decision, Model, ModelError, ParseError, Usage, WrappedModel
from agent.core.policy import Allow
from agent.core.step import Step
from agent.core.task import Ending, Limits, Task
from agent.episodes import EpisodeHeader, EpisodeWriter
from benchmarks.figures.statistics import Undefined, cluster_bootstrap, wilson
from benchmarks.figures.summary import summarise
from benchmarks.suite import Judged, Prediction, Sample, SampleVerdict, SuiteError, SuiteOptions, Summary
from envs.env import Env, EnvError, Image, Observation


@dataclass(frozen=True)
class Score:
    """What the state of a world is worth: `success` 0 to 1, 1 being solved; `why` in one line what decided it.

    `more` has further JSON values that the suite keeps with the answer.
    """

    success: float
    why: str = ""
    more: Mapping[str, Any] = field(default_factory=dict)


class World(Protocol):
    """One sample, set up and ready for the first step."""

    @property
    def env(self) -> Env:
        """The screen, with eyes and hands."""

    @property
    def instruction(self) -> str:
        """What the agent is told."""

    def over(self) -> bool:
        """Whether the world itself has ended the episode. Raises `EnvError`."""

    def score(self) -> Score:
        """The check of state. Raises `EnvError` when it cannot be made: then the run is repeated, not counted."""


@runtime_checkable
class HearsAgent(Protocol):
    """A world that takes note of what the agent says: its answers, its ending."""

    def hear(self, action: AnyAction) -> None:
        """Take note of a decided action, before it is done."""


@runtime_checkable
class SeesWorld(Protocol):
    """A model that is given the world before the first step: an oracle."""

    def bind(self, world: Any) -> None:
        """Take note of what was set up."""


def play(
    world: World,
    model: Model,
    limits: Limits,
    *,
    keep: Path | None = None,
    seeds: Mapping[str, int] | None = None,
    must_finish: bool = False,
) -> Prediction:
    """Run `model` on `world` until an ending, then score the state, whatever the ending was.

    The answer's `value` has ``instruction``, ``success``, ``ending``, ``message``, ``steps``, ``why``, ``actions``
    (JSON, in order) and what the score adds. With `must_finish` a state counts only when the agent itself said that
    it was done (AndroidWorld's rule). `keep` is a new folder for the episode.

    Raises what is not the model's doing: `EnvError` for a screen that failed, `ModelError` for a model that could not
    be asked.
    """
    if isinstance(model, SeesWorld):
        model.bind(world)
    task, ends = Task(world.instruction, limits), _EndsWithWorld(model, world)
    with _memory(keep, task, ends, world.env, seeds) as memory:
        agent = Agent(world.env, ends, Allow(), memory, check=lambda: world.score().success >= 1)
        result = agent.run(task)
        if isinstance(memory, EpisodeWriter):
            memory.finish(result.ending, result.message, result.answer)
    _raise_failure(result)
    score = world.score()
    if must_finish and not ends.claimed:
        score = Score(0.0, f"the agent never said that it was done; the state was worth {score.success:g}")
    return _answer(world.instruction, result, score, ends)


class _EndsWithWorld(WrappedModel):
    """`model`, and a `finish` as soon as the world itself has ended the episode. Sums up what the model cost."""

    def __init__(self, model: Model, world: World) -> None:
        super().__init__(model)
        self._world = world
        self.usage = Usage(requests=0)
        self.claimed = False
        self.ended = 0

    def decide(self, task: Task, observation: Observation, history: Sequence[Step]) -> Decision:
        """The model's, unless it is over."""
        try:
            over = self._world.over()
        except EnvError as error:
            raise ModelError(str(error)) from error
        if over:
            self.ended = 1
            return Decision(action=Finish(status="success"), thought="the episode is over", usage=Usage(requests=0))
        try:
            decision = super().decide(task, observation, history)
        except ParseError as error:
            self.usage = _sum(self.usage, error.usage)
            raise
        self.usage = _sum(self.usage, decision.usage)
        self.claimed = isinstance(decision.action, Finish) and decision.action.status == "success"
        if isinstance(self._world, HearsAgent):
            self._world.hear(decision.action)
        return decision


class _Forgetful:
    """A memory that keeps nothing."""

    def add_frame(self, image: Image) -> str:
        return "frames/0000.png"

    def append(self, step: Step) -> None:
        """Forget it."""


@contextmanager
def _memory(keep: Path | None, task: Task, model: Model, env: Env, seeds: Mapping[str, int] | None) -> Iterator[Memory]:
    if keep is None:
        yield _Forgetful()
        return
    with EpisodeWriter.create(keep, EpisodeHeader.of(task, model, env, seeds)) as writer:
        yield writer


def _raise_failure(result: Result) -> None:
    """Tell what failed from what was done badly."""
    if result.ending == Ending.DEVICE_ERROR:
        raise EnvError(result.message)
    if result.ending == Ending.MODEL_ERROR:
        raise ModelError(result.message)
    if result.ending == Ending.STOPPED_BY_USER:
        raise KeyboardInterrupt(result.message)


def _answer(instruction: str, result: Result, score: Score, ends: _EndsWithWorld) -> Prediction:
    steps = result.steps[: len(result.steps) - ends.ended]
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
        usage=ends.usage,
        timings={**timings, "total": result.seconds},
    )


def _sum(one: Usage, other: Usage) -> Usage:
    return Usage(
        prompt_tokens=one.prompt_tokens + other.prompt_tokens,
        completion_tokens=one.completion_tokens + other.completion_tokens,
        seconds=one.seconds + other.seconds,
        requests=one.requests + other.requests,
    )


# --- figures -------------------------------------------------------------------------------------------------------


def refuse_foreign(suite: str, options: SuiteOptions, foreign: Sequence[str]) -> None:
    """Raise `SuiteError` for an option among `foreign`, which `suite` does not have."""
    for option in foreign:
        if getattr(options, option):
            raise SuiteError(f"{suite} has no --{option.replace('_', '-')}: leave it out")


def instances(options: SuiteOptions, default: int) -> int:
    """How many instances of each task are wanted. Raises `SuiteError` for none."""
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
    """Solved or not, by the `success` that the world was worth; `kind` is ``solved`` or how the run ended."""
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

    The interval is a bootstrap over tasks and seeds (`benchmarks.figures.statistics.cluster_bootstrap`); that of
    one task
    alone is Wilson's over its seeds.
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
    """Something with a `close` that is safe to call twice."""

    def close(self) -> None:
        """Give everything back."""


Screen = TypeVar("Screen", bound=Closable)


class Pool(Generic[Screen]):
    """Screens that outlive one sample. Threads may share a pool; a copy in another process starts empty.

    `make` opens a screen when none is idle. A screen on which anything went wrong is closed and not used again.
    """

    def __init__(self, make: Callable[[], Screen]) -> None:
        self._make = make
        self._idle: list[Screen] = []
        self._lock = threading.Lock()

    def __reduce__(self) -> tuple[Any, ...]:
        return Pool, (self._make,)

    @contextmanager
    def lent(self) -> Iterator[Screen]:
        """One screen for the time of a sample."""
        with self._lock:
            screen = self._idle.pop() if self._idle else None
        screen = screen or self._make()
        try:
            yield screen
        except BaseException:
            with contextlib.suppress(Exception):
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
