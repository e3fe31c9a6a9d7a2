"""Removes a folder, and kills a group of processes, when this process ends without doing so itself."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path

_SCRIPT = """trap '' HUP INT TERM
group=
while read -r line; do group=$line; done
[ -z "$group" ] || kill -s KILL -- "-$group"
for n in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do rm -rf -- "$1"; [ -e "$1" ] || break; sleep 0.2; done
"""


def temporary_folder(prefix: str) -> Path:
    """A new folder of this user's alone, in ``/tmp`` where the usual place has a long name.

    Programs put sockets there, whose paths have 108 bytes at most.
    """
    usual = tempfile.gettempdir()
    return Path(tempfile.mkdtemp(prefix=prefix, dir=usual if len(usual) <= 20 else "/tmp"))  # noqa: S108


class CleanupGuard:
    """A shell that waits for the end of this process, ``kill -9`` included, and then removes `folder`.

    It waits for the end of its standard input, whose other end only this process holds.
    """

    def __init__(self, folder: Path) -> None:
        self._process = subprocess.Popen(
            ["/bin/sh", "-c", _SCRIPT, "sh", str(folder)], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True, cwd="/", env={"PATH": "/usr/bin:/bin"},
        )  # fmt: skip

    def kill_too(self, group: int) -> None:
        """Kill this process group, too, in place of the one named before."""
        assert self._process.stdin is not None
        with suppress(OSError):
            self._process.stdin.write(f"{group}\n".encode())
            self._process.stdin.flush()

    def cancel(self) -> None:
        """Leave everything as it is. Safe to call twice."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        assert self._process.stdin is not None
        with suppress(OSError):
            self._process.stdin.close()
