"""What the three formats share: which steps are exported, where to, and what is reported."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from actions.action import AnyAction
from agent.core.errors import UserError
from agent.core.step import Step
from agent.episodes import Episode, read_episode

ExportFormat = Literal["sharegpt", "hf", "script"]


@dataclass
class Exported:
    """What was written: `written` of `steps` steps, to `out`; `skipped` says in one line each what was not, and why."""

    out: Path
    format: ExportFormat
    steps: int = 0
    written: int = 0
    skipped: list[str] = field(default_factory=list)

    def skip(self, episode: Episode, step: Step, why: object) -> None:
        """Note that a step is left out."""
        self.skipped.append(f"{episode.folder.name}: step {step.index + 1} left out: {why}")

    def to_json(self) -> dict[str, Any]:
        """The object that ``handeye export --json`` prints."""
        return {
            "format": self.format,
            "out": str(self.out),
            "steps": self.steps,
            "written": self.written,
            "skipped": self.skipped,
        }


def export_episodes(folders: Sequence[Path], format: ExportFormat, out: Path, dialect: str | None = None) -> Exported:
    """Write the episodes in `folders` to `out`, which must not exist yet.

    Raises `EpisodeError` for an episode that cannot be read, `UserError` for a place or a choice that does not do, and
    `ModelError` for an unknown dialect. Nothing is left half written.
    """
    from agent.episodes.export.script import write_script

    if out.exists() or out.is_symlink():
        raise UserError(f"{out} exists already: choose another --out")
    if dialect is not None and format != "sharegpt":
        raise UserError(f"--dialect is for --format sharegpt, not for {format}: leave it out")
    if format == "script" and len(folders) != 1:
        raise UserError("a script does one episode again: name one")
    episodes = [read_episode(folder) for folder in folders]
    done = Exported(out, format, sum(len(episode.steps) for episode in episodes))
    done.skipped += [f"{episode.folder.name}: {problem}" for episode in episodes for problem in episode.problems]
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        if format == "script":
            write_script(episodes[0], done)
        else:
            _into_folder(episodes, done, dialect)
    except OSError as error:
        raise UserError(f"cannot write to {out}: {error.strerror or error}; choose another --out") from error
    return done


def _into_folder(episodes: Sequence[Episode], done: Exported, dialect: str | None) -> None:
    """Write to a folder beside, and give it its name when it is whole."""
    from agent.episodes.export.hf import write_hf
    from agent.episodes.export.sharegpt import write_sharegpt

    part = Path(tempfile.mkdtemp(prefix=f".{done.out.name}-", dir=done.out.parent))
    try:
        if done.format == "sharegpt":
            write_sharegpt(episodes, part, done, dialect)
        else:
            write_hf(episodes, part, done)
        part.chmod(0o755)
        part.rename(done.out)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def usable(episode: Episode, done: Exported) -> Iterator[tuple[int, Step, AnyAction]]:
    """The steps that were done as decided: position among the episode's steps, step, action. Others are noted."""
    for at, step in enumerate(episode.steps):
        if step.action is None:
            done.skip(episode, step, "it has no action")
        elif step.error is not None:
            done.skip(episode, step, step.error)
        elif step.verdict is not None and step.verdict.kind in ("skip", "block", "stop", "ask"):
            done.skip(episode, step, f"it was not let through ({step.verdict.kind})")
        else:
            yield at, step, step.action


class ImageFolder:
    """Writes PNG files ``images/00000.png``…, equal pictures once."""

    def __init__(self, root: Path, below: str = "images") -> None:
        self._root, self._below, self._known = root, below, dict[bytes, str]()
        (root / below).mkdir(parents=True, exist_ok=True)

    def add(self, data: bytes) -> str:
        """The picture's file, relative to the root, with ``/``."""
        key = hashlib.sha256(data).digest()
        if key not in self._known:
            name = f"{self._below}/{len(self._known):05d}.png"
            (self._root / name).write_bytes(data)
            self._known[key] = name
        return self._known[key]
