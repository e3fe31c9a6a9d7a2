"""`LoopbackServer`: HTTP on 127.0.0.1 for the pages of this machine's user, and nobody else's.

* Every request must name this server in its Host header (against DNS rebinding) and, where it has an Origin, come from
  it. What else it needs is the handler's to say (`GuardedHandler.admitted`).
* Any other request gets 403 with an empty body, whether or not its path exists.
* No answer is cached, framed, sniffed or sent on as a referrer.
"""

from __future__ import annotations

import contextlib
import hmac
import json
import os
import re
import secrets
import tempfile
import threading
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

from pydantic import ValidationError

from agent.core.errors import UserError
from agent.views.terminal import console

LARGEST = 1 << 20
"""The most bytes of a request's body."""
_METHODS = ("GET", "POST", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT")
Query = dict[str, list[str]]


class Refused(ValueError):  # noqa: N818 - a reply to the page
    """A request is not carried out: an HTTP `status`, and one line for the person."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class LoopbackServer:
    """Serves by `handler` on 127.0.0.1 until closed, in threads. `port` 0 is any free one, `option` its flag.

    Raises `UserError` for a port that cannot be used.
    """

    def __init__(self, handler: type[GuardedHandler], port: int = 0, option: str = "--port") -> None:
        self._token = secrets.token_urlsafe(32)
        answers = {f"do_{method}": handler.answer for method in _METHODS}
        try:
            own = type("Handler", (handler,), {"server_": self, **answers})
            self._http = ThreadingHTTPServer(("127.0.0.1", port), own)
        except (OSError, OverflowError) as error:
            raise UserError(f"{option} {port} cannot be used ({error}): choose another, or 0 for any") from error
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), name="pages", daemon=True)
        self._thread.start()
        self._closed = False

    @property
    def port(self) -> int:
        """The TCP port on 127.0.0.1."""
        return int(self._http.server_address[1])

    @property
    def url(self) -> str:
        """The address that lets in who has it: it has the token."""
        return f"http://127.0.0.1:{self.port}/?token={self._token}"

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
        return same(token, self._token)


def same(one: str, other: str) -> bool:
    """Whether two secrets are equal, in constant time."""
    return hmac.compare_digest(one.encode("utf-8", "surrogatepass"), other.encode())


def has_cookie(cookies: str, cookie: str) -> bool:
    """Whether a Cookie header has `cookie` (``NAME=VALUE``)."""
    return any(same(one.strip(), cookie) for one in cookies.split(";"))


class GuardedHandler(BaseHTTPRequestHandler):
    """Answers what `admitted` lets in by `route`. `server_` is the `LoopbackServer`."""

    server_: LoopbackServer
    _unread: int
    protocol_version = "HTTP/1.1"
    timeout = 30
    guards: ClassVar[dict[str, str]] = {
        "Cache-Control": "no-store",
        "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
    }
    """The headers of every answer."""

    def admitted(self, path: str, query: Query) -> bool:
        """Whether a request to this server from its own page, or from none, may be answered."""
        raise NotImplementedError

    def route(self, path: str, query: Query) -> None:
        """Answer an admitted request. Raises `Refused`."""
        raise NotImplementedError

    def answer(self) -> None:
        """Answer any request."""
        parts = urlsplit(self.path)
        query = parse_qs(parts.query)
        self._unread = self._length() or 0
        hosts = self.headers.get_all("Host", [])
        known = len(hosts) == 1 and self.server_.knows(hosts[0], self.headers.get("Origin"))
        try:
            if known and self.admitted(parts.path, query):
                self.route(parts.path, query)
            else:
                self._discard_body()
                self.send(HTTPStatus.FORBIDDEN)
        except Refused as refused:
            self._discard_body()
            self.refuse(refused)

    def refuse(self, refused: Refused) -> None:
        """Tell the page why a request is not carried out."""
        self.send_json({"error": str(refused)}, HTTPStatus(refused.status))

    def has_bearer_token(self) -> bool:
        """Whether the request has ``Authorization: Bearer TOKEN``."""
        kind, _, token = self.headers.get("Authorization", "").partition(" ")
        return kind == "Bearer" and self.server_.is_token(token)

    def json_body(self) -> bytes:
        """The body of a request that is ``application/json``. Raises `Refused`."""
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

    def _length(self) -> int | None:
        length = self.headers.get("Content-Length", "")
        return int(length) if re.fullmatch(r"[0-9]{1,12}", length) else None

    def _discard_body(self) -> None:
        """Discard the rest of the body and close the connection afterwards."""
        self.close_connection = True
        if self._unread <= LARGEST:
            self.rfile.read(self._unread)

    def send_json(self, data: Any, status: HTTPStatus = HTTPStatus.OK) -> None:
        """Answer with JSON."""
        text = json.dumps(data, ensure_ascii=False).encode("utf-8", "replace")
        self.send(status, "application/json", text)

    def send(
        self, status: HTTPStatus, kind: str | None = None, body: bytes = b"", more: dict[str, str] | None = None
    ) -> None:
        """Answer with `body`; `more` headers come over those of every answer."""
        self._begin(status, kind, {"Content-Length": str(len(body)), **(more or {})})
        if self.command != "HEAD":
            self.wfile.write(body)

    def send_stream(self, kind: str) -> None:
        """Begin an answer that goes on until the connection is closed; the caller writes it to `wfile`."""
        self.close_connection = True
        self._begin(HTTPStatus.OK, kind, {})

    def _begin(self, status: HTTPStatus, kind: str | None, more: dict[str, str]) -> None:
        self.send_response_only(status)
        headers = {
            **self.guards,
            **({"Content-Type": kind} if kind else {}),
            **({"Connection": "close"} if self.close_connection else {}),
            **more,
        }
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """The status of a malformed request, without the base class's page."""
        self.close_connection = True
        self.command = self.command or ""
        self.send(HTTPStatus(code))

    def handle(self) -> None:
        """Serve one connection; the client may close it at any time."""
        try:
            super().handle()
        except OSError:
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing: the terminal shows the run."""


def explained(error: Exception) -> str:
    """What is wrong with a command, in one line."""
    if not isinstance(error, ValidationError):
        return "that is no command"
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    return f"{where}: {first['msg']}" if where else str(first["msg"])


@contextmanager
def opened(url: str) -> Iterator[None]:
    """Open `url` in a browser through a file that only this user can read: every user can read process arguments."""
    handle, name = tempfile.mkstemp(prefix="handeye-", suffix=".html")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(f'<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="0;url={url}">')
    try:
        if not webbrowser.open(Path(name).as_uri()):
            console().print("[yellow]no browser could be started: open the address above yourself[/]", soft_wrap=True)
        yield
    finally:
        with contextlib.suppress(OSError):
            os.unlink(name)
