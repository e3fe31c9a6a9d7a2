"""The screens of a report: each different piece once, as WebP data URLs.

A screen that differs little from the last whole one is that one with patches over it. Large pictures are lossy, small
ones lossless; the episode has the lossless frames.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from PIL import Image as Pillow

from agent.core.step import Step
from agent.episodes import Episode, EpisodeError
from agent.views.report.data import PageData, picture
from envs.differences import Place, changed_places
from envs.env import Image
from envs.png import data_url, encode_png

LARGEST_PART = 0.4
"""A new whole screen is begun where more than this share of the pixels differs from the last whole one."""
_LOSSLESS = 60_000  # pixels of a picture that is packed without loss
_WEBP_LIMIT = 16383  # pixels on a side


@dataclass
class PageImages:
    """The pictures of one page. `blocks` are (id, data URL) of the encoded pieces not yet taken."""

    blocks: list[tuple[str, str]] = field(default_factory=list)
    _ids: dict[bytes, str] = field(default_factory=dict)
    _base: Image | None = None
    _base_src: str = ""

    def add(self, image: Image) -> PageData:
        """The picture of `image` (RGB uint8 HxWx3)."""
        base = self._base
        if base is not None and base.shape == image.shape:
            places = changed_places(base, image)
            if sum(width * height for _, _, width, height in places) <= LARGEST_PART * image[:, :, 0].size:
                return picture(self._base_src, [(self._pack(cut(image, place)), place) for place in places])
        self._base, self._base_src = image, self._pack(image)
        return picture(self._base_src)

    def take(self) -> Iterator[tuple[str, str]]:
        """The blocks since the last call."""
        taken, self.blocks = self.blocks, []
        yield from taken

    def _pack(self, image: Image) -> str:
        """The ``#id`` of the block with `image`."""
        size = b"%dx%d" % image.shape[:2]
        key = hashlib.blake2b(np.ascontiguousarray(image).data, digest_size=16, salt=size).digest()
        if key not in self._ids:
            self._ids[key] = f"p{len(self._ids)}"
            self.blocks.append((self._ids[key], image_url(image)))
        return f"#{self._ids[key]}"


def cut(image: Image, place: Place) -> Image:
    """The part of `image` at `place`."""
    x, y, width, height = place
    return image[y : y + height, x : x + width]


def image_url(image: Image) -> str:
    """`image` (RGB uint8 HxWx3) as a compact data URL."""
    kind, data = pack(image)
    return data_url(data, kind)


def pack(image: Image) -> tuple[str, bytes]:
    """``webp`` or ``png``, and the bytes of `image` (RGB uint8 HxWx3) in it."""
    if max(image.shape[:2]) > _WEBP_LIMIT:
        return "png", encode_png(np.ascontiguousarray(image))
    file, small = io.BytesIO(), image.shape[0] * image.shape[1] <= _LOSSLESS
    # Method 0 is the fastest; its files are a third larger than those of method 4.
    Pillow.fromarray(image).save(file, "webp", lossless=small, quality=20 if small else 82, method=0)
    return "webp", file.getvalue()


@dataclass(frozen=True)
class StepScreen:
    """A step and its screen; `image` is None when it is missing or damaged, and `problem` then says why."""

    step: Step
    image: Image | None
    problem: str = ""


def screens(episode: Episode, steps: Sequence[Step] | None = None) -> Iterator[StepScreen]:
    """`steps` of an episode (None: all) with their screens, one after another; two are in memory at a time."""
    for step in episode.steps if steps is None else steps:
        try:
            yield StepScreen(step, episode.image(step))
        except EpisodeError as error:
            yield StepScreen(step, None, str(error))


def follows(screen: StepScreen, after: StepScreen | None) -> bool:
    """Whether `after` is the next step on a screen of the same size."""
    if after is None or screen.image is None or after.image is None:
        return False
    return after.step.index == screen.step.index + 1 and after.image.shape == screen.image.shape
