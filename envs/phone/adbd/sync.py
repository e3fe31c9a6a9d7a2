"""``sync:``: list, stat, push and pull."""

from __future__ import annotations

import errno
import os
import secrets
import struct
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from envs.phone.adbd.services import Closed, Host
from envs.phone.adbd.shell import Pipe

_REQUEST = struct.Struct("<4sI")
_STAT_V1 = struct.Struct("<4s3I")
_STAT_V2 = struct.Struct("<4sIQQIIIIQqqq")
_CHUNK: Final = 64 * 1024
_LONGEST_PATH: Final = 1024


def serve_sync(pipe: Pipe, host: Host) -> None:
    """Requests until QUIT or the end of the stream."""
    while True:
        head = pipe.read(1)
        if not head:
            return
        kind, size = _REQUEST.unpack(head + pipe.exactly(_REQUEST.size - 1))
        if kind == b"QUIT" or (size > _LONGEST_PATH and kind != b"DONE"):
            return
        argument = pipe.exactly(size).decode("utf-8", "surrogateescape")
        _answer(pipe, host, kind, argument)


def _answer(pipe: Pipe, host: Host, kind: bytes, argument: str) -> None:
    if kind == b"STAT":
        pipe.write(_stat_v1(host, argument))
    elif kind in (b"STA2", b"LST2"):
        pipe.write(_stat_v2(kind, *_look(host, argument, follow=kind == b"STA2")))
    elif kind in (b"LIST", b"LIS2"):
        _list(pipe, host, argument, v2=kind == b"LIS2")
    elif kind == b"RECV":
        _receive(pipe, host, argument)
    elif kind == b"SEND":
        _send(pipe, host, argument)
    else:
        _fail(pipe, f"unknown command {kind!r}")


def _look(host: Host, path: str, *, follow: bool) -> tuple[int, os.stat_result | None]:
    try:
        there = host.locate(path)
        return 0, there.stat() if follow else there.lstat()
    except OSError as error:
        return error.errno or 2, None


def _stat_v1(host: Host, path: str) -> bytes:
    _, found = _look(host, path, follow=False)
    if found is None:
        return _STAT_V1.pack(b"STAT", 0, 0, 0)
    return _STAT_V1.pack(b"STAT", found.st_mode, found.st_size & 0xFFFFFFFF, int(found.st_mtime))


def _stat_v2(kind: bytes, error: int, found: os.stat_result | None) -> bytes:
    if found is None:
        return _STAT_V2.pack(kind, error, *(0,) * 10)
    times = int(found.st_atime), int(found.st_mtime), int(found.st_ctime)
    numbers = found.st_dev, found.st_ino, found.st_mode, found.st_nlink, 0, 0, found.st_size
    return _STAT_V2.pack(kind, 0, *numbers, *times)


def _list(pipe: Pipe, host: Host, path: str, *, v2: bool) -> None:
    entries: list[Path] = []
    with suppress(OSError):
        entries = sorted(host.locate(path).iterdir())
    for entry in entries:
        with suppress(OSError):
            pipe.write(_entry(entry, v2=v2))
    pipe.write(b"DONE" + bytes((_STAT_V2.size if v2 else _STAT_V1.size) - 4 + 4))


def _entry(path: Path, *, v2: bool) -> bytes:
    name, found = os.fsencode(path.name), path.lstat()
    if v2:
        return _stat_v2(b"DNT2", 0, found) + struct.pack("<I", len(name)) + name
    head = _STAT_V1.pack(b"DENT", found.st_mode, found.st_size & 0xFFFFFFFF, int(found.st_mtime))
    return head + struct.pack("<I", len(name)) + name


def _receive(pipe: Pipe, host: Host, path: str) -> None:
    """Send a file of the phone to the caller."""
    try:
        with host.locate(path).open("rb") as file:
            while piece := file.read(_CHUNK):
                pipe.write(_REQUEST.pack(b"DATA", len(piece)) + piece)
        pipe.write(_REQUEST.pack(b"DONE", 0))
    except OSError as error:
        _fail(pipe, f"open failed: {error.strerror}")


def _send(pipe: Pipe, host: Host, argument: str) -> None:
    """Write a file from the caller; a file that cannot be stored whole leaves nothing.

    Like adbd it reads the rest of what the caller sends after a failure, which old versions of adb rely on.
    """
    path, _, mode = argument.rpartition(",")
    pieces = _pieces(pipe)
    try:
        _store(host, host.locate(path), int(mode) if mode.isdecimal() else 0o644, pieces)
    except OSError as error:
        if isinstance(error, ConnectionError):
            raise
        _fail(pipe, f"couldn't create file: {error.strerror}")
        for _ in pieces:
            pass
    else:
        pipe.write(_REQUEST.pack(b"OKAY", 0))


def _store(host: Host, there: Path, mode: int, pieces: Iterator[bytes | int]) -> None:
    """Write `pieces` beside `there` and put the file in its place, with the time of change that comes last.

    Of `mode` the bits for reading, writing and executing are kept, less the umask: no set-user-ID.
    """
    there.parent.mkdir(parents=True, exist_ok=True)
    partial = there.with_name(f".push-{secrets.token_hex(8)}")
    modified, left = 0, host.free()
    try:
        with open(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode & 0o777 | 0o600), "wb") as file:
            for piece in pieces:
                if isinstance(piece, int):
                    modified = piece
                    continue
                left -= len(piece)
                if left < 0:
                    raise OSError(errno.ENOSPC, "No space left on device")
                file.write(piece)
        os.utime(partial, (modified, modified))
        partial.replace(there)
    finally:
        partial.unlink(missing_ok=True)


def _pieces(pipe: Pipe) -> Iterator[bytes | int]:
    """The data that the caller sends, at most 64 KiB each, and at the end the time of change in seconds."""
    while True:
        kind, size = _REQUEST.unpack(pipe.exactly(_REQUEST.size))
        if kind == b"DONE":
            yield size
            return
        if kind != b"DATA" or size > _CHUNK:
            raise Closed("not the data of a file")
        yield pipe.exactly(size)


def _fail(pipe: Pipe, message: str) -> None:
    text = message.encode("utf-8", "replace")
    pipe.write(_REQUEST.pack(b"FAIL", len(text)) + text)
