"""The pictures of the site: screens and thumbnails of episodes, made when they are asked for and kept in memory."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import Generic, TypeVar

import cv2
import numpy as np

from agent.core.step import Step
from agent.episodes import Episode, EpisodeError, read_episode
from agent.episodes.frame_reader import read_frame
from agent.episodes.reader import read_last_step
from agent.views.report.images import pack
from envs.env import Image

THUMBNAIL = 256
"""The longest side of a thumbnail, in pixels."""
_AT_ONCE = 2  # screens decoded at a time
_EPISODES = 6
T = TypeVar("T")


class Kept(Generic[T]):
    """The values used last, together of at most `most` `size`. Thread-safe; a value may be made twice."""

    def __init__(self, most: int, size: Callable[[T], int] = lambda value: 1) -> None:
        self._most, self._size = most, size
        self._values: OrderedDict[Hashable, T] = OrderedDict()
        self._total = 0
        self._lock = threading.Lock()

    def of(self, key: Hashable, make: Callable[[], T]) -> T:
        """The value of `key`, made by `make` where it is not kept. Raises what `make` raises."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key]
        value = make()
        with self._lock:
            if key not in self._values:
                self._values[key] = value
                self._total += self._size(value)
            while self._total > self._most and len(self._values) > 1:
                self._total -= self._size(self._values.popitem(last=False)[1])
        return value


Coded = tuple[str, bytes]
"""``webp`` or ``png``, and a picture in it."""


class EpisodePictures:
    """Episodes with their coded screens. All methods raise `EpisodeError` for what cannot be read."""

    def __init__(self) -> None:
        self._episodes: Kept[Episode] = Kept(_EPISODES)
        self._screens: Kept[Coded] = Kept(64 << 20, lambda coded: len(coded[1]))
        self._thumbnails: Kept[Coded] = Kept(32 << 20, lambda coded: len(coded[1]))
        self._turn = threading.BoundedSemaphore(_AT_ONCE)

    def episode(self, folder: Path) -> Episode:
        """The episode in `folder`, read again where it has changed."""
        return self._episodes.of((folder, *_stamp(folder)), lambda: read_episode(folder))

    def thumbnail(self, folder: Path) -> Coded:
        """The last screen of an episode, small; of its steps only the last is read."""
        return self._thumbnails.of((folder, *_stamp(folder)), lambda: self._small(folder, read_last_step(folder)))

    def screen(self, folder: Path, step: Step, *, small: bool = False) -> Coded:
        """The screen of a step."""
        if small:
            key = (folder, step.image, step.index, *_stamp(folder))
            return self._thumbnails.of(key, lambda: self._small(folder, step))
        return self._screens.of((folder, step.image, step.index, *_stamp(folder)), lambda: self._whole(folder, step))

    def _whole(self, folder: Path, step: Step) -> Coded:
        with self._turn:
            return pack(read_frame(folder, step))

    def _small(self, folder: Path, step: Step | None) -> Coded:
        if step is None:
            raise EpisodeError("the episode has no step")
        with self._turn:
            return pack(smaller(read_frame(folder, step), THUMBNAIL))


def smaller(image: Image, side: int) -> Image:
    """`image` with its longest side at most `side` pixels."""
    scale = side / max(image.shape[:2])
    if scale >= 1:
        return image
    return np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)


def _stamp(folder: Path) -> tuple[int, ...]:
    """What changes when the episode does. Raises `EpisodeError`."""
    try:
        document = os.stat(folder / "episode.json")
        steps = os.stat(folder / "steps.jsonl") if (folder / "steps.jsonl").exists() else document
    except OSError as error:
        raise EpisodeError(f"{folder} holds no episode: {error.strerror}") from error
    return document.st_mtime_ns, document.st_size, steps.st_mtime_ns, steps.st_size
