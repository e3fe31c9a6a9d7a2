"""The phone's screen: a headless Chromium with a phone's viewport and a finger."""

from __future__ import annotations

import base64
import fcntl
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from actions.frame import Point
from envs.chromium import DevToolsPage, page_url
from envs.env import EnvError
from envs.processes import descendants, kill_all, wait_gone

SCALE = 3
"""Device pixels of a CSS pixel: 480 dots per inch."""
_MOVE = 0.012
"""Seconds between two positions of a finger."""
_FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--hide-scrollbars",
    "--mute-audio",
    "--disable-features=OverscrollHistoryNavigation",  # else a swipe to the right leaves the phone's own page
    "--remote-debugging-port=0",
    "--remote-debugging-pipe",
)


class PhoneScreen:
    """A screen of `size` device pixels showing `url`. All positions are device pixels. Raises `EnvError`.

    Chromium holds one end of a pipe (file descriptors 3 and 4, ``--remote-debugging-pipe``) and ends when this process
    does, however that goes.

    `on_touch` is told every touch event. Methods may be called from any thread; a gesture is one piece.
    """

    def __init__(self, url: str, token: str, size: tuple[int, int]) -> None:
        self._size = size
        self.on_touch: Callable[[str, Point | None], None] = lambda event, at: None
        self._lock, self._gesture = threading.RLock(), threading.Lock()
        self._profile = tempfile.mkdtemp(prefix="handeye-phone-")
        self._leash: list[int] = []
        self._pid = 0
        self._pid = self._start()
        try:
            self._page = DevToolsPage(page_url(Path(self._profile)))
            self._call("Page.addScriptToEvaluateOnNewDocument", source=f"window.PHONE_TOKEN = {token!r};")
            self._call("Emulation.setTouchEmulationEnabled", enabled=True)
            self.resize(size)
            with self._lock:
                self._page.open(url)
        except BaseException:
            self.close()
            raise

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in device pixels, as it is turned now."""
        return self._size

    def resize(self, size: tuple[int, int]) -> None:
        """Another size: a turned phone."""
        width, height = (side // SCALE for side in size)
        self._call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=SCALE, mobile=True
        )
        self._size = size

    def png(self) -> bytes:
        """The screen as a PNG file."""
        found = self._call("Page.captureScreenshot", format="png", optimizeForSpeed=True)
        return base64.b64decode(found["data"])

    def touch(self, path: Sequence[Point], seconds: float = 0.0) -> None:
        """A finger put down at the first of `path`, moved along it within `seconds`, and lifted at its end."""
        with self._gesture:
            if len(path) == 1:
                self._tap(path[0], seconds)
                return
            self.touch_event("touchStart", path[0])
            started = time.monotonic()
            steps = max(1, round(seconds / _MOVE))
            for n in range(1, steps + 1):
                time.sleep(max(0.0, started + seconds * n / steps - time.monotonic()))
                self.touch_event("touchMove", _along(path, n / steps))
            self.touch_event("touchEnd")

    def _tap(self, at: Point, seconds: float) -> None:
        """Down and up without waiting for the page between: a busy machine does not make a long press of a tap."""
        with self._lock:
            self.on_touch("touchStart", at)
            self._page.tell("Input.dispatchTouchEvent", type="touchStart", touchPoints=[_css(at)])
            time.sleep(seconds)
            self._page.call("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])
            self.on_touch("touchEnd", None)

    def touch_event(self, event: str, at: Point | None = None) -> None:
        """One touch event: ``touchStart``, ``touchMove``, ``touchEnd`` or ``touchCancel``."""
        self.on_touch(event, at)
        points = [] if at is None else [_css(at)]
        self._call("Input.dispatchTouchEvent", type=event, touchPoints=points)

    def type(self, text: str) -> None:
        """Text into the focused field, if there is one."""
        self._call("Input.insertText", text=text)

    def press(self, key: str, code: str, number: int) -> None:
        """A key of a keyboard, e.g. ``("Tab", "Tab", 9)``."""
        for event in ("rawKeyDown", "keyUp"):
            self._call("Input.dispatchKeyEvent", type=event, key=key, code=code, windowsVirtualKeyCode=number)

    def ask(self, expression: str) -> Any:
        """The JSON value of a JavaScript expression of the system's page."""
        with self._lock:
            return self._page.evaluate(expression)

    def apply(self, function: str, *arguments: Any) -> Any:
        """The JSON value of a JavaScript function called with JSON `arguments`."""
        with self._lock:
            return self._page.apply(function, *arguments)

    def close(self) -> None:
        """End the browser. Safe to call twice."""
        if hasattr(self, "_page"):
            self._page.close()
        pids = [self._pid, *descendants(self._pid)] if self._pid else []
        kill_all(pids)
        wait_gone(pids, 5)
        self._pid = 0
        while self._leash:
            os.close(self._leash.pop())
        shutil.rmtree(self._profile, ignore_errors=True)

    def _call(self, method: str, **params: Any) -> dict[str, Any]:
        with self._lock:
            return self._page.call(method, **params)

    def _start(self) -> int:
        program = shutil.which("chromium") or shutil.which("google-chrome") or shutil.which("chrome")
        if program is None:
            raise EnvError("the simulated phone needs Chromium: apt-get install chromium")
        (its_input, ours), (its_output, theirs) = os.pipe(), os.pipe()
        self._leash += [ours, its_output]
        high = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in (its_input, theirs)]
        actions = [(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_RDWR, 0) for fd in range(3)]
        actions += [(os.POSIX_SPAWN_DUP2, high[0], 3), (os.POSIX_SPAWN_DUP2, high[1], 4)]  # type: ignore[list-item]
        command = [program, *_FLAGS, f"--user-data-dir={self._profile}", "about:blank"]
        try:
            return os.posix_spawn(program, command, dict(os.environ), file_actions=actions, setsid=True)
        finally:
            for end in (its_input, theirs, *high):
                os.close(end)


def _css(at: Point) -> dict[str, float]:
    return {"x": at.x / SCALE, "y": at.y / SCALE}


def _along(path: Sequence[Point], share: float) -> Point:
    """The place at `share` (0 to 1) of the way along `path`."""
    lengths = [((b.x - a.x) ** 2 + (b.y - a.y) ** 2) ** 0.5 for a, b in pairwise(path)]
    left = share * sum(lengths)
    for (a, b), length in zip(pairwise(path), lengths, strict=True):
        if left <= length and length:
            return Point(a.x + (b.x - a.x) * left / length, a.y + (b.y - a.y) * left / length)
        left -= length
    return path[-1]
