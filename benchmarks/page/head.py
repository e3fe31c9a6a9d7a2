"""The head of the page: suite and model, the figure with its interval, and its limitations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from actions.errors import plural
from agent.views.markup import Child, Markup, element, join
from benchmarks.page.formatting import between, count, foreign, label, percent
from benchmarks.page.loading import PageRun, VerdictLine
from benchmarks.page.plots import Dot, axis, bar, plot
from benchmarks.suites import SUITES

_NAMED = 50


def header(runs: Sequence[PageRun], home: str = "") -> Markup:
    """For one run, or for several of one suite; with a link to `home`."""
    first, several = runs[0], len(runs) > 1
    about = SUITES[first.suite].about if first.suite in SUITES else ""
    title = [foreign(first.suite, 80), ": ", f"{len(runs)} runs" if several else foreign(first.model, 120)]
    back = element("a", "← All runs", href=home) if home else None
    return element(
        "header",
        element(
            "div",
            back,
            element("p", "Handeye benchmark result" + (", compared" if several else ""), class_="brand"),
            element("span", id="theme-place"),
            class_="top",
        ),
        element("h1", *title),
        element("p", about, class_="about") if about else None,
        *(_incomplete(run, f"Run {run.letter}: " if several else "") for run in runs if run.result.errors),
        *_labels(runs),
        _compared(runs) if several else _figure(first),
        element("ul", *(element("li", foreign(note, 600)) for note in _notes(runs)), class_="remarks"),
    )


def _notes(runs: Sequence[PageRun]) -> list[str]:
    return _shared(runs, [list(run.summary.notes) for run in runs])


def _shared(runs: Sequence[PageRun], said: Sequence[Sequence[str]]) -> list[str]:
    """Statements about runs, each once, with the runs' letters where not all share it."""
    found = list[str]()
    for line in dict.fromkeys(line for lines in said for line in lines):
        of = [run.letter for run, lines in zip(runs, said, strict=True) if line in lines]
        found.append(line if len(of) == len(runs) else f"{', '.join(of)}: {line}")
    return found


# --- what must not be overlooked -----------------------------------------------------------------------------------


def _labels(runs: Sequence[PageRun]) -> Iterator[Markup]:
    """Limitations of a figure."""
    for line in _shared(runs, [list(_labels_of(run)) for run in runs]):
        yield _banner("warn", element("strong", foreign(line)))


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


def _incomplete(run: PageRun, whose: str) -> Markup:
    errors, total = run.result.errors, run.manifest.get("samples")
    of = f" of {total:,}" if isinstance(total, int) else ""
    strong = element("strong", f"{whose}Incomplete: {len(errors):,}{of} samples have no answer and are in no figure.")
    why = run.result.run.get("gave_up")
    items = [
        element("li", foreign(str(one.get("id")), 120), ": ", foreign(str(one.get("error")), 400))
        for one in errors[:_NAMED]
    ]
    more = element("p", f"and {len(errors) - _NAMED:,} more") if len(errors) > _NAMED else None
    listed = element("details", element("summary", "Which, and why"), element("ul", *items), more)
    return _banner("bad", strong, element("p", foreign(str(why))) if why else None, listed)


def _banner(tone: str, *words: Child) -> Markup:
    return element("div", *words, class_=f"banner {tone}", role="note")


# --- one run -------------------------------------------------------------------------------------------------------


def _figure(run: PageRun) -> Markup:
    summary = run.summary
    spoken = f"{percent(summary.accuracy)}, 95 % interval {between(summary.ci95)}"
    big = element(
        "p",
        element("span", percent(summary.accuracy), class_="value num", id="accuracy"),
        element("span", f"{summary.headline} average", class_="soft"),
        class_="headline",
    )
    ends = element("strong", between(summary.ci95), class_="num", id="ci95")
    interval = element("p", "95 % interval ", ends, f" ({summary.interval})" if summary.ci95 else None)
    counts = element("strong", f"{count(summary.correct)} of {summary.total:,}", class_="num", id="count")
    scale = element("div", plot([Dot(summary.accuracy, summary.ci95)], spoken=spoken, big=True), axis(), class_="scale")
    return element(
        "div",
        element("div", big, interval, element("p", counts, " right"), scale, class_="figure"),
        element("div", element("dl", *_facts(run), class_="facts"), bar(summary.kinds), class_="beside"),
        class_="result",
    )


