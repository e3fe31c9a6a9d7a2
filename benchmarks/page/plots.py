"""Figures for small SVG plots on one scale of 0 to 100 %, which ``tables.html`` draws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.page.formatting import label, many, percent

_EDGE = 3.0


@dataclass(frozen=True)
class Dot:
    """One figure (a share) with its interval. `tone` numbers the run, from 0; `letter` names it among several."""

    value: float | None
    ends: tuple[float, float] | None = None
    letter: str = ""
    tone: int = 0


@dataclass(frozen=True)
class CountedKind:
    """One part of the bar of verdicts; `x` and `width` are shares of its width."""

    name: str
    tone: str
    x: str
    width: str
    count: str
    share: str


@dataclass(frozen=True)
class CountedKinds:
    """The bar of verdicts, and all of it in words."""

    spoken: str
    kinds: Sequence[CountedKind]


def at(share: float, beyond: float = 0.0) -> str:
    """The position of a share in a plot, and `beyond` percent of the plot's width to the right of it."""
    return percentage(_EDGE + (100 - 2 * _EDGE) * min(max(share, 0.0), 1.0) + beyond)


def percentage(value: float) -> str:
    """A length in percent."""
    return f"{value:.3f}%"


def verdicts(kinds: Mapping[str, int], known: Sequence[str] = ()) -> CountedKinds:
    """Counts by kind; `known` are the kinds of all runs, which number the colours."""
    order, total, x, found = list(known or kinds), sum(kinds.values()), 0.0, list[CountedKind]()
    for name, number in kinds.items():
        share = number / total if total else 0.0
        place = percentage(100 * x), percentage(100 * share)
        found.append(CountedKind(label(name), tone_of(name, order.index(name)), *place, many(number), percent(share)))
        x += share
    return CountedKinds(", ".join(f"{one.name} {one.count}" for one in found), found)


def tone_of(kind: str, number: int) -> str:
    """The class of a kind of verdict."""
    return "k-right" if kind in ("correct", "solved") else f"k-{number % 6}"
