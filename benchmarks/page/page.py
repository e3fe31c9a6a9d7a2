"""Results as one HTML page that needs no network: figures with intervals, failures, every sample, the manifest.

The templates escape all texts of models, data sets and files (`agent.views.kit`); samples are JSON that the script
shows as text; the content security policy allows only the page's own style and script, by their hash.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

from actions.errors import plural
from agent.core.errors import UserError
from agent.views.formatting import clip
from agent.views.kit.pages import SinglePage
from benchmarks.page import comparison, gallery, provenance, tables
from benchmarks.page.formatting import between, chance, count, label, many, percent, short
from benchmarks.page.head import head
from benchmarks.page.loading import PageRun, load
from benchmarks.page.plots import at, verdicts
from benchmarks.page.sample_images import listed
from benchmarks.page.samples import samples
from benchmarks.page.timings import timings

GALLERY = 24
"""Default number of drawn failures."""
MOST_RUNS = 6
REPORT = "report.html"
_LETTERS = "ABCDEF"
_PAGE = SinglePage("benchmarks/page/page.html", ("benchmarks/page/page.css",), ("benchmarks/page/page.js",))
_NAMED = (percent, between, count, many, short, chance, label, at, listed, verdicts, plural)
_FUNCTIONS = {function.__name__: function for function in _NAMED}
"""What the templates call."""


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


@dataclass(frozen=True)
class _Section:
    """A section of the page: its template, and the data for it."""

    id: str
    title: str
    template: str
    data: object


def render(runs: Sequence[PageRun], most: int = GALLERY, home: str = "") -> str:
    """The page's HTML; at most `most` samples are drawn, and it links back to `home`.

    Raises `UserError` for runs without a common sample.
    """
    models = ", ".join(run.model for run in runs)
    return _PAGE.html(
        f"{clip(runs[0].suite, 60)}: {clip(models, 120)} · Handeye benchmark",
        runs=runs,
        home=home,
        head=head(runs),
        sections=[*(_single(runs[0], most) if len(runs) == 1 else _several(runs, most))],
        **_FUNCTIONS,
    )


def _single(run: PageRun, most: int) -> Iterator[_Section]:
    yield _Section("groups", "By group", "groups.html", tables.groups([run]))
    if averages := tables.averages([run]):
        yield _Section("averages", "Further averages", "groups.html", averages)
    yield _Section("published", "Published figures", "published.html", tables.published(run))
    if most:
        yield _Section("failures", "Failures", "gallery.html", gallery.failures(run, most))
    yield from _data([run], "To get it again")


def _several(runs: Sequence[PageRun], most: int) -> Iterator[_Section]:
    ids = comparison.flipped(runs)
    known = list(dict.fromkeys(kind for run in runs for kind in run.summary.kinds))
    yield _Section("compared", "Do they differ?", "compared.html", comparison.compared(runs))
    yield _Section("verdicts", "Verdicts", "verdicts.html", known)
    yield _Section("groups", "By group", "groups.html", tables.groups(runs))
    if averages := tables.averages(runs):
        yield _Section("averages", "Further averages", "groups.html", averages)
    drawn = gallery.flips(runs, ids, most) if most else None
    yield _Section("flips", "Where they differ", "flips.html", {"ids": ids, "gallery": drawn})
    yield from _data(runs, "To get them again")


def _data(runs: Sequence[PageRun], again: str) -> Iterator[_Section]:
    yield _Section("samples", "All samples", "samples.html", samples(runs))
    yield _Section("timings", "Time, tokens and retries", "timings.html", timings(runs))
    yield _Section("protocol", "Protocol", "protocol.html", provenance.protocol(runs))
    yield _Section("reproduce", again, "reproduce.html", [*map(provenance.reproduce, runs)])
