"""When and where an X11 screen changes, and whether its programs have read what they were sent. Linux only (xcffib).

The server tells of drawing (XDamage), of windows that come and go, and passes on answers to pings (`actions.x11_ping`).
A thread reads all of it, so that nothing piles up in the server while nobody acts.
"""

from __future__ import annotations

import os
import select
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import xcffib
import xcffib.damage
import xcffib.xproto

from actions.frame import Box
from actions.x11_ping import Pings
from envs.env import EnvError

_connect: Any = xcffib.connect
_damage: Any = xcffib.damage
_xproto: Any = xcffib.xproto
_STRUCTURE = (_xproto.CreateNotifyEvent, _xproto.DestroyNotifyEvent, _xproto.MapNotifyEvent, _xproto.UnmapNotifyEvent,
              _xproto.ReparentNotifyEvent)  # fmt: skip
FAST, SLOW = 0.01, 0.1
"""Seconds between two reports of drawing, during a wait and otherwise."""
_REMEMBERED, _PENDING = 1024, 64
"""How many reports of drawing are kept, and how many are kept apart until they are taken."""


class ScreenEvents:
    """What the X server of `display` tells, in root window pixels and seconds of ``time.perf_counter``.

    `alive` until the connection ends. Not for several threads at once, but for `close`. Raises `EnvError` where the
    display cannot be reached or has no XDamage.
    """

    def __init__(self, display: str) -> None:
        try:
            self._events, requests = _connect(display), _connect(display)
            self._core, self._pings = requests.core, Pings(requests)
            self._requests = requests
            self._extension = self._events(_damage.key)
            self._extension.QueryVersion(1, 1).reply()
            self._damage = self._events.generate_id()
            root = self._events.get_setup().roots[self._events.pref_screen].root
            level = _damage.ReportLevel.BoundingBox
            self._extension.Create(self._damage, root, level, is_checked=True).check()
            mask = _xproto.EventMask.SubstructureNotify
            self._events.core.ChangeWindowAttributes(root, _xproto.CW.EventMask, [mask], is_checked=True).check()
        except (xcffib.XcffibException, KeyError) as error:
            raise EnvError(f"the X display {display!r} does not tell when it changes") from error
        self.alive = True
        self._news = threading.Condition()
        self._unreported: Box | None = None
        self._drawn: list[tuple[float, Box]] = []
        self._history: deque[tuple[float, Box]] = deque(maxlen=_REMEMBERED)
        self._windows = 0
        self._answered: dict[int, float] = {}
        self._pace = SLOW
        self._asked = self._synced = 0
        self._ended = False
        self._wake, self._waker = os.pipe()
        self._thread = threading.Thread(target=self._read, name="screen events", daemon=True)
        self._thread.start()

    @property
    def windows(self) -> int:
        """How many times a window came, went, or was put into a frame."""
        return self._windows

    @property
    def pending(self) -> bool:
        """Whether something was drawn since `take`."""
        return bool(self._drawn)

    def take(self) -> list[tuple[float, Box]]:
        """What was drawn since the last call: when, and the box around all that was drawn until then."""
        with self._news:
            drawn, self._drawn = self._drawn, []
        return drawn

    def answered(self, stamp: int) -> float | None:
        """When the ping was answered, told once; None where it was not yet."""
        return self._answered.pop(stamp, None)

    def drawn_at(self, box: Box) -> float:
        """When something was last drawn in `box`; minus infinity where that is not known."""
        with self._news:
            times = [when for when, where in self._history if where.overlap(box) > 0]
        return max(times, default=float("-inf"))

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Reports of drawing come at once."""
        self._pace = FAST
        self._call()
        try:
            yield
        finally:
            self._pace = SLOW

    def wait(self, seconds: float, stamp: int | None = None) -> None:
        """Return when something was drawn, the ping `stamp` was answered, or `seconds` have passed."""
        with self._news:
            self._news.wait_for(
                lambda: self._drawn or not self.alive or (stamp is not None and stamp in self._answered), seconds
            )

    def sync(self) -> None:
        """Return when all that the server has done until now was read."""
        with self._news:
            self._asked += 1
            wanted = self._asked
            self._call()
            self._news.wait_for(lambda: self._synced >= wanted or not self.alive)

    def answers(self, window: int) -> bool:
        """Whether a window says that it answers pings."""
        with suppress(xcffib.XcffibException):
            return self._pings.answering(window) == window
        return False

    def pointed(self) -> int | None:
        """The window under the pointer that says that it answers pings."""
        with suppress(xcffib.XcffibException):
            return self._pings.answering(self._pings.pointed())
        return None

    def focused(self) -> int | None:
        """The window with the focus that says that it answers pings."""
        with suppress(xcffib.XcffibException):
            return self._pings.answering(self._pings.focused())
        return None

    def ping(self, window: int) -> int:
        """Ask the program of `window` whether it has read all that it was sent; the number of the answer."""
        with suppress(xcffib.XcffibException):
            return self._pings.send(window)
        return -1

    def pid(self, window: int) -> int | None:
        """The process of `window`'s program."""
        return self._pings.pid(window)

    def manager(self) -> int | None:
        """The process of the window manager; None where there is none."""
        with suppress(xcffib.XcffibException):
            window = self._pings.manager()
            return None if window is None else self._pings.pid(window)
        return None

    def close(self) -> None:
        """Disconnect. Safe to call twice, and in any thread."""
        if self._ended:
            return
        self._ended = True
        self._call()
        self._thread.join()
        os.close(self._wake)
        os.close(self._waker)
        self._requests.disconnect()

    def _call(self) -> None:
        with suppress(OSError):
            os.write(self._waker, b".")

    def _read(self) -> None:
        try:
            self._read_all()
        except (xcffib.XcffibException, OSError, ValueError):  # the display is gone, or its connection was ended
            pass
        finally:
            with self._news:
                self.alive = False
                self._news.notify_all()
            self._events.disconnect()

    def _read_all(self) -> None:
        server, reported = self._events.get_file_descriptor(), float("-inf")
        while not self._ended:
            asked, left = self._asked, None
            if asked > self._synced:
                self._round_trip()
            self._take_events()
            now = time.perf_counter()
            if self._unreported is not None and (asked > self._synced or now >= reported + self._pace):
                self._report()
                reported = now
            if self._unreported is not None:
                left = max(0.0, reported + self._pace - now)
            with self._news:
                self._synced = asked
                self._news.notify_all()
            ready, _, _ = select.select([server, self._wake], [], [], left)
            if self._wake in ready:
                os.read(self._wake, 64)

    def _round_trip(self) -> None:
        self._events.core.GetInputFocus().reply()

    def _report(self) -> None:
        """Tell what was drawn. The server tells once of a place until it is asked anew, and of what it then tells in
        this moment nobody knows whether it was drawn before: it is told again with the next report.
        """
        self._extension.Subtract(self._damage, 0, 0)
        self._round_trip()
        told, self._unreported = self._unreported, None
        self._take_events()
        assert told is not None
        box, now = told if self._unreported is None else told.union(self._unreported), time.perf_counter()
        with self._news:
            self._drawn.append((now, box))
            self._history.append((now, box))
            if len(self._drawn) > _PENDING:
                (_, first), (when, second) = self._drawn[:2]
                self._drawn[:2] = [(when, first.union(second))]

    def _take_events(self) -> None:
        """Note what has come."""
        while (event := self._events.poll_for_event()) is not None:
            if isinstance(event, _damage.NotifyEvent):
                area, known = event.area, self._unreported
                box = Box(area.x, area.y, area.x + area.width, area.y + area.height)
                self._unreported = box if known is None else known.union(box)
            elif isinstance(event, _STRUCTURE):
                self._windows += 1
            elif (stamp := self._pings.stamp_of(event)) is not None:
                self._answered[stamp] = time.perf_counter()
                if len(self._answered) > _PENDING:
                    del self._answered[next(iter(self._answered))]
