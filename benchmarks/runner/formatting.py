"""Results as lines of text for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from benchmarks.runner.result import SuiteResult
from benchmarks.suite import Figure, Summary

if TYPE_CHECKING:
    from benchmarks.runner.run import FinishedRun

_SHOWN = 5
"""Errors that are spelled out."""


def headline(summary: Mapping[str, Any]) -> str:
    """``1210/1272 correct, 95.1 % (95 % interval 93.8 to 96.2, Wilson)``."""
    counts = f"{summary['correct']:g}/{summary['total']} correct"
    if summary["accuracy"] is None:
        return f"{counts}, accuracy undefined"
    return f"{counts}, {summary['headline']} {percent(summary['accuracy'])} ({_interval(summary['ci95'])})"


def _interval(ci95: tuple[float, float] | None) -> str:
    return "no interval" if ci95 is None else f"95 % interval {100 * ci95[0]:.1f} to {100 * ci95[1]:.1f}"


def percent(share: float | None) -> str:
    """A share as ``95.1 %``."""
    return "undefined" if share is None else f"{100 * share:.1f} %"


def table(result: SuiteResult) -> list[str]:
    """The headline, averages, groups, notes, retries, and published figures of the same protocol."""
    from benchmarks.figures.published import comparable

    manifest, summary = result.manifest, Summary.model_validate(result.summary)
    lines = [f"{manifest['suite']}, {manifest['model']['name']}: {headline(result.summary)}", *figure_lines(summary)]
    if summary.averages:
        lines += ["  averages", *(f"    {name:<32} {percent(c.accuracy):>9}" for name, c in summary.averages.items())]
    lines += [f"  note          {note}" for note in summary.notes]
    retries = result.run["retries"]
    if retries["tries"] or retries["requests"]:
        lines.append(
            f"  retried       {retries['tries']} tries of samples, {retries['requests']} requests to the server"
        )
    beside = comparable(manifest["protocol"], summary) if result.complete else ()
    return lines + (["published, same protocol:"] if beside else []) + [f"  {ref.line()}" for ref in beside]


def failures(done: FinishedRun) -> list[str]:
    """Why a result is not complete, and what to do; nothing for one that is."""
    errors = done.result.errors
    if not errors:
        return []
    named = "; ".join(f"{one['id']}: {one['error']}" for one in errors[:_SHOWN])
    more = f" and {len(errors) - _SHOWN} more" if len(errors) > _SHOWN else ""
    ended = f" ({done.gave_up})" if done.gave_up else ""
    return [
        f"incomplete: {len(errors)} of {done.result.run['samples']} samples have no answer and are in no figure{ended}"
        f" - {named}{more}. Put it right, then run again with --out {done.folder} --resume"
    ]


def figure_lines(summary: Summary) -> Iterator[str]:
    """Averages, counts by kind of verdict, and tables, as indented lines."""
    headline_is_micro = summary.headline == "micro"
    micro = _interval_of(summary.ci95, summary.interval) if headline_is_micro else ""
    yield f"  micro         {_share(summary.micro)}  {micro}".rstrip()
    if summary.macro_over:
        macro = _interval_of(summary.macro_ci95 if headline_is_micro else summary.ci95, f"over {summary.macro_over}")
        yield f"  macro         {_share(summary.macro)}  {macro}"
    yield f"  answers       {', '.join(f'{count} {kind}' for kind, count in summary.kinds.items())}"
    for kind, table in summary.tables.items():
        yield f"  by {kind}"
        yield from (f"    {label:<32} {figure_cell(cell)}" for label, cell in table.items())


def _interval_of(ends: tuple[float, float] | None, about: str) -> str:
    return about if ends is None else f"[{ends[0]:.2%}, {ends[1]:.2%}] 95 %, {about}"


def figure_cell(cell: Figure) -> str:
    """``1210/1272  95.13 %  [93.8 %, 96.2 %]``, aligned."""
    counts = f"{count(cell.correct)}/{cell.total}"
    ends = "" if cell.ci95 is None else f"[{cell.ci95[0]:.1%}, {cell.ci95[1]:.1%}]"
    return f"{counts:>10} {_share(cell.accuracy):>8}  {ends}"


def _share(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.2%}"


def count(value: float) -> str:
    """A sum of scores, without decimals where it is whole."""
    return f"{value:g}" if value.is_integer() else f"{value:.2f}"
