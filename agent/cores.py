"""How many processor cores there are for this process."""

from __future__ import annotations

import os


def cores() -> int:
    """How many cores this process may use: its affinity where the system has one, else those of the machine."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
