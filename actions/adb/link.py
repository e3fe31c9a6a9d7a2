"""Commands to one device, and whether they ran when the connection fails.

An error says whether the command can have reached the device: `NotSentError` means that it has not, and
`UncertainError` that it may have been carried out. Nothing that changes the device is ever sent again by itself.
"""

from __future__ import annotations

import socket
import threading
import time
from dataclasses import dataclass
from functools import cached_property

from adbutils import AdbConnection
from adbutils.errors import AdbError

from actions.adb.lines import Line, command
from actions.adb.server import AdbServer, is_address
from actions.backend import BackendError

_OUT, _ERROR, _EXIT = 1, 2, 3
_PIECE = 1 << 16
_BROKEN = (OSError, AdbError, EOFError)


class NotSentError(BackendError):
    """The device could not be reached; the command has not been carried out."""


class UncertainError(BackendError):
    """The connection failed or timed out after the command was sent: it may have been carried out."""


@dataclass(frozen=True)
class CommandResult:
    """The exit status and output of a command line."""

    status: int
    out: str
    error: str = ""

    @property
    def said(self) -> str:
        """The first line of its error output, or of its output."""
        lines = (self.error.strip() or self.out.strip()).splitlines()
        return lines[0].strip() if lines else f"exit status {self.status}"


class AdbLink:
    """A device behind an adb server. Each command has a connection of its own; threads may share a link.

    `patience` is how many seconds `ask` waits for a lost connection, `opened` how many streams were asked for. Raises
    `BackendError` when there is no such device; see `actions.adb.server.AdbServer.choose`.
    """

    def __init__(self, serial: str | None = None, server: AdbServer | None = None, patience: float = 15.0) -> None:
        self.patience, self.opened = patience, 0
        self._recovering = threading.Lock()
        self._interrupted = False
        self.server = (server or AdbServer()).checked(self._check)
        self.serial = self.server.choose(serial)

    def interrupt(self) -> None:
        """End all connections to the adb server, now and later: every call fails. For another thread."""
        self._interrupted = True  # before: a connection that is made after the others were shut sees it
        self.server.interrupt()

    def run(self, line: Line, timeout: float = 30.0) -> CommandResult:
        """Run `line` once. Raises `NotSentError` or `UncertainError`; a failing command is no error here."""
        if self._knows_v2:
            stream = self._open(f"shell,v2,raw:{line}", timeout)
            with _closing(stream):
                return _read_packets(stream, self.serial)
        stream = self._open(f"shell:{line}\necho $?", timeout)
        with _closing(stream):
            return _read_plain(stream, self.serial)

    def ask(self, line: Line, timeout: float = 30.0) -> CommandResult:
        """Run `line`, which only looks: it is run again after the connection has failed. Raises `BackendError`."""
        try:
            return self.run(line, timeout)
        except (NotSentError, UncertainError):
            self.recover(self.patience)
            return self.run(line, timeout)

    def read(self, line: Line, timeout: float = 30.0) -> bytes:
        """All that `line` writes, byte for byte; it only looks. Raises `BackendError`."""
        stream = self._open(f"exec:{line}", timeout)
        with _closing(stream):
            data = bytearray()
            try:
                while piece := stream.conn.recv(1 << 18):
                    data += piece
            except _BROKEN as error:
                raise UncertainError(_fell_silent(self.serial, error)) from error
            return bytes(data)

    def reverse(self, port: int) -> None:
        """Let programs on the device reach `port` of this machine under the same number, on their own loopback.

        It lasts until `unreverse` or the end of the connection. Raises `BackendError`.
        """
        self._reverse(f"reverse:forward:tcp:{port};tcp:{port}")

    def unreverse(self, port: int) -> None:
        """Take back `reverse`. Raises `BackendError`, also where there was none."""
        self._reverse(f"reverse:killforward:tcp:{port}")

    def _reverse(self, service: str) -> None:
        stream = self._open(service, 10.0)
        with _closing(stream):
            try:
                _expect_okay(stream)
            except _BROKEN as error:
                raise BackendError(f"{self.serial} cannot {service}: {error}") from error

    def follow(self, line: Line) -> socket.socket:
        """Run `line` in a terminal on the device, which has it write line by line; what it writes comes at once.

        Shut the socket down to end it. Raises like `read`.
        """
        stream = self._open(f"shell,pty:{line}" if self._knows_v2 else f"shell:{line}", 30.0)
        there: socket.socket = stream.conn
        there.settimeout(None)
        return there

    def dial(self, name: str) -> socket.socket:
        """A connection to a socket on the device (``localabstract:x``). Raises `BackendError` where nothing listens."""
        connection: socket.socket = self._open(name, 10.0).conn
        connection.settimeout(None)
        return connection

    def push(self, data: bytes, path: str) -> None:
        """Write a file on the device, by the ``sync:`` service. Raises `BackendError`."""
        stream = self._open("sync:", 30.0)
        with _closing(stream):
            try:
                pieces = [data[start : start + _PIECE] for start in range(0, len(data), _PIECE)]
                where = f"{path},{0o100644}".encode()
                for name, piece in ((b"SEND", where), *((b"DATA", piece) for piece in pieces)):
                    stream.conn.sendall(name + len(piece).to_bytes(4, "little") + piece)
                stream.conn.sendall(b"DONE" + int(time.time()).to_bytes(4, "little"))
                _expect_okay(stream)
            except _BROKEN as error:
                raise BackendError(f"{self.serial} does not take {path}: {error}") from error

    def recover(self, patience: float = 15.0) -> None:
        """Return when the device takes commands again; the server is started and the address connected to anew.

        Raises `NotSentError` with one line when it does not come back within `patience` seconds.
        """
        deadline, last = time.monotonic() + patience, ""
        with self._recovering:
            while True:
                try:
                    self._check()
                    if self._answers():
                        return
                    last = self._reach()
                except BackendError as error:
                    last = str(error)
                if time.monotonic() >= deadline or self._interrupted:
                    raise NotSentError(f"{self.serial} is gone: {last or 'adb does not see it'}; connect it again")
                time.sleep(0.1)

    def _answers(self) -> bool:
        return self.server.ready(self.serial) and self.run(command("true"), 5.0).status == 0

    def _reach(self) -> str:
        state = self.server.devices().get(self.serial, "absent")
        if not is_address(self.serial):
            return f"adb says {state}"
        if state != "absent":
            self.server.disconnect(self.serial)  # else the server calls a dead connection connected
        return self.server.connect(self.serial, timeout=5.0)

    @cached_property
    def _knows_v2(self) -> bool:
        """Whether the device's shell tells its exit status and keeps errors apart (Android 7 and later)."""
        stream = self._connection(10.0)
        with _closing(stream):
            try:
                stream.send_command(f"host-serial:{self.serial}:features")
                _expect_okay(stream)
                return "shell_v2" in stream.read_string_block().split(",")
            except _BROKEN as error:
                raise NotSentError(f"{self.serial}: {error}") from error

    def _check(self) -> None:
        if self._interrupted:
            raise NotSentError(f"{self.serial} did not answer in time")

    def _connection(self, timeout: float) -> AdbConnection:
        self._check()
        try:
            return self.server.connection(timeout)
        except BackendError as error:
            raise NotSentError(str(error)) from error

    def _open(self, service: str, timeout: float) -> AdbConnection:
        """A stream of `service` on the device; from the moment that the request is sent, nothing is certain."""
        stream = self._connection(timeout)
        self.opened += 1
        try:
            try:
                stream.send_command(f"host:transport:{self.serial}")
                _expect_okay(stream)
                stream.send_command(service)
            except _BROKEN as error:
                raise NotSentError(f"{self.serial} cannot be reached: {error}") from error
            try:
                _expect_okay(stream)
            except _BROKEN as error:
                raise UncertainError(_fell_silent(self.serial, error)) from error
        except BaseException:
            stream.close()
            raise
        return stream


