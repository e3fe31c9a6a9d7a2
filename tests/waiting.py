"""Waiting for a condition."""

import time
from collections.abc import Callable


def until(condition: Callable[[], object], seconds: float = 60, say: Callable[[], object] = lambda: "") -> None:
    """Wait for `condition`. Raises `AssertionError`, with what `say` tells, if it is still false after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, say()
        time.sleep(0.02)
