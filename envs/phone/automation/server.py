"""The HTTP server of uiautomator2: ``GET /ping`` and ``POST /jsonrpc/0`` on a port of the phone."""

from __future__ import annotations

import http.server
import json
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from envs.env import EnvError
from envs.phone import mirroring
from envs.phone.automation.methods import Methods, NotThereError
from envs.phone.device import PhoneDevice
from envs.phone.phone_facts import SCRCPY_SERVER
from envs.phone.sh import CommandCall

_MAIN = "com.wetest.uia2.Main"
_LARGEST = 8 << 20
_NO_METHOD, _NOT_THERE, _FAILED = -32601, -32002, -32001


def app_process(phone: PhoneDevice, call: CommandCall) -> int:
    """``CLASSPATH=/data/local/tmp/u2.jar app_process / com.wetest.uia2.Main [-p PORT]``: runs until its caller goes.

    Beside it only scrcpy's server runs on this phone.
    """
    words = call.argv[1:]
    path = call.shell.variables.get("CLASSPATH", "")
    there = path == SCRCPY_SERVER or (path and phone.locate(call.path(path)).is_file())
    name = words[1] if len(words) > 1 and there else ""
    if name == mirroring.MAIN:
        return mirroring.scrcpy_server(phone, call)
    if name != _MAIN:
        wanted = "".join(words[1:2])
        return call.fail(f"Error: Could not find class '{wanted}': only uiautomator2 and scrcpy run here")
    port = int(words[words.index("-p") + 1]) if "-p" in words[:-1] else 9008
    if f"tcp:{port}" in phone.listeners:
        return call.fail("java.net.BindException: Address already in use")
    phone.listeners[f"tcp:{port}"] = Automation(phone).connect
    try:
        call.out("[server] INFO: [UiAutomator2Server] Starting Server (simulated)\n")
        with call.process() as process:
            threading.Thread(target=_until_left, args=(call, process.stopping), daemon=True).start()
            process.stopping.wait()
    finally:
        del phone.listeners[f"tcp:{port}"]
    return 0


def _until_left(call: CommandCall, left: threading.Event) -> None:
    with suppress(OSError):
        while call.stdin.read(4096):
            pass
    left.set()


class Automation:
    """Answers HTTP requests on connections made by `connect`; it has no port on this machine."""

    def __init__(self, phone: PhoneDevice) -> None:
        self._phone, self._methods = phone, Methods(phone)

    def connect(self) -> socket.socket:
        """A new connection to the server."""
        ours, theirs = socket.socketpair()
        threading.Thread(target=self._serve, args=(theirs,), daemon=True, name="uiautomator2").start()
        return ours

    def _serve(self, connection: socket.socket) -> None:
        with connection, suppress(ConnectionError):
            _Handler(connection, self._answer)

    def _answer(self, content: bytes) -> dict[str, Any]:
        try:
            return answer(self._methods, content)
        except EnvError as error:
            self._phone.revive()
            return _error(None, _FAILED, str(error))


def answer(methods: Methods, content: bytes) -> dict[str, Any]:
    """The JSON-RPC answer to any request. Raises `EnvError` where the browser fails."""
    try:
        asked = json.loads(content)
        name, given, number = str(asked["method"]), asked.get("params") or [], asked.get("id")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        return _error(None, -32700, f"not a request: {error}")
    method = methods.known.get(name)
    if method is None:
        return _error(number, _NO_METHOD, f"the simulated phone does not know the method {name}")
    try:
        result = method(**given) if isinstance(given, dict) else method(*given)
    except NotThereError as error:
        return _error(number, _NOT_THERE, "androidx.test.uiautomator.UiObjectNotFoundException", str(error))
    except (TypeError, ValueError, KeyError, OSError) as error:
        return _error(number, _FAILED, f"{type(error).__name__}: {error}")
    return {"jsonrpc": "2.0", "id": number, "result": result}


def _error(number: object, code: int, message: str, data: str = "") -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": number, "error": {"code": code, "message": message, "data": data}}


class _Handler(http.server.BaseHTTPRequestHandler):
    def __init__(self, connection: socket.socket, answer: Callable[[bytes], dict[str, Any]]) -> None:
        self._answer = answer
        super().__init__(connection, ("", 0), None)  # type: ignore[arg-type] # no server: nothing here uses it

    def do_GET(self) -> None:
        if self.path == "/ping":
            self._send(200, b"pong", "text/plain")
        else:
            self._send(404, b"not found", "text/plain")

    def do_POST(self) -> None:
        size = int(self.headers.get("Content-Length") or 0)
        if not self.path.startswith("/jsonrpc") or size > _LARGEST:
            self._send(404, b"not found", "text/plain")
            return
        said = self._answer(self.rfile.read(size))
        self._send(200, json.dumps(said).encode(), "application/json")

    def _send(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Log nothing: the caller sees the answers."""
