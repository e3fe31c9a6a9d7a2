"""One switch that stops a run from anywhere: Ctrl-C, the stop key, the corner, the live page."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator

_HEED = 0.25
"""Seconds within which an interrupted call ends."""


class Stop:
    """Set once with a reason; the loop looks at it before every phase and never acts after it."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._sent = threading.Event()
        self._sent.set()
        self._lock = threading.Lock()
        self._over = False
        self.reason = ""
        self.late = False

    def __bool__(self) -> bool:
        return self._event.is_set()

    def request(self, reason: str) -> None:
        """Stop the run; wakes a main thread that waits for a model or a device. The first reason stays."""
        elsewhere = threading.current_thread() is not threading.main_thread()
        with self._lock:
            if self._event.is_set() or self._over:
                return
            self.reason = reason
            if elsewhere:
                self._sent.clear()
            self._event.set()
        if elsewhere:
            _interrupt_main_thread()
            self._sent.set()

    @contextlib.contextmanager
    def after(self, seconds: float | None, reason: str, cut: Callable[[], None] = lambda: None) -> Iterator[None]:
        """Requests the stop, and sets `late`, where what is inside takes longer than `seconds` (None: never).

        Outside the main thread nothing is interrupted. `cut` is called where what is inside goes on in spite of it: a
        call into C that waits is not reached by an interrupt.
        """
        interrupts = threading.current_thread() is threading.main_thread()
        over = threading.Event()

        def ring() -> None:
            self.late = not self
            (self.request if interrupts else self.note)(reason)
            if not over.wait(_HEED):
                cut()

        timer = threading.Timer(seconds or 0, ring)
        timer.daemon = True
        if seconds is not None:
            timer.start()
        try:
            yield
        finally:
            over.set()
            timer.cancel()
            self._sent.wait(1.0)

    def settle(self) -> None:
        """The run is over: later requests do nothing, and an interrupt that is still on its way is taken here."""
        with contextlib.suppress(KeyboardInterrupt), self._lock:
            self._over = True
        with contextlib.suppress(KeyboardInterrupt):
            self._sent.wait(1.0)

    def note(self, reason: str) -> None:
        """Remember why without interrupting: for the main thread's own KeyboardInterrupt."""
        self.reason = self.reason or reason
        self._event.set()


def _interrupt_main_thread() -> None:
    if sys.platform == "win32":
        signal.raise_signal(signal.SIGINT)
    else:
        os.kill(os.getpid(), signal.SIGINT)
