"""The action backend for an Android device."""

from __future__ import annotations

from contextlib import suppress
from functools import cached_property

from actions.action import (
    AnyAction,
    Button,
    Click,
    Drag,
    HoldKeys,
    HoldMouse,
    Key,
    LongPress,
    Move,
    Open,
    ReleaseKeys,
    ReleaseMouse,
    Scroll,
    TypeText,
    describe,
)
from actions.adb.apps import open_line
from actions.adb.gestures import drag_line, finger_line, finger_moves, press_line, scroll_line, tap_line
from actions.adb.ime import INSTALL, SILENT, InputMethod
from actions.adb.keys import BUTTONS, clear_lines, key_line
from actions.adb.launcher import LauncherApps
from actions.adb.lines import LONGEST, Line, chain, command, on_display
from actions.adb.link import AdbLink, NotSentError, UncertainError
from actions.adb.screen import focused_text
from actions.adb.text import Committed, KeyPiece, Piece, TextPiece, split_text, unusual
from actions.backend import BackendError, RefusedError
from actions.frame import Frame

SUPPORTED = frozenset(
    {"click", "long_press", "drag", "scroll", "type", "key", "button", "open", "mouse_down", "mouse_up"}
)


class AdbBackend:
    """Implements `actions.backend.Backend` over ADB, for the display with the logical id `display`. With `dry_run` it
    looks, and says what it would send.

    Its errors, all `BackendError`: `RefusedError` when the device cannot do the action or has refused it (nothing was
    done), `NotSentError` when the device cannot be reached (nothing was done), `UncertainError` when the connection
    failed on the way: the action may have been done, in part or whole, so look before doing anything again.
    """

    def __init__(self, link: AdbLink, *, dry_run: bool = False, display: int = 0) -> None:
        self.link, self._display = link, display
        self.dry_run = dry_run
        self._apps = LauncherApps(link)
        self._input_method = InputMethod(link)
        self._sent = False
        self._finger: tuple[int, int] | None = None  # where a finger was left on the screen, input units

    @property
    def supported(self) -> frozenset[str]:
        """Neither held keys nor, but with a finger down, `move`: a phone has no pointer."""
        return SUPPORTED if self._finger is None else SUPPORTED | {"move"}

    @property
    def held(self) -> tuple[str, ...]:
        """``left button`` while a finger is down."""
        return ("left button",) if self._finger is not None else ()

    def app_names(self) -> tuple[str, ...]:
        """The labels of the launcher's apps, in alphabetical order. Raises `BackendError`."""
        return tuple(sorted({app.label for app in self._apps.named() if app.label}))

    def release(self) -> None:
        """Lift the finger that an action left down. Raises `BackendError`."""
        if self._finger is not None:
            at, self._finger = self._finger, None
            self.link.run(on_display(finger_line("UP", at), self._display))

    def perform(self, action: AnyAction, frame: Frame) -> str:
        """Do `action`, whose points are pixels of `frame`; says what was done. Raises as the class says, and
        `actions.frame.GeometryError` for a point outside the frame.
        """
        self._sent = False
        try:
            return self._perform(action, frame)
        except NotSentError as error:
            if self._sent:
                raise UncertainError(f"only a part was done: {error}") from error
            raise

    def restore(self) -> None:
        """Restore settings that a killed run has left changed."""
        self._input_method.restore()

    def close(self) -> None:
        """Restore the user's input method, if it was changed. Safe to call twice."""
        if not self.dry_run:
            self.link.patience = min(self.link.patience, 1.0)
            with suppress(BackendError):
                self.release()
            with suppress(BackendError):  # a device that is gone keeps its note: the next run puts it back
                self._input_method.restore()

    def _perform(self, action: AnyAction, frame: Frame) -> str:
        if isinstance(action, HoldMouse | Move | ReleaseMouse):
            return self._hold(action, frame)
        if not self.dry_run:
            self.release()
        if isinstance(action, TypeText):
            return self._type(action)
        line = self._line(action, frame)
        if self.dry_run:
            return f"would {describe(action)}"
        self._send(line, timeout=60.0 + getattr(action, "seconds", 0.0))
        return describe(action)

    def _hold(self, action: HoldMouse | Move | ReleaseMouse, frame: Frame) -> str:
        """Put a finger down, move it, or lift it. Raises `RefusedError` where that cannot be."""
        down, at = isinstance(action, HoldMouse), self._finger
        if action.point is not None:
            at = frame.to_input(action.point)
        if not isinstance(action, Move) and action.button != "left":
            raise RefusedError(f"a finger has no {action.button} button")
        if down != (self._finger is None):
            raise RefusedError("a finger is down: lift it first" if down else "no finger is down")
        if at is None:
            raise RefusedError("a finger needs a place to go down at")
        if "motionevent" not in self._usage:
            raise RefusedError("this phone cannot keep a finger down (input motionevent: Android 11): drag instead")
        if self.dry_run:
            return f"would {describe(action)}"
        steps = [finger_line("DOWN", at)] if down else finger_moves(self._finger or at, at) if action.point else []
        self._finger = at  # a lost connection may have put it down: it is lifted at the end in any case
        self._send(chain(*steps, *([finger_line("UP", at)] if isinstance(action, ReleaseMouse) else [])))
        if isinstance(action, ReleaseMouse):
            self._finger = None
        return describe(action)

    def _line(self, action: AnyAction, frame: Frame) -> Line:
        match action:
            case Click():
                return tap_line(action, frame)
            case LongPress():
                return press_line(action, frame)
            case Drag():
                return drag_line(action, frame, motion="motionevent" in self._usage)
            case Scroll():
                return scroll_line(action, frame)
            case Key():
                return key_line(action.chords, combinations="keycombination" in self._usage)
            case Button():
                return command("input", "keyevent", BUTTONS[action.name])
            case Open():
                return open_line(self._apps, action.target, self._display)
            case HoldKeys() | ReleaseKeys():
                raise RefusedError("a phone cannot hold keys: press them together")
        raise RefusedError(f"a phone cannot {describe(action)}")

    def _send(self, line: Line, timeout: float = 60.0) -> None:
        """Send `line` once. Raises `RefusedError` with the device's message."""
        done = self.link.run(on_display(line, self._display), timeout)
        if "INJECT_EVENTS" in done.error or "INJECT_EVENTS" in done.out:
            raise BackendError("the phone lets adb see but not touch: in Developer options, switch on “USB debugging "
                               "(Security settings)” or “Disable permission monitoring”")  # fmt: skip
        if done.status or "Error: Activity not started" in done.out + done.error:
            if self._sent:
                raise UncertainError(f"only a part was done: the phone says: {done.said}")
            raise RefusedError(f"the phone says: {_complaint(done.out + done.error) or done.said}")
        self._sent = True

    def check_display(self) -> None:
        """Raise `BackendError` where the phone cannot act on the display."""
        if self._display and "-d DISPLAY_ID" not in self._usage:
            raise BackendError("this phone acts on its first display only (input -d: Android 10): leave --display out")

    @cached_property
    def _usage(self) -> str:
        """The usage text of the device's ``input``."""
        done = self.link.ask(command("input"))
        return done.out + done.error

    # -- text

    def _type(self, action: TypeText) -> str:
        pieces = split_text(action.text)
        special = any(isinstance(piece, Committed) for piece in pieces)
        if self.dry_run:
            if special and self._input_method.installed() is None:
                raise RefusedError(_cannot_type(action.text))
            return f"would {describe(action)}"
        if action.clear:
            for line in clear_lines(focused_text(self.link)):
                self._send(line)
        if not special:
            for line in _batches([on_display(_plain_line(piece), self._display) for piece in pieces]):
                self._send(line)
            return describe(action)
        return describe(action) + self._commit(action.text, pieces)

    def _commit(self, text: str, pieces: tuple[Piece, ...]) -> str:
        """Through the input method; what one entered that never says so is looked for. A remark for the record."""
        with self._input_method.borrowed(text) as name:
            for piece in pieces:
                if isinstance(piece, Committed):
                    self._input(name, piece.text)
                else:
                    self._send(_plain_line(piece))
            if name != SILENT:
                return ""
            last = next(piece.text for piece in reversed(pieces) if isinstance(piece, Committed))
            return _seen(focused_text(self.link), last)

    def _input(self, name: str, text: str) -> None:
        try:
            self._input_method.commit(name, text)
        except RefusedError as error:
            if self._sent:
                raise UncertainError(f"only a part was typed: {error}") from error
            raise
        self._sent = True


def _plain_line(piece: Piece) -> Line:
    match piece:
        case TextPiece():
            return command("input", "text", piece.text)
        case KeyPiece():
            return command("input", "keyevent", piece.key)
        case Committed():
            raise AssertionError("an input method's text on the command line")


def _batches(lines: list[Line]) -> list[Line]:
    """Few long lines instead of many short ones; none longer than `LONGEST`."""
    batches: list[list[Line]] = []
    for line in lines:
        if batches and sum(len(one) + 4 for one in batches[-1]) + len(line) <= LONGEST:
            batches[-1].append(line)
        else:
            batches.append([line])
    return [chain(*batch) for batch in batches]


def _cannot_type(text: str) -> str:
    return f"this phone's keyboard cannot be made to type {unusual(text)}: {INSTALL}"


def _seen(shown: str | None, text: str) -> str:
    if shown is None:
        return "; whether it arrived could not be checked"
    same = "".join(text.split()) in "".join(shown.split())
    return "; the field shows it" if same else "; the field does not show it"


def _complaint(said: str) -> str:
    """The line of a failing command that says why, without Java's and ``am``'s wrapping."""
    lines = [line.strip() for line in said.splitlines() if "rror" in line or "xception" in line]
    return lines[-1] if lines else ""
