"""The 125 tasks of MiniWoB++ as Farama registers them (``miniwob`` 1.1.0), with family and budget of steps.

Left out, as there: ``debug`` pages, the FlightWoB sites, and five pages that are animations without an end.
``tasks.json`` has the names: ``families`` is what a task mostly asks of an agent (our own grouping, for tables), and
``long`` names the tasks that take more than a few steps.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

_DATA = json.loads(Path(__file__).with_name("tasks.json").read_text(encoding="utf-8"))

TASKS: dict[str, str] = dict(sorted((task, family) for family, tasks in _DATA["families"].items() for task in tasks))
"""Each task's family."""
LONG: frozenset[str] = frozenset(_DATA["long"])

STEPS = 10
"""The budget of steps of most tasks (BrowserGym's)."""
LONG_STEPS = 30
"""The budget of `LONG` tasks (AndroidWorld's)."""


def budget(task: str) -> int:
    """Steps that an agent has for one episode of `task`."""
    return LONG_STEPS if task in LONG else STEPS


@cache
def flags() -> dict[str, str]:
    """What is known to be wrong with a task, and why (``flags.json``).

    Keys are ``CHECK:task``: ``idle:`` or another baseline that passes it, or ``no oracle:``.
    """
    found = json.loads(Path(__file__).with_name("flags.json").read_text(encoding="utf-8"))
    return {str(task): str(reason) for task, reason in found.items()}
