"""Recorded decisions of the oracles of interactive suites: is a planner's next action one of the right ones?

`recording` makes and reads the data, `right_actions` has the rules, `suite` asks and judges, without a device.
"""

from benchmarks.suites.decisions.suite import DecisionsSuite, open_suite

__all__ = ["DecisionsSuite", "open_suite"]
