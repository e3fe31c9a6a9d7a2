"""The phone's clock, which starts at a fixed date."""

from __future__ import annotations

import time
from datetime import UTC, datetime

START = datetime(2026, 3, 16, 9, 30, tzinfo=UTC)
"""A Monday morning; the phone's time zone is UTC."""


class Clock:
    """A clock that can be set."""

    def __init__(self, start: datetime = START) -> None:
        self.start = start
        self.set(start)

    def set(self, moment: datetime) -> None:
        """Set the time to `moment`."""
        self._offset = moment.timestamp() - time.monotonic()

    def now(self) -> datetime:
        """The phone's time, in UTC."""
        return datetime.fromtimestamp(self._offset + time.monotonic(), UTC)
