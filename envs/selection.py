"""The PRIMARY selection of an X display: the text that a program has marked, as it says itself. Linux only (xcffib)."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import xcffib
import xcffib.xproto

from envs.capture import Deadline
from envs.env import EnvError

_AGAIN = 0.01
"""Seconds between two questions."""


class PrimarySelection:
    """A connection of its own to `display`. Raises `EnvError` when there is none."""

    def __init__(self, display: str) -> None:
        connect: Any = xcffib.connect
        try:
            self._conn: Any = connect(display)
            root = self._conn.get_setup().roots[self._conn.pref_screen].root
            self._window: int = self._conn.generate_id()
            only = xcffib.xproto.WindowClass.InputOnly
            self._conn.core.CreateWindow(0, self._window, root, 0, 0, 1, 1, 0, only, 0, 0, [], is_checked=True).check()
            self._text, self._kind = (self._atom(name) for name in ("HANDEYE_SELECTION", "UTF8_STRING"))
        except xcffib.XcffibException as error:
            raise EnvError(f"cannot ask the X display {display!r} for what is marked") from error

    def marked_by(self, mark: Callable[[], object], seconds: float) -> str | None:
        """The text that a program marks when `mark` is called; None where none marks and tells one within `seconds`.

        Raises `EnvError`, and what `mark` raises. What was marked before is marked no more.
        """
        core, primary, now = self._conn.core, xcffib.xproto.Atom.PRIMARY, xcffib.xproto.Time.CurrentTime
        try:
            core.SetSelectionOwner(xcffib.xproto.Window._None, primary, now, is_checked=True).check()
            mark()
            deadline = Deadline(seconds)
            while not core.GetSelectionOwner(primary).reply().owner:
                if deadline.passed:
                    return None
                time.sleep(_AGAIN)
            core.ConvertSelection(self._window, primary, self._kind, self._text, now)
            self._conn.flush()
            while not isinstance(event := self._conn.poll_for_event(), xcffib.xproto.SelectionNotifyEvent):
                if deadline.passed:
                    return None
                if event is None:
                    time.sleep(_AGAIN)
            if event.property == xcffib.xproto.Atom._None:
                return None
            any_kind = xcffib.xproto.GetPropertyType.Any
            found = core.GetProperty(True, self._window, self._text, any_kind, 0, 1 << 16).reply()
        except xcffib.XcffibException as error:
            raise EnvError("the X display is gone: start it again") from error
        return bytes(found.value.buf()).decode("utf-8", "replace")

    def close(self) -> None:
        """Disconnect from the display."""
        self._conn.disconnect()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _atom(self, name: str) -> int:
        return int(self._conn.core.InternAtom(False, len(name), name).reply().atom)
