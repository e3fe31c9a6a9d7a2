"""The fenced blocks of the documentation, and what a page says of how each is tested.

A fence has a language: ``console`` (commands after ``$``, with their output), ``sh`` (commands alone), ``python``, or
one of `DATA`. An HTML comment before it, which no reader sees, says how it is tested, its parts joined by ``;``:

- ``not run: WHY``: it cannot run here.
- ``slow``: not in the quick tests. The slow test of a page runs all its fences in order, the quick one the others.
- ``with: NAME…``: things that stand in for what a machine of tests lacks (`tests.docs.stand_ins`).
- ``add: OPTIONS``: options that make each ``handeye`` command of the fence shorter.
- ``file: NAME``: it is written there and not run.
- ``output``: what the fence before it prints.
- ``in: sandbox``: its lines are for a shell in a sandbox that shares ``/tmp/work``.
- ``part of: FILE``: lines of a file of this repository that a fence below runs.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
RUN = {"console", "sh", "python"}
DATA = {"text", "json", "toml", "yaml", "dockerfile"}
MARKS = {"not run", "slow", "with", "add", "file", "output", "in", "part of"}
_FENCE = re.compile(r"^(?P<indent> *)```(?P<language>[^\n`]*)\n(?P<text>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL)
_COMMENT = re.compile(r"<!--(?P<said>[^<>]*)-->\s*\Z")


@dataclass(frozen=True)
class Fence:
    """A fenced block: where it is, its text without the fence's own indentation, and its `marks`."""

    page: Path
    line: int
    language: str
    text: str
    marks: dict[str, str]

    @property
    def place(self) -> str:
        """``docs/page.md:12``."""
        return f"{self.page.relative_to(ROOT)}:{self.line}"

    @property
    def runs(self) -> bool:
        """Whether a test runs it."""
        return self.language in RUN and not {"not run", "file", "part of"} & self.marks.keys()

    @property
    def slow(self) -> bool:
        """Whether only the slow test does."""
        return "slow" in self.marks


@dataclass(frozen=True)
class Command:
    """A command as a person types it, and the lines that the page shows below it."""

    text: str
    shown: tuple[str, ...] = ()


def fences(page: Path) -> Iterator[Fence]:
    """The fenced blocks of `page`, in order."""
    text = page.read_text(encoding="utf-8")
    for found in _FENCE.finditer(text):
        before = text[: found.start()]
        said = _COMMENT.search(before)
        marks = _marks(said["said"].strip()) if said else {}
        yield Fence(page, before.count("\n") + 1, found["language"].strip(), textwrap.dedent(found["text"]), marks)


def _marks(said: str) -> dict[str, str]:
    parts = [said] if said.startswith("not run") else said.split(";")
    named = (part.partition(":") for part in parts)
    return {name.strip(): value.strip() for name, _, value in named}


def commands(fence: Fence) -> Iterator[Command]:
    """The commands of a ``console`` or ``sh`` fence, with ``add`` done."""
    text, shown = "", list[str]()
    for line in fence.text.splitlines():
        if text.endswith("\\\n"):
            text += f"{line}\n"
        elif line.startswith("$ ") or fence.language == "sh":
            if text.strip():
                yield Command(_added(text, fence.marks.get("add", "")), tuple(shown))
            text, shown = f"{line.removeprefix('$ ')}\n", []
        else:
            shown.append(line)
    if text.strip():
        yield Command(_added(text, fence.marks.get("add", "")), tuple(shown))


def _added(text: str, options: str) -> str:
    text = text.strip()
    if not options or not text.startswith("handeye"):
        return text
    command, *comment = re.split(r"(?=\s+(?:#\s|&$))", text, maxsplit=1)
    return f"{command} {options}{''.join(comment)}"
