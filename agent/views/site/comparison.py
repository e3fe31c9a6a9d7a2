"""Two episodes side by side: which steps belong together, and where they first differ."""

from __future__ import annotations

from collections.abc import Sequence

from agent.core.step import Step
from agent.episodes.replay.ask import WITHIN, compare
from agent.views.site.catalog import RunEntry


def aligned(one: Sequence[Step], other: Sequence[Step], within: float = WITHIN) -> tuple[list[bool], int | None]:
    """Whether two episodes do the same at each step that both have, and the first place where they do not.

    Points at most `within` pixels apart are the same place. The place is that of the first step which only one has,
    where all others are the same; None for equal episodes.
    """
    same = [_same(ours, theirs, within) for ours, theirs in zip(one, other, strict=False)]
    if False in same:
        return same, same.index(False)
    return same, len(same) if len(one) != len(other) else None


def _same(one: Step, other: Step, within: float) -> bool:
    if one.action is None or other.action is None:
        return one.action is None and other.action is None
    return compare(one.action, other.action, within)[0] == "same"


def partners(entry: RunEntry, entries: Sequence[RunEntry], most: int = 200) -> list[RunEntry]:
    """Other episodes of the same task, the newest first."""
    return [one for one in entries if one.kind == "episode" and one.title == entry.title and one.key != entry.key][
        :most
    ]
