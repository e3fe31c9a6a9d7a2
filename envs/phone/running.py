"""The processes that ``ps``, ``top`` and ``/proc`` show: the system's, the apps', and what the shell runs for long."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from envs.phone.sh.processes import ShellProcess

FIRST_APP = 1000
"""The number of the first app's process."""
_SYSTEM = (
    ("root", 1, 0, "init"), ("root", 112, 1, "ueventd"), ("logd", 180, 1, "logd"), ("lmkd", 181, 1, "lmkd"),
    ("system", 182, 1, "servicemanager"), ("root", 240, 1, "vold"), ("root", 260, 1, "netd"),
    ("root", 261, 1, "zygote64"),
    ("system", 280, 1, "surfaceflinger"), ("shell", 320, 1, "adbd"), ("system", 520, 261, "system_server"),
    ("u0_a90", 640, 261, "com.android.systemui"), ("radio", 660, 261, "com.android.phone"),
)  # fmt: skip
_IDS = {"root": 0, "system": 1000, "radio": 1001, "logd": 1036, "lmkd": 1069, "shell": 2000}


class ListedProcess(NamedTuple):
    """One process; `virtual` and `resident` are its memory in KiB, fixed for each kind."""

    user: str
    pid: int
    parent: int
    name: str
    virtual: int = 10_917_252
    resident: int = 12_712

    @property
    def uid(self) -> int:
        """The number of its user."""
        return _IDS[self.user] if self.user in _IDS else 10_000 + int(self.user.removeprefix("u0_a"))


def running(apps: Sequence[str], own: Iterable[ShellProcess]) -> list[ListedProcess]:
    """All, in the order of their kinds: system, `apps` by package, the shell's `own`."""
    found = [ListedProcess(*one) for one in _SYSTEM]
    found += [ListedProcess(f"u0_a{n}", FIRST_APP + n, 261, name, 14_730_084, 121_400) for n, name in enumerate(apps)]
    return [*found, *(ListedProcess("shell", one.pid, 320, one.name, 10_764_088, 3_412) for one in own)]
