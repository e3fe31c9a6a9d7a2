"""Chromium's DevTools protocol over two pipes (``--remote-debugging-pipe``), so that no port is open to other users.

Protocol: https://chromedevtools.github.io/devtools-protocol/. Chromium reads JSON messages, each ended by a NUL byte,
from file descriptor 3 and writes them to 4; it ends when 3 is closed.
"""

from __future__ import annotations

import itertools
import json
import os
import select
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import suppress
from typing import Any

from envs.capture import Deadline
from envs.env import EnvError

PATIENCE = 15.0
"""Seconds to wait for an answer or an event of the browser."""
_NO_SESSION = -32001
_GONE = "Chromium's page is gone: it was closed, or the browser has ended"

Event = Callable[[str, dict[str, Any]], None]
"""Called with the method and parameters of an event, on the reading thread: it must not block or call the page."""


class PageGoneError(EnvError):
    """The page was closed or its browser has ended."""


class ScriptError(EnvError):
    """An expression threw in the page."""


class DevToolsPipe:
    """A connection to one browser by the descriptors `reading` and `writing`, which it owns. For use by any thread."""

    def __init__(self, reading: int, writing: int) -> None:
        os.set_blocking(writing, False)
        self._reading, self._writing = reading, writing
        self._numbers = itertools.count(1)
        self._lock, self._sending = threading.Lock(), threading.Lock()
        self._pending: dict[int, tuple[str, Future[dict[str, Any]]]] = {}
        self._listeners: dict[str, Event] = {}
        self._ended = self._closed = False
        threading.Thread(target=self._read, daemon=True, name="devtools").start()

    def send(self, method: str, session: str = "", **params: Any) -> Future[dict[str, Any]]:
        """Send a command, to the page of `session` if given; its result to come. Raises `PageGoneError`."""
        message: dict[str, Any] = {"id": next(self._numbers), "method": method, "params": params}
        if session:
            message["sessionId"] = session
        answer: Future[dict[str, Any]] = Future()
        with self._lock:
            if self._ended:
                raise PageGoneError(_GONE)
            self._pending[message["id"]] = session, answer
        self._write(json.dumps(message).encode() + b"\0")
        return answer

    def listen(self, session: str, listener: Event) -> None:
        """Call `listener` for every event of a session."""
        self._listeners[session] = listener

    def attach(self) -> str:
        """A session on the browser's page. Raises `EnvError` when there is none in time."""
        deadline = Deadline(PATIENCE)
        while not deadline.passed:
            targets = result(self.send("Target.getTargets"), "Target.getTargets")["targetInfos"]
            page = next((target["targetId"] for target in targets if target["type"] == "page"), None)
            if page is not None:
                attached = self.send("Target.attachToTarget", targetId=page, flatten=True)
                return str(result(attached, "Target.attachToTarget")["sessionId"])
            time.sleep(0.01)
        raise EnvError(f"Chromium opened no page within {PATIENCE:g} s")

    def close(self) -> None:
        """Close Chromium's input, by which it ends. Safe to call twice."""
        with self._sending:
            if not self._closed:
                self._closed = True
                os.close(self._writing)

    def _write(self, data: bytes) -> None:
        rest = memoryview(data)
        with self._sending:
            if self._closed:
                raise PageGoneError(_GONE)
            while rest:
                try:
                    rest = rest[os.write(self._writing, rest) :]
                except BlockingIOError:
                    if not select.select([], [self._writing], [], PATIENCE)[1]:
                        raise EnvError(f"Chromium read nothing for {PATIENCE:g} s") from None
                except OSError as error:
                    raise PageGoneError(_GONE) from error

    def _read(self) -> None:
        waiting = select.poll()  # a FIFO that nobody has opened for writing yet is at its end, but has not hung up
        waiting.register(self._reading, select.POLLIN)
        rest = bytearray()
        while (data := _piece(waiting, self._reading)) is not None:
            *messages, rest = (rest + data).split(b"\0")
            for message in messages:
                self._take(json.loads(message))
        os.close(self._reading)
        with self._lock:
            self._ended = True
            pending, self._pending = self._pending, {}
        for _, answer in pending.values():
            answer.set_exception(PageGoneError(_GONE))

    def _take(self, message: dict[str, Any]) -> None:
        if "id" in message:
            with self._lock:
                _, answer = self._pending.pop(message["id"], ("", None))
            if answer is not None:
                answer.set_result(message)
        elif message["method"] == "Target.detachedFromTarget":
            self._detached(str(message["params"]["sessionId"]))
        elif listener := self._listeners.get(message.get("sessionId", "")):
            listener(message["method"], message.get("params", {}))

    def _detached(self, session: str) -> None:
        with self._lock:
            left = [number for number, (owner, _) in self._pending.items() if owner == session]
            answers = [self._pending.pop(number)[1] for number in left]
        for answer in answers:
            answer.set_exception(PageGoneError(_GONE))


