"""The daemon: one connection of an adb server, many streams on it."""

from __future__ import annotations

import itertools
import logging
import queue
import secrets
import socket
import threading
from contextlib import suppress

from envs.phone.adbd.auth import PUBLIC_KEY, SIGNATURE, TOKEN, TOKEN_SIZE, KeyFiles
from envs.phone.adbd.messages import (
    AUTH,
    CLSE,
    CNXN,
    MAX_GREETING,
    MAX_PAYLOAD,
    OKAY,
    OPEN,
    VERSION,
    WRTE,
    Message,
    ProtocolError,
    receive,
)
from envs.phone.adbd.reverse import Reversed
from envs.phone.adbd.services import Closed, Host
from envs.phone.adbd.shell import serve_shell, serve_shell_v2
from envs.phone.adbd.sync import serve_sync

FEATURES = ("shell_v2", "cmd", "stat_v2", "ls_v2", "fixed_push_mkdir")
_SOCKETS = ("tcp:", "localabstract:", "localfilesystem:")
_DIAL = 10.0
log = logging.getLogger(__name__)


class Stream:
    """One stream: what a service reads and writes. At most one packet is unacknowledged in each direction."""

    def __init__(self, link: _Link, local: int, remote: int) -> None:
        self._link, self.local, self.remote = link, local, remote
        self._incoming: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._ready = threading.Semaphore(1)
        self._answered = threading.Event()
        self._open = True
        self._rest = b""
        self._ended = False

    def read(self, size: int = -1) -> bytes:
        """Up to `size` bytes, at least one unless the other side has closed; all until it closes for -1."""
        if size < 0:
            data = bytearray()
            while piece := self.read(MAX_PAYLOAD):
                data += piece
            return bytes(data)
        if not self._rest and not self._ended:
            packet = self._incoming.get()
            if packet is None:
                self._ended = True
            else:
                self._rest = packet
                self._link.send(Message(OKAY, self.local, self.remote))
        taken, self._rest = self._rest[:size], self._rest[size:]
        return taken

    def exactly(self, size: int) -> bytes:
        """`size` bytes. Raises `Closed` when fewer come."""
        data = bytearray()
        while len(data) < size:
            piece = self.read(size - len(data))
            if not piece:
                raise Closed("the stream ended early")
            data += piece
        return bytes(data)

    def write(self, data: bytes) -> None:
        """All of `data`. Raises `Closed` when the other side has closed, for empty `data`, too."""
        if not self._open:
            raise Closed("the other side closed the stream")
        for start in range(0, len(data), self._link.max_payload):
            self._ready.acquire()
            if not self._open:
                self._ready.release()
                raise Closed("the other side closed the stream")
            self._link.send(Message(WRTE, self.local, self.remote, data[start : start + self._link.max_payload]))

    # -- called by the connection

    def arrived(self, data: bytes) -> None:
        """A packet came. Raises `ProtocolError` for one sent before the last was acknowledged: none is kept waiting."""
        if not self._open:
            return
        if not self._incoming.empty():
            raise ProtocolError("a packet came before the last was acknowledged")
        self._incoming.put(data)

    def acknowledged(self, remote: int) -> None:
        """The last packet was acknowledged; the first time on a stream opened here, the stream itself."""
        if self.remote:
            self._ready.release()
        else:
            self.remote = remote
            self._answered.set()

    def accepted(self, seconds: float) -> bool:
        """Whether the other side accepts a stream that was opened here."""
        self._answered.wait(seconds)
        return bool(self.remote) and self._open

    def shut(self) -> None:
        """The other side closed, or the connection is gone."""
        self._open = False
        self._answered.set()
        self._incoming.put(None)
        self._ready.release()

    def finish(self) -> None:
        """Wait until the last packet is acknowledged, then close; pending reads end."""
        self._ready.acquire()
        was_open, self._open = self._open, False
        self._ready.release()
        self._incoming.put(None)
        if was_open:
            with suppress(OSError):
                self._link.send(Message(CLSE, self.local, self.remote))


