"""The time of day for records: read once a run, then counted by a clock that nobody sets."""

from __future__ import annotations

import time


class RecordClock:
    """Seconds since the epoch that never go back and have no jumps between two calls of `set`."""

    def __init__(self) -> None:
        self.set()

    def set(self) -> float:
        """Read the system's clock; returns what it says."""
        self._epoch = time.time() - time.monotonic()
        return self.now()

    def now(self) -> float:
        """What the system's clock would say now if nobody had set it since."""
        return self._epoch + time.monotonic()


RECORD_CLOCK = RecordClock()
"""The clock of this process. An episode that begins sets it."""
