"""Stand-ins for ``handeye doctor``: an adb server that says what it is told to, and programs on a PATH of their own."""

from __future__ import annotations

import socket
import socketserver
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def adb_server(answers: Mapping[str, str] | None) -> Iterator[int]:
    """The port of an adb server with an answer for each service; one that never answers anything where None."""
    over = threading.Event()

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            connection: socket.socket = self.request
            size = connection.recv(4)
            if answers is None:
                over.wait()
                return
            if size:
                said = answers[connection.recv(int(size, 16)).decode()].encode()
                connection.sendall(b"OKAY%04x%s" % (len(said), said))

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, daemon=True, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield int(server.server_address[1])
        finally:
            over.set()
            server.shutdown()
            thread.join()


def program(folder: Path, name: str, script: str = "exit 0") -> Path:
    """A program of /bin/sh in `folder`; its path."""
    folder.mkdir(exist_ok=True)
    file = folder / name
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return file
