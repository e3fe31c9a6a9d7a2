"""Asking the program of an X11 window whether it has come to the end of its events (EWMH ``_NET_WM_PING``).

A program answers a ping when it takes it off its queue, which is after everything it was sent before. Linux (xcffib).
"""

from __future__ import annotations

import time
from itertools import count
from typing import Any

import xcffib
import xcffib.res
import xcffib.xproto

res: Any = xcffib.res
xproto: Any = xcffib.xproto  # xcffib is not annotated
_STAMPS = count(int(time.time()) & 0x3FFFFFFF)


class Pings:
    """Finds windows that answer pings, and sends these, through `connection`; answers come as events at the root."""

    def __init__(self, connection: Any) -> None:
        self._connection, self._core = connection, connection.core
        self._root = connection.get_setup().roots[connection.pref_screen].root
        names = ("WM_PROTOCOLS", "_NET_WM_PING", "_NET_SUPPORTING_WM_CHECK")
        self._protocols, self._ping, self._manager = map(self._atom, names)

    def focused(self) -> int:
        """The window that gets the keys: the one with the focus, or under the pointer where nothing manages it."""
        focus: int = self._core.GetInputFocus().reply().focus
        return self.pointed() if focus in (xproto.InputFocus.PointerRoot, self._root) else focus

    def pointed(self) -> int:
        """The innermost window under the pointer."""
        window: int = self._root
        while child := self._core.QueryPointer(window).reply().child:
            window = child
        return window

    def answering(self, window: int) -> int | None:
        """`window` or the nearest one around it that says that it answers pings."""
        while window and window != self._root:
            try:
                if self._ping in self._numbers(window, self._protocols):
                    return window
                window = self._core.QueryTree(window).reply().parent
            except xproto.WindowError:
                return None
        return None

    def send(self, window: int) -> int:
        """Send a ping to `window`; the number that its answer will have."""
        stamp = next(_STAMPS)
        data = xproto.ClientMessageData.synthetic([self._ping, stamp, window, 0, 0], "=5I")
        event = xproto.ClientMessageEvent.synthetic(32, window, self._protocols, data)
        self._core.SendEvent(False, window, 0, event.pack())
        self._connection.flush()
        return stamp

    def stamp_of(self, event: Any) -> int | None:
        """The number of the ping that `event` answers; None for any other event."""
        if not isinstance(event, xproto.ClientMessageEvent) or event.type != self._protocols:
            return None
        what, stamp = event.data.data32[:2]
        return int(stamp) if what == self._ping else None

    def pid(self, window: int) -> int | None:
        """The process that made `window`, as the X server knows it; None for one on another machine."""
        spec = res.ClientIdSpec.synthetic(window, res.ClientIdMask.LocalClientPID)
        try:
            ids = self._connection(res.key).QueryClientIds(1, [spec]).reply().ids
            return int(ids[0].value[0]) if len(ids) else None
        except (xcffib.XcffibException, KeyError):  # no X-Resource extension, or the window is gone
            return None

    def manager(self) -> int | None:
        """A window of the window manager's (EWMH ``_NET_SUPPORTING_WM_CHECK``); None where there is none."""
        return next(iter(self._numbers(self._root, self._manager)), None)

    def _numbers(self, window: int, name: int) -> list[int]:
        return list(self._core.GetProperty(False, window, name, 0, 0, 1024).reply().value.to_atoms())

    def _atom(self, name: str) -> int:
        atom: int = self._core.InternAtom(False, len(name), name).reply().atom
        return atom
