"""The action backend for Android devices, over the stock adb server."""

from actions.adb.backend import AdbBackend
from actions.adb.link import AdbLink
from actions.adb.server import AdbServer

__all__ = ["AdbBackend", "AdbLink", "AdbServer"]