class _Link:
    """One connection of an adb server, which may open streams once one of `keys` has signed; at once for None."""

    def __init__(self, connection: socket.socket, host: Host, keys: KeyFiles | None) -> None:
        self._connection, self._host, self._keys = connection, host, keys
        self._token, self._accepted = b"", keys is None
        self._sending = threading.Lock()
        self._streams: dict[int, Stream] = {}
        self._numbers = itertools.count(1)
        self._reversed = Reversed()
        self.max_payload = 4096

    def serve(self) -> None:
        """Serve until the other side closes the connection."""
        try:
            while (message := receive(self._connection, MAX_PAYLOAD if self._accepted else MAX_GREETING)) is not None:
                self._take(message)
        except (ProtocolError, OSError) as error:
            log.debug("adb connection ended: %s", error)
        finally:
            self.close()

    def close(self) -> None:
        """Cut the connection and end its streams."""
        with suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)
        self._connection.close()
        for stream in list(self._streams.values()):
            stream.shut()

    def send(self, message: Message) -> None:
        """Send a whole message."""
        with self._sending:
            self._connection.sendall(message.pack())

    def dial(self, port: int) -> Stream | None:
        """A stream to where a port leads by ``adb reverse``; None where the port is not this connection's.

        Raises ConnectionRefusedError when nothing answers there.
        """
        there = self._reversed.find(port)
        if there is None:
            return None
        stream = Stream(self, next(self._numbers), 0)
        self._streams[stream.local] = stream
        self.send(Message(OPEN, stream.local, 0, there.encode() + b"\0"))
        if not stream.accepted(_DIAL):
            self._streams.pop(stream.local, None)
            raise ConnectionRefusedError(f"nothing answers at {there}")
        return stream

    def _take(self, message: Message) -> None:
        if message.command == CNXN:
            self.max_payload = max(4096, min(message.second, MAX_PAYLOAD))
            self._greet()
        elif message.command == AUTH:
            self._authenticate(message)
        elif not self._accepted:
            raise ProtocolError("not authenticated")
        elif message.command == OPEN:
            self._open(message)
        else:
            self._pass(message)

    def _greet(self) -> None:
        """Introduce the phone, or ask for a signature of a new token."""
        if self._accepted:
            self.send(Message(CNXN, VERSION, MAX_PAYLOAD, self._identity()))
        else:
            self._token = secrets.token_bytes(TOKEN_SIZE)
            self.send(Message(AUTH, TOKEN, 0, self._token))

    def _authenticate(self, message: Message) -> None:
        """Check a signature. A public key is ignored: the phone has no dialog to accept it."""
        if message.first == SIGNATURE and self._keys is not None and self._token:
            self._accepted = self._accepted or self._keys.accept(self._token, message.payload)
            self._greet()
        elif message.first != PUBLIC_KEY:
            raise ProtocolError("an AUTH message that answers nothing")

    def _identity(self) -> bytes:
        said = {**self._host.banner, "features": ",".join(FEATURES)}
        return ("device::" + "".join(f"{name}={value};" for name, value in said.items())).encode()

    def _open(self, message: Message) -> None:
        """Start the requested service on its own thread; refuse unknown ones."""
        name = message.payload.rstrip(b"\0").decode("utf-8", "surrogateescape")
        if not _known(name):
            self.send(Message(CLSE, 0, message.first))
            return
        stream = Stream(self, next(self._numbers), message.first)
        self._streams[stream.local] = stream
        threading.Thread(target=self._run, args=(name, stream), daemon=True, name=f"adb {name[:40]}").start()

    def _pass(self, message: Message) -> None:
        stream = self._streams.get(message.second)
        if stream is None:
            if message.command == WRTE:
                self.send(Message(CLSE, 0, message.first))
        elif message.command == WRTE:
            stream.arrived(message.payload)
        elif message.command == OKAY:
            stream.acknowledged(message.first)
        elif message.command == CLSE:
            self._streams.pop(stream.local, None)
            stream.shut()

    def _run(self, name: str, stream: Stream) -> None:
        """Accept the stream if its service exists, and serve it."""
        try:
            there = self._host.connect(name) if name.startswith(_SOCKETS) else None
        except OSError:
            self._streams.pop(stream.local, None)
            with suppress(OSError):
                self.send(Message(CLSE, 0, stream.remote))
            return
        try:
            self.send(Message(OKAY, stream.local, stream.remote))
            if there is not None:
                _relay(stream, there)
            elif name.startswith("reverse:"):
                stream.write(self._reversed.answer(name.removeprefix("reverse:")))
            else:
                _serve(name, stream, self._host)
        except Closed:
            pass
        except OSError as error:
            log.debug("adb service %s ended: %s", name, error)
        finally:
            with suppress(OSError):
                stream.finish()
            self._streams.pop(stream.local, None)
            if name == "root:" and self._host.restarting():
                self.close()


