"""Comparison of runs: a test for every pair, and the samples with different verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

from actions.errors import plural
from agent.views.markup import Markup, element, join
from benchmarks.figures.statistics import holm
from benchmarks.page.formatting import chance, foreign, label
from benchmarks.page.loading import PageRun, VerdictLine
from benchmarks.page.plots import Dot
from benchmarks.runner.compare import compare_results

_FLIPS = 500
_REACH = (0.05, 0.1, 0.2, 0.5, 1.0)

Pair = tuple[PageRun, PageRun, dict[str, Any]]


def pairs(runs: Sequence[PageRun]) -> list[Pair]:
    """Each pair of runs, compared. Raises `agent.core.errors.UserError` where they have no sample in common."""
    return [(a, b, compare_results(a.result, b.result, force=True)) for a, b in combinations(runs, 2)]


def compared(found: Sequence[Pair]) -> Markup:
    """One sentence for each pair, then the figures."""
    items = [element("li", *_sentence(pair)) for pair in found]
    one = len(found) == 1
    said = (
        element("p", found[0][2]["sentence"], class_="sentence") if one else element("ul", *items, class_="sentences")
    )
    return join(_warnings(found), said, _table(found), element("p", _about(found), class_="soft small"))


def _warnings(found: Sequence[Pair]) -> Markup | None:
    """Differences of protocol, and incomplete runs."""
    lines = dict.fromkeys(f"{a.letter} and {b.letter}: {line}" for a, b, one in found for line in one["warnings"])
    if not lines:
        return None
    listed = element("ul", *(element("li", foreign(line, 400)) for line in lines))
    strong = element("strong", "These runs are not quite comparable.")
    return element("div", strong, listed, class_="banner bad", role="note")


def _sentence(pair: Pair) -> list[Markup | str]:
    a, b, found = pair
    said = found["sentence"]
    return [element("strong", f"{a.letter} against {b.letter}: "), foreign(_spelled(said, a, b), 600)]


def _spelled(sentence: str, a: PageRun, b: PageRun) -> str:
    """The sentence with the letters of the runs."""
    swapped = {"A": a.letter, "B": b.letter}
    return " ".join(swapped.get(word, word) for word in sentence.split(" "))


def _about(found: Sequence[Pair]) -> str:
    test = found[0][2]["test"]
    several = " p is also given adjusted for all pairs at once (Holm)." if len(found) > 1 else ""
    return f"Paired by sample. Test: {test}; the interval of the difference: paired bootstrap.{several}"


def _table(found: Sequence[Pair]) -> Markup:
    ps = [one["p"] if isinstance(one["p"], float) else 1.0 for _, _, one in found]
    adjusted = holm(ps) if len(found) > 1 else None
    names = ["Pair", "Samples", "Only first right", "Only second right", "Second minus first", "95 % interval"]
    names += ["p", "p adjusted", "Differ?"] if adjusted else ["p", "Differ?"]
    head = [element("th", name, scope="col") for name in names]
    reach = _reach(found)
    title = element("span", "Difference, plotted", class_="hidden")
    head.insert(6, element("th", title, _difference_axis(reach), scope="col", class_="plotted"))
    rows = [_row(pair, adjusted[n] if adjusted else None, reach) for n, pair in enumerate(found)]
    caption = element("caption", "Paired comparison")
    table = element("table", caption, element("thead", element("tr", *head)), element("tbody", *rows), class_="cells")
    return element("div", table, class_="scroll", role="group", tabindex=0, aria_label="Paired comparison")


def _row(pair: Pair, adjusted: float | None, reach: float) -> Markup:
    a, b, found = pair
    gap, p = found["difference"], found["p"]
    known = "value" in gap
    low, value, high = (gap["low"], gap["value"], gap["high"]) if known else (0.0, 0.0, 0.0)
    differ = "yes" if found["differ"] else "cannot be told"
    cells = [
        element("th", f"{a.letter}, {b.letter}", scope="row"),
        *(element("td", f"{found[name]:,}", class_="num") for name in ("pairs", "only_a", "only_b")),
        element("td", f"{100 * value:+.1f} points" if known else "undefined", class_="num"),
        element("td", f"{100 * low:+.1f} to {100 * high:+.1f}" if known else foreign(gap["undefined"]), class_="num"),
        element("td", _difference(Dot(value, (low, high)), reach) if known else None, class_="plotted"),
        element("td", chance(p) if isinstance(p, float) else "undefined", class_="num"),
    ]
    if adjusted is not None:
        cells.append(element("td", chance(adjusted) if isinstance(p, float) else "undefined", class_="num"))
    return element("tr", *cells, element("td", element("strong", differ), class_="num"))


def _reach(found: Sequence[Pair]) -> float:
    """The end of the scale of differences: the first of `_REACH` that shows all intervals."""
    gaps = [one["difference"] for _, _, one in found if "value" in one["difference"]]
    widest = max((max(abs(gap["low"]), abs(gap["high"])) for gap in gaps), default=0.0)
    return next((end for end in _REACH if widest <= end), 1.0)


def _difference(dot: Dot, reach: float) -> Markup:
    def at(value: float) -> str:
        return f"{50 + 47 * value / reach:.3f}%"

    assert dot.value is not None
    assert dot.ends is not None
    low, high = dot.ends
    return element(
        "svg",
        *(element("line", class_="grid", x1=at(x), x2=at(x), y1=0, y2=24) for x in (-reach, reach)),
        element("line", class_="reference", x1="50%", x2="50%", y1=0, y2=24),
        element("line", class_="whisker t-0", x1=at(low), x2=at(high), y1=12, y2=12),
        *(element("line", class_="whisker t-0", x1=at(x), x2=at(x), y1=8, y2=16) for x in (low, high)),
        element("circle", class_="dot t-0", cx=at(dot.value), cy=12, r=4.5),
        class_="plot",
        height=24,
        aria_hidden="true",
    )


def _difference_axis(reach: float) -> Markup:
    marks = ((f"−{100 * reach:.0f}", "3%", "start"), ("0", "50%", "middle"), (f"+{100 * reach:.0f}", "97%", "end"))
    texts = (element("text", words, x=x, y=11, class_=anchor) for words, x, anchor in marks)
    return element("svg", *texts, class_="plot axis", height=14, aria_hidden="true")


# --- samples that flipped ------------------------------------------------------------------------------------------


def flipped(runs: Sequence[PageRun]) -> list[str]:
    """The samples of all runs that some runs got right and some wrong, in the first run's order."""
    shared = [line.id for line in runs[0].lines if all(line.id in run.by_id for run in runs)]
    return [name for name in shared if len({run.by_id[name].correct for run in runs}) > 1]


