"""Our loop inside another harness, which gives each screen to an agent and carries out what the agent returns.

The run goes on in a thread of its own between two calls of the harness: `perform` hands over what is to be done and
waits for the screen that the harness shows next.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from actions.action import AnyAction, describe
from actions.frame import Frame
from agent.core.loop import Memory, NoMemory, Result, Watcher
from agent.core.model import Decision, Model, ModelError
from agent.core.policy import Policy, Verdict
from agent.core.stop import Stop
from agent.core.task import Limits, Task
from agent.episodes import EpisodeError, EpisodeHeader, EpisodeWriter
from agent.run.assemble import assembled
from benchmarks.failures import raise_failure
from benchmarks.handover import Handover, Returned
from envs.capture import check_not_black, is_black
from envs.differences import differs_beyond_caret
from envs.env import Env, EnvError, Image, Observation, Outcome

Command = TypeVar("Command")
"""One thing that the harness carries out, in its own language."""
_STEPS = 10_000
"""More than any harness asks for: the budget is the harness's."""


class InexpressibleError(ValueError):
    """An action that a harness has no equivalent for; the message says why, for the model."""


@dataclass(frozen=True)
class Proposal(Generic[Command]):
    """What the harness is to do now, and the decision that it comes from."""

    commands: Sequence[Command]
    action: AnyAction
    decision: Decision


@dataclass(frozen=True)
class HarnessOptions:
    """`out` keeps an episode of every run in a folder of its own; `policy` reviews each action (None: all allowed)."""

    out: Path | None = None
    policy: Policy | None = None
    parse_retries: int = 2
    max_tokens: int | None = None


class HarnessScreen(Env, Generic[Command]):
    """The screen as the harness shows it. `translate` says an action in its language, or why it cannot be said."""

    def __init__(
        self,
        name: str,
        supported: frozenset[str],
        translate: Callable[[AnyAction, Frame], Sequence[Command]],
        exchange: Callable[[Proposal[Command]], Observation | None],
        stop: Stop,
    ) -> None:
        self._name, self._supported, self._translate = name, supported, translate
        self._exchange, self._stop = exchange, stop
        self.seen: Observation | None = None
        self.decision: Decision | None = None

    @property
    def name(self) -> str:
        """The harness, for records."""
        return self._name

    @property
    def supported(self) -> frozenset[str]:
        """The action types that the harness has words for, at least in some forms."""
        return self._supported

    def observe(self) -> Observation:
        """The screen that was shown last."""
        if self.seen is None:
            raise EnvError(f"{self._name} has not shown a screen")
        return self.seen

    def perform(self, action: AnyAction, frame: Frame) -> Outcome:
        """Hand `action` over and wait for the next screen; one without an equivalent is refused.

        Raises `actions.frame.GeometryError` for a point outside the frame.
        """
        try:
            commands = self._translate(action, frame)
        except InexpressibleError as error:
            return Outcome(False, str(error))
        before = self.observe()
        if self.decision is None:
            raise EnvError("nothing was decided")
        after = self._exchange(Proposal(commands, action, self.decision))
        if after is None:
            self._stop.note(f"{self._name} ended the run")
            return Outcome(True, describe(action))
        self.seen = after
        return Outcome(True, describe(action), changed=differs_beyond_caret(before.image, after.image))


class _DecisionWatcher(Watcher):
    """Keeps the last decision for the proposal."""

    def __init__(self, screen: HarnessScreen[Command]) -> None:
        self._screen = screen

    def decided(self, index: int, decision: Decision, verdict: Verdict) -> None:
        """Called before an action is performed."""
        self._screen.decision = decision


class HarnessRun(Generic[Command]):
    """One run of `model` on `instruction`, a step for each screen that `next` is given."""

    def __init__(
        self,
        name: str,
        supported: frozenset[str],
        translate: Callable[[AnyAction, Frame], Sequence[Command]],
        model: Model,
        instruction: str,
        options: HarnessOptions,
    ) -> None:
        self._name, self._supported, self._translate = name, supported, translate
        self._model, self._options = model, options
        limits = Limits(_STEPS, None, options.max_tokens, options.parse_retries)
        self._task = Task(instruction, limits)
        self._handover: Handover[Proposal[Command], Observation | None, Result] | None = None
        self.instruction = instruction

    def next(self, image: Image) -> Proposal[Command] | Result:
        """What to do on the screen `image` (RGB uint8 HxWx3), or how the run ended.

        Raises `ModelError` for a model that did not answer, `EnvError` and `EpisodeError`: such a run is no failure of
        the agent.
        """
        if is_black(image):
            check_not_black(image, 0.0)
        height, width = image.shape[:2]
        seen = Observation(image, Frame(id="0", width=width, height=height))
        if self._handover is None:
            self._handover = Handover(lambda exchange: self._run(seen, exchange), f"handeye in {self._name}")
            given = self._handover.start()
        else:
            given = self._handover.reply(seen)
        if not isinstance(given, Returned):
            return given
        raise_failure(given.value)
        return given.value

    def close(self) -> None:
        """End a run that is under way; its record says that the harness ended it."""
        if self._handover is not None and not self._handover.over:
            with suppress(ModelError, EnvError, EpisodeError):
                self._handover.reply(None)

    def _run(self, seen: Observation, exchange: Callable[[Proposal[Command]], Observation | None]) -> Result:
        stop = Stop()
        screen = HarnessScreen(self._name, self._supported, self._translate, exchange, stop)
        screen.seen = seen
        with ExitStack() as stack:
            memory: Memory = NoMemory()
            if self._options.out is not None:
                folder = episode_folder(self._options.out, self._task.instruction)
                header = EpisodeHeader.of(self._task, self._model, screen)
                memory = stack.enter_context(EpisodeWriter.create(folder, header))
            agent = stack.enter_context(
                assembled(
                    screen,
                    self._model,
                    policy=self._options.policy,
                    memory=memory,
                    watch=_DecisionWatcher(screen),
                    stop=stop,
                )
            )
            return agent.run(self._task)


def episode_folder(out: Path, goal: str, count: int = 0) -> Path:
    """A new folder's name below `out`: a number, at least `count`, and the words of the goal."""
    slug = re.sub(r"[^a-z0-9]+", "-", goal.lower()).strip("-")[:40].rstrip("-") or "task"
    taken = 0
    with suppress(OSError):
        taken = sum(1 for _ in out.iterdir())
    return out / f"{max(count, taken + 1):04d}-{slug}"


def literal(value: str | float) -> str:
    """`value` as a Python literal; of a text only letters, digits and spaces stand for themselves."""
    if not isinstance(value, str):
        return repr(value)
    return "'" + "".join(c if c.isascii() and (c.isalnum() or c == " ") else _escaped(c) for c in value) + "'"


def _escaped(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}" if code < 65536 else f"\\U{code:08x}"
