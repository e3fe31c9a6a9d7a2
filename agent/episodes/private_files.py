"""Files that only the user can read: an episode may show anything that was on the screen."""

from __future__ import annotations

import os
from pathlib import Path

FOLDER_MODE = 0o700
FILE_MODE = 0o600


def private(path: str, flags: int) -> int:
    """An opener for `open`: a file that is made gets `FILE_MODE`."""
    return os.open(path, flags, FILE_MODE)


def write_private(path: Path, data: bytes) -> None:
    """Write `data` to `path`. Raises OSError."""
    with open(path, "wb", opener=private) as file:
        file.write(data)
