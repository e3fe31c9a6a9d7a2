"""Stopping a run: a global key, and the pointer moved into the top-left corner.

On X11 the key is grabbed on the root window, which works whatever program has the focus. On macOS and Windows it needs
the optional package ``pynput``; without it the key is reported as unavailable.
"""

from __future__ import annotations

import os
import select
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from actions.keys import split_chord
from envs.env import EnvError

STOP_CHORD = "ctrl+alt+escape"
"""Free on GNOME, Xfce and KDE's defaults but for KDE's "kill window" (ctrl+alt+escape there too: choose another)."""

_KEYSYMS = {"escape": 0xFF1B, "pause": 0xFF13, "end": 0xFF57, "delete": 0xFFFF, "backspace": 0xFF08, "space": 0x20,
            "enter": 0xFF0D, "home": 0xFF50, **{f"f{n}": 0xFFBD + n for n in range(1, 25)}}  # fmt: skip
_MASKS = {"shift": 1, "ctrl": 4, "alt": 8, "super": 64}
_LOCKS = (2, 16)
"""CapsLock and NumLock (Mod2) must not matter."""


class StopKey:
    """A key that calls `on_stop` once for each press, from a thread of its own. Made by `grab_stop_key`."""

    def __init__(self, display: str, chord: str, on_stop: Callable[[], None]) -> None:
        import xcffib

        *modifiers, key = split_chord(chord)
        unusable = [name for name in modifiers if name not in _MASKS]
        if unusable or not modifiers or (len(key) > 1 and key not in _KEYSYMS):
            raise EnvError(f"{chord!r} cannot be a stop key: use modifiers and one key, e.g. {STOP_CHORD}")
        self._on_stop = on_stop
        connect: Any = xcffib.connect  # xcffib has type markers, but no types
        try:
            self._conn: Any = connect(display)
            self._grab(_KEYSYMS.get(key) or ord(key), sum(_MASKS[name] for name in modifiers))
        except xcffib.XcffibException as error:
            taken = type(error).__name__ == "AccessError"
            why = "another program has grabbed it" if taken else "the display cannot be opened"
            raise EnvError(f"no stop key {chord} on {display}: {why}; stop with Ctrl-C in the terminal") from error
        self._reading, self._writing = os.pipe()
        self._thread = threading.Thread(target=self._watch, name="stop key", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Release the grab. Safe to call twice."""
        if self._thread.is_alive() and threading.current_thread() is not self._thread:
            os.write(self._writing, b"x")
            self._thread.join()

    def _grab(self, keysym: int, mask: int) -> None:
        import xcffib.xproto

        setup = self._conn.get_setup()
        root = setup.roots[self._conn.pref_screen].root
        code = _keycode(self._conn, setup.min_keycode, setup.max_keycode, keysym)
        mode = xcffib.xproto.GrabMode.Async
        for count in range(len(_LOCKS) + 1):
            for locks in combinations(_LOCKS, count):
                self._conn.core.GrabKey(False, root, mask | sum(locks), code, mode, mode, is_checked=True).check()

    def _watch(self) -> None:
        import xcffib
        import xcffib.xproto

        try:
            while not self._told_to_end():
                while (event := self._conn.poll_for_event()) is not None:
                    if isinstance(event, xcffib.xproto.KeyPressEvent):
                        self._on_stop()
        except xcffib.XcffibException:
            pass  # the display is gone, and the key with it
        finally:
            self._conn.disconnect()
            os.close(self._reading)
            os.close(self._writing)

    def _told_to_end(self) -> bool:
        readable, _, _ = select.select([self._conn.get_file_descriptor(), self._reading], [], [])
        return self._reading in readable


def _keycode(conn: Any, first: int, last: int, keysym: int) -> int:
    mapping = conn.core.GetKeyboardMapping(first, last - first + 1).reply()
    symbols = list(mapping.keysyms)
    for index in range(0, len(symbols), mapping.keysyms_per_keycode):
        if keysym in symbols[index : index + mapping.keysyms_per_keycode]:
            return int(first + index // mapping.keysyms_per_keycode)
    raise EnvError("this keyboard has no such stop key: choose another")


class _PynputKey:
    """The stop key on macOS and Windows."""

    def __init__(self, chord: str, on_stop: Callable[[], None]) -> None:
        try:
            from pynput import keyboard  # type: ignore[import-not-found,import-untyped,unused-ignore]
        except ImportError as error:
            raise EnvError("no stop key: pip install pynput for one, or stop with Ctrl-C in the terminal") from error
        names = {"escape": "esc", "super": "cmd", "delete": "delete"}
        keys = [f"<{names.get(k, k)}>" if len(k) > 1 else k for k in split_chord(chord)]
        self._listener = keyboard.GlobalHotKeys({"+".join(keys): on_stop})
        self._listener.start()

    def close(self) -> None:
        """Release the key."""
        self._listener.stop()


def grab_stop_key(display: str | None, on_stop: Callable[[], None], chord: str = STOP_CHORD) -> StopKey | _PynputKey:
    """Make `chord` call `on_stop` whatever has the focus. `close` it when done.

    Raises `EnvError` where that is not possible: another program has the key, no display, no ``pynput``.
    """
    return _PynputKey(chord, on_stop) if display is None else StopKey(display, chord, on_stop)


@dataclass
class CornerFailsafe:
    """Detects that the user moves the pointer into the desktop's top-left `corner` (input units).

    `check` takes the result of `envs.desktop.DesktopEnv.pointer`. The pointer must have been elsewhere first, so that
    one resting in the corner at the start stops nothing.
    """

    corner: tuple[int, int] = (0, 0)
    _armed: bool = False

    def check(self, position: tuple[int, int] | None) -> bool:
        """Whether to stop."""
        if position is None:
            self._armed = True
            return False
        inside = position[0] <= self.corner[0] + 1 and position[1] <= self.corner[1] + 1
        fires, self._armed = inside and self._armed, not inside
        return fires


@contextmanager
def watch_for_stop(
    displays: Sequence[str],
    on_stop: Callable[[str], None],
    position: Callable[[], tuple[int, int] | None] | None = None,
    corner: tuple[int, int] = (0, 0),
    chord: str = STOP_CHORD,
    interval: float = 0.05,
) -> Iterator[list[str]]:
    """Inside it, the stop key and the corner call `on_stop` with the reason; yields what is not available.

    The key works on `displays` and on the session's own display. `position` is `envs.desktop.DesktopEnv.pointer`;
    without it the corner is not watched.
    """
    problems: list[str] = []
    with ExitStack() as stack:
        for display in _displays(displays):
            try:
                key = grab_stop_key(display, lambda: on_stop(f"the stop key {chord} was pressed"), chord)
                stack.callback(key.close)
            except EnvError as error:
                problems.append(str(error))
        if position is not None:
            stack.callback(_watch_corner(CornerFailsafe(corner), position, on_stop, interval))
        yield problems


def _displays(named: Sequence[str]) -> list[str | None]:
    if not sys.platform.startswith("linux"):
        return [None]
    own = os.environ.get("DISPLAY")
    return list(dict.fromkeys([*named, *([own] if own else [])]))


def _watch_corner(
    failsafe: CornerFailsafe,
    position: Callable[[], tuple[int, int] | None],
    on_stop: Callable[[str], None],
    interval: float,
) -> Callable[[], None]:
    """Watch from a thread; what it returns ends that."""
    over = threading.Event()

    def watch() -> None:
        while not over.wait(interval):
            try:
                if failsafe.check(position()):
                    on_stop("the pointer was moved into the top-left corner")
            except EnvError:
                return  # the display is gone; the run sees that itself

    thread = threading.Thread(target=watch, name="corner", daemon=True)
    thread.start()

    def end() -> None:
        over.set()
        thread.join(1.0)  # an X server that does not answer keeps it

    return end
