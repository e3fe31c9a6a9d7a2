"""Captured input events with their times: the counterpart of `actions.events`, which are sent.

Times are seconds of `time.monotonic`; positions are input units (see `actions.frame`).
"""

from __future__ import annotations

from dataclasses import dataclass

from actions.action import ButtonName
from actions.events import Side


@dataclass(frozen=True)
class Down:
    """A mouse button, or a finger, went down; `keys` are the modifiers that were held.

    `rotation` is the degrees by which the display was turned then; None where the screen does not turn.
    """

    time: float
    x: float
    y: float
    button: Side = "left"
    keys: tuple[str, ...] = ()
    rotation: int | None = None


@dataclass(frozen=True)
class Moved:
    """The pointer, or the finger that is down, moved."""

    time: float
    x: float
    y: float


@dataclass(frozen=True)
class Up:
    """A mouse button, or a finger, was lifted."""

    time: float
    x: float
    y: float
    button: Side = "left"


@dataclass(frozen=True)
class Turned:
    """The wheel was turned by one notch or more: `dx` to the right, `dy` down."""

    time: float
    x: float
    y: float
    dx: int
    dy: int
    keys: tuple[str, ...] = ()


@dataclass(frozen=True)
class Typed:
    """Text that keys produced."""

    time: float
    text: str


@dataclass(frozen=True)
class Pressed:
    """A key that types nothing, or a chord, in the spelling of `actions.keys`."""

    time: float
    chord: str


@dataclass(frozen=True)
class Clicked:
    """A button of the device (back, volume …) was pressed."""

    time: float
    name: ButtonName


@dataclass(frozen=True)
class Unknown:
    """Input that no action expresses; `what` describes it."""

    time: float
    what: str


Event = Down | Moved | Up | Turned | Typed | Pressed | Clicked | Unknown
