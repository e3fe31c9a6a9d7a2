"""The live page's HTTP server: `agent.views.loopback`, and who is let in to what.

* The page itself, which holds no state, is served for ``/?token=…``. That sets a cookie which only loads the page
  again: cookies are sent to every port of this machine, so the token is never in one.
* Everything else needs ``Authorization: Bearer TOKEN``; the page keeps the token in its tab's session storage.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from http import HTTPStatus

from pydantic import ValidationError

from agent.views.kit.pages import SinglePage
from agent.views.live.commands import read_command
from agent.views.live.state import LiveState
from agent.views.loopback import GuardedHandler, LoopbackServer, Query, Refused, explained, has_cookie

POLL = 5.0
"""Seconds after which a request for a newer state is answered with the current one."""
_PAGE = SinglePage(
    "agent/views/live/live.html",
    ("agent/views/report/report.css", "agent/views/live/live.css"),
    ("agent/views/report/report.js", "agent/views/live/live.js"),
    ("connect-src 'self'", "img-src blob: data:", "form-action 'none'", "frame-ancestors 'none'"),
)


class LiveServer(LoopbackServer):
    """Serves the page of `state` on 127.0.0.1 until closed. `port` 0 is any free one. Raises `UserError`."""

    def __init__(self, state: LiveState, port: int = 0) -> None:
        self.state = state
        self._cookie = secrets.token_urlsafe(32)
        super().__init__(_LiveHandler, port, "--live-port")

    @property
    def cookie(self) -> str:
        """The cookie that loads the page again: ``NAME=VALUE``."""
        return f"handeye-{self.port}={self._cookie}"


class _LiveHandler(GuardedHandler):
    server_: LiveServer

    def admitted(self, path: str, query: Query) -> bool:
        """The page by token or cookie, everything else by the token in a header."""
        if path == "/" and self.command == "GET":
            live = self.server_
            token = query.get("token", [""])[0]
            return live.is_token(token) or has_cookie(self.headers.get("Cookie", ""), live.cookie)
        return self.has_bearer_token()

    def route(self, path: str, query: Query) -> None:
        """The page, its state, its pictures, and the person's commands."""
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
        cookie = f"{self.server_.cookie}; HttpOnly; SameSite=Strict; Path=/"
        more = {"Content-Security-Policy": _PAGE.policy, "Set-Cookie": cookie}
        html = _PAGE.html("Handeye live", policy="")  # a rule about frames is for the header alone
        self.send(HTTPStatus.OK, "text/html; charset=utf-8", html.encode(), more)

    def _state(self, query: Query) -> None:
        page = query.get("page", [""])[0]
        after, steps = (_number(query.get(name, ["-1"])[0]) for name in ("after", "steps"))
        if not re.fullmatch(r"[0-9a-zA-Z-]{1,64}", page):
            raise Refused(400, "page: a name of up to 64 letters and digits")
        self.send_json(self.server_.state.snapshot(page, after, steps, POLL))

    def _screen(self) -> None:
        picture = self.server_.state.picture()
        if picture is None:
            raise Refused(404, "nothing was captured yet")
        self.send(HTTPStatus.OK, "image/png", picture[1], {"X-Screen": str(picture[0])})

    def _step_picture(self, number: int) -> None:
        picture = self.server_.state.step_picture(number)
        if picture is None:
            raise Refused(404, "this picture is no longer kept: see the episode")
        self.send(HTTPStatus.OK, "image/jpeg", picture)

    def _do(self) -> None:
        body = self.json_body()
        try:
            command = read_command(body)
        except (ValidationError, RecursionError) as error:
            raise Refused(400, explained(error)) from error
        self.send_json({"card": self.server_.state.do(command)})


def _number(text: str) -> int:
    if not re.fullmatch(r"-?[0-9]{1,12}", text):
        raise Refused(400, "after and steps are whole numbers")
    return int(text)
