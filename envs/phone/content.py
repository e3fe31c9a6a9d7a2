"""The web content of the phone's screen: the files of its apps, and the answers to their requests.

`envs.phone.screen` asks for it through the DevTools pipe: nothing listens on a port, and the browser has no network.
"""

from __future__ import annotations

import http.client
import json
import mimetypes
import re
import socket
import sqlite3
import urllib.parse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from envs.phone.apps import WEB, apps, entries
from envs.phone.state import State

ORIGIN = "http://phone.localhost"
"""Scheme and host of all pages of the phone; no name server is asked for it."""
_LARGEST = 16 << 20
_NET = re.compile(r"/net/(\d{1,5})(/.*)")
_PATIENCE = 20.0


@dataclass(frozen=True)
class WebResponse:
    """The answer to a request of the browser; `kind` is the media type."""

    status: int
    content: bytes
    kind: str


_NOT_FOUND = WebResponse(404, b"not found", "text/plain")


class WebContent:
    """What the browser is served under `ORIGIN`: the files of the apps and the phone's `state`.

    `mounts` are further folders by URL path. ``/net/PORT/PATH`` is what the phone's browser sees at
    ``http://127.0.0.1:PORT/PATH``: `dial` connects to a port of the phone, and raises OSError where nothing listens.
    """

    def __init__(self, state: State, mounts: Mapping[str, Path] | None = None) -> None:
        self.state = state
        self.mounts = {"/": WEB, **(mounts or {})}
        self.dial: Callable[[int], socket.socket] = _refuse

    def respond(self, method: str, url: str, content: bytes = b"", kind: str = "") -> WebResponse | None:
        """The answer to a request; None for an address that is not the phone's."""
        if not url.startswith(f"{ORIGIN}/"):
            return None
        path = url.removeprefix(ORIGIN)
        if len(content) > _LARGEST:
            return WebResponse(413, b"too large", "text/plain")
        if path.startswith("/net/"):
            return self._forwarded(method, path, content, kind)
        if method == "POST" and path == "/api":
            return self._answered(content)
        there = self.file(urllib.parse.unquote(urllib.parse.urlsplit(path).path)) if method == "GET" else None
        if there is None:
            return _NOT_FOUND
        return WebResponse(200, there.read_bytes(), mimetypes.guess_type(there.name)[0] or "application/octet-stream")

    def file(self, path: str) -> Path | None:
        """The file at a path of a URL; None where there is none, or it would leave its folder."""
        mount = max((m for m in self.mounts if path.startswith(m)), key=len)
        folder = self.mounts[mount].resolve()
        there = (folder / path[len(mount) :].lstrip("/")).resolve()
        there = there / "index.html" if there.is_dir() else there
        return there if there.is_relative_to(folder) and there.is_file() else None

    def answer(self, question: Mapping[str, Any]) -> Any:
        """The answer to an app's request to the phone. Raises ValueError, OSError or sqlite3.Error."""
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
            return entries(self.state.properties["persist.sys.locale"], in_launcher=True)
        return self._files(question)

    def _answered(self, content: bytes) -> WebResponse:
        try:
            answer: dict[str, Any] = {"value": self.answer(json.loads(content))}
        except (KeyError, TypeError, ValueError, OSError, sqlite3.Error) as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        return WebResponse(200, json.dumps(answer).encode(), "application/json")

    def _forwarded(self, method: str, path: str, content: bytes, kind: str) -> WebResponse:
        """The answer of a server on a port of the phone. `path` begins with ``/net/``."""
        found = _NET.fullmatch(path)
        if found is None:
            return _NOT_FOUND
        asked = http.client.HTTPConnection("127.0.0.1", int(found[1]), timeout=_PATIENCE)
        try:
            asked.sock = self.dial(int(found[1]))
            asked.sock.settimeout(_PATIENCE)
            asked.request(method, found[2], content or None, {"Content-Type": kind} if content else {})
            said = asked.getresponse()
            kind = said.headers.get("Content-Type") or "application/octet-stream"
            return WebResponse(said.status, said.read(_LARGEST), kind)
        except (OSError, http.client.HTTPException) as error:
            return WebResponse(502, f"This site cannot be reached: {error}".encode(), "text/plain")
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
