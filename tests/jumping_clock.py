"""A system clock that is set back and forth by an hour while a test runs."""

from __future__ import annotations

import itertools
import time

import pytest

HOUR = 3600.0


def make_jump(patch: pytest.MonkeyPatch) -> None:
    """From now on each look at the clock finds it set by an hour, in turn back, right and forward."""
    real, by = time.time, itertools.cycle((0.0, -HOUR, HOUR))
    patch.setattr(time, "time", lambda: real() + next(by))
