"""The head of the page: suite and model, and what must not be overlooked about the figure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from actions.errors import plural
from benchmarks.page.formatting import between, label, many, percent
from benchmarks.page.loading import PageRun, VerdictLine
from benchmarks.suites import SUITES

Fact = tuple[str, str, str]
"""A name, a value, and a remark."""


@dataclass(frozen=True)
class Head:
    """What is said `about` the suite, limitations of the figure (`labels`), the `facts` of one run, and `notes`."""

    about: str
    labels: Sequence[str]
    facts: Sequence[Fact]
    notes: Sequence[str]


def head(runs: Sequence[PageRun]) -> Head:
    """For one run, or for several of one suite."""
    suite = runs[0].suite
    return Head(
        about=SUITES[suite].about if suite in SUITES else "",
        labels=_shared(runs, [list(_labels_of(run)) for run in runs]),
        facts=[*_facts(runs[0])] if len(runs) == 1 else [],
        notes=_shared(runs, [list(run.summary.notes) for run in runs]),
    )


def _shared(runs: Sequence[PageRun], said: Sequence[Sequence[str]]) -> list[str]:
    """Statements about runs, each once, with the runs' letters where not all share it."""
    found = list[str]()
    for line in dict.fromkeys(line for lines in said for line in lines):
        of = [run.letter for run, lines in zip(runs, said, strict=True) if line in lines]
        found.append(line if len(of) == len(runs) else f"{', '.join(of)}: {line}")
    return found


def _labels_of(run: PageRun) -> Iterator[str]:
    if run.limit is not None:
        yield f"A part of the suite: only the first {plural(run.limit, 'sample')} (--limit)."
    zoom = run.manifest["protocol"].get("zoom")
    if zoom and run.kind == "grounding":
        yield f"The model looked twice ({zoom})."
    if run.model.startswith("baseline:"):
        yield "A baseline, not a model: it shows what the benchmark itself gives away."
    if "rescored" in run.manifest:
        yield "Stored responses, judged again: no model was asked."


def _facts(run: PageRun) -> Iterator[Fact]:
    summary, options = run.summary, run.manifest.get("options", {})
    protocol = run.manifest["protocol"]
    yield "Model", run.model, ""
    yield "Dialect", str(run.manifest["model"].get("dialect") or "none"), ""
    yield "Micro average", percent(summary.micro), ""
    if summary.macro_over:
        interval = f", {between(summary.macro_ci95)}" if summary.macro_ci95 else ""
        yield "Macro average", percent(summary.macro), f"over {label(summary.macro_over)}{interval}"
    if summary.refusals:
        yield "Refusals", _refusals(run), "samples whose right answer is one"
    unread = sum(line.status == "unreadable" for line in run.lines)
    yield "Unreadable answers", many(unread), "count as wrong"
    yield "Without an answer", many(len(run.result.errors)), "in no figure"
    for name in ("mode", "rule", "language", "seeds", "max_steps", "timer"):
        value = protocol.get(name, options.get(name))
        if value is not None:
            yield label(name).capitalize(), str(value), ""


def _refusals(run: PageRun) -> str:
    """The number of refusals, and of the right ones where the samples are available."""
    known: list[VerdictLine] = [line for line in run.lines if (scene := run.scenes.get(line.id)) and scene.refusal]
    if len(known) != run.summary.refusals:
        return f"{run.summary.refusals:,}"
    return f"{sum(line.correct for line in known):,} of {run.summary.refusals:,} right"
