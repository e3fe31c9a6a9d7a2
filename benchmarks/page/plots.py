"""Figures as small SVG plots on one scale of 0 to 100 %."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agent.views.markup import Markup, element
from benchmarks.page.formatting import between, label, percent

_EDGE = 3.0
_TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)
_TICK_CLASSES = (None, "minor", None, "minor", "last")
_ROW = 16


@dataclass(frozen=True)
class Dot:
    """One figure (a share) with its interval. `tone` numbers the run, from 0; `letter` names it among several."""

    value: float | None
    ends: tuple[float, float] | None = None
    letter: str = ""
    tone: int = 0


def plot(dots: Sequence[Dot], reference: float | None = None, *, spoken: str = "", big: bool = False) -> Markup:
    """Dots with whiskers, one below the other; a dashed line at `reference`.

    Hidden from screen readers, which have the figures in the same row, unless `spoken` is given.
    """
    height = _ROW * len(dots) + 8
    parts = [_line(x, x, 0, height, "grid") for x in map(_at, _TICKS)]
    if reference is not None:
        parts.append(_line(_at(reference), _at(reference), 0, height, "reference"))
    for row, dot in enumerate(dots):
        parts += _dot(dot, 4 + _ROW * (row + 0.5))
    title = element("title", spoken) if spoken else None
    role, hidden = ("img", None) if spoken else (None, "true")
    class_ = f"plot{' big' if big else ''}"
    return element("svg", title, *parts, class_=class_, height=height, role=role, aria_hidden=hidden)


def axis() -> Markup:
    """The scale, for the head of a column of plots."""
    ticks = (
        element("text", f"{100 * tick:.0f}", x=_percent(_at(tick)), y=11, class_=_TICK_CLASSES[n])
        for n, tick in enumerate(_TICKS)
    )
    return element("svg", *ticks, class_="plot axis", height=14, aria_hidden="true")


def bar(kinds: Mapping[str, int], known: Sequence[str] = ()) -> Markup:
    """Counts by kind as a stacked bar with a legend. `known` are the kinds of all runs."""
    known = list(known or kinds)
    total, x, parts, legend = sum(kinds.values()), 0.0, list[Markup](), list[Markup]()
    for name, number in kinds.items():
        share = number / total if total else 0.0
        class_ = tone_of(name, known.index(name))
        title = element("title", f"{label(name)}: {number:,}")
        parts.append(element("rect", title, class_=class_, x=_percent(100 * x), width=_percent(100 * share), height=14))
        x += share
        words = element("span", label(name)), element("span", f" {number:,} ({percent(share)})", class_="num soft")
        legend.append(element("li", _swatch(class_), *words))
    spoken = ", ".join(f"{label(name)} {number:,}" for name, number in kinds.items())
    drawn = element("svg", element("title", f"Verdicts: {spoken}"), *parts, class_="kinds", height=14, role="img")
    return element("div", drawn, element("ul", *legend, class_="legend"), class_="verdicts")


def tone_of(kind: str, number: int) -> str:
    """The class of a kind of verdict."""
    return "k-right" if kind in ("correct", "solved") else f"k-{number % 6}"


def _swatch(class_: str) -> Markup:
    rect = element("rect", class_=class_, width=10, height=10, rx=2)
    return element("svg", rect, class_="swatch", viewBox="0 0 10 10", aria_hidden="true")


def _dot(dot: Dot, y: float) -> list[Markup]:
    if dot.value is None:
        return []
    tone, x = f"t-{dot.tone % 6}", _at(dot.value)
    low, high = (_at(end) for end in dot.ends or (dot.value, dot.value))
    title = element("title", f"{percent(dot.value)}" + (f" [{between(dot.ends)}]" if dot.ends else ""))
    parts = [
        _line(low, high, y, y, f"whisker {tone}"),
        *(_line(end, end, y - 4, y + 4, f"whisker {tone}") for end in ((low, high) if dot.ends else ())),
    ]
    mark = _mark(x, y, dot.tone, tone)
    letter = element("text", dot.letter, class_="letter", x=_percent(_at(1) + 1.2), y=y + 3.5) if dot.letter else None
    return [element("g", title, *parts, mark, letter)]


def _mark(x: float, y: float, tone: int, class_: str) -> Markup:
    """A disc, or a square for every second run: runs differ by more than colour."""
    if tone % 2 == 0:
        return element("circle", class_=f"dot {class_}", cx=_percent(x), cy=y, r=4.5)
    square = element("rect", class_=f"dot {class_}", x=-4, y=-4, width=8, height=8)
    return element("svg", square, x=_percent(x), y=y, overflow="visible")


def _at(share: float) -> float:
    """The position of a share in percent of the plot's width."""
    return _EDGE + (100 - 2 * _EDGE) * min(max(share, 0.0), 1.0)


def _percent(value: float) -> str:
    return f"{value:.3f}%"


def _line(x1: float, x2: float, y1: float, y2: float, class_: str) -> Markup:
    return element("line", class_=class_, x1=_percent(x1), x2=_percent(x2), y1=y1, y2=y2)
