"""Real private displays for the tests of the world."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from actions.dryrun import DryRunBackend
from envs.sandbox import SandboxEnv
from tests.waiting import until

TKAPP = Path(__file__).with_name("tkapp.py")
GTKAPP = TKAPP.with_name("gtkapp.py")
PYTHON = "/usr/bin/python3"
"""The system's interpreter: the only one that the programs of a sandbox see."""


class TkApp:
    """The Tk test window's command line and what it has done so far."""

    def __init__(self, folder: Path) -> None:
        self._log = folder / "tkapp.log"
        self._log.touch()

    @property
    def share(self) -> list[str]:
        """The folders that it needs in a sandbox."""
        return [str(self._log.parent), f"{TKAPP.parent}:ro"]

    def command(self, *features: str) -> str:
        return f"{PYTHON} {TKAPP} {self._log} {' '.join(features)}"

    def gtk(self, feature: str) -> str:
        """The command line of the GTK window, which notes in the same file."""
        return f"{PYTHON} {GTKAPP} {self._log} {feature}"

    def times(self, word: str) -> list[float]:
        """When it did `word`, on the clock of `time.perf_counter`."""
        return [float(line.split()[0]) for line in self._log.read_text().splitlines() if line.endswith(word)]

    def wait_for(self, word: str, count: int) -> list[float]:
        """Its `times`, once there are `count` of them."""
        until(lambda: len(self.times(word)) >= count, 30)
        return self.times(word)


@pytest.fixture
def tkapp(tmp_path: Path) -> TkApp:
    return TkApp(tmp_path)


@pytest.fixture(scope="module")
def screen() -> Iterator[SandboxEnv]:
    """An empty private display, shared by the tests of one file."""
    with SandboxEnv(make_backend=lambda _: DryRunBackend()) as env:
        yield env
