"""A D-Bus connection on which many calls are made at once. Linux only."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote

from jeepney import DBusAddress, MessageType, Parser, new_method_call

from envs.env import EnvError

Call = tuple[str, str, str, str, str, tuple[Any, ...]]
"""Bus name, path, interface, method, signature and values."""
_REPLY = 5
"""The header field that says which call a message answers."""
_AT_ONCE = 200
"""Calls sent before their answers are read: a bus that is not read from stops reading."""


class Bus:
    """A connection to the bus at `address`, as the user `uid` of the bus's own namespace.

    Every read ends at its deadline with what was answered until then. Raises `EnvError` when nothing answers there.
    """

    def __init__(self, address: str, uid: int | None = None) -> None:
        self._parser, self._serial = Parser(), 0
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(2.0)
        try:
            self._socket.connect(_socket_path(address))
            name = str(os.getuid() if uid is None else uid).encode().hex().encode()
            self._socket.sendall(b"\0AUTH EXTERNAL " + name + b"\r\n")
            if not self._socket.recv(256).startswith(b"OK "):
                raise EnvError(f"the bus at {address} refused this user")
            self._socket.sendall(b"BEGIN\r\n")
        except OSError as error:
            self.close()
            raise EnvError(f"no D-Bus at {address}: {error.strerror or error}") from error
        bus = "org.freedesktop.DBus"
        self.ask([(bus, "/org/freedesktop/DBus", bus, "Hello", "", ())], time.monotonic() + 2.0)

    def ask(self, calls: Sequence[Call], deadline: float) -> list[Any]:
        """The first value of the answer to each call; None for an error, and for no answer until `deadline`."""
        waiting, found = dict[int, int](), list[Any]([None] * len(calls))
        for start in range(0, len(calls), _AT_ONCE):
            data = b""
            for at, (name, path, interface, member, kinds, values) in enumerate(calls[start : start + _AT_ONCE], start):
                self._serial += 1
                waiting[self._serial] = at
                call = new_method_call(DBusAddress(path, name, interface), member, kinds or None, values)
                data += call.serialise(self._serial)
            try:
                self._socket.settimeout(max(0.001, deadline - time.monotonic()))
                self._socket.sendall(data)
                self._collect(waiting, found, deadline)
            except TimeoutError:
                return found
            except (OSError, ValueError) as error:
                raise EnvError(f"the D-Bus failed: {error}") from error
        return found

    def _collect(self, waiting: dict[int, int], found: list[Any], deadline: float) -> None:
        while waiting:
            message = self._parser.get_next_message()
            if message is None:
                self._socket.settimeout(max(0.001, deadline - time.monotonic()))
                data = self._socket.recv(1 << 16)
                if not data:
                    raise OSError("it has ended")
                self._parser.add_data(data)
                continue
            at = waiting.pop(int(message.header.fields.get(_REPLY, 0)), None)
            if at is not None and message.header.message_type is MessageType.method_return and message.body:
                found[at] = message.body[0]

    def close(self) -> None:
        """Close the connection. Safe to call twice."""
        self._socket.close()


def _socket_path(address: str) -> str:
    """The path of the first Unix socket of a D-Bus address. Raises `EnvError`."""
    for part in address.split(";"):
        options = dict(item.partition("=")[::2] for item in part.removeprefix("unix:").split(","))
        if "path" in options:
            return unquote(options["path"])
        if "abstract" in options:
            return "\0" + unquote(options["abstract"])
    raise EnvError(f"cannot use the bus address {address!r}")
