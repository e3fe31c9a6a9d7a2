"""Chromium over the whole of a private display.

The agent sees the display and acts with its mouse and keyboard, nothing else. `envs.devtools` is for setting a page up
and reading its state; it is reached by two FIFOs in the sandbox's folder, which is the user's alone.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from actions.action import AnyAction, Open, Wait
from actions.frame import Frame
from envs.capture import Deadline
from envs.devtools import DevToolsPage, DevToolsPipe
from envs.env import Env, Observation, Outcome
from envs.programs import private_arguments
from envs.sandbox import SandboxEnv


class ChromiumEnv(Env):
    """A private display that shows one page and nothing else, as an `envs.env.Env`.

    `size` is the display's in pixels; `zoom` how many of them a CSS pixel takes, so that CSS point (x, y) of the page
    is pixel (zoom * x, zoom * y) of every frame. `share` is what the browser sees of this machine's files, as for
    `envs.sandbox.SandboxEnv`. Programs cannot be opened. Raises `EnvError`.
    """

    def __init__(self, size: tuple[int, int], zoom: float = 1.0, share: Sequence[str] = ()) -> None:
        self.zoom = zoom
        self._size, self._share = size, share
        self._start()

    def _start(self) -> None:
        self._sandbox = SandboxEnv(size=self._size, share=self._share)
        try:
            home = self._sandbox.home / "home"
            command = private_arguments(
                ["chromium", "--kiosk", "--incognito", "--disable-pinch", f"--force-device-scale-factor={self.zoom:g}",
                 "--remote-debugging-pipe", "--app=about:blank"], home, os.geteuid() == 0
            )  # fmt: skip
            pipe, names = _named_pipes(home)
            self._pid = self._sandbox.launch(["sh", "-c", 'exec 3<"$0" 4>"$1"; shift; exec "$@"', *names, *command])
            self.page = DevToolsPage(pipe)
        except BaseException:
            self._sandbox.close()
            raise

    @property
    def platform(self) -> str:
        """``desktop``."""
        return "desktop"

    @property
    def name(self) -> str:
        """For records, e.g. ``chromium on sandbox :99 640x720``."""
        return f"chromium on {self._sandbox.name}"

    @property
    def supported(self) -> frozenset[str]:
        """Mouse, keyboard and `wait`."""
        return self._sandbox.supported - {"open"}

    def reset(self) -> None:
        """Nothing: the owner of the page loads it again."""

    def observe(self) -> Observation:
        """Capture the display. See `envs.env.Env.observe`."""
        return self._sandbox.observe()

    def perform(self, action: AnyAction, frame: Frame) -> Outcome:
        """Do `action` with mouse and keyboard. See `envs.env.Env.perform`."""
        if isinstance(action, Open):
            return Outcome(False, "there is nothing to open here: the page is all there is")
        return self._sandbox.perform(action, frame)

    def interrupt(self) -> None:
        """End the connections to the display. See `envs.env.Env.interrupt`."""
        self._sandbox.interrupt()

    def release(self) -> None:
        """Let go of the keys and buttons that an action left pressed. Raises `EnvError`."""
        self._sandbox.release()

    def settle(self) -> None:
        """Wait until the page is drawn, which is long after it is ready on a busy machine, and until it rests."""
        deadline = Deadline(10.0)
        while np.ptp(self._sandbox.peek(), axis=(0, 1)).max() == 0 and not deadline.passed:
            time.sleep(0.02)
        self._sandbox.perform(Wait(seconds=0), self._sandbox.observe().frame)

    def crashed(self) -> bool:
        """Whether the browser has ended by an error or a signal; False while it runs and where it was closed."""
        deadline = Deadline(2.0)
        while (status := self._sandbox.ended(self._pid)) is None and not deadline.passed:
            time.sleep(0.02)
        return status not in (None, 0)

    def restart(self) -> None:
        """A new browser on a new display."""
        self.close()
        self._start()

    def close(self) -> None:
        """End the browser and the display. Safe to call twice."""
        self.page.close()
        self._sandbox.close()


def _named_pipes(folder: Path) -> tuple[DevToolsPipe, tuple[str, str]]:
    """A connection by two FIFOs in `folder`: what Chromium reads, and what it writes.

    Both are opened here before Chromium opens them; the one that is written to for reading, too, since opening it
    would fail otherwise.
    """
    names = str(folder / "devtools-in"), str(folder / "devtools-out")
    for name in names:
        os.mkfifo(name, 0o600)
    writing = os.open(names[0], os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    reading = os.open(names[1], os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    return DevToolsPipe(reading, writing), names
