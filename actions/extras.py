"""The command that installs an optional part of Handeye into the copy that is running."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit


def install_command(extra: str) -> str:
    """The pip command for `extra`, from where this copy was installed: a folder, a wheel's file, else by name."""
    origin = _origin()
    address = urlsplit(origin.get("url", ""))
    path = Path(unquote(address.path))
    if address.scheme != "file" or not path.exists():
        return f"pip install 'handeye[{extra}]'"
    editable = "-e " if origin.get("dir_info", {}).get("editable") else ""
    return f"pip install {editable}{shlex.quote(f'{path}[{extra}]')}"


def _origin() -> dict[str, Any]:
    """What pip was given: ``direct_url.json`` (PEP 610); empty for an index or an installer that does not say."""
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        found = json.loads(distribution("handeye").read_text("direct_url.json") or "{}")
    except (PackageNotFoundError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
