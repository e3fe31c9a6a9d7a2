"""Reads the text of a display's clipboard as an X client (ICCCM 2.4)."""

from __future__ import annotations

import time
from typing import Any

import xcffib
import xcffib.xproto

from envs.env import EnvError

_xcffib: Any = xcffib


def read_clipboard(display: str, seconds: float = 2.0) -> str | None:
    """The text on the clipboard of `display`; None where there is none. Raises `EnvError` when the display is gone."""
    try:
        connection = _xcffib.connect(display)
    except xcffib.XcffibException as error:
        raise EnvError(f"the X display {display!r} is gone: start it again") from error
    try:
        return _ask(connection, seconds)
    finally:
        connection.disconnect()


def _ask(connection: Any, seconds: float) -> str | None:
    window, core = connection.generate_id(), connection.core
    screen = connection.get_setup().roots[connection.pref_screen]
    core.CreateWindow(0, window, screen.root, 0, 0, 1, 1, 0, xcffib.xproto.WindowClass.InputOnly, 0, 0, [])
    names = ("CLIPBOARD", "UTF8_STRING", "HANDEYE_CLIPBOARD")
    clipboard, utf8, target = (core.InternAtom(False, len(name), name).reply().atom for name in names)
    core.ConvertSelection(window, clipboard, utf8, target, 0)
    connection.flush()
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        event = connection.poll_for_event()
        if isinstance(event, xcffib.xproto.SelectionNotifyEvent):
            if not event.property:
                return None
            return bytes(core.GetProperty(True, window, target, 0, 0, 1 << 20).reply().value.buf()).decode()
        time.sleep(0.005)
    return None
