"""Results as one HTML page that needs no network: figures with intervals, failures, every sample, the manifest.

All texts of models, data sets and files are escaped by `agent.views.markup`; samples are JSON that the script shows as
text; the content security policy allows only the page's own style and script, by their hash.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

from actions.errors import plural
from agent.core.errors import UserError
from agent.views.kit.pages import SinglePage
from agent.views.markup import Markup, element, join
from benchmarks.page import comparison, gallery, head, provenance, tables, timings
from benchmarks.page.formatting import clip
from benchmarks.page.loading import PageRun, load
from benchmarks.page.samples import samples

GALLERY = 24
"""Default number of drawn failures."""
MOST_RUNS = 6
REPORT = "report.html"
_LETTERS = "ABCDEF"
_PAGE = SinglePage("benchmarks/page/page.html", ("benchmarks/page/page.css",), ("benchmarks/page/page.js",))


def write_page(
    results: Sequence[Path], out: Path | None = None, *, gallery: int = GALLERY, data: Path | None = None
) -> Path:
    """Write a page about one result, or several of one suite compared; its path.

    `results` are ``result.json`` files or their folders; `out` is a file (default: ``report.html`` beside the first).
    `gallery` is the number of drawn failures, or of drawn samples with different verdicts. `data` is the current place
    of moved data; without data nothing is drawn and the page says so.

    Raises `UserError` for results that cannot be read or are of different suites, and for a file that cannot be
    written.
    """
    if not 1 <= len(results) <= MOST_RUNS:
        raise UserError(f"a page takes 1 to {MOST_RUNS} results, not {len(results)}")
    runs = [load(path, _LETTERS[n], data, screens=n == 0 and gallery > 0) for n, path in enumerate(results)]
    suites = list(dict.fromkeys(run.suite for run in runs))
    if len(suites) > 1:
        raise UserError(f"these results are of different suites: {', '.join(suites)}. Compare runs of one suite")
    first = results[0]
    path = out or _folder(first) / REPORT
    beside = [quote(os.path.relpath(_folder(result).absolute(), path.absolute().parent)) for result in results]
    _write(path, render([replace(run, beside=f"{to}/") for run, to in zip(runs, beside, strict=True)], gallery))
    return path


def _folder(result: Path) -> Path:
    return result if result.is_dir() else result.parent


def _write(path: Path, page: str) -> None:
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(page, encoding="utf-8", newline="\n")
        part.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise UserError(f"cannot write the page to {path}: {error.strerror}; choose another --out") from error


def render(runs: Sequence[PageRun], most: int = GALLERY, home: str = "") -> str:
    """The page's HTML; at most `most` samples are drawn, and it links back to `home`.

    Raises `UserError` for runs without a common sample.
    """
    sections = _single(runs[0], most) if len(runs) == 1 else _several(runs, most)
    shown = [(name, title, body) for name, title, body in sections if body]
    body = join(
        element("a", "Skip to the figures", class_="skip", href="#main"),
        head.header(runs, home),
        element("nav", element("ul", *(_entry(*one) for one in shown)), aria_label="On this page"),
        element("main", *(_section(*one) for one in shown), id="main", tabindex=-1),
        element("footer", element("p", _footer(runs))),
    )
    models = ", ".join(run.model for run in runs)
    return _PAGE.html(f"{clip(runs[0].suite, 60)}: {clip(models, 120)} · Handeye benchmark", body=body)


Part = tuple[str, str, Markup | None]
"""The id, title and content of a section; None leaves it out."""


def _single(run: PageRun, most: int) -> list[Part]:
    return [
        ("groups", "By group", join(*tables.groups([run]))),
        ("averages", "Further averages", tables.averages([run])),
        ("published", "Published figures", tables.published(run)),
        ("failures", "Failures", gallery.failures(run, most) if most else None),
        ("samples", "All samples", samples([run])),
        ("timings", "Time, tokens and retries", timings.timings([run])),
        ("protocol", "Protocol", provenance.protocol([run])),
        ("reproduce", "To get it again", provenance.reproduce(run)),
    ]


def _several(runs: Sequence[PageRun], most: int) -> list[Part]:
    found, ids = comparison.pairs(runs), comparison.flipped(runs)
    again = (join(element("h3", f"{run.letter}: {clip(run.model, 120)}"), _reproduced(run)) for run in runs)
    drawn = gallery.flips(runs, ids, most) if most else None
    return [
        ("compared", "Do they differ?", comparison.compared(found)),
        ("verdicts", "Verdicts", head.verdicts(runs)),
        ("groups", "By group", join(*tables.groups(runs))),
        ("averages", "Further averages", tables.averages(runs)),
        ("flips", "Where they differ", join(comparison.flip_table(runs, ids), drawn)),
        ("samples", "All samples", samples(runs)),
        ("timings", "Time, tokens and retries", timings.timings(runs)),
        ("protocol", "Protocol", provenance.protocol(runs)),
        ("reproduce", "To get them again", join(*again)),
    ]


def _reproduced(run: PageRun) -> Markup:
    return element("div", provenance.reproduce(run), class_="again")


def _entry(name: str, title: str, _: Markup | None) -> Markup:
    return element("li", element("a", title, href=f"#{name}"))


def _section(name: str, title: str, body: Markup | None) -> Markup:
    heading = element("h2", title, id=f"{name}-title")
    return element("section", heading, body, id=name, aria_labelledby=f"{name}-title", tabindex=-1)


def _footer(runs: Sequence[PageRun]) -> str:
    digests = ", ".join(run.result.digest for run in runs)
    return f"{plural(len(runs[0].lines), 'verdict')} on this page. Digest of the verdicts: {digests}."
