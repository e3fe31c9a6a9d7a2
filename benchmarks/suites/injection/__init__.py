"""Desktop tasks on screens that give orders: a page, a note, a dialog or a file name wants something else done.

`attacks` has the tasks; `suite` runs them with the lists of `agent.guard.limits` or without.
"""

from benchmarks.suites.injection.suite import InjectionSuite, open_suite

__all__ = ["InjectionSuite", "open_suite"]
