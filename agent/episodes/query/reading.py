"""``python -m agent.episodes.query.reading FOLDER``: reads the text on an episode's screens while it is recorded.

It runs at the lowest priority and ends as soon as its standard input is closed, as when the recorder ends or is killed.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from agent.core.step import Step
from agent.episodes.format import EpisodeError, decode_record
from agent.episodes.query.screen_text import ScreenReader
from agent.episodes.text_file import TextFile

PAUSE = 0.5
"""Seconds between two looks for new steps."""


def main(folder: Path) -> None:
    """Read each screen of the episode in `folder` once its step is written, until the process is ended."""
    threading.Thread(target=_end_with_input, daemon=True).start()
    _yield_to_others()
    texts, reader = TextFile(folder), ScreenReader(folder)
    for step in recorded_steps(folder):
        with suppress(EpisodeError):
            if texts.of(step) is None:
                texts.keep(step, reader.read(step))


def recorded_steps(folder: Path) -> Iterator[Step]:
    """The steps of an episode, each as soon as its line is complete; never ends."""
    with (folder / "steps.jsonl").open("rb") as file:
        begun = b""
        while True:
            begun += file.readline()
            if not begun.endswith(b"\n"):
                time.sleep(PAUSE)
                continue
            with suppress(ValueError):
                yield Step.model_validate(decode_record(begun)[0])
            begun = b""


def _end_with_input() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


def _yield_to_others() -> None:
    with suppress(OSError, AttributeError):
        os.nice(19)
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
