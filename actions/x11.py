"""The pointer and keyboard of one X display, through the XTEST extension. Several displays can be open at once.

Text goes in as key presses: characters of the layout by their own keys, all others by lending them spare keys (see
`actions.x11_keyboard`). GTK 3, Tk 8.6, Qt 6, xterm and Chromium take every code point this way, those beyond U+FFFF
included, so the clipboard is never touched.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from typing import Any

import xcffib
import xcffib.xproto
import xcffib.xtest

from actions.backend import BackendError
from actions.events import Side
from actions.keys import MODIFIERS
from actions.process_activity import computing
from actions.x11_keyboard import Keyboard, Stroke, keysym_of
from actions.x11_ping import Pings

xproto: Any = xcffib.xproto  # xcffib is not annotated
_connect: Any = xcffib.connect
_KEY_PRESS, _KEY_RELEASE, _BUTTON_PRESS, _BUTTON_RELEASE, _MOTION = 2, 3, 4, 5, 6
_BUTTONS: dict[Side, int] = {"left": 1, "middle": 2, "right": 3}
_UP, _DOWN, _LEFT, _RIGHT = 4, 5, 6, 7
_ATOMS = ("_NET_SUPPORTED", "_NET_REQUEST_FRAME_EXTENTS", "_NET_FRAME_EXTENTS")
_CALM = 4  # times in a row, 5 ms apart
_PAGE = 64
"""Characters sent between two round trips to the server."""

_LAYOUT_CHANGED = "the keyboard layout was changed while typing: type the text again"

PING_SECONDS = 5.0
"""How long a program that answers pings may take to come to the end of its key presses."""

FIRST_PING_SECONDS = 1.0
"""The same when it has never answered: Qt 6 says that it would, and does not."""

MANAGER_SECONDS = 2.0
"""How long the window manager may take to pass a click on."""

QUIET_SECONDS = 0.25
"""How long after the last key press, and then sleeping, a program that answers no ping is taken to have read it."""


class X11Device:
    """Implements `actions.input_backend.InputDevice` on the display `name` (``:1``; None is ``$DISPLAY``).

    Positions are root window pixels. Raises `BackendError` when the display cannot be reached, has no XTEST, or goes
    away. The keyboard mapping is as it was once `close` has returned.
    """

    def __init__(self, name: str | None = None) -> None:
        shown = name or "$DISPLAY"
        try:
            self._connection = _connect(display=name)
        except xcffib.XcffibException as error:
            raise BackendError(f"cannot open the X display {shown}: start it or name another") from error
        self._core = self._connection.core
        self._root = self._connection.get_setup().roots[self._connection.pref_screen].root
        self._closed = False
        self._down: dict[str, list[int]] = {}
        self._last_key = 0.0
        self._answers: dict[int, bool] = {}  # window -> whether it answered the last ping
        self._unread = False  # whether a program may still have key presses on its queue
        self._clicked = False  # whether the window manager may still hold a click back
        with self._errors(f"the X display {shown} lacks XTEST or XKEYBOARD: enable them in the server"):
            self._xtest = self._connection(xcffib.xtest.key)
            self._xtest.GetVersion(2, 2).reply()
            self._keyboard = Keyboard(self._connection)
            self._pings = Pings(self._connection)
            self._atoms = {name: self._atom(name) for name in _ATOMS}
            self._physical = self._button_map()

    def move(self, x: int, y: int) -> None:
        """Put the pointer at ``(x, y)``."""
        with self._errors():
            self._fake(_MOTION, 0, x, y)

    def button(self, button: Side, down: bool) -> None:
        """Press or release a mouse button, counted as the user's pointer mapping does."""
        with self._errors():
            self._fake(_BUTTON_PRESS if down else _BUTTON_RELEASE, self._physical[_BUTTONS[button]])
            self._clicked = True

    def wheel(self, dx: int, dy: int) -> None:
        """Turn the wheel: `dx` notches right, `dy` down."""
        turns = [_DOWN if dy > 0 else _UP] * abs(dy) + [_RIGHT if dx > 0 else _LEFT] * abs(dx)
        with self._errors():
            for turn in turns:
                self._fake(_BUTTON_PRESS, self._physical[turn])
                self._fake(_BUTTON_RELEASE, self._physical[turn])

    def key(self, key: str, down: bool) -> None:
        """Press or release a key, with the Shift and AltGr it needs on this layout. Caps Lock does not change it."""
        with self._errors():
            if not down:
                for code in reversed(self._down.pop(key, [])):
                    self._key(code, False)
                return
            self._wait_until_clicked()
            stroke = self._stroke(key)
            held = {code for codes in self._down.values() for code in codes}
            codes = [code for code in stroke.modifiers if code not in held] + [stroke.keycode]
            self._down[key] = codes
            with nullcontext() if key == "capslock" else self._keyboard.neutral():
                self._press(codes)

    def text(self, text: str) -> None:
        """Enter `text`, any Unicode; returns when it was sent, not when it is shown."""
        syms = [keysym_of({"\n": "enter", "\t": "tab"}.get(char, char)) for char in text]
        with self._errors():
            self._wait_until_clicked()
            self._keyboard.refresh()
            with self._keyboard.neutral():
                while syms:
                    length = self._prepare(syms)
                    self._tap([self._keyboard.stroke(sym) for sym in syms[:length]])
                    syms = syms[length:]

    def position(self) -> tuple[int, int]:
        """Where the pointer is."""
        with self._errors():
            reply = self._core.QueryPointer(self._root).reply()
            return reply.root_x, reply.root_y

    def sync(self) -> None:
        """Return when the server has done everything sent so far, and the window manager has passed a click on."""
        with self._errors():
            self._core.GetInputFocus().reply()
            self._wait_until_clicked()
            while self._connection.poll_for_event():
                pass

    def close(self) -> None:
        """Release what is held and give the lent keys back once they were read. Safe to call twice."""
        if self._closed:
            return
        self._closed = True
        with suppress(xcffib.XcffibException):  # the display is gone, and everything lent with it
            for key in list(self._down):
                for code in reversed(self._down.pop(key)):
                    self._key(code, False)
            if self._keyboard.lending:
                self._wait_until_read()
                self._keyboard.restore()
            self._core.GetInputFocus().reply()
        self._connection.disconnect()

    @contextmanager
    def _errors(self, message: str = "the X display is gone or does not answer: start it again") -> Iterator[None]:
        if self._closed:
            raise BackendError("this X display was closed: open it again")
        try:
            yield
            self._connection.flush()
        except xcffib.XcffibException as error:
            raise BackendError(message) from error

    def _fake(self, kind: int, detail: int, x: int = 0, y: int = 0) -> None:
        self._xtest.FakeInput(kind, detail, 0, self._root, x, y, 0)

    def _key(self, code: int, down: bool) -> None:
        self._fake(_KEY_PRESS if down else _KEY_RELEASE, code)
        self._last_key = time.monotonic()
        self._unread = True

    def _press(self, codes: list[int]) -> None:
        for code in codes:
            self._key(code, True)

    def _tap(self, strokes: list[Stroke | None]) -> None:
        for number, stroke in enumerate(strokes):
            if stroke is None:
                raise BackendError(_LAYOUT_CHANGED)
            codes = [*stroke.modifiers, stroke.keycode]
            self._press(codes)
            for code in reversed(codes):
                self._key(code, False)
            if number % _PAGE == _PAGE - 1:
                self._core.GetInputFocus().reply()

    def _stroke(self, key: str) -> Stroke:
        keysym = keysym_of(key)
        self._keyboard.refresh()
        if key in MODIFIERS and not self._keyboard.knows([keysym]):
            raise BackendError(f"the keyboard layout has no {key} key: choose another with setxkbmap")
        self._prepare([keysym])
        stroke = self._keyboard.stroke(keysym)
        if stroke is None:
            raise BackendError(_LAYOUT_CHANGED)
        return stroke

    def _prepare(self, keysyms: list[int]) -> int:
        """Make as many of the first `keysyms` typable as there are keys for; how many that is."""
        if self._keyboard.knows(keysyms):
            return len(keysyms)
        self._wait_until_read()
        length = self._keyboard.lend(keysyms)
        if not length:
            raise BackendError("the keyboard layout leaves no key free: choose another with setxkbmap")
        return length

    def _wait_until_clicked(self) -> None:
        """Return when the window manager has passed the last click on. It holds a click back until it has given the
        window the focus, and a key that is pressed meanwhile would come first. A question that it answers in turn (EWMH
        _NET_REQUEST_FRAME_EXTENTS) shows how far it is; a manager without it is not waited for.
        """
        clicked, self._clicked = self._clicked, False
        asks, answer = self._atoms["_NET_REQUEST_FRAME_EXTENTS"], self._atoms["_NET_FRAME_EXTENTS"]
        if not clicked or asks not in self._property(self._root, self._atoms["_NET_SUPPORTED"]):
            return
        window = self._connection.generate_id()
        mask = xproto.EventMask.PropertyChange
        self._core.CreateWindow(0, window, self._root, 0, 0, 1, 1, 0, 1, 0, xproto.CW.EventMask, [mask])
        data = xproto.ClientMessageData.synthetic([0] * 5, "=5I")
        event = xproto.ClientMessageEvent.synthetic(32, window, asks, data)
        redirect = xproto.EventMask.SubstructureNotify | xproto.EventMask.SubstructureRedirect
        self._core.SendEvent(False, self._root, redirect, event.pack())
        self._connection.flush()
        told = xproto.PropertyNotifyEvent
        self._await(lambda e: isinstance(e, told) and (e.window, e.atom) == (window, answer), MANAGER_SECONDS)
        self._core.DestroyWindow(window)

    def _wait_until_read(self) -> None:
        """Return when the program with the focus has taken all key presses off its queue, as far as can be known."""
        try:
            if self._unread and not self._ping():
                time.sleep(max(0.0, self._last_key + QUIET_SECONDS - time.monotonic()))
                self._wait_while_busy()
        except xcffib.Error:  # the program closed its window meanwhile, so it read what it wanted
            time.sleep(QUIET_SECONDS)
        self._unread = False

    def _wait_while_busy(self) -> None:
        """Return when the program with the focus, where it runs on this machine, has slept for a while."""
        pid, calm, deadline = self._pings.pid(self._pings.focused()), 0, time.monotonic() + PING_SECONDS
        while pid and calm < _CALM and time.monotonic() < deadline:
            calm = 0 if computing(pid) else calm + 1
            time.sleep(0.005)

    def _ping(self) -> bool:
        """Send EWMH _NET_WM_PING, which a program answers after everything it was sent before; whether it did."""
        window = self._pings.answering(self._pings.focused())
        if window is None or not self._answers.get(window, True):
            return False
        patience = PING_SECONDS if window in self._answers else FIRST_PING_SECONDS
        self._select(xproto.EventMask.SubstructureNotify)
        try:
            stamp = self._pings.send(window)
            self._answers[window] = self._await(lambda event: self._pings.stamp_of(event) == stamp, patience)
            return self._answers[window]
        finally:
            self._select(0)

    def _await(self, wanted: Callable[[Any], bool], seconds: float) -> bool:
        """Whether an event that is `wanted` comes within `seconds`; all others are thrown away."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            event = self._connection.poll_for_event()
            if event is None:
                time.sleep(0.001)
            elif wanted(event):
                return True
        return False

    def _select(self, mask: int) -> None:
        self._core.ChangeWindowAttributes(self._root, xproto.CW.EventMask, [mask])

    def _property(self, window: int, name: int) -> list[int]:
        """A property that is a list of atoms."""
        return list(self._core.GetProperty(False, window, name, 0, 0, 1024).reply().value.to_atoms())

    def _atom(self, name: str) -> int:
        atom: int = self._core.InternAtom(False, len(name), name).reply().atom
        return atom

    def _button_map(self) -> dict[int, int]:
        """Logical button to the physical one that gives it; a left-handed user has 1 and 3 swapped."""
        mapping = list(self._core.GetPointerMapping().reply().map)
        return {n: mapping.index(n) + 1 if n in mapping else n for n in range(1, 8)}
