"""An episode as a GIF, an MP4 or a contact sheet: its screens, each with its action drawn and a caption.

Masked parts of the episode's pictures stay masked. Films are written frame by frame.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

import cv2
import numpy as np
from PIL import GifImagePlugin, ImageDraw
from PIL import Image as Pillow

from actions.action import AnyAction
from actions.extras import install_command
from agent.core.errors import UserError
from agent.core.step import Target
from agent.episodes import Episode, EpisodeError, read_episode
from agent.episodes.targets import EpisodeTargets
from agent.views.drawing import Banner, Letters, draw, fitted, font, marks
from agent.views.formatting import ending_words, line, tags, title_words
from agent.views.report.images import StepScreen, cut, screens
from agent.views.report.page import Progress, written
from envs.differences import changed_box
from envs.env import Image

SHEETS = {".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg", ".webp": "webp"}
"""The endings of a contact sheet's file name, and Pillow's names of the formats."""
GIF_WIDTH = 960
"""The most pixels of a GIF's longest side without the caption; larger screens are scaled down."""
ENCODERS: dict[str, tuple[str, dict[str, str]]] = {
    "h264": ("libx264", {"crf": "21", "preset": "veryfast"}),
    "vp9": ("libvpx-vp9", {"crf": "30", "b": "0", "deadline": "realtime", "cpu-used": "6"}),
    "av1": ("libsvtav1", {"crf": "30", "preset": "10"}),
    "mpeg4": ("mpeg4", {"qscale": "3"}),
}
"""The encoders of an MP4 by codec, and their options; x264 is under the GPL, the others are not."""
MP4_WIDTH = 1920
"""The same of an MP4."""
STEP_SECONDS = 1.5
"""Seconds that a step is shown; less where the film would be longer than `FILM_SECONDS`, never below 0.1."""
FILM_SECONDS = 120.0
END_SECONDS = 3.0
"""Seconds that the last step is shown."""
MOST_SCREENS = 1024
"""The most screens on a contact sheet; of a longer episode every second, third … one is shown."""
_RATE = 10  # frames a second of an MP4
_SHEET_WIDTH = 8000  # pixels of the widest contact sheet
_GROUND, _INK, _SOFT = (20, 23, 28), (240, 241, 243), (165, 173, 184)


def check_formats(gif: Path | None, mp4: Path | None, contact_sheet: Path | None) -> None:
    """Raises `UserError` for a wrong file name extension, and where the package for MP4 is missing."""
    for option, path, endings in (
        ("--gif", gif, (".gif",)),
        ("--mp4", mp4, (".mp4",)),
        ("--contact-sheet", contact_sheet, tuple(SHEETS)),
    ):
        if path is not None and path.suffix.lower() not in endings:
            raise UserError(f"{option} {path}: the name must end in {' or '.join(endings)}")
    if mp4 is not None:
        _coder()


def write_gif(folder: Path, out: Path, progress: Progress = lambda done, total: None) -> Path:
    """Write the episode in `folder` as an animated GIF; its path. Raises `EpisodeError`."""
    episode = _filmed(folder)
    seconds = step_seconds(len(episode.steps))
    with written(out, "film") as part, part.open("wb") as file:
        before: Image | None = None
        for number, frame in enumerate(_frames(episode, GIF_WIDTH, progress), 1):
            last = number == len(episode.steps)
            _write_gif_frame(file, frame, before, END_SECONDS if last else seconds)
            before = frame
        file.write(b";")
    return out


