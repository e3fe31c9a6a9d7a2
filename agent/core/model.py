"""The contract of a model: three verbs over observations, and what they return."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict, Field

from actions.action import Action
from actions.errors import HandeyeError
from actions.frame import Box, Point
from agent.core.step import Delegation, PointedAt, Step, Target
from agent.core.task import Task
from envs.env import Observation


class _ModelValue(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Usage(_ModelValue):
    """What one answer cost. Seconds; tokens are 0 where the server does not say; `cached_tokens` are the prompt's."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    first_token_seconds: float | None = None
    seconds: float = 0.0
    requests: int = 1

    @property
    def tokens(self) -> int:
        """Prompt and completion together."""
        return self.prompt_tokens + self.completion_tokens

    def __add__(self, other: Usage) -> Usage:
        """Both together; the first token is the first one's."""
        return Usage(
            prompt_tokens=self.prompt_tokens + other.prompt_tokens,
            completion_tokens=self.completion_tokens + other.completion_tokens,
            cached_tokens=self.cached_tokens + other.cached_tokens,
            first_token_seconds=self.first_token_seconds if self.requests else other.first_token_seconds,
            seconds=self.seconds + other.seconds,
            requests=self.requests + other.requests,
        )


NO_USAGE = Usage(requests=0)
"""Nobody was asked."""


class Decision(_ModelValue):
    """What to do next: `action` in frame pixels of the observation it was decided on.

    `rest` are the answer's further actions in order, decided on the same picture; the loop does them one by one without
    asking again, as long as the screen is what they were decided on.

    `pointed` is what the answer described in words and where another model found it. Where the answer was an
    instruction, `delegated` has it, and `part` is how many of its steps were decided before. `targets` is what is at
    the places of the action, where the model knows it.

    `raw` is the model's answer to the letter, `notes` says what had to be repaired to read it, and `timings` has
    the seconds of the phases inside the decision (`encode`, `prompt`, `model`, `parse`).
    """

    action: Action
    rest: tuple[Action, ...] = ()
    thought: str = ""
    raw: str = ""
    notes: tuple[str, ...] = ()
    usage: Usage = Field(default_factory=Usage)
    timings: dict[str, float] = Field(default_factory=dict)
    pointed: tuple[PointedAt, ...] = ()
    delegated: Delegation | None = None
    part: int = 0
    targets: tuple[Target, ...] = ()


class Grounding(_ModelValue):
    """Where a target is. Frame pixels; `score` is a probability-like confidence in 0 to 1, None where none is told.

    A refusal has `refused` set, a reason, and no point.
    """

    point: Point | None = None
    box: Box | None = None
    score: float | None = None
    refused: bool = False
    reason: str = ""
    raw: str = ""
    usage: Usage = Field(default_factory=Usage)


class Extraction(_ModelValue):
    """Data from a screen: what JSON can hold, in the shape that was asked for."""

    data: Any
    usage: Usage = Field(default_factory=Usage)


class ModelError(HandeyeError):
    """The model could not answer: server unreachable, refused, timed out. One line with what to do next."""


class ContextError(ModelError):
    """The question does not fit the model's context."""


class ParseError(ModelError):
    """The model answered, but not with exactly one usable action. `raw` is the answer to the letter."""

    def __init__(
        self,
        message: str,
        raw: str,
        usage: Usage | None = None,
        timings: dict[str, float] | None = None,
        pointed: tuple[PointedAt, ...] = (),
    ) -> None:
        super().__init__(message)
        self.raw, self.pointed = raw, pointed
        self.usage = usage or Usage()
        self.timings = timings or {}


class LookAgain(Exception):  # noqa: N818 - a request, not an error
    """Raised by `Model.decide` on a screen that cannot be decided on yet: the loop observes again after `seconds`.

    Nothing is recorded for such a look. The model keeps its own deadline; the run's budgets hold too.
    """

    def __init__(self, seconds: float = 0.0) -> None:
        super().__init__()
        self.seconds = seconds


class Model(Protocol):
    """Decides, locates and extracts from an observation of a screen.

    A subclass must define `name` and `decide`; without a prompt or a dialect the rest has defaults.
    """

    @property
    @abstractmethod
    def name(self) -> str:
        """For the record, e.g. ``builtin`` or ``Qwen/Qwen2.5-VL-3B-Instruct at http://…``."""

    @property
    def dialect(self) -> str | None:
        """The dialect's name, or None for a model that needs none."""
        return None

    @property
    def prompt_hash(self) -> str | None:
        """sha256 (first 16 hex digits) of the prompt template, or None."""
        return None

    @abstractmethod
    def decide(self, task: Task, observation: Observation, history: Sequence[Step]) -> Decision:
        """The next action. Raises `ParseError` for an unusable answer, `ModelError` for none, and `LookAgain`."""

    def locate(self, observation: Observation, instruction: str) -> Grounding:
        """Where the thing described is, or a refusal. Raises like `decide`."""
        raise ModelError(f"{self.name} locates nothing: name another model")

    def extract(self, observation: Observation, schema: dict[str, Any], question: str) -> Extraction:
        """Data from the screen in the shape of a JSON schema. Raises like `decide`."""
        raise ModelError(f"{self.name} reads no data off a screen: name another model")


Decide = Callable[[Task, Observation, Sequence[Step]], Action]


class FunctionModel(Model):
    """A function that returns the next action, as a model of the function's name."""

    def __init__(self, function: Decide) -> None:
        self._function = function

    @property
    def name(self) -> str:
        """The function's."""
        return getattr(self._function, "__name__", type(self._function).__name__)

    def decide(self, task: Task, observation: Observation, history: Sequence[Step]) -> Decision:
        """What the function returns. Raises what it raises."""
        return Decision(action=self._function(task, observation, history))


class WrappedModel:
    """A `Model` that is another one; a subclass says what it does otherwise."""

    def __init__(self, model: Model) -> None:
        self._model = model

    @property
    def name(self) -> str:
        """The model's."""
        return self._model.name

    @property
    def dialect(self) -> str | None:
        """The model's."""
        return self._model.dialect

    @property
    def prompt_hash(self) -> str | None:
        """The model's."""
        return self._model.prompt_hash

    def decide(self, task: Task, observation: Observation, history: Sequence[Step]) -> Decision:
        """The model's. Raises like it."""
        return self._model.decide(task, observation, history)

    def locate(self, observation: Observation, instruction: str) -> Grounding:
        """The model's. Raises like it."""
        return self._model.locate(observation, instruction)

    def extract(self, observation: Observation, schema: dict[str, Any], question: str) -> Extraction:
        """The model's. Raises like it."""
        return self._model.extract(observation, schema, question)
