"""The way of one step: observe, decide, review, perform, remember, until an ending."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

from actions.action import Answer, AnyAction, AskUser, Finish
from actions.backend import BackendError
from actions.frame import GeometryError
from agent.core.model import Decision, Model, ModelError, ParseError, Usage
from agent.core.policy import Policy, Verdict
from agent.core.step import OutcomeRecord, Step, Tokens, VerdictRecord
from agent.core.stop import Stop
from agent.core.task import Ending, Task
from envs.env import Env, EnvError, Image, Observation, Outcome


class Memory(Protocol):
    """Where steps go; `agent.episodes.EpisodeWriter` is one."""

    def add_frame(self, image: Image) -> str:
        """Store a screenshot (RGB uint8 HxWx3); its name at once."""

    def append(self, step: Step) -> None:
        """Store a finished step before the next action."""


class Watcher:
    """Sees the run go by; the live views override what they show."""

    def looked(self, index: int, observation: Observation) -> None:
        """A screen was captured for step `index`."""

    def decided(self, index: int, decision: Decision, verdict: Verdict) -> None:
        """The next action is known and reviewed, not yet done."""

    def stepped(self, step: Step) -> None:
        """A step is finished and stored."""


@dataclass(frozen=True)
class Result:
    """How a run ended, after how many steps, and what it answered."""

    ending: Ending
    message: str = ""
    answer: str | None = None
    steps: tuple[Step, ...] = ()
    seconds: float = 0.0

    @property
    def tokens(self) -> int:
        """Prompt and completion tokens of all steps."""
        return sum(s.tokens.prompt + s.tokens.completion for s in self.steps)


class _End(Exception):  # noqa: N818 - control flow, not an error
    def __init__(self, ending: Ending, message: str = "") -> None:
        super().__init__(message)
        self.ending, self.message = ending, message


@dataclass
class _Draft:
    """A step while it happens. `timings["record"]` is what storing the step before took."""

    index: int
    timings: dict[str, float]
    fields: dict[str, Any] = field(default_factory=dict)

    @contextmanager
    def timed(self, phase: str) -> Iterator[None]:
        start = time.perf_counter()
        try:
            yield
        finally:
            self.timings[phase] = time.perf_counter() - start

    def step(self) -> Step | None:
        """The step as far as it got; None before anything was decided."""
        if not {"action", "error"} & set(self.fields):
            return None
        return Step(index=self.index, timings=self.timings, **self.fields)


@dataclass
class Agent:
    """The parts of one run. `ask` puts the agent's own question to the person (None when nobody answers);
    `check` is the user's own test of the outcome, which turns `done` into `verified`.
    """

    env: Env
    model: Model
    policy: Policy
    memory: Memory
    stop: Stop = field(default_factory=Stop)
    watch: Watcher = field(default_factory=Watcher)
    ask: Callable[[str], str | None] = lambda question: None
    check: Callable[[], bool] | None = None
    _last_record: dict[str, float] = field(default_factory=dict, init=False)

    def run(self, task: Task) -> Result:
        """Work on `task` until it ends. Every failure becomes an ending; what was done is in the memory."""
        walk = self.walk(task)
        while True:
            try:
                next(walk)
            except StopIteration as end:
                return cast(Result, end.value)

    def walk(self, task: Task) -> Generator[Step, None, Result]:
        """The same, for a caller that holds the reins: gives each step when it is stored, and returns the result.

        The step that brings the ending is in the result only.
        """
        start, history, answers = time.monotonic(), list[Step](), list[str]()
        try:
            while True:
                self._spend(task, history, start)
                self._step(task, history, start, answers)
                yield history[-1]
        except _End as end:
            ending, message = end.ending, end.message
        except KeyboardInterrupt:
            self.stop.note("Ctrl-C")
            ending, message = Ending.STOPPED_BY_USER, self.stop.reason
        self.stop.settle()
        seconds = time.monotonic() - start
        return Result(ending, message, answers[-1] if answers else None, tuple(history), seconds)

    def _step(self, task: Task, history: list[Step], start: float, answers: list[str]) -> None:
        draft = _Draft(len(history), dict(self._last_record))
        try:
            observation = self._observe(draft)
            decision = self._decide(draft, task, observation, history)
            if decision is None:
                return
            self._spend(task, history, start, between=True)
            verdict = self._review(draft, decision, observation)
            if verdict.kind != "skip":
                self._perform(draft, verdict.action, observation, answers)
        finally:
            self._remember(draft, history)

    def _observe(self, draft: _Draft) -> Observation:
        try:
            with draft.timed("capture"):
                observation = self.env.observe()
        except EnvError as error:
            raise _End(Ending.DEVICE_ERROR, str(error)) from error
        image = self.memory.add_frame(observation.image)
        draft.fields |= {"time": observation.time, "frame": observation.frame, "image": image, "app": observation.app}
        self.watch.looked(draft.index, observation)
        return observation

    def _decide(self, draft: _Draft, task: Task, observation: Observation, history: list[Step]) -> Decision | None:
        """The decision, or None when the answer was unusable and may be asked again."""
        try:
            decision = self.model.decide(task, observation, history)
        except ParseError as error:
            draft.timings |= error.timings
            draft.fields |= {"error": f"unusable answer: {error}", "raw": error.raw, "tokens": _tokens(error.usage)}
            if _failures_in_a_row(history) >= task.limits.parse_retries:
                raise _End(Ending.PARSE_ERROR, f"unusable answer: {error}") from error
            return None
        except ModelError as error:
            draft.fields |= {"error": str(error)}
            raise _End(Ending.MODEL_ERROR, str(error)) from error
        draft.timings |= decision.timings
        draft.fields |= {"action": decision.action, "thought": decision.thought, "raw": decision.raw}
        draft.fields |= {"notes": decision.notes, "tokens": _tokens(decision.usage)}
        return decision

    def _review(self, draft: _Draft, decision: Decision, observation: Observation) -> Verdict:
        with draft.timed("review"):
            verdict = self.policy.review(decision, observation)
        draft.fields["verdict"] = VerdictRecord(kind=verdict.kind, policy=verdict.policy, reason=verdict.reason)
        if verdict.kind == "modify":
            draft.fields |= {"action": verdict.action, "decided": decision.action}
        self.watch.decided(draft.index, decision, verdict)
        if verdict.kind not in ("allow", "modify"):
            draft.fields["outcome"] = OutcomeRecord(performed=False, detail=verdict.reason)
        endings = {"block": Ending.BLOCKED, "stop": Ending.STOPPED_BY_USER, "ask": Ending.NEEDS_HUMAN}
        if verdict.kind in endings:
            raise _End(endings[verdict.kind], verdict.reason)
        return verdict

    def _perform(self, draft: _Draft, action: AnyAction, observation: Observation, answers: list[str]) -> None:
        match action:
            case Finish(status="success"):
                raise self._finished(action)
            case Finish():
                raise _End(Ending.GAVE_UP, action.message or "the model gave up without a reason")
            case Answer():
                answers.append(action.text)
                outcome = Outcome(performed=False, detail="answered")
            case AskUser():
                reply = self.ask(action.question)
                if reply is None:
                    raise _End(Ending.NEEDS_HUMAN, action.question)
                outcome = Outcome(performed=False, detail=f"the person said: {reply}")
            case _:
                outcome = self._act(draft, action, observation)
        draft.timings |= outcome.timings
        draft.fields["outcome"] = OutcomeRecord(
            performed=outcome.performed, settled=outcome.settled, detail=outcome.detail
        )

    def _act(self, draft: _Draft, action: AnyAction, observation: Observation) -> Outcome:
        """Do it on the device; a point that no longer (or never) fits the screen is not done but looked at again."""
        try:
            return self.env.perform(action, observation.frame)
        except GeometryError as error:
            draft.fields["error"] = f"not done: {error}"
            return Outcome(performed=False, detail=str(error))
        except (EnvError, BackendError) as error:
            draft.fields["error"] = str(error)
            raise _End(Ending.DEVICE_ERROR, str(error)) from error

    def _finished(self, action: Finish) -> _End:
        if self.check is None:
            return _End(Ending.DONE, action.message)
        if self.check():
            return _End(Ending.VERIFIED, action.message)
        return _End(Ending.GAVE_UP, "the model said done, but the check of the outcome failed")

    def _remember(self, draft: _Draft, history: list[Step]) -> None:
        step = draft.step()
        if step is None:
            return
        start = time.perf_counter()
        self.memory.append(step)
        self._last_record = {"record": time.perf_counter() - start}
        history.append(step)
        self.watch.stepped(step)

    def _spend(self, task: Task, history: list[Step], start: float, between: bool = False) -> None:
        """End the run where it was stopped or a budget is used up; `between` is after deciding, before acting."""
        limits = task.limits
        if self.stop:
            raise _End(Ending.STOPPED_BY_USER, self.stop.reason)
        if limits.seconds is not None and time.monotonic() - start >= limits.seconds:
            raise _End(Ending.TIME_LIMIT, f"the limit of {limits.seconds:g} seconds was reached")
        if limits.tokens is not None and sum(s.tokens.prompt + s.tokens.completion for s in history) >= limits.tokens:
            raise _End(Ending.COST_LIMIT, f"the limit of {limits.tokens} tokens was reached")
        if not between and len(history) >= limits.steps:
            raise _End(Ending.STEP_LIMIT, f"the limit of {limits.steps} steps was reached")


def _tokens(usage: Usage) -> Tokens:
    return Tokens(prompt=usage.prompt_tokens, completion=usage.completion_tokens)


def _failures_in_a_row(history: list[Step]) -> int:
    return next((n for n, step in enumerate(reversed(history)) if step.action is not None), len(history))
