"""What the export formats share: the result, the choice of steps, and a folder of pictures."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from actions.action import AnyAction
from agent.core.step import Step
from agent.episodes import Episode

ExportFormat = Literal["sharegpt", "hf", "script"]


@dataclass
class Exported:
    """What was written: `written` of `steps` steps, to `out`; `skipped` has a line for each that was not, and why."""

    out: Path
    format: ExportFormat
    steps: int = 0
    written: int = 0
    skipped: list[str] = field(default_factory=list)

    def skip(self, episode: Episode, step: Step, why: object) -> None:
        """Note that a step is not exported."""
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


def usable(episode: Episode, done: Exported) -> Iterator[tuple[int, Step, AnyAction]]:
    """The steps whose action was done: (position in the episode, step, action). Others are noted in `done`."""
    for at, step in enumerate(episode.steps):
        if step.action is None:
            done.skip(episode, step, "it has no action")
        elif step.error is not None:
            done.skip(episode, step, step.error)
        elif step.verdict is not None and step.verdict.kind in ("skip", "block", "stop", "ask"):
            done.skip(episode, step, f"the policy did not allow it ({step.verdict.kind})")
        else:
            yield at, step, step.action


class ImageFolder:
    """Writes PNG files ``images/00000.png``…; equal pictures share a file."""

    def __init__(self, root: Path, below: str = "images") -> None:
        self._root, self._below, self._known = root, below, dict[bytes, str]()
        (root / below).mkdir(parents=True, exist_ok=True)

    def add(self, data: bytes) -> str:
        """Write a PNG; its path relative to the root, with ``/``."""
        key = hashlib.sha256(data).digest()
        if key not in self._known:
            name = f"{self._below}/{len(self._known):05d}.png"
            (self._root / name).write_bytes(data)
            self._known[key] = name
        return self._known[key]
