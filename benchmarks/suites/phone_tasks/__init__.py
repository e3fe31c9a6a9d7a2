"""Tasks in the style of AndroidWorld on the simulated phone: set up, checked through ADB, solvable by a script."""

from benchmarks.suites.phone_tasks.suite import PhoneTasksSuite, open_suite

__all__ = ["PhoneTasksSuite", "open_suite"]
