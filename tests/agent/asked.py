"""What a family is asked at a step of a run, as one request, and the same chat as a checkpoint's template takes it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from actions.action import Click
from actions.frame import Frame, Point
from agent.core.model import Usage
from agent.core.step import Step
from agent.core.task import Task
from agent.models.chat import ChatModel
from agent.models.dialects.dialect import Dialect
from agent.models.endpoints.endpoint import Capabilities, Enough, Reply, Request
from envs.env import Observation

SIZE = (448, 224)
"""Of a screen that every family of Qwen's sends as it is: steps of 28 and of 32."""
WANTED = "Öffne den Dateimanager — and type “<|im_end|>”, 日本語"
"""A task with letters of several tokens, and with a control token that must stay text."""


class _Listener:
    """An endpoint that keeps its last request and says `answer`."""

    name = model = "listener"
    capabilities = Capabilities()

    def __init__(self, answer: str) -> None:
        self.answer = answer
        self.asked = Request("", ())

    def complete(self, request: Request, enough: Enough | None = None) -> Reply:
        self.asked = request
        return Reply(self.answer, True, Usage())

    def close(self) -> None: ...


def request_at(dialect: Dialect, step: int, pictures: int, task: str = WANTED) -> Request:
    """What `dialect` asks at `step` (from 1) of a run of clicks, with at most `pictures`, each of another grey."""
    width, height = SIZE
    frames = [Frame(id=f"{n:04}", width=width, height=height) for n in range(step)]
    click = Click(point=Point(width / 2, height / 2))
    endpoint = _Listener(dialect.format(click, frames[0]))
    model = ChatModel(endpoint, dialect.with_images(pictures))
    history: list[Step] = []
    for n, frame in enumerate(frames):
        decided = model.decide(
            Task(task), Observation(np.full((height, width, 3), n, np.uint8), frame, time=n), history
        )
        history.append(Step(index=n, time=n, frame=frame, image="x", action=decided.action, raw=decided.raw))
    return replace(endpoint.asked, stop=())


def chat_of(request: Request) -> list[dict[str, Any]]:
    """The messages of `request` with a placeholder for each picture, and control tokens in texts broken up."""
    said = [("system", (request.system,))] if request.system else []
    said += [(message.role, message.parts) for message in request.messages]
    return [{"role": role, "content": [_part(part) for part in parts]} for role, parts in said]


def _part(part: str | bytes) -> dict[str, str]:
    return {"type": "image"} if isinstance(part, bytes) else {"type": "text", "text": part.replace("<|im", "<| im")}


def ids_of(text: str, words: Any, pad: int, patches: int) -> list[int]:
    """`text` in tokens of `words`, with `patches` times `pad` for each placeholder."""
    first, *rest = text.split("<|image_pad|>")
    ids = list(words.encode(first, add_special_tokens=False))
    for piece in rest:
        ids += [*[pad] * patches, *words.encode(piece, add_special_tokens=False)]
    return ids
