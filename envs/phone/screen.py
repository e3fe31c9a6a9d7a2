"""The phone's screen: a headless Chromium with a phone's viewport and touch input."""

from __future__ import annotations

import base64
import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

from actions.frame import Point
from envs.cleanup import CleanupGuard
from envs.devtools import DevToolsPage
from envs.env import EnvError
from envs.phone.browser import PhoneBrowser
from envs.phone.content import ORIGIN, WebContent
from envs.phone.phone_facts import DENSITY

BASELINE = 160
"""The dots an inch at which a CSS pixel is a device pixel."""
SCALE = DENSITY / BASELINE
"""Device pixels of a CSS pixel, unless the density is another."""
_MOVE = 0.012
"""Seconds between two positions of a gesture."""
_WORKERS = 16
"""Requests of the browser that are answered at the same time."""


class PhoneScreen:
    """A screen of `size` device pixels showing ``/index.html`` of `content`. All positions are device pixels.

    The browser has its files in `folder`, which `guard` removes if this process is killed. It has no network: its
    requests are answered through the DevTools pipe, those to other addresses than the phone's are refused.
    `on_touch` is called with every touch event. Methods may be called from any thread; gestures do not overlap. Raises
    `EnvError`.
    """

    def __init__(self, content: WebContent, size: tuple[int, int], folder: Path, guard: CleanupGuard) -> None:
        self._content, self._size, self._folder, self._guard = content, size, folder, guard
        self.density = DENSITY
        self.on_touch: Callable[[str, Point | None], None] = lambda event, at: None
        self._gesture, self._starting = threading.Lock(), threading.Lock()
        self._exclusive = threading.RLock()  # a screenshot during a touch takes the focus from the field
        self._watchers: dict[queue.SimpleQueue[bytes], int] = {}
        self._shown = b""
        self._workers = ThreadPoolExecutor(_WORKERS, thread_name_prefix="phone content")
        self._start()

    def _start(self) -> None:
        self._browser = PhoneBrowser(self._folder, self._guard)
        try:
            self._page = DevToolsPage(self._browser.pipe)
            self._page.listen(self._event)
            self._page.call("Fetch.enable", patterns=[{"urlPattern": "*"}])
            self._page.call("Emulation.setTouchEmulationEnabled", enabled=True)
            self.resize(self._size)
            self._page.open(f"{ORIGIN}/index.html")
            if self._watchers:
                self._watch()
        except BaseException:
            self._browser.close()
            raise

    def revive(self) -> bool:
        """Start another browser where this one has ended, crashed or does not answer; whether that was so.

        Apps are closed by it. Raises `EnvError`.
        """
        with self._starting:
            if self._page.answers():
                return False
            self._browser.close()
            self._start()
            return True

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in device pixels, as it is turned now."""
        return self._size

    @property
    def scale(self) -> float:
        """Device pixels of a CSS pixel."""
        return self.density / BASELINE

    def resize(self, size: tuple[int, int]) -> None:
        """Another size: a turned phone. A density that was set before counts from now on."""
        width, height = (int(side / self.scale) for side in size)
        self._call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=self.scale, mobile=True
        )
        self._size = size

    def png(self) -> bytes:
        """The screen as a PNG file."""
        found = self._call("Page.captureScreenshot", format="png", optimizeForSpeed=True)
        return base64.b64decode(found["data"])

    @contextmanager
    def watched(self, longest: int) -> Iterator[queue.SimpleQueue[bytes]]:
        """JPEG files of the screen, one now and one after each change, with no side longer than `longest` unless
        another who watches needs more.
        """
        frames: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._watchers[frames] = longest
        try:
            self._watch()
            yield frames
        finally:
            del self._watchers[frames]
            with suppress(EnvError):
                self._watch()

    def _watch(self) -> None:
        """Start or end the browser's pictures, as those who watch need them."""
        with self._exclusive:
            self._shown = b""
            self._page.call("Page.stopScreencast")
            if self._watchers:
                most = max(self._watchers.values())
                self._page.call("Page.startScreencast", format="jpeg", quality=90, maxWidth=most, maxHeight=most)

    def _show(self, data: bytes, number: int) -> None:
        """Pass a picture on, unless it is as the last one, as after a screenshot."""
        with suppress(EnvError):
            self._page.tell("Page.screencastFrameAck", sessionId=number)
        if data != self._shown:
            self._shown = data
            for frames in list(self._watchers):
                frames.put(data)

    def touch(self, path: Sequence[Point], seconds: float = 0.0) -> None:
        """Touch the first point of `path`, move along it within `seconds`, and let go at its end."""
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
        with self._exclusive:
            self.on_touch("touchStart", at)
            self._page.tell("Input.dispatchTouchEvent", type="touchStart", touchPoints=[self._css(at)])
            time.sleep(seconds)
            self.on_touch("touchEnd", None)  # the finger has left, however long the page takes to hear of it
            self._page.call("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])

    def touch_event(self, event: str, at: Point | None = None) -> None:
        """One touch event: ``touchStart``, ``touchMove``, ``touchEnd`` or ``touchCancel``."""
        self.on_touch(event, at)
        points = [] if at is None else [self._css(at)]
        self._call("Input.dispatchTouchEvent", type=event, touchPoints=points)

    def _css(self, at: Point) -> dict[str, float]:
        return {"x": at.x / self.scale, "y": at.y / self.scale}

    def type(self, text: str) -> None:
        """Text into the focused field, if there is one."""
        self._call("Input.insertText", text=text)

    def press(self, key: str, code: str, number: int) -> None:
        """A key of a keyboard, e.g. ``("Tab", "Tab", 9)``."""
        for event in ("rawKeyDown", "keyUp"):
            self._call("Input.dispatchKeyEvent", type=event, key=key, code=code, windowsVirtualKeyCode=number)

    def ask(self, expression: str) -> Any:
        """The JSON value of a JavaScript expression of the system's page."""
        with self._exclusive:
            return self._page.evaluate(expression)

    def state(self) -> dict[str, Any]:
        """What ``system.state()`` gives. It changes nothing, so that it waits for no touch and no screenshot."""
        return dict(self._page.evaluate("system.state()"))

    def drawn(self) -> None:
        """Return when what was done is drawn: a phone draws it in the next frame, a busy machine when it can."""
        with suppress(EnvError):
            self._page.evaluate(
                "new Promise((done) => { requestAnimationFrame(() => setTimeout(done)); setTimeout(done, 1000); })"
            )

    def apply(self, function: str, *arguments: Any) -> Any:
        """The JSON value of a JavaScript function called with JSON `arguments`."""
        with self._exclusive:
            return self._page.apply(function, *arguments)

    def close(self) -> None:
        """End the browser. Safe to call twice."""
        self._browser.close()
        self._workers.shutdown(wait=False, cancel_futures=True)

    def _call(self, method: str, **params: Any) -> dict[str, Any]:
        with self._exclusive:
            return self._page.call(method, **params)

    def _event(self, method: str, params: dict[str, Any]) -> None:
        if method == "Page.screencastFrame":
            apart = self.scale != 1 and params["metadata"]["deviceWidth"] in self._size  # drawn for a screenshot only
            self._show(self._shown if apart else base64.b64decode(params["data"]), params["sessionId"])
        elif method == "Fetch.requestPaused":
            with suppress(RuntimeError):  # closed
                self._workers.submit(self._respond, params["requestId"], params["request"])

    def _respond(self, number: str, asked: dict[str, Any]) -> None:
        """Answer a request of the browser. A page that is gone by then needs no answer."""
        content = b"".join(base64.b64decode(entry.get("bytes", "")) for entry in asked.get("postDataEntries", ()))
        kinds = [value for name, value in asked["headers"].items() if name.lower() == "content-type"]
        said = self._content.respond(asked["method"], asked["url"], content, "".join(kinds))
        with suppress(EnvError):
            if said is None:
                self._page.tell("Fetch.failRequest", requestId=number, errorReason="AddressUnreachable")
                return
            textual = said.kind.startswith("text/") or said.kind.endswith(("javascript", "json"))
            kind = f"{said.kind}; charset=utf-8" if textual and "charset" not in said.kind else said.kind
            headers = {"Content-Type": kind, "Cache-Control": "no-store"}
            self._page.tell(
                "Fetch.fulfillRequest", requestId=number, responseCode=said.status,
                responseHeaders=[{"name": name, "value": value} for name, value in headers.items()],
                body=base64.b64encode(said.content).decode(),
            )  # fmt: skip


def _along(path: Sequence[Point], share: float) -> Point:
    """The place at `share` (0 to 1) of the way along `path`."""
    lengths = [((b.x - a.x) ** 2 + (b.y - a.y) ** 2) ** 0.5 for a, b in pairwise(path)]
    left = share * sum(lengths)
    for (a, b), length in zip(pairwise(path), lengths, strict=True):
        if left <= length and length:
            return Point(a.x + (b.x - a.x) * left / length, a.y + (b.y - a.y) * left / length)
        left -= length
    return path[-1]
