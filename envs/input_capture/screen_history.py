"""The last pictures of a screen with their times, captured by a thread.

On X the DAMAGE extension reports drawing, so a screen that rests is not captured; elsewhere it is captured a few
times a second. Pictures that equal the one before are not kept.
"""

from __future__ import annotations

import select
import threading
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Protocol

import numpy as np
import xcffib
import xcffib.damage

from actions.frame import Frame
from envs.capture import Deadline
from envs.env import EnvError, Image
from envs.settle import Pixels

INTERVAL = 0.03
"""Seconds between two captures of a screen that changes."""
TURN_SECONDS = 5.0
"""How long a display that has turned may take to give a picture that is turned."""
KEPT = 24
"""Pictures remembered at most; of those in between, the ones that were shown for the shortest time go first."""


@dataclass(frozen=True)
class TimedPicture:
    """A picture (4 bytes a pixel) that was complete at `seen` (`time.monotonic`) and is first of its kind.

    `keyboard` is whether the device's own keyboard is shown.
    """

    seen: float
    pixels: Pixels
    frame: Frame
    app: str | None
    rgb: Callable[[Pixels], Image]
    keyboard: bool = False

    def image(self) -> Image:
        """The picture as RGB."""
        return self.rgb(self.pixels)


class ScreenSource(Protocol):
    """Captures one screen."""

    def capture(self) -> TimedPicture:
        """The picture shown now. Raises `EnvError`."""

    def wait_for_change(self, seconds: float) -> bool:
        """Wait for a change, at most so long; whether there was one. Always True where changes are not reported."""

    def close(self) -> None:
        """Release the screen."""


class Damage:
    """Reports drawing on an X display. Raises `EnvError` where the server has no DAMAGE extension."""

    def __init__(self, display: str) -> None:
        connect: Any = xcffib.connect
        try:
            self._conn: Any = connect(display)
            self._damage: Any = self._conn(xcffib.damage.key)
            self._damage.QueryVersion(1, 1).reply()
            self._id: int = self._conn.generate_id()
            root = self._conn.get_setup().roots[self._conn.pref_screen].root
            level = xcffib.damage.ReportLevel.NonEmpty
            self._damage.Create(self._id, root, level, is_checked=True).check()
        except (xcffib.XcffibException, KeyError) as error:
            raise EnvError(f"the X display {display!r} does not report changes") from error

    def wait(self, seconds: float) -> bool:
        """Whether something was drawn since the last call, or is within `seconds`. Raises `EnvError`."""
        try:
            if not self._any() and not select.select([self._conn.get_file_descriptor()], [], [], seconds)[0]:
                return False
            if not self._any():
                return False
            self._damage.Subtract(self._id, 0, 0)
            self._conn.flush()
            self._found = False
        except (xcffib.XcffibException, ValueError, OSError) as error:
            raise EnvError("the X display is gone: start it again") from error
        return True

    _found = False

    def _any(self) -> bool:
        while self._conn.poll_for_event() is not None:
            self._found = True
        return self._found

    def close(self) -> None:
        """Disconnect from the display. Safe to call twice."""
        self._conn.disconnect()


class ScreenHistory:
    """Captures from `source` in a thread of its own until closed. `error` is why it had to stop."""

    def __init__(self, source: ScreenSource) -> None:
        self._source = source
        self._lock = threading.Lock()
        self._pictures = [source.capture()]
        self.error: EnvError | None = None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="screen history", daemon=True)
        self._thread.start()

    @property
    def pictures(self) -> list[TimedPicture]:
        """The pictures remembered, oldest first."""
        with self._lock:
            return list(self._pictures)

    @property
    def last_change(self) -> float:
        """When the newest picture was first seen."""
        with self._lock:
            return self._pictures[-1].seen

    def before(self, time: float) -> TimedPicture:
        """What was shown just before `time`; the oldest picture remembered where that is longer ago."""
        pictures = self.pictures
        return next((picture for picture in reversed(pictures) if picture.seen <= time), pictures[0])

    def turned(self, rotation: int, time: float) -> TimedPicture | None:
        """What was shown just before `time` on a display turned by `rotation` degrees; the first picture afterwards
        where the display had turned and there was none yet, and None where none comes within `TURN_SECONDS`.
        """
        deadline = Deadline(TURN_SECONDS)
        while (look := self.before(time)).frame.rotation != rotation:
            later = (picture for picture in self.pictures if picture.seen > time)
            if found := next((picture for picture in later if picture.frame.rotation == rotation), None):
                return found
            if deadline.passed or self._over.wait(INTERVAL) or self.error:
                return None
        return look

    def between(self, start: float, end: float) -> list[TimedPicture]:
        """The pictures that came after `start` and by `end`."""
        return [picture for picture in self.pictures if start < picture.seen <= end]

    def close(self) -> None:
        """Stop. Safe to call twice."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join(10)
        self._source.close()

    def _watch(self) -> None:
        try:
            while not self._over.is_set():
                if self._source.wait_for_change(0.2):
                    self._keep(self._source.capture())
                    self._over.wait(INTERVAL)
        except EnvError as error:
            self.error = error

    def _keep(self, picture: TimedPicture) -> None:
        with self._lock:
            last = self._pictures[-1]
            if picture.frame.same_geometry(last.frame) and np.array_equal(picture.pixels, last.pixels):
                return
            self._pictures.append(picture)
            if len(self._pictures) > KEPT:
                del self._pictures[_least(self._pictures)]


def _least(pictures: list[TimedPicture]) -> int:
    """The index of the older picture that was shown for the shortest time."""
    shown = [(after.seen - picture.seen, n) for n, (picture, after) in enumerate(pairwise(pictures))]
    return min(shown[: len(pictures) - 4])[1]
