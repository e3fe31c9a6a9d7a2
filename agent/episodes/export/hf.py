"""Export to a folder for ``datasets.load_dataset("imagefolder", data_dir=…)``: pictures, and a JSON line for each."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from actions.action import AnyAction, describe
from agent.core.step import Step
from agent.episodes import Episode, EpisodeError
from agent.episodes.export.exported import Exported, usable
from envs.png import encode_png


def write_hf(episodes: Sequence[Episode], out: Path, done: Exported) -> None:
    """Write ``train/metadata.jsonl`` and ``train/NNNNN.png`` below `out`: one picture, as captured, for each row."""
    folder = out / "train"
    folder.mkdir()
    with (folder / "metadata.jsonl").open("w", encoding="utf-8", newline="\n") as file:
        for episode in episodes:
            for at, step, action in usable(episode, done):
                try:
                    picture = encode_png(episode.image(step))
                except EpisodeError as error:
                    done.skip(episode, step, error)
                    continue
                name = f"{done.written:05d}.png"
                (folder / name).write_bytes(picture)
                file.write(json.dumps({"file_name": name, **_row(episode, at, step, action)}) + "\n")
                done.written += 1


def _row(episode: Episode, at: int, step: Step, action: AnyAction) -> dict[str, Any]:
    """The columns of one row. `action` and `history` are JSON texts; points are frame pixels."""
    before = [past.action.model_dump(mode="json") for past in episode.steps[:at] if past.action and not past.error]
    header = episode.header
    return {
        "episode": episode.folder.name,
        "step": step.index,
        "task": _encodable(header.task),
        "action_type": action.type,
        "action": json.dumps(action.model_dump(mode="json")),
        "words": _encodable(describe(action)),
        "thought": _encodable(step.thought),
        "history": json.dumps(before),
        "width": step.frame.width,
        "height": step.frame.height,
        "platform": header.platform,
        "app": _encodable(step.app or ""),
        "model": _encodable(header.model),
        "ending": str(episode.ending or ""),
    }


def _encodable(text: str) -> str:
    """`text` with lone surrogates replaced: Arrow rejects them."""
    return text.encode("utf-8", "replace").decode("utf-8")
