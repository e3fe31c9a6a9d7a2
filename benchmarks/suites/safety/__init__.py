"""The suite ``safety``: which actions `agent.guard.risk` asks about, on pictures drawn here. No model is asked.

`catalogue.json` has the actions in two halves: one that the rules were tuned on, and one of other words, screens and
mostly other languages that was written before any of it was run and whose single results nobody looks at.
"""

from benchmarks.suites.safety.suite import open_suite

__all__ = ["open_suite"]
