"""`open_media`: an image, a PDF or a video as pictures. What each needs is imported only for it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from actions.errors import one_line
from actions.extras import install_command
from actions.frame import Box
from agent.core.errors import UserError
from agent.episodes.query.answer import clock
from agent.episodes.text_file import TextRun
from agent.media.pictures import Media, MediaPicture
from agent.run.locate import read_image

if TYPE_CHECKING:
    from envs.env import Image

DOTS = 150
"""Dots an inch of a PDF page as a picture; a page of more than `LONGEST` pixels gets fewer."""
LONGEST = 2400
EVERY = 0.5
"""The least seconds between two frames of a video that are looked at."""
VIDEOS = frozenset({".mp4", ".mkv", ".webm", ".mov", ".avi", ".m4v", ".mpg", ".mpeg", ".ts", ".ogv", ".wmv", ".3gp"})
_PAGE = re.compile(r"(.+\.pdf)#page=(\d+)", re.IGNORECASE)


def open_media(name: str, page: int | None, most: int) -> Media:
    """The file called `name` (a PDF's page also as ``file.pdf#page=3``), as at most `most` pictures.

    Raises `UserError`: no such file, no such page, not readable, a package that is not installed.
    """
    if (named := _PAGE.fullmatch(name)) and not Path(name).exists():
        if page is not None:
            raise UserError(f"--page and #page={named[2]} both name the page: leave one out")
        name, page = named[1], int(named[2])
    path = Path(name)
    if not path.is_file():
        raise UserError(f"no such file or episode: {path}")
    if path.suffix.lower() == ".pdf" or _starts_with(path, b"%PDF-"):
        return _pdf(path, page, most)
    if page is not None:
        raise UserError(f"--page is for a PDF: {path} is none")
    if path.suffix.lower() in VIDEOS:
        return _video(path, most)
    return Media(path, "image", (MediaPicture(read_image(path)),))


def _starts_with(path: Path, start: bytes) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(start)) == start
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from error


# PDF ------------------------------------------------------------------------------------------------------------------


def _pdf(path: Path, page: int | None, most: int) -> Media:
    try:
        import pypdfium2
    except ImportError as error:
        raise UserError(f"a PDF needs pypdfium2: {install_command('pdf')}") from error
    try:
        document = pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError as error:
        raise UserError(f"cannot read {path} as a PDF: {one_line(str(error), 200)}") from error
    with document:
        count = len(document)
        if page is not None and not 1 <= page <= count:
            raise UserError(f"{path} has {count} page{'s' if count != 1 else ''}: there is no page {page}")
        wanted = [page] if page is not None else list(range(1, min(count, most) + 1))
        pictures = tuple(_page(document[number - 1], number) for number in wanted)
    shown = f"page {page}" if page is not None else f"page 1 to {len(wanted)}" if len(wanted) > 1 else "page 1"
    return Media(path, "pdf", pictures, f"{shown} of {count}")


def _page(page: Any, number: int) -> MediaPicture:
    scale = min(DOTS / 72, LONGEST / max(*page.get_size(), 1))
    image = np.asarray(page.render(scale=scale).to_pil().convert("RGB"))
    return MediaPicture(image, page=number, text=tuple(_page_text(page, scale)) or None)


def _page_text(page: Any, scale: float) -> Iterator[TextRun]:
    """The page's own text, a run for each rectangle of it; nothing for a scanned page."""
    text, height = page.get_textpage(), page.get_height()
    for at in range(text.count_rects()):
        left, bottom, right, top = text.get_rect(at)
        said = " ".join(text.get_text_bounded(left, bottom, right, top).split())
        if said:
            yield TextRun(said, Box(left * scale, (height - top) * scale, right * scale, (height - bottom) * scale))


# Video ----------------------------------------------------------------------------------------------------------------


def _video(path: Path, most: int) -> Media:
    try:
        import av
    except ImportError as error:
        raise UserError(f"a video needs PyAV: {install_command('film')}") from error
    try:
        with av.open(str(path)) as container:
            if not container.streams.video:
                raise UserError(f"{path} has no pictures")
            stream = container.streams.video[0]
            stream.thread_type = "AUTO"
            length = _length(container, stream)
            times = _times(length, most)
            pictures = tuple(_frames(container, stream, times))
    except (av.FFmpegError, OSError, ValueError) as error:
        raise UserError(f"cannot read {path} as a video: {one_line(str(error), 200)}") from error
    if not pictures:
        raise UserError(f"no frame of {path} can be read")
    frames = f"{len(pictures)} frame{'s' if len(pictures) != 1 else ''}"
    return Media(path, "video", pictures, f"{frames} of {clock(length)}")


def _length(container: Any, stream: Any) -> float:
    """Seconds; 0 where the file does not say."""
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    return float(container.duration or 0) / 1_000_000


def _times(length: float, most: int) -> list[float]:
    """When to look: evenly, the first and (nearly) the last frame among them, not oftener than `EVERY`."""
    count = max(1, min(most, int(length / EVERY) + 1))
    return [float(time) for time in np.linspace(0, length, count)] if count > 1 else [0.0]


def _frames(container: Any, stream: Any, times: list[float]) -> Iterator[MediaPicture]:
    """The frame that is shown at each of `times`: the last one that began by then."""
    start = float((stream.start_time or 0) * (stream.time_base or 0))
    wanted, shown = list(times), None
    for frame in container.decode(stream):
        seconds = float(frame.time or 0.0) - start
        while wanted and shown is not None and seconds > wanted[0]:
            yield _picture(shown, wanted.pop(0))
        shown = frame
        if not wanted:
            return
    if shown is not None and wanted:
        yield _picture(shown, max(float(shown.time or 0.0) - start, 0.0))


def _picture(frame: Any, seconds: float) -> MediaPicture:
    image: Image = np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)
    return MediaPicture(image, seconds=seconds)
