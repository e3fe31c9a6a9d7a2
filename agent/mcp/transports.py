"""Serving `ToolServer`: over stdin and stdout, or over streamable HTTP on loopback.

HTTP has the protections of the live page: every request must name this server in its Host header (against DNS
rebinding), come from it where it has an Origin, and carry ``Authorization: Bearer TOKEN``. Any other request gets 403
with an empty body, whether or not its path exists. stdout carries the protocol and nothing else.
"""

from __future__ import annotations

import asyncio
import hmac
import os
import secrets
import socket
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from agent.core.errors import UserError
from agent.mcp.host import ScreenHost
from agent.mcp.server import ToolServer

TOKEN_VARIABLE = "HANDEYE_MCP_TOKEN"  # noqa: S105 - the name of a variable
"""The environment variable with the token of HTTP; without it each start has a new one."""
SHORTEST_TOKEN = 16
PATH = "/mcp"
_JOIN = 5.0
_DENIED = {"type": "http.response.start", "status": 403, "headers": [(b"content-length", b"0")]}


def serve_stdio(host: ScreenHost) -> None:
    """Serve one client on stdin and stdout until it leaves, or Ctrl-C."""

    async def protocol() -> None:
        from mcp.server.stdio import stdio_server

        server = ToolServer(host).server()
        async with stdio_server() as (reading, writing):
            await server.run(reading, writing, server.create_initialization_options())

    _serve(host, protocol)


@dataclass
class HttpAddress:
    """Where HTTP is served: a bound socket on 127.0.0.1, and the token. `port` 0 is any free one."""

    port: int = 0
    token: str = field(default="", repr=False)
    listening: socket.socket = field(init=False)

    def __post_init__(self) -> None:
        self.token = self.token or secrets.token_urlsafe(32)
        if len(self.token) < SHORTEST_TOKEN or not self.token.isascii() or not self.token.isprintable():
            raise UserError(f"{TOKEN_VARIABLE} has to be at least {SHORTEST_TOKEN} printable ASCII characters")
        self.listening = socket.socket()
        self.listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, os.name != "nt")
        try:
            self.listening.bind(("127.0.0.1", self.port))
        except (OSError, OverflowError) as error:
            self.listening.close()
            raise UserError(f"--http {self.port} cannot be used ({error}): choose another, or 0 for any") from error
        self.port = int(self.listening.getsockname()[1])

    @property
    def url(self) -> str:
        """The address for clients; the token is not in it."""
        return f"http://127.0.0.1:{self.port}{PATH}"

    def admits(self, headers: list[tuple[bytes, bytes]]) -> bool:
        """Whether a request is addressed to this server, comes from it or from no page, and has the token."""

        def all_of(name: bytes) -> list[bytes]:
            return [value for key, value in headers if key == name]

        hosts, origins, said = all_of(b"host"), all_of(b"origin"), all_of(b"authorization")
        names = (b"127.0.0.1:%d" % self.port, b"localhost:%d" % self.port)
        if len(hosts) != 1 or hosts[0] not in names or origins not in ([], [b"http://" + hosts[0]]):
            return False
        kind, _, token = (said[0] if len(said) == 1 else b"").partition(b" ")
        return kind.lower() == b"bearer" and hmac.compare_digest(token.strip(), self.token.encode())


def serve_http(host: ScreenHost, address: HttpAddress) -> None:
    """Serve clients at `address` until Ctrl-C."""

    async def protocol() -> None:
        import uvicorn
        from mcp.server.transport_security import TransportSecuritySettings

        names = [f"127.0.0.1:{address.port}", f"localhost:{address.port}"]
        checks = TransportSecuritySettings(allowed_hosts=names, allowed_origins=[f"http://{name}" for name in names])
        app = ToolServer(host).server().streamable_http_app(streamable_http_path=PATH, transport_security=checks)
        config = uvicorn.Config(guarded(app, address), log_config=None, timeout_graceful_shutdown=1)
        await uvicorn.Server(config).serve(sockets=[address.listening])

    _serve(host, protocol)


def guarded(app: Any, address: HttpAddress) -> Any:
    """The ASGI application `app` for requests that `address` admits; all others get 403 and nothing else."""

    async def guard(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan" or (scope["type"] == "http" and address.admits(scope["headers"])):
            await app(scope, receive, send)
        elif scope["type"] == "http":
            await send(_DENIED)
            await send({"type": "http.response.body", "body": b""})

    return guard


def _serve(host: ScreenHost, protocol: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """The protocol in a thread of its own, the screen in this one. Raises what ended the protocol."""
    failed = list[BaseException]()
    loop = asyncio.new_event_loop()
    serving = loop.create_task(protocol())

    def run() -> None:
        try:
            loop.run_until_complete(serving)
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - raised in the other thread
            failed.append(error)
        finally:
            host.close("the MCP client has gone")

    thread = threading.Thread(target=run, name="mcp", daemon=True)
    thread.start()
    try:
        host.serve()
    finally:
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(serving.cancel)
        thread.join(_JOIN)
    for error in failed:
        if not isinstance(error, asyncio.CancelledError):
            raise error
