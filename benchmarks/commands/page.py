"""``handeye bench page``: a result, or several compared, as one HTML page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from agent.cli.options import AsJson, print_json


def page(
    results: Annotated[
        list[Path],
        typer.Argument(help="A result.json or its folder; several of one suite are compared.", metavar="RESULT..."),
    ],
    out: Annotated[
        Path | None, typer.Option(help="The page's file. Default: report.html beside the first result.", metavar="FILE")
    ] = None,
    gallery: Annotated[int, typer.Option(help="Failures that are drawn.", min=0, max=500, metavar="N")] = 24,
    data: Annotated[
        Path | None,
        typer.Option(help="Where the suite's data is now, if it was moved or had no images.", metavar="DIR"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write a result as one HTML page that needs no network: figures with intervals, failures drawn on their screens,
    every sample, times, and all it takes to get it again.

    With several results of one suite the page compares them: paired tests, intervals side by side, and the samples
    on which they differ. A run writes its own page, report.html, when it is finished.

    [bold]Examples[/]

      handeye bench page runs/ss2

      handeye bench page runs/qwen-3b runs/qwen-7b --out compared.html

      handeye bench page runs/ss2 --data /new/place/ScreenSpot-v2 --gallery 60
    """
    from benchmarks.page import write_page

    path = write_page(results, out, gallery=gallery, data=data)
    if as_json:
        print_json({"page": str(path)})
    else:
        typer.echo(str(path))
