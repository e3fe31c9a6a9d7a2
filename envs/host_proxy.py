"""An HTTP proxy that leads to the hosts of a list only: the one way out of a sandbox whose network is ``hosts``.

It takes ``CONNECT`` (https, and what else programs tunnel) and requests with a full ``http`` address (RFC 9112, 3.2).
Names are looked up here, outside the sandbox. A name that stands for this machine or its link is refused, so that no
name leads to what listens on loopback; such an address is reached only where the list has it as it is.
"""

from __future__ import annotations

import ipaddress
import socket
import threading
from collections.abc import Sequence
from contextlib import suppress
from fnmatch import fnmatchcase
from urllib.parse import urlsplit

from envs.port_relay import join

PORT = 3128
"""Where the proxy is on the loopback of the programs."""
URL = f"http://127.0.0.1:{PORT}"
_LONGEST = 1 << 16
"""Bytes of a request's head."""
_PATIENCE = 30.0
"""Seconds for a request's head, and for a connection to a host."""
_REFUSED = "HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n{why}\n"


class _RefusedError(Exception):
    """`args`: the status line's status, and why."""


def serve(listener: socket.socket, allowed: Sequence[str], denied: Sequence[str] = ()) -> None:
    """Serve what `listener` accepts, until it is closed. `allowed` and `denied` are hosts, ``*`` for a part of one."""
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=_answer, args=(client, allowed, denied), daemon=True).start()


def _answer(client: socket.socket, allowed: Sequence[str], denied: Sequence[str]) -> None:
    with client, suppress(OSError):
        client.settimeout(_PATIENCE)
        try:
            head, rest = _head(client)
            host, port, first = _wanted(head)
            _check_host(host, allowed, denied)
            server = _connected(host, port, host in allowed)
        except _RefusedError as refused:
            status, why = refused.args
            client.sendall(_REFUSED.format(status=status, why=why).encode())
            return
        with server:
            if first:
                server.sendall(first + rest)
            else:
                client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                server.sendall(rest)
            client.settimeout(None)
            server.settimeout(None)
            join(client, server)


def _head(client: socket.socket) -> tuple[bytes, bytes]:
    """A request's head, and what of the next has come with it."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = client.recv(_LONGEST)
        data += piece
        if not piece or len(data) > _LONGEST:
            raise _RefusedError("400 Bad Request", "this is no whole request")
    head, _, rest = data.partition(b"\r\n\r\n")
    return head, rest


def _wanted(head: bytes) -> tuple[str, int, bytes]:
    """The host in lower case, the port, and the head to send there; nothing to send for a tunnel."""
    line, *fields = head.split(b"\r\n")
    try:
        method, target, version = line.decode("ascii").split(" ")
        parts = urlsplit(f"//{target}" if method == "CONNECT" else target)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError as error:
        raise _RefusedError("400 Bad Request", "this is no request to a proxy") from error
    if not host or "@" in parts.netloc or (method == "CONNECT") != (parts.scheme == ""):
        raise _RefusedError("400 Bad Request", "this is no request to a proxy")
    if method == "CONNECT":
        return host, port or 443, b""
    if parts.scheme != "http":
        raise _RefusedError("400 Bad Request", f"{parts.scheme}: is not passed on")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    kept = [f for f in fields if not f.lower().startswith((b"proxy-", b"connection:"))]
    start = f"{method} {path} {version}".encode("ascii")
    return host, port or 80, b"\r\n".join([start, *kept, b"Connection: close"]) + b"\r\n\r\n"


def _check_host(host: str, allowed: Sequence[str], denied: Sequence[str]) -> None:
    if _matches(host, denied) or not _matches(host, allowed):
        raise _RefusedError("403 Forbidden", f"the host {host} may not be reached in this run")


def _matches(host: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(host, pattern.casefold()) for pattern in patterns)


def _connected(host: str, port: int, listed: bool) -> socket.socket:
    """A connection to the host; to an address of this machine or its link only where `listed`."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise _RefusedError("502 Bad Gateway", f"{host} is not known") from error
    for family, kind, number, _, address in found:
        if not listed and _is_here(str(address[0])):
            raise _RefusedError("403 Forbidden", f"{host} stands for {address[0]}, which is not listed")
        server = socket.socket(family, kind, number)
        server.settimeout(_PATIENCE)
        try:
            server.connect(address)
        except OSError:
            server.close()
            continue
        return server
    raise _RefusedError("502 Bad Gateway", f"{host} does not answer at port {port}")


def _is_here(address: str) -> bool:
    ip = ipaddress.ip_address(address.partition("%")[0])
    ip = getattr(ip, "ipv4_mapped", None) or ip
    return ip.is_loopback or ip.is_link_local or ip.is_unspecified or ip.is_multicast
