"""What a process does at this moment, as Linux tells; elsewhere nothing is known of any."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path


def computing(pid: int) -> bool:
    """Whether the process uses the CPU or waits for it or for a disk (Linux; elsewhere False)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "RD"
    except OSError:
        return False


def has_children(pid: int) -> bool:
    """Whether the process has child processes (Linux; elsewhere False)."""
    with suppress(OSError):
        return any(path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/children"))
    return False
