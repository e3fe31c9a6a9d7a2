"""The selections of an X display, asked for as any client does (ICCCM 2.4): what is marked, and the clipboard.

Linux only (xcffib).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import xcffib
import xcffib.xproto

from envs.capture import Deadline
from envs.env import EnvError

_xcffib: Any = xcffib
_AGAIN = 0.005
"""Seconds between two looks for an answer: a program answers when it likes, or never."""


def read_clipboard(display: str, seconds: float = 2.0) -> str | None:
    """The text on the clipboard of `display`; None where there is none. Raises `EnvError` when the display is gone."""
    with _connected(display) as connection:
        return _ask(connection, "CLIPBOARD", Deadline(seconds))


def text_marked_by(mark: Callable[[], object], display: str, seconds: float) -> str | None:
    """The text that a program marks (selects) when `mark` is called; None where none marks and tells one in `seconds`.

    What was marked before is marked no more. Raises `EnvError` when the display is gone, and what `mark` raises.
    """
    primary = xcffib.xproto.Atom.PRIMARY
    with _connected(display) as connection:
        connection.core.SetSelectionOwner(0, primary, 0, is_checked=True).check()  # nobody, now
        mark()
        deadline = Deadline(seconds)
        while not connection.core.GetSelectionOwner(primary).reply().owner:
            if deadline.passed:
                return None
            time.sleep(_AGAIN)
        return _ask(connection, "PRIMARY", deadline)


@contextmanager
def _connected(display: str) -> Iterator[Any]:
    try:
        connection = _xcffib.connect(display)
        try:
            yield connection
        finally:
            connection.disconnect()
    except xcffib.XcffibException as error:
        raise EnvError(f"the X display {display!r} is gone: start it again") from error


def _ask(connection: Any, selection: str, deadline: Deadline) -> str | None:
    window, core = connection.generate_id(), connection.core
    screen = connection.get_setup().roots[connection.pref_screen]
    core.CreateWindow(0, window, screen.root, 0, 0, 1, 1, 0, xcffib.xproto.WindowClass.InputOnly, 0, 0, [])
    names = (selection, "UTF8_STRING", "HANDEYE_SELECTION")
    source, utf8, target = (core.InternAtom(False, len(name), name).reply().atom for name in names)
    core.ConvertSelection(window, source, utf8, target, 0)
    connection.flush()
    while not deadline.passed:
        event = connection.poll_for_event()
        if isinstance(event, xcffib.xproto.SelectionNotifyEvent):
            if not event.property:
                return None
            return bytes(core.GetProperty(True, window, target, 0, 0, 1 << 20).reply().value.buf()).decode()
        time.sleep(_AGAIN)
    return None
