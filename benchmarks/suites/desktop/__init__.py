"""Tasks in real Debian programs, each set up, checked from outside, and solvable by its own script."""

from benchmarks.suites.desktop.suite import DesktopSuite, open_suite

__all__ = ["DesktopSuite", "open_suite"]
