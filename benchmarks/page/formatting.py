"""Formatting of figures."""

from __future__ import annotations

import statistics
from collections.abc import Sequence


def percent(share: float | None, digits: int = 1) -> str:
    """A share of 0 to 1 as ``95.1 %``."""
    return "undefined" if share is None else f"{100 * share:.{digits}f} %"


def between(ends: Sequence[float] | None) -> str:
    """The ends of an interval as ``93.8 – 96.2``, in percent."""
    return "none" if ends is None else f"{100 * ends[0]:.1f} – {100 * ends[1]:.1f}"


def count(number: float) -> str:
    """``1,210``, or ``12.25`` where there is partial credit."""
    return f"{number:,.0f}" if float(number).is_integer() else f"{number:,.2f}"


def many(number: int) -> str:
    """``1,210``."""
    return f"{number:,}"


def short(number: float) -> str:
    """A length in a drawing."""
    return f"{number:.6g}"


def chance(p: float) -> str:
    """A p value."""
    return "< 0.0001" if p < 0.0001 else f"{p:.4f}" if p < 0.001 else f"{p:.3f}" if p < 0.1 else f"{p:.2f}"


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of `values` lie, between neighbours by distance. `values` is not empty."""
    if len(values) == 1:
        return values[0]
    cuts = statistics.quantiles(values, n=100, method="inclusive")
    return cuts[min(98, max(0, round(100 * share) - 1))]


def label(name: str) -> str:
    """An identifier as text: ``ui_type`` is ``ui type``."""
    return name.replace("_", " ")
