"""A scripted stand-in for a model server: real HTTP on loopback, answers from a script, no model.

Every request is kept as it came, with the picture it carried decoded. The script is one entry for each request to
``/v1/chat/completions``, or a whole answer as JSON for one to ``/v1/responses`` or ``/v1/messages``; the last one is
repeated when it runs out.

    with ScriptedServer([click(100, 200), Fault(status=429), lambda seen: ...]) as server:
        model = open_model(server.url)
"""

from __future__ import annotations

import base64
import io
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

import numpy as np
from PIL import Image as PillowImage

NAME = "scripted-stand-in-for-qwen2.5-vl"

How = Literal[
    "status",  # answer `status` with `body`
    "stall",  # take the request and say nothing until the server closes
    "drop",  # close the connection before the headers
    "drop_after_headers",
    "half",  # stream half of `body` and close without an end
    "garbage",  # 200 with `body` as it is
    "huge",  # 200 with `size` bytes that never make an answer
    "drip",  # stream `body` one character every `pause` seconds
    "trickle",  # send white space for ever, a byte every `pause` seconds
    "json",  # answer `status` with `body`, which is JSON already
    "events",  # 200 with `body` as a stream of events, word for word
]


@dataclass(frozen=True)
class Fault:
    """Something other than an answer."""

    how: How = "status"
    status: int = 500
    body: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    pause: float = 0.05
    size: int = 16 * 2**20


@dataclass(frozen=True)
class Seen:
    """One request: its JSON `body`, `headers`, the bytes of its picture and the picture decoded (RGB uint8 HxWx3)."""

    body: dict[str, Any]
    headers: dict[str, str]
    png: bytes | None
    image: np.ndarray | None

    @property
    def texts(self) -> list[str]:
        """The texts of all messages, in order."""
        found = []
        for message in self.body["messages"]:
            content = message["content"]
            parts = [{"type": "text", "text": content}] if isinstance(content, str) else content
            found += [part["text"] for part in parts if part["type"] == "text"]
        return found


Entry = str | Fault | Callable[[Seen], "str | Fault"]


def call(tool: str, **arguments: Any) -> str:
    """A tool call as Qwen2.5-VL writes it."""
    return f"<tool_call>\n{json.dumps({'name': tool, 'arguments': arguments}, ensure_ascii=False)}\n</tool_call>"


def computer(action: str, **arguments: Any) -> str:
    """A ``computer_use`` call."""
    return call("computer_use", action=action, **arguments)


@dataclass
class ScriptedServer:
    """The server; use it as a context manager. `url` is its address, `seen` the requests so far.

    `reject` names request fields that it answers with 400, `names` is what ``/v1/models`` lists (an int: that status).
    `usage` is the token counts it reports, or `counts` counts those of a prompt (its text and its picture); a question
    that only counts, without a picture and for one token, is not in the script. `piece` is the characters to an event
    of a stream. `owner` is the ``owned_by`` of its models, `pages` the JSON at further paths, and `check` may refuse a
    request (status, JSON).
    """

    script: Sequence[Entry]
    names: Sequence[str] | int = (NAME,)
    reject: tuple[str, ...] = ()
    usage: tuple[int, int] | None = (1000, 20)
    counts: Callable[[str, np.ndarray | None], int] | None = None
    piece: int = 7
    finish: str | None = "stop"
    owner: str | None = None
    pages: Mapping[str, Any] = field(default_factory=dict)
    check: Callable[[dict[str, Any]], tuple[int, Any] | None] = lambda body: None
    seen: list[Seen] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)

    def __enter__(self) -> ScriptedServer:
        self.closing, self._lock, self._next = threading.Event(), threading.Lock(), 0
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"scripted": self}))
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join(5)

    @property
    def url(self) -> str:
        """``http://127.0.0.1:PORT/v1``."""
        return f"http://127.0.0.1:{self._http.server_address[1]}/v1"

    def take(self, seen: Seen) -> str | Fault:
        """Keep the request; its answer."""
        with self._lock:
            self.seen.append(seen)
            entry = self.script[min(self._next, len(self.script) - 1)]
            self._next += 1
        return entry(seen) if callable(entry) else entry