def _facts(run: PageRun) -> Iterator[Markup]:
    summary, options = run.summary, run.manifest.get("options", {})
    protocol = run.manifest["protocol"]
    yield _fact("Model", foreign(run.model, 200))
    yield _fact("Dialect", foreign(str(run.manifest["model"].get("dialect") or "none")))
    yield _fact("Micro average", percent(summary.micro))
    if summary.macro_over:
        interval = f", {between(summary.macro_ci95)}" if summary.macro_ci95 else ""
        yield _fact("Macro average", percent(summary.macro), f"over {label(summary.macro_over)}{interval}")
    if summary.refusals:
        yield _fact("Refusals", _refusals(run), "samples whose right answer is one")
    unread = sum(line.status == "unreadable" for line in run.lines)
    yield _fact("Unreadable answers", f"{unread:,}", "count as wrong")
    yield _fact("Without an answer", f"{len(run.result.errors):,}", "in no figure")
    for name in ("mode", "rule", "language", "seeds", "max_steps", "timer"):
        value = protocol.get(name, options.get(name))
        if value is not None:
            yield _fact(label(name).capitalize(), foreign(str(value), 120))


def _refusals(run: PageRun) -> str:
    """The number of refusals, and of the right ones where the samples are available."""
    known: list[VerdictLine] = [line for line in run.lines if (scene := run.scenes.get(line.id)) and scene.refusal]
    if len(known) != run.summary.refusals:
        return f"{run.summary.refusals:,}"
    return f"{sum(line.correct for line in known):,} of {run.summary.refusals:,} right"


def _fact(name: str, value: Child, note: str = "") -> Markup:
    small = element("span", note, class_="soft small") if note else None
    return element("div", element("dt", name), element("dd", element("span", value, class_="num"), small))


# --- several runs --------------------------------------------------------------------------------------------------


def _compared(runs: Sequence[PageRun]) -> Markup:
    head = element(
        "tr",
        *(element("th", name, scope="col") for name in ("Run", "Right", "Figure", "95 % interval")),
        element("th", element("span", "Interval plot", class_="hidden"), axis(), scope="col", class_="plotted"),
        element("th", "Macro", scope="col"),
    )
    rows = [_row(run, tone) for tone, run in enumerate(runs)]
    caption = element("caption", f"The runs ({runs[0].summary.headline} average, {runs[0].summary.interval} intervals)")
    table = element("table", caption, element("thead", head), element("tbody", *rows), class_="cells")
    return element("div", table, class_="scroll", role="group", tabindex=0, aria_label="The runs")


def _row(run: PageRun, tone: int) -> Markup:
    summary = run.summary
    return element(
        "tr",
        element("th", f"{run.letter}: ", foreign(run.model, 120), scope="row"),
        element("td", f"{count(summary.correct)}/{summary.total:,}", class_="num"),
        element("td", element("strong", percent(summary.accuracy)), class_="num"),
        element("td", between(summary.ci95), class_="num"),
        element("td", plot([Dot(summary.accuracy, summary.ci95, tone=tone)]), class_="plotted"),
        element("td", percent(summary.macro) if summary.macro_over else "", class_="num"),
    )


def verdicts(runs: Sequence[PageRun]) -> Markup:
    """The kinds of verdicts of several runs, each kind in one colour."""
    known = list(dict.fromkeys(kind for run in runs for kind in run.summary.kinds))
    return join(*(element("div", _named(run), bar(run.summary.kinds, known)) for run in runs))


def _named(run: PageRun) -> Markup:
    return element("h3", run.letter, ": ", foreign(run.model, 120))
