"""Export to training conversations in a dialect, in the formats of LLaMA-Factory and Qwen's fine-tuning code.

One conversation a step: the dialect's prompt, history and image order, and the answer that is parsed to the recorded
action. The image is resized by the dialect's rule, so that coordinates count pixels of the training image.
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
from agent.episodes.export.exported import Exported, ImageFolder, usable
from agent.episodes.replay.simulate import platform_of, recorded_dialect
from agent.models.dialects.conversation import ChatPart, Turn
from agent.models.dialects.dialect import IMAGE, Dialect, Platform, UnsupportedAction
from agent.models.dialects.history import pointer_after
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

    Raises `ModelError` for an unknown dialect or one without actions for the episode's platform, and `UserError` for an
    episode without a dialect where `dialect` is None.
    """
    pictures, samples = ImageFolder(out), list[dict[str, Any]]()
    for episode in episodes:
        chosen = get_dialect(dialect) if dialect else _recorded_dialect(episode)
        platform = platform_of(episode.header)
        chosen.require("decide", platform)
        for at, step, action in usable(episode, done):
            try:
                samples.append(_sample(episode, at, step, action, chosen, platform, pictures))
            except (UnsupportedAction, EpisodeError, ModelError, ValueError) as error:
                done.skip(episode, step, error)
    done.written = len(samples)
    text = json.dumps(samples, ensure_ascii=True, indent=1)
    (out / DATA).write_text(text + "\n", encoding="utf-8")
    (out / "dataset_info.json").write_text(json.dumps(_INFO, indent=1) + "\n", encoding="utf-8")


def _recorded_dialect(episode: Episode) -> Dialect:
    dialect = recorded_dialect(episode.header)
    if dialect is None:
        raise UserError(
            f"{episode.folder}: the model {episode.header.model!r} has no dialect: add --dialect, e.g. qwen2.5-vl"
        )
    return dialect


def _sample(
    episode: Episode,
    at: int,
    step: Step,
    action: AnyAction,
    dialect: Dialect,
    platform: Platform,
    pictures: ImageFolder,
) -> dict[str, Any]:
    """One conversation. Raises the errors of the dialect and the episode."""
    history = episode.steps[:at]
    answer = _answer(action, step.frame, dialect, platform, pointer_after(history, step.frame))
    chat = dialect.ask_action(episode.header.task, step.frame, history, platform)
    asked = dialect.told(history, platform).asked
    images = list[str]()

    def told(part: ChatPart) -> str:
        if isinstance(part, str) and part != IMAGE:
            return _without_image_token(part)
        seen = step if isinstance(part, str) else asked[part.step]
        images.append(pictures.add(encode_png(dialect.resize.apply(episode.image(seen)))))
        return "<image>"

    turns = [*chat.turns, Turn("user", chat.user), Turn("assistant", (answer,))]
    return {
        "id": f"{episode.folder.name}-{step.index}",
        "system": _without_image_token(chat.system),
        "conversations": _alternating([(turn.role, "".join(map(told, turn.parts))) for turn in turns]),
        "images": images,
        "image": images,
        "dialect": dialect.name,
    }


def _alternating(messages: Sequence[tuple[str, str]]) -> list[dict[str, str]]:
    """The messages as trainers take them, a person's and the model's in turn: two of a person's are one, and before one
    of the model's that follows none stands an empty one.
    """
    made: list[dict[str, str]] = []
    for role, text in messages:
        if role == "user" and made and made[-1]["from"] == "human":
            made[-1]["value"] += "\n" + text
            continue
        if role == "assistant" and (not made or made[-1]["from"] == "gpt"):
            made.append({"from": "human", "value": ""})
        made.append({"from": "human" if role == "user" else "gpt", "value": text})
    return made


def _answer(action: AnyAction, frame: Frame, dialect: Dialect, platform: Platform, pointer: Point | None) -> str:
    """The answer in the dialect; a `Finish` without its message where the dialect has none."""
    try:
        return dialect.format(action, frame, platform, pointer=pointer)
    except UnsupportedAction:
        if not isinstance(action, Finish) or not action.message:
            raise UnsupportedAction(f"{dialect.name} cannot express: {describe(action)}") from None
    return dialect.format(action.model_copy(update={"message": ""}), frame, platform, pointer=pointer)


def _without_image_token(text: str) -> str:
    """`text` without the token that trainers replace by pictures."""
    return text.replace("<image>", "< image >")
