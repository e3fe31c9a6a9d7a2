"""`Viewer`: a view-only web page with the current picture of a screen, for ``record --live``.

It listens on 127.0.0.1 only, every request needs the token in its URL, and no request changes anything.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self
from urllib.parse import parse_qs, urlsplit

import cv2
import numpy as np

from envs.env import EnvError, Image

_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Handeye</title>
<link rel="stylesheet" href="/style?token={token}">
<img alt="The screen, as it is now" src="/stream?token={token}"></html>"""
_STYLE = "body{margin:0;background:#222}img{max-width:100%;display:block;margin:auto}"
_POLICY = "default-src 'none'; img-src 'self'; style-src 'self'; base-uri 'none'; form-action 'none'"
_RATE = 4.0  # pictures a second at most


class Viewer:
    """Serves the pictures of `capture` (RGB) at `url` until closed; captures only while a page is open.

    `capture` is called from other threads. `rate` is the most pictures a second.
    """

    def __init__(self, capture: Callable[[], Image], rate: float = _RATE) -> None:
        self._capture, self._interval = capture, 1 / rate
        self._token = secrets.token_urlsafe(24)
        self._closing = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="viewer", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """The TCP port on 127.0.0.1."""
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """The address of the page, with the token."""
        return f"http://127.0.0.1:{self.port}/?token={self._token}"

    def close(self) -> None:
        """Stop serving. Safe to call twice."""
        if not self._closing.is_set():
            self._closing.set()
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def allows(self, host: str, token: str) -> bool:
        """Whether a request with this Host header (checked against DNS rebinding) and token is answered."""
        names = (f"127.0.0.1:{self.port}", f"localhost:{self.port}")
        return host in names and secrets.compare_digest(token.encode(), self._token.encode())

    def document(self, path: str) -> tuple[str, str] | None:
        """Content type and text of `path`; None for an unknown path."""
        return {"/": ("text/html", _PAGE.format(token=self._token)), "/style": ("text/css", _STYLE)}.get(path)

    def pictures(self, send: Callable[[bytes], None]) -> None:
        """Send a JPEG now and after each change, until closed or `send` fails."""
        shown: Image | None = None
        while True:
            try:
                image = self._capture()
            except EnvError:
                return
            if shown is None or not np.array_equal(image, shown):
                shown = image
                send(_jpeg(image))
            if self._closing.wait(self._interval):
                return


def _jpeg(image: Image) -> bytes:
    _, data = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 80])
    return bytes(data)


def _handler(viewer: Viewer) -> type[BaseHTTPRequestHandler]:
    class ViewerHandler(BaseHTTPRequestHandler):
        timeout = 30

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            token = parse_qs(parts.query).get("token", [""])[0]
            if not viewer.allows(self.headers.get("Host", ""), token):
                self.send_error(HTTPStatus.FORBIDDEN)
            elif parts.path == "/stream":
                self._stream()
            elif (document := viewer.document(parts.path)) is not None:
                self._send(*document)
            else:
                self.send_error(HTTPStatus.NOT_FOUND)

        def _start(self, content_type: str) -> None:
            self.send_response(HTTPStatus.OK)
            for name, value in (
                ("Content-Type", content_type), ("Content-Security-Policy", _POLICY), ("Cache-Control", "no-store"),
                ("Referrer-Policy", "no-referrer"), ("X-Content-Type-Options", "nosniff"),
            ):  # fmt: skip
                self.send_header(name, value)

        def _send(self, content_type: str, text: str) -> None:
            body = text.encode()
            self._start(f"{content_type}; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _stream(self) -> None:
            self._start("multipart/x-mixed-replace; boundary=picture")
            self.end_headers()
            try:
                viewer.pictures(self._part)
            except OSError:
                return  # the client disconnected

        def _part(self, jpeg: bytes) -> None:
            head = f"--picture\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
            self.wfile.write(head.encode() + jpeg + b"\r\n")
            self.wfile.flush()

        def log_message(self, format: str, *args: object) -> None:
            """Log nothing: the terminal shows the recording."""

    return ViewerHandler
