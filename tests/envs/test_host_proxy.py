"""The proxy of a sandbox leads to the hosts of its list, and nowhere else."""

from __future__ import annotations

import http.server
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from envs import host_proxy


class Handler(http.server.BaseHTTPRequestHandler):
    """Says which request came; ``Proxy-Authorization`` must not."""

    def do_GET(self) -> None:
        body = f"{self.path} {self.headers['Host']} {self.headers['Proxy-Authorization']}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture(scope="module")
def server() -> Iterator[int]:
    found = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=found.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield found.server_port
    found.shutdown()
    found.server_close()


@contextmanager
def proxy(allowed: Sequence[str], denied: Sequence[str] = ()) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=host_proxy.serve, args=(listener, allowed, denied), daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


def said(port: int, request: str) -> str:
    """All that the proxy answers to `request`."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as client:
        client.sendall(request.encode())
        client.shutdown(socket.SHUT_WR)
        answer = b""
        while piece := client.recv(65536):
            answer += piece
    return answer.decode()


def get(address: str) -> str:
    return f"GET {address} HTTP/1.1\r\nHost: x\r\nProxy-Authorization: secret\r\n\r\n"


def test_a_listed_host_answers_by_both_ways(server: int) -> None:
    with proxy(["127.0.0.1", "localhost"]) as port:
        assert said(port, get(f"http://127.0.0.1:{server}/a?b=c")).endswith("/a?b=c x None")
        inner = "GET /t HTTP/1.0\r\nHost: y\r\n\r\n"
        assert said(port, f"CONNECT LOCALHOST:{server} HTTP/1.1\r\n\r\n{inner}").endswith("/t y None")


@pytest.mark.parametrize(
    ("allowed", "denied", "request_", "status"),
    [
        (["example.org"], [], "GET http://127.0.0.1:{port}/ HTTP/1.1", 403),
        (["example.org"], [], "CONNECT 127.0.0.1:{port} HTTP/1.1", 403),
        (["127.0.0.1"], ["127.*"], "GET http://127.0.0.1:{port}/ HTTP/1.1", 403),
        # a name that stands for this machine is reached only where the list has it as it is
        (["*host"], [], "CONNECT localhost:{port} HTTP/1.1", 403),
        (["*"], [], "GET http://127.0.0.1:{port}/ HTTP/1.1", 403),
        (["*"], [], "GET http://[::ffff:127.0.0.1]:{port}/ HTTP/1.1", 403),
        (["*"], [], "GET http://0.0.0.0:{port}/ HTTP/1.1", 403),
        (["*"], [], "CONNECT 2130706433:{port} HTTP/1.1", 403),
        (["example.org"], [], "GET http://example.org@127.0.0.1:{port}/ HTTP/1.1", 400),
        (["127.0.0.1"], [], "GET ftp://127.0.0.1:{port}/ HTTP/1.1", 400),
        (["127.0.0.1"], [], "GET / HTTP/1.1", 400),
        (["127.0.0.1"], [], "GET http://127.0.0.1:{port}/ nonsense HTTP/1.1", 400),
        (["127.0.0.1"], [], "CONNECT 127.0.0.1:99999 HTTP/1.1", 400),
        (["127.0.0.1"], [], "CONNECT 127.0.0.1:1 HTTP/1.1", 502),
    ],
)
def test_no_other_host_does(server: int, allowed: list[str], denied: list[str], request_: str, status: int) -> None:
    with proxy(allowed, denied) as port:
        answer = said(port, request_.format(port=server) + "\r\nHost: x\r\n\r\n")
    assert answer.startswith(f"HTTP/1.1 {status} ")
    assert " x None" not in answer


def test_a_head_without_end_is_refused() -> None:
    with proxy(["*"]) as port, socket.create_connection(("127.0.0.1", port), timeout=30) as client:
        client.sendall(b"GET http://example.org/" + b"a" * (1 << 16))
        assert client.recv(100).startswith(b"HTTP/1.1 400 ")
