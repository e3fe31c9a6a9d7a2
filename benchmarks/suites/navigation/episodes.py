"""The figures of a navigation suite: step figures and whole-episode figures."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from actions.errors import plural
from benchmarks.figures.statistics import Estimate, cluster_ratio, mean_bootstrap, wilson
from benchmarks.figures.summary import summarise
from benchmarks.suite import Figure, Judged, Summary

SUCCESS = "episode_success"
"""Share of the episodes of which every step is right."""
PROGRESS = "goal_progress"
"""Mean over the episodes of the share of steps before the first wrong one."""


def figures(
    judged: Sequence[Judged],
    episodes: Mapping[str, Sequence[str]],
    *,
    headline: str,
    macro_over: str,
    notes: Sequence[str],
) -> Summary:
    """All figures over `judged`. `episodes` has the sample ids of each episode, in order.

    Episode figures are over the episodes of which every step was judged, and a note says how many were not. The
    intervals of step figures are Wilson's; a note has the one that reckons with the steps of an episode hanging
    together.
    """
    right = {one.sample.id: one.verdict.correct for one in judged}
    asked = {name: ids for name, ids in episodes.items() if any(key in right for key in ids)}
    whole = {name: [right[key] for key in ids] for name, ids in asked.items() if all(key in right for key in ids)}
    said = [*notes, *_broken(len(asked) - len(whole)), *_by_episode(asked, right)]
    summary = summarise(judged, macro_over=macro_over, headline=headline, notes=said)
    return summary.model_copy(update={"averages": summary.averages | episode_cells(list(whole.values()))})


def episode_cells(episodes: Sequence[Sequence[bool]]) -> dict[str, Figure]:
    """Success and progress of whole episodes, each the verdicts of its steps in order; empty without episodes."""
    if not episodes:
        return {}
    total, done = len(episodes), sum(all(steps) for steps in episodes)
    progress = [prefix(steps) for steps in episodes]
    mean, found = math.fsum(progress) / total, mean_bootstrap(progress)
    ci95 = found.ci95 if isinstance(found, Estimate) else None
    return {
        SUCCESS: Figure(correct=done, total=total, accuracy=done / total, ci95=wilson(done, total)),
        PROGRESS: Figure(correct=math.fsum(progress), total=total, accuracy=mean, ci95=ci95),
    }


def prefix(steps: Sequence[bool]) -> float:
    """The share of `steps` before the first wrong one."""
    return (list(steps).index(False) if False in steps else len(steps)) / len(steps)


def _broken(count: int) -> list[str]:
    return [f"{plural(count, 'episode')} not whole here and left out of episode figures"] if count else []


def _by_episode(asked: Mapping[str, Sequence[str]], right: Mapping[str, bool]) -> list[str]:
    """The interval of step accuracy that resamples episodes, in a note."""
    verdicts = ([right[key] for key in ids if key in right] for ids in asked.values())
    found = cluster_ratio([(sum(v), len(v)) for v in verdicts], of="episode")
    if not isinstance(found, Estimate):
        return []
    low, high = 100 * found.low, 100 * found.high
    return [f"steps of one episode hang together: step accuracy [{low:.1f}, {high:.1f}] % by {found.method}"]
