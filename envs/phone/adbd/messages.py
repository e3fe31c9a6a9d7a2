"""ADB messages: a header of 24 bytes (six little-endian words) and a payload."""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass
from typing import Final

CNXN: Final = 0x4E584E43
AUTH: Final = 0x48545541
OPEN: Final = 0x4E45504F
OKAY: Final = 0x59414B4F
CLSE: Final = 0x45534C43
WRTE: Final = 0x45545257

VERSION: Final = 0x01000001
"""From this version on checksums are ignored."""
MAX_PAYLOAD: Final = 1 << 20
MAX_GREETING: Final = 4096
"""Bytes of a message from a caller that is not authenticated yet."""
_HEADER = struct.Struct("<6I")


class ProtocolError(ConnectionError):
    """The other side does not speak ADB, or closed the connection inside a message."""


@dataclass(frozen=True)
class Message:
    """One message; the meaning of `first` and `second` depends on the command (mostly local and remote stream id)."""

    command: int
    first: int
    second: int
    payload: bytes = b""

    def pack(self) -> bytes:
        """The bytes on the wire."""
        check = sum(self.payload) & 0xFFFFFFFF if self.command == CNXN else 0  # VERSION: not looked at after that
        magic = self.command ^ 0xFFFFFFFF
        return _HEADER.pack(self.command, self.first, self.second, len(self.payload), check, magic) + self.payload


def receive(connection: socket.socket, largest: int = MAX_PAYLOAD) -> Message | None:
    """The next message, of at most `largest` bytes; None after the last. Raises `ProtocolError`."""
    header = _exactly(connection, _HEADER.size)
    if not header:
        return None
    command, first, second, size, _check, magic = _HEADER.unpack(header)
    if command ^ 0xFFFFFFFF != magic or size > largest:
        raise ProtocolError(f"not an ADB message: {header.hex()}")
    payload = _exactly(connection, size) if size else b""
    if len(payload) != size:
        raise ProtocolError("hung up in the middle of a message")
    return Message(command, first, second, payload)


def _exactly(connection: socket.socket, size: int) -> bytes:
    """`size` bytes; none where the connection ended before the first. Raises `ProtocolError` for some of them."""
    data = bytearray()
    while len(data) < size:
        piece = connection.recv(min(size - len(data), 1 << 16))
        if not piece:
            if data:
                raise ProtocolError("hung up in the middle of a message")
            return b""
        data += piece
    return bytes(data)
