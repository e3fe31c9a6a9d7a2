"""A private X display with its own window manager, home and programs: the user's screen is never touched.

What runs in it: Xvfb, openbox, and the programs asked for. What they see:

* `HOME` and all ``XDG_*`` folders are new and empty, so that no setting of the user's is read or written, and every run
  starts alike. There is no D-Bus session: a program opens its own window rather than one in the user's desktop. With
  accessibility there is the bus for that alone.
* Programs run in namespaces of their own (`envs.isolation`): of this machine's files they see the system's programs and
  what is shared with them, of its network what `network` says, and of its processes, displays and keys nothing.
* The working directory is the folder that is shared first, else their home; GTK's file dialogs open there.
* The language is ``C.UTF-8``. Of the caller's environment only `KEPT` is passed on.

Without isolation programs run as the caller, in the caller's working directory, with the caller's files and network;
only the display, the home and the environment are private.

`envs.sandbox_supervisor` keeps all of it and ends all of it, whoever is killed.
"""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from actions.action import AnyAction
from actions.backend import Backend
from actions.frame import Frame
from envs import host_proxy
from envs.accessibility import Accessibility, bus_command, with_bus
from envs.capture import Deadline
from envs.desktop import DesktopEnv, default_backend
from envs.env import Env, EnvError, Image, Observation, Outcome
from envs.isolation import PATH, USER, Network, check_available, isolated_command, listening_ports, read_share
from envs.monitor import Monitor
from envs.programs import ProgramError, Programs, find_program, private_arguments
from envs.settle import Rules, Settled

if TYPE_CHECKING:
    from envs.x11 import XWindow

BACKGROUND = 0x5B7083
"""The colour of the empty screen: a mid-tone, so that an empty sandbox is no black capture."""

_PROXIES = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
KEPT = ("PATH", "USER", "LOGNAME", "SHELL", "TZ", "PYTHONPATH", "VIRTUAL_ENV", "LD_LIBRARY_PATH", "SSL_CERT_FILE",
        *_PROXIES)  # fmt: skip
"""The variables of the caller's environment that programs see without isolation; with it, ``TZ`` and, with the full
network, the proxies; with the hosts of a list, the proxy that leads there."""

_SETTINGS = {
    "glib-2.0/settings/keyfile": "[org/gtk/settings/file-chooser]\nstartup-mode='cwd'\n",
    "gtk-3.0/settings.ini": "[Settings]\ngtk-enable-animations=0\n",
    "gtk-4.0/settings.ini": "[Settings]\ngtk-enable-animations=0\n",
}
"""Files below ``XDG_CONFIG_HOME``: file dialogs open in the working directory, and nothing fades in or out."""

_PAINTED = 12
"""The colours of a screen with more on it than an empty window and its frame, at least."""
SHOWN = Rules(reaction=0.5, quiet=0.15, calm=0.15, timeout=5.0)
"""Waiting for a new window to be drawn."""


