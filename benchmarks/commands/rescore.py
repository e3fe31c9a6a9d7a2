"""``handeye bench rescore`` and ``handeye bench published``: stored responses judged again, and others' figures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.cli.options import AsJson, print_json
from benchmarks.commands.run import Rule

if TYPE_CHECKING:
    from benchmarks.rescore import Mistake, RescoreRequest, Scored

_SHOWN = 60
"""At most so many mistaken verdicts are listed for people; ``--json`` has them all."""


def rescore(
    suite: Annotated[str, typer.Argument(help="A suite (handeye bench suites lists them).", metavar="SUITE")],
    predictions: Annotated[
        Path | None,
        typer.Option(help="The stored responses: a file, a run's folder, or a folder with SUITE.MODEL.jsonl."),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(help="The annotations, a file or the suite's folder. Default: beside the responses, by name."),
    ] = None,
    mode: Annotated[str | None, typer.Option(help="Only this run of the file (its `mode`).", metavar="MODE")] = None,
    dialect: Annotated[
        str | None,
        typer.Option(help="Whose words the responses are. Default: by the model's name.", metavar="NAME|FILE.toml"),
    ] = None,
    variant: Annotated[
        str | None, typer.Option(help="The suite's own mode, e.g. refined or basic.", metavar="V")
    ] = None,
    rule: Rule = None,
    partial: Annotated[bool, typer.Option("--partial", help="Leave out samples that have no response.")] = False,
    out: Annotated[
        Path | None, typer.Option(help="Keep the result here, with a page: result.json, report.html.", metavar="DIR")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Score stored raw responses again, without a model.

    Each response is read through the model's dialect and judged by the suite's rules. Stored verdicts that are
    mistaken are named. With --json and several runs in the file, the first is at the top and all are in `runs`.

    [bold]Examples[/]

      handeye bench rescore screenspot-v2 --predictions predictions

      handeye bench rescore osworld-g --predictions osworld_g.mai_ui.jsonl \\
          --data OSWorld-G/benchmark --mode local

      handeye bench rescore screenspot-v2 --predictions predictions \\
          --out runs/rescored
    """
    from benchmarks.rescore import RescoreRequest
    from benchmarks.rescore import rescore as score
    from benchmarks.suite import SuiteOptions
    from benchmarks.suites import suite_name

    options = SuiteOptions(mode=variant, rule=rule)
    request = RescoreRequest(suite_name(suite), predictions, data, mode, dialect, options, partial)
    runs = score(request)
    if out is not None:
        _keep(runs, request, out)
    if as_json:
        print_json(_object(runs))
        return
    for line in _all_told(suite, runs):
        typer.echo(line)


def published(
    suite: Annotated[str | None, typer.Argument(help="Only this suite.", metavar="[SUITE]")] = None,
    as_json: AsJson = False,
) -> None:
    """List the figures that others published, with their sources, and what is wrong with some of them.

    A figure marked = stands beside a result of the same suite and protocol; the others never do, and say why.
    """
    from benchmarks.figures.published import references
    from benchmarks.suite import SuiteError
    from benchmarks.suites import suite_name

    suite = suite and suite_name(suite)
    found = [ref for ref in references() if suite in (None, ref.suite)]
    if not found:
        known = ", ".join(sorted({ref.suite for ref in references()}))
        raise SuiteError(f"no published figures for {suite!r}; there are some for {known}")
    if as_json:
        print_json({"figures": [ref.to_json() for ref in found]})
        return
    for ref in found:
        typer.echo(f"{ref.suite:<16} {' ' if ref.protocol is None else '='} {ref.line()}")


def _keep(runs: Sequence[Scored], request: RescoreRequest, out: Path) -> None:
    """Each run's result and page; of several, a page that compares them too."""
    from benchmarks.page import write_page
    from benchmarks.page.page import MOST_RUNS, REPORT
    from benchmarks.runner.stored import keep

    folders = keep(runs, request, out)
    pages = [write_page([folder]) for folder in folders]
    if 1 < len(folders) <= MOST_RUNS:
        pages.append(write_page(folders, out / REPORT))
    for path in pages:
        typer.echo(f"page {path}", err=True)


def _object(runs: Sequence[Scored]) -> dict[str, Any]:
    objects = [run.to_json() for run in runs]
    return objects[0] if len(objects) == 1 else {**objects[0], "runs": objects}


def _all_told(suite: str, runs: Sequence[Scored]) -> Iterator[str]:
    for run in runs:
        yield from _told(suite, run)
    if runs[0].references:
        yield "published, same protocol (handeye bench published has the rest):"
        yield from (f"  {ref.line()}" for ref in runs[0].references)


def _told(suite: str, run: Scored) -> Iterator[str]:
    from benchmarks.runner.formatting import count, figure_cell, figure_lines

    summary = run.summary
    name = f"{suite} {run.mode}" if run.mode else suite
    yield f"{name}: {count(summary.correct)}/{summary.total} right" + (
        f", read as {run.dialect}" if run.dialect else ""
    )
    yield from figure_lines(summary)
    yield from (f"  {name:<15} {figure_cell(cell)}" for name, cell in summary.averages.items())
    if summary.refusals:
        right = _right_refusals(run)
        yield f"  refusals      {summary.refusals} samples whose right answer is a refusal, {right} of them right"
    yield from _mistaken(run.mistakes)
    for note in summary.notes:
        yield f"  note          {note}"
    yield ""


def _right_refusals(run: Scored) -> int:
    from benchmarks.figures.scoring import Nothing

    return sum(one.verdict.correct for one in run.judged if isinstance(one.sample.data.target, Nothing))


def _mistaken(mistakes: Sequence[Mistake]) -> Iterator[str]:
    if not mistakes:
        return
    yield f"  mistaken      {len(mistakes)} stored verdicts are not the right ones:"
    for mistake in mistakes[:_SHOWN]:
        yield f"    {mistake.id:<32} stored {mistake.stored}, is {mistake.right}: {mistake.why}"
    if len(mistakes) > _SHOWN:
        yield f"    and {len(mistakes) - _SHOWN} more (--json has them all)"
