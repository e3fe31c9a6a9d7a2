"""``python -m benchmarks.speed.sandbox``: what the sandbox's namespaces cost, in one run.

The oracle does tasks of the desktop suite (an editor's, a browser's, an office program's) in turns:

* **isolated**: programs in namespaces of their own, as the suite runs them.
* **not isolated**: the same display and programs as processes of the caller's.

Seconds of a whole task (display, programs, every step, the check) and of its steps alone; medians and ratios.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Sequence

from agent.core.task import Limits
from benchmarks.interactive import play
from benchmarks.suites.desktop.oracle import desktop_oracle
from benchmarks.suites.desktop.task import TASKS
from benchmarks.suites.desktop.world import DesktopWorld

CHOSEN = ("editor-replace", "browser-form", "sheet-totals")
SIDES = (True, False)


def play_once(name: str, isolated: bool) -> tuple[float, float]:
    """Seconds of a whole task done by its oracle, and of its steps alone. Raises `SystemExit` where it fails."""
    task, start = TASKS[name], time.perf_counter()
    with DesktopWorld(task.scene(0), isolated=isolated) as world:
        ready = time.perf_counter()
        done = play(world, desktop_oracle(), Limits(steps=task.steps, seconds=600.0), seeds={"instance": 0})
        steps = time.perf_counter() - ready
    if float(done.value["success"]) < 1:
        raise SystemExit(f"{name} was not solved by its oracle: {done.value}")
    return time.perf_counter() - start, steps


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.speed.sandbox", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--rounds", type=int, default=7, help="turns of each side (default 7)")
    parser.add_argument("--tasks", nargs="+", default=CHOSEN, choices=sorted(TASKS), metavar="TASK")
    options = parser.parse_args(arguments)
    print(f"median seconds of {options.rounds} turns\n\n{'task':<24}{'isolated':>12}{'not':>10}{'ratio':>8}")
    for name in options.tasks:
        seconds: dict[bool, list[tuple[float, float]]] = {side: [] for side in SIDES}
        for turn in range(options.rounds):
            for side in SIDES if turn % 2 else SIDES[::-1]:
                seconds[side].append(play_once(name, side))
        for index, label in enumerate((name, "  its steps")):
            ours, plain = (statistics.median(one[index] for one in seconds[side]) for side in SIDES)
            print(f"{label:<24}{ours:>12.2f}{plain:>10.2f}{ours / plain:>8.2f}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
