"""One step of an episode, as it is stored."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from actions.action import Action, Answer, AskUser, Finish, Move, Wait
from actions.errors import one_line
from actions.frame import Box, FinitePoint, Frame


class _StepValue(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Tokens(_StepValue):
    """Tokens spent on one step; `cached` is how many of the prompt the server had from an earlier one."""

    prompt: int = 0
    completion: int = 0
    cached: int = 0

    def __add__(self, other: Tokens) -> Tokens:
        return Tokens(
            prompt=self.prompt + other.prompt,
            completion=self.completion + other.completion,
            cached=self.cached + other.cached,
        )

    @property
    def words(self) -> str:
        """For people: ``1,000 in (800 cached), 20 out``; "" for none."""
        cached = f" ({self.cached:,} cached)" if self.cached else ""
        return f"{self.prompt:,} in{cached}, {self.completion:,} out" if self.prompt or self.completion else ""


class VerdictRecord(_StepValue):
    """What the policy said about the action."""

    kind: Literal["allow", "modify", "ask", "skip", "block", "stop"]
    policy: str = ""
    reason: str = ""


class OutcomeRecord(_StepValue):
    """What the device did: see `envs.env.Outcome`."""

    performed: bool
    settled: bool = True
    detail: str = ""
    changed: bool | None = None
    dry_run: bool = False


class Patch(_StepValue):
    """How a frame is made of two files: the picture `base` with the step's `image` laid over it at `at` (x, y).

    `base` is a whole picture, never a patch itself. Where `image` is transparent the base shows.
    """

    base: str
    at: tuple[Annotated[int, Field(ge=0)], Annotated[int, Field(ge=0)]]


ELEMENT_LIST = "element list"
"""The grounder of numbers in a list: `PointedAt.description` is the number, `PointedAt.raw` the element in words."""


class PointedAt(_StepValue):
    """Where a grounder found what a planner described: `description` and `raw` (its answer) to the letter, `point` in
    frame pixels, None where nothing on the screen fits.
    """

    description: str
    point: FinitePoint | None = None
    grounder: str = ""
    raw: str = ""


class Target(_StepValue):
    """What an action was meant for at its `point` (frame pixels): `words` to the letter, after `lead` where they are
    not on it but name it, such as ``the field`` or ``right of``; its `box` (frame pixels) where that is known.
    """

    point: FinitePoint
    words: str
    lead: str = ""
    box: Box | None = None

    @property
    def phrase(self) -> str:
        """For people: ``“Save As…”``, ``the field “Name”``."""
        return " ".join(filter(None, (self.lead, self.words and f"“{one_line(self.words, 60)}”")))


class Delegation(_StepValue):
    """The planner's instruction that a step is for: one of the built-in model, with its `report` in the last step; or,
    where it is `planned`, an item of a plan, with the `plan` where that was made in this step. `leads` says that the
    step only leads to what the item names. `lookup` is the fact that the plan is made to find out, before the task
    itself is planned; `known` is the fact with what a screen said of it, from then on.
    """

    instruction: str
    report: str = ""
    planned: bool = False
    plan: tuple[str, ...] = ()
    leads: bool = False
    lookup: str = ""
    known: str = ""


class Step(_StepValue):
    """A line of ``steps.jsonl``.

    `image` is the frame's file relative to the episode; with a `patch` it holds only what differs from another
    picture (writers set it, `agent.episodes.Episode.image` puts the two together). `action` is None when the answer
    was unusable; `error` then says why. `decided` is the model's own action where the policy changed it. `timings` is
    seconds by phase: `capture`, `encode`, `prompt`, `model`, `parse`, `review`, `act`, `settle`, `record` (the
    previous step's). `part` is the action's place in its answer: above 0, the answer (`raw`, `tokens`) is that of step
    `index` - `part`. `dropped` says which further actions of the answer were not done, and why.
    `pointed` is what a planner's answer described and where a grounder found it. In a step that the built-in model
    chose for a planner, `delegated` is the instruction, and `part` counts its steps. `targets` is what the screen's
    accessibility elements, or the built-in model, told of the places of the action.
    """

    index: int = Field(ge=0)
    time: float
    frame: Frame
    image: str
    patch: Patch | None = None
    action: Action | None = None
    decided: Action | None = None
    thought: str = ""
    raw: str = ""
    notes: tuple[str, ...] = ()
    verdict: VerdictRecord | None = None
    outcome: OutcomeRecord | None = None
    error: str | None = None
    tokens: Tokens = Field(default_factory=Tokens)
    timings: dict[str, float] = Field(default_factory=dict)
    app: str | None = None
    part: int = Field(default=0, ge=0)
    dropped: str = ""
    pointed: tuple[PointedAt, ...] = ()
    delegated: Delegation | None = None
    targets: tuple[Target, ...] = ()

    @property
    def effect(self) -> str:
        """What came of the action, for the model and for people; "" where it was done and the screen changed."""
        report = self.delegated.report if self.delegated else ""
        return "; ".join(filter(None, (self._own_effect, self.dropped, report)))

    @property
    def _own_effect(self) -> str:
        outcome = self.outcome
        if self.error:
            return self.error
        if self.verdict is not None and self.verdict.kind in ("skip", "block", "stop"):
            return f"not done: {self.verdict.reason or 'not allowed'}"
        if outcome is None or isinstance(self.action, Answer | Finish):
            return ""
        if isinstance(self.action, AskUser):
            return outcome.detail
        if not outcome.performed:
            return f"not done: {outcome.detail}"
        if not outcome.settled:
            return "done; the screen is still changing"
        return "done; no change was seen" if self.without_effect else ""

    @property
    def without_effect(self) -> bool:
        """Whether an action that should show on the screen was done and nothing changed."""
        if self.outcome is None or isinstance(self.action, Wait | Move):
            return False
        return self.outcome.performed and self.outcome.settled and self.outcome.changed is False

    @property
    def refused(self) -> bool:
        """Whether the device refused the action."""
        if self.outcome is None or isinstance(self.action, Answer | AskUser | Finish):
            return False
        allowed = self.verdict is None or self.verdict.kind in ("allow", "modify")
        tried = self.outcome.performed or self.outcome.dry_run
        return allowed and not tried and self.outcome.changed is None


def repeated_without_effect(history: Sequence[Step]) -> int:
    """How many of the last answers gave the same in a row that was refused, or changed nothing on the screen."""
    last: list[Step] = []
    answer: list[Step] = []
    count = 0
    for at in range(len(history) - 1, -1, -1):
        answer.append(history[at])
        if at and history[at].part:
            continue
        last = last or answer
        if not _all_without_effect(answer) or [s.action for s in answer] != [s.action for s in last]:
            break
        count, answer = count + 1, []
    return count


def repeated_again(answer: Sequence[Step], before: Sequence[Step], repeats: int) -> int:
    """`repeated_without_effect` after `answer`, where it was `repeats` after `before`, the answer before it."""
    if not _all_without_effect(answer):
        return 0
    return 1 + (repeats if [step.action for step in answer] == [step.action for step in before] else 0)


def _all_without_effect(answer: Sequence[Step]) -> bool:
    """Whether an answer has an action that should show on the screen, and none of its actions changed it."""
    return all(step.refused or _quiet(step.outcome) for step in answer) and any(
        step.refused or step.without_effect for step in answer
    )


def _quiet(outcome: OutcomeRecord | None) -> bool:
    return outcome is not None and outcome.performed and outcome.settled and outcome.changed is False
