"""Tables by group with an interval plot for each figure, further averages, and published figures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from agent.views.markup import Markup, element, join
from benchmarks.figures.published import Reference, comparable, references
from benchmarks.page.formatting import between, count, foreign, label, percent
from benchmarks.page.loading import PageRun
from benchmarks.page.plots import Dot, axis, plot
from benchmarks.suite import Figure

_MARK = {"micro": "micro average", "macro": "macro average", None: "average not stated"}


def groups(runs: Sequence[PageRun]) -> Iterator[Markup]:
    """A table for each kind of label, runs side by side."""
    for kind in dict.fromkeys(kind for run in runs for kind in run.summary.tables):
        yield _table(f"By {label(kind)}", [run.summary.tables.get(kind, {}) for run in runs], runs)


def averages(runs: Sequence[PageRun]) -> Markup | None:
    """The means of the verdicts' further scores; None where there are none."""
    tables = [run.summary.averages for run in runs]
    return _table("Mean scores", tables, runs, "over the samples that have them") if any(tables) else None


def _table(title: str, tables: Sequence[Mapping[str, Figure]], runs: Sequence[PageRun], about: str = "") -> Markup:
    rows = dict.fromkeys(name for table in tables for name in table)
    reference = runs[0].summary.accuracy if len(runs) == 1 and not about else None
    line = " The broken line is the whole." if reference is not None else ""
    caption = element("caption", title, element("span", f" {about}{line}", class_="soft small"))
    body = (_row(name, [table.get(name) for table in tables], runs, reference) for name in rows)
    table = element("table", caption, element("thead", _head(runs)), element("tbody", *body), class_="cells")
    return element("div", table, class_="scroll", role="group", tabindex=0, aria_label=title)


def _head(runs: Sequence[PageRun]) -> Markup:
    letters = [f" {run.letter}" if len(runs) > 1 else "" for run in runs]
    cells = [element("th", "Group", scope="col")]
    for letter in letters:
        cells += [element("th", f"Right{letter}", scope="col"), element("th", f"Figure{letter}", scope="col")]
        cells += [element("th", "95 % interval", scope="col")] if len(runs) == 1 else []
    plotted = element("span", "Interval plot, 0 to 100 %", class_="hidden")
    return element("tr", *cells, element("th", plotted, axis(), scope="col", class_="plotted"))


def _row(name: str, cells: Sequence[Figure | None], runs: Sequence[PageRun], reference: float | None) -> Markup:
    parts = [element("th", foreign(label(name), 160), scope="row")]
    for cell in cells:
        right = f"{count(cell.correct)}/{cell.total:,}" if cell else "–"
        figure = percent(cell.accuracy) if cell else "–"
        parts += [element("td", right, class_="num"), element("td", figure, class_="num")]
        if len(cells) == 1 and cell:
            parts.append(element("td", between(cell.ci95), class_="num"))
    several = len(runs) > 1
    dots = [
        Dot(cell.accuracy, cell.ci95, run.letter if several else "", tone)
        for tone, (run, cell) in enumerate(zip(runs, cells, strict=True))
        if cell
    ]
    return element("tr", *parts, element("td", plot(dots, reference), class_="plotted"))


# --- published figures ---------------------------------------------------------------------------------------------


def published(run: PageRun) -> Markup:
    """Comparable published figures, or one sentence on why there are none."""
    found = () if _not_whole(run) else comparable(run.manifest["protocol"], run.summary)
    if not found:
        return element("p", why_none(run))
    caption = element("caption", "Published figures of the same suite and protocol")
    names = ("Model", "Figure", "Average", "Source")
    head = [element("th", name, scope="col") for name in names]
    head.insert(2, element("th", element("span", "Plot", class_="hidden"), axis(), scope="col", class_="plotted"))
    rows = [*_ours(run), *map(_theirs, found)]
    rows.sort(key=lambda row: -row[0])
    body = (row for _, row in rows)
    table = element("table", caption, element("thead", element("tr", *head)), element("tbody", *body), class_="cells")
    note = element("p", "Others' figures come without an interval; this run's has its own.", class_="soft small")
    scroll = element("div", table, class_="scroll", role="group", tabindex=0, aria_label="Published figures")
    return join(scroll, note)


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


def _ours(run: PageRun) -> Iterator[tuple[float, Markup]]:
    summary = run.summary
    found = [("micro", summary.micro, summary.ci95 if summary.headline == "micro" else None)]
    if summary.macro_over:
        found.append(("macro", summary.macro, summary.macro_ci95))
    for average, value, ends in found:
        if value is not None:
            name = element("th", element("strong", foreign(run.model, 120)), scope="row")
            dot = plot([Dot(value, ends)])
            source = f"this run, 95 % interval {between(ends)}" if ends else "this run"
            yield 100 * value, _published_row(name, percent(value), dot, _MARK[average], source, "ours")


def _theirs(ref: Reference) -> tuple[float, Markup]:
    name = element("th", foreign(ref.model, 120), scope="row")
    dot = plot([Dot(ref.value / 100, tone=2)])
    source = "; ".join(filter(None, (f"{ref.metric}; {ref.source}, {ref.date}", ref.note)))
    return ref.value, _published_row(name, f"{ref.value:.1f} %", dot, _MARK[ref.average], source)


def _published_row(
    name: Markup, value: str, dot: Markup, average: str, source: str, class_: str | None = None
) -> Markup:
    return element(
        "tr",
        name,
        element("td", value, class_="num"),
        element("td", dot, class_="plotted"),
        element("td", average),
        element("td", foreign(source, 400), class_="source"),
        class_=class_,
    )
