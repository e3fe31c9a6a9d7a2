"""The simulated phone without ADB: its storage, state, screen, apps and input devices.

`envs.phone.commands` and `envs.phone.automation` work on a `PhoneDevice`; `envs.phone.phone.Phone` puts a shell and an
ADB daemon in front of it.
"""

from __future__ import annotations

import copy
import shutil
import socket
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from actions.frame import Point
from envs.capture import Deadline
from envs.cleanup import CleanupGuard, temporary_folder
from envs.env import EnvError
from envs.phone.apps import HOME, PhoneApp, entries
from envs.phone.content import WebContent
from envs.phone.inputdevice import InputDevices
from envs.phone.phone_facts import DENSITY, SIZE
from envs.phone.screen import PhoneScreen
from envs.phone.seeds import SEEDERS, seed_files
from envs.phone.state import State
from envs.phone.storage import Storage

_READY = 15.0
_MOST_LOGGED = 10_000


class LogLine(NamedTuple):
    """A line of the phone's log, counted from 1."""

    number: int
    when: datetime
    priority: str
    tag: str
    words: str


class Faults:
    """Failures injected by tests.

    `secure` has the app in front protect its window (FLAG_SECURE); `folded` has the cover display in use, and the first
    display off. `screenshot` changes the bytes that ``screencap`` gives; `before` is called with every command's
    arguments before it runs, and may block or raise OSError.
    """

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Remove all failures."""
        self.secure = self.folded = False
        self.screenshot: Callable[[bytes], bytes] = lambda data: data
        self.before: Callable[[tuple[str, ...]], None] = lambda argv: None


class PhoneDevice:
    """A phone of `size` device pixels in the state of `seed`. Raises `EnvError`.

    `storage` keeps the files; without it they are in a temporary folder, which `close` and the end of this process
    remove, however it ends. `mounts` are folders
    served to the phone's browser by URL path (``/miniwob/``). `debuggable` lets ``adb root`` make the shell root, as on
    an emulator. `second` is the size of a second display, if it has one, and later this phone as it is there.
    `listeners` are the sockets that programs on the phone listen on (``tcp:9008``, ``localabstract:x``), each with a
    function that connects; `granted` are packages and the permissions that they were given, which no app here needs.
    """

    def __init__(
        self,
        seed: int = 0,
        *,
        size: tuple[int, int] = SIZE,
        storage: Path | None = None,
        mounts: Mapping[str, Path] | None = None,
        debuggable: bool = False,
        second: tuple[int, int] | None = None,
    ) -> None:
        self.debuggable, self.root = debuggable, False
        self.listeners: dict[str, Callable[[], socket.socket]] = {}
        self.logged: list[LogLine] = []
        self._logged = 0
        self.granted: set[tuple[str, str]] = set()
        self.seed = seed
        self.faults = Faults()
        self.physical = self.upright = size
        self._lock = threading.RLock()
        self._screen: PhoneScreen | None = None
        self.second: PhoneDevice | None = None
        self._folder = temporary_folder("handeye-phone-")
        self._guard = CleanupGuard(self._folder)
        try:
            self.storage = Storage(storage or self._folder / "files")
            self.state = State(self.storage, SEEDERS, files=seed_files)
            self.state.reset(seed)
            self.content = WebContent(self.state, mounts)
            self._screen = PhoneScreen(self.content, size, self._folder / "browser", self._guard)
            self.inputs = InputDevices(size, lambda: self.rotation)
            self.screen.on_touch = self.inputs.touch
            self._boot()
            if second:
                self.second = self._with_screen(PhoneScreen(self.content, second, self._folder / "second", self._guard))
        except BaseException:
            PhoneDevice.close(self)
            raise

    def _with_screen(self, screen: PhoneScreen) -> PhoneDevice:
        """This phone as it is on another display."""
        other = copy.copy(self)
        other._screen, other.second = screen, None
        other.physical = other.upright = screen.size
        other.inputs = InputDevices(screen.size, lambda: other.rotation, self.inputs)
        screen.on_touch = other.inputs.touch
        other._boot()
        return other

    def revive(self) -> bool:
        """Restart a browser that does not answer, and show the home screen; whether that was needed.

        Raises `EnvError`.
        """
        if not self.screen.revive():
            return False
        self._boot()
        return True

    def _boot(self) -> None:
        known = entries(self.state.properties["persist.sys.locale"])
        self.screen.apply("(apps, home) => system.start(apps, home)", known, HOME)
        self.wait_ready()

    @property
    def screen(self) -> PhoneScreen:
        """The display and touchscreen. Raises `EnvError` before it has started."""
        if self._screen is None:
            raise EnvError("the simulated phone's screen has not started")
        return self._screen

    def locate(self, path: str) -> Path:
        """The path on this machine of a file of the phone. Raises OSError for a path outside its storage."""
        return self.storage.locate(path)

    def free(self) -> int:
        """Bytes of storage left."""
        return self.storage.free()

    def reboot(self, how: str = "") -> None:
        """Show the home screen as after a restart; files and settings stay. `how` (``bootloader``) is ignored."""
        del how
        self.screen.ask("system.reset()")
        self.wait_ready()

    def reset(self, seed: int | None = None) -> None:
        """The state of `seed` (None: the current one), the home screen, upright, awake, and no fault injected."""
        with self._lock:
            self.seed = self.seed if seed is None else seed
            self.faults.clear()
            self.logged.clear()
            self.granted.clear()
            self.root = False
            self.state.reset(self.seed)
            self.override(self.physical, DENSITY)
            PhoneDevice.reboot(self)
            if self.second:
                PhoneDevice.reboot(self.second)

    def look(self) -> dict[str, Any]:
        """The state of the system's page: package in front, tasks, keyboard, focus, awake, locked, ready."""
        return self.screen.state()

    def wait_ready(self, seconds: float = _READY) -> None:
        """Return when the app in front has loaded. Raises `EnvError`."""
        deadline = Deadline(seconds)
        while not self.look()["ready"]:
            if deadline.passed:
                raise EnvError(f"the simulated phone's app {self.look()['package']} did not start")
            time.sleep(0.01)

    def open(self, app: PhoneApp, intent: Mapping[str, Any] | None = None) -> None:
        """Bring an app to the front and wait until it has loaded. Raises `EnvError`."""
        self.screen.apply("(name, intent) => system.open(name, intent)", app.package, dict(intent or {}))
        self.wait_ready()

    def stop(self, package: str) -> bool:
        """End an app; whether it ran."""
        return bool(self.screen.apply("(name) => system.close(name)", package))

    def crash(self, package: str) -> None:
        """End an app with the notice of a crash, which is logged."""
        for words in ("FATAL EXCEPTION: main", f"Process: {package}, PID: 1000"):
            self.log("E", "AndroidRuntime", words)
        self.screen.apply("(name) => system.crash(name)", package)

    def log(self, priority: str, tag: str, words: str) -> None:
        """Add to the log; the oldest lines go. `priority` is one of V D I W E F."""
        self._logged += 1
        self.logged.append(LogLine(self._logged, self.state.clock.now(), priority, tag, words))
        del self.logged[:-_MOST_LOGGED]

    def turn(self, quarter: int) -> None:
        """Turn the screen to 0 (upright), 1 or 3 (landscape) quarter turns; 2 is upright."""
        width, height = self.upright
        self.screen.resize((height, width) if quarter % 2 else (width, height))

    def override(self, size: tuple[int, int], density: int) -> None:
        """Another upright size in device pixels, and dots an inch, until a reset."""
        self.upright, self.screen.density = size, density
        self.turn(self.rotation)

    def rotate(self, quarter: str) -> None:
        """Set ``user_rotation`` and turn the screen. Raises ValueError."""
        self.state.put("system", "user_rotation", str(int(quarter) % 4))
        self.turn(self.rotation)

    @property
    def rotation(self) -> int:
        """Quarter turns, from the settings."""
        return int(self.state.get("system", "user_rotation") or 0) % 4

    def touch(self, path: list[Point], seconds: float) -> None:
        """Touch along `path` (device pixels) for `seconds`; nothing happens while the screen sleeps."""
        if self.look()["awake"]:
            self.screen.touch(path, seconds)

    def close(self) -> None:
        """End the browser and remove temporary files. Safe to call twice."""
        for screen in (self.second and self.second.screen, self._screen):
            if screen is not None:
                with suppress(OSError):
                    screen.close()
        self._guard.cancel()
        shutil.rmtree(self._folder, ignore_errors=True)
