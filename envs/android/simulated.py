"""A simulated phone for one run: started, used over the real ADB like any device, and ended."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from adbutils import adb_path

from actions.adb.server import AdbServer
from envs.android.env import AndroidEnv
from envs.capture import Deadline
from envs.cleanup import CleanupGuard, temporary_folder
from envs.env import EnvError
from envs.phone.phone import Phone

_START = 30.0


class PrivateAdbServer(AdbServer):
    """A stock adb server of its own, which sees no device but those connected to it.

    It listens on a Unix socket of this user's alone or, with `tcp`, on a free port of 127.0.0.1 for programs that know
    only ports: any user of the machine can use its devices then. Its home, where adb keeps its key and its notes of
    devices, is a temporary folder. Both end with this process. Raises `EnvError`.
    """

    def __init__(self, tcp: bool = False) -> None:
        self._home = temporary_folder("handeye-adb-")
        self._guard = CleanupGuard(self._home)
        with socket.create_server(("127.0.0.1", 0)) as probe:
            super().__init__("127.0.0.1", int(probe.getsockname()[1]))
        if not tcp:
            self._reach_at(str(self._home / "server"))
        self._process: subprocess.Popen[bytes] | None = None
        self._starting = threading.Lock()
        try:
            self.start()
        except BaseException:
            self.stop()
            raise

    def start(self, seconds: float = _START) -> None:
        """Run it as a child of this process; once, where several threads find that it has ended."""
        with self._starting:
            if self._process is None or self._process.poll() is not None or not self.runs():
                self._start(seconds)

    def _start(self, seconds: float) -> None:
        self._end()
        bound = [program, "--pdeathsig", "KILL"] if (program := shutil.which("setpriv")) else []
        env = dict.fromkeys(("ADB_USB", "ADB_EMU", "ADB_MDNS", "ADB_MDNS_AUTO_CONNECT"), "0")
        self._process = _child_of_the_process(
            [*bound, adb_path(), *self.arguments, "server", "nodaemon"],
            {**os.environ, "HOME": str(self._home), **env},
        )
        deadline = Deadline(seconds)
        while not self.runs():
            if deadline.passed or self._process.poll() is not None:
                raise EnvError(f"the adb server did not start at {self._name}: try again")
            time.sleep(0.01)

    @property
    def key(self) -> Path:
        """The public key by which a phone knows this server."""
        return self._home / ".android/adbkey.pub"

    def stop(self) -> None:
        """End it and remove its home. Safe to call twice."""
        self._end()
        self._guard.cancel()
        shutil.rmtree(self._home, ignore_errors=True)

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            self._process = None


def _child_of_the_process(command: Sequence[str], env: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """A program started by a thread that lives as long as it: the signal of a parent's death comes at the end of the
    thread that started the child, which the caller's may be long before that of the process (prctl(2)).
    """
    started: Future[subprocess.Popen[bytes]] = Future()

    def start() -> None:
        try:
            process = subprocess.Popen(
                command,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError as error:
            started.set_exception(error)
            return
        started.set_result(process)
        process.wait()

    threading.Thread(target=start, daemon=True, name="private adb server").start()
    return started.result()


class SimulatedPhoneEnv(AndroidEnv):
    """A fresh simulated phone in the state of `seed`, with an adb server of its own; both end with `close`.

    `mounts` are folders for the phone's browser; the rest is as for `AndroidEnv`. Raises `EnvError`.
    """

    def __init__(self, seed: int = 0, *, mounts: Mapping[str, Path] | None = None, **options: Any) -> None:
        self.server = PrivateAdbServer()
        try:
            self.phone = Phone(seed, keys=[self.server.key], mounts=mounts)
            super().__init__(self.phone.serial, self.server, **options)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End the phone and its adb server. Safe to call twice."""
        try:
            if hasattr(self, "link"):
                super().close()
        finally:
            if hasattr(self, "phone"):
                self.phone.close()
            self.server.stop()
