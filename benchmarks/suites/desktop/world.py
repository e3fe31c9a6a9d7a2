"""An instance of a desktop task and its set-up: a private display with programs, a home folder and a web server."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Self

from benchmarks.suites.desktop.pages import Pages, WebPage
from benchmarks.suites.tasks.oracle import Move, Until
from benchmarks.suites.tasks.world import StateWorld
from envs.sandbox import SandboxEnv
from envs.selection import read_clipboard
from envs.settle import Rules

if TYPE_CHECKING:
    from envs.x11 import XWindow

SIZE = (1280, 800)
"""Input units of the display."""

_OPENERS = """[Default Applications]
image/png=gpicview.desktop
text/plain=org.xfce.mousepad.desktop
text/csv=org.xfce.mousepad.desktop
"""
"""``mimeapps.list``: what the file manager opens files with."""

_BASHRC = "PS1='\\w\\$ '\n"


Mode = Literal["plain", "explicit"]
MODES: tuple[Mode, ...] = ("plain", "explicit")
Check = Callable[["DesktopWorld"], str]
"""What is wrong with the state in one line, "" for nothing."""
Script = Callable[["DesktopWorld"], Iterator[Move]]
"""The solution of a task, for the oracle."""


@dataclass(frozen=True)
class DesktopScene:
    """One instance of a task: its initial state, two wordings, a check of state and a scripted solution.

    `plain` states the goal, `explicit` the steps. `apps` are the command lines started, in order; ``{pages}`` in them
    is the address of the local web server. `files` are the home folder's files (text, or bytes) by path; a path that
    ends in ``/`` is an empty folder. `pages` are the web pages by path. `infeasible`: the right ending is to give up
    with the state unchanged. `grace`: seconds that the state has to become right after the agent said that it was
    done, because programs write late.
    """

    plain: str
    explicit: str
    apps: tuple[str, ...]
    check: Check
    script: Script
    files: Mapping[str, str | bytes] = field(default_factory=dict)
    pages: Mapping[str, WebPage] = field(default_factory=dict)
    infeasible: bool = False
    grace: float = 4.0

    def wording(self, mode: Mode) -> str:
        """The instruction in one of the two wordings."""
        return self.plain if mode == "plain" else self.explicit


class DesktopWorld(StateWorld):
    """A `benchmarks.interactive.World`. Raises `EnvError` when the display or a program cannot be started."""

    def __init__(
        self, scene: DesktopScene, mode: Mode = "plain", isolated: bool = True, accessibility: bool = False
    ) -> None:
        super().__init__()
        self._isolated, self._accessible = isolated, accessibility
        self.scene, self.infeasible = scene, scene.infeasible
        self._waited = False
        self._mode: Mode = mode
        self._stack = ExitStack()
        try:
            self._set_up()
        except BaseException:
            self.close()
            raise

    @property
    def env(self) -> SandboxEnv:
        """The screen."""
        return self._env

    @property
    def instruction(self) -> str:
        """What the agent is told."""
        return self.scene.wording(self._mode)

    def problem(self) -> str:
        """The check's finding; after the agent said that it was done, the state first has the scene's grace, once."""
        if self.statements.status == "success" and not self._waited:
            self._waited = True
            self._wait(lambda: not self.scene.check(self), self.scene.grace)
        return self.scene.check(self)

    def path(self, name: str) -> Path:
        """A path below the home folder."""
        return self.home / name

    def text(self, name: str) -> str | None:
        """What a text file holds, or None where there is none that can be read."""
        try:
            return self.path(name).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            return None

    def windows(self) -> tuple[XWindow, ...]:
        """The windows, oldest first."""
        return self._env.windows()

    def clipboard(self) -> str | None:
        """The text on the clipboard."""
        return read_clipboard(self._env.display)

    def running(self, mark: str) -> bool:
        """Whether a process of this world has `mark` in its command line."""
        mine = str(self._env.home).encode()
        return any(mark.encode() in command and mine in environ for command, environ in _processes())

    def close(self) -> None:
        """End all programs and remove all files. Safe to call twice."""
        self._stack.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _set_up(self) -> None:
        folder = tempfile.mkdtemp(prefix="handeye-desktop-")
        self._stack.callback(shutil.rmtree, folder, ignore_errors=True)
        self.home = Path(folder) / "home"
        self._fill()
        self.pages = self._stack.enter_context(Pages(self.scene.pages))
        self._env = self._stack.enter_context(
            SandboxEnv(
                size=SIZE,
                cwd=self.home,
                environ={"HOME": str(self.home), "XDG_DATA_HOME": str(self.home / ".data"), "HISTFILE": "/dev/null"},
                ports=[self.pages.port] if self._isolated else (),
                isolated=self._isolated,
                accessibility=self._accessible,
            )
        )
        (self._env.home / "home/.config/mimeapps.list").write_text(_OPENERS, encoding="utf-8")
        for app in self.scene.apps:
            self._start(app.replace("{pages}", self.pages.url))
        self._spread()

    def _fill(self) -> None:
        for folder in ("Documents", "Downloads", "Pictures"):
            (self.home / folder).mkdir(parents=True)
        (self.home / ".bashrc").write_text(_BASHRC, encoding="utf-8")
        for name, content in self.scene.files.items():
            path = self.path(name)
            if name.endswith("/"):
                path.mkdir(parents=True, exist_ok=True)
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)

    def _start(self, app: str) -> None:
        """Start a program; one that begins with ``&`` shows no window."""
        hidden = app.startswith("&")
        self._env.launch(app.removeprefix("&").split(), wait=not hidden)

    def _spread(self) -> None:
        """Of several windows, put each in a corner of its own, so that a part of each can be seen."""
        from envs.x11 import XScreen

        windows = self.windows()
        if len(windows) < 2:
            return
        screen = XScreen(self._env.display)
        try:
            with screen.guard():
                for index, window in enumerate(windows):
                    left, top = SIZE[0] - window.width - 4, SIZE[1] - window.height - 28
                    screen.move(window.id, *((0, 0), (left, top), (left, 0), (0, top))[index % 4])
        finally:
            screen.close()
        self._wait(lambda: self.windows()[1].left > SIZE[0] - windows[1].width - 24, 3.0)
        self._repainted([window.id for window in windows])

    def _repainted(self, windows: Iterable[int]) -> None:
        """Wait until what was moved away is drawn over: until then it is seen where it is no more.

        A program has read that a part of its window can be seen again once it answers a ping.
        """
        from envs.screen_events import ScreenEvents

        events = ScreenEvents(self._env.display)
        try:
            asked = {events.ping(window) for window in windows if events.answers(window)}

            def all_read() -> bool:
                asked.difference_update([stamp for stamp in asked if events.answered(stamp) is not None])
                return not asked

            self._wait(all_read, 3.0)
        finally:
            events.close()
        self._env.settle(Rules(reaction=0.3, quiet=0.3))

    @staticmethod
    def _wait(condition: Callable[[], bool], seconds: float) -> None:
        Until(condition, "").holds(seconds)


def _processes() -> list[tuple[bytes, bytes]]:
    """Command line and environment of this user's processes."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                command, environ = (folder / "cmdline").read_bytes(), (folder / "environ").read_bytes()
            except OSError:
                continue
            found.append((command.replace(b"\0", b" "), environ))
    return found


def programs_missing(names: tuple[str, ...]) -> list[str]:
    """Which of the Debian packages `names` are not installed; a package is called as its program."""
    return [name for name in names if shutil.which(name, path=os.environ.get("PATH")) is None]
