"""An answer about an episode as an HTML page without network access, or its screens as PNG files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from actions.frame import Box
from agent.core.errors import UserError
from agent.episodes import Episode, EpisodeError
from agent.episodes.query.answer import Hit, QueryAnswer
from agent.episodes.targets import EpisodeTargets
from agent.views.drawing import draw, draw_action, outline
from agent.views.formatting import line
from agent.views.kit.pages import SinglePage
from agent.views.report.images import image_url
from envs.env import Image
from envs.png import encode_png

WIDTH = 640
"""The width of a thumbnail in pixels."""
_AROUND = 120
_PAGE = SinglePage("agent/views/answer.html")


def write_page(answer: QueryAnswer, episode: Episode, path: Path) -> Path:
    """Write the answer with thumbnails as one HTML file; texts are escaped. Raises `UserError`."""
    about, named = f"Episode: {episode.header.task} · answered by {answer.model}", EpisodeTargets(episode.folder)
    items = [
        (f"Step {one.step}, {one.clock}", f"Screen of step {one.step}", one.snippet, _shown(episode, one, named))
        for one in answer.hits
    ]
    return write_answer(answer.question, answer.text, about, items, path)


def write_answer(
    question: str, text: str, about: str, items: Sequence[tuple[str, str, str, Image | None]], path: Path
) -> Path:
    """Write an answer as one HTML file. An item has a title, what its picture is, words, and the picture or None.

    Raises `UserError`.
    """
    shown = [(name, what, snippet, "" if image is None else _thumbnail(image)) for name, what, snippet, image in items]
    page = _PAGE.html(
        f"{line(question, 120)} · Handeye answer",
        brand="Handeye answer",
        question=question,
        text=text,
        about=about,
        items=shown,
    )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page, encoding="utf-8", errors="replace")
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror or error}") from error
    return path


def write_pictures(answer: QueryAnswer, episode: Episode, folder: Path) -> list[Path]:
    """Write the place of each hit as ``step-0004.png`` in `folder`; the paths. Raises `UserError`."""
    named = EpisodeTargets(episode.folder)
    shown = [(f"step-{one.step:04d}.png", _shown(episode, one, named), one.box) for one in answer.hits]
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


def _thumbnail(shown: Image) -> str:
    scale = WIDTH / max(shown.shape[1], WIDTH)
    if scale < 1:
        size = WIDTH, max(1, round(shown.shape[0] * scale))
        shown = np.asarray(cv2.resize(shown, size, interpolation=cv2.INTER_AREA), np.uint8)
    return image_url(shown)


def marked(image: Image, box: Box) -> Image:
    """`image` with `box` drawn on it."""
    return draw(image, [outline(box.grown(4), (image.shape[1], image.shape[0]))])


def _shown(episode: Episode, one: Hit, named: EpisodeTargets) -> Image | None:
    """The step's screen with the hit's box marked; without a box, its action."""
    step = next(step for step in episode.steps if step.index + 1 == one.step)
    try:
        image = episode.image(step)
    except EpisodeError:
        return None
    if one.box is None:
        return draw_action(image, step.action, named.of(step, image)) if step.action else image
    return marked(image, one.box)


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
