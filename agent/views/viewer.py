"""`Viewer`: a view-only web page with the current picture of a screen, for ``record --live``.

Every request needs the token in its URL, and no request changes anything.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from http import HTTPStatus

import cv2
import numpy as np

from agent.views.kit.pages import SinglePage
from agent.views.loopback import GuardedHandler, LoopbackServer, Query, Refused
from envs.env import EnvError, Image

_PAGE = SinglePage(
    "agent/views/viewer.html", rules=("img-src 'self' data:", "form-action 'none'", "frame-ancestors 'none'")
)
_RATE = 4.0  # pictures a second at most


class Viewer(LoopbackServer):
    """Serves the pictures of `capture` (RGB) until closed; captures only while a page is open.

    `capture` is called from other threads. `rate` is the most pictures a second.
    """

    def __init__(self, capture: Callable[[], Image], rate: float = _RATE) -> None:
        self._capture, self._interval = capture, 1 / rate
        self._closing = threading.Event()
        super().__init__(_ViewerHandler)

    def close(self) -> None:
        """Stop serving. Safe to call twice."""
        self._closing.set()
        super().close()

    def html(self, token: str) -> str:
        """The page."""
        return _PAGE.html("Handeye recording", brand="Handeye recording", key=token, policy="")

    def pictures(self, send: Callable[[bytes], None]) -> None:
        """Send a JPEG now and after each change, until closed or `send` fails.

        Each is sent twice: Chromium shows a picture of a stream only when the next one begins.
        """
        shown: Image | None = None
        times = 0
        while not self._closing.is_set():
            try:
                image = self._capture()
            except EnvError:
                return
            if shown is None or not np.array_equal(image, shown):
                shown, times = image, 2
            if times:
                send(_jpeg(image))
                times -= 1
            self._closing.wait(self._interval)


def _jpeg(image: Image) -> bytes:
    _, data = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 80])
    return bytes(data)


class _ViewerHandler(GuardedHandler):
    server_: Viewer

    def admitted(self, path: str, query: Query) -> bool:
        """Whoever has the token."""
        return self.command == "GET" and self.server_.is_token(_token(query))

    def route(self, path: str, query: Query) -> None:
        """The page, and the pictures as one answer that does not end."""
        if path == "/":
            html, policy = self.server_.html(_token(query)), {"Content-Security-Policy": _PAGE.policy}
            self.send(HTTPStatus.OK, "text/html; charset=utf-8", html.encode(), policy)
        elif path == "/stream":
            self.send_stream("multipart/x-mixed-replace; boundary=picture")
            self.server_.pictures(self._part)
        else:
            raise Refused(404, "there is nothing here")

    def _part(self, jpeg: bytes) -> None:
        head = f"--picture\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
        self.wfile.write(head.encode() + jpeg + b"\r\n")
        self.wfile.flush()


def _token(query: Query) -> str:
    return query.get("token", [""])[0]
