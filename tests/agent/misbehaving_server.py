"""A server that answers every ``POST`` with bytes of a script: whatever HTTP forbids can be said with it.

with MisbehavingServer(lambda send: send(b"HTTP/1.1 200 OK\\r\\n")) as url: ...
"""

from __future__ import annotations

import json
import re
import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress

Send = Callable[..., None]
"""Sends bytes; ``send(data, every=s)`` one byte every `s` seconds; ``send(None)`` resets the connection."""
Script = Callable[[Send], None]
_MODELS = json.dumps({"data": [{"id": "qwen2.5-vl-7b"}]}).encode()


class MisbehavingServer:
    """Use it as a context manager, which gives its address; `posts` counts the requests. A ``GET`` of the models gives
    `models`; where `everything` is set it is by the script too.
    """

    def __init__(self, script: Script, everything: bool = False, models: bytes = _MODELS) -> None:
        self.script, self.everything, self.models, self.posts = script, everything, models, 0
        self._closing = threading.Event()

    def __enter__(self) -> str:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()
        return f"http://127.0.0.1:{self._listening.getsockname()[1]}/v1"

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join(5)

    def _accept(self) -> None:
        with suppress(OSError):
            while not self._closing.is_set():
                one, _ = self._listening.accept()
                threading.Thread(target=self._serve, args=(one,), daemon=True).start()

    def _serve(self, one: socket.socket) -> None:
        with one, suppress(OSError):
            while head := _request(one):
                if head.startswith(b"GET") and not self.everything:
                    found = self.models if b" /v1/models" in head else b"{}"
                    one.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(found), found))
                    continue
                self.posts += 1
                self.script(lambda data, every=0.0: self._send(one, data, every))
                return

    def _send(self, one: socket.socket, data: bytes | None, every: float) -> None:
        if data is None:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            one.close()
        elif not every:
            if self._closing.is_set():
                raise OSError("closing")
            one.sendall(data)
        else:
            for n in range(len(data)):
                if self._closing.wait(every):
                    raise OSError("closing")
                one.sendall(data[n : n + 1])


def _request(one: socket.socket) -> bytes:
    """The head of the next request, whose body is read; empty at the end."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = one.recv(65536)
        if not more:
            return b""
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    found = re.search(rb"content-length: *(\d+)", head, re.I)
    left = int(found[1]) - len(body) if found else 0
    while left > 0:
        left -= len(one.recv(min(left, 65536)))
    return head
