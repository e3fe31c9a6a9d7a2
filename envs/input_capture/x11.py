"""Input on an X display, through the RECORD extension: no grab, no lost key, no window of ours.

Events are those that programs get: positions on the screen, buttons as the user's mapping counts them, keys with
their modifiers. Requests that change the keyboard's map come in the same stream, in order, so that a key lent to a
character for a short time (as xdotool and others do) is read as that character.
"""

from __future__ import annotations

import queue
import struct
import threading
import time
from collections.abc import Iterator
from typing import Any

import xcffib
import xcffib.record
import xcffib.xproto

from actions.events import Side
from envs.env import EnvError
from envs.input_capture.events import Down, Event, Moved, Pressed, Turned, Typed, Unknown, Up
from envs.input_capture.keymap import Keymap, core_rows, read_rows

_KEY_PRESS, _KEY_RELEASE, _BUTTON_PRESS, _BUTTON_RELEASE, _MOTION = 2, 3, 4, 5, 6
_CHANGE_MAP = 100
_XKB_SET_MAP, _XKB_GET_BY_NAME = 9, 23
_FROM_SERVER, _FROM_CLIENT, _START, _END = 0, 1, 4, 5
_ALL_CLIENTS = 3
_EVENT = struct.Struct("=BBHIIIIhhhhHBx")
_SIDES: dict[int, Side] = {1: "left", 2: "middle", 3: "right"}
_WHEEL = {4: (0, -1), 5: (0, 1), 6: (-1, 0), 7: (1, 0)}
_HELD = ((4, "ctrl"), (1, "shift"), (8, "alt"), (64, "super"))


