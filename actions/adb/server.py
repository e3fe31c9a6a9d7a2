"""The adb server: found, started where it is missing, and asked for devices."""

from __future__ import annotations

import copy
import os
import socket
import subprocess
import time
from collections.abc import Callable

from adbutils import AdbClient, AdbConnection, adb_path
from adbutils.errors import AdbError

from actions.backend import BackendError
from actions.connections import shut_port, shut_socket

DEFAULT_PORT = 5037
_LOCAL = ("127.0.0.1", "localhost", "::1")
NO_DEVICE = (
    "no Android device: connect one by USB with USB debugging on (Settings > System > Developer options), or by "
    "network with --serial HOST:PORT, or use --env phone for a simulated one"
)
_ADVICE = {
    "unauthorized": "has not allowed this computer: unlock it and accept “Allow USB debugging?”",
    "authorizing": "has not allowed this computer yet: unlock it and accept “Allow USB debugging?”",
    "offline": "is offline: plug it in again, or switch USB debugging off and on, then adb reconnect offline",
    "recovery": "is in recovery mode: restart it",
    "sideload": "is in sideload mode: restart it",
    "bootloader": "is in its bootloader: restart it",
    "no": "may not be used by you: add the udev rules (android-sdk-platform-tools-common) and plug it in again",
}


ANSWER_SECONDS = 15.0
"""How long a server may take to answer a question of its own, such as for its devices."""


Address = str | tuple[str, int]
"""Where an adb server listens: a Unix socket's path, or host and port."""


def _host_and_port(address: Address) -> tuple[str, int]:
    """What adbutils is given; it is not used, since connections are made here."""
    return ("", 0) if isinstance(address, str) else address


def _connect(address: Address) -> socket.socket:
    """A connection within three seconds. Raises `OSError`."""
    if not isinstance(address, str):
        connection = socket.create_connection(address, timeout=3)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        return connection
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.settimeout(3)
        connection.connect(address)
    except OSError:
        connection.close()
        raise
    return connection


class _Connection(AdbConnection):  # type: ignore[misc]
    """adbutils starts a server on the default port, and lets it hold this program's output open, where none answers."""

    def __init__(self, address: Address) -> None:
        self._address = address
        super().__init__(*_host_and_port(address))

    def _safe_connect(self) -> socket.socket:
        return _connect(self._address)


class _Client(AdbClient):  # type: ignore[misc]
    def __init__(self, address: Address, check: Callable[[], None] = lambda: None) -> None:
        super().__init__(*_host_and_port(address))
        self._address, self._check = address, check

    def make_connection(self, timeout: float | None = None) -> AdbConnection:
        connection = _Connection(self._address)
        connection.conn.settimeout(timeout or ANSWER_SECONDS)
        try:
            self._check()
        except BaseException:
            connection.conn.close()
            raise
        return connection


