"""``handeye ask``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from agent.cli.options import AsJson, print_json, record_option, takes_model
from agent.core.errors import UserError
from agent.models.spec import BUILTIN, ModelSpec

if TYPE_CHECKING:
    from agent.episodes import Episode
    from agent.episodes.query.answer import QueryAnswer
    from agent.episodes.query.screen_text import StepText
    from agent.media.pictures import Media, MediaAnswer
    from agent.models.chat import ChatModel


Result = TypeVar("Result")


@takes_model
def ask(
    what: Annotated[
        str,
        typer.Argument(
            help="The folder of an episode, or an image, a PDF (file.pdf#page=3 for one page) or a video.",
            metavar="EPISODE|FILE",
        ),
    ],
    question: Annotated[
        str, typer.Argument(help="In plain words; quote what is meant to the letter.", metavar="QUESTION")
    ],
    *,
    model: ModelSpec,
    frames: Annotated[
        int, typer.Option(help="Screens, pages or frames of a video that are looked at, at most.", min=1, max=256)
    ] = 24,
    page: Annotated[int | None, typer.Option(help="One page of a PDF; the first is 1.", min=1)] = None,
    video: Annotated[
        bool,
        typer.Option("--video", help="Show the pictures as one video, to a server that takes one (vLLM)."),
    ] = False,
    html: Annotated[
        Path | None, record_option("--html", help="Write the answer with thumbnails as one HTML file.", metavar="FILE")
    ] = None,
    out: Annotated[
        Path | None, record_option("--out", "-o", help="Write each place as a PNG here.", metavar="DIR")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Ask what happened in an episode, or what an image, PDF or video shows; answers name steps, pages or times.

    The built-in way searches the text: on the screens, what was typed and clicked, the steps' own texts; in a file what
    is written there. Of an episode it understands when something appeared or disappeared, which step clicked, typed or
    pressed something, what was typed in a field, and how it ended; any other question is a search for its words. Where
    nothing matches it says so, with exit status 1. A model (--model) is shown the pictures and answers anything.

    [bold]Examples[/]

      handeye ask runs/… "when did the error appear?"

      handeye ask runs/… 'which step clicked "Save As"?' --html answer.html

      handeye ask runs/… "why did it take so long?" --model http://127.0.0.1:8000

      handeye ask invoice.pdf#page=2 "what is the total?"

      handeye ask screencast.mp4 "when is the menu open?" \\
          --model http://127.0.0.1:8000
    """
    if not question.strip():
        raise UserError('the question is empty: ask something, e.g. "when did the error appear?"')
    if not Path(what).is_dir():
        _ask_file(what, question.strip(), model, frames, page, video, html, out, as_json)
        return
    from agent.episodes import read_episode
    from agent.views.answer_page import columns, write_page, write_pictures

    if page is not None:
        raise UserError("--page is for a PDF: leave it out")
    found = read_episode(Path(what))
    if not found.steps:
        raise UserError(f"{what} has no steps to ask about")
    answer = _answer(found, question.strip(), model, frames, video)
    written = write_page(answer, found, html) if html else None
    files = write_pictures(answer, found, out) if out else []
    if as_json:
        print_json(_json(answer, written, files))
    else:
        _print(answer.text, columns(answer.hits))
    _end([*([written] if written else []), *files], answer.found)


def _ask_file(
    what: str,
    question: str,
    model: ModelSpec,
    frames: int,
    page: int | None,
    video: bool,
    html: Path | None,
    out: Path | None,
    as_json: bool,
) -> None:
    from agent.media.opening import open_media
    from agent.views.media_page import write_media_page, write_media_places

    media = open_media(what, page, frames)
    if video and media.kind != "video":
        raise UserError(f"--video is for a video or an episode: {media.path} is neither")
    answer = _answer_about(media, question, model, video)
    written = write_media_page(answer, media, html) if html else None
    files = write_media_places(answer, media, out) if out else []
    if as_json:
        pictures = {"html": str(written) if written else None, "pictures": [str(path) for path in files]}
        print_json(answer.to_json(media) | pictures)
    else:
        shown = [(media.pictures[one.number].label, one.snippet) for one in answer.hits]
        _print(answer.text, [row for row in shown if row[0]])
    _end([*([written] if written else []), *files], answer.found)


def _answer_about(media: Media, question: str, model: ModelSpec, video: bool) -> MediaAnswer:
    if _is_builtin(model, video):
        from agent.media.query import search_media

        return _with_bar("reading", lambda told: search_media(media, question, told))
    from agent.media.vision import ask_model_about

    asked = _chat_model(model)
    try:
        return ask_model_about(media, question, asked, video)
    finally:
        asked.close()


def _print(text: str, rows: Sequence[tuple[str, ...]]) -> None:
    typer.echo(_plain(text))
    for row in rows:
        typer.echo("  ".join((f"{row[0]:<9}", *map(_plain, row[1:]))))


def _end(files: Sequence[Path], found: bool) -> None:
    for path in files:
        typer.echo(str(path), err=True)
    if not found:
        raise typer.Exit(1)


def _is_builtin(model: ModelSpec, video: bool) -> bool:
    """Whether no model is asked. Raises `UserError` for an option without effect then."""
    if model.name.strip().lower() != BUILTIN:
        return False
    model.refuse("on the built-in search")
    if video:
        raise UserError("--video has no effect on the built-in search: leave it out, or name a --model")
    return True


def _chat_model(model: ModelSpec) -> ChatModel:
    from agent.models.chat import ChatModel
    from agent.models.opening import open_model

    asked = open_model(model)
    if not isinstance(asked, ChatModel):
        raise UserError(f"{model.name} answers no such questions: name a served model or a checkpoint")
    return asked


def _answer(episode: Episode, question: str, model: ModelSpec, frames: int, video: bool) -> QueryAnswer:
    if _is_builtin(model, video):
        from agent.episodes.query.screen_text import without_screens
        from agent.episodes.query.search import needs_screens, search

        return search(episode, _read(episode) if needs_screens(question) else without_screens(episode), question)
    from agent.episodes.query.vision import ask_model

    asked = _chat_model(model)
    try:
        return ask_model(episode, question, asked, frames, video)
    finally:
        asked.close()


def _read(episode: Episode) -> list[StepText]:
    """The text on every screen."""
    from agent.episodes.query.screen_text import read_screens

    screens, problem = _with_bar("reading screens", lambda told: read_screens(episode, told))
    if problem:
        typer.echo(f"what was read is not kept: {problem}", err=True)
    return screens


def _with_bar(name: str, work: Callable[[Callable[[int, int], None]], Result]) -> Result:
    """What `work` returns, which tells how many of how many are done, with a progress bar on a terminal."""
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn

    from agent.views.terminal import transient_bar

    columns = TextColumn(name), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with transient_bar(*columns) as bar:
        task = bar.add_task(name, total=None)
        return work(lambda done, of: bar.update(task, completed=done, total=of))


def _plain(text: str) -> str:
    from actions.errors import one_line

    return one_line(text, 2000)


def _json(answer: QueryAnswer, page: Path | None, files: list[Path]) -> dict[str, Any]:
    pictures = {path.name: str(path) for path in files}
    steps = [one.to_json() | {"picture": pictures.get(f"step-{one.step:04d}.png")} for one in answer.hits]
    return {
        "question": answer.question,
        "answer": answer.text,
        "found": answer.found,
        "steps": steps,
        "model": answer.model,
        "html": str(page) if page else None,
    }
