"""The command that a hint names fits the way in which this copy was installed."""

from __future__ import annotations

import importlib.metadata
import json
import re
from pathlib import Path

import pytest

from actions.extras import install_command

ROOT = Path(__file__).parents[2]


def told(origin: object) -> type:
    class Told:
        def read_text(self, name: str) -> str | None:
            assert name == "direct_url.json"
            return origin if origin is None or isinstance(origin, str) else json.dumps(origin)

    return Told


@pytest.mark.parametrize(
    ("origin", "command"),
    [
        ({"url": "file://FOLDER", "dir_info": {"editable": True}}, "pip install -e 'FOLDER[film]'"),
        ({"url": "file://FOLDER", "dir_info": {}}, "pip install 'FOLDER[film]'"),
        ({"url": "file://FOLDER/h%20e.whl", "archive_info": {}}, "pip install 'FOLDER/h e.whl[film]'"),
        ({"url": "file:///gone/h.whl", "archive_info": {}}, "pip install 'handeye[film]'"),
        ({"url": "https://x.org/h.whl", "archive_info": {}}, "pip install 'handeye[film]'"),
        (None, "pip install 'handeye[film]'"),
        ("{", "pip install 'handeye[film]'"),
        ("[]", "pip install 'handeye[film]'"),
    ],
)
def test_the_command_is_that_of_this_copy(
    origin: object, command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "h e.whl").touch()
    here = json.loads(json.dumps(origin).replace("FOLDER", str(tmp_path)))
    monkeypatch.setattr(importlib.metadata, "distribution", lambda _: told(here)())
    assert install_command("film") == command.replace("FOLDER", str(tmp_path))


def test_where_nothing_is_known_of_the_installation_the_name_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> object:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "distribution", missing)
    assert install_command("qwen") == "pip install 'handeye[qwen]'"


def test_every_hint_about_an_extra_of_handeye_says_this_command() -> None:
    rooms = [ROOT / name for name in ("actions", "agent", "envs", "benchmarks", "handeye")]
    files = [file for room in rooms for file in room.rglob("*.py") if file.name != "extras.py"]
    texts = {str(file): file.read_text(encoding="utf-8") for file in files}
    assert not [name for name, text in texts.items() if "handeye[" in text]
    used = {name for text in texts.values() for name in re.findall(r"install_command\([\"'](\w+)", text)}
    known = re.findall(r"^(\w+) = \[", (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)
    assert used <= {*known}
