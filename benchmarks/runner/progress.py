"""The progress of a run on stderr: count, rate, remaining time, accuracy, retries and errors."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager
from typing import Protocol

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from actions.errors import plural
from agent.views.terminal import console

_EVERY = 30.0
"""Seconds between lines where stderr is no terminal."""


class ProgressDisplay(Protocol):
    """Shows the state of a run."""

    def tell(self, done: int, correct: int, judged: int, retries: int, errors: int) -> None:
        """Update: `done` samples; `correct` of the `judged` answers of this session are right."""


def progress(title: str, total: int, done: int) -> AbstractContextManager[ProgressDisplay]:
    """A bar on a terminal, else a line every half minute. `done` samples are answered already."""
    return ProgressBar(title, total, done) if console().is_terminal else ProgressLines(title, total, done)


class ProgressLines:
    """A line every half minute."""

    def __init__(self, title: str, total: int, done: int) -> None:
        self._title, self._total, self._before = title, total, done
        self._start = self._last = time.monotonic()

    def __enter__(self) -> ProgressLines:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to end."""

    def tell(self, done: int, correct: int, judged: int, retries: int, errors: int) -> None:
        """Print a line if it is due."""
        right = f"{correct / judged:.1%} right" if judged else "nothing judged yet"
        rate = (done - self._before) / max(time.monotonic() - self._start, 1e-6)
        self.show(done, rate, f"{right}, {retries} retried, {plural(errors, 'error')}")

    def show(self, done: int, rate: float, state: str) -> None:
        """Print a line if it is due; `rate` is samples a second of this session."""
        if time.monotonic() - self._last < _EVERY:
            return
        self._last = time.monotonic()
        left = f"{(self._total - done) / rate:.0f} s left" if rate else "remaining time unknown"
        console().print(f"{self._title}: {done}/{self._total}, {rate:.1f}/s, {left}, {state}", markup=False)


class ProgressBar(ProgressLines):
    """A rich progress bar."""

    def __init__(self, title: str, total: int, done: int) -> None:
        super().__init__(title, total, done)
        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[state]}"),
            console=console(),
        )
        self._task = self._bar.add_task(title, total=total, completed=done, rate="", state="")

    def __enter__(self) -> ProgressBar:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def show(self, done: int, rate: float, state: str) -> None:
        """Move the bar."""
        self._bar.update(self._task, completed=done, rate=f"{rate:.1f}/s", state=state)
