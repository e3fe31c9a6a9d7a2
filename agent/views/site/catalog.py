"""`Catalog`: the episodes and benchmark results below a folder, each read once as long as it does not change."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol
from urllib.parse import quote, unquote_to_bytes

from actions.errors import HandeyeError, one_line
from agent.core.task import Ending
from agent.episodes import EpisodeError
from agent.episodes.reader import count_lines, read_document
from agent.views.formatting import clip, duration, ending_words, line

Kind = Literal["episode", "result"]
MOST = 50_000
"""Entries that are listed."""
RESULT_FILES = ("result.json", "manifest.json")
"""Either of them is in the folder of a benchmark's run."""
_State = tuple[tuple[int, int] | str | None, ...]


@dataclass(frozen=True)
class RunEntry:
    """A line of the index. `key` is the folder's path below that of the catalog, which it begins with.

    `tone` and `state` say how it ended (`state` for filters, `words` in full); `problem` why it cannot be read. `time`
    is seconds since the epoch. `suite` is that of a result, and of an episode of a benchmark.
    """

    key: str
    kind: Kind
    folder: Path
    title: str
    tone: str
    state: str
    words: str
    time: float = 0.0
    model: str = ""
    where: str = ""
    suite: str = ""
    facts: tuple[str, ...] = ()
    problem: str = ""

    @property
    def address(self) -> str:
        """The path of its page, below the site's."""
        return f"at/{quote_key(self.key)}/"

    @property
    def searched(self) -> str:
        """Where words are looked for."""
        texts = (self.title, self.key, self.model, self.where, self.suite, self.state, self.words, self.problem)
        return "\n".join(texts).lower()


class ResultSource(Protocol):
    """What knows benchmark results: they belong to a room above."""

    def entry(self, key: str, folder: Path) -> RunEntry | None:
        """The line of the index for the run in `folder`; None where there is none."""

    def page(self, folder: Path, home: str) -> str:
        """The HTML of its page, with a link to `home`. Raises `actions.errors.HandeyeError`."""


def quote_key(key: str) -> str:
    """`key` as a part of an address."""
    return quote(os.fsencode(key))


def unquote_key(path: str) -> str:
    """The key that `quote_key` gave `path`."""
    return os.fsdecode(unquote_to_bytes(path))


@dataclass
class Catalog:
    """What is below `root`, which exists. Thread-safe."""

    root: Path
    results: ResultSource
    cut: bool = field(default=False, init=False)
    _known: dict[Path, tuple[_State, RunEntry]] = field(default_factory=dict, init=False)
    _suites: dict[Path, str] = field(default_factory=dict, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def __post_init__(self) -> None:
        self.root = self.root.resolve()

    def entries(self) -> list[RunEntry]:
        """All of them as they are now, the newest first; `cut` is whether there are more than `MOST`."""
        with self._lock:
            known: dict[Path, tuple[_State, RunEntry]] = {}
            found: list[RunEntry] = []
            self.cut = False
            for kind, folder in _folders(self.root):
                if len(found) == MOST:
                    self.cut = True
                    break
                if (entry := self._entry(kind, folder)) is not None:
                    known[folder] = self._known[folder]
                    found.append(entry)
            self._known = known
        return sorted(found, key=lambda entry: (entry.time, entry.key), reverse=True)

    def find(self, key: str) -> RunEntry | None:
        """The entry that `key` names, as it is now."""
        first, _, rest = key.partition("/")
        parts = rest.split("/") if rest else []
        if first != self._name or any(part in ("", ".", "..") or part.startswith(".") for part in parts):
            return None
        folder = self.root.joinpath(*parts)
        if "\0" in key or any(one.is_symlink() for one in (folder, *folder.parents) if one.is_relative_to(self.root)):
            return None
        with self._lock:
            return next(
                (
                    entry
                    for kind in _kinds({name for name in (*RESULT_FILES, "episode.json") if (folder / name).is_file()})
                    if (entry := self._entry(kind, folder)) is not None
                ),
                None,
            )

    @property
    def _name(self) -> str:
        return self.root.name or "files"

    def key(self, folder: Path) -> str:
        """The key of a folder below `root`."""
        return "/".join((self._name, *folder.relative_to(self.root).parts))

    def _entry(self, kind: Kind, folder: Path) -> RunEntry | None:
        """The entry of `folder`, read anew where its files have changed."""
        key = self.key(folder)
        if kind == "result":
            state: _State = _state(folder, "result.json", "manifest.json", "answers.jsonl")
        else:
            suite = next((self._suites[above] for above in folder.parents if above in self._suites), "")
            state = (suite, *_state(folder, "episode.json", "steps.jsonl"))
        known = self._known.get(folder)
        if known is not None and known[0] == state:
            return known[1]
        entry = self.results.entry(key, folder) if kind == "result" else episode_entry(key, folder, suite)
        if entry is not None:
            self._known[folder] = state, entry
            if kind == "result":
                self._suites[folder] = entry.suite
        return entry


def _folders(root: Path) -> Iterator[tuple[Kind, Path]]:
    """The folders below `root` that hold something; links are not followed, and nothing is looked for in an episode."""
    for place, folders, files in os.walk(root):
        kinds = _kinds({*files})
        folders[:] = [] if "episode" in kinds else sorted(name for name in folders if not name.startswith("."))
        yield from ((kind, Path(place)) for kind in kinds)


def _kinds(files: set[str]) -> list[Kind]:
    if "episode.json" in files:
        return ["episode"]
    return ["result"] if files & {*RESULT_FILES} else []


def _state(folder: Path, *names: str) -> _State:
    """What changes when one of these files does."""
    found: list[tuple[int, int] | None] = []
    for name in names:
        try:
            stat = os.stat(folder / name)
            found.append((stat.st_mtime_ns, stat.st_size))
        except OSError:
            found.append(None)
    return tuple(found)


def episode_entry(key: str, folder: Path, suite: str = "") -> RunEntry:
    """The line for the episode in `folder`: only its header is read. What cannot be read says so."""
    try:
        document, problems = read_document(folder)
    except (EpisodeError, OSError) as error:
        return broken(key, "episode", folder, error)
    tone, words = ending_words(document.ending, document.limits)
    totals = document.totals
    steps = count_lines(folder / "steps.jsonl") if totals is None else totals.steps
    facts = [f"{steps:,} {'step' if steps == 1 else 'steps'}", *([duration(totals.seconds)] if totals else [])]
    return RunEntry(
        key=key,
        kind="episode",
        folder=folder,
        title=line(document.task, 300) or "(no task)",
        tone=tone,
        state=state_of(document.ending),
        words=words if not document.message else f"{words}: {line(document.message, 200)}",
        time=document.started,
        model=line(document.model, 120),
        where=line(document.env, 120),
        suite=suite,
        facts=tuple(facts),
        problem=clip("; ".join(problems), 300),
    )


def state_of(ending: Ending | None) -> str:
    """The name of an ending for filters."""
    return "unfinished" if ending is None else ending.value.replace("_", " ")


def broken(key: str, kind: Kind, folder: Path, error: HandeyeError | OSError) -> RunEntry:
    """The line for what cannot be read, of the time at which its folder changed last."""
    try:
        changed = folder.stat().st_mtime
    except OSError:
        changed = 0.0
    said = line(one_line(str(error), 300))
    return RunEntry(key, kind, folder, folder.name, "bad", "unreadable", "Cannot be read", changed, problem=said)
