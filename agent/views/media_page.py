"""An answer about a file as an HTML page without network access, or its places as PNG files."""

from __future__ import annotations

from pathlib import Path

from agent.media.pictures import Media, MediaAnswer, MediaHit
from agent.views.answer_page import marked, write_answer, write_places
from envs.env import Image


def write_media_page(answer: MediaAnswer, media: Media, path: Path) -> Path:
    """Write the answer with thumbnails as one HTML file. Raises `UserError`."""
    name = media.path.name
    about = f"{name}{f', {media.whole}' if media.whole else ''}. Answered by {answer.model}."
    items = [(_label(media, one), f"{_label(media, one)} of {name}", one.snippet, _shown(media, one))
             for one in answer.hits]  # fmt: skip
    return write_answer(answer.question, answer.text, about, items, path)


def write_media_places(answer: MediaAnswer, media: Media, folder: Path) -> list[Path]:
    """Write the place of each hit as ``picture-0001.png`` in `folder`; the paths. Raises `UserError`."""
    return write_places(
        [(f"picture-{one.number + 1:04d}.png", _shown(media, one), one.box) for one in answer.hits], folder
    )


def _label(media: Media, hit: MediaHit) -> str:
    return media.pictures[hit.number].label.capitalize() or "The image"


def _shown(media: Media, hit: MediaHit) -> Image:
    image = media.pictures[hit.number].image
    return image if hit.box is None else marked(image, hit.box)