def write_mp4(folder: Path, out: Path, progress: Progress = lambda done, total: None, codec: str | None = None) -> Path:
    """Write the episode in `folder` as an MP4 film by a codec of `ENCODERS`; its path.

    Without one it is the first that this PyAV has. Raises `EpisodeError`, and `UserError` where the package that codes
    it, or its encoder, is missing.
    """
    av = _coder()
    encoder, options = _encoder(codec, av.codecs_available)
    episode = _filmed(folder)
    repeats = max(1, round(_RATE * step_seconds(len(episode.steps))))
    with written(out, "film") as part, av.open(str(part), "w", "mp4", options={"movflags": "+faststart"}) as film:
        stream = None
        for number, frame in enumerate(_frames(episode, MP4_WIDTH, progress), 1):
            if stream is None:
                stream = film.add_stream(encoder, rate=Fraction(_RATE), options=options)
                stream.height, stream.width, stream.pix_fmt = *frame.shape[:2], "yuv420p"
            coded = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")
            for _ in range(round(_RATE * END_SECONDS) if number == len(episode.steps) else repeats):
                coded.pts = None
                film.mux(stream.encode(coded))
        if stream is not None:
            film.mux(stream.encode())
    return out


def write_contact_sheet(folder: Path, out: Path, progress: Progress = lambda done, total: None) -> Path:
    """Write all screens of the episode in `folder` as one picture; its path. Raises `EpisodeError`."""
    episode = _filmed(folder)
    every = math.ceil(len(episode.steps) / MOST_SCREENS)
    count = math.ceil(len(episode.steps) / every)
    first = episode.steps[0].frame
    columns = max(1, min(count, round(math.sqrt(count * max(0.5, first.height / first.width) * 1.6))))
    layout = _Layout.of(episode, min(420, _SHEET_WIDTH // columns), small=True)
    gap = max(4, layout.width // 30)
    cell = layout.width + gap, layout.height + gap
    sheet = np.full((math.ceil(count / columns) * cell[1] + gap, columns * cell[0] + gap, 3), 58, np.uint8)
    for number, screen in enumerate(screens(episode)):
        progress(number + 1, len(episode.steps))
        if number % every == 0:
            row, column = divmod(number // every, columns)
            x, y = gap + column * cell[0], gap + row * cell[1]
            sheet[y : y + layout.height, x : x + layout.width] = layout.picture(screen)
    with written(out, "contact sheet") as part:
        Pillow.fromarray(sheet).save(part, SHEETS[out.suffix.lower()], quality=90)
    return out


def step_seconds(steps: int) -> float:
    """Seconds that each step of a film is shown."""
    return min(STEP_SECONDS, max(0.1, FILM_SECONDS / max(1, steps)))


def _filmed(folder: Path) -> Episode:
    episode = read_episode(folder)
    if not episode.steps:
        raise EpisodeError(f"no step of {folder} can be read: there is nothing to show")
    return episode


def _frames(episode: Episode, width: int, progress: Progress) -> Iterator[Image]:
    """The pictures of a film, all of one even size."""
    layout = _Layout.of(episode, width)
    for number, screen in enumerate(screens(episode), 1):
        yield layout.picture(screen, last=number == len(episode.steps))
        progress(number, len(episode.steps))


@dataclass(frozen=True)
class _Layout:
    """A picture of a film: the screen fitted into `width` x `high` pixels, a caption of `band` pixels below it."""

    episode: Episode
    width: int
    high: int
    band: int
    small: bool
    named: EpisodeTargets

    @classmethod
    def of(cls, episode: Episode, longest: int, small: bool = False) -> _Layout:
        """For the largest of the episode's screens, the longest side cut to `longest`; even sides, as MP4 needs."""
        wide = max(step.frame.width for step in episode.steps)
        high = max(step.frame.height for step in episode.steps)
        scale = min(1.0, longest / (wide if small else max(wide, high)))
        width, height = (max(64, round(side * scale / 2) * 2) for side in (wide, high))
        band = 24 if small else max(36, round(width * 0.045 / 2) * 2)
        return cls(episode, width, height, band, small, EpisodeTargets(episode.folder))

    @property
    def height(self) -> int:
        """Of the whole picture."""
        return self.high + self.band

    def picture(self, screen: StepScreen, last: bool = False) -> Image:
        """The picture of a step: RGB uint8, `height` x `width`."""
        canvas, targets = (
            np.full((self.height, self.width, 3), _GROUND, np.uint8),
            self.named.of(screen.step, screen.image),
        )
        if screen.image is not None:
            small = _fit(_drawn(screen.image, screen.step.action, targets), self.width, self.high)
            y, x = (self.high - small.shape[0]) // 2, (self.width - small.shape[1]) // 2
            canvas[y : y + small.shape[0], x : x + small.shape[1]] = small
        return self._written(canvas, screen, targets, last)

    def _written(self, canvas: Image, screen: StepScreen, targets: Sequence[Target], last: bool) -> Image:
        picture = Pillow.fromarray(canvas)
        pen, pad = ImageDraw.Draw(picture), max(6, self.band // 4)
        letters = font(12 if self.small else max(12, round(self.band * 0.42)))
        if screen.image is None:
            words = f"The screen of step {screen.step.index + 1} is missing or damaged"
            _words(pen, (self.width / 2, self.high / 2), words, letters, self.width - 2 * pad, _SOFT, "mm")
        y, number = self.high + self.band / 2, f"{screen.step.index + 1}"
        pen.text((pad, y), number, _SOFT, letters, anchor="lm")
        left = 2 * pad + letters.getlength(number)
        said = _said(screen, targets, self.episode if last else None)
        _words(pen, (left, y), said, letters, self.width - left - pad, _INK, "lm")
        return np.asarray(picture)


def _said(screen: StepScreen, targets: Sequence[Target], ended: Episode | None) -> str:
    """The caption of a step; for the last one with the ending."""
    marks = "".join(f" [{words}]" for _, words in tags(screen.step))
    ending = f" · {ending_words(ended.ending, ended.header.limits)[1]}" if ended else ""
    thought = f" · {screen.step.thought}" if screen.step.thought.strip() and not ended else ""
    return line(title_words(screen.step.action, targets) + marks + ending + thought)


def _words(
    pen: ImageDraw.ImageDraw,
    at: tuple[float, float],
    text: str,
    letters: Letters,
    width: float,
    colour: tuple[int, int, int],
    anchor: str,
) -> None:
    pen.text(at, fitted(text, letters, width), colour, letters, anchor=anchor)


def _drawn(image: Image, action: AnyAction | None, targets: Sequence[Target]) -> Image:
    """`image` with `action` drawn on it, without the banner: the caption has its text."""
    shapes = marks(action, image.shape[1], image.shape[0], targets) if action else ()
    return draw(image, [shape for shape in shapes if not isinstance(shape, Banner)])


def _fit(image: Image, width: int, height: int) -> Image:
    """`image` scaled down to fit into `width` x `height`."""
    scale = min(1.0, width / image.shape[1], height / image.shape[0])
    if scale == 1.0:
        return image
    size = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)


def _write_gif_frame(file: BinaryIO, frame: Image, before: Image | None, seconds: float) -> None:
    """Add what differs from the frame before; for the first one, all of it and the file's header."""
    place = (0, 0, frame.shape[1], frame.shape[0]) if before is None else changed_box(before, frame) or (0, 0, 1, 1)
    few = Pillow.fromarray(cut(frame, place)).quantize(256, Pillow.Quantize.FASTOCTREE, dither=Pillow.Dither.NONE)
    if before is None:
        file.writelines(GifImagePlugin.getheader(few, info={"loop": 0})[0])
    file.writelines(
        GifImagePlugin.getdata(few, place[:2], duration=round(1000 * seconds), include_color_table=True, disposal=1)
    )


@functools.cache
def _coder():  # type: ignore[no-untyped-def]
    """PyAV, whose wheel carries x264. Raises `UserError` where it is not installed."""
    try:
        import av
    except ImportError as error:
        raise UserError(f"--mp4 needs a package that is not installed: {install_command('film')}") from error
    return av


def _encoder(codec: str | None, there: Container[str]) -> tuple[str, dict[str, str]]:
    """The encoder of `codec` and its options, the first of `there` where none is named. Raises `UserError`."""
    usable = {name: found for name, found in ENCODERS.items() if found[0] in there}
    if (found := usable.get(codec or next(iter(usable), ""))) is None:
        raise UserError(f"this PyAV has no encoder for {codec or 'MP4'}; it has: {', '.join(usable) or 'none'}")
    return found
