"""The 92 tasks that AndroidWorld has in its family ``miniwob`` (``miniwob_registry.py``, commit d9c569f).

91 pages come with the package ``miniwob`` under the same name; ``drag-item`` is there as ``drag-circle``, with
another title. The names are in ``tasks.json`` of the phone's app, each with its page's name.
"""

from __future__ import annotations

import json
from pathlib import Path

from benchmarks.suites.miniwob.tasks import TASKS as FAMILIES
from envs.android.miniwob import PAGES

TASKS: dict[str, str] = {task: FAMILIES.get(page, "reason") for task, page in PAGES.items()}
"""Each task's family; ``simon-says``, which the suite ``miniwob`` has not, is of the family ``reason``."""
STEPS = 30
"""The budget: AndroidWorld's ``int(10 * complexity)`` with a complexity of 3 for every task."""


FLAGS: dict[str, str] = json.loads(Path(__file__).with_name("flags.json").read_text(encoding="utf-8"))
"""What is known to be wrong with a task, by ``CHECK:task``, with the reason."""


def goal(utterance: str) -> str:
    """What AndroidWorld tells an agent (``miniwob_base.py``)."""
    return f"Follow the instructions shown on the top of the screen: {utterance}"
