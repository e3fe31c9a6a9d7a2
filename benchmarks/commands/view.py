"""``handeye view``: one local site over episodes and results. It is here because results belong to this room."""

from __future__ import annotations

import threading
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Annotated

import typer

from agent.cli.options import AsJson, print_json
from agent.core.errors import UserError


def view(
    runs: Annotated[
        Path, typer.Argument(help="The folder with episodes and results, at any depth.", metavar="RUNS")
    ] = Path("runs"),
    port: Annotated[int, typer.Option(help="Serve it on this port; 0 is any free one.", min=0, max=65535)] = 0,
    open_: Annotated[bool, typer.Option("--open", help="Open it in your browser as well.")] = False,
    allow_runs: Annotated[
        bool,
        typer.Option(
            "--allow-runs",
            help="Also start runs from the page, watch them live, check an episode and ask another model about it.",
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Look at all episodes and benchmark results of a folder on one local page, until Ctrl-C.

    Search and filter them, play an episode, see the prompt and the picture as they were sent, set two runs of a task
    side by side, and go from a benchmark's failed sample to its episode. New runs are there when the page is loaded
    again. The page is served on this machine only, to who has the address, and changes no run.

    With --allow-runs it starts what handeye run and handeye replay would, with the same policies; a run asks you on its
    live page. What was started ends with the site.

    [bold]Examples[/]

      handeye view

      handeye view runs/2026-11-22 --open

      handeye view /data/agents --port 8123

      handeye view --allow-runs --open
    """
    from agent.views.loopback import opened
    from agent.views.site.catalog import Catalog
    from agent.views.site.jobs import Jobs
    from agent.views.site.server import SiteServer
    from benchmarks.page.site import BenchmarkResults

    if not runs.is_dir():
        raise UserError(f"{runs} is not a folder: name one with runs, or make some with handeye run or handeye bench")
    with ExitStack() as stack:
        catalog = Catalog(runs, BenchmarkResults())
        server = SiteServer(catalog, port, Jobs(catalog.root) if allow_runs else None)
        threading.Thread(target=catalog.entries, name="first reading", daemon=True).start()
        stack.callback(server.close)
        if as_json:
            print_json({"url": server.url, "runs": str(runs.resolve())})
        typer.echo(f"{runs} at {server.url}", err=True)
        typer.echo("Ctrl-C ends it", err=True)
        if open_:
            stack.enter_context(opened(server.url))
        with suppress(KeyboardInterrupt):
            threading.Event().wait()