class _Supervisor:
    """The caller's end of `envs.sandbox_supervisor`. Raises `EnvError`."""

    def __init__(self) -> None:
        root = str(Path(__file__).resolve().parent.parent)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "envs.sandbox_supervisor", str(os.getpid())],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))},
            cwd="/", stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        self._lock = threading.Lock()
        self.home = Path(str(self._read()["home"]))

    @property
    def pid(self) -> int:
        """The guardian's process."""
        return self._process.pid

    def ask(self, do: str, **what: Any) -> Any:
        """Send one request; the value of its answer."""
        with self._lock:
            try:
                assert self._process.stdin is not None
                self._process.stdin.write(json.dumps({"do": do, **what}).encode() + b"\n")
                self._process.stdin.flush()
            except OSError as error:
                raise EnvError("the sandbox was ended from outside: start it again") from error
            answer = self._read()
        if "error" in answer:
            raise EnvError(f"sandbox: {answer['error']}")
        return next(iter(answer.values()))

    def end(self) -> None:
        """End everything and return when it is gone. Safe to call twice."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        self._process.stdout.read()
        self._process.stdout.close()
        self._process.wait()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise EnvError("the sandbox was ended from outside: start it again")
        return dict(json.loads(line))


class SandboxEnv(Env):
    """A private desktop as an `envs.env.Env`.

    `apps` are command lines (``"mousepad notes.txt"``), split as a shell would but run without one; they may also
    be opened by the agent later. `size` is that of one monitor, `monitors` how many stand side by side, and
    `monitor` the one that is looked at and that windows open on. `programs` are command lines that may be opened
    later. `share` are folders that programs see, ``DIR`` or ``DIR:ro``; `cwd` is one of them and the working directory.
    `network` is as in `envs.isolation.Network`, and `ports` of this machine's loopback are reachable in any case; for
    ``hosts`` it is `hosts` but not `denied_hosts` that can be reached (``*`` for any part of a name).
    Without `isolated` programs run as the caller. With `accessibility` they put their elements on a bus of the
    sandbox's (`envs.accessibility`), and observations have details. `make_backend` makes the backend for a
    display. Raises `EnvError`: Xvfb or a program is missing, a program ended at once or showed no window within
    `app_timeout` seconds.
    """

    def __init__(
        self,
        apps: Sequence[str] = (),
        size: tuple[int, int] = (1280, 800),
        *,
        monitors: int = 1,
        monitor: int = 0,
        cwd: Path | str | None = None,
        make_backend: Callable[[str], Backend] | None = None,
        environ: Mapping[str, str] | None = None,
        rules: Rules | None = None,
        app_timeout: float = 20.0,
        stop: threading.Event | None = None,
        programs: Sequence[str] = (),
        isolated: bool = True,
        share: Sequence[str] = (),
        network: Network = "none",
        ports: Sequence[int] = (),
        hosts: Sequence[str] = (),
        denied_hosts: Sequence[str] = (),
        address_bar: bool = False,
        accessibility: bool = False,
    ) -> None:
        self._kind = "browser" if address_bar else "sandbox"
        self._apps = [_split(line) for line in apps]
        self._layout = _layout(size, monitors, monitor)
        self._watched = monitor
        self._isolated, self._network, self._ports = isolated, network, ports
        self._hosts = {"allowed": [*hosts], "denied": [*denied_hosts]}
        self._shares = [read_share(text) for text in ([str(cwd), *share] if cwd else share)] if isolated else []
        self._cwd = "" if isolated else str(Path(cwd or Path.cwd()).resolve())
        self._app_timeout = app_timeout
        self._accessible = accessibility
        self._touched = False
        self._closed = False
        self._check_installed()
        self._supervisor = _Supervisor()
        try:
            self._environ = self._make_environ(environ or {})
            self._display = str(self._supervisor.ask("server", argv=self._server(), environ=self._environ))
            self._environ["DISPLAY"] = self.display
            from envs.x11 import XScreen

            self._screen = XScreen(self.display)
            self._prepare_screen()
            self._isolate()
            backend = make_backend(self.display) if make_backend else default_backend(self.display)
            self._desktop = DesktopEnv(
                self.display,
                monitor,
                backend,
                programs=Programs([*apps, *programs], self._environ),
                rules=rules,
                launcher=self._open,
                stop=stop,
                address_bar=address_bar,
                accessibility=self._accessibility() if accessibility else None,
            )
            self._start_apps()
        except BaseException:
            self.close()
            raise

    @property
    def platform(self) -> str:
        """``desktop``."""
        return "desktop"

    @property
    def name(self) -> str:
        """For records, e.g. ``sandbox :99 1280x800``; ``browser`` for one with an address bar."""
        watched = self._desktop.monitor()
        return f"{self._kind} {self.display} {watched.width}x{watched.height}"

    @property
    def working_folder(self) -> Path | None:
        """The caller's folder that its programs work in; None for a home of their own, which goes with them."""
        own = self._isolated and not any(Path(self._cwd) == share.path for share in self._shares)
        return None if own else Path(self._cwd)

    @property
    def supported(self) -> frozenset[str]:
        """What `envs.desktop.DesktopEnv` supports."""
        return self._desktop.supported

    @property
    def backend(self) -> Backend:
        """The backend."""
        return self._desktop.backend

    @property
    def home(self) -> Path:
        """The sandbox's folder; its programs' HOME is ``home`` in it, and ``log`` is what they wrote."""
        return self._supervisor.home

    @property
    def stop(self) -> threading.Event:
        """Set it to end a wait early."""
        return self._desktop.stop

    @property
    def display(self) -> str:
        """Its X display, ``:99``."""
        return self._display

    def reset(self) -> None:
        """End all programs, empty their home, and start them again. Does nothing on a fresh sandbox."""
        if not self._touched:
            return
        self._supervisor.ask("stop")
        self._fill_home()
        self._isolate()
        self._desktop.reset()
        self._start_apps()
        self._touched = False

    def observe(self) -> Observation:
        """Capture the monitor. See `envs.env.Env.observe`."""
        return self._desktop.observe()

    def perform(self, action: AnyAction, frame: Frame) -> Outcome:
        """Do `action` and wait until the screen has settled. See `envs.env.Env.perform`."""
        self._touched = True
        return self._desktop.perform(action, frame)

    def interrupt(self) -> None:
        """End the connections to the display. See `envs.env.Env.interrupt`."""
        self._desktop.interrupt()

    def release(self) -> None:
        """Let go of the keys and buttons that an action left pressed. Raises `EnvError`."""
        self._desktop.release()

    def peek(self) -> Image:
        """The picture for someone who looks on (RGB)."""
        return self._desktop.peek()

    def pointer(self) -> tuple[int, int] | None:
        """Where a person has put the pointer. See `envs.desktop.DesktopEnv.pointer`."""
        return self._desktop.pointer()

    def explain(self, action: AnyAction) -> str:
        """`action` in one line. See `envs.desktop.DesktopEnv.explain`."""
        return self._desktop.explain(action)

    def corner(self) -> tuple[int, int]:
        """The display's top-left corner, input units."""
        return self._desktop.corner()

    def launch(self, argv: Sequence[str], wait: bool = True) -> int:
        """Start one more program and return its process id; with `wait`, when its window is shown and drawn.

        Raises `EnvError` when it is missing, ends at once or shows no window in time.
        """
        self._touched = True
        known = {window.id for window in self.windows()}
        pid = self._run(argv)
        if wait:
            self._wait_for_window(argv, pid, known)
            self._desktop.settle(SHOWN)
        return pid

    def settle(self, rules: Rules | None = None) -> Settled:
        """Wait until the picture rests, without an action."""
        return self._desktop.settle(rules)

    def ended(self, pid: int) -> int | None:
        """The exit status of a program that `launch` started (negative: a signal); None while it runs."""
        status = self._supervisor.ask("poll", pid=pid)
        return None if status is None else int(status)

    def windows(self) -> tuple[XWindow, ...]:
        """The windows on the display, oldest first."""
        with self._screen.guard():
            return self._screen.windows()

    def close(self) -> None:
        """End every program and the display, and remove all files. Safe to call twice."""
        if self._closed:
            return
        self._closed = True
        try:
            for part in ("_desktop", "_screen"):
                if hasattr(self, part):
                    getattr(self, part).close()
        finally:
            self._supervisor.end()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _check_installed(self) -> None:
        """Find what is missing before anything is started."""
        if not sys.platform.startswith("linux"):
            raise EnvError("the sandbox needs Linux (it is an X display): use --env desktop")
        try:
            if self._isolated:
                self._check_visible()
            elif not Path(self._cwd).is_dir():
                raise EnvError(f"no folder {self._cwd}: give the sandbox one that exists")
            for program in ("Xvfb", "openbox"):
                if shutil.which(program) is None:
                    raise EnvError(f"{program} is missing: install it with: sudo apt install {program.lower()}")
            if self._isolated:
                check_available()
            if self._accessible:
                bus_command(Path())
            for argv in self._apps:
                find_program(argv, os.environ)
        except ProgramError as error:
            raise EnvError(str(error)) from error

    def _check_visible(self) -> None:
        """Refuse an `apps` argument that names a file of this machine which the programs would not see."""
        for name in (name for argv in self._apps for name in argv[1:]):
            path = Path(name).resolve()
            inside = any(path.is_relative_to(share.path) for share in self._shares)
            if path.is_file() and not inside and not path.is_relative_to("/usr"):
                raise EnvError(f"the sandbox does not see {path}: add --share {path.parent}")

    def _isolate(self) -> None:
        """Start the programs' namespaces; a second time, in the place of the first."""
        if not self._isolated:
            return
        command = isolated_command(self.home, self.display, self._shares, self._network)
        self._supervisor.ask("isolate", argv=command)
        if self._network == "hosts":
            self._supervisor.ask("proxy", **self._hosts)
        self._relay()

    def _relay(self) -> None:
        ports = [*self._ports, *(listening_ports() if self._network == "loopback" else [])]
        if self._isolated and ports:
            self._supervisor.ask("relay", ports=ports)

    def _server(self) -> list[str]:
        width, height = sum(m.width for m in self._layout), self._layout[0].height
        return [str(shutil.which("Xvfb")), "-screen", "0", f"{width}x{height}x24", "-nolisten", "tcp", "-noreset",
                "-dpi", "96", "-s", "0", "+extension", "RANDR"]  # fmt: skip

    def _make_environ(self, extra: Mapping[str, str]) -> dict[str, str]:
        from envs.sandbox_supervisor import MARK

        home = self._fill_home()
        names = KEPT if not self._isolated else ("TZ", *_PROXIES) if self._network == "full" else ("TZ",)
        kept = {name: os.environ[name] for name in names if name in os.environ}
        if self._isolated:
            if self._network == "hosts":
                here = {"http": host_proxy.URL, "https": host_proxy.URL, "no": "localhost,127.0.0.1,::1"}
                kept |= {name: here[name.lower().removesuffix("_proxy")] for name in _PROXIES}
            kept |= {"PATH": PATH, "USER": USER[0], "LOGNAME": USER[0], "SHELL": "/bin/bash"}
            folders_shared = (str(share.path) for share in self._shares if share.path.is_dir())
            self._cwd = next(folders_shared, str(home))
        folders = {f"XDG_{kind}_HOME": str(home / f".{kind.lower()}") for kind in ("CONFIG", "CACHE", "DATA", "STATE")}
        made = {
            **kept, **folders, "HOME": str(home), "XDG_RUNTIME_DIR": str(home / ".runtime"),
            "TMPDIR": str(home / ".tmp"), "XDG_SESSION_TYPE": "x11", "GDK_BACKEND": "x11", "QT_QPA_PLATFORM": "xcb",
            "LANG": "C.UTF-8", "DBUS_SESSION_BUS_ADDRESS": "disabled:", "NO_AT_BRIDGE": "1",
            "GSETTINGS_BACKEND": "keyfile", "GTK_USE_PORTAL": "0", **extra, MARK: str(self._supervisor.home),
        }  # fmt: skip
        return with_bus(made, self._bus) if self._accessible else made

    @property
    def _bus(self) -> Path:
        """The socket of the accessibility bus."""
        return self.home / "home/.runtime/at-spi"

    def _accessibility(self) -> Accessibility:
        return Accessibility(lambda: f"unix:path={self._bus}", USER[1] if self._isolated else None)

    def _fill_home(self) -> Path:
        """A new, empty home with the few settings a repeatable run needs."""
        home = self._supervisor.home / "home"
        shutil.rmtree(home, ignore_errors=True)
        for folder in (".config", ".cache", ".data", ".state", ".runtime", ".tmp"):
            (home / folder).mkdir(parents=True, mode=0o700)
        for name, text in _SETTINGS.items():
            (home / ".config" / name).parent.mkdir(parents=True, exist_ok=True)
            (home / ".config" / name).write_text(text)
        return home

    def _prepare_screen(self) -> None:
        """Monitors, background, pointer and window manager; returns when the window manager manages."""
        with self._screen.guard():
            if len(self._layout) > 1:
                self._screen.set_monitors(self._layout, self._watched)
            self._screen.allow_only_me()
            self._screen.paint_root(BACKGROUND)
            watched = self._layout[self._watched]
            # Out of the way: X starts it in the middle, where it would light up what is shown there.
            self._screen.put_pointer(watched.left + watched.width - 1, watched.top + watched.height - 1)
        config = self._supervisor.home / "openbox.xml"
        template = Path(__file__).with_name("openbox.xml").read_text(encoding="utf-8")
        config.write_text(template.replace("@MONITOR@", str(self._watched + 1)), encoding="utf-8")
        argv = [str(shutil.which("openbox")), "--sm-disable", "--config-file", str(config)]
        self._supervisor.ask("start", argv=argv, cwd="/", keep=True)
        self._wait_until(self._screen.window_manager, 10.0, "the window manager openbox did not start: see its log")

    def _start_apps(self) -> None:
        if self._accessible:
            self._supervisor.ask("start", argv=bus_command(self._bus), cwd="/")
            self._wait_until(self._bus.exists, 10.0, "the accessibility bus did not start: see its log")
        for argv in self._apps:
            self.launch(argv)
        if self._kind == "browser":
            self._wait_until_painted()
        self._touched = False

    def _wait_until_painted(self) -> None:
        """Wait for more than an empty window: until then Chromium drops keys."""
        deadline = Deadline(self._app_timeout)
        while len(np.unique(self._desktop.peek()[::3, ::3].reshape(-1, 3), axis=0)) < _PAINTED:
            if deadline.passed:
                raise EnvError(f"{self._apps[0][0]} shows an empty window for {self._app_timeout:g} s")
            time.sleep(0.05)
        self._desktop.settle(SHOWN)

    def _open(self, argv: Sequence[str]) -> None:
        self._run(argv)

    def _run(self, argv: Sequence[str]) -> int:
        try:
            path = find_program(argv, self._environ)
        except ProgramError as error:
            raise EnvError(str(error)) from error
        self._relay()
        full = private_arguments(argv, Path(self._environ["HOME"]), os.geteuid() == 0, self._accessible)
        return int(self._supervisor.ask("start", argv=[path, *full[1:]], cwd=self._cwd))

    def _wait_for_window(self, argv: Sequence[str], pid: int, known: set[int]) -> None:
        name = Path(argv[0]).name

        def shown() -> bool:
            if any(window.id not in known for window in self.windows()):
                return True
            status = self._supervisor.ask("poll", pid=pid)
            if status is not None and status != 0:
                raise EnvError(f"{name} ended at once (status {status}): {self._last_words()}")
            return False

        self._wait_until(shown, self._app_timeout, f"{name} showed no window within {self._app_timeout:g} s: "
                         "run it in a terminal to see why")  # fmt: skip
        self._keep_on_screen(known)

    def _keep_on_screen(self, known: set[int]) -> None:
        """Bring new windows to the monitor that is looked at, and maximise those that are larger than it."""
        watched = self._layout[self._watched]
        for window in (window for window in self.windows() if window.id not in known):
            with self._screen.guard():
                if not watched.left <= window.left + window.width // 2 < watched.left + watched.width:
                    self._screen.move(window.id, watched.left + window.left % watched.width, window.top)
                if window.width > watched.width or window.height > watched.height:
                    self._screen.maximise(window.id)

    def _wait_until(self, condition: Callable[[], bool], seconds: float, failure: str) -> None:
        deadline = Deadline(seconds)
        while not condition():
            if deadline.passed:
                raise EnvError(failure)
            time.sleep(0.01)

    def _last_words(self) -> str:
        lines = (self.home / "log").read_text(errors="replace").splitlines()
        return next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")


def _split(line: str) -> list[str]:
    try:
        argv = shlex.split(line)
    except ValueError as error:
        raise EnvError(f"cannot read the command line {line!r} ({error}): check its quotes") from error
    if not argv:
        raise EnvError("an empty program was named: give one, e.g. --app mousepad")
    return argv


def _layout(size: tuple[int, int], count: int, watched: int) -> tuple[Monitor, ...]:
    width, height = size
    if not (320 <= width <= 16384 and 200 <= height <= 16384):
        raise EnvError(f"a sandbox of {width}x{height} is not possible: from 320x200 to 16384x16384")
    if not (1 <= count <= 8 and 0 <= watched < count):
        raise EnvError(f"no monitor {watched} of {count}: there may be 1 to 8, counted from 0")
    return tuple(Monitor(f"monitor-{i}", i * width, 0, width, height, i == 0) for i in range(count))
