"""`TextProcess`: the process that reads the text on the screens of an episode while it is recorded."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

AFTER = 10.0
"""Seconds of recording after which the process is started: the few screens of a shorter run are read when asked for."""


class TextProcess:
    """Runs ``python -m agent.episodes.query.reading FOLDER`` until closed.

    It runs when nothing else does, and sees nothing but what is on record. It is started in a thread of its own, and
    nothing waits for it: where it cannot run or fails, the text is read when it is asked for. It ends with this one.
    """

    def __init__(self, folder: Path, after: float = AFTER) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._closed = False
        self._process: subprocess.Popen[bytes] | None = None
        self._timer = threading.Timer(after, self._start)
        self._timer.daemon = True
        self._timer.start()

    def close(self) -> None:
        """End the process. Safe to call twice."""
        self._timer.cancel()
        with self._lock:
            self._closed = True
            if self._process is not None:
                self._process.kill()
                self._process.communicate()

    def _start(self) -> None:
        root = str(Path(__file__).resolve().parents[2])
        path = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))
        with self._lock, suppress(OSError):
            if not self._closed:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", "agent.episodes.query.reading", str(self._folder.absolute())],
                    env={**os.environ, "PYTHONPATH": path}, cwd="/", start_new_session=True,
                    stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                )  # fmt: skip
