"""`export_episodes`: episodes written in another format."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from agent.core.errors import UserError
from agent.episodes import Episode, read_episode
from agent.episodes.export.exported import Exported, ExportFormat
from agent.episodes.export.hf import write_hf
from agent.episodes.export.script import write_script
from agent.episodes.export.sharegpt import write_sharegpt


def export_episodes(folders: Sequence[Path], format: ExportFormat, out: Path, dialect: str | None = None) -> Exported:
    """Write the episodes in `folders` to `out`, which must not exist yet.

    Raises `EpisodeError` for an episode that cannot be read, `UserError` for a path or an option that cannot be used,
    and `ModelError` for an unknown dialect. Nothing is left half written.
    """
    if out.exists() or out.is_symlink():
        raise UserError(f"{out} exists already: choose another --out")
    if dialect is not None and format != "sharegpt":
        raise UserError(f"--dialect is for --format sharegpt, not for {format}: leave it out")
    if format == "script" and len(folders) != 1:
        raise UserError("a script repeats one episode: name one")
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
    """Write to a temporary folder beside `done.out`, and rename it when it is complete."""

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
