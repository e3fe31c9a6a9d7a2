"""The official package, found and imported."""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path
from typing import Any

from agent.core.errors import UserError

FOLDER = "HANDEYE_ANDROID_WORLD"
"""The environment variable with the folder that holds the package ``android_world``: a checkout of its repository."""
_GET = (
    "git clone https://github.com/google-research/android_world, install its requirements.txt (see "
    f"docs/android-world.md) and set {FOLDER} to the checkout"
)


class AndroidWorld:
    """The modules of ``android_world`` and ``android_env`` by name: ``android_world()["env.json_action"]``.

    A module is imported when it is first asked for. Raises `UserError` for one that is missing.
    """

    def __getitem__(self, name: str) -> Any:
        package = "" if name.startswith(("android_env", "dm_env")) else "android_world."
        try:
            return importlib.import_module(package + name)
        except ImportError as error:
            raise UserError(f"AndroidWorld cannot be used ({error}): {_GET}") from error

    @property
    def folder(self) -> Path:
        """Where the package lies, for the record."""
        return Path(str(self["agents.base_agent"].__file__)).parents[1]


def android_world() -> AndroidWorld:
    """The official package, from what is installed or from the folder in HANDEYE_ANDROID_WORLD. Raises `UserError`."""
    folder = os.environ.get(FOLDER)
    if folder:
        place = Path(folder).expanduser().resolve()
        if not (place / "android_world" / "agents" / "base_agent.py").is_file():
            raise UserError(f"{FOLDER}={folder} holds no folder android_world with agents/base_agent.py: {_GET}")
        if str(place) not in sys.path:
            sys.path.insert(0, str(place))
    world = AndroidWorld()
    _ = world["agents.base_agent"]
    return world
