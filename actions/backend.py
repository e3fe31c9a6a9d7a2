"""The contract of a backend: what turns actions into input on a device."""

from __future__ import annotations

from typing import Protocol

from actions.action import AnyAction
from actions.errors import HandeyeError
from actions.frame import Frame


class BackendError(HandeyeError):
    """The device refused or lost an input; one line with what to do next."""


class RefusedError(BackendError):
    """The device cannot do this, or has refused. Nothing was done."""


class Backend(Protocol):
    """Turns actions into input on one device."""

    @property
    def supported(self) -> frozenset[str]:
        """The action types it accepts."""

    @property
    def held(self) -> tuple[str, ...]:
        """What an action left pressed: keys by name, mouse buttons as ``left button``."""

    def perform(self, action: AnyAction, frame: Frame) -> str:
        """Do `action`, whose points are pixels of `frame`; says in a few words what was sent.

        Raises `actions.frame.GeometryError` for a point outside the frame and `BackendError` when the device fails.
        """

    def release(self) -> None:
        """Let go of the keys and buttons that an action left pressed. Raises `BackendError`."""

    def close(self) -> None:
        """Release held keys and buttons, and the device. Safe to call twice."""
