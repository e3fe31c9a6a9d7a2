"""MiniWoB++ in real Chromium on a private display, by mouse and keyboard alone."""

from benchmarks.suites.miniwob.suite import MiniwobSuite, open_suite

__all__ = ["MiniwobSuite", "open_suite"]
