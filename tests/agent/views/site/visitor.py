"""Somebody at the site: enters by its address and asks for pages over HTTP."""

from __future__ import annotations

import http.client
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from actions.errors import HandeyeError
from agent.views.site.catalog import Catalog, ResultSource, RunEntry
from agent.views.site.server import SiteServer


class NoResults(ResultSource):
    """There are no benchmarks."""

    def entry(self, key: str, folder: Path) -> RunEntry | None:
        return None

    def page(self, folder: Path, home: str) -> str:
        raise HandeyeError("no results here")


def served(root: Path) -> SiteServer:
    return SiteServer(Catalog(root, NoResults()))


@dataclass
class Visitor:
    """One browser; `cookie` is what it was given."""

    server: SiteServer
    cookie: str = field(default="", init=False)

    @property
    def token(self) -> str:
        return parse_qs(urlsplit(self.server.url).query)["token"][0]

    def enter(self) -> Visitor:
        """Take the cookie."""
        answer = self.raw("GET", f"/?token={self.token}")
        self.cookie = answer.getheader("Set-Cookie").partition(";")[0]
        return self

    def raw(self, method: str, path: str, body: bytes | None = None, **headers: str | None) -> Any:
        """A request to a whole path; a header of None is left out, and `_` in a name is ``-``."""
        sent = {"Cookie": self.cookie, **{name.replace("_", "-"): value for name, value in headers.items()}}
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=60)
        connection.request(method, path, body, {name: value for name, value in sent.items() if value is not None})
        answer = connection.getresponse()
        answer.body = answer.read()  # type: ignore[attr-defined]
        connection.close()
        return answer

    def get(self, path: str = "", **headers: str | None) -> Any:
        """A page below the site's own path."""
        return self.raw("GET", f"{self.server.place}{path}", **headers)

    def text(self, path: str = "") -> str:
        answer = self.get(path)
        assert answer.status == 200, answer.body
        return str(answer.body.decode())