class _Handler(BaseHTTPRequestHandler):
    scripted: ScriptedServer
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self.scripted.paths.append(self.path)
        names = self.scripted.names
        if self.path in self.scripted.pages:
            self._json(self.scripted.pages[self.path])
        elif self.path != "/v1/models" or isinstance(names, int):
            self._json({"error": {"message": "no"}}, names if isinstance(names, int) else 404)
        else:
            owned = {} if self.scripted.owner is None else {"owned_by": self.scripted.owner}
            self._json({"object": "list", "data": [{"id": name, "object": "model", **owned} for name in names]})

    def do_POST(self) -> None:
        self.scripted.paths.append(self.path)
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path in ("/v1/responses", "/v1/messages"):
            answer = self.scripted.take(Seen(body, dict(self.headers), None, None))
            self._fault(answer if isinstance(answer, Fault) else Fault("json", 200, answer))
            return
        if self.path != "/v1/chat/completions":
            self._json({"error": {"message": "Not Found"}}, 404)
            return
        refused = self.scripted.check(body)
        if refused:
            self._json(refused[1], refused[0])
            return
        unknown = [name for name in self.scripted.reject if name in body]
        if unknown:
            self._json({"error": {"message": f"Extra inputs are not permitted: {unknown[0]}"}}, 400)
            return
        png = _picture(body)
        image = None if png is None else np.asarray(PillowImage.open(io.BytesIO(png)).convert("RGB"))
        seen = Seen(body, dict(self.headers), png, image)
        self._text = "".join(seen.texts)
        self._image = image
        if image is None and body["max_tokens"] == 1:
            self.scripted.paths.pop()
            self._whole("")
            return
        answer = self.scripted.take(seen)
        with suppress(BrokenPipeError, ConnectionResetError):
            if isinstance(answer, Fault):
                self._fault(answer)
            elif body.get("stream"):
                self._stream(self._pieces(answer), body)
            else:
                self._whole(answer)

    def _json(self, data: Any, status: int = 200, headers: Sequence[tuple[str, str]] = ()) -> None:
        self._raw(json.dumps(data).encode(), status, headers)

    def _raw(self, data: bytes, status: int = 200, headers: Sequence[tuple[str, str]] = ()) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **dict(headers)}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _counts(self) -> dict[str, Any]:
        usage, counts = self.scripted.usage, self.scripted.counts
        if counts is not None:
            return {"usage": {"prompt_tokens": counts(self._text, self._image), "completion_tokens": 20}}
        return {} if usage is None else {"usage": {"prompt_tokens": usage[0], "completion_tokens": usage[1]}}

    def _whole(self, text: str) -> None:
        choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": self.scripted.finish}
        self._json({"choices": [choice], **self._counts()})

    def _pieces(self, text: str) -> Iterator[str]:
        step = self.scripted.piece
        yield from (text[at : at + step] for at in range(0, len(text), step))

    def _event(self, data: Any) -> None:
        text = data if isinstance(data, str) else json.dumps(data)
        raw = f"data: {text}\n\n".encode()
        self.wfile.write(b"%x\r\n%s\r\n" % (len(raw), raw))
        self.wfile.flush()

    def _stream(self, pieces: Iterator[str], body: dict[str, Any], end: bool = True) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream; charset=utf-8")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self._event({"choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": None}]})
        for piece in pieces:
            self._event({"choices": [{"index": 0, "delta": {"content": piece}, "finish_reason": None}]})
        if end:
            self._event({"choices": [{"index": 0, "delta": {}, "finish_reason": self.scripted.finish}]})
            if body.get("stream_options", {}).get("include_usage"):
                self._event({"choices": [], **self._counts()})
            self._event("[DONE]")
            self.wfile.write(b"0\r\n\r\n")
        else:
            self.close_connection = True

    def _fault(self, fault: Fault) -> None:
        match fault.how:
            case "status":
                data = {"error": {"message": fault.body or "scripted fault"}}
                self._json(data, fault.status, fault.headers)
            case "json":
                self._raw(fault.body.encode(), fault.status, fault.headers)
            case "events":
                self._raw(fault.body.encode(), headers=(("Content-Type", "text/event-stream"),))
            case "stall":
                self.scripted.closing.wait(30)
                self.close_connection = True
            case "drop":
                self.close_connection = True
            case "garbage":
                self._raw(fault.body.encode())
            case "half":
                self._stream(self._pieces(fault.body), {}, end=False)
            case "drip":
                self._stream(self._slowly(fault), {})
            case _:
                self._endless(fault)

    def _slowly(self, fault: Fault) -> Iterator[str]:
        for char in fault.body:
            if self.scripted.closing.wait(fault.pause):
                return
            yield char

    def _endless(self, fault: Fault) -> None:
        """Headers and then nothing, white space for ever, or more than anyone should read."""
        self.close_connection = True
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(fault.size))
        self.end_headers()
        if fault.how == "drop_after_headers":
            return
        block, sent = (b" ", 0) if fault.how == "trickle" else (b"x" * 65536, 0)
        while sent < fault.size and not self.scripted.closing.is_set():
            self.wfile.write(block)
            sent += len(block)
            if fault.how == "trickle":
                time.sleep(fault.pause)


def _picture(body: dict[str, Any]) -> bytes | None:
    """The last picture, the current one."""
    found = None
    for message in body["messages"]:
        for part in message["content"] if isinstance(message["content"], list) else ():
            if part["type"] == "image_url":
                head, _, data = part["image_url"]["url"].partition(",")
                assert head == "data:image/png;base64", head
                found = base64.b64decode(data, validate=True)
    return found
