"""What the screen showed and when: a thread that looks, and remembers the pictures of the last while.

On X the DAMAGE extension says when something was drawn, so a screen that rests is not looked at; elsewhere it is
looked at a few times a second. Pictures that equal the one before are not kept.
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
from envs.env import EnvError, Image
from envs.settle import Pixels

INTERVAL = 0.03
"""Seconds between two looks at a screen that changes."""
KEPT = 24
"""Pictures remembered at most; of those in between, the ones that were shown for the shortest time go first."""


@dataclass(frozen=True)
class TimedPicture:
    """A picture (4 bytes a pixel) that was complete at `seen` (`time.monotonic`) and is first of its kind.

    `keyboard` is whether the device's own keyboard is out.
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


class Eye(Protocol):
    """Where looks come from."""

    def look(self) -> TimedPicture:
        """What is shown now. Raises `EnvError`."""

    def changed(self, seconds: float) -> bool:
        """Wait for a change, at most so long; whether one was seen. Where nobody says, it is always True."""

    def close(self) -> None:
        """Let go of the screen."""


class Damage:
    """Says when something is drawn on an X display. Raises `EnvError` where the server has no DAMAGE extension."""

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
            raise EnvError(f"the X display {display!r} does not say when it changes") from error

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
        """Leave the display. Safe to call twice."""
        self._conn.disconnect()


class Screens:
    """Looks through `eye` from a thread of its own until closed. `error` is why it had to stop."""

    def __init__(self, eye: Eye) -> None:
        self._eye = eye
        self._lock = threading.Lock()
        self._looks = [eye.look()]
        self.error: EnvError | None = None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="screens", daemon=True)
        self._thread.start()

    @property
    def looks(self) -> list[TimedPicture]:
        """The pictures remembered, oldest first."""
        with self._lock:
            return list(self._looks)

    @property
    def last_change(self) -> float:
        """When the newest picture was first seen."""
        with self._lock:
            return self._looks[-1].seen

    def before(self, moment: float) -> TimedPicture:
        """What was shown just before `moment`; the oldest picture remembered where that is longer ago."""
        looks = self.looks
        return next((look for look in reversed(looks) if look.seen <= moment), looks[0])

    def between(self, start: float, end: float) -> list[TimedPicture]:
        """The pictures that came after `start` and by `end`."""
        return [look for look in self.looks if start < look.seen <= end]

    def close(self) -> None:
        """Stop looking. Safe to call twice."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join(10)
        self._eye.close()

    def _watch(self) -> None:
        try:
            while not self._over.is_set():
                if self._eye.changed(0.2):
                    self._keep(self._eye.look())
                    self._over.wait(INTERVAL)
        except EnvError as error:
            self.error = error

    def _keep(self, look: TimedPicture) -> None:
        with self._lock:
            last = self._looks[-1]
            if look.frame.same_geometry(last.frame) and np.array_equal(look.pixels, last.pixels):
                return
            self._looks.append(look)
            if len(self._looks) > KEPT:
                del self._looks[_least(self._looks)]


def _least(looks: list[TimedPicture]) -> int:
    """Which of the older pictures was shown for the shortest time."""
    shown = [(after.seen - look.seen, n) for n, (look, after) in enumerate(pairwise(looks))]
    return min(shown[: len(looks) - 4])[1]