class X11Listener:
    """All mouse and keyboard input on `display`, whatever sends it, from now on.

    `events` are in order; times are `time.monotonic`. Raises `EnvError` where the display has no RECORD.
    """

    def __init__(self, display: str) -> None:
        self.events: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
        connect: Any = xcffib.connect  # xcffib has type markers, but no types
        self._open: list[Any] = []
        try:
            self._querying, self._recording = self._connect(connect, display), self._connect(connect, display)
            self._xkb = self._querying.core.QueryExtension(9, "XKEYBOARD").reply().major_opcode
            self._keymap = Keymap(read_rows(self._querying))
            self._context = self._create()
        except (xcffib.XcffibException, KeyError) as error:
            self._disconnect()
            raise EnvError(f"the X display {display!r} does not report its input: it needs the RECORD and "
                           "XKEYBOARD extensions (an X11 session, not Wayland)") from error  # fmt: skip
        self._offset: float | None = None
        self._alone = 0
        self._ready, self._closed = threading.Event(), False
        self._thread = threading.Thread(target=self._receive, name="listener", daemon=True)
        self._thread.start()
        if not self._ready.wait(5):
            self.close()
            raise EnvError(f"the X display {display!r} does not begin to record: try again")

    def close(self) -> None:
        """Stop. Safe to call twice; `events` ends with None."""
        if self._closed:
            return
        self._closed = True
        try:
            self._record.DisableContext(self._context, is_checked=True).check()
            self._record.FreeContext(self._context, is_checked=True).check()
        except xcffib.XcffibException:
            pass  # the display is gone, and its context with it
        self._thread.join(5)
        self._disconnect()

    def _connect(self, connect: Any, display: str) -> Any:
        self._open.append(connect(display))
        return self._open[-1]

    def _disconnect(self) -> None:
        for connection in self._open:
            connection.disconnect()

    def _create(self) -> int:
        """A RECORD context of device events and of requests that change the keyboard's map."""
        self._record: Any = self._querying(xcffib.record.key)
        self._record.QueryVersion(1, 13).reply()
        wanted = [
            _range(device=(_KEY_PRESS, _MOTION)),
            _range(request=(_CHANGE_MAP, _CHANGE_MAP)),
            _range(extension=(self._xkb, _XKB_SET_MAP, _XKB_GET_BY_NAME)),
        ]
        context: int = self._querying.generate_id()
        self._record.CreateContext(
            context, 0, 1, len(wanted), [_ALL_CLIENTS], wanted, is_checked=True
        ).check()  # fmt: skip
        return context

    def _receive(self) -> None:
        try:
            record: Any = self._recording(xcffib.record.key)
            record.QueryVersion(1, 13).reply()
            cookie = record.EnableContext(self._context)
            self._recording.flush()
            while True:
                reply = cookie.reply()
                if reply.category == _START:
                    self._ready.set()
                elif reply.category == _END:
                    return
                elif not reply.client_swapped:
                    self._take(reply.category, bytes(reply.data.buf()))
        except xcffib.XcffibException:
            pass  # the display is gone
        finally:
            self.events.put(None)

    def _take(self, category: int, data: bytes) -> None:
        if category == _FROM_SERVER:
            for at in range(0, len(data) - 31, 32):
                for event in self._translated(data[at : at + 32]):
                    self.events.put(event)
        elif category == _FROM_CLIENT:
            self._mapped(data)

    def _mapped(self, data: bytes) -> None:
        """A program changes the keyboard's map."""
        if data[0] == _CHANGE_MAP and len(data) >= 8:
            count, first, width = data[1], data[4], data[5]
            room = min(count * width, (len(data) - 8) // 4)
            self._keymap.change(core_rows(first, width, struct.unpack_from(f"={room}I", data, 8)))
        elif data[0] == self._xkb and data[1] in (_XKB_SET_MAP, _XKB_GET_BY_NAME):
            self._keymap.change(read_rows(self._querying))

    def _translated(self, data: bytes) -> Iterator[Event]:
        kind, detail, _, stamp, *_, x, y, _, _, state, _ = _EVENT.unpack(data)
        when, kind = self._local_time(stamp), kind & 0x7F
        if kind in (_KEY_PRESS, _KEY_RELEASE):
            yield from self._key(kind, detail, state, when)
            return
        self._alone = 0
        held = tuple(name for bit, name in _HELD if state & bit)
        if kind == _MOTION:
            yield Moved(when, x, y)
        elif detail in _SIDES:
            yield Down(when, x, y, _SIDES[detail], held) if kind == _BUTTON_PRESS else Up(when, x, y, _SIDES[detail])
        elif kind == _BUTTON_PRESS:
            dx, dy = _WHEEL.get(detail, (0, 0))
            yield Turned(when, x, y, dx, dy, held) if dx or dy else Unknown(when, f"mouse button {detail}")

    def _key(self, kind: int, code: int, state: int, when: float) -> Iterator[Event]:
        if kind == _KEY_RELEASE:
            if self._alone == code:
                yield Pressed(when, self._keymap.alone(code))
            self._alone = 0
            return
        self._alone = code if self._keymap.alone(code) and not state & (1 | 4 | 8 | 64) else 0
        key = self._keymap.press(code, state)
        if key.text:
            yield Typed(when, key.text)
        elif key.chord:
            yield Pressed(when, key.chord)
        elif key.unknown:
            yield Unknown(when, key.unknown)

    def _local_time(self, stamp: int) -> float:
        """The server's milliseconds on our clock; the least delay seen gives their difference."""
        now = time.monotonic()
        gap = now - stamp / 1000
        if self._offset is None or gap < self._offset or gap - self._offset > 60:
            self._offset = gap
        return stamp / 1000 + self._offset


def _range(
    device: tuple[int, int] = (0, 0), request: tuple[int, int] = (0, 0), extension: tuple[int, int, int] = (0, 0, 0)
) -> Any:
    record: Any = xcffib.record
    none, few = record.Range8.synthetic(0, 0), record.Range16.synthetic(0, 0)
    major, low, high = extension
    minors = record.ExtRange.synthetic(record.Range8.synthetic(major, major), record.Range16.synthetic(low, high))
    return record.Range.synthetic(
        record.Range8.synthetic(*request), none, minors, record.ExtRange.synthetic(none, few), none,
        record.Range8.synthetic(*device), none, False, False,
    )  # fmt: skip
