"""``handeye bench``: the command group."""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperGroup

from agent.cli.options import AsJson, print_json
from benchmarks.android_world.cli import android_world
from benchmarks.commands.audit import audit
from benchmarks.commands.compare import compare
from benchmarks.commands.download import download
from benchmarks.commands.lmms import lmms
from benchmarks.commands.page import page
from benchmarks.commands.record_decisions import record_decisions
from benchmarks.commands.reproduce import reproduce
from benchmarks.commands.rescore import published, rescore
from benchmarks.commands.run import run
from benchmarks.commands.sample_size import sample_size


class SuiteFirst(TyperGroup):
    """A group whose first word may be a suite: ``handeye bench jsonl …`` is ``handeye bench run jsonl …``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the word ``run`` where it was left out."""
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = ["run", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(cls=SuiteFirst, no_args_is_help=True, rich_markup_mode="rich")


@app.callback()
def bench() -> None:
    """Benchmark models: a figure with its interval, and everything that is needed to get it again.

    The first word is a suite ([bold]handeye bench suites[/] lists them; module:object is one of your own) or one of the
    commands below.

    [bold]Examples[/]

      handeye bench jsonl --data my-screens --model builtin

      handeye bench download screenspot-v2 --to ScreenSpot-v2

      handeye bench screenspot-v2 --data ScreenSpot-v2 \\
          --model http://127.0.0.1:8000 --workers 8 --out runs/ss2

      handeye bench screenspot-v2 --data ScreenSpot-v2 \\
          --model http://127.0.0.1:8000 --out runs/ss2 --resume

      handeye bench miniwob --model baseline:idle --seeds 5 --workers 2

      handeye bench compare runs/a runs/b

      handeye bench reproduce runs/ss2/result.json

    [bold]handeye bench run --help[/] explains the options of a run.
    """


@app.command()
def suites(as_json: AsJson = False) -> None:
    """List the suites."""
    from agent.plugins import installed
    from benchmarks.suites import SUITES

    outside = sorted(installed("suites").items())
    if as_json:
        listed: list[dict[str, Any]] = [
            {"name": n, "kind": e.kind, "about": e.about, "needs_data": e.needs_data} for n, e in SUITES.items()
        ]
        listed += [{"name": n, "kind": None, "about": f"plug-in {where}", "needs_data": None} for n, where in outside]
        print_json({"suites": listed})
        return
    for name, entry in SUITES.items():
        typer.echo(f"{name:<16}  {entry.kind:<12}  {entry.about}")
    for name, where in outside:
        typer.echo(f"{name:<16}  {'plug-in':<12}  {where}")
    typer.echo("\nor a suite of your own, as module:object")


app.command()(run)
app.command()(reproduce)
app.command()(rescore)
app.command()(published)
app.command()(compare)
app.command()(download)
app.command()(lmms)
app.command()(page)
app.command()(audit)
app.command("record-decisions")(record_decisions)
app.command("size")(sample_size)
app.command("android-world")(android_world)