def _piece(waiting: select.poll, reading: int) -> bytes | None:
    """What comes next; None at the end."""
    events = waiting.poll()[0][1]
    data = os.read(reading, 1 << 20) if events & select.POLLIN else b""
    return data or None


def result(answer: Future[dict[str, Any]], method: str, seconds: float | None = None) -> dict[str, Any]:
    """The result of a command, waited for `seconds` (None: `PATIENCE`).

    Raises `PageGoneError`, and `EnvError` for a refusal or no answer in time.
    """
    try:
        message = answer.result(seconds := PATIENCE if seconds is None else seconds)
    except FutureTimeoutError as error:
        raise EnvError(f"Chromium did not answer within {seconds:g} s") from error
    if (refusal := message.get("error")) is not None:
        if refusal.get("code") == _NO_SESSION:
            raise PageGoneError(_GONE)
        raise EnvError(f"Chromium refused {method}: {refusal.get('message')}")
    return dict(message["result"])


class DevToolsPage:
    """The page of the browser behind `pipe`. For use by any thread."""

    def __init__(self, pipe: DevToolsPipe) -> None:
        self._pipe = pipe
        self._session = pipe.attach()
        self._loaded = threading.Event()
        self._crashed = False
        self._listener: Event = lambda method, params: None
        pipe.listen(self._session, self._event)
        self.call("Page.enable")
        self.call("Inspector.enable")

    def listen(self, listener: Event) -> None:
        """Call `listener` for every event of the page."""
        self._listener = listener

    def tell(self, method: str, **params: Any) -> None:
        """Send a command and do not wait for its result. Raises `PageGoneError`."""
        self._send(method, params)

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Send a command; its result. Raises `PageGoneError`, and `EnvError` where the browser refuses it."""
        return result(self._send(method, params), method)

    def answers(self, seconds: float = 2.0) -> bool:
        """Whether the page runs scripts."""
        try:
            result(self._send("Runtime.evaluate", {"expression": "1"}), "Runtime.evaluate", seconds)
        except EnvError:
            return False
        return True

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
        self._loaded.clear()
        answer = self.call("Page.navigate", url=url)
        if error := answer.get("errorText"):
            raise EnvError(f"Chromium cannot open {url}: {error}")
        if not self._loaded.wait(PATIENCE):
            raise EnvError(f"Chromium did not load {url} within {PATIENCE:g} s")

    def wait_for(self, expression: str, seconds: float = PATIENCE) -> None:
        """Return when a JavaScript expression is true. Raises `EnvError` when it stays false."""
        deadline = Deadline(seconds)
        while not self.evaluate(f"Boolean({expression})"):
            if deadline.passed:
                raise EnvError(f"the page was not ready within {seconds:g} s: {expression}")
            time.sleep(0.01)

    def close(self) -> None:
        """Close the connection, by which the browser ends. Safe to call twice."""
        with suppress(OSError):
            self._pipe.close()

    def _send(self, method: str, params: dict[str, Any]) -> Future[dict[str, Any]]:
        if self._crashed:
            raise EnvError("Chromium's page crashed")
        return self._pipe.send(method, self._session, **params)

    def _event(self, method: str, params: dict[str, Any]) -> None:
        if method == "Page.loadEventFired":
            self._loaded.set()
        elif method == "Inspector.targetCrashed":
            self._crashed = True
        self._listener(method, params)