def flip_table(runs: Sequence[PageRun], ids: Sequence[str]) -> Markup:
    """A table of these samples with each run's verdict."""
    if not ids:
        return element("p", "There is none: the runs are right and wrong on the same samples.")
    head = [element("th", name, scope="col") for name in ("Sample", "Instruction", *(run.letter for run in runs))]
    rows = (_flip(name, runs) for name in ids[:_FLIPS])
    caption = element("caption", f"{plural(len(ids), 'sample')} on which the runs differ")
    parts = element("thead", element("tr", *head)), element("tbody", *rows)
    table = element("table", caption, *parts, class_="samples flips")
    more = f"{len(ids) - _FLIPS:,} more are in the table of all samples." if len(ids) > _FLIPS else ""
    scroll = element("div", table, class_="scroll tall", role="group", tabindex=0, aria_label="Samples that flipped")
    return join(scroll, element("p", more) if more else None)


def _flip(name: str, runs: Sequence[PageRun]) -> Markup:
    cells = [_verdict(run.by_id[name]) for run in runs]
    heading = element("th", element("a", foreign(name, 120), href="#samples", data_find=name), scope="row")
    return element("tr", heading, element("td", foreign(runs[0].by_id[name].task, 300), dir="auto"), *cells)


def _verdict(line: VerdictLine) -> Markup:
    mark = element("span", "✓ " if line.correct else "✗ ", class_="good" if line.correct else "bad")
    return element("td", mark, label(line.kind))
