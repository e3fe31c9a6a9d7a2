"""A model server that answers at once, or after a pause: the same for everything that is measured against it.

It runs in a process of its own, so that reading requests does not hold up what is measured. Every answer is the same
place in the words of Qwen2.5-VL.
"""

from __future__ import annotations

import argparse
import json
import socket
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

import httpx

NAME = "qwen2.5-vl-7b-instruct"
_CALL = {"name": "computer_use", "arguments": {"action": "left_click", "coordinate": [640, 400]}}
ANSWER = f"<tool_call>\n{json.dumps(_CALL)}\n</tool_call>"


class InstantServer:
    """The server as a context manager. `pause` is how long it thinks about each question, in seconds, and `slots` how
    many questions it thinks about at once.
    """

    def __init__(self, pause: float = 0.0, slots: int = 256) -> None:
        self._options = ["--pause", str(pause), "--slots", str(slots)]

    def __enter__(self) -> InstantServer:
        command = [sys.executable, "-m", "benchmarks.speed.instant", *self._options]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.url = f"http://127.0.0.1:{int(self._process.stdout.readline())}/v1"
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._process.kill()
        self._process.communicate()

    def asked(self) -> int:
        """How many questions it has answered so far."""
        return int(httpx.get(f"{self.url}/asked", trust_env=False).json()["asked"])


class _InstantHTTPServer(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, pause: float, slots: int) -> None:
        super().__init__(("127.0.0.1", 0), _InstantHandler)
        self.asked, self.lock, self.never = 0, threading.Lock(), threading.Event()
        self.pause, self.slots = pause, threading.Semaphore(slots)


class _InstantHandler(BaseHTTPRequestHandler):
    server: _InstantHTTPServer
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one packet an answer

    def setup(self) -> None:
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        super().setup()

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        if self.path == "/v1/models":
            self._send({"object": "list", "data": [{"id": NAME, "object": "model"}]})
        else:
            self._send({"asked": self.server.asked})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        streams = b'"stream":true' in body[-2000:]
        with self.server.lock:
            self.server.asked += 1
        with self.server.slots:
            self.server.never.wait(self.server.pause)
        if streams:
            self._stream()
        else:
            message = {"role": "assistant", "content": ANSWER}
            self._send({"choices": [{"index": 0, "message": message, "finish_reason": "stop"}], "usage": _USAGE})

    def _stream(self) -> None:
        events = [
            {"choices": [{"index": 0, "delta": {"role": "assistant", "content": ANSWER}, "finish_reason": "stop"}]},
            {"choices": [], "usage": _USAGE},
        ]
        text = "".join(f"data: {json.dumps(event)}\n\n" for event in events) + "data: [DONE]\n\n"
        self._answer(text.encode(), "text/event-stream")

    def _send(self, data: dict[str, Any]) -> None:
        self._answer(json.dumps(data).encode(), "application/json")

    def _answer(self, data: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
        self.wfile.flush()


_USAGE = {"prompt_tokens": 3000, "completion_tokens": 40}


def main() -> None:
    """Serve until stdin ends."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed.instant")
    parser.add_argument("--pause", type=float, default=0.0, help="seconds to think about each question")
    parser.add_argument("--slots", type=int, default=256, help="questions to think about at once")
    options = parser.parse_args()
    server = _InstantHTTPServer(options.pause, options.slots)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    print(server.server_address[1], flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