class _closing:  # noqa: N801 - a context manager
    """Closes the socket at once; adbutils' own close waits for the other side."""

    def __init__(self, stream: AdbConnection) -> None:
        self._stream = stream

    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None:
        self._stream.conn.close()


def _expect_okay(stream: AdbConnection) -> None:
    answer = stream.read_exact(4)
    if answer == b"FAIL":
        raise AdbError(stream.read_string_block())
    if answer != b"OKAY":
        raise AdbError(f"not an adb server's answer: {answer!r}")


def _read_packets(stream: AdbConnection, serial: str) -> CommandResult:
    """Packets of a kind, a length and data until the exit status comes."""
    parts = {_OUT: bytearray(), _ERROR: bytearray()}
    try:
        while True:
            head = stream.read_exact(5)
            data = stream.read_exact(int.from_bytes(head[1:], "little"))
            if head[0] == _EXIT:
                return CommandResult(data[0], _text(parts[_OUT]), _text(parts[_ERROR]))
            if head[0] in parts:
                parts[head[0]] += data
    except _BROKEN as error:
        raise UncertainError(_fell_silent(serial, error)) from error


def _read_plain(stream: AdbConnection, serial: str) -> CommandResult:
    """Everything until the end; the last line is the exit status."""
    try:
        lines = _text(stream.read_until_close(encoding=None)).replace("\r\n", "\n").rstrip("\n").split("\n")
    except _BROKEN as error:
        raise UncertainError(_fell_silent(serial, error)) from error
    if not lines[-1].isdecimal():
        raise UncertainError(_fell_silent(serial, EOFError("no exit status")))
    return CommandResult(int(lines[-1]), "\n".join(lines[:-1]))


def _text(data: bytes | bytearray | str) -> str:
    return data if isinstance(data, str) else data.decode("utf-8", "replace")


def _fell_silent(serial: str, error: Exception) -> str:
    if isinstance(error, (socket.timeout, TimeoutError)) or "timeout" in str(error):
        return f"{serial} did not answer in time"
    return f"the connection to {serial} broke ({error})"
