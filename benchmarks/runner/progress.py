"""What a person sees while a suite runs, on stderr: how far, how fast, how long still, how right, what failed."""

from __future__ import annotations

import time
from typing import Protocol

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from agent.views.terminal import console

_EVERY = 30.0
"""Seconds between lines where there is no terminal."""


class Shown(Protocol):
    """Is told the state of a run."""

    def tell(self, done: int, correct: int, judged: int, retries: int, errors: int) -> None:
        """How far it has come; `judged` answers of which `correct` are right."""

    def __enter__(self) -> Shown: ...

    def __exit__(self, *_: object) -> None: ...


def progress(title: str, total: int, done: int) -> Shown:
    """A bar on a terminal, else a line now and then. `done` samples are there already."""
    return Bar(title, total, done) if console().is_terminal else ProgressLines(title, total, done)


class _Rate:
    """Samples a second of this sitting."""

    def __init__(self, done: int) -> None:
        self._start, self._before = time.monotonic(), done

    def at(self, done: int) -> float:
        return (done - self._before) / max(time.monotonic() - self._start, 1e-6)


def _words(correct: int, judged: int, retries: int, errors: int) -> str:
    right = f"{correct / judged:.1%} right" if judged else "nothing judged yet"
    return f"{right}, {retries} retried, {errors} errors"


class Bar:
    """A rich progress bar."""

    def __init__(self, title: str, total: int, done: int) -> None:
        self._rate = _Rate(done)
        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[words]}"),
            console=console(),
        )
        self._task = self._bar.add_task(title, total=total, completed=done, rate="", words="")

    def __enter__(self) -> Bar:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def tell(self, done: int, correct: int, judged: int, retries: int, errors: int) -> None:
        """Move the bar."""
        words = _words(correct, judged, retries, errors)
        self._bar.update(self._task, completed=done, rate=f"{self._rate.at(done):.1f}/s", words=words)


class ProgressLines:
    """A line every half minute."""

    def __init__(self, title: str, total: int, done: int) -> None:
        self._title, self._total, self._rate = title, total, _Rate(done)
        self._last = time.monotonic()

    def __enter__(self) -> ProgressLines:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def tell(self, done: int, correct: int, judged: int, retries: int, errors: int) -> None:
        """Say it if it is time."""
        if time.monotonic() - self._last < _EVERY:
            return
        self._last, rate = time.monotonic(), self._rate.at(done)
        left = f"{(self._total - done) / rate:.0f} s left" if rate else "no end in sight"
        words = _words(correct, judged, retries, errors)
        console().print(f"{self._title}: {done}/{self._total}, {rate:.1f}/s, {left}, {words}", markup=False)
