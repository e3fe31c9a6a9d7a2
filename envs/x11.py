"""Queries to an X server: monitors, windows, the active program, the pointer. Linux only (xcffib)."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import xcffib
import xcffib.randr
import xcffib.xproto

from envs.env import EnvError
from envs.monitor import Monitor

_xcffib: Any = xcffib
"""xcffib has type markers, but no types."""

_FAMILY_LOCAL = 252
"""The access list's entry for every user of this machine (X.h: FamilyLocalHost)."""


@dataclass(frozen=True)
class XWindow:
    """A program's top-level window. The box `left, top, width, height` is without its frame, in input units.

    `bare` is whether it is full screen or calls itself a pop-up (``WM_WINDOW_ROLE``, as browsers do). `bar` is the
    height of its frame above it.
    """

    id: int
    title: str
    program: str
    left: int
    top: int
    width: int
    height: int
    bare: bool = False
    bar: int = 0


class XScreen:
    """A connection to one X display. Not for several threads at once. Raises `EnvError` when it cannot connect."""

    def __init__(self, display: str) -> None:
        try:
            self._conn: Any = _xcffib.connect(display)
        except xcffib.XcffibException as error:
            raise EnvError(
                f"cannot open the X display {display!r}: start a desktop session, or use --env sandbox"
            ) from error
        screen = self._conn.get_setup().roots[self._conn.pref_screen]
        self.display = display
        self.root: int = screen.root
        self._atoms: dict[str, int] = {}
        self._probe: int | None = None
        self._randr = self._conn(xcffib.randr.key)

    @contextmanager
    def guard(self) -> Iterator[None]:
        """Turns any failure of the connection inside it into an `EnvError`."""
        try:
            yield
        except xcffib.XcffibException as error:
            raise EnvError(f"the X display {self.display!r} is gone or does not answer: start it again") from error

    def size(self) -> tuple[int, int]:
        """Width and height of the whole screen in input units, as it is now."""
        geometry = self._conn.core.GetGeometry(self.root).reply()
        return geometry.width, geometry.height

    def monitors(self) -> tuple[Monitor, ...]:
        """All monitors as they are now (RandR 1.5 GetMonitors), or the whole screen where there are none."""
        found = tuple(
            Monitor(self._atom_name(m.name), m.x, m.y, m.width, m.height, bool(m.primary))
            for m in self._randr.GetMonitors(self.root, 1).reply().monitors
            if m.width and m.height
        )
        return found or (Monitor("screen", 0, 0, *self.size(), primary=True),)

    def set_monitors(self, monitors: tuple[Monitor, ...], main: int = 0) -> None:
        """Declare `monitors` on the screen; for private displays.

        The one at index `main` takes the output: an X server without hardware has one only, and GTK places menus and
        lists on monitors with an output.
        """
        for name in {m.name for m in self.monitors()} & {m.name for m in monitors}:
            self._randr.DeleteMonitor(self.root, self.atom(name), is_checked=True).check()
        outputs = list(self._randr.GetScreenResourcesCurrent(self.root).reply().outputs)
        for index, m in enumerate(monitors):
            mine = outputs if index == main else []
            size_mm = round(m.width * 0.2646), round(m.height * 0.2646)
            info = _xcffib.randr.MonitorInfo.synthetic(
                self.atom(m.name), m.primary, False, len(mine), m.left, m.top, m.width, m.height, *size_mm, mine
            )
            self._randr.SetMonitor(self.root, info, is_checked=True).check()

    def allow_only_me(self) -> None:
        """Refuse programs of this machine's other users, as ``xhost -local: +si:localuser:ME`` does."""
        me = b"localuser\0#%d" % os.getuid()
        insert, delete = xcffib.xproto.HostMode.Insert, xcffib.xproto.HostMode.Delete
        self._conn.core.ChangeHosts(insert, xcffib.xproto.Family.ServerInterpreted, len(me), list(me), True).check()
        self._conn.core.ChangeHosts(delete, _FAMILY_LOCAL, 0, [], True).check()

    def paint_root(self, rgb: int) -> None:
        """Fill the background of the screen with one colour, 0xRRGGBB."""
        self._conn.core.ChangeWindowAttributes(self.root, xcffib.xproto.CW.BackPixel, [rgb], is_checked=True).check()
        self._conn.core.ClearArea(False, self.root, 0, 0, 0, 0, is_checked=True).check()

    def window_manager(self) -> bool:
        """Whether a window manager answers: it tells the frame that a window would have (EWMH).

        It names itself (``_NET_SUPPORTING_WM_CHECK``) before it handles requests, and a window that is shown in between
        may never be managed.
        """
        if self._probe is None:
            self._probe = self._conn.generate_id()
            self._conn.core.CreateWindow(
                0, self._probe, self.root, 0, 0, 1, 1, 0, xcffib.xproto.WindowClass.InputOutput, 0, 0, [],
                is_checked=True,
            ).check()  # fmt: skip
        if self._cardinals(self._probe, "_NET_FRAME_EXTENTS"):
            return True
        self._tell_manager(self._probe, "_NET_REQUEST_FRAME_EXTENTS", [0] * 5)
        return False

    def windows(self) -> tuple[XWindow, ...]:
        """The top-level windows the window manager knows (``_NET_CLIENT_LIST``), oldest first."""
        found = (self._window(window) for window in self._cardinals(self.root, "_NET_CLIENT_LIST"))
        return tuple(window for window in found if window)

    def stacked_windows(self) -> tuple[XWindow, ...]:
        """The mapped top-level windows (``_NET_CLIENT_LIST_STACKING``), the front one first."""
        order = reversed(self._cardinals(self.root, "_NET_CLIENT_LIST_STACKING"))
        shown = [window for window in order if self._is_shown(window)]
        return tuple(found for window in shown if (found := self._window(window)))

    def _is_shown(self, window: int) -> bool:
        try:
            state = self._conn.core.GetWindowAttributes(window).reply().map_state
        except xcffib.xproto.WindowError:
            return False
        return bool(state == xcffib.xproto.MapState.Viewable)

    def active_window(self) -> XWindow | None:
        """The window that has the focus (``_NET_ACTIVE_WINDOW``), if any."""
        active = self._cardinals(self.root, "_NET_ACTIVE_WINDOW")
        return self._window(active[0]) if active and active[0] else None

    def pointer(self) -> tuple[int, int]:
        """Where the pointer is, input units."""
        reply = self._conn.core.QueryPointer(self.root).reply()
        return reply.root_x, reply.root_y

    def put_pointer(self, x: int, y: int) -> None:
        """Move the pointer, input units."""
        self._conn.core.WarpPointer(0, self.root, 0, 0, 0, 0, x, y, is_checked=True).check()

    def window_pid(self, window: int) -> int | None:
        """The process that says it owns `window` (``_NET_WM_PID``)."""
        pid = self._cardinals(window, "_NET_WM_PID")
        return pid[0] if pid else None

    def maximise(self, window: int) -> None:
        """Ask the window manager to maximise `window`."""
        states = [self.atom("_NET_WM_STATE_MAXIMIZED_VERT"), self.atom("_NET_WM_STATE_MAXIMIZED_HORZ")]
        self._tell_manager(window, "_NET_WM_STATE", [1, *states, 1, 0])

    def move(self, window: int, left: int, top: int) -> None:
        """Ask the window manager to move `window`."""
        where = xcffib.xproto.ConfigWindow.X | xcffib.xproto.ConfigWindow.Y
        self._conn.core.ConfigureWindow(window, where, [left, top], is_checked=True).check()

    def close_window(self, window: int) -> None:
        """Ask the program to close `window`, as its title bar's button does."""
        self._tell_manager(window, "_NET_CLOSE_WINDOW", [0, 2, 0, 0, 0])

    def close(self) -> None:
        """Disconnect from the display. Safe to call twice."""
        self._conn.disconnect()

    def atom(self, name: str) -> int:
        """The number of an atom."""
        if name not in self._atoms:
            self._atoms[name] = self._conn.core.InternAtom(False, len(name), name).reply().atom
        return self._atoms[name]

    def _atom_name(self, atom: int) -> str:
        return str(self._conn.core.GetAtomName(atom).reply().name.to_string())

    def _tell_manager(self, window: int, message: str, data: list[int]) -> None:
        event = struct.pack("=BBHII5I", 33, 32, 0, window, self.atom(message), *data)  # a ClientMessage
        mask = xcffib.xproto.EventMask.SubstructureNotify | xcffib.xproto.EventMask.SubstructureRedirect
        self._conn.core.SendEvent(False, self.root, mask, event, is_checked=True).check()

    def _property(self, window: int, name: str) -> Any:
        return self._conn.core.GetProperty(False, window, self.atom(name), 0, 0, 65536).reply()

    def _cardinals(self, window: int, name: str) -> list[int]:
        try:
            reply = self._property(window, name)
        except xcffib.xproto.WindowError:
            return []
        return list(reply.value.to_atoms()) if reply.format == 32 else []

    def _text(self, window: int, name: str) -> str:
        return bytes(self._property(window, name).value.buf()).decode("utf-8", "replace")

    def _window(self, window: int) -> XWindow | None:
        try:
            geometry = self._conn.core.GetGeometry(window).reply()
            place = self._conn.core.TranslateCoordinates(window, self.root, 0, 0).reply()
            title = self._text(window, "_NET_WM_NAME") or self._text(window, "WM_NAME")
            program = self._text(window, "WM_CLASS").rstrip("\0").split("\0")[-1]
            full = self.atom("_NET_WM_STATE_FULLSCREEN") in self._cardinals(window, "_NET_WM_STATE")
            bare = full or self._text(window, "WM_WINDOW_ROLE") == "pop-up"
            bar = (*self._cardinals(window, "_NET_FRAME_EXTENTS")[2:3], 0)[0]  # left, right, top, bottom
        except (xcffib.xproto.WindowError, xcffib.xproto.DrawableError):
            return None
        return XWindow(window, title, program, place.dst_x, place.dst_y, geometry.width, geometry.height, bare, bar)
