"""A web server on loopback: pages, submitted forms, and the screen positions of elements."""

from __future__ import annotations

import html
import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from actions.frame import Box

Values = dict[str, list[str]]

STYLE = """body{font:16px sans-serif;margin:24px;max-width:820px;color:#222} label{display:block;margin:12px 0}
input,select,button,textarea{font:inherit} input[type=text],input[type=email],input[type=password]{width:260px}
table{border-collapse:collapse} td,th{border:1px solid #bbb;padding:6px 14px;text-align:left} nav a{margin-right:18px}
button{padding:4px 14px}"""

PLACES = """
(() => { let last = "";
const tell = () => {
  const dx = screenX + (outerWidth - innerWidth) / 2, dy = screenY + outerHeight - innerHeight, places = {};
  for (const e of document.querySelectorAll("[id]")) {
    const r = e.getBoundingClientRect();
    if (r.width && r.top >= 0 && r.bottom <= innerHeight)
      places[e.id] = [r.left + dx, r.top + dy, r.right + dx, r.bottom + dy];
  }
  const now = JSON.stringify({page: location.pathname, places});
  const painted = performance.getEntriesByName("first-contentful-paint").length;  // before, Chromium drops clicks
  if (now !== last && painted && document.visibilityState === "visible") {
    last = now; fetch("/.places", {method: "POST", body: now}).catch(() => { last = ""; });
  }
};
document.addEventListener("visibilitychange", () => { last = ""; });
setInterval(tell, 100); })();
"""


@dataclass(frozen=True)
class WebPage:
    """A page, or with `download` a file that the browser stores under that name."""

    title: str
    body: str
    download: str = ""

    def render(self) -> str:
        """The HTML."""
        return (
            f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{html.escape(self.title)}</title>'
            f'<style>{STYLE}</style><link rel="icon" href="data:,">{self.body}<script>{PLACES}</script></html>'
        )


class _PageServer(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nothing: a browser that is closed during a response is no error."""


@dataclass
class Pages:
    """A web server on an ephemeral port of loopback.

    `forms` has what was submitted, as (path, values), in order; `visited` the paths of the pages that were fetched. A
    form that is sent to a path answers with the page of that path.
    """

    pages: Mapping[str, WebPage]
    forms: list[tuple[str, Values]] = field(default_factory=list)
    visited: list[str] = field(default_factory=list)
    _seen: tuple[str, dict[str, list[float]]] = ("", {})

    def __post_init__(self) -> None:
        self._server = _PageServer(("127.0.0.1", 0), self._handler())
        self.port = self._server.server_port
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop serving. Safe to call twice."""
        self._server.shutdown()
        self._server.server_close()

    def sent(self, path: str) -> list[dict[str, str]]:
        """The forms sent to `path`: each field's first value."""
        return [{key: values[0] for key, values in form.items()} for to, form in self.forms if to == path]

    @property
    def shown(self) -> str:
        """The path of the page that a browser shows and has painted; "" for none yet."""
        return self._seen[0]

    def place(self, path: str, name: str) -> Box | None:
        """Where the element with id `name` is on the screen (input units) while the page `path` shows it, or None."""
        page, places = self._seen
        box = places.get(name) if page == path else None
        return None if box is None else Box(*box)

    def take(self, path: str, body: str) -> None:
        """Record what a browser sent."""
        if path == "/.places":
            data: Any = json.loads(body)
            self._seen = (str(data["page"]), data["places"])
        else:
            self.forms.append((path, parse_qs(body, keep_blank_values=True)))

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        pages = self

        class PagesHandler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path = urlsplit(self.path).path
                if path in pages.pages:
                    pages.visited.append(path)
                self._reply(path)

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
                path = urlsplit(self.path).path
                pages.take(path, body)
                self._reply(path)

            def _reply(self, path: str) -> None:
                page = pages.pages.get(path)
                text = "" if page is None else page.body if page.download else page.render()
                self.send_response(200 if page or path.startswith("/.") else 404)
                if page and page.download:
                    self.send_header("Content-Disposition", f'attachment; filename="{page.download}"')
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(text.encode())))
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, format: str, *args: object) -> None:
                """Nothing."""

        return PagesHandler
