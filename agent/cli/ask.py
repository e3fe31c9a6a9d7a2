"""``handeye ask``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.cli.options import AsJson, print_json, record_option, takes_model
from agent.core.errors import UserError
from agent.models.spec import BUILTIN, ModelSpec

if TYPE_CHECKING:
    from agent.episodes import Episode
    from agent.episodes.query.answer import QueryAnswer
    from agent.episodes.query.screen_text import StepText


@takes_model
def ask(
    episode: Annotated[Path, typer.Argument(help="The folder of an episode.", metavar="EPISODE")],
    question: Annotated[
        str, typer.Argument(help="In plain words; quote what is meant to the letter.", metavar="QUESTION")
    ],
    *,
    model: ModelSpec,
    frames: Annotated[int, typer.Option(help="Screens that a model is shown at most.", min=1, max=256)] = 24,
    video: Annotated[
        bool, typer.Option("--video", help="Show the screens as one video, to a server that takes one (vLLM).")
    ] = False,
    html: Annotated[
        Path | None, record_option("--html", help="Write the answer with thumbnails as one HTML file.", metavar="FILE")
    ] = None,
    out: Annotated[
        Path | None, record_option("--out", "-o", help="Write each place as step-NNNN.png here.", metavar="DIR")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Ask what happened in an episode: the answer names steps and times.

    The built-in way searches the text on the screens, what was typed and clicked, and the steps' own texts. It
    understands when something appeared or disappeared, which step clicked, typed or pressed something, what was typed
    in a field, and how it ended; any other question is a search for its words. Where nothing matches it says so, with
    exit status 1. A model (--model) is shown the screens that changed, with their times, and answers anything.

    [bold]Examples[/]

      handeye ask runs/… "when did the error appear?"

      handeye ask runs/… 'which step clicked "Save As"?' --html answer.html

      handeye ask runs/… "what was typed in the Name field?" --json

      handeye ask runs/… "why did it take so long?" --model http://127.0.0.1:8000
    """
    from agent.episodes import read_episode
    from agent.views.answer_page import columns, write_page, write_pictures

    if not question.strip():
        raise UserError('the question is empty: ask something, e.g. "when did the error appear?"')
    found = read_episode(episode)
    if not found.steps:
        raise UserError(f"{episode} has no steps to ask about")
    answer = _answer(found, question.strip(), model, frames, video)
    page = write_page(answer, found, html) if html else None
    files = write_pictures(answer, found, out) if out else []
    if as_json:
        print_json(_json(answer, page, files))
    else:
        typer.echo(_plain(answer.text))
        for row in columns(answer.hits):
            typer.echo("  ".join((f"{row[0]:<9}", row[1], _plain(row[2]))))
    for path in [*([page] if page else []), *files]:
        typer.echo(str(path), err=True)
    if not answer.found:
        raise typer.Exit(1)


def _answer(episode: Episode, question: str, model: ModelSpec, frames: int, video: bool) -> QueryAnswer:
    if model.name.strip().lower() == BUILTIN:
        from agent.episodes.query.screen_text import without_screens
        from agent.episodes.query.search import needs_screens, search

        model.refuse("on the built-in search")
        if video:
            raise UserError("--video has no effect on the built-in search: leave it out, or name a --model")
        return search(episode, _read(episode) if needs_screens(question) else without_screens(episode), question)
    from agent.episodes.query.vision import ask_model
    from agent.models.chat import ChatModel
    from agent.models.opening import open_model

    asked = open_model(model)
    if not isinstance(asked, ChatModel):
        raise UserError(f"{model.name} answers no questions about an episode: name a served model or a checkpoint")
    try:
        return ask_model(episode, question, asked, frames, video)
    finally:
        asked.close()


def _read(episode: Episode) -> list[StepText]:
    """The text on every screen, with a progress bar on a terminal."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from agent.episodes.query.screen_text import read_screens
    from agent.views.terminal import console

    columns = TextColumn("reading screens"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console(), transient=True) as bar:
        task = bar.add_task("reading", total=None)
        screens, problem = read_screens(episode, lambda done, of: bar.update(task, completed=done, total=of))
    if problem:
        typer.echo(f"what was read is not kept: {problem}", err=True)
    return screens


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
