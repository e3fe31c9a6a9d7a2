"""The simulated phone: a `PhoneDevice` with a shell and an ADB daemon in front.

It is no Android. A stock adb server cannot tell it from a device for what Handeye and its tests use; its model name
and ``ro.handeye.simulated`` say that it is simulated.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping, Sequence
from pathlib import Path

from envs.env import EnvError
from envs.phone.adbd import Daemon, Streams
from envs.phone.adbd.auth import KeyFiles, user_key
from envs.phone.commands.display import framebuffer
from envs.phone.commands.registry import commands_of
from envs.phone.device import PhoneDevice
from envs.phone.phone_facts import SIZE
from envs.phone.running import ListedProcess, running
from envs.phone.sh import Shell
from envs.phone.state import PROPERTIES
from envs.phone.system_files import SystemFiles

VARIABLES = {
    "ANDROID_DATA": "/data", "ANDROID_ROOT": "/system", "ANDROID_STORAGE": "/storage", "EXTERNAL_STORAGE": "/sdcard",
    "HOME": "/", "HOSTNAME": "localhost", "LOGNAME": "shell",
    "PATH": "/product/bin:/system/bin:/system/xbin:/vendor/bin",
    "SHELL": "/bin/sh", "TERM": "dumb", "TMPDIR": "/data/local/tmp", "USER": "shell",
}  # fmt: skip
"""The environment of the phone's shell."""


class Phone(PhoneDevice):
    """A running phone that ``adb connect`` reaches; an `envs.phone.adbd.services.Host`. Raises `EnvError`.

    `port` is the daemon's on loopback, any free one for 0. It serves adb servers that have the key of this user
    (``~/.android/adbkey.pub``) or one of the files `keys`, which are read when a server connects, and every user of
    this machine where `anyone` is set. The other arguments are those of `PhoneDevice`. Several phones run side by side.
    Use it as a context manager, or `close` it.
    """

    def __init__(
        self,
        seed: int = 0,
        *,
        port: int = 0,
        keys: Sequence[Path] = (),
        anyone: bool = False,
        size: tuple[int, int] = SIZE,
        storage: Path | None = None,
        mounts: Mapping[str, Path] | None = None,
        debuggable: bool = False,
        second: tuple[int, int] | None = None,
    ) -> None:
        allowed = None if anyone else KeyFiles((user_key(), *keys))
        super().__init__(seed, size=size, storage=storage, mounts=mounts, debuggable=debuggable, second=second)
        self._restarting = False
        self.shell = Shell(commands_of(self), self.storage, dict(VARIABLES))
        self.storage.refresh = SystemFiles(self.state, self._processes, self.shell.commands).write
        try:
            self.daemon = Daemon(self, port, keys=allowed)
        except OSError as error:
            super().close()
            raise EnvError(f"port {port} is taken ({error.strerror}): choose another, or 0 for any") from error
        except BaseException:
            super().close()
            raise
        self.content.dial = self.daemon.dial

    def _processes(self) -> list[ListedProcess]:
        """Those that run; without the apps while the browser does not answer."""
        try:
            tasks = self.look()["tasks"]
        except EnvError:
            tasks = []
        return running(tasks, self.shell.processes.all())

    @property
    def banner(self) -> Mapping[str, str]:
        """The properties that the daemon announces."""
        return {name: PROPERTIES[name] for name in ("ro.product.name", "ro.product.model", "ro.product.device")}

    def run(self, line: str, streams: Streams) -> int:
        """Run a command line of the phone's shell; one read from standard input where `line` is empty."""
        if not line:
            line = streams.read().decode("utf-8", "surrogateescape")
        return self.shell.run(line, streams)

    def connect(self, name: str) -> socket.socket:
        """A connection to a socket of a program on the phone, or to ``adb reverse``. Raises ConnectionRefusedError."""
        if own := self.listeners.get(name):
            return own()
        kind, _, port = name.partition(":")
        if kind == "tcp" and port.isdecimal():
            return self.daemon.dial(int(port))
        raise ConnectionRefusedError(f"nothing listens on {name}")

    def framebuffer(self) -> bytes:
        """The screen as ``framebuffer:`` gives it."""
        return framebuffer(self.screen.png())

    def become_root(self) -> str:
        """adbd's answer to ``adb root``; where the phone allows it, the shell is root from then on."""
        if not self.debuggable:
            return "adbd cannot run as root in production builds\n"
        if self.root:
            return "adbd is already running as root\n"
        self.root = self._restarting = True
        return "restarting adbd as root\n"

    def restarting(self) -> bool:
        """Whether adbd is to restart; True once after each `become_root` that changed something."""
        restarting, self._restarting = self._restarting, False
        return restarting

    def reboot(self, how: str = "") -> None:
        """Show the home screen as after a restart and cut all connections; files and settings stay."""
        super().reboot(how)
        self.daemon.cut()

    @property
    def serial(self) -> str:
        """Its serial for adb, e.g. ``127.0.0.1:6555``."""
        return self.daemon.serial

    def close(self) -> None:
        """End everything. Safe to call twice."""
        self.daemon.close()
        super().close()

    def __enter__(self) -> Phone:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
