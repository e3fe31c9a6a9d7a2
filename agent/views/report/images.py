"""The screens of a report: each different piece once, as WebP data URLs.

A screen that differs little from the one before is that one with the pieces over it that differ. Large pictures are
lossy, small ones lossless; the episode has the lossless frames.
"""

from __future__ import annotations

import hashlib
import io
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice

import numpy as np
from PIL import Image as Pillow

from agent.core.step import Step
from agent.episodes import Episode, EpisodeError
from agent.views.report.data import PageData, picture
from envs.differences import Place, changed_places
from envs.env import Image
from envs.png import data_url, encode_png

LARGEST_PART = 0.4
"""A new whole screen is begun where more than this share of the pixels differs."""
MOST_PARTS = 24
"""The most pieces that lie over a whole screen."""
_LOSSLESS = 60_000  # pixels of a picture that is packed without loss
_EDGE = 8  # pixels around a change that its piece has: one of a page at an eighth of the size
_WEBP_LIMIT = 16383  # pixels on a side


@dataclass
class PageImages:
    """The pictures of one page, added in order. `blocks` are (id, data URL) of the encoded pieces not yet taken.

    A screen is the last whole one with the pieces over it in which each later screen differed from the one before it;
    more than `MOST_PARTS` of them are joined to the places in which it differs from the whole one.
    """

    blocks: list[tuple[str, str]] = field(default_factory=list)
    _ids: dict[bytes, str] = field(default_factory=dict)
    _base: Image | None = None
    _base_src: str = ""
    _parts: list[tuple[str, Place]] = field(default_factory=list)

    def add(self, image: Image, changes: Sequence[Place] | None) -> PageData:
        """The picture of `image` (RGB uint8 HxWx3).

        `changes` are where it differs from the one before it; None where there is none of this size.
        """
        places = [_with_margin(place, image) for place in changes or ()]
        if changes is None or self._base is None or not self._over(image, places, self._parts):
            self._base, self._base_src, self._parts = image, self._pack(image), []
        return picture(self._base_src, self._parts)

    def _over(self, image: Image, places: Sequence[Place], below: Sequence[tuple[str, Place]]) -> bool:
        """Lay the `places` of `image` over the pieces `below`; False where a new whole screen is better."""
        if sum(width * height for _, _, width, height in places) > LARGEST_PART * image[:, :, 0].size:
            return False
        seen = [part for part in below if not any(_covers(place, part[1]) for place in places)]
        if seen and len(seen) + len(places) > MOST_PARTS and self._base is not None:
            return self._over(image, [_with_margin(place, image) for place in changed_places(self._base, image)], ())
        self._parts = [*seen, *((self._pack(cut(image, place)), place) for place in places)]
        return True

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


def _covers(place: Place, other: Place) -> bool:
    (x, y, width, height), (left, top, wide, high) = place, other
    return x <= left and y <= top and x + width >= left + wide and y + height >= top + high


def _with_margin(place: Place, image: Image) -> Place:
    """`place` and some pixels around it, which did not change: a browser that makes a picture smaller mixes the
    outermost pixels of a piece with what lies below.
    """
    x, y, width, height = place
    left, top = max(0, x - _EDGE), max(0, y - _EDGE)
    right, bottom = min(image.shape[1], x + width + _EDGE), min(image.shape[0], y + height + _EDGE)
    return left, top, right - left, bottom - top


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
    """`steps` of an episode (None: all) with their screens, one after another.

    The next two are decoded meanwhile, each in a thread: four are in memory at a time.
    """
    wanted = iter(episode.steps if steps is None else steps)
    with ThreadPoolExecutor(2, "report screens") as pool:
        ahead = deque(pool.submit(_screen, episode, step) for step in islice(wanted, 2))
        while ahead:
            screen = ahead.popleft().result()
            ahead.extend(pool.submit(_screen, episode, step) for step in islice(wanted, 1))
            yield screen


def _screen(episode: Episode, step: Step) -> StepScreen:
    try:
        return StepScreen(step, episode.image(step))
    except EpisodeError as error:
        return StepScreen(step, None, str(error))
