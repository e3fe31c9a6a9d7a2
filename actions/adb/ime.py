"""Text of any kind through an input method that takes it by broadcast, and the user's own restored.

Two are known: openatx's AdbKeyboard (part of uiautomator2's apk), which says whether the text was entered, and senzhk's
ADBKeyBoard, which never does; what it entered is looked for on the screen.
"""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from actions.adb.lines import chain, command, sequence
from actions.adb.link import AdbLink, UncertainError
from actions.adb.text import unusual
from actions.backend import BackendError, RefusedError

ACKNOWLEDGING = "com.github.uiautomator/.AdbKeyboard"
SILENT = "com.android.adbkeyboard/.AdbIME"
NOTE = "handeye_input_method"
"""The setting (namespace ``global``) that holds the user's input methods while another one is in use, so that a later
run, on whichever computer, puts them back after a crash."""
INSTALL = "install ADBKeyBoard (github.com/senzhk/ADBKeyBoard) or uiautomator2's AdbKeyboard on the phone"
_START = 5.0
_SEPARATOR = "|"
_ENABLED = "enabled_input_methods"


@dataclass(frozen=True)
class _Found:
    """The device's settings: our note ("" without one), the input method in use, those enabled; `best` is for us."""

    note: str
    default: str
    enabled: str
    best: str | None


class InputMethod:
    """The input method of one device that takes text by broadcast. All methods raise `BackendError`."""

    def __init__(self, link: AdbLink) -> None:
        self._link = link

    def installed(self) -> str | None:
        """The preferred known input method that is installed."""
        return self._look().best

    @contextmanager
    def borrowed(self, text: str) -> Iterator[str]:
        """Use it for a while, for `text`; its name. The user's own is back afterwards, however that goes.

        Raises `RefusedError` where none is installed.
        """
        found = self._look()
        if found.note:  # what a run that was killed has left
            self.restore()
            found = self._look()
        if found.best is None:
            raise RefusedError(f"this phone's keyboard cannot be made to type {unusual(text)}: {INSTALL}")
        if found.default == found.best:
            yield found.best
            return
        note = f"{found.default}{_SEPARATOR}{found.enabled}"
        take = [("settings", "put", "global", NOTE, note), ("ime", "enable", found.best), ("ime", "set", found.best)]
        try:
            done = self._link.run(chain(*(command(*words) for words in take)))
            if done.status:
                raise RefusedError(f"the phone does not change its input method: {done.said}")
            yield found.best
        finally:
            with suppress(BackendError):  # the note stays on the device: it is tried again at the end and next time
                self._put_back(note)

    def restore(self) -> bool:
        """Put the user's input methods back if a note on the device says that they are not; whether one did."""
        note = self._look().note
        if note:
            self._put_back(note)
        return bool(note)

    def _put_back(self, note: str) -> None:
        default, _, enabled = note.partition(_SEPARATOR)
        back = ("ime", "reset") if default in ("", "null") else ("ime", "set", default)
        kept = ("delete", "secure", _ENABLED) if enabled == "null" else ("put", "secure", _ENABLED, enabled)
        steps = (back, ("settings", *kept), ("settings", "delete", "global", NOTE))
        done = self._link.ask(chain(*(command(*words) for words in steps)))
        if done.status:
            raise BackendError(f"the phone's input method could not be put back to {default}: {done.said}")

    def _look(self) -> _Found:
        """The device's settings, in one round trip."""
        asked = (("global", NOTE), ("secure", "default_input_method"), ("secure", _ENABLED))
        lines = [command("settings", "get", *words) for words in asked]
        said = self._link.ask(sequence(*lines, command("ime", "list", "-a", "-s"))).out.splitlines()
        note, default, enabled, *there = [line.strip() for line in said] + [""] * (3 - len(said))
        best = next((name for name in (ACKNOWLEDGING, SILENT) if name in there), None)
        return _Found(note if _SEPARATOR in note else "", default, enabled, best)

    def commit(self, name: str, text: str) -> None:
        """Enter `text` through `name`, which is in use. Raises `RefusedError` where no field has the focus."""
        encoded = base64.b64encode(text.encode()).decode()
        if name == SILENT:
            self._wait_until_used(name)
            self._broadcast("ADB_INPUT_B64", "msg", encoded)
            return
        deadline = time.monotonic() + _START
        while (answer := self._broadcast("ADB_KEYBOARD_INPUT_TEXT", "text", encoded)) and answer[0] == 0:
            if time.monotonic() >= deadline:  # 0: nothing has received it yet, so it may be sent again
                raise RefusedError("the phone's AdbKeyboard did not start: tap the text field and try again")
            time.sleep(0.05)
        if answer is None:
            raise UncertainError("the phone's AdbKeyboard did not say whether the text was entered")
        if answer[0] != -1:
            raise RefusedError(f"the text was not entered ({answer[1] or answer[0]}): tap a text field first")

    def _broadcast(self, action: str, extra: str, value: str) -> tuple[int, str] | None:
        done = self._link.run(command("am", "broadcast", "-a", action, "--es", extra, value))
        found = re.search(r'result=(-?\d+)(?:, data="([^"]*)")?', done.out)
        return (int(found[1]), found[2] or "") if found else None

    def _wait_until_used(self, name: str) -> None:
        """Until the system has switched and, where it says so, bound the input method."""
        deadline = time.monotonic() + _START
        while True:
            said = self._link.ask(command("dumpsys", "input_method")).out
            used = re.search(rf"m?Cur(?:MethodId|Id)={re.escape(name)}\b", said)
            if used and "mBoundToMethod=false" not in said and "mHaveConnection=false" not in said:
                return
            if time.monotonic() >= deadline:
                raise RefusedError("the phone's ADBKeyBoard did not start: tap the text field and try again")
            time.sleep(0.05)
