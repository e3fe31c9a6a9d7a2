"""``handeye bench audit``: is this benchmark to be trusted?"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from actions.errors import plural
from agent.cli.options import AsJson, print_json
from benchmarks.commands.run import Data, Limit, Mode, Seeds, Tasks, Workers

if TYPE_CHECKING:
    from benchmarks.audit import Audit, AuditFinding
    from benchmarks.suite import Figure

_SHOWN = 40
"""At most so many findings of one check are listed for people; ``--json`` has them all."""


def audit(
    suite: Annotated[str, typer.Argument(help="A suite (handeye bench suites lists them).", metavar="SUITE")],
    data: Data = None,
    seeds: Seeds = None,
    tasks: Tasks = None,
    mode: Mode = None,
    baselines: Annotated[
        str | None, typer.Option(help="Only these, e.g. idle,oracle. Default: all that fit.", metavar="A,B")
    ] = None,
    limit: Limit = None,
    workers: Workers = 1,
    out: Annotated[
        Path | None,
        typer.Option(help="Keep the baselines' results here; an interrupted audit goes on.", metavar="DIR"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Run baselines, and the suite's own oracle, and flag what they show to be wrong.

    Flagged are tasks that an agent passes that does nothing, only says done, acts at random, clicks the middle of the
    screen or replays another seed blindly; tasks that the oracle fails or that have none; and in grounding data targets
    that the middle of the screen hits, that cover most of the image, that lie off it or contradict each other. The exit
    status is 1 when something is flagged that the suite does not declare itself.

    [bold]Examples[/]

      handeye bench audit desktop --seeds 2 --workers 2

      handeye bench audit miniwob --tasks click-button,enter-text \\
          --baselines idle,oracle --json

      handeye bench audit screenspot-v2 --data ScreenSpot-v2
    """
    from agent.models.spec import ModelSpec
    from benchmarks.audit import AuditRequest
    from benchmarks.audit import audit as look
    from benchmarks.runner.plan import RunPlan
    from benchmarks.suite import SuiteOptions

    options = SuiteOptions(mode=mode, seeds=seeds, tasks=_names(tasks))
    plan = RunPlan(suite, ModelSpec("baseline:oracle"), data.absolute() if data else None, options, limit=limit)
    with redirect_stdout(sys.stderr):
        found = look(AuditRequest(plan, _names(baselines), workers, out))
    if as_json:
        print_json(found.to_json())
    else:
        for line in lines(found):
            typer.echo(line)
    raise typer.Exit(1 if found.flagged else 0)


def _names(text: str | None) -> tuple[str, ...]:
    return tuple(filter(None, (name.strip() for name in (text or "").split(","))))


def lines(found: Audit) -> Iterator[str]:
    """The audit for a terminal."""
    mode = f" ({found.mode})" if found.mode else ""
    yield f"{found.suite}{mode}: {plural(found.samples, 'sample')}"
    for name, cell in found.baselines.items():
        yield f"  {name:<14} {cell.correct:>6g}/{cell.total:<6} {_rate(cell)}"
    for name, why in found.skipped.items():
        yield f"  {name:<14} not run: {why}"
    for check in dict.fromkeys(finding.check for finding in found.findings):
        yield from _block(check, [finding for finding in found.findings if finding.check == check])
    known = len(found.findings) - found.flagged
    yield f"{found.flagged} flagged, {known} more that the suite declares itself"


def _rate(cell: Figure) -> str:
    if cell.accuracy is None:
        return "undefined"
    interval = f" [{100 * cell.ci95[0]:.1f}, {100 * cell.ci95[1]:.1f}]" if cell.ci95 else ""
    return f"{100 * cell.accuracy:.1f} %{interval}"


def _block(check: str, findings: list[AuditFinding]) -> Iterator[str]:
    yield f"{check}: {len(findings)}"
    for finding in findings[:_SHOWN]:
        often = f" ({finding.count} of {finding.of})" if finding.of > 1 else ""
        mark = f"  [declared: {finding.declared}]" if finding.declared else ""
        yield f"  {'·' if finding.declared else '!'} {finding.where}{often}: {finding.what}{mark}"
    if len(findings) > _SHOWN:
        yield f"  … and {len(findings) - _SHOWN} more: --json has them all"
