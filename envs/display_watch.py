"""A watch over an X server: where it stops answering, what waits for it is made to fail."""

from __future__ import annotations

import threading
from collections.abc import Callable

from actions.connections import display_hangs

PATIENCE = 20.0
"""Seconds that an X server may leave a client without an answer: programs may grab it for a while."""


class DisplayWatch:
    """Asks the X server of `display` every `interval` seconds; calls `on_hang` where it is silent for `patience`."""

    def __init__(
        self, display: str, on_hang: Callable[[], None], patience: float = PATIENCE, interval: float = 2.0
    ) -> None:
        self._display, self._on_hang, self._patience, self._interval = display, on_hang, patience, interval
        self._over = threading.Event()
        threading.Thread(target=self._watch, name="display watch", daemon=True).start()

    def close(self) -> None:
        """End the watch."""
        self._over.set()

    def _watch(self) -> None:
        while not self._over.wait(self._interval):
            if display_hangs(self._display, self._patience) and not self._over.is_set():
                self._on_hang()
                return
