"""Chromium over the whole of a private display, and a client of its DevTools protocol.

The agent sees the display and acts with its mouse and keyboard, nothing else. The protocol
(https://chromedevtools.github.io/devtools-protocol/) is for setting a page up and reading its state.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from actions.action import AnyAction, Open, Wait
from actions.frame import Frame
from envs.capture import Deadline
from envs.env import Env, EnvError, Observation, Outcome
from envs.sandbox import SandboxEnv

if TYPE_CHECKING:
    from websockets.sync.client import ClientConnection

TIMEOUT = 15.0
"""Seconds to wait for an answer or an event of the browser."""


class PageGoneError(EnvError):
    """The page was closed or its browser has ended."""


class ScriptError(EnvError):
    """An expression threw in the page."""


class DevToolsPage:
    """One page over the DevTools protocol. `url` is its WebSocket's. Not for use from several threads."""

    def __init__(self, url: str) -> None:
        self._open = contextlib.ExitStack()
        self._socket = _connect(url, self._open)
        self._count = 0
        self._events: deque[str] = deque(maxlen=256)
        self.call("Page.enable")

    def tell(self, method: str, **params: Any) -> None:
        """Send a command and do not wait for its result. Raises `PageGoneError`."""
        self._count += 1
        with _gone():
            self._socket.send(json.dumps({"id": self._count, "method": method, "params": params}))

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Send a command; its result. Raises `PageGoneError`, and `EnvError` where the browser refuses it."""
        self.tell(method, **params)
        with _gone():
            answer = self._read_until(lambda message: message.get("id") == self._count)
        if "error" in answer:
            raise EnvError(f"Chromium refused {method}: {answer['error'].get('message')}")
        return dict(answer["result"])

    def evaluate(self, expression: str) -> Any:
        """The JSON value of a JavaScript expression; a promise is waited for. Raises `ScriptError`."""
        found = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in found:
            details = found["exceptionDetails"]
            thrown = details.get("exception", {}).get("description") or details.get("text")
            raise ScriptError(f"the page threw: {str(thrown).splitlines()[0]}")
        return found["result"].get("value")

    def apply(self, function: str, *arguments: Any) -> Any:
        """The JSON value of a JavaScript function called with JSON `arguments`."""
        return self.evaluate(f"({function})(...{json.dumps(arguments)})")

    def open(self, url: str) -> None:
        """Go to `url` and wait until it is loaded. Raises `EnvError`."""
        self._events.clear()
        answer = self.call("Page.navigate", url=url)
        if error := answer.get("errorText"):
            raise EnvError(f"Chromium cannot open {url}: {error}")
        if "Page.loadEventFired" not in self._events:
            with _gone():
                self._read_until(lambda message: message.get("method") == "Page.loadEventFired")

    def wait_for(self, expression: str, seconds: float = TIMEOUT) -> None:
        """Return when a JavaScript expression is true. Raises `EnvError` when it stays false."""
        deadline = Deadline(seconds)
        while not self.evaluate(f"Boolean({expression})"):
            if deadline.passed:
                raise EnvError(f"the page was not ready within {seconds:g} s: {expression}")
            time.sleep(0.01)

    def close(self) -> None:
        """Disconnect from the page. Safe to call twice."""
        with contextlib.suppress(OSError):
            self._open.close()

    def _read_until(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        deadline = Deadline(TIMEOUT)
        while not deadline.passed:
            message = self._receive(TIMEOUT - deadline.elapsed)
            if method := message.get("method"):
                self._events.append(str(method))
            if method == "Inspector.targetCrashed":
                raise EnvError("Chromium's page crashed")
            if wanted(message):
                return message
        raise EnvError(f"Chromium did not answer within {TIMEOUT:g} s")

    def _receive(self, seconds: float) -> dict[str, Any]:
        try:
            return dict(json.loads(self._socket.recv(timeout=max(0.0, seconds))))
        except TimeoutError as error:
            raise EnvError(f"Chromium did not answer within {TIMEOUT:g} s") from error


@contextlib.contextmanager
def _gone() -> Iterator[None]:
    """Turns the end of the connection into `PageGoneError`."""
    from websockets.exceptions import ConnectionClosed

    try:
        yield
    except (OSError, ConnectionClosed) as error:
        raise PageGoneError("Chromium's page is gone: it was closed, or the browser has ended") from error


def _connect(url: str, stack: contextlib.ExitStack) -> ClientConnection:
    try:
        from websockets.exceptions import WebSocketException
        from websockets.sync.client import connect
    except ImportError as error:
        raise EnvError("a package is missing: pip install 'handeye[bench]'") from error
    try:
        found = connect(url, open_timeout=TIMEOUT, close_timeout=1.0, max_size=None, proxy=None, compression=None)
        return stack.enter_context(found)
    except (OSError, WebSocketException) as error:
        raise PageGoneError(f"cannot reach Chromium's page: {error}") from error


class ChromiumEnv(Env):
    """A private display that shows one page and nothing else, as an `envs.env.Env`.

    `size` is the display's in pixels; `zoom` how many of them a CSS pixel takes, so that CSS point (x, y) of the page
    is pixel (zoom * x, zoom * y) of every frame. Programs cannot be opened. Raises `EnvError`.
    """

    def __init__(self, size: tuple[int, int], zoom: float = 1.0) -> None:
        self.zoom = zoom
        self._size = size
        self._start()

    def _start(self) -> None:
        self._sandbox = SandboxEnv(size=self._size)
        try:
            self._pid = self._sandbox.launch(
                ["chromium", "--kiosk", "--incognito", "--disable-pinch", f"--force-device-scale-factor={self.zoom:g}",
                 "--remote-debugging-port=0", "--app=about:blank"]
            )  # fmt: skip
            self.page = DevToolsPage(page_url(self._sandbox.home / "home/chromium"))
        except BaseException:
            self._sandbox.close()
            raise

    @property
    def platform(self) -> str:
        """``desktop``."""
        return "desktop"

    @property
    def name(self) -> str:
        """For records, e.g. ``chromium on sandbox :99 640x720``."""
        return f"chromium on {self._sandbox.name}"

    @property
    def supported(self) -> frozenset[str]:
        """Mouse, keyboard and `wait`."""
        return self._sandbox.supported - {"open"}

    def reset(self) -> None:
        """Nothing: the owner of the page loads it again."""

    def observe(self) -> Observation:
        """Capture the display. See `envs.env.Env.observe`."""
        return self._sandbox.observe()

    def perform(self, action: AnyAction, frame: Frame) -> Outcome:
        """Do `action` with mouse and keyboard. See `envs.env.Env.perform`."""
        if isinstance(action, Open):
            return Outcome(False, "there is nothing to open here: the page is all there is")
        return self._sandbox.perform(action, frame)

    def settle(self) -> None:
        """Wait until the picture rests."""
        self._sandbox.perform(Wait(seconds=0), self._sandbox.observe().frame)

    def crashed(self) -> bool:
        """Whether the browser has ended by an error or a signal; False while it runs and where it was closed."""
        deadline = Deadline(2.0)
        while (status := self._sandbox.ended(self._pid)) is None and not deadline.passed:
            time.sleep(0.02)
        return status not in (None, 0)

    def restart(self) -> None:
        """A new browser on a new display."""
        self.close()
        self._start()

    def close(self) -> None:
        """End the browser and the display. Safe to call twice."""
        self.page.close()
        self._sandbox.close()


def page_url(profile: Path) -> str:
    """The WebSocket of the only page of the Chromium with this profile. Raises `EnvError`."""
    deadline = Deadline(TIMEOUT)
    while not deadline.passed:
        with contextlib.suppress(OSError, ValueError, IndexError, httpx.HTTPError, StopIteration):
            port = int((profile / "DevToolsActivePort").read_text().split()[0])
            targets = httpx.get(f"http://127.0.0.1:{port}/json/list", timeout=5, trust_env=False).json()
            return str(next(t["webSocketDebuggerUrl"] for t in targets if t["type"] == "page"))
        time.sleep(0.02)
    raise EnvError("Chromium did not open its DevTools port: end other copies of it and try again")