def _known(name: str) -> bool:
    return name.startswith(
        (
            "shell:",
            "shell,",
            "exec:",
            "sync:",
            *_SOCKETS,
            "reboot:",
            "root:",
            "unroot:",
            "remount:",
            "tcpip:",
            "usb:",
            "reverse:",
            "framebuffer:",
        )
    )


def _serve(name: str, stream: Stream, host: Host) -> None:
    service, _, argument = name.partition(":")
    kind, *options = service.split(",")
    if kind == "sync":
        serve_sync(stream, host)
    elif kind == "shell" and "v2" in options:
        serve_shell_v2(stream, argument, host)
    elif kind in ("shell", "exec"):
        serve_shell(stream, argument, host)
    elif kind == "reboot":
        host.reboot(argument)
    elif kind == "framebuffer":
        stream.write(host.framebuffer())
    elif kind == "root":
        stream.write(host.become_root().encode())
    elif kind in _REFUSALS:
        stream.write(_REFUSALS[kind].encode())


_REFUSALS = {
    "unroot": "adbd not running as root\n",
    "remount": "remount: Permission denied\n",
    "tcpip": "the simulated phone listens on TCP already\n",
    "usb": "the simulated phone has no USB\n",
}


def _relay(stream: Stream, there: socket.socket) -> None:
    """Bytes both ways until both sides have ended."""

    def back() -> None:
        with suppress(OSError):
            while piece := there.recv(1 << 16):
                stream.write(piece)
        with suppress(OSError):
            stream.finish()

    reader = threading.Thread(target=back, daemon=True)
    reader.start()
    with there, suppress(OSError):
        while piece := stream.read(1 << 16):
            there.sendall(piece)
        there.shutdown(socket.SHUT_RDWR)
    reader.join(5)


class Daemon:
    """Listens on loopback for adb servers; ``adb connect 127.0.0.1:PORT``.

    Serves those that have one of `keys`, or every user of this machine for None. Raises OSError where `port` is taken.
    """

    def __init__(self, host: Host, port: int = 0, *, keys: KeyFiles | None) -> None:
        self._host, self._keys = host, keys
        self._listener = socket.create_server(("127.0.0.1", port))
        self.port: int = self._listener.getsockname()[1]
        self._links: set[_Link] = set()
        self._lock = threading.Lock()
        self._closed = False
        threading.Thread(target=self._accept, daemon=True, name=f"adbd {self.port}").start()

    @property
    def serial(self) -> str:
        """The device's serial on an adb server of this machine."""
        return f"127.0.0.1:{self.port}"

    def dial(self, port: int) -> socket.socket:
        """A connection from a program on the phone to one of its ports, by ``adb reverse``.

        Raises ConnectionRefusedError where the port leads nowhere.
        """
        with self._lock:
            links = list(self._links)
        for link in links:
            if (stream := link.dial(port)) is not None:
                ours, theirs = socket.socketpair()
                threading.Thread(target=_relay, args=(stream, theirs), daemon=True, name=f"reverse {port}").start()
                return ours
        raise ConnectionRefusedError(f"nothing listens on tcp:{port}")

    def cut(self) -> None:
        """Cut every connection; new ones are accepted."""
        with self._lock:
            links = list(self._links)
        for link in links:
            link.close()

    def close(self) -> None:
        """Stop listening and cut every connection. Safe to call twice."""
        self._closed = True
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()

    def _accept(self) -> None:
        while not self._closed:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        link = _Link(connection, self._host, self._keys)
        with self._lock:
            self._links.add(link)
        try:
            link.serve()
        finally:
            with self._lock:
                self._links.discard(link)
