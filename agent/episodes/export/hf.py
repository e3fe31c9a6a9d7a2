"""A folder that ``datasets.load_dataset("imagefolder", data_dir=…)`` reads: pictures and one line of JSON for each."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from actions.action import AnyAction, describe
from agent.core.step import Step
from agent.episodes import Episode, EpisodeError
from agent.episodes.export.export import Exported, usable
from envs.png import encode_png


def write_hf(episodes: Sequence[Episode], out: Path, done: Exported) -> None:
    """Write ``train/metadata.jsonl`` and ``train/NNNNN.png`` below `out`: a picture for each row, as captured."""
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
    """Plain columns, the same for every row; `action` and `history` are JSON texts, points are frame pixels."""
    before = [past.action.model_dump(mode="json") for past in episode.steps[:at] if past.action and not past.error]
    header = episode.header
    return {
        "episode": episode.folder.name,
        "step": step.index,
        "task": _whole(header.task),
        "action_type": action.type,
        "action": json.dumps(action.model_dump(mode="json")),
        "words": _whole(describe(action)),
        "thought": _whole(step.thought),
        "history": json.dumps(before),
        "width": step.frame.width,
        "height": step.frame.height,
        "platform": header.platform,
        "app": _whole(step.app or ""),
        "model": _whole(header.model),
        "ending": str(episode.ending or ""),
    }


def _whole(text: str) -> str:
    """Text without halves of surrogate pairs, which Arrow does not take."""
    return text.encode("utf-8", "replace").decode("utf-8")
