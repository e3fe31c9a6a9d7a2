"""Connections of this process that are ended from another thread, so that a call that waits for an answer fails.

xcb and Xlib wait for ever, in C, where no signal and no exception reaches them: a stopped X server would stop the run.
"""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Callable
from contextlib import suppress

_X_SOCKETS = "/tmp/.X11-unix/X"  # noqa: S108 - where X servers have them
X_PORT = 6000
"""The TCP port of X display 0."""
_SETUP = b"l\0\x0b\0\0\0\0\0\0\0\0\0"
"""The first words of an X client without credentials; every server answers, if only that it refuses them."""


def shut_display(display: str) -> None:
    """End all connections to the X display (``:99``, ``host:10.0``). Linux; elsewhere nothing happens."""
    number = _number(display)
    names = (f"{_X_SOCKETS}{number}", f"\0{_X_SOCKETS}{number}".encode())
    _shut(lambda peer: peer in names or (isinstance(peer, tuple) and peer[1] == X_PORT + number))


def shut_port(port: int) -> None:
    """End all TCP connections to `port`."""
    _shut(lambda peer: isinstance(peer, tuple) and peer[1] == port)


def shut_socket(path: str) -> None:
    """End all connections to the Unix socket at `path`."""
    _shut(lambda peer: peer == path)


def display_hangs(display: str, seconds: float) -> bool:
    """Whether the X server takes a connection and answers nothing for `seconds`; False where there is none."""
    host, number = display.rpartition(":")[0], _number(display)
    try:
        with _connected(host, number, seconds) as server:
            server.settimeout(seconds)
            server.sendall(_SETUP)
            server.recv(1)
    except TimeoutError:
        return True
    except OSError:
        return False
    return False


def _connected(host: str, number: int, seconds: float) -> socket.socket:
    if host and host != "unix":
        return socket.create_connection((host, X_PORT + number), seconds)
    server = socket.socket(socket.AF_UNIX)
    try:
        server.settimeout(seconds)
        server.connect(f"{_X_SOCKETS}{number}")
    except OSError:
        server.close()
        raise
    return server


def _number(display: str) -> int:
    number = display.rpartition(":")[2].partition(".")[0]
    return int(number) if number.isdecimal() else -1


def _shut(wanted: Callable[[object], bool]) -> None:
    with suppress(FileNotFoundError):
        for name in os.listdir("/proc/self/fd"):
            with suppress(OSError):
                if stat.S_ISSOCK(os.fstat(int(name)).st_mode):
                    with socket.socket(fileno=os.dup(int(name))) as connection:
                        if wanted(connection.getpeername()):
                            connection.shutdown(socket.SHUT_RDWR)
