"""The HTTP server of uiautomator2: ``GET /ping`` and ``POST /jsonrpc/0`` on a port of the phone."""

from __future__ import annotations

import http.server
import json
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from envs.env import EnvError
from envs.phone.automation.methods import Methods, NotThereError
from envs.phone.server import LoopbackServer
from envs.phone.sh import CommandCall

if TYPE_CHECKING:
    from envs.phone.phone import Phone

_MAIN = "com.wetest.uia2.Main"
_LARGEST = 8 << 20
_NO_METHOD, _NOT_THERE, _FAILED = -32601, -32002, -32001


def app_process(phone: Phone, call: CommandCall) -> int:
    """``CLASSPATH=/data/local/tmp/u2.jar app_process / com.wetest.uia2.Main [-p PORT]``: runs until its caller goes.

    No other program for Android runs on this phone.
    """
    words = call.argv[1:]
    path = call.shell.variables.get("CLASSPATH", "")
    if len(words) < 2 or words[1] != _MAIN or not path or not phone.locate(call.path(path)).is_file():
        name = words[1] if len(words) > 1 else ""
        return call.fail(f"Error: Could not find class '{name}': the simulated phone runs uiautomator2's server only")
    port = int(words[words.index("-p") + 1]) if "-p" in words[:-1] else 9008
    if port in phone.ports:
        return call.fail("java.net.BindException: Address already in use")
    with Automation(phone) as automation:
        phone.ports[port] = automation.port
        try:
            call.out("[server] INFO: [UiAutomator2Server] Starting Server (simulated)\n")
            while call.stdin.read(4096):
                pass
        finally:
            del phone.ports[port]
    return 0


class Automation:
    """Answers on a free loopback `port` of this machine until it is closed."""

    def __init__(self, phone: Phone) -> None:
        self._http = LoopbackServer(("127.0.0.1", 0), _handler(Methods(phone)))
        self.port: int = self._http.server_address[1]
        threading.Thread(target=self._http.serve_forever, daemon=True, name="uiautomator2").start()

    def __enter__(self) -> Automation:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()


def answer(methods: Methods, body: bytes) -> dict[str, Any]:
    """The JSON-RPC answer to a request, whatever it is."""
    try:
        asked = json.loads(body)
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
    except (TypeError, ValueError, KeyError, OSError, EnvError) as error:
        return _error(number, _FAILED, f"{type(error).__name__}: {error}")
    return {"jsonrpc": "2.0", "id": number, "result": result}


def _error(number: object, code: int, message: str, data: str = "") -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": number, "error": {"code": code, "message": message, "data": data}}


def _handler(methods: Methods) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        disable_nagle_algorithm = True

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
            said = answer(methods, self.rfile.read(size))
            self._send(200, json.dumps(said).encode(), "application/json")

        def _send(self, status: int, body: bytes, kind: str) -> None:
            with suppress(ConnectionError):  # the caller has gone
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing: the caller sees the answers."""

    return Handler
