"""Protocols: the streams of a service, and the phone behind the daemon."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol


class Closed(ConnectionError):  # noqa: N818 - no error of this side
    """The other side closed the stream."""


class Streams(Protocol):
    """Where a command of the phone's shell reads from and writes to. All raise `Closed` once the caller is gone."""

    def read(self, size: int = -1) -> bytes:
        """Up to `size` bytes of standard input (all there is until its end for -1); empty at its end."""

    def write(self, data: bytes) -> None:
        """To standard output."""

    def error(self, data: bytes) -> None:
        """To standard error."""


class Process(Protocol):
    """Runs command lines."""

    def run(self, line: str, streams: Streams) -> int:
        """Run a command line of the phone's shell to its end; the exit status, 0 to 255."""


class Host(Process, Protocol):
    """The phone behind the daemon."""

    @property
    def banner(self) -> Mapping[str, str]:
        """``ro.product.name``, ``ro.product.model`` and ``ro.product.device``."""

    def locate(self, path: str) -> Path:
        """Where the file `path` of the phone lies on this machine; raises OSError for a path that leaves the phone."""

    def free(self) -> int:
        """Bytes of storage that are left."""

    def connect(self, name: str) -> socket.socket:
        """A connection to the socket `name` on the phone (``tcp:8080``, ``localabstract:x``). Raises OSError."""

    def framebuffer(self) -> bytes:
        """The screen as ``framebuffer:`` gives it: a header and pixels."""

    def become_root(self) -> str:
        """Make the shell root if that is allowed; the line of the answer."""

    def restarting(self) -> bool:
        """Whether the daemon is to restart, once after the shell was made root."""

    def reboot(self, how: str) -> None:
        """Restart; connections are cut."""
