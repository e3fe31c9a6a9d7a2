"""What hands did, as it was heard: small input events with their time. The other way round from `actions.events`.

Times are seconds of `time.monotonic`; positions are input units (see `actions.frame`).
"""

from __future__ import annotations

from dataclasses import dataclass

from actions.action import ButtonName
from actions.events import Side


@dataclass(frozen=True)
class Down:
    """A mouse button, or a finger, went down; `keys` are the modifiers that were held."""

    time: float
    x: float
    y: float
    button: Side = "left"
    keys: tuple[str, ...] = ()


@dataclass(frozen=True)
class Moved:
    """The pointer, or the finger that is down, came to a place."""

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
    """Keys gave this text."""

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
    """Something that no action can say; `what` is for people."""

    time: float
    what: str


Event = Down | Moved | Up | Turned | Typed | Pressed | Clicked | Unknown
