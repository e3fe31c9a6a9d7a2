"""``handeye bench compare``: are two results different, or is it chance?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from agent.cli.options import AsJson, print_json


def compare(
    a: Annotated[Path, typer.Argument(help="A result.json, or the folder of one.", metavar="A")],
    b: Annotated[Path, typer.Argument(help="Another, over the same samples.", metavar="B")],
    force: Annotated[bool, typer.Option("--force", help="Compare although the protocols differ.")] = False,
    as_json: AsJson = False,
) -> None:
    """Say whether two results differ: pair by pair, with an exact test and a bootstrap interval of the difference.

    [bold]Example[/]

      handeye bench compare runs/qwen-3b runs/qwen-7b/result.json
    """
    from benchmarks.runner.compare import compare_results
    from benchmarks.runner.result import read_result

    found = compare_results(read_result(a), read_result(b), force=force)
    if as_json:
        print_json(found)
    else:
        for line in _lines(found):
            typer.echo(line)


def _lines(found: dict[str, Any]) -> list[str]:
    told = {name: found[name.lower()] for name in ("A", "B")}
    theirs = any(one["prompts"] != "ours" for one in told.values())
    lines = [
        f"{name}: {one['model']}" + (f" (prompts: {one['prompts']})" if theirs else "") + f", {one['headline']}"
        for name, one in told.items()
    ]
    return [*lines, *found["warnings"], found["sentence"]]
