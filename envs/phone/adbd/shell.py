"""``shell:``, ``exec:`` and the shell protocol with exit status and separate error output (version 2)."""

from __future__ import annotations

import queue
import struct
import threading
from contextlib import suppress
from typing import Final, Protocol

from envs.phone.adbd.services import Closed, Process

_STDIN: Final = 0
_STDOUT: Final = 1
_STDERR: Final = 2
_EXIT: Final = 3
_CLOSE_STDIN: Final = 4
_HEAD = struct.Struct("<BI")
_PIECE: Final = 1 << 16
_WAITING: Final = 8
"""Packets of input that wait for the command to read them; the caller waits with more."""


class Pipe(Protocol):
    """A stream of bytes in both directions."""

    def read(self, size: int = -1) -> bytes:
        """Up to `size` bytes; empty at the end."""

    def exactly(self, size: int) -> bytes:
        """`size` bytes or `Closed`."""

    def write(self, data: bytes) -> None:
        """All of `data`."""


class _ShellV1:
    """Version 1: one channel, errors go where output goes."""

    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe

    def read(self, size: int = -1) -> bytes:
        return self._pipe.read(size)

    def write(self, data: bytes) -> None:
        self._pipe.write(data)

    error = write


class _Packets:
    """Version 2: packets of a kind, a length and data."""

    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe
        self._input: queue.Queue[bytes | None] = queue.Queue(_WAITING)
        self._rest = b""
        self._ended = self._closed = False
        threading.Thread(target=self._receive, daemon=True).start()

    def read(self, size: int = -1) -> bytes:
        if size < 0:
            data = bytearray()
            while piece := self.read(_PIECE):
                data += piece
            return bytes(data)
        if not self._rest and not self._ended:
            packet = self._input.get()
            self._ended, self._rest = packet is None, packet or b""
        taken, self._rest = self._rest[:size], self._rest[size:]
        return taken

    def write(self, data: bytes) -> None:
        self.packet(_STDOUT, data)

    def error(self, data: bytes) -> None:
        self.packet(_STDERR, data)

    def packet(self, kind: int, data: bytes) -> None:
        if not data:
            self._pipe.write(b"")  # raises where the caller has gone
        for start in range(0, len(data), _PIECE):
            piece = data[start : start + _PIECE]
            self._pipe.write(_HEAD.pack(kind, len(piece)) + piece)

    def close(self) -> None:
        """Drop the input that the command has not read."""
        self._closed = True
        with suppress(queue.Empty):
            while True:
                self._input.get_nowait()

    def _receive(self) -> None:
        """Read input packets until the caller ends its input or disconnects; window sizes are ignored."""
        try:
            while not self._closed and (head := self._pipe.read(1)):
                kind, size = _HEAD.unpack(head + self._pipe.exactly(_HEAD.size - 1))
                data = self._pipe.exactly(size)
                if kind == _STDIN and data:
                    self._input.put(data)
                elif kind == _CLOSE_STDIN:
                    self._input.put(None)
        except (Closed, OSError):
            pass
        finally:
            if not self._closed:
                self._input.put(None)


def serve_shell(pipe: Pipe, line: str, phone: Process) -> None:
    """Run `line`; output and errors in one stream, no exit status."""
    phone.run(line, _ShellV1(pipe))


def serve_shell_v2(pipe: Pipe, line: str, phone: Process) -> None:
    """Run `line`; then its exit status as the last packet."""
    packets = _Packets(pipe)
    try:
        status = phone.run(line, packets)
        packets.packet(_EXIT, bytes([status & 0xFF]))
    finally:
        packets.close()
