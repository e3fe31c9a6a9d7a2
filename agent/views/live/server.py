"""The live page's HTTP server, on loopback only.

* Every request must name this server in its Host header (against DNS rebinding) and, where it has an Origin, come from
  it.
* The page itself, which holds no state, is served for ``/?token=…``. That sets a cookie which only loads the page
  again: cookies are sent to every port of this machine, so the token is never in one.
* Everything else needs ``Authorization: Bearer TOKEN``; the page keeps the token in its tab's session storage.
* Any other request gets 403 with an empty body, whether or not its path exists.
"""

from __future__ import annotations

import hmac
import json
import re
import secrets
import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from pydantic import ValidationError

from agent.core.errors import UserError
from agent.views.live.commands import read_command
from agent.views.live.document import HtmlDocument
from agent.views.live.state import LiveState, Refused

LARGEST = 1 << 20
"""The most bytes of a command."""
POLL = 5.0
"""Seconds after which a request for a newer state is answered with the current one."""
_METHODS = ("GET", "POST", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT")


class LiveServer:
    """Serves `state` and `document` on 127.0.0.1 until closed. `port` 0 is any free one. Raises `UserError`."""

    def __init__(self, state: LiveState, document: HtmlDocument, port: int = 0) -> None:
        self.state, self.document = state, document
        self._token, self._cookie = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        try:
            self._http = ThreadingHTTPServer(("127.0.0.1", port), _handler(self))
        except (OSError, OverflowError) as error:
            raise UserError(f"--live-port {port} cannot be used ({error}): choose another, or 0 for any") from error
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), name="live view", daemon=True)
        self._thread.start()
        self._closed = False

    @property
    def port(self) -> int:
        """The TCP port on 127.0.0.1."""
        return int(self._http.server_address[1])

    @property
    def url(self) -> str:
        """The address of the page with the token, which gives control of the run."""
        return f"http://127.0.0.1:{self.port}/?token={self._token}"

    @property
    def cookie(self) -> str:
        """The cookie that loads the page again: ``NAME=VALUE``."""
        return f"handeye-{self.port}={self._cookie}"

    def close(self) -> None:
        """Stop serving. Safe to call twice."""
        if not self._closed:
            self._closed = True
            self._http.shutdown()
            self._http.server_close()
            self._thread.join()

    def knows(self, host: str, origin: str | None) -> bool:
        """Whether a request is addressed to this server and comes from its own page or from no page."""
        names = (f"127.0.0.1:{self.port}", f"localhost:{self.port}")
        return host in names and origin in (None, f"http://{host}")

    def is_token(self, token: str) -> bool:
        """Whether this is the token, compared in constant time."""
        return _same(token, self._token)

    def is_cookie(self, cookies: str) -> bool:
        """Whether the Cookie header has the cookie."""
        return any(_same(cookie.strip(), self.cookie) for cookie in cookies.split(";"))


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode("utf-8", "surrogatepass"), other.encode())


def _handler(server: LiveServer) -> type[BaseHTTPRequestHandler]:
    answers = {f"do_{method}": _LiveHandler.answer for method in _METHODS}
    return type("Handler", (_LiveHandler,), {"live": server, **answers})


