"""The folder in which the run of a sample keeps its episode, told to `benchmarks.interactive.play` past the suite.

A suite answers a sample in its own way and in one thread; whoever asks it says with `keeping` where the episode goes.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Literal

KeepMode = Literal["all", "failed", "none"]
"""Which episodes of an interactive suite are kept."""
EPISODES = "episodes"
"""The folder of them in that of the run."""
_FOLDER: ContextVar[Path | None] = ContextVar("episode folder", default=None)


@contextmanager
def keeping(folder: Path | None) -> Iterator[None]:
    """Have `play` keep its episode in `folder`, which is emptied before; None for none."""
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)  # of an attempt that failed or was killed
    token = _FOLDER.set(folder)
    try:
        yield
    finally:
        _FOLDER.reset(token)


def kept_in() -> Path | None:
    """Where the episode of this sample goes; None where it is not kept."""
    return _FOLDER.get()


def episode_path(sample: str) -> str:
    """The episode's folder below that of the run, by the sample's id; the same in every run."""
    slug = re.sub(r"[^A-Za-z0-9.]+", "-", sample).strip("-.")[:60]
    return f"{EPISODES}/{slug}-{hashlib.sha256(sample.encode(errors='surrogatepass')).hexdigest()[:8]}"
