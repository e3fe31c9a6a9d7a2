"""One instance of a task, set up on a display of its own: its programs, its home folder, its web server."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from actions.action import Answer, AnyAction, Finish
from benchmarks.interactive import Score
from benchmarks.suites.desktop.clipboard import read_clipboard
from benchmarks.suites.desktop.pages import Pages
from benchmarks.suites.desktop.task import DesktopScene, Mode
from envs.sandbox import SandboxEnv

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


@dataclass
class AgentStatements:
    """What the agent has said: its answers, and how it ended the task (None: not yet)."""

    answers: list[str] = field(default_factory=list)
    status: str | None = None

    def hear(self, action: AnyAction) -> None:
        """Take note of an action that speaks."""
        if isinstance(action, Answer):
            self.answers.append(action.text)
        elif isinstance(action, Finish):
            self.status = action.status
            if action.message and action.status == "success":
                self.answers.append(action.message)


class DesktopWorld:
    """A `benchmarks.interactive.World`. Raises `EnvError` when the display or a program cannot be started."""

    def __init__(self, scene: DesktopScene, mode: Mode = "plain") -> None:
        self.scene = scene
        self.told = AgentStatements()
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

    def hear(self, action: AnyAction) -> None:
        """Take note of what the agent says."""
        self.told.hear(action)

    def over(self) -> bool:
        """Never: a desktop task ends when the agent says so."""
        return False

    def score(self) -> Score:
        """1 when the state is right and the agent said so (AndroidWorld's rule), else 0; ``more`` says which."""
        wanted = "failure" if self.scene.infeasible else "success"
        claimed = self.told.status == "success"
        wrong = self._wait_for_check() if claimed and not self._waited else self.scene.check(self)
        state = {"state": not wrong, "claimed": claimed}
        if wrong:
            return Score(0.0, wrong, state)
        if self.told.status != wanted:
            return Score(0.0, f"the state is right, but the agent never {_ENDED[wanted]}", state)
        return Score(1.0, "", state)

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
            SandboxEnv(size=SIZE, cwd=self.home, environ={"HOME": str(self.home), "HISTFILE": "/dev/null"})
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

    def _wait_for_check(self) -> str:
        """The check, when it has come true or the scene's grace is over; only once a world."""
        self._waited = True
        self._wait(lambda: not self.scene.check(self), self.scene.grace)
        return self.scene.check(self)

    @staticmethod
    def _wait(condition: Callable[[], bool], seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not condition() and time.monotonic() < deadline:
            time.sleep(0.05)


_ENDED = {"success": "said that it was done", "failure": "gave up, as it should have"}


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
