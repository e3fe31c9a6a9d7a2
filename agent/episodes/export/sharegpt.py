"""Training conversations in a dialect's own words, as LLaMA-Factory and Qwen's fine-tuning read them.

One conversation a step: the dialect's prompt with the picture where the dialect puts it, the history as the dialect
tells it, and the answer by which a model of the family asks for the recorded action. The picture is resized by the
dialect's rule, so that its numbers count pixels of the picture that is trained on.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from actions.action import AnyAction, Finish, describe
from actions.frame import Frame, Point
from agent.core.errors import UserError
from agent.core.model import ModelError
from agent.core.step import Step
from agent.episodes import Episode, EpisodeError
from agent.episodes.export.export import Exported, ImageFolder, usable
from agent.episodes.replay.simulate import platform_of, recorded_dialect
from agent.models.dialects.dialect import IMAGE, Dialect, Platform, UnsupportedAction, pointer_after
from agent.models.dialects.registry import get_dialect
from envs.png import encode_png

DATA = "train.json"
NAME = "handeye"
"""The data set's name in ``dataset_info.json``."""
_INFO = {
    NAME: {
        "file_name": DATA,
        "formatting": "sharegpt",
        "columns": {"messages": "conversations", "system": "system", "images": "images"},
    }
}


def write_sharegpt(episodes: Sequence[Episode], out: Path, done: Exported, dialect: str | None) -> None:
    """Write ``train.json``, ``dataset_info.json`` and ``images/`` below `out`.

    Raises `ModelError` for an unknown dialect, or one that cannot act on the episode's platform, and `UserError` for
    an episode without a dialect when none is given.
    """
    pictures, samples = ImageFolder(out), list[dict[str, Any]]()
    for episode in episodes:
        speaks = get_dialect(dialect) if dialect else _own(episode)
        platform = platform_of(episode.header)
        speaks.require("decide", platform)
        for at, step, action in usable(episode, done):
            try:
                samples.append(_sample(episode, at, step, action, speaks, platform, pictures))
            except (UnsupportedAction, EpisodeError, ModelError, ValueError) as error:
                done.skip(episode, step, error)
    done.written = len(samples)
    text = json.dumps(samples, ensure_ascii=True, indent=1)
    (out / DATA).write_text(text + "\n", encoding="utf-8")
    (out / "dataset_info.json").write_text(json.dumps(_INFO, indent=1) + "\n", encoding="utf-8")


def _own(episode: Episode) -> Dialect:
    speaks = recorded_dialect(episode.header)
    if speaks is None:
        raise UserError(
            f"{episode.folder}: the model {episode.header.model!r} has no dialect: add --dialect, e.g. qwen2.5-vl"
        )
    return speaks


def _sample(
    episode: Episode,
    at: int,
    step: Step,
    action: AnyAction,
    speaks: Dialect,
    platform: Platform,
    pictures: ImageFolder,
) -> dict[str, Any]:
    """One conversation. Raises what the dialect and the episode raise for what they cannot do."""
    history = episode.steps[:at]
    answer = _answer(action, step.frame, speaks, platform, pointer_after(history, step.frame))
    chat = speaks.ask_action(episode.header.task, step.frame, history, platform)
    image = pictures.add(encode_png(speaks.resize.apply(episode.image(step))))
    user = "".join("<image>" if part == IMAGE else _harmless(part) for part in chat.user)
    return {
        "id": f"{episode.folder.name}-{step.index}",
        "system": _harmless(chat.system),
        "conversations": [{"from": "human", "value": user}, {"from": "gpt", "value": answer}],
        "images": [image],
        "image": [image],
        "dialect": speaks.name,
    }


def _answer(action: AnyAction, frame: Frame, speaks: Dialect, platform: Platform, pointer: Point | None) -> str:
    """The whole answer; an ending is told without its message where the dialect has no words for one."""
    try:
        return speaks.format(action, frame, platform, pointer=pointer)
    except UnsupportedAction:
        if not isinstance(action, Finish) or not action.message:
            raise UnsupportedAction(f"{speaks.name} has no words for: {describe(action)}") from None
    return speaks.format(action.model_copy(update={"message": ""}), frame, platform, pointer=pointer)


def _harmless(text: str) -> str:
    """Text without the mark that trainers count pictures by."""
    return text.replace("<image>", "< image >")
