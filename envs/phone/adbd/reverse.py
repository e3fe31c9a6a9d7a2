"""``adb reverse``: ports of the phone that lead to sockets of the adb server's machine.

No port of this machine is listened on, for here the phone's ports and the machine's would be the same: programs on
the phone reach them by `envs.phone.adbd.Daemon.dial`.
"""

from __future__ import annotations

import re

_FORWARD = re.compile(r"forward:(norebind:)?tcp:(\d{1,5});([a-z]+:[^;]+)")
_FIRST = 34567
"""The first port given out where any will do (``tcp:0``)."""


class Reversed:
    """The reversed ports of one connection."""

    def __init__(self) -> None:
        self._there: dict[int, str] = {}

    def find(self, port: int) -> str | None:
        """The socket of the server's machine that a port of the phone leads to, e.g. ``tcp:8000``."""
        return self._there.get(port)

    def answer(self, argument: str) -> bytes:
        """Carry out a request (the text after ``reverse:``); the bytes of the answer."""
        if argument == "list-forward":
            return _string("".join(f"(reverse) tcp:{port} {there}\n" for port, there in self._there.items()))
        if argument == "killforward-all":
            self._there.clear()
            return b"OKAY"
        if argument.startswith("killforward:tcp:"):
            port = argument.removeprefix("killforward:tcp:")
            known = port.isdecimal() and self._there.pop(int(port), None) is not None
            return b"OKAY" if known else _failure(f"listener 'tcp:{port}' not found")
        if asked := _FORWARD.fullmatch(argument):
            return self._forward(int(asked[2]), asked[3], rebind=not asked[1])
        return _failure(f"the simulated phone cannot reverse {argument}: only ports, tcp:PORT")

    def _forward(self, port: int, there: str, *, rebind: bool) -> bytes:
        if port in self._there and not rebind:
            return _failure("cannot rebind existing socket")
        chosen = port or next(n for n in range(_FIRST, 65536) if n not in self._there)
        if chosen > 65535:
            return _failure(f"bad port number {chosen}")
        self._there[chosen] = there
        return b"OKAY" if port else b"OKAY" + _string(str(chosen))


def _string(text: str) -> bytes:
    return b"%04x%s" % (len(text.encode()), text.encode())


def _failure(text: str) -> bytes:
    return b"FAIL" + _string(text)
