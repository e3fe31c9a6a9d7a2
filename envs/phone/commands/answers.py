"""Answers of ``answers.toml``: services in which nothing happens, and programs that always say the same."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from envs.phone.sh import CommandCall

_FILE: Mapping[str, Any] = tomllib.loads(Path(__file__).with_name("answers.toml").read_text(encoding="utf-8"))
INTERFACES: Mapping[str, str] = {name: service.get("interface", "") for name, service in _FILE["services"].items()}
"""The interface of each service, as ``service list`` shows it; empty where it shows none."""
DUMPS: Mapping[str, str] = {name: service["dump"] for name, service in _FILE["services"].items() if "dump" in service}
"""What ``dumpsys`` says of a service in which nothing happens, a `string.Template`."""
ANSWERS: Mapping[str, list[tuple[str, int, str]]] = _FILE["answers"]
"""By program: patterns of all its words, each with an exit status and what is written."""


def fixed_answer(call: CommandCall) -> int | None:
    """Write the answer to these words and give its status; None where there is none."""
    words = " ".join(call.argv[1:])
    for pattern, status, said in ANSWERS.get(call.argv[0], ()):
        if found := re.fullmatch(pattern, words, re.DOTALL):
            (call.write_error if status else call.write)(found.expand(said).encode("utf-8", "surrogateescape"))
            return status
    return None
