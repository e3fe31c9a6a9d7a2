"""``handeye export``."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from actions.errors import plural
from agent.cli.options import AsJson, DialectName, print_json


class Format(StrEnum):
    """What to write."""

    sharegpt = "sharegpt"
    hf = "hf"
    script = "script"


def export(
    episodes: Annotated[list[Path], typer.Argument(help="Folders of episodes.", metavar="EPISODE…")],
    format_: Annotated[
        Format,
        typer.Option(
            "--format",
            "-f",
            help="sharegpt: training conversations. hf: a datasets folder. script: a Python script.",
        ),
    ],
    out: Annotated[
        Path, typer.Option("--out", "-o", help="A new folder (sharegpt, hf) or file (script).", metavar="PATH")
    ],
    dialect: DialectName = None,
    as_json: AsJson = False,
) -> None:
    """Turn episodes into training data or a script.

    [bold]sharegpt[/] is read by LLaMA-Factory (dataset_info.json is written too) and by Qwen's own fine-tuning: one
    conversation a step, in the words and the coordinates of a dialect (--dialect, or the one of the run).
    [bold]hf[/] is read by datasets.load_dataset("imagefolder", data_dir=PATH). [bold]script[/] does the recorded
    actions again, one after another, without a model.

    [bold]Examples[/]

      handeye export runs/* --format sharegpt --dialect ui-tars-1.5 --out train

      handeye export runs/… --format script --out save_a_note.py
    """
    from agent.episodes.export.export import export_episodes

    done = export_episodes(episodes, format_.value, out, dialect)
    for line in done.skipped:
        typer.echo(line, err=True)
    if as_json:
        print_json(done.to_json())
    else:
        typer.echo(
            f"{done.out}: {done.written} of {plural(done.steps, 'step')} from {plural(len(episodes), 'episode')}"
        )