class AdbServer:
    """The stock adb server at `host` and `port`; by default where ANDROID_ADB_SERVER_HOST and _PORT say, or 5037.

    All methods raise `BackendError` with one line when it cannot be reached or started.
    """

    def __init__(self, host: str | None = None, port: int | None = None) -> None:
        self.host = host or os.environ.get("ANDROID_ADB_SERVER_HOST") or "127.0.0.1"
        try:
            self.port = port or int(os.environ.get("ANDROID_ADB_SERVER_PORT") or DEFAULT_PORT)
        except ValueError as error:
            raise BackendError("ANDROID_ADB_SERVER_PORT is not a number: unset it or put it right") from error
        self._reach_at((self.host, self.port))

    @property
    def arguments(self) -> list[str]:
        """The options by which the ``adb`` program finds this server."""
        at = self.address
        return ["-L", f"localfilesystem:{at}"] if isinstance(at, str) else ["-P", str(self.port)]

    def checked(self, check: Callable[[], None]) -> AdbServer:
        """This server, with `check` called after each connection is made; where it raises, nothing is sent."""
        server = copy.copy(self)
        server._client = _Client(self.address, check)
        server.start = self.start  # type: ignore[method-assign]  # the owner of its process keeps it
        return server

    def connection(self, timeout: float) -> AdbConnection:
        """A fresh connection to the server, which is started if it does not run. The caller closes it."""
        if not self.runs():
            self.start()
        try:
            return self._client.make_connection(timeout=timeout)
        except (AdbError, OSError) as error:
            raise BackendError(f"the adb server at {self._name} does not answer: {error}") from error

    def runs(self) -> bool:
        """Whether something listens there. (adbutils itself would start a server on the default port instead.)"""
        try:
            with _connect(self.address):
                return True
        except OSError:
            return False

    def start(self, seconds: float = 20.0) -> None:
        """Start it on this machine."""
        if self.host not in _LOCAL:
            raise BackendError(f"no adb server at {self.host}:{self.port}: start one there with adb -a start-server")
        command = [adb_path(), *self.arguments, "start-server"]
        try:
            subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                           timeout=seconds, check=True)  # fmt: skip
        except (OSError, subprocess.SubprocessError) as error:
            raise BackendError(f"the adb server does not start on port {self.port}: run adb kill-server") from error

    def devices(self) -> dict[str, str]:
        """The state of each device by serial: ``device``, ``offline``, ``unauthorized`` …"""
        self._wake()
        try:
            return {found.serial: found.state for found in self._client.list()}
        except (AdbError, OSError) as error:
            raise BackendError(f"the adb server at {self._name} lists no devices: {error}") from error

    def version(self) -> int:
        """The number of its protocol: 41 of a server 1.0.41. It is not started."""
        try:
            return int(self._client.server_version())
        except (AdbError, OSError, ValueError) as error:
            raise BackendError(f"the adb server at {self._name} does not answer ({error}): adb kill-server") from error

    def connect(self, address: str, timeout: float = 10.0) -> str:
        """Connect to ``HOST:PORT`` and say what the server said."""
        self._wake()
        try:
            return str(self._client.connect(address, timeout=timeout))
        except (AdbError, OSError) as error:
            return f"failed to connect to {address}: {error}"

    def disconnect(self, address: str) -> None:
        """Forget a network device. No error where there is none."""
        self._wake()
        try:
            self._client.disconnect(address)
        except OSError as error:
            raise BackendError(f"the adb server at {self._name} does not answer: {error}") from error

    def choose(self, serial: str | None = None, patience: float = 5.0) -> str:
        """The serial of the device to use, which is ready: `serial`, else ANDROID_SERIAL, else the only one there is.

        A ``HOST:PORT`` is connected to first. Raises `BackendError` with what to do for a device that is not ready,
        for none and for several.
        """
        serial = serial or os.environ.get("ANDROID_SERIAL") or None
        said = self.connect(serial) if serial and is_address(serial) and not self.ready(serial) else ""
        states = self._states(serial, patience)
        if serial is None:
            serial = _only(states)
        if serial not in states:
            raise BackendError(_missing(serial, states, said))
        if states[serial] != "device":
            raise BackendError(f"{serial} {': '.join(next_step(states[serial]))}")
        return serial

    def ready(self, serial: str) -> bool:
        """Whether the device is there and takes commands."""
        return self.devices().get(serial) == "device"

    def stop(self) -> None:
        """End the server."""
        if self.runs():
            try:
                self._client.server_kill()
            except (AdbError, OSError) as error:
                raise BackendError(f"the adb server at {self._name} does not end: {error}") from error

    def interrupt(self) -> None:
        """End all connections of this process to the server."""
        if isinstance(self.address, str):
            shut_socket(self.address)
        else:
            shut_port(self.port)

    def _reach_at(self, address: Address) -> None:
        self.address = address
        self._client = _Client(address)

    @property
    def _name(self) -> str:
        return self.address if isinstance(self.address, str) else f"{self.host}:{self.port}"

    def _wake(self) -> None:
        if not self.runs():
            self.start()

    def _states(self, serial: str | None, patience: float) -> dict[str, str]:
        """The devices; a server that has just started needs a moment to find them."""
        deadline = time.monotonic() + patience
        while True:
            states = self.devices()
            wanted = [states.get(serial, "absent")] if serial else list(states.values()) or ["absent"]
            if set(wanted) - {"absent", "offline", "authorizing", "connecting"} or time.monotonic() > deadline:
                return states
            time.sleep(0.05)


def next_step(state: str) -> tuple[str, str]:
    """Why a device in a state that adb tells, other than ``device``, cannot be used, and what to do."""
    what, _, to_do = _ADVICE.get(state, f"is not ready (adb says {state!r}): restart it").partition(": ")
    return what, to_do


def is_address(serial: str) -> bool:
    """Whether a serial is a ``HOST:PORT``."""
    host, _, port = serial.rpartition(":")
    return bool(host) and port.isdecimal()


def _only(states: dict[str, str]) -> str:
    ready = [serial for serial, state in states.items() if state == "device"]
    if len(ready) == 1:
        return ready[0]
    if ready:
        raise BackendError(f"{len(ready)} devices: choose one with --serial: {', '.join(sorted(ready))}")
    if len(states) == 1:
        return next(iter(states))
    if states:
        told = ", ".join(f"{serial} {state}" for serial, state in sorted(states.items()))
        raise BackendError(f"no device is ready ({told}): unlock one and accept “Allow USB debugging?”")
    raise BackendError(NO_DEVICE)


def _missing(serial: str, states: dict[str, str], said: str) -> str:
    if said:
        return f"{said}: is the device on, in the same network, and listening (adb tcpip 5555)?"
    there = f"there is {', '.join(sorted(states))}" if states else "adb knows of none"
    return f"no device {serial}: {there}; look with adb devices"
