"""The files of a simulated phone: one folder on this machine; paths outside it are refused."""

from __future__ import annotations

import errno
import os
import posixpath
import shutil
import stat
from collections.abc import Callable
from pathlib import Path

_FOLDERS = (
    "sdcard/Download",
    "sdcard/Documents",
    "sdcard/DCIM",
    "data/local/tmp",
    "data/data",
    "proc",
    "sys",
    "system",
)


class Storage:
    """The phone's file system under `root`. `capacity` is its size in bytes; `full` makes every write fail.

    `refresh` is called with `root` and a path below ``proc``, ``sys`` or ``system`` before that is looked up.
    """

    def __init__(self, root: Path, capacity: int = 4 << 30) -> None:
        self.root = root.resolve()
        self.capacity = capacity
        self.full = False
        self.refresh: Callable[[Path, str], None] | None = None
        self._make()

    def _make(self) -> None:
        for folder in _FOLDERS:
            (self.root / folder).mkdir(parents=True, exist_ok=True)

    def clear(self) -> None:
        """Delete all files and make the standard folders."""
        for entry in list(self.root.iterdir()):
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()
        self.full = False
        self._make()

    def locate(self, path: str) -> Path:
        """Where the phone's absolute `path` lies on this machine; ``/storage/emulated/0`` is ``/sdcard``.

        Raises OSError for a path that leaves the phone, by ``..`` or by a link.
        """
        clean = posixpath.normpath("/" + path).lstrip("/")
        for alias in ("storage/emulated/0", "storage/self/primary", "mnt/sdcard"):
            if clean == alias or clean.startswith(alias + "/"):
                clean = "sdcard" + clean[len(alias) :]
        if self.refresh and clean.partition("/")[0] in ("proc", "sys", "system") and not clean.startswith("system/app"):
            self.refresh(self.root, clean)
        there = self.root / clean
        if "\0" in clean or not Path(os.path.realpath(there)).is_relative_to(self.root):
            raise OSError(errno.EACCES, "Permission denied", path)
        return there

    def used(self) -> int:
        """Bytes in files."""
        found = (path.lstat() for path in self.root.rglob("*"))
        return sum(entry.st_size for entry in found if stat.S_ISREG(entry.st_mode))

    def free(self) -> int:
        """Bytes that are left."""
        return 0 if self.full else max(0, self.capacity - self.used())
