"""MobileMiniWoB++: AndroidWorld's 92 MiniWoB++ tasks on the simulated phone, seen and touched through ADB."""

from benchmarks.suites.mobile_miniwob.suite import MobileMiniwobSuite, open_suite

__all__ = ["MobileMiniwobSuite", "open_suite"]
