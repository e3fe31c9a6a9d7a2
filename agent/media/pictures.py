"""`Media`: a file as pictures, each with its page or time, and `MediaAnswer`: an answer with the pictures it names."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from actions.frame import Box
from agent.episodes.query.answer import clock
from agent.episodes.text_file import TextRun
from envs.env import Image

MediaKind = Literal["image", "pdf", "video"]


@dataclass(frozen=True)
class MediaPicture:
    """One picture (RGB uint8 HxWx3). `page` counts from 1; `seconds` are from the start of the video.

    `text` is a PDF page's own text with its boxes in pixels of the picture; None where there is none to be taken over.
    """

    image: Image
    page: int | None = None
    seconds: float | None = None
    text: tuple[TextRun, ...] | None = None

    @property
    def label(self) -> str:
        """``page 3``, ``00:12.4``, or empty for an image."""
        return f"page {self.page}" if self.page is not None else clock(self.seconds) if self.seconds is not None else ""


@dataclass(frozen=True)
class Media:
    """A file. `whole` says of what the pictures are a part, e.g. ``24 frames of 01:30.0``; empty for an image."""

    path: Path
    kind: MediaKind
    pictures: tuple[MediaPicture, ...]
    whole: str = ""


@dataclass(frozen=True)
class MediaHit:
    """A picture that bears an answer out, by its place in `Media.pictures`; `box` in pixels of the picture."""

    number: int
    snippet: str
    box: Box | None = None


@dataclass(frozen=True)
class MediaAnswer:
    """`found` is False where nothing in the file answers the question; `text` then says so."""

    question: str
    text: str
    hits: tuple[MediaHit, ...] = ()
    found: bool = True
    model: str = "builtin"

    def to_json(self, media: Media) -> dict[str, Any]:
        """As ``handeye ask FILE --json`` prints it."""
        return {
            "question": self.question,
            "answer": self.text,
            "found": self.found,
            "places": [self._place(media, hit) for hit in self.hits],
            "model": self.model,
            "kind": media.kind,
            "shown": media.whole or "the image",
        }

    def _place(self, media: Media, hit: MediaHit) -> dict[str, Any]:
        picture = media.pictures[hit.number]
        return {
            "page": picture.page,
            "seconds": None if picture.seconds is None else round(picture.seconds, 2),
            "snippet": hit.snippet,
            "box": None if hit.box is None else [round(side) for side in hit.box],
        }
