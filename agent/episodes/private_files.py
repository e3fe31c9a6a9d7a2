"""Files that only the user can read: an episode may show anything that was on the screen."""

from __future__ import annotations

import os
from pathlib import Path

from agent.episodes.format import EpisodeError, reason

FOLDER_MODE = 0o700
FILE_MODE = 0o600


def private(path: str, flags: int) -> int:
    """An opener for `open`: a file that is made gets `FILE_MODE`."""
    return os.open(path, flags, FILE_MODE)


def write_private(path: Path, data: bytes) -> None:
    """Write `data` to `path`. Raises OSError."""
    with open(path, "wb", opener=private) as file:
        file.write(data)


def append_whole(fd: int, line: bytes, what: str) -> None:
    """Append `line` completely or leave the file unchanged. Raises `EpisodeError`, which names `what`."""
    before, written = os.fstat(fd).st_size, 0
    try:
        while written < len(line):
            written += os.write(fd, line[written:])
    except OSError as error:
        raise EpisodeError(f"could not write {what}: {reason(error)}") from error
    finally:
        if 0 < written < len(line):
            os.ftruncate(fd, before)
