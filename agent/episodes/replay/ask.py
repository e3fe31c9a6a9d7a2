"""`ask`: what another model decides on every screen of an episode, compared with the recorded actions."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from actions.action import AnyAction, points_of
from agent.core.model import Model, ModelError, ParseError
from agent.core.step import Step
from agent.core.task import Task
from agent.episodes import EpisodeError, read_episode
from envs.env import Observation

Kind = Literal["same", "other place", "other detail", "other type", "no action", "unseen"]
"""How an answer compares; `unseen`: the step has no readable picture or no recorded action."""
WITHIN = 14.0
"""Pixels between two points that still are the same place: half a small button."""


@dataclass(frozen=True)
class Answered:
    """The answer for one screen. `step` counts from 1; `distance` is in pixels, None where an action has no point."""

    step: int
    kind: Kind
    recorded: AnyAction | None
    asked: AnyAction | None = None
    distance: float | None = None
    why: str = ""

    def to_json(self) -> dict[str, Any]:
        """One row of ``handeye replay --mode ask --json``."""
        return {
            "step": self.step,
            "verdict": self.kind,
            "recorded": self.recorded.model_dump(mode="json") if self.recorded else None,
            "asked": self.asked.model_dump(mode="json") if self.asked else None,
            "distance": None if self.distance is None else round(self.distance, 1),
            "why": self.why,
        }


@dataclass(frozen=True)
class ReplayComparison:
    """The answers for every step of an episode."""

    episode: Path
    model: str
    recorded_model: str
    rows: tuple[Answered, ...]

    @property
    def counts(self) -> dict[str, int]:
        """The number of each verdict."""
        return dict(Counter(row.kind for row in self.rows))

    def to_json(self) -> dict[str, Any]:
        """The object that ``handeye replay --mode ask --json`` prints."""
        return {
            "mode": "ask",
            "episode": str(self.episode),
            "model": self.model,
            "recorded_model": self.recorded_model,
            "steps": len(self.rows),
            "counts": self.counts,
            "rows": [row.to_json() for row in self.rows],
        }


def ask(
    folder: Path, model: Model, within: float = WITHIN, told: Callable[[Answered], None] = lambda row: None
) -> ReplayComparison:
    """Ask `model` on every screen of the episode in `folder`, each with the recorded history.

    Points at most `within` pixels apart are the same place. `told` is called with each row. Raises `EpisodeError` for
    an unreadable episode and `ModelError` where the model cannot answer.
    """
    episode = read_episode(folder)
    task = Task(episode.header.task, episode.header.limits)
    rows = []
    for at, step in enumerate(episode.steps):
        recorded = step.decided or step.action
        try:
            seen = Observation(episode.image(step), step.frame, step.time, step.app)
        except EpisodeError as error:
            row = Answered(step.index + 1, "unseen", recorded, why=str(error))
        else:
            row = _answer(model, task, seen, episode.steps[:at], step)
            row = _judged(row, within)
        rows.append(row)
        told(row)
    return ReplayComparison(folder, model.name, episode.header.model, tuple(rows))


def _answer(model: Model, task: Task, seen: Observation, history: tuple[Step, ...], step: Step) -> Answered:
    recorded = step.decided or step.action
    try:
        asked = model.decide(task, seen, history).action
    except ParseError as error:
        return Answered(step.index + 1, "no action", recorded, why=f"unusable answer: {error}")
    except ModelError as error:
        raise ModelError(f"step {step.index + 1}: {error}") from error
    return Answered(step.index + 1, "unseen", recorded, asked)


def _judged(row: Answered, within: float) -> Answered:
    """The row with its verdict."""
    if row.asked is None:
        return row
    if row.recorded is None:
        return Answered(row.step, "unseen", None, row.asked, None, "the recorded answer was unusable")
    kind, distance = compare(row.recorded, row.asked, within)
    return Answered(row.step, kind, row.recorded, row.asked, distance)


def compare(recorded: AnyAction, asked: AnyAction, within: float = WITHIN) -> tuple[Kind, float | None]:
    """How two actions compare, and the largest distance in pixels between their pairs of points."""
    if recorded.type != asked.type:
        return "other type", _apart(points_of(recorded)[:1], points_of(asked)[:1])
    ours, theirs = points_of(recorded), points_of(asked)
    ends = (ours[:1] + ours[-1:], theirs[:1] + theirs[-1:])  # of a path, where it begins and ends
    distance = _apart(*ends)
    if bool(ours) != bool(theirs) or (distance is not None and distance > within):
        return "other place", distance
    return ("same" if _bare(recorded) == _bare(asked) else "other detail"), distance


def _apart(ours: tuple[Any, ...], theirs: tuple[Any, ...]) -> float | None:
    return max((math.dist(a, b) for a, b in zip(ours, theirs, strict=False)), default=None)


def _bare(action: AnyAction) -> dict[str, Any]:
    """The fields of an action without points, times and messages."""
    plain = action.model_dump(mode="json")
    return {key: plain[key] for key in plain if key not in ("point", "path", "seconds", "message")}
