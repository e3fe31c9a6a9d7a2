"""A backend without a device: it records the events that it would have sent."""

from __future__ import annotations

from actions.action import AnyAction, describe
from actions.events import INPUT_TYPES, Event, MoveTo, compile_action
from actions.frame import Frame


class DryRunBackend:
    """Implements `actions.backend.Backend` without a device: it accepts and refuses what `InputBackend` does.

    `events` is everything it would have played, in order.
    """

    def __init__(self) -> None:
        self.events: list[Event] = []

    @property
    def supported(self) -> frozenset[str]:
        """The action types that are input."""
        return INPUT_TYPES

    @property
    def held(self) -> tuple[str, ...]:
        """Nothing."""
        return ()

    def perform(self, action: AnyAction, frame: Frame) -> str:
        """Keep the events of `action` and say what would have been done. Raises what a real backend raises."""
        self.events += compile_action(action, frame)
        return f"would {describe(action)}"

    def position(self) -> tuple[int, int]:
        """Where the pointer would be, input units; ``(0, 0)`` before the first move."""
        moves = (event for event in reversed(self.events) if isinstance(event, MoveTo))
        return next(((event.x, event.y) for event in moves), (0, 0))

    def release(self) -> None:
        """Nothing is held."""

    def close(self) -> None:
        """Nothing to release."""
