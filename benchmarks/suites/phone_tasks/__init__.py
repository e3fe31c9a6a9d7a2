"""Tasks in the style of AndroidWorld on the simulated phone: with set-up, checks through ADB and scripted solutions."""

from benchmarks.suites.phone_tasks.suite import PhoneTasksSuite, open_suite

__all__ = ["PhoneTasksSuite", "open_suite"]
