"""What was found out about devices: kept in the user's cache folder, so that it is found out once."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path


def _file() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "handeye/phones.json"


def recall(device: str) -> dict[str, str]:
    """What is kept of `device`, by name; nothing where nothing can be read."""
    return _all().get(device, {})


def remember(device: str, **found: str) -> None:
    """Keep what was `found`, beside what is kept. A folder that cannot be written keeps nothing."""
    kept = _all()
    kept[device] = {**kept.get(device, {}), **found}
    file = _file()
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        written = file.with_suffix(f".{os.getpid()}")
        written.write_text(json.dumps(kept, indent=1))
        written.replace(file)


def _all() -> dict[str, dict[str, str]]:
    with suppress(OSError, ValueError):
        found = json.loads(_file().read_text())
        if isinstance(found, dict):
            return {
                device: {name: text for name, text in facts.items() if isinstance(text, str)}
                for device, facts in found.items()
                if isinstance(facts, dict)
            }
    return {}
