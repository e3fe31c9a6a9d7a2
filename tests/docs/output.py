"""Whether the output that a page shows is what a command prints: the one place with the rules of what may differ.

``…`` alone on a line stands for any lines, elsewhere for any text in its line. Times, addresses, paths and names made
from the time are compared as `RULES` say, empty lines not at all.
"""

from __future__ import annotations

import difflib
import re

_PHASES = " <phases>"
RULES = [
    (
        r"^ +(capture|model|parse|act|settle|record) [\d.]+ m?s\b.*$",
        _PHASES,
    ),  # of a step: those under 1 ms are left out
    (r"\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d", "<stamp>"),
    (r"\b\d+(\.\d+)? ms\b", "<time>"),
    (r"\b\d+\.\d+ s\b", "<time>"),
    (r'"seconds": [\d.]+', '"seconds": <time>'),
    (r"127\.0\.0\.1:\d+", "127.0.0.1:<port>"),
    (r"127\.0\.0\.1-\d+", "127.0.0.1-<port>"),
    (r"((?:sandbox|display is|DISPLAY=|DISPLAY) ?):\d+", r"\1:<display>"),
    (r"token[= ][\w-]+", "token <token>"),
    (r"transport_id:\d+", "transport_id:<n>"),
    (r"/home/\w+|~(?=/)", "<home>"),
    (r"-[0-9a-f]{8}\.json\b", "-<hash>.json"),
    (r"sha256 [0-9a-f]{16}", "sha256 <hash>"),
    (r"revision  [0-9a-f]{40}", "revision  <commit>"),
    (r"[\d.]+ [MG]B in \d+ files", "<size> in <n> files"),
    (r"pip install (?:-e )?'[^']*\[(\w+)\]'", r"pip install '<handeye>[\1]'"),
]
"""(What is sought in a line, what it is taken for): done to both sides."""

_PROGRESS = re.compile(r"\S+, [^:]+(?::[^:]+)?: \d+/\d+, .*\d+ (retried|errors).*")
"""What a benchmark says now and then, on a slow machine."""


def same_output(shown: list[str], real: str, folder: str) -> str | None:
    """None if `real`, printed in `folder`, is what the page shows; else a difference to read."""
    lines = [_plain(line.replace(folder, "/home/you")) for line in real.splitlines() if line.strip()]
    lines = [line for line in lines if not _PROGRESS.fullmatch(line)]
    wanted = [_plain(line) for line in shown if line.strip()]
    if _PHASES not in wanted:  # a slow machine has some of a step that a fast one has not
        lines = [line for line in lines if line != _PHASES]
    if re.fullmatch("".join(_pattern(line) for line in wanted), "".join(f"{line}\n" for line in lines)):
        return None
    return "\n".join(difflib.unified_diff(wanted, lines, "shown", "real", lineterm="", n=100))


def _plain(line: str) -> str:
    for sought, taken in RULES:
        line = re.sub(sought, taken, line)
    return line.rstrip()


def _pattern(line: str) -> str:
    if line.strip() == "…":
        return r"(?:[^\n]*\n)*?"
    return "[^\\n]*".join(re.escape(part) for part in line.split("…")) + r"\n"
