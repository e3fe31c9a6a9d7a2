"""``handeye report``."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from agent.cli.options import AsJson, print_json
from agent.core.errors import UserError

_LONG = 40  # steps from which on a progress bar is worth its line


class CodecName(StrEnum):
    """How an MP4 is coded; see `agent.views.report.film.ENCODERS`."""

    h264 = "h264"
    vp9 = "vp9"
    av1 = "av1"
    mpeg4 = "mpeg4"


Gif = Annotated[Path | None, typer.Option(help="Also write a film that any chat shows.", metavar="FILE.gif")]
Mp4 = Annotated[Path | None, typer.Option(help="Also write a film for browsers.", metavar="FILE.mp4")]
Codec = Annotated[
    CodecName | None,
    typer.Option(help="Of the MP4. h264 is coded by x264 (GPL). Default: h264, or what the installed PyAV has."),
]
Sheet = Annotated[
    Path | None,
    typer.Option(help="Also write one picture of all screens: .png, .jpg or .webp.", metavar="FILE"),
]


Steps = Annotated[
    str | None, typer.Option(help="Only these steps, on one page: 4001-4500, or one number.", metavar="FROM-TO")
]


def report(
    episode: Annotated[Path, typer.Argument(help="The folder of an episode.", metavar="EPISODE")],
    out: Annotated[
        Path | None, typer.Option(help="Where to write the page. Default: report.html in the episode.", metavar="FILE")
    ] = None,
    steps: Steps = None,
    gif: Gif = None,
    mp4: Mp4 = None,
    codec: Codec = None,
    contact_sheet: Sheet = None,
    as_json: AsJson = False,
) -> None:
    """Write an episode as one HTML page that needs no network: every screen with the action drawn on it.

    The page opens in any browser and on a phone: before and after each step, what changed, thought, raw answer, times,
    search, keyboard keys. Whatever a screen or a model said is shown as text and cannot run. Damaged steps are named.

    An episode of more than 5,000 steps gets pages of 2,500 that link to each other: report.html, report-2.html and so
    on.

    Films show each step for 1.5 seconds (less where there are more than 80), with the action drawn and a caption.

    [bold]Examples[/]

      handeye report runs/2026-11-22T15-04-05-open-the-file-menu

      handeye report runs/… --gif run.gif --contact-sheet screens.png

      handeye report runs/… --mp4 run.mp4 --json

      handeye report runs/… --steps 4001-4500 --out there.html
    """
    from agent.views.report import write_report
    from agent.views.report.film import check_formats, write_contact_sheet, write_gif, write_mp4

    check_formats(gif, mp4, contact_sheet)
    if codec is not None and mp4 is None:
        raise UserError("--codec is that of --mp4: add --mp4 FILE.mp4, or leave it out")
    only = None if steps is None else _numbers(steps)
    mp4_writer = functools.partial(write_mp4, codec=codec.value if codec else None)
    with _progress("page") as told:
        paths = {"report": write_report(episode, out, told, only)}
    for name, path, write in (
        ("gif", gif, write_gif), ("mp4", mp4, mp4_writer), ("contact_sheet", contact_sheet, write_contact_sheet),
    ):  # fmt: skip
        if path is not None:
            with _progress(name.replace("_", " ")) as told:
                paths[name] = write(episode, path, told)
    if as_json:
        print_json({name: str(path) for name, path in paths.items()})
    else:
        typer.echo("\n".join(map(str, paths.values())))


def _numbers(text: str) -> tuple[int, int]:
    """``4001-4500`` or ``7`` as the first and the last number. Raises `UserError`."""
    first, dash, last = text.partition("-")
    last = last if dash else first
    if not (first.isdecimal() and last.isdecimal() and 0 < int(first) <= int(last)):
        raise UserError(f"--steps {text}: give the first and the last step, as in 4001-4500, or one number")
    return int(first), int(last)


@contextmanager
def _progress(words: str) -> Iterator[Callable[[int, int], None]]:
    """Shows a bar for an episode that takes its time."""
    from agent.views.terminal import transient_bar

    with transient_bar() as bar:
        task = bar.add_task(words, visible=False)
        yield lambda done, total: bar.update(task, completed=done, total=total, visible=total >= _LONG)
