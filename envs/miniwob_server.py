"""A loopback web server of MiniWoB++ pages that begin their episode themselves and report its result.

A device reaches it through ``adb reverse``. Requests without its random path are refused.
"""

from __future__ import annotations

import http.server
import json
import mimetypes
import secrets
import sys
import threading
import urllib.parse
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from envs.env import EnvError
from envs.miniwob_pages import PageState, html_folder
from envs.phone.apps import WEB

_SCRIPTS = {name: WEB / "apps/miniwob" / name for name in ("episode.js", "remote.js")}
_WIDTH = 216
"""CSS pixels that the width of the screen is worth: 5 device pixels each where the screen has 1080."""
_LONGEST = 1 << 16
_HEAD = f"""<meta name="viewport" content="width={_WIDTH}, user-scalable=no">
<script src="../episode.js"></script><script src="../remote.js"></script>"""


@dataclass
class PageEpisode:
    """An episode; `begun` is set once its page has reported the instruction."""

    utterance: str = ""
    state: PageState = field(default_factory=lambda: PageState(False, 0.0, 0.0))
    begun: threading.Event = field(default_factory=threading.Event)


class MiniwobServer:
    """Serves on a free port of this machine's loopback until `close`. Raises `EnvError` where there are no pages."""

    def __init__(self) -> None:
        self._folder = html_folder().resolve()
        self._path = secrets.token_urlsafe(12)
        self._episodes: dict[str, PageEpisode] = {}
        self._http = _QuietServer(("127.0.0.1", 0), _handler(self))
        self._http.daemon_threads = True
        threading.Thread(target=self._http.serve_forever, daemon=True, name="miniwob pages").start()

    @property
    def port(self) -> int:
        """Its port."""
        return int(self._http.server_address[1])

    def open(self, page: str, seed: int) -> tuple[str, PageEpisode]:
        """The address of a fresh episode on `page` (``click-test``), and the episode. Raises `EnvError`."""
        if not (self._folder / "miniwob" / f"{page}.html").is_file():
            raise EnvError(f"MiniWoB++ has no page {page!r}")
        name, episode = secrets.token_urlsafe(6), PageEpisode()
        self._episodes = {name: episode}  # reports of an older page are dropped
        asked = urllib.parse.urlencode({"seed": seed, "episode": name})
        return f"http://127.0.0.1:{self.port}/{self._path}/miniwob/{page}.html?{asked}", episode

    def file(self, path: str) -> tuple[bytes, str] | None:
        """The bytes and media type of a URL's path; None where there is none."""
        _, own, *rest = [*urllib.parse.unquote(path).split("/"), ""]
        if not secrets.compare_digest(own.encode(), self._path.encode()):
            return None
        inner = "/".join(rest).rstrip("/")
        there = _SCRIPTS.get(inner) or (self._folder / inner).resolve()
        if not there.is_file() or not (inner in _SCRIPTS or there.is_relative_to(self._folder)):
            return None
        return self._served(there), mimetypes.guess_type(there.name)[0] or "application/octet-stream"

    def _served(self, there: Path) -> bytes:
        data = there.read_bytes()
        if there.parent.name == "miniwob" and there.suffix == ".html":
            data = data.replace(b"<head>", b"<head>" + _HEAD.encode(), 1)
        return data

    def receive(self, path: str, report: Any) -> bool:
        """Take a page's report; whether it was valid."""
        if path != f"/{self._path}/told" or not isinstance(report, dict):
            return False
        episode = self._episodes.get(str(report.get("episode")))
        if episode is None:
            return False
        if report.get("done") and not episode.state.done:
            episode.state = PageState(
                True, float(report["raw"]), float(report["reward"]), str(report.get("reason") or "")
            )
        if "utterance" in report:
            episode.utterance = str(report["utterance"])
            episode.begun.set()
        return True

    def close(self) -> None:
        """Stop. Safe to call twice."""
        self._http.shutdown()
        self._http.server_close()


class _QuietServer(http.server.ThreadingHTTPServer):
    """Logs no browser that disconnects."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


def _handler(server: MiniwobServer) -> type[http.server.BaseHTTPRequestHandler]:
    class MiniwobHandler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            found = server.file(urllib.parse.urlsplit(self.path).path)
            self._send(200, *found) if found else self._send(404, b"not found", "text/plain")

        def do_POST(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(size) if size <= _LONGEST else b""
            try:
                accepted = server.receive(self.path, json.loads(body))
            except (ValueError, TypeError, KeyError):
                accepted = False
            self._send(200 if accepted else 400, b"{}", "application/json")

        def _send(self, status: int, body: bytes, kind: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", f"{kind}; charset=utf-8" if kind.startswith("text/") else kind)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "no-store")
            with suppress(ConnectionError):
                self.end_headers()
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    return MiniwobHandler
