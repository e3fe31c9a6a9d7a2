"""A stand-in of the Hugging Face hub on loopback: dataset repositories from memory, over the hub's own HTTP API.

It answers what `huggingface_hub` and `datasets` ask: ``/api/datasets/REPO`` with its files and their metadata, the tree
and ``paths-info``, and ``/datasets/REPO/resolve/REVISION/PATH`` with ETag, ``X-Linked-*`` and ``X-Repo-Commit``; large
files by a redirect to another path, as to a CDN, with Range. It can cut connections and send wrong bytes.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import threading
import zipfile
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.waiting import until

COMMIT = "0123456789abcdef0123456789abcdef01234567"
LARGE = 1000
"""Files of this many bytes and more are stored apart, as the hub does with LFS."""


class Hub:
    """Repositories by name, each its files by path.

    `cut` ends the connection after so many bytes of a path, once for each entry, when `cut_when` holds; `corrupt` are
    paths whose bytes are wrong. `asked` has each request: method, path, Range.
    """

    def __init__(self, repos: Mapping[str, Mapping[str, bytes]], licence: str | None = "apache-2.0") -> None:
        self.repos = {name: dict(files) for name, files in repos.items()}
        self.licence = licence
        self.cut: dict[str, list[int]] = {}
        self.cut_when: Callable[[], object] = lambda: True
        self.corrupt: set[str] = set()
        self.gated = False
        self.asked: list[tuple[str, str, str | None]] = []
        hub = self

        class Handler(_Handler):
            def __init__(self, *arguments: Any) -> None:
                self.hub = hub
                super().__init__(*arguments)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True

    def __enter__(self) -> Hub:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def ranges(self, part: str) -> list[str | None]:
        """The Range of each GET whose path has `part`."""
        return [of for method, path, of in self.asked if method == "GET" and part in path]


class _Handler(BaseHTTPRequestHandler):
    hub: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def _answer(self) -> None:
        place = urlsplit(self.path)
        path = unquote(place.path)
        self.hub.asked.append((self.command, path, self.headers.get("Range")))
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        if found := re.fullmatch(r"/api/datasets/([^/]+/[^/]+)(?:/revision/[^/]+)?", path):
            self._info(found[1], "blobs" in parse_qs(place.query))
        elif found := re.fullmatch(r"/api/datasets/([^/]+/[^/]+)/tree/[^/]+/?(.*)", path):
            self._tree(found[1], found[2])
        elif found := re.fullmatch(r"/api/datasets/([^/]+/[^/]+)/paths-info/[^/]+", path):
            asked = parse_qs(body).get("paths") or json.loads(body or "{}").get("paths", [])
            self._json([one for one in self._entries(found[1]) if one["path"] in asked])
        elif found := re.fullmatch(r"/datasets/([^/]+/[^/]+)/resolve/[^/]+/(.+)", path):
            self._resolve(found[1], found[2])
        elif found := re.fullmatch(r"/cdn/([^/]+/[^/]+)/(.+)", path):
            self._send_file(found[1], found[2])
        else:
            self._error(404, "EntryNotFound")

    def _files(self, repo: str) -> dict[str, bytes] | None:
        if repo not in self.hub.repos:
            self._error(401, "RepoNotFound")
            return None
        if self.hub.gated:
            self._error(403, "GatedRepo")
            return None
        return self.hub.repos[repo]

    def _info(self, repo: str, blobs: bool) -> None:
        files = self._files(repo)
        if files is None:
            return
        siblings: list[dict[str, Any]] = [{"rfilename": name} for name in files]
        for one in siblings if blobs else ():
            content = files[one["rfilename"]]
            one |= {"size": len(content), "blobId": _blob(content)}
            if len(content) >= LARGE:
                one["lfs"] = {"size": len(content), "sha256": _sha256(content), "pointerSize": 134}
        card = {"license": self.hub.licence} if self.hub.licence else {}
        self._json(
            {
                "_id": "1",
                "id": repo,
                "author": repo.partition("/")[0],
                "sha": COMMIT,
                "private": False,
                "gated": False,
                "disabled": False,
                "downloads": 1,
                "likes": 0,
                "tags": [],
                "cardData": card,
                "siblings": siblings,
            }
        )

    def _entries(self, repo: str) -> list[dict[str, Any]]:
        files = self.hub.repos.get(repo, {})
        folders = {name[:at] for name in files for at, letter in enumerate(name) if letter == "/"}
        found: list[dict[str, Any]] = [{"type": "directory", "path": one, "oid": _blob(one.encode()), "size": 0}
                                       for one in sorted(folders)]  # fmt: skip
        for name, content in files.items():
            entry = {"type": "file", "path": name, "oid": _blob(content), "size": len(content)}
            if len(content) >= LARGE:
                entry["lfs"] = {"oid": _sha256(content), "size": len(content), "pointerSize": 134}
            found.append(entry)
        return found

    def _tree(self, repo: str, under: str) -> None:
        if self._files(repo) is None:
            return
        start = f"{under}/" if under else ""
        deep = "recursive=True" in self.path or "recursive=true" in self.path
        kept = [one for one in self._entries(repo) if one["path"].startswith(start)]
        self._json([one for one in kept if deep or "/" not in one["path"].removeprefix(start)])

    def _resolve(self, repo: str, name: str) -> None:
        files = self._files(repo)
        if files is None:
            return
        if name not in files:
            self._error(404, "EntryNotFound")
            return
        content = files[name]
        if len(content) < LARGE:
            self._send_file(repo, name)
            return
        self.send_response(302)
        self.send_header("Location", f"{self.hub.address}/cdn/{repo}/{name}")
        self.send_header("X-Linked-Size", str(len(content)))
        self.send_header("X-Linked-Etag", f'"{_sha256(content)}"')
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _send_file(self, repo: str, name: str) -> None:
        content = self.hub.repos[repo][name]
        etag = _sha256(content) if len(content) >= LARGE else _blob(content)
        if name in self.hub.corrupt:
            content = content[:-1] + bytes([content[-1] ^ 1])
        start, asked = 0, re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range") or "")
        if asked:
            start = int(asked[1])
        self.send_response(206 if asked else 200)
        if asked:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("ETag", f'"{etag}"')
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        if self.command == "HEAD":
            return
        rest = content[start:]
        if cuts := self.hub.cut.get(name):
            self.wfile.write(rest[: cuts.pop(0)])
            self.wfile.flush()
            until(self.hub.cut_when)
            self.close_connection = True
            self.connection.shutdown(2)
            return
        self.wfile.write(rest)

    def _json(self, value: Any) -> None:
        data = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def _error(self, status: int, code: str) -> None:
        self.send_response(status)
        self.send_header("X-Error-Code", code)
        self.send_header("Content-Length", "0")
        self.end_headers()


def screenspot_v2_of(screens: Path) -> dict[str, bytes]:
    """A folder of the suite ``jsonl`` as a repository in the layout of ScreenSpot-v2, without its refusals."""
    rows = [row for row in map(json.loads, (screens / "samples.jsonl").open(encoding="utf-8")) if "bbox" in row]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name in sorted({row["image"] for row in rows}):
            archive.write(screens / name, f"screenspotv2_image/{name}")
    files = {"screenspotv2_image.zip": packed.getvalue()}
    for start, mode in enumerate(("mobile", "desktop", "web")):
        files[f"screenspot_{mode}_v2.json"] = json.dumps([_screenspot_row(row) for row in rows[start::3]]).encode()
    return files


def _screenspot_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """Its boxes are [x, y, width, height]."""
    x1, y1, x2, y2 = row["bbox"]
    about = {"data_type": row["data_type"], "data_source": row["platform"]}
    return {"img_filename": row["image"], "instruction": row["instruction"], "bbox": [x1, y1, x2 - x1, y2 - y1]} | about


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _blob(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
