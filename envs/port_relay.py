"""A relay of TCP connections to this machine's loopback, from listening sockets of another network namespace."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress


def relay(listener: socket.socket, port: int) -> None:
    """Connect what `listener` accepts with this namespace's 127.0.0.1:`port`, until the listener is closed."""
    while True:
        try:
            inner, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=_connect, args=(inner, port), daemon=True).start()


def _connect(inner: socket.socket, port: int) -> None:
    with inner:
        try:
            outer = socket.create_connection(("127.0.0.1", port), timeout=10)
        except OSError:
            return
        outer.settimeout(None)
        with outer:
            join(inner, outer)


def join(one: socket.socket, other: socket.socket) -> None:
    """Pass on what each of two connections says to the other, until both have ended."""
    back = threading.Thread(target=_copy, args=(other, one), daemon=True)
    back.start()
    _copy(one, other)
    back.join()


def _copy(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(1 << 16):
            sink.sendall(data)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
