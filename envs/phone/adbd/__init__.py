"""The device's side of the ADB protocol, over TCP.

Source of the formats: ``protocol.txt``, ``SYNC.TXT``, ``OVERVIEW.TXT`` and ``shell_protocol.h`` of AOSP's
``packages/modules/adb``.
"""

from envs.phone.adbd.daemon import Daemon
from envs.phone.adbd.services import Host, Process, Streams

__all__ = ["Daemon", "Host", "Process", "Streams"]
