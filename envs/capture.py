"""Screen capture: the pixels of one monitor, through mss."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import cv2
import mss
import numpy as np
import numpy.typing as npt
from mss.exception import ScreenShotError

from actions.connections import shut_display
from actions.frame import Box
from envs.env import BlackScreenError, EnvError, Image
from envs.monitor import Monitor

if TYPE_CHECKING:
    from envs.x11 import XScreen, XWindow

Raw = npt.NDArray[np.uint8]
"""Pixels as the system gives them: BGRA, uint8, height x width x 4. The fourth channel is undefined."""

BLACK_LEVEL = 2
"""A capture whose every channel is at most this is black: no drawn desktop is, while a locked, sleeping
or not yet started screen, and a capture without permission, are."""

WAYLAND = (
    "this is a Wayland session, which lets no program capture or control it: use --env sandbox, or log in to an X11 "
    "(Xorg) session (docs/wayland.md)"
)
"""Why there is no picture of it, and what to do."""


class ScreenCapture:
    """Captures monitors of one display. May be shared by threads.

    `display` is an X display such as ``:99`` (None: the ``DISPLAY`` of this process; it must be None elsewhere than
    on X11). Raises `EnvError` where there is nothing to capture, as on Xwayland.
    """

    def __init__(self, display: str | None = None) -> None:
        self.display = find_display(display, os.environ, sys.platform)
        self._lock = threading.Lock()
        self._interrupted = False
        self._x: XScreen | None = None
        if self.display is not None:
            from envs.x11 import XScreen

            self._x = XScreen(self.display)
            if is_xwayland(self._x.monitors()):
                self._x.close()
                raise EnvError(WAYLAND)
        self._mss = self._open()

    def monitors(self) -> tuple[Monitor, ...]:
        """The monitors as they are now. Raises `EnvError` when the display is gone."""
        with self._lock:
            if self._x is not None:
                with self._x.guard():
                    return self._x.monitors()
            with self._open() as fresh:  # mss reads the list once for each object
                return _from_mss(fresh.monitors)

    def grab(self, monitor: Monitor) -> Raw:
        """The raw pixels of `monitor`; more of them than its input units on a HiDPI screen. Raises `EnvError`."""
        return self._grab(monitor.left, monitor.top, monitor.width, monitor.height)

    def grab_part(self, monitor: Monitor, box: Box) -> Raw:
        """The raw pixels of a part of `monitor`: `box` in input units from its corner. Raises `EnvError`."""
        return self._grab(monitor.left + int(box.x1), monitor.top + int(box.y1), int(box.width), int(box.height))

    def _grab(self, left: int, top: int, width: int, height: int) -> Raw:
        area = {"left": left, "top": top, "width": width, "height": height}
        with self._lock:
            if self._x is not None:
                with self._x.guard():
                    self._x.size()  # mss does not survive a display that is gone
            try:
                shot = self._mss.grab(area)
            except ScreenShotError:
                shot = self._reopened(area)
        return np.frombuffer(shot.raw, np.uint8).reshape(shot.height, shot.width, 4)

    def active_window(self) -> XWindow | None:
        """The window that has the focus; None where there is none, or the system does not say."""
        with self._lock:
            if self._x is None:
                return None
            with self._x.guard():
                return self._x.active_window()

    def windows(self) -> tuple[XWindow, ...]:
        """The windows on the display, the front one first; none where the system does not say."""
        with self._lock:
            if self._x is None:
                return ()
            with self._x.guard():
                return self._x.stacked_windows()

    def pointer(self) -> tuple[int, int] | None:
        """Where the pointer is, input units; None where the system does not say."""
        with self._lock:
            if self._x is None:
                return None
            with self._x.guard():
                return self._x.pointer()

    def interrupt(self) -> None:
        """End all connections of this process to the display: what waits for it fails. For another thread."""
        self._interrupted = True
        if self.display is not None:
            shut_display(self.display)

    def close(self) -> None:
        """Disconnect from the display. Safe to call twice."""
        with self._lock:
            self._mss.close()
            if self._x is not None:
                self._x.close()

    def _open(self) -> mss.MSS:
        if self._interrupted:
            raise EnvError(f"the X display {self.display!r} did not answer in time")
        try:
            return mss.MSS(display=self.display) if self.display is not None else mss.MSS()
        except ScreenShotError as error:
            raise EnvError(f"cannot capture the screen ({_one_line(error)}): is a desktop session running?") from error

    def _reopened(self, area: dict[str, int]) -> mss.screenshot.ScreenShot:
        """A screen that grew needs a new mss object; a display that is gone does not come back."""
        try:
            self._mss.close()
            self._mss = self._open()
            return self._mss.grab(area)
        except ScreenShotError as error:
            raise EnvError(f"capture failed ({_one_line(error)}): the display or the monitor is gone") from error


def find_display(display: str | None, environ: Mapping[str, str], platform: str) -> str | None:
    """The X display to use, or None on a platform that has none.

    Raises `EnvError` with one line: no display, or a Wayland session without X.
    """
    if not platform.startswith("linux"):
        if display is not None:
            raise EnvError(f"displays have no names on this system: leave {display!r} out")
        return None
    found = display or environ.get("DISPLAY")
    if not found:
        if is_wayland(environ):
            raise EnvError(WAYLAND)
        raise EnvError("no display (DISPLAY is not set): run inside a desktop session, or use --env sandbox")
    return found


def is_wayland(environ: Mapping[str, str]) -> bool:
    """Whether these are the variables of a program in a Wayland session."""
    return environ.get("XDG_SESSION_TYPE") == "wayland" or bool(environ.get("WAYLAND_DISPLAY"))


def is_xwayland(monitors: Sequence[Monitor]) -> bool:
    """Whether they are those of Xwayland: the X server of a Wayland session, whose captures are black."""
    return any(monitor.name.startswith("XWAYLAND") for monitor in monitors)


def to_rgb(raw: Raw) -> Image:
    """BGRA to RGB, a new array."""
    return np.asarray(cv2.cvtColor(raw, cv2.COLOR_BGRA2RGB), np.uint8)


def is_black(raw: Raw) -> bool:
    """Whether every pixel is black; see `BLACK_LEVEL`. One pixel above it makes it a picture."""
    if raw[::16, ::16, :3].max() > BLACK_LEVEL:
        return False
    return bool(raw[..., :3].max() <= BLACK_LEVEL)


def check_not_black(raw: Raw, waited: float) -> None:
    """Raises `BlackScreenError` for a black capture."""
    if is_black(raw):
        raise BlackScreenError(f"the screen stayed black for {waited:.1f} s: wake or unlock it, start a program on "
                               "it, or allow screen recording for this terminal")  # fmt: skip


class Deadline:
    """A time limit, counted from when it was made, for loops that wait for a condition. Seconds."""

    def __init__(self, seconds: float) -> None:
        self._start = time.perf_counter()
        self._seconds = seconds

    @property
    def elapsed(self) -> float:
        """Seconds since it was made."""
        return time.perf_counter() - self._start

    @property
    def left(self) -> float:
        """Seconds until the time is up; below zero afterwards."""
        return self._seconds - self.elapsed

    @property
    def passed(self) -> bool:
        """Whether the time is up."""
        return self.left <= 0


def _from_mss(found: Sequence[Mapping[str, Any]]) -> tuple[Monitor, ...]:
    """mss's list: the first entry is all monitors together."""
    return tuple(_monitor(index, m) for index, m in enumerate(found[1:] or found))


def _monitor(index: int, found: Mapping[str, Any]) -> Monitor:
    left, top, width, height = (int(found[key]) for key in ("left", "top", "width", "height"))
    name = str(found.get("name") or f"monitor {index}")
    return Monitor(name, left, top, width, height, bool(found.get("is_primary", index == 0)))


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
