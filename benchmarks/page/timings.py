"""Durations, tokens and retries of the answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from agent.views.formatting import duration
from benchmarks.page.formatting import quantile
from benchmarks.page.loading import Cost, PageRun


def timings(runs: Sequence[PageRun]) -> dict[str, list[str]]:
    """The measures, one value for each run; nothing where no run has times."""
    columns = [dict(_figures(run)) for run in runs] if any(run.costs for run in runs) else []
    names = dict.fromkeys(name for column in columns for name in column)
    return {name: [column.get(name, "–") for column in columns] for name in names}


def _figures(run: PageRun) -> Iterator[tuple[str, str]]:
    costs = list(run.costs.values())
    if costs:
        yield from _spread("Seconds a sample", costs, lambda cost: cost.seconds, duration)
        yield from _spread("Of these in the server", costs, lambda cost: cost.model_seconds, duration)
        yield from _spread("Tokens in, a sample", costs, lambda cost: cost.answer.usage.prompt_tokens, _whole)
        yield from _spread("Tokens out, a sample", costs, lambda cost: cost.answer.usage.completion_tokens, _whole)
    work = run.result.run
    tokens, sitting, retries = (_mapping(work.get(name)) for name in ("tokens", "last_sitting", "retries"))
    if any(tokens.values()):
        yield "Tokens in all", f"{tokens.get('prompt', 0):,} in, {tokens.get('completion', 0):,} out"
    if rate := sitting.get("samples_per_second"):
        yield "Samples a second (last sitting)", f"{rate:g}"
    if busy := sitting.get("model_busy"):
        yield "Workers waiting for the model", f"{100 * busy:.0f} %"
    if work.get("workers"):
        yield "Workers", f"{work['workers']} ({work.get('engine')})"
    yield "Samples tried again after a failure", f"{retries.get('samples', 0):,}"
    yield "Tries that failed", f"{retries.get('tries', 0):,}"
    yield "Requests repeated", f"{retries.get('requests', 0):,}"


def _spread(
    name: str, costs: Sequence[Cost], of: Callable[[Cost], float], words: Callable[[float], str]
) -> Iterator[tuple[str, str]]:
    """Median and 90th percentile; nothing where all is 0."""
    values = sorted(of(cost) for cost in costs)
    if values[-1] > 0:
        yield (
            name,
            f"median {words(quantile(values, 0.5))}, p90 {words(quantile(values, 0.9))}, max {words(values[-1])}",
        )


def _whole(value: float) -> str:
    return f"{value:,.0f}"


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
