"""Writing frames in a thread of their own, as whole pictures or as patches over one."""

from __future__ import annotations

import contextlib
import queue
import re
import threading
from pathlib import Path

import numpy as np

from agent.core.step import Patch, Step
from agent.episodes.format import EpisodeError, reason
from agent.episodes.private_files import write_private
from envs.differences import difference, equal
from envs.env import Image
from envs.png import encode_overlay, encode_png

LARGEST_PATCH = 0.25
"""A new whole picture is begun where a patch would have more than this share of the bytes of its whole picture."""
_NAME = re.compile(r"frames/(\d{4,})\.png")


class FrameThread:
    """Encodes and writes frames one after another in the background; at most two wait."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._queue: queue.Queue[tuple[str, Image] | None] = queue.Queue(maxsize=2)
        self._progress = threading.Condition()
        self._last: Image | None = None
        self._before_last: Image | None = None
        self._added = 0
        self._patches: list[Patch | None] = []
        self._encoder = _Encoder()
        self._error: str | None = None
        self._thread = threading.Thread(target=self._work, name="episode frames", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """The number of queued frames."""
        return self._queue.qsize()

    def add(self, image: Image) -> str:
        """Queue `image` unless it equals the one before; its file name."""
        self.check()
        if self._last is None or not equal(np.ascontiguousarray(image), self._last):
            self._queue.put((_frame_name(self._added), self._copy(image)))
            self._added += 1
        return _frame_name(self._added - 1)

    def _copy(self, image: Image) -> Image:
        """A copy in the buffer of the frame before the last, once that is written: allocating memory is slow."""
        buffer = self._before_last if len(self._patches) >= self._added - 1 else None
        if buffer is None or buffer.shape != image.shape:
            buffer = np.empty(image.shape, np.uint8)
        np.copyto(buffer, image)
        self._before_last, self._last = self._last, buffer
        return buffer

    def stored(self, step: Step) -> Patch | None:
        """The patch by which the frame of `step` was written, None for a whole picture; waits until it is written."""
        match = _NAME.fullmatch(step.image)
        number = int(match[1]) if match else self._added
        if number >= self._added:
            raise EpisodeError(f"step {step.index + 1} names a frame that was never added: {step.image!r}")
        with self._progress:
            self._progress.wait_for(lambda: len(self._patches) > number or self._error)
            if len(self._patches) <= number:
                raise EpisodeError(str(self._error))
            return self._patches[number]

    def check(self) -> None:
        """Raises `EpisodeError` where a frame could not be written."""
        if self._error:
            raise EpisodeError(self._error)

    def close(self) -> None:
        """Write the queued frames and end the thread. Safe to call twice."""
        if self._thread.is_alive():
            self._queue.put(None)
            self._thread.join()

    def _work(self) -> None:
        error: str | None = "the thread that writes frames has ended"
        try:
            while (job := self._queue.get()) is not None:
                if self._error is None:
                    self._write(*job)
            error = None
        finally:  # whatever ends this thread, nothing may wait for it forever
            if error and not self._error:
                self._report(error)

    def _write(self, name: str, image: Image) -> None:
        """Write one PNG completely or not at all."""
        part = self._folder / (name + ".part")
        try:
            data, patch = self._encoder.encode(name, image)
            write_private(part, data)
            part.replace(self._folder / name)
        except (OSError, ValueError, MemoryError) as error:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)
            self._report(f"{name} could not be written to {self._folder}: {reason(error)}")
        else:
            with self._progress:
                self._patches.append(patch)
                self._progress.notify_all()

    def _report(self, error: str) -> None:
        with self._progress:
            self._error = error
            self._progress.notify_all()


class _Encoder:
    """Encodes frames as patches over the last whole picture while they are small, else as a new whole picture.

    A new whole picture is also begun when the patches have, together, as many bytes beyond the smallest of them as the
    whole picture has: then no series takes more than twice the space of the best one.
    """

    def __init__(self) -> None:
        self._base: Image | None = None
        self._base_name = ""
        self._base_bytes = 0
        self._least = 0
        self._excess = 0

    def encode(self, name: str, image: Image) -> tuple[bytes, Patch | None]:
        """The bytes of the file `name`, and its `Patch`; None for a whole picture."""
        if self._base is not None and self._base.shape == image.shape and self._excess <= self._base_bytes:
            found = difference(self._base, image)
            if found is not None:
                overlay, at = found
                data = encode_overlay(overlay)
                if len(data) <= LARGEST_PATCH * self._base_bytes:
                    self._least = min(self._least, len(data))
                    self._excess += len(data) - self._least
                    return data, Patch(base=self._base_name, at=at)
        data = encode_png(image)
        self._base, self._base_name, self._base_bytes = image.copy(), name, len(data)
        self._least, self._excess = len(data), 0
        return data, None


def _frame_name(number: int) -> str:
    return f"frames/{number:04d}.png"
