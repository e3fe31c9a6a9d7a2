"""One step of a run: observe, decide, review, perform, remember; repeated until an ending."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Protocol

from actions.action import Answer, AnyAction, AskUser, Finish
from actions.errors import HandeyeError, plural
from actions.frame import Frame, GeometryError
from agent.core.answer_rest import AnswerRest, next_of, undone, why_not_after, why_not_on
from agent.core.model import Decision, LookAgain, Model, ParseError, Usage
from agent.core.policy import Policy, Verdict
from agent.core.step import (
    Delegation,
    OutcomeRecord,
    PointedAt,
    Step,
    Target,
    Tokens,
    VerdictRecord,
    repeated_without_effect,
)
from agent.core.stop import Stop
from agent.core.targets import with_targets
from agent.core.task import Ending, Limits, Task
from envs.differences import differs_beyond_caret
from envs.env import Env, Image, Observation, Outcome

_LOG = logging.getLogger(__name__)
_GRACE = 0.5
"""Seconds beyond its limit of time that a run may use to end by itself."""


class Memory(Protocol):
    """Where a run is kept; `agent.episodes.EpisodeWriter` is one. Any exception ends the run as ``record_error``."""

    def add_frame(self, image: Image) -> str:
        """Store a screenshot (RGB uint8 HxWx3) and return its name without waiting for the disk."""

    def append(self, step: Step) -> None:
        """Store a finished step before the next action."""

    def finish(self, ending: Ending, message: str = "", answer: str | None = None) -> None:
        """Store how the run ended."""


class NoMemory:
    """A memory that keeps nothing."""

    def add_frame(self, image: Image) -> str:
        """A name that no file has."""
        return "frames/0000.png"

    def append(self, step: Step) -> None:
        """Nothing."""

    def finish(self, ending: Ending, message: str = "", answer: str | None = None) -> None:
        """Nothing."""


class Watcher:
    """Is told of a run as it happens; views override what they show."""

    def looked(self, index: int, observation: Observation) -> None:
        """A screen was captured for step `index`."""

    def decided(self, index: int, decision: Decision, verdict: Verdict) -> None:
        """The next action is known and reviewed, not yet done."""

    def stepped(self, step: Step) -> None:
        """A step is finished and stored."""

    def ended(self, result: Result) -> None:
        """The run is over and its ending is stored."""


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
        return sum(step.tokens.prompt + step.tokens.completion for step in self.steps)


class _Ended(Exception):  # noqa: N818 - control flow, not an error
    def __init__(self, ending: Ending, message: str = "") -> None:
        super().__init__(message)
        self.ending, self.message = ending, message

    def then(self, late: _Ended) -> _Ended:
        """This ending after `late` came on top: the first cause stays, but no success stands on a damaged record."""
        if self.ending.ok:
            return _Ended(late.ending, f"{late.message} (before that: {self.message or self.ending})")
        return _Ended(self.ending, f"{self.message}; then {late.message}")


class _EndsAs:
    """Any exception inside but those in `passing` becomes `ending`; `what` names the part in an unexpected one."""

    def __init__(self, ending: Ending, what: str, *passing: type[Exception]) -> None:
        self._ending, self._what = ending, what
        self._passing: tuple[type[Exception], ...] = (_Ended, *passing)

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if isinstance(error, Exception) and not isinstance(error, self._passing):
            if isinstance(error, HandeyeError):
                raise _Ended(self._ending, str(error)) from error
            _LOG.debug("%s failed", self._what, exc_info=error)
            raise _Ended(self._ending, f"{self._what} failed: {type(error).__name__}: {error}") from error


@dataclass
class _Draft:
    """A step while it happens. `timings["record"]` is what storing the step before took."""

    index: int
    timings: dict[str, float]
    observation: Observation | None = None
    action: AnyAction | None = None
    decided: AnyAction | None = None
    thought: str = ""
    raw: str = ""
    notes: tuple[str, ...] = ()
    usage: Usage = field(default_factory=Usage)
    verdict: VerdictRecord | None = None
    outcome: OutcomeRecord | None = None
    error: str | None = None
    part: int = 0
    dropped: str = ""
    pointed: tuple[PointedAt, ...] = ()
    delegated: Delegation | None = None
    targets: tuple[Target, ...] = ()

    @contextmanager
    def timed(self, phase: str) -> Iterator[None]:
        start = time.perf_counter()
        try:
            yield
        finally:
            self.timings[phase] = time.perf_counter() - start

    def refuse(self, why: str) -> Outcome:
        """The action was not done: the outcome says why."""
        self.error = f"not done: {why}"
        return Outcome(performed=False, detail=why)

    def step(self, image: str, seen: Observation) -> Step:
        """The step as far as it got."""
        return Step(
            index=self.index, time=seen.time, frame=seen.frame, image=image, app=seen.app,
            action=self.action, decided=self.decided, thought=self.thought, raw=self.raw, notes=self.notes,
            verdict=self.verdict, outcome=self.outcome, error=self.error,
            tokens=Tokens(
                prompt=self.usage.prompt_tokens,
                completion=self.usage.completion_tokens,
                cached=self.usage.cached_tokens,
            ),
            timings=self.timings, part=self.part, dropped=self.dropped, pointed=self.pointed,
            delegated=self.delegated, targets=self.targets,
        )  # fmt: skip


@dataclass
class _Run:
    """One run under way: what is budgeted, what was done, what was answered."""

    task: Task
    start: float = field(default_factory=time.monotonic)
    history: list[Step] = field(default_factory=list)
    tokens: int = 0
    answer: str | None = None
    last_record: dict[str, float] = field(default_factory=dict)
    last_image: Image | None = None
    rest: AnswerRest | None = None

    def note_late_change(self, image: Image) -> None:
        """Correct the last step in the history where the screen changed only after the env had stopped waiting."""
        last = self.history[-1] if self.history else None
        if last is None or not last.without_effect or last.outcome is None or self.last_image is None:
            return
        if differs_beyond_caret(self.last_image, image):
            self.history[-1] = last.model_copy(update={"outcome": last.outcome.model_copy(update={"changed": True})})

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.start

    def spent(self) -> _Ended | None:
        """The ending where the budget of time or tokens is used up."""
        limits = self.task.limits
        if limits.seconds is not None and self.seconds >= limits.seconds:
            return _Ended(Ending.TIME_LIMIT, f"the limit of {limits.seconds:g} seconds was reached")
        if limits.tokens is not None and self.tokens >= limits.tokens:
            return _Ended(Ending.COST_LIMIT, f"the limit of {plural(limits.tokens, 'token')} was reached")
        return None

    def unusable_in_a_row(self) -> int:
        """How many of the last steps had an unusable answer."""
        return next((n for n, s in enumerate(reversed(self.history)) if s.action is not None), len(self.history))


@dataclass
class Agent:
    """The parts of one run. `agent.run.assemble` joins them.

    `ask` puts the agent's own question to the person (None when nobody answers); `check` is the user's own test of the
    outcome, which turns ``done`` into ``verified``.
    """

    env: Env
    model: Model
    policy: Policy
    memory: Memory
    stop: Stop = field(default_factory=Stop)
    watch: Watcher = field(default_factory=Watcher)
    ask: Callable[[str], str | None] = lambda question: None
    check: Callable[[], bool] | None = None

    def run(self, task: Task) -> Result:
        """Work on `task` until it ends. Every failure becomes an ending; what was done is in the memory."""
        run = _Run(task)
        try:
            while True:
                self._next_step(run)
        except (_Ended, KeyboardInterrupt) as end:
            return self._end(run, end)

    def walk(self, task: Task) -> Generator[Step, None, Result]:
        """The same as a generator: yields each step when it is stored, and returns the result.

        The step that brings the ending is in the result only. A Ctrl-C that comes while the caller has a step is the
        caller's: it ends nothing here.
        """
        run = _Run(task)
        try:
            while True:
                self._next_step(run)
                yield run.history[-1]
        except (_Ended, KeyboardInterrupt) as end:
            return self._end(run, end)

    def _next_step(self, run: _Run) -> None:
        self._continue(run)
        with self._within_limit(run):
            self._step(run)

    def _end(self, run: _Run, why: _Ended | KeyboardInterrupt) -> Result:
        if isinstance(why, KeyboardInterrupt):
            self.stop.note("Ctrl-C")
            why = self._stopping()
        self.stop.settle()
        with suppress(HandeyeError):  # a device that is gone holds nothing
            self.env.release()
        result = Result(why.ending, why.message, run.answer, tuple(run.history), run.seconds)
        result = self._finish(result)
        self.watch.ended(result)
        return result

    def _continue(self, run: _Run) -> None:
        """End the run where it was stopped, the world has ended it, or a budget is used up."""
        limits: Limits = run.task.limits
        self._stopped()
        with _EndsAs(Ending.DEVICE_ERROR, "the screen"):
            why = self.env.over()
        if why is not None:
            raise _Ended(Ending.WORLD_OVER, why)
        self._interrupted(run)
        if len(run.history) >= limits.steps:
            raise _Ended(Ending.STEP_LIMIT, f"the limit of {plural(limits.steps, 'step')} was reached")
        if limits.repeats is not None and (count := repeated_without_effect(run.history)) >= limits.repeats:
            why = f"refused {count} times" if run.history[-1].refused else ""
            why = why or f"done {count} times and nothing on the screen changed"
            raise _Ended(Ending.STUCK, f"the same action was {why}")

    @contextmanager
    def _within_limit(self, run: _Run) -> Iterator[None]:
        """Interrupts a model or a device that would not come back in time, a little after the limit."""
        limit = run.task.limits.seconds
        left = None if limit is None else max(limit - run.seconds, 0) + _GRACE
        why = "" if limit is None else f"the limit of {limit:g} seconds was reached"
        with self.stop.after(left, why, self.env.interrupt):
            yield

    def _stopping(self) -> _Ended:
        return _Ended(Ending.TIME_LIMIT if self.stop.late else Ending.STOPPED_BY_USER, self.stop.reason)

    def _stopped(self) -> None:
        if self.stop:
            raise self._stopping()

    def _interrupted(self, run: _Run) -> None:
        """End the run where it was stopped or its time or tokens are used up."""
        self._stopped()
        if (end := run.spent()) is not None:
            raise end

    def _step(self, run: _Run) -> None:
        draft = _Draft(len(run.history), dict(run.last_record))
        with self._remembered(draft, run):
            observation, decision = self._look_and_decide(draft, run)
            if decision is None:
                return
            self._interrupted(run)
            decision = with_targets(decision, observation)
            draft.targets = decision.targets
            verdict, outcome = self._review(draft, decision, draft.observation or observation), None
            if verdict.kind != "skip":
                outcome = self._perform(draft, run, verdict.action, observation.frame)
                draft.timings |= outcome.timings
                draft.outcome = OutcomeRecord(
                    performed=outcome.performed,
                    settled=outcome.settled,
                    detail=outcome.detail,
                    changed=outcome.changed,
                    dry_run=outcome.dry_run,
                )
            if decision.rest:
                why = why_not_after(verdict, outcome, draft.error) or self._keep_rest(draft, run, decision, observation)
                draft.dropped = undone(len(decision.rest), why) if why else ""

    def _keep_rest(self, draft: _Draft, run: _Run, decision: Decision, decided_on: Observation) -> str:
        """Look, and leave the rest of the answer for the next step; returns why not where the screen is another one."""
        start = time.perf_counter()
        with _EndsAs(Ending.DEVICE_ERROR, "the screen"):
            seen = self.env.observe()
        if why := why_not_on(decided_on, seen, decision.rest[0]):
            return why
        run.rest = AnswerRest(
            next_of(decision), draft.part + 1, decided_on, seen, {"capture": time.perf_counter() - start}
        )
        return ""

    def _look_and_decide(self, draft: _Draft, run: _Run) -> tuple[Observation, Decision | None]:
        """The screen decided on and the decision; None when the answer was unusable and may be asked again."""
        if (rest := run.rest) is not None:
            run.rest, draft.part, draft.observation = None, rest.part, rest.seen
            draft.timings |= rest.timings
            draft.action = rest.decision.action
            run.note_late_change(rest.seen.image)
            self.watch.looked(draft.index, rest.seen)
            return rest.decided_on, rest.decision
        while True:
            with _EndsAs(Ending.DEVICE_ERROR, "the screen"), draft.timed("capture"):
                draft.observation = observation = self.env.observe()
            run.note_late_change(observation.image)
            self.watch.looked(draft.index, observation)
            try:
                return observation, self._decide(draft, run, observation)
            except LookAgain as again:
                self._interrupted(run)
                time.sleep(again.seconds)

    def _decide(self, draft: _Draft, run: _Run, observation: Observation) -> Decision | None:
        try:
            with _EndsAs(Ending.MODEL_ERROR, "the model", LookAgain):
                try:
                    decision = self.model.decide(run.task, observation, run.history)
                except ParseError as error:
                    draft.timings |= error.timings
                    draft.error, draft.raw, draft.usage = f"unusable answer: {error}", error.raw, error.usage
                    draft.pointed = error.pointed
                    if run.unusable_in_a_row() >= run.task.limits.parse_retries:
                        raise _Ended(Ending.PARSE_ERROR, draft.error) from error
                    return None
        except _Ended as end:
            draft.error = end.message
            raise
        draft.timings |= decision.timings
        draft.action, draft.thought, draft.raw = decision.action, decision.thought, decision.raw
        draft.pointed, draft.delegated, draft.part = decision.pointed, decision.delegated, decision.part
        draft.notes, draft.usage = decision.notes, decision.usage
        return decision

    def _review(self, draft: _Draft, decision: Decision, observation: Observation) -> Verdict:
        with _EndsAs(Ending.BLOCKED, "the policy"), draft.timed("review"):
            verdict = self.policy.review(decision, observation)
        draft.usage += verdict.usage
        draft.verdict = VerdictRecord(kind=verdict.kind, policy=verdict.policy, reason=verdict.reason)
        if verdict.kind == "modify":
            draft.action, draft.decided = verdict.action, decision.action
        self.watch.decided(draft.index, decision, verdict)
        if verdict.kind not in ("allow", "modify"):
            draft.outcome = OutcomeRecord(performed=False, detail=verdict.reason)
        endings = {"block": Ending.BLOCKED, "stop": Ending.STOPPED_BY_USER, "ask": Ending.NEEDS_HUMAN}
        if verdict.kind in endings:
            raise _Ended(endings[verdict.kind], verdict.reason)
        return verdict

    def _perform(self, draft: _Draft, run: _Run, action: AnyAction, frame: Frame) -> Outcome:
        match action:
            case Finish(status="success"):
                raise self._finished(action)
            case Finish():
                raise _Ended(Ending.GAVE_UP, action.message or "the model gave up without a reason")
            case Answer():
                run.answer = action.text
                return Outcome(performed=False, detail="answered")
            case AskUser():
                with _EndsAs(Ending.NEEDS_HUMAN, "the question to the person"):
                    self.env.release()
                    reply = self.ask(action.question)
                if reply is None:
                    raise _Ended(Ending.NEEDS_HUMAN, action.question)
                return Outcome(performed=False, detail=f"the person said: {reply}")
            case _:
                return self._act(draft, action, frame)

    def _act(self, draft: _Draft, action: AnyAction, frame: Frame) -> Outcome:
        """Do it on the device; a point that no longer (or never) fits the screen is not done but looked at again."""
        try:
            with _EndsAs(Ending.DEVICE_ERROR, "the screen", GeometryError):
                return self.env.perform(action, frame)
        except GeometryError as error:
            return draft.refuse(str(error))
        except _Ended as end:
            draft.error = end.message
            raise

    def _finished(self, action: Finish) -> _Ended:
        if self.check is None:
            return _Ended(Ending.DONE, action.message)
        with _EndsAs(Ending.DEVICE_ERROR, "the model said done, but the check of the outcome"):
            holds = self.check()
        if holds:
            return _Ended(Ending.VERIFIED, action.message)
        return _Ended(Ending.GAVE_UP, "the model said done, but the check of the outcome failed")

    @contextmanager
    def _remembered(self, draft: _Draft, run: _Run) -> Iterator[None]:
        """Store the step however it ends. The first cause of an ending wins over a failure to store it."""
        try:
            yield
        except _Ended as end:
            try:
                self._remember(draft, run)
            except _Ended as late:
                raise end.then(late) from late
            raise
        except KeyboardInterrupt:
            try:
                self._remember(draft, run)
            except _Ended as late:
                self.stop.note("Ctrl-C")
                raise self._stopping().then(late) from late
            raise
        else:
            self._remember(draft, run)

    def _remember(self, draft: _Draft, run: _Run) -> None:
        if draft.observation is None or (draft.action is None and draft.error is None):
            return
        start = time.perf_counter()
        with _EndsAs(Ending.RECORD_ERROR, "the record"):
            step = draft.step(self.memory.add_frame(draft.observation.image), draft.observation)
            self.memory.append(step)
        run.last_record = {"record": time.perf_counter() - start}
        run.last_image = draft.observation.image
        run.history.append(step)
        run.tokens += step.tokens.prompt + step.tokens.completion
        self.watch.stepped(step)

    def _finish(self, result: Result) -> Result:
        """Store the ending; the result says so where that failed."""
        try:
            with _EndsAs(Ending.RECORD_ERROR, "the record"):
                self.memory.finish(result.ending, result.message, result.answer)
        except _Ended as late:
            end = _Ended(result.ending, result.message).then(late)
            return replace(result, ending=end.ending, message=end.message)
        return result
