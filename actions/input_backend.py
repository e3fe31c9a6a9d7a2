"""The backend for devices with a pointer and a keyboard: it sends events and releases everything that it pressed."""

from __future__ import annotations

import math
import time
from typing import Protocol, TypeGuard

from actions.action import KEEP_HELD, AnyAction, Drag, HoldMouse, Move, ReleaseKeys, ReleaseMouse, describe
from actions.backend import RefusedError
from actions.events import (
    INPUT_TYPES,
    ButtonDown,
    ButtonUp,
    Event,
    KeyDown,
    KeyUp,
    MoveTo,
    Pause,
    Side,
    TextInput,
    Wheel,
    compile_action,
    dragged,
)
from actions.frame import Frame

DOUBLE_CLICK_SECONDS = 0.5
"""Two clicks closer in time and place than this are one double click: Windows, macOS and Chromium; GTK has 0.4."""

DOUBLE_CLICK_UNITS = 8


class InputDevice(Protocol):
    """A pointer and a keyboard. Positions are input units; every method raises `BackendError` when it fails."""

    def move(self, x: int, y: int) -> None:
        """Put the pointer at ``(x, y)``."""

    def button(self, button: Side, down: bool) -> None:
        """Press or release a mouse button."""

    def wheel(self, dx: int, dy: int) -> None:
        """Turn the wheel: `dx` notches right, `dy` down (the content's direction)."""

    def key(self, key: str, down: bool) -> None:
        """Press or release a key of `actions.keys`."""

    def text(self, text: str) -> None:
        """Enter text, any Unicode, a newline with Enter and a tab with Tab; returns when sent, not when shown."""

    def position(self) -> tuple[int, int]:
        """Where the pointer is."""

    def sync(self) -> None:
        """Return when everything sent so far has reached the device."""

    def close(self) -> None:
        """Restore the device's state. Safe to call twice."""


class InputBackend:
    """Implements `actions.backend.Backend` over an `InputDevice`.

    Every key and button that an action presses is released when `perform` ends, however it ends, but those of
    `key_down` and `mouse_down`: they stay down until they are let go, an action fails, or one comes that is not in
    `actions.action.KEEP_HELD`. With a button down the pointer moves smoothly, as in a drag. Two separate clicks
    on one place are kept apart in time, so that a toolkit does not take them for a double click.
    """

    def __init__(self, device: InputDevice) -> None:
        self.device = device
        self._held: list[ButtonDown | KeyDown] = []
        self._last_press: tuple[float, tuple[int, int], Side] | None = None
        self._at: tuple[int, int] | None = None

    @property
    def supported(self) -> frozenset[str]:
        """The action types that are input."""
        return INPUT_TYPES

    @property
    def held(self) -> tuple[str, ...]:
        """What an action left pressed: keys by name, mouse buttons as ``left button``."""
        return tuple(map(_name, self._held))

    def perform(self, action: AnyAction, frame: Frame) -> str:
        """Do `action`, whose points are pixels of `frame`, and say what was done.

        Raises `GeometryError` or `BackendError`; nothing is sent when the action itself is at fault.
        """
        events = self._beside_held(action, compile_action(action, frame))
        let_go = () if action.type in KEEP_HELD else self.held
        if let_go:
            self.release()
        self._keep_clicks_apart(events)
        try:
            self._play(events)
        except BaseException:
            self.release()
            raise
        return describe(action) + (f"; let go of {' and '.join(let_go)} first" if let_go else "")

    def _beside_held(self, action: AnyAction, events: list[Event]) -> list[Event]:
        """`events` with what is down already neither pressed again nor released. Raises `RefusedError` for an action
        that presses a button that is down, or lets go of what is not.
        """
        if action.type not in KEEP_HELD:
            return events
        pressed = {event for event in events if isinstance(event, ButtonDown)}
        ups = [ButtonDown(e.button) if isinstance(e, ButtonUp) else KeyDown(e.key) for e in events if _is_up(e)]
        if busy := [event for event in self._held if event in pressed]:
            raise RefusedError(f"the {_name(busy[0])} is held down: let go of it first")
        if isinstance(action, ReleaseKeys | ReleaseMouse):
            if loose := [event for event in ups if event not in self._held]:
                raise RefusedError(f"{_name(loose[0])} is not held down")
        else:
            events = [e for e in events if not (isinstance(e, KeyDown | KeyUp) and KeyDown(e.key) in self._held)]
        if isinstance(action, Move | ReleaseMouse | HoldMouse) and any(isinstance(e, ButtonDown) for e in self._held):
            start = self._at or self.device.position()
            return [part for event in events for part in _smooth(event, start)]
        return events

    def position(self) -> tuple[int, int]:
        """Where the pointer is, input units."""
        return self.device.position()

    def close(self) -> None:
        """Release what is held and close the device. Safe to call twice."""
        try:
            self.release()
        finally:
            self.device.close()

    def _play(self, events: list[Event]) -> None:
        due = time.monotonic()
        for event in events:
            if isinstance(event, Pause):
                due += event.seconds
                time.sleep(max(0.0, due - time.monotonic()))
            else:
                self._send(event)
        self.device.sync()

    def _send(self, event: Event) -> None:
        match event:
            case MoveTo():
                self.device.move(event.x, event.y)
                self._at = (event.x, event.y)
            case ButtonDown():
                self._held.append(event)
                self._last_press = (time.monotonic(), self._at or self.device.position(), event.button)
                self.device.button(event.button, True)
            case ButtonUp():
                self.device.button(event.button, False)
                self._held.remove(ButtonDown(event.button))
            case KeyDown():
                self._held.append(event)
                self.device.key(event.key, True)
            case KeyUp():
                self.device.key(event.key, False)
                self._held.remove(KeyDown(event.key))
            case Wheel():
                self.device.wheel(event.dx, event.dy)
            case TextInput():
                self.device.text(event.text)

    def release(self) -> None:
        """Release everything, last pressed first; a failure does not keep the others pressed."""
        failed: Exception | None = None
        while self._held:
            event = self._held.pop()
            try:
                if isinstance(event, ButtonDown):
                    self.device.button(event.button, False)
                else:
                    self.device.key(event.key, False)
                self.device.sync()
            except Exception as error:  # noqa: BLE001 - whatever it is, the rest must still be released
                failed = failed or error
        if failed:
            raise failed

    def _keep_clicks_apart(self, events: list[Event]) -> None:
        if self._last_press is None:
            return
        then, place, button = self._last_press
        press = next((i for i, event in enumerate(events) if isinstance(event, ButtonDown)), None)
        if press is None or events[press] != ButtonDown(button):
            return
        move = next((event for event in reversed(events[:press]) if isinstance(event, MoveTo)), None)
        if move and math.dist((move.x, move.y), place) <= DOUBLE_CLICK_UNITS:
            time.sleep(max(0.0, then + DOUBLE_CLICK_SECONDS - time.monotonic()))


def _is_up(event: Event) -> TypeGuard[ButtonUp | KeyUp]:
    return isinstance(event, ButtonUp | KeyUp)


def _name(event: ButtonDown | KeyDown) -> str:
    return f"{event.button} button" if isinstance(event, ButtonDown) else event.key


def _smooth(event: Event, start: tuple[int, int]) -> list[Event]:
    """A movement in the steps of a drag from `start`; any other event as it is."""
    if not isinstance(event, MoveTo) or (event.x, event.y) == start:
        return [event]
    return dragged([start, (event.x, event.y)], _DRAG_SECONDS)


_DRAG_SECONDS: float = Drag.model_fields["seconds"].default
