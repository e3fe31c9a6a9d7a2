"""The pointer and keyboard of this computer through pyautogui: macOS and Windows, and X11 for those who want it.

pyautogui knows one display for each process and types ASCII; all other text is pasted, and the clipboard's text is
put back. On X11 text goes through `actions.x11` and the clipboard is not touched.
"""

from __future__ import annotations

import importlib
import io
import os
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

from actions.backend import BackendError
from actions.events import Side
from actions.extras import install_command

PASTE_SECONDS = 0.3
"""How long a program is given to read the pasted text: macOS and Windows do not tell when it has."""

NOTCH = 120 if sys.platform == "win32" else 1
"""What pyautogui calls one notch: Windows counts WHEEL_DELTA, the others clicks."""

NAMES = {"super": "winleft", "printscreen": "prtsc", "menu": "apps", "plus": "+", "altgr": "altright"}
MAC_NAMES = {"super": "command", "alt": "option", "plus": "+", "altgr": "optionright"}


class PyautoguiDevice:
    """Implements `actions.input_backend.InputDevice` with pyautogui. Positions are its screen points.

    pyautogui's own pauses and corner failsafe are turned off: the agent has its own. Raises `BackendError` when
    pyautogui cannot be used.
    """

    def __init__(self) -> None:
        self._gui = _load("pyautogui")
        self._gui.PAUSE = 0
        self._gui.FAILSAFE = False
        self._x11: Any = None
        self._down: list[str] = []

    def move(self, x: int, y: int) -> None:
        """Put the pointer at ``(x, y)``."""
        with _errors():
            self._gui.moveTo(x, y, _pause=False)

    def button(self, button: Side, down: bool) -> None:
        """Press or release a mouse button."""
        with _errors():
            (self._gui.mouseDown if down else self._gui.mouseUp)(button=button, _pause=False)

    def wheel(self, dx: int, dy: int) -> None:
        """Turn the wheel: `dx` notches right, `dy` down. pyautogui counts up and, but on X11, right."""
        with _errors():
            if dy:
                self._gui.vscroll(-dy * NOTCH, _pause=False)
            if dx:
                self._gui.hscroll(dx * NOTCH, _pause=False)

    def key(self, key: str, down: bool) -> None:
        """Press or release a key that pyautogui knows; raises `BackendError` for another one."""
        name = (MAC_NAMES if sys.platform == "darwin" else NAMES).get(key, key)
        if not self._gui.isValidKey(name):
            raise BackendError(f"pyautogui has no {key!r} key: type it as text or use another key")
        with _errors():
            (self._gui.keyDown if down else self._gui.keyUp)(name, _pause=False)
        if down:
            self._down.append(key)
        elif key in self._down:
            self._down.remove(key)

    def text(self, text: str) -> None:
        """Enter `text`, any Unicode, a newline with Enter and a tab with Tab."""
        if sys.platform.startswith("linux"):
            self._x11_text(text)
            return
        for part in filter(None, re.split(r"([\n\t])", text)):
            self._enter(part)

    def position(self) -> tuple[int, int]:
        """Where the pointer is."""
        with _errors():
            x, y = self._gui.position()
            return int(x), int(y)

    def sync(self) -> None:
        """Nothing to wait for: pyautogui returns when the system has taken the input."""

    def close(self) -> None:
        """Release what is held. Safe to call twice."""
        for key in reversed(self._down.copy()):
            self.key(key, False)
        if self._x11 is not None:
            self._x11.close()
            self._x11 = None

    def _x11_text(self, text: str) -> None:
        if self._x11 is None:
            from actions.x11 import X11Device

            self._x11 = X11Device()
        self._x11.text(text)
        self._x11.sync()

    def _enter(self, part: str) -> None:
        """One line, Enter or Tab."""
        if part in ("\n", "\t"):
            key = "enter" if part == "\n" else "tab"
            self.key(key, True)
            self.key(key, False)
        elif part.isascii():
            with _errors():
                self._gui.write(part, interval=0, _pause=False)
        else:
            self._paste(part)

    def _paste(self, text: str) -> None:
        """Paste `text` and put back the text that was on the clipboard; pictures on it are lost."""
        clipboard, modifier = _load("pyperclip"), "super" if sys.platform == "darwin" else "ctrl"
        with _errors():
            before = clipboard.paste()
            clipboard.copy(text)
        try:
            for key, down in ((modifier, True), ("v", True), ("v", False), (modifier, False)):
                self.key(key, down)
            time.sleep(PASTE_SECONDS)
        finally:
            with _errors():
                clipboard.copy(before)


def _load(module: str) -> Any:
    """Import `module`, whose import already talks to the display. pyautogui ends the process where Tk is missing."""
    if sys.platform.startswith("linux") and not Path("~/.Xauthority").expanduser().exists():
        os.environ.setdefault("XAUTHORITY", os.devnull)  # its Xlib fails on a missing file, even where none is needed
    try:
        with redirect_stdout(io.StringIO()):  # where it also prints warnings
            return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise BackendError(f"{error.name} is missing: {install_command('pyautogui')}") from error
    except (Exception, SystemExit) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise BackendError(f"cannot use {module} here ({reason}): check that a display is there") from error


@contextmanager
def _errors() -> Iterator[None]:
    try:
        yield
    except Exception as error:
        raise BackendError(f"the desktop refused the input ({error}): check the display and its permissions") from error
