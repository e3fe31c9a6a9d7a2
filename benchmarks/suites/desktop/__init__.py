"""Tasks in real Debian programs, with set-up, check of state and a scripted solution."""

from benchmarks.suites.desktop.suite import DesktopSuite, open_suite

__all__ = ["DesktopSuite", "open_suite"]
