"""The loopback server behind the phone's screen: the web files of its apps, and what they may ask of the phone."""

from __future__ import annotations

import http.client
import http.server
import json
import mimetypes
import re
import secrets
import socket
import sqlite3
import sys
import threading
import urllib.parse
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from envs.phone.apps import WEB, apps
from envs.phone.state import State

_LARGEST = 16 << 20
_NET = re.compile(r"/net/(\d{1,5})(/.*)")
_PATIENCE = 20.0


class LoopbackServer(http.server.ThreadingHTTPServer):
    """Threads that end with this process; a caller that hangs up, as a killed browser does, is no error."""

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Tell of anything else."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class PhoneServer:
    """Serves `state` and the web files on a free port of this machine. `mounts` are further folders by their path.

    ``/net/PORT/PATH`` is what the phone's browser sees at ``http://127.0.0.1:PORT/PATH``: `dial` connects to a port of
    the phone, and raises OSError where nothing listens.
    """

    def __init__(self, state: State, mounts: Mapping[str, Path] | None = None) -> None:
        self.state = state
        self.mounts = {"/": WEB, **(mounts or {})}
        self.token = secrets.token_urlsafe(16)
        self.dial: Callable[[int], socket.socket] = _refuse
        self._http = LoopbackServer(("127.0.0.1", 0), _handler(self))
        threading.Thread(target=self._http.serve_forever, daemon=True, name="phone server").start()

    @property
    def url(self) -> str:
        """Its address, without a slash at the end."""
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def close(self) -> None:
        """Stop. Safe to call twice."""
        self._http.shutdown()
        self._http.server_close()

    def file(self, path: str) -> Path | None:
        """The file that a path of a URL stands for; None where there is none, or it would leave its folder."""
        mount = max((m for m in self.mounts if path.startswith(m)), key=len)
        folder = self.mounts[mount].resolve()
        there = (folder / path[len(mount) :].lstrip("/")).resolve()
        there = there / "index.html" if there.is_dir() else there
        return there if there.is_relative_to(folder) and there.is_file() else None

    def answer(self, question: Mapping[str, Any]) -> Any:
        """What an app asked for. Raises ValueError, OSError or sqlite3.Error."""
        kind = question.get("kind")
        if kind == "db":
            app = apps()[str(question["package"])]
            return self.state.query(app.database, str(question["sql"]), question.get("values", ()))
        if kind == "get":
            return self.state.get(str(question["namespace"]), str(question["name"]))
        if kind == "put":
            return self.state.put(str(question["namespace"]), str(question["name"]), str(question["value"]))
        if kind == "now":
            return self.state.clock.now().timestamp() * 1000
        if kind == "apps":
            return [
                {"package": a.package, "label": a.label, "folder": a.folder.name}
                for a in apps().values()
                if a.in_launcher
            ]
        return self._files(question)

    def fetch(self, method: str, path: str, body: bytes, kind: str) -> tuple[int, bytes, str]:
        """The answer of a server on a port of the phone: status, body and type. `path` begins with ``/net/``."""
        found = _NET.fullmatch(path)
        if found is None:
            return 404, b"not found", "text/plain"
        asked = http.client.HTTPConnection("127.0.0.1", int(found[1]), timeout=_PATIENCE)
        try:
            asked.sock = self.dial(int(found[1]))
            asked.sock.settimeout(_PATIENCE)
            asked.request(method, found[2], body or None, {"Content-Type": kind} if body else {})
            said = asked.getresponse()
            return said.status, said.read(_LARGEST), said.headers.get("Content-Type") or "application/octet-stream"
        except (OSError, http.client.HTTPException) as error:
            return 502, f"This site cannot be reached: {error}".encode(), "text/plain"
        finally:
            asked.close()

    def _files(self, question: Mapping[str, Any]) -> Any:
        """Files under ``/sdcard``: list, read, write, delete, move and make folders."""
        path = str(question["path"])
        if not path.startswith("/sdcard/") and path != "/sdcard":
            raise ValueError(f"apps see /sdcard only, not {path}")
        there, kind = self.state.storage.locate(path), question["kind"]
        if kind == "list":
            return [_entry(entry) for entry in sorted(there.iterdir(), key=lambda e: e.name.lower())]
        if kind == "read":
            return there.read_text(encoding="utf-8", errors="replace")
        if self.state.storage.full:
            raise OSError(28, "No space left on device")
        if kind == "write":
            there.parent.mkdir(parents=True, exist_ok=True)
            there.write_text(str(question["text"]), encoding="utf-8")
        elif kind == "delete":
            there.rmdir() if there.is_dir() else there.unlink()
        elif kind == "move":
            there.rename(self.state.storage.locate(str(question["to"])))
        elif kind == "mkdir":
            there.mkdir()
        else:
            raise ValueError(f"unknown request {kind!r}")
        return None


def _refuse(port: int) -> socket.socket:
    raise ConnectionRefusedError(f"nothing listens on tcp:{port}")


def _entry(path: Path) -> dict[str, Any]:
    found = path.stat()
    return {"name": path.name, "folder": path.is_dir(), "size": found.st_size, "modified": found.st_mtime * 1000}


def _handler(server: PhoneServer) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # else every answer waits 40 ms for an acknowledgement

        def do_GET(self) -> None:
            if self.path.startswith("/net/"):
                self._send(*server.fetch("GET", self.path, b"", ""))
                return
            there = server.file(urllib.parse.unquote(urllib.parse.urlsplit(self.path).path))
            if there is None:
                self._send(404, b"not found", "text/plain")
                return
            kind = mimetypes.guess_type(there.name)[0] or "application/octet-stream"
            self._send(200, there.read_bytes(), kind)

        def do_POST(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(size) if size <= _LARGEST else b""
            if self.path.startswith("/net/"):
                self._send(*server.fetch("POST", self.path, body, self.headers.get("Content-Type") or ""))
                return
            if self.headers.get("X-Phone") != server.token or self.path != "/api":
                self._send(403, b"{}", "application/json")
                return
            try:
                answer: dict[str, Any] = {"value": server.answer(json.loads(body))}
            except (KeyError, TypeError, ValueError, OSError, sqlite3.Error) as error:
                answer = {"error": f"{type(error).__name__}: {error}"}
            self._send(200, json.dumps(answer).encode(), "application/json")

        def _send(self, status: int, body: bytes, kind: str) -> None:
            self.send_response(status)
            text = kind.startswith("text/") or kind.endswith(("javascript", "json"))
            self.send_header("Content-Type", f"{kind}; charset=utf-8" if text and "charset" not in kind else kind)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "no-store")
            with suppress(ConnectionError):  # the page that asked is gone
                self.end_headers()
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing: the phone's own pages are the only callers."""

    return Handler
