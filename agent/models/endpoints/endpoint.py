"""Where a model runs: text and pictures in, text out. An endpoint knows no coordinates and no actions."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from typing import Any, Literal, Protocol

import cv2
import numpy as np

from agent.core.model import Usage
from envs.env import Image
from envs.png import encode_png


@dataclass(frozen=True, eq=False)
class Pixels:
    """A picture that is not coded, RGB uint8 HxWx3. Equal only to itself."""

    image: Image

    def __len__(self) -> int:
        """Its bytes."""
        return self.image.nbytes

    @cached_property
    def digest(self) -> bytes:
        """The same for the same pixels in the same order."""
        return blake2b(np.ascontiguousarray(self.image).data, digest_size=16).digest()


@dataclass(frozen=True, eq=False)
class LaterPicture:
    """A picture that is made when a request is sent, and again for another attempt: nothing of it is kept meanwhile.

    `coded` makes a PNG, `image` the pixels (RGB uint8 HxWx3). Both may be called by any
    thread and raise what making it raises.
    """

    coded: Callable[[], bytes]
    image: Callable[[], Image]


Part = str | bytes | Pixels | LaterPicture
"""A piece of a user message: text, or a picture, as PNG bytes or, for endpoints that take them, as pixels."""
Wire = Literal["chat", "responses", "messages"]
"""The protocol of a server: OpenAI's chat completions, its Responses, or Anthropic's Messages."""


class Video(bytes):
    """A video of one size, for endpoints that take one: its frames as JPEG, base64, with commas between."""

    @classmethod
    def of(cls, images: Sequence[Image]) -> Video:
        """`images` (RGB uint8 HxWx3), in order; smaller ones are put at the top left of a black one."""
        height, width = (max(image.shape[axis] for image in images) for axis in (0, 1))
        coded = []
        for image in images:
            whole = np.zeros((height, width, 3), np.uint8)
            whole[: image.shape[0], : image.shape[1]] = image
            done, data = cv2.imencode(".jpg", whole[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 95])
            assert done, "JPEG takes every picture"
            coded.append(base64.b64encode(data.tobytes()))
        return cls(b",".join(coded))


class ToolResult(str):
    """A text that says what came of the message before; where tools are native it is the result of the call."""


@dataclass(frozen=True)
class Capabilities:
    """What a server can do beyond plain chat. ``tools`` is not among them: a dialect that uses it says so.

    `structured` is how it takes a JSON schema, `prefill` how it continues an answer that was begun for it, `context`
    how many tokens a prompt and its answer may have together. `image_limits` is what to do where it enlarges pictures,
    and where it shrinks them: templates over ``$tokens`` and ``$pixels`` of the picture. `pixels` is whether it takes
    pictures that are not coded, `video` whether it takes a `Video`.
    """

    structured: Literal["none", "response_format", "structured_outputs", "grammar"] = "none"
    prefill: Literal["none", "continue_final_message"] = "none"
    prefix_cache: bool = False
    max_image_pixels: int | None = None
    context: int | None = None
    image_limits: tuple[str, str] = (
        "Start the server with a lower limit of the image size",
        "Start the server with a higher limit of the image size, or lower --max-pixels",
    )
    pixels: bool = False
    video: bool = False

    def picture(self, image: Image) -> bytes | Pixels:
        """`image` (RGB uint8 HxWx3) as a request takes it."""
        return Pixels(image) if self.pixels else encode_png(image)


@dataclass(frozen=True)
class Shape:
    """What an answer must look like, for endpoints that can hold a model to it. What comes is checked all the same.

    Either `before`, then JSON that fits `schema` (a JSON schema), then `after`; or text that fits `pattern` from its
    first to its last letter (a regular expression of the subset that xgrammar, llguidance and vLLM share). Where both
    are there they say the same, but that the pattern allows only one spacing. `free` says that the model may write what
    it likes, such as a thought, before the part that is held; only a pattern can be free.
    """

    schema: Mapping[str, Any] | None = None
    before: str = ""
    after: str = ""
    pattern: str | None = None
    free: bool = False

    def __post_init__(self) -> None:
        if self.schema is None and self.pattern is None:
            raise ValueError("a shape needs a schema or a pattern")
        if self.schema is None and (self.before or self.after):
            raise ValueError("before and after belong to a schema")


@dataclass(frozen=True)
class Sampling:
    """How tokens are chosen, all of it: what is not said a server takes from the checkpoint. The defaults are the
    likeliest token, whatever came before; `top_k` 0 is all tokens.
    """

    temperature: float = 0.0
    top_p: float = 1.0
    top_k: int = 0
    min_p: float = 0.0
    repetition_penalty: float = 1.0
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0


@dataclass(frozen=True)
class ChatMessage:
    """An earlier message of a conversation."""

    role: Literal["user", "assistant"]
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Request:
    """One question. `prefill` is the beginning of the answer, used only where the endpoint can.

    `turns` are the messages between the system's and the last one, `user`.

    `special_tokens` asks for the answer with its special tokens, which mark the places of some families.
    `image_tokens` is how many tokens the pictures should make; with it the reply says how many they made. `thinking` is
    whether the model shall think first, or with how many tokens at most, None for what the server does by itself;
    `thinking_key` is what the model's chat template calls it. With `tools`, in the words of `wire`, calls are asked
    for, told and read as that protocol has them; in texts they stand as JSON between ``<tool_call>`` tags.
    `tool_choice` is whether the model must call one (``required``) or may (``auto``). `control_tokens` are those that
    the texts must not have, beside the common ones (`agent.models.endpoints.control_tokens`).
    """

    system: str
    user: tuple[Part, ...]
    prefill: str = ""
    stop: tuple[str, ...] = ()
    max_tokens: int = 1024
    sampling: Sampling = Sampling()
    shape: Shape | None = None
    special_tokens: bool = False
    turns: tuple[ChatMessage, ...] = ()
    image_tokens: int | None = None
    thinking: bool | int | None = None
    thinking_key: str = "enable_thinking"
    tools: tuple[Mapping[str, Any], ...] = ()
    tool_choice: str = "required"
    wire: Wire = "chat"
    control_tokens: tuple[str, ...] = ()

    @property
    def messages(self) -> tuple[ChatMessage, ...]:
        """`turns` and the last message."""
        return (*self.turns, ChatMessage("user", self.user))


@dataclass(frozen=True)
class Reply:
    """One whole answer, `prefill` included where it was used.

    `ended` is whether the model stopped by itself; False for an answer cut at the token limit. `usage` sums up all
    attempts it took. `thought` is what the server keeps apart from the text. `missing` says, in one line, what came
    instead of a text: where that was a whole thought, which may hold the answer, it is the text. `image_tokens` is how
    many tokens the pictures made with those around them, None where that was not asked or cannot be told.
    """

    text: str
    ended: bool
    usage: Usage
    notes: tuple[str, ...] = ()
    thought: str = ""
    missing: str = ""
    image_tokens: int | None = None


Enough = Callable[[], Callable[[str], bool]]
"""Makes a function that is given each new piece of one answer and is True when no more of it is wanted."""


class Endpoint(Protocol):
    """A place that answers requests."""

    @property
    def name(self) -> str:
        """For records and people: the model and where it runs. Never a secret."""

    @property
    def model(self) -> str:
        """The name the model is served under. Raises `agent.core.model.ModelError` when the server cannot say."""

    @property
    def capabilities(self) -> Capabilities:
        """What it can do, as far as is known."""

    def complete(self, request: Request, enough: Enough | None = None) -> Reply:
        """The answer. Raises `agent.core.model.ModelError` with one line on what to do next."""

    def close(self) -> None:
        """Give connections back. Safe to call twice."""
