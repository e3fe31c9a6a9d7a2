"""All samples as data for the page's script, which searches, filters and pages them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from actions.errors import plural
from agent.views.markup import Markup, element, join
from benchmarks.page.formatting import clip, label
from benchmarks.page.loading import PageRun, VerdictLine, shown_answer

_RAW, _ALL = 4000, 8_000_000
"""Longest raw answer, and all raw answers together, in characters."""
_LEAST = 200


def samples(runs: Sequence[PageRun]) -> Markup:
    """The controls, an empty table and the data for it."""
    ids = list(dict.fromkeys(line.id for run in runs for line in run.lines))
    nothing = element("p", f"{plural(len(ids), 'sample')} in result.json; this table needs JavaScript.")
    return join(
        element("noscript", nothing),
        element("div", _controls(runs), _table(runs), _pager(), id="explorer", hidden=""),
        element("script", Markup(_json(_data(runs, ids))), type="application/json", id="data"),
    )


def _data(runs: Sequence[PageRun], ids: Sequence[str]) -> dict[str, Any]:
    most = max(_LEAST, min(_RAW, _ALL // max(1, len(ids) * len(runs))))
    rows = []
    for name in ids:
        lines = [run.by_id.get(name) for run in runs]
        first = next(line for line in lines if line is not None)
        labels = [[kind, value] for kind, values in first.groups.items() for value in values]
        answers = [_answer(run, line, most) for run, line in zip(runs, lines, strict=True)]
        rows.append([name, clip(first.task, 1000), labels, answers])
    return {"runs": [run.letter for run in runs], "rows": rows}


def _answer(run: PageRun, line: VerdictLine | None, most: int) -> list[Any] | None:
    if line is None:
        return None
    cost = run.costs.get(line.id)
    words = shown_answer(line).words
    took = round(cost.seconds, 3) if cost else None
    tries = cost.attempt if cost else 1
    episode = run.result.episodes.get(line.id, "")
    said = [int(line.correct), label(line.kind), clip(line.why, 500), words, took, tries, clip(line.raw, most)]
    return [*said, f"{run.beside}{episode}/" if episode else ""]


def _json(data: Any) -> str:
    """JSON that can not end the element it stands in."""
    text = json.dumps(data, ensure_ascii=True, separators=(",", ":"))
    return re.sub("[<>&]", lambda match: f"\\u{ord(match[0]):04x}", text)


def _controls(runs: Sequence[PageRun]) -> Markup:
    several = len(runs) > 1
    options = [("", "all verdicts"), ("right", "right"), ("wrong", "wrong")]
    options += [("differ", "where the runs differ")] if several else []
    kinds = sorted({line.kind for run in runs for line in run.lines})
    options += [(f"kind:{label(kind)}", f"verdict: {label(kind)}") for kind in kinds]
    verdict = element("select", *(element("option", words, value=value) for value, words in options), id="verdict")
    group = element("select", element("option", "all groups", value=""), *_groups(runs), id="group")
    search = element("input", type="search", id="search", autocomplete="off", spellcheck="false")
    return element(
        "div",
        element("label", "Search ids, instructions and answers", search),
        element("label", "Verdict", verdict),
        element("label", "Group", group),
        class_="controls",
        role="search",
    )


def _groups(runs: Sequence[PageRun]) -> list[Markup]:
    found: dict[str, dict[str, None]] = {}
    for run in runs:
        for line in run.lines:
            for kind, values in line.groups.items():
                found.setdefault(kind, {}).update(dict.fromkeys(values))
    return [element("optgroup", *_options(kind, values), label=label(kind)) for kind, values in found.items()]


def _options(kind: str, values: Iterable[str]) -> Iterator[Markup]:
    return (element("option", clip(value, 80), value=f"{kind}={value}") for value in values)


def _table(runs: Sequence[PageRun]) -> Markup:
    several = len(runs) > 1
    verdicts = [f"Verdict {run.letter}" if several else "Verdict" for run in runs]
    names = ["Sample", "Instruction", *verdicts, "Answers" if several else "Answer"]
    head = element("tr", *(element("th", name, scope="col") for name in names))
    caption = element("caption", "All samples", class_="hidden")
    table = element("table", caption, element("thead", head), element("tbody"), id="rows", class_="samples")
    return element("div", table, class_="scroll", role="group", tabindex=0, aria_label="All samples")


def _pager() -> Markup:
    return element(
        "div",
        element("button", "Previous", type="button", id="previous"),
        element("p", id="shown", role="status", class_="num"),
        element("button", "Next", type="button", id="next"),
        class_="pager",
    )