class _LiveHandler(BaseHTTPRequestHandler):
    live: LiveServer
    _unread: int
    protocol_version = "HTTP/1.1"
    timeout = 30

    def answer(self) -> None:
        """Answer any request."""
        parts = urlsplit(self.path)
        query = parse_qs(parts.query)
        self._unread = self._length() or 0
        try:
            if not self._admitted(parts.path, query):
                self._discard_body()
                self._send(HTTPStatus.FORBIDDEN)
            else:
                self._route(parts.path, query)
        except Refused as refused:
            self._discard_body()
            self._send_json({"error": str(refused)}, HTTPStatus(refused.status))

    def _length(self) -> int | None:
        length = self.headers.get("Content-Length", "")
        return int(length) if re.fullmatch(r"[0-9]{1,12}", length) else None

    def _discard_body(self) -> None:
        """Discard the rest of the body and close the connection afterwards."""
        self.close_connection = True
        if self._unread <= LARGEST:
            self.rfile.read(self._unread)

    def _admitted(self, path: str, query: dict[str, list[str]]) -> bool:
        hosts, live = self.headers.get_all("Host", []), self.live
        if len(hosts) != 1 or not live.knows(hosts[0], self.headers.get("Origin")):
            return False
        if path == "/" and self.command == "GET":
            return live.is_token(query.get("token", [""])[0]) or live.is_cookie(self.headers.get("Cookie", ""))
        kind, _, token = self.headers.get("Authorization", "").partition(" ")
        return kind == "Bearer" and live.is_token(token)

    def _route(self, path: str, query: dict[str, list[str]]) -> None:
        routes: dict[tuple[str, str], Callable[[], None]] = {
            ("GET", "/"): self._page,
            ("GET", "/state"): lambda: self._state(query),
            ("GET", "/screen"): self._screen,
            ("POST", "/do"): self._do,
        }
        if (self.command, path) in routes:
            routes[self.command, path]()
        elif self.command == "GET" and (found := re.fullmatch(r"/steps/([0-9]{1,9})", path)):
            self._step_picture(int(found[1]))
        elif path in {known for _, known in routes}:
            raise Refused(405, f"{self.command} is not for {path}")
        else:
            raise Refused(404, "there is nothing here")

    def _page(self) -> None:
        document = self.live.document
        cookie = f"{self.live.cookie}; HttpOnly; SameSite=Strict; Path=/"
        more = {"Content-Security-Policy": document.policy, "Set-Cookie": cookie}
        self._send(HTTPStatus.OK, "text/html; charset=utf-8", document.html.encode(), more)

    def _state(self, query: dict[str, list[str]]) -> None:
        page = query.get("page", [""])[0]
        after, steps = (_number(query.get(name, ["-1"])[0]) for name in ("after", "steps"))
        if not re.fullmatch(r"[0-9a-zA-Z-]{1,64}", page):
            raise Refused(400, "page: a name of up to 64 letters and digits")
        self._send_json(self.live.state.snapshot(page, after, steps, POLL))

    def _screen(self) -> None:
        picture = self.live.state.picture()
        if picture is None:
            raise Refused(404, "nothing was captured yet")
        self._send(HTTPStatus.OK, "image/png", picture[1], {"X-Screen": str(picture[0])})

    def _step_picture(self, number: int) -> None:
        picture = self.live.state.step_picture(number)
        if picture is None:
            raise Refused(404, "this picture is no longer kept: see the episode")
        self._send(HTTPStatus.OK, "image/jpeg", picture)

    def _do(self) -> None:
        body = self._body()
        try:
            command = read_command(body)
        except (ValidationError, RecursionError) as error:
            raise Refused(400, _line(error)) from error
        self._send_json({"card": self.live.state.do(command)})

    def _body(self) -> bytes:
        kind = self.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        length = self._length()
        if kind != "application/json":
            raise Refused(415, "a command is application/json")
        if "Transfer-Encoding" in self.headers or length is None:
            raise Refused(411, "a command needs a Content-Length")
        if length > LARGEST:
            raise Refused(413, f"a command has at most {LARGEST} bytes")
        self._unread = 0
        return self.rfile.read(length)

    def _send_json(self, data: Any, status: HTTPStatus = HTTPStatus.OK) -> None:
        text = json.dumps(data, ensure_ascii=False).encode("utf-8", "replace")
        self._send(status, "application/json", text)

    def _send(
        self, status: HTTPStatus, kind: str | None = None, body: bytes = b"", more: dict[str, str] | None = None
    ) -> None:
        self.send_response_only(status)
        headers = {
            "Cache-Control": "no-store",
            "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            "Content-Length": str(len(body)),
            **({"Content-Type": kind} if kind else {}),
            **({"Connection": "close"} if self.close_connection else {}),
            **(more or {}),
        }
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """The status of a malformed request, without the base class's page."""
        self.close_connection = True
        self.command = self.command or ""
        self._send(HTTPStatus(code))

    def handle(self) -> None:
        """Serve one connection; the client may close it at any time."""
        try:
            super().handle()
        except OSError:
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing: the terminal shows the run."""


def _number(text: str) -> int:
    if not re.fullmatch(r"-?[0-9]{1,12}", text):
        raise Refused(400, "after and steps are whole numbers")
    return int(text)


def _line(error: Exception) -> str:
    if not isinstance(error, ValidationError):
        return "that is no command"
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    return f"{where}: {first['msg']}" if where else str(first["msg"])
