"""An answer about an episode as an HTML page without network access, or its screens as PNG files."""

from __future__ import annotations

import html
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from actions.frame import Box, Point
from agent.core.errors import UserError
from agent.core.step import Step
from agent.episodes import Episode, EpisodeError
from agent.episodes.query.answer import Hit, QueryAnswer
from agent.views.drawing import Polyline, draw, draw_action
from agent.views.report.images import image_url
from envs.env import Image
from envs.png import encode_png

WIDTH = 640
"""The width of a thumbnail in pixels."""
_AROUND = 120
_STYLE = """:root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:1.5rem auto;
padding:0 1rem}h1{font-size:1.3rem}ol{list-style:none;padding:0}li{margin:1.5rem 0}
img{max-width:100%;height:auto;border:1px solid #888}h2{font-size:1.05rem;margin:0 0 .3rem}p{margin:.3rem 0}"""
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def write_page(answer: QueryAnswer, episode: Episode, path: Path) -> Path:
    """Write the answer with thumbnails as one HTML file; texts are escaped. Raises `UserError`."""
    about = f"Episode: {episode.header.task}. Answered by {answer.model}."
    items = [
        (f"Step {one.step}, {one.clock}", f"Screen of step {one.step}", one.snippet, _shown(episode, one))
        for one in answer.hits
    ]
    return write_answer(answer.question, answer.text, about, items, path)


def write_answer(
    question: str, text: str, about: str, items: Sequence[tuple[str, str, str, Image | None]], path: Path
) -> Path:
    """Write an answer as one HTML file. An item has a title, what its picture is, words, and the picture or None.

    Raises `UserError`.
    """
    listed = "".join(_item(*one) for one in items)
    page = (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        f"<title>{html.escape(question)}</title><style>{_STYLE}</style></head>"
        f"<body><main><h1>{html.escape(question)}</h1><p><strong>{html.escape(text)}</strong></p>"
        f"<p>{html.escape(about)}</p>"
        f"{f'<ol>{listed}</ol>' if listed else ''}</main></body></html>\n"
    )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page, encoding="utf-8", errors="replace")
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror or error}") from error
    return path


def write_pictures(answer: QueryAnswer, episode: Episode, folder: Path) -> list[Path]:
    """Write the place of each hit as ``step-0004.png`` in `folder`; the paths. Raises `UserError`."""
    shown = [(f"step-{one.step:04d}.png", _shown(episode, one), one.box) for one in answer.hits]
    return write_places(shown, folder)


def write_places(shown: Sequence[tuple[str, Image | None, Box | None]], folder: Path) -> list[Path]:
    """Write what is around each box under a name in `folder`; the paths. Raises `UserError`."""
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, image, box in shown:
            if image is not None:
                path = folder / name
                path.write_bytes(encode_png(_cut(image, box)))
                written.append(path)
    except OSError as error:
        raise UserError(f"cannot write to {folder}: {error.strerror or error}") from error
    return written


def _item(title: str, what: str, snippet: str, shown: Image | None) -> str:
    words = html.escape(snippet)
    picture = "<p>The screen cannot be read.</p>"
    if shown is not None:
        picture = f'<img src="{_thumbnail(shown)}" alt="{html.escape(what)}: {words}">'
    return f"<li><h2>{html.escape(title)}</h2><p>{words}</p>{picture}</li>"


def _thumbnail(shown: Image) -> str:
    scale = WIDTH / max(shown.shape[1], WIDTH)
    if scale < 1:
        size = WIDTH, max(1, round(shown.shape[0] * scale))
        shown = np.asarray(cv2.resize(shown, size, interpolation=cv2.INTER_AREA), np.uint8)
    return image_url(shown)


def marked(image: Image, box: Box) -> Image:
    """`image` with `box` drawn on it."""
    x1, y1, x2, y2 = box.grown(4)
    return draw(image, [Polyline((Point(x1, y1), Point(x2, y1), Point(x2, y2), Point(x1, y2), Point(x1, y1)))])


def _shown(episode: Episode, one: Hit) -> Image | None:
    """The step's screen with the hit's box marked; without a box, its action."""
    step = next(step for step in episode.steps if step.index + 1 == one.step)
    try:
        image = episode.image(step)
    except EpisodeError:
        return None
    if one.box is None:
        return _acted(image, step)
    return marked(image, one.box)


def _acted(image: Image, step: Step) -> Image:
    return draw_action(image, step.action) if step.action else image


def _cut(image: Image, box: Box | None) -> Image:
    """The part of `image` around `box`; all of it for None."""
    if box is None:
        return np.ascontiguousarray(image)
    height, width = image.shape[:2]
    x1, y1, x2, y2 = (round(side) for side in box.grown(_AROUND))
    return np.ascontiguousarray(image[max(0, y1) : min(height, y2), max(0, x1) : min(width, x2)])


def columns(hits: Sequence[Hit]) -> list[tuple[str, str, str]]:
    """Step, time and snippet of each hit, for a terminal."""
    return [(f"step {one.step}", one.clock, one.snippet) for one in hits]
