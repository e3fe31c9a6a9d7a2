"""Captures of a desktop's monitor for `envs.input_capture.screen_history`."""

from __future__ import annotations

import contextlib
import time

from actions.dryrun import DryRunBackend
from envs.capture import ScreenCapture, to_rgb
from envs.desktop import DesktopEnv
from envs.env import EnvError
from envs.input_capture.screen_history import Damage, TimedPicture
from envs.monitor import Monitor, choose_monitor, frame_of


class DesktopScreenSource:
    """Captures one monitor of an X display; see `envs.desktop.DesktopEnv` for `display` and `monitor`."""

    def __init__(self, display: str | None = None, monitor: int | str | None = None) -> None:
        self._capture = ScreenCapture(display)
        self._wanted, self._count = monitor, 0
        self._damage: Damage | None = None
        if self._capture.display is not None:
            with contextlib.suppress(EnvError):
                self._damage = Damage(self._capture.display)
        self.display = self._capture.display
        self._names = DesktopEnv(display, monitor, DryRunBackend(), capture=self._capture)

    @property
    def monitor(self) -> Monitor:
        """The monitor that is captured."""
        return choose_monitor(self._capture.monitors(), self._wanted)

    def capture(self) -> TimedPicture:
        """The picture shown now. Raises `EnvError`."""
        monitor = self.monitor
        pixels = self._capture.grab(monitor)
        seen = time.monotonic()
        frame = frame_of(monitor, pixels.shape[1], pixels.shape[0], f"{self._count:04d}")
        self._count += 1
        return TimedPicture(seen, pixels, frame, self._names.active_app(), to_rgb)

    def wait_for_change(self, seconds: float) -> bool:
        """Wait until something is drawn, at most so long."""
        if self._damage is None:
            time.sleep(min(seconds, 0.1))
            return True
        return self._damage.wait(seconds)

    def close(self) -> None:
        """Disconnect from the display. Safe to call twice."""
        if self._damage is not None:
            self._damage.close()
        self._capture.close()
