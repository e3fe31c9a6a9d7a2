"""Tables by group with an interval plot for each figure, further averages, and published figures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.figures.published import Reference, comparable, references
from benchmarks.page.formatting import between, label, percent
from benchmarks.page.loading import PageRun
from benchmarks.page.plots import Dot
from benchmarks.suite import Figure

_MARK = {"micro": "micro average", "macro": "macro average", None: "average not stated"}


@dataclass(frozen=True)
class FigureTable:
    """Figures by the name of their row, one for each run that has it; `about` says what they are means over."""

    title: str
    tables: Sequence[Mapping[str, Figure]]
    about: str = ""

    @property
    def rows(self) -> dict[str, list[Figure | None]]:
        """The rows, in the order of the first run."""
        return {name: [table.get(name) for table in self.tables] for table in self.tables for name in table}

    @staticmethod
    def dots(cells: Sequence[Figure | None], runs: Sequence[PageRun]) -> list[Dot]:
        """The plot of a row."""
        letters = [run.letter if len(runs) > 1 else "" for run in runs]
        drawn = enumerate(zip(letters, cells, strict=True))
        return [Dot(cell.accuracy, cell.ci95, letter, tone) for tone, (letter, cell) in drawn if cell]


def groups(runs: Sequence[PageRun]) -> list[FigureTable]:
    """A table for each kind of label, runs side by side."""
    kinds = dict.fromkeys(kind for run in runs for kind in run.summary.tables)
    return [FigureTable(f"By {label(kind)}", [run.summary.tables.get(kind, {}) for run in runs]) for kind in kinds]


def averages(runs: Sequence[PageRun]) -> list[FigureTable]:
    """The means of the verdicts' further scores, where there are any."""
    tables = [run.summary.averages for run in runs]
    return [FigureTable("Mean scores", tables, "over the samples that have them")] if any(tables) else []


# --- published figures ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PublishedRow:
    """A published figure, or one of `ours`."""

    model: str
    figure: str
    dot: Dot
    average: str
    source: str
    ours: bool = False


def published(run: PageRun) -> list[PublishedRow] | str:
    """Comparable published figures, the best first, or one sentence on why there are none."""
    found = () if _not_whole(run) else comparable(run.manifest["protocol"], run.summary)
    if not found:
        return why_none(run)
    rows = [*_ours(run), *((ref.value, _theirs(ref)) for ref in found)]
    return [row for _, row in sorted(rows, key=lambda row: -row[0])]


def why_none(run: PageRun) -> str:
    """The reason for having no comparable published figure."""
    if said := _not_whole(run):
        return f"None is shown: {said}, and published figures are over the whole set."
    shipped = [ref for ref in references() if ref.suite == run.manifest["protocol"].get("suite", run.suite)]
    if not shipped:
        return "None is shown: no published figures are known for this suite."
    if run.summary.accuracy is None:
        return "None is shown: this run's figure is undefined."
    protocols = [ref.protocol for ref in shipped if ref.protocol is not None]
    if not protocols:
        return f"None is shown: the protocols of the {len(shipped)} that are known for this suite were not published."
    ours = run.manifest["protocol"]
    unlike = {key for wanted in protocols for key, value in wanted.items() if ours.get(key) != value}
    another = " and ".join(sorted(unlike)) or "protocol"
    return f"None is shown: those that are known were measured with another {another}."


def _not_whole(run: PageRun) -> str:
    protocol = run.manifest["protocol"]
    if run.result.errors:
        return "this run is incomplete"
    if run.limit is not None or protocol.get("samples", run.summary.total) != run.summary.total:
        return "this run is over a part of the suite"
    return "" if protocol.get("complete", True) else "the data are not the whole published set"


def _ours(run: PageRun) -> Iterator[tuple[float, PublishedRow]]:
    summary = run.summary
    found = [("micro", summary.micro, summary.ci95 if summary.headline == "micro" else None)]
    if summary.macro_over:
        found.append(("macro", summary.macro, summary.macro_ci95))
    for average, value, ends in found:
        if value is not None:
            source = f"this run, 95 % interval {between(ends)}" if ends else "this run"
            yield 100 * value, PublishedRow(run.model, percent(value), Dot(value, ends), _MARK[average], source, True)


def _theirs(ref: Reference) -> PublishedRow:
    source = "; ".join(filter(None, (f"{ref.metric}; {ref.source}, {ref.date}", ref.note)))
    return PublishedRow(ref.model, f"{ref.value:.1f} %", Dot(ref.value / 100, tone=2), _MARK[ref.average], source)
