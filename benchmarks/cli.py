"""``handeye bench``: the command group."""

from __future__ import annotations

import typer

app = typer.Typer(help="Benchmark models: grounding, recorded navigation and interactive suites.", no_args_is_help=True)


@app.command()
def suites() -> None:
    """List the suites."""
    from benchmarks.suites import SUITES

    for name, entry in SUITES.items():
        typer.echo(f"{name:<16}  {entry.kind:<12}  {entry.about}")
