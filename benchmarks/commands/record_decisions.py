"""``handeye bench record-decisions``: the data of the suite ``decisions``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from actions.errors import did_you_mean, plural
from benchmarks.commands.run import Seed, Seeds, Tasks


def record_decisions(
    folder: Annotated[Path, typer.Argument(help="Where the runs go; those that are there are kept.", metavar="FOLDER")],
    suites: Annotated[str, typer.Option(help="Interactive suites with oracles.")] = "phone-tasks,desktop,miniwob",
    tasks: Tasks = None,
    seeds: Seeds = 1,
    seed: Seed = 0,
) -> None:
    """Record the runs of oracles, with the list of elements of each screen: the data of the suite decisions.

    [bold]Example[/]

      handeye bench record-decisions runs/decisions --suites phone-tasks
    """
    from agent.core.errors import UserError
    from benchmarks.suite import SuiteOptions
    from benchmarks.suites import SUITES, open_suite
    from benchmarks.suites.decisions.recording import record

    for name in suites.split(","):
        if name not in SUITES or SUITES[name].kind != "interactive":
            meant = did_you_mean(name, (known for known, suite in SUITES.items() if suite.kind == "interactive"))
            raise UserError(f"{name} is no interactive suite of ours.{meant} handeye bench suites lists them")
        suite = open_suite(
            name, None, SuiteOptions(seeds=seeds, seed=seed, tasks=tuple((tasks or "").split(",")) if tasks else ())
        )
        try:
            count = record(suite, folder, lambda line: typer.echo(line, err=True))
        finally:
            suite.close()
        typer.echo(f"{name}: {count} of {plural(len(suite.samples()), 'run')} in {folder / name}")
