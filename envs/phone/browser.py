"""The Chromium process behind the phone's screen, confined and reached by pipes only."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

from envs.cleanup import CleanupGuard
from envs.devtools import DevToolsPipe
from envs.env import EnvError
from envs.processes import descendants, kill_all, wait_gone

_FLAGS = (
    "--headless=new",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--hide-scrollbars",
    "--mute-audio",
    "--disable-features=OverscrollHistoryNavigation",  # else a swipe to the right leaves the phone's own page
    "--remote-debugging-pipe",
)
_UNPRIVILEGED = ("--user", "--map-user=1000", "--map-group=1000")


@cache
def confinement() -> tuple[str, ...] | None:
    """The command that runs Chromium without network and as a user that is not root; None where the kernel forbids it.

    It is ``unshare`` of util-linux with a new user and network namespace. Chromium's own sandbox works in it.
    """
    program = shutil.which("unshare")
    if program is None:
        return None
    command = (program, *_UNPRIVILEGED, "--net", "--")
    tried = subprocess.run(
        [*command, program, "--user", "true"], stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    return command if tried.returncode == 0 else None


def sandboxed() -> bool:
    """Whether Chromium's own sandbox is on. It cannot be for root where the kernel forbids user namespaces."""
    return confinement() is not None or os.geteuid() != 0


class PhoneBrowser:
    """A headless Chromium with its profile in `folder`, which `guard` removes if this process is killed.

    Its environment is empty but for paths and the language. Raises `EnvError`.
    """

    def __init__(self, folder: Path, guard: CleanupGuard) -> None:
        program = next((found for name in ("chromium", "google-chrome", "chrome") if (found := shutil.which(name))), "")
        if not program:
            raise EnvError("the simulated phone needs Chromium: apt-get install chromium")
        self._folder = folder
        folder.mkdir(mode=0o700, exist_ok=True)
        flags = [*_FLAGS, *(() if sandboxed() else ("--no-sandbox",)), f"--user-data-dir={folder}", "about:blank"]
        self._pid, self.pipe = _start([*(confinement() or ()), program, *flags], _environ(folder))
        guard.kill_too(self._pid)

    def close(self) -> None:
        """End the browser and remove its profile. Safe to call twice."""
        self.pipe.close()
        if self._pid:
            pids = [self._pid, *descendants(self._pid)]
            kill_all(pids)
            wait_gone(pids, 5)
            self._pid = 0
        shutil.rmtree(self._folder, ignore_errors=True)


def _environ(folder: Path) -> dict[str, str]:
    return {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": str(folder), "TMPDIR": str(folder),
            "XDG_RUNTIME_DIR": str(folder), "DBUS_SESSION_BUS_ADDRESS": "disabled:"}  # fmt: skip


def _start(command: list[str], environ: dict[str, str]) -> tuple[int, DevToolsPipe]:
    """Start a program that speaks DevTools on descriptors 3 and 4, as the leader of a process group."""
    (its_input, ours), (its_output, theirs) = os.pipe(), os.pipe()
    high = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in (its_input, theirs)]
    actions = [(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_RDWR, 0) for fd in range(3)]
    actions += [(os.POSIX_SPAWN_DUP2, high[0], 3), (os.POSIX_SPAWN_DUP2, high[1], 4)]  # type: ignore[list-item]
    try:
        pid = os.posix_spawn(command[0], command, environ, file_actions=actions, setsid=True)
    finally:
        for end in (its_input, theirs, *high):
            os.close(end)
    return pid, DevToolsPipe(its_output, ours)
