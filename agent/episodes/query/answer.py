"""`QueryAnswer`: an answer about an episode, and the steps that support it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from actions.frame import Box
from agent.core.step import Step
from agent.episodes import Episode


@dataclass(frozen=True)
class Hit:
    """A step that supports an answer. `step` counts from 1; `seconds` are from the start of the run.

    `box` is the place on the step's screen, in frame pixels; None where there is no single one.
    """

    step: int
    seconds: float
    snippet: str
    box: Box | None = None

    @property
    def clock(self) -> str:
        """``00:12.4``: minutes, seconds and tenths since the start."""
        return clock(self.seconds)

    def to_json(self) -> dict[str, Any]:
        """As ``handeye ask --json`` prints it."""
        box = None if self.box is None else [round(side) for side in self.box]
        return {
            "step": self.step,
            "seconds": round(self.seconds, 1),
            "time": self.clock,
            "snippet": self.snippet,
            "box": box,
        }


@dataclass(frozen=True)
class QueryAnswer:
    """`found` is False where nothing in the episode answers the question; `text` then says what was searched for."""

    question: str
    text: str
    hits: tuple[Hit, ...] = ()
    found: bool = True
    model: str = "builtin"


def clock(seconds: float) -> str:
    """``00:12.4``: minutes, seconds and tenths; an hour is 60 minutes."""
    tenths = round(max(0.0, seconds) * 10)
    return f"{tenths // 600:02d}:{tenths // 10 % 60:02d}.{tenths % 10}"


def seconds_of(episode: Episode, step: Step) -> float:
    """Seconds from the start of the run to the step's screen."""
    return max(0.0, step.time - episode.header.started)


def hit(episode: Episode, step: Step, snippet: str, box: Box | None = None) -> Hit:
    """A hit on `step`."""
    return Hit(step.index + 1, seconds_of(episode, step), snippet, box)
