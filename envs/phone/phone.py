"""The simulated phone: storage, screen and apps, with an ADB daemon in front.

It is no Android: a small honest stand-in that a stock adb server cannot tell from a device for what Handeye and its
tests use, and that says in its model name and in ``ro.handeye.simulated`` what it is.
"""

from __future__ import annotations

import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from actions.frame import Point
from envs.capture import Deadline
from envs.env import EnvError
from envs.phone.adbd import Daemon, Streams
from envs.phone.apps import HOME, PhoneApp, apps
from envs.phone.commands import commands_of
from envs.phone.commands.display import framebuffer
from envs.phone.inputdevice import InputDevices
from envs.phone.phone_facts import SIZE
from envs.phone.screen import PhoneScreen
from envs.phone.seeds import SEEDERS, seed_files
from envs.phone.server import PhoneServer
from envs.phone.sh import Shell
from envs.phone.state import PROPERTIES, State
from envs.phone.storage import Storage

_READY = 15.0


class Phone:
    """A running phone of `size` device pixels in the state that belongs to `seed`. Raises `EnvError`.

    `port` is the daemon's on loopback, any free one for 0. `storage` keeps the files; without it they are in a
    temporary folder that goes with the phone. `ports` are those that programs on the phone listen on, and where that
    is on this machine. `mounts` are folders served to its browser by path (``/miniwob/``).
    `debuggable` lets ``adb root`` make the shell root, as on an emulator. Several phones run side by side. Use it as a
    context manager, or `close` it.
    """

    def __init__(
        self,
        seed: int = 0,
        *,
        port: int = 0,
        size: tuple[int, int] = SIZE,
        storage: Path | None = None,
        mounts: Mapping[str, Path] | None = None,
        debuggable: bool = False,
    ) -> None:
        self.debuggable, self.root, self._restarting = debuggable, False, False
        self.ports: dict[int, int] = {}
        self._temporary = tempfile.mkdtemp(prefix="handeye-phone-files-") if storage is None else None
        self._portrait = size
        self.storage = Storage(Path(storage or self._temporary or ""))
        self.state = State(self.storage, SEEDERS, files=seed_files)
        self.seed = seed
        self.faults = Faults()
        self._lock = threading.RLock()
        self._crashed: list[str] = []
        self.state.reset(seed)
        self.server = PhoneServer(self.state, mounts)
        try:
            self.screen = PhoneScreen(f"{self.server.url}/index.html", self.server.token, size)
            self.inputs = InputDevices(size, lambda: self.rotation)
            self.screen.felt = self.inputs.finger
            self._boot()
            self.shell = Shell(commands_of(self), self.storage, {"HOME": "/", "ANDROID_ROOT": "/system"})
            self.daemon = Daemon(self, port)
            self.server.dial = self.daemon.dial
        except BaseException:
            self.close()
            raise

    def _boot(self) -> None:
        known = [{"package": a.package, "label": a.label, "folder": a.folder.name} for a in apps().values()]
        self.screen.apply("(apps, home) => system.start(apps, home)", known, HOME)
        self.wait_ready()

    # -- for the daemon (envs.phone.adbd.services.Host)

    @property
    def banner(self) -> Mapping[str, str]:
        """What the daemon says it is."""
        return {name: PROPERTIES[name] for name in ("ro.product.name", "ro.product.model", "ro.product.device")}

    def run(self, line: str, streams: Streams) -> int:
        """Run a command line of the phone's shell."""
        if not line:
            line = streams.read().decode("utf-8", "surrogateescape")
        return self.shell.run(line, streams)

    def locate(self, path: str) -> Path:
        """Where a file of the phone lies on this machine."""
        return self.storage.locate(path)

    def free(self) -> int:
        """Bytes of storage left."""
        return self.storage.free()

    def connect(self, name: str) -> socket.socket:
        """Inside a simulated phone listen uiautomator2's server and what ``adb reverse`` has put there."""
        kind, _, port = name.partition(":")
        if kind == "tcp" and port.isdecimal():
            if (ours := self.ports.get(int(port))) is not None:
                return socket.create_connection(("127.0.0.1", ours), timeout=10)
            return self.daemon.dial(int(port))
        raise ConnectionRefusedError(f"nothing listens on {name}")

    def framebuffer(self) -> bytes:
        """The screen as ``framebuffer:`` gives it."""
        return framebuffer(self.screen.png())

    def become_root(self) -> str:
        """What adbd says to ``adb root``; where the phone allows it, the shell is root from then on."""
        if not self.debuggable:
            return "adbd cannot run as root in production builds\n"
        if self.root:
            return "adbd is already running as root\n"
        self.root = self._restarting = True
        return "restarting adbd as root\n"

    def restarting(self) -> bool:
        """Whether adbd is to begin anew; said once."""
        restarting, self._restarting = self._restarting, False
        return restarting

    def reboot(self, how: str) -> None:
        """The home screen as after switching on; files and settings stay, connections are cut."""
        del how
        self.screen.ask("system.reset()")
        self.wait_ready()
        self.daemon.cut()

    # -- for people and tests

    @property
    def serial(self) -> str:
        """Its serial for adb."""
        return self.daemon.serial

    def reset(self, seed: int | None = None) -> None:
        """The state of `seed` (the same as before for None), the home screen, upright and awake."""
        with self._lock:
            self.seed = self.seed if seed is None else seed
            self.faults.clear()
            self._crashed.clear()
            self.root = False
            self.state.reset(self.seed)
            self.turn(0)
            self.screen.ask("system.reset()")
            self.wait_ready()

    def look(self) -> dict[str, Any]:
        """What the system's page says of itself: package in front, tasks, keyboard, awake, locked."""
        found = self.screen.ask("system.state()")
        return dict(found)

    def wait_ready(self, seconds: float = _READY) -> None:
        """Return when the app in front has loaded. Raises `EnvError`."""
        deadline = Deadline(seconds)
        while not self.look()["ready"]:
            if deadline.passed:
                raise EnvError(f"the simulated phone's app {self.look()['package']} did not start")
            time.sleep(0.01)

    def open(self, app: PhoneApp, intent: Mapping[str, Any] | None = None) -> None:
        """Bring an app to the front and wait until it is there."""
        self.screen.apply("(name, intent) => system.open(name, intent)", app.package, dict(intent or {}))
        self.wait_ready()

    def stop(self, package: str) -> bool:
        """End an app; whether it ran."""
        return bool(self.screen.apply("(name) => system.close(name)", package))

    def crash(self, package: str) -> None:
        """End an app as a crash does, with the notice of it."""
        self._crashed.append(package)
        self.screen.apply("(name) => system.crash(name)", package)

    @property
    def crashed(self) -> list[str]:
        """Packages that have crashed since the last reset, or since it was cleared."""
        return self._crashed

    def turn(self, quarter: int) -> None:
        """Turn to 0 (upright), 1 or 3 (on its side) quarter turns; 2 is upright."""
        width, height = self._portrait
        self.screen.resize((height, width) if quarter % 2 else (width, height))

    @property
    def rotation(self) -> int:
        """Quarter turns, as the settings say."""
        return int(self.state.get("system", "user_rotation") or 0) % 4

    def touch(self, path: list[Point], seconds: float) -> None:
        """A finger on the screen; a sleeping one feels nothing."""
        if self.look()["awake"]:
            self.screen.touch(path, seconds)

    def close(self) -> None:
        """End everything. Safe to call twice."""
        for name in ("daemon", "screen", "server"):
            part = getattr(self, name, None)
            if part is not None:
                with suppress(OSError):
                    part.close()
        if self._temporary:
            shutil.rmtree(self._temporary, ignore_errors=True)

    def __enter__(self) -> Phone:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Faults:
    """What goes wrong on purpose: `screenshot` changes the bytes that ``screencap`` gives, `before` is called with
    every command's words before it runs, and may block or raise OSError.
    """

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Nothing goes wrong."""
        self.screenshot: Callable[[bytes], bytes] = lambda data: data
        self.before: Callable[[tuple[str, ...]], None] = lambda argv: None
