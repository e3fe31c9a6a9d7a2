"""From a request to the tensors that a checkpoint takes.

Qwen's family is prepared by hand: its `AutoProcessor` cannot be made without torchvision, and generation needs the
token types that a processor may leave out (without them positions are silently those of plain text). Other
checkpoints are prepared by their own processor.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Protocol

import cv2
import numpy as np
import torch
from PIL import Image as PilImage

from agent.core.model import ModelError
from agent.models.dialects.resize import smart_resize
from agent.models.endpoints.control_tokens import plain_request
from agent.models.endpoints.endpoint import LaterPicture, Pixels, Request

IMAGE_PAD = "<|image_pad|>"
VL_TEMPLATE = (
    "{% for message in messages %}"
    "{% if loop.first and message['role'] != 'system' %}"
    "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n"
    "{% endif %}"
    "<|im_start|>{{ message['role'] }}\n"
    "{% if message['content'] is string %}{{ message['content'] }}"
    "{% else %}{% for part in message['content'] %}"
    "{% if part['type'] == 'image' %}<|vision_start|><|image_pad|><|vision_end|>"
    "{% elif 'text' in part %}{{ part['text'] }}{% endif %}"
    "{% endfor %}{% endif %}<|im_end|>\n"
    "{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
"""The chat template of Qwen2-VL and Qwen2.5-VL, for checkpoints that come without one or with a text model's."""
_MARKS = re.compile("box|point|quad|ref|think|answer|tool")


@dataclass(frozen=True)
class Picture:
    """One picture in the size that the model takes, and the grid of its patches (time, rows, columns)."""

    pixels: Pixels
    grid: torch.Tensor


@dataclass
class TokenizedPrompt:
    """One request as token ids; `pictures` are the images among them, for families prepared by hand.

    `tensors` is what the checkpoint's own processor made beside `ids`, for the others.
    """

    ids: list[int]
    pictures: list[Picture] = field(default_factory=list)
    tensors: dict[str, torch.Tensor] = field(default_factory=dict)


class Preparer(Protocol):
    """Makes prompts of one checkpoint."""

    def prompt(self, request: Request) -> TokenizedPrompt:
        """`request` as this checkpoint reads it. Raises `ModelError`."""

    def batch(
        self, prompts: Sequence[TokenizedPrompt], ids: Sequence[Sequence[int]], pad: int, known: int = 0
    ) -> dict[str, torch.Tensor]:
        """The arguments of ``generate`` for several prompts; `ids` begin with the prompts' own. Padded at the left.

        The model has computed the first `known` pictures already: their pixels are left out.
        """


def messages_of(request: Request, pictures: Sequence[Any]) -> list[dict[str, Any]]:
    """The chat as templates take it, without the prefill."""
    request, left = plain_request(request), iter(pictures)
    made = [{"role": "system", "content": [{"type": "text", "text": request.system}]}] if request.system else []
    for message in request.messages:
        content = [
            {"type": "text", "text": part} if isinstance(part, str) else {"type": "image", "image": next(left)}
            for part in message.parts
        ]
        made.append({"role": message.role, "content": content})
    return made


def open_pictures(request: Request) -> list[Pixels]:
    """The pictures of a request; PNGs are decoded. Raises `ModelError`."""
    return [_opened(part) for message in request.messages for part in message.parts if not isinstance(part, str)]


def _opened(part: bytes | Pixels | LaterPicture) -> Pixels:
    if isinstance(part, Pixels):
        return part
    if isinstance(part, LaterPicture):
        return Pixels(part.image())
    try:
        return Pixels(np.asarray(PilImage.open(io.BytesIO(part)).convert("RGB")))
    except (OSError, ValueError) as error:
        raise ModelError(f"a picture cannot be read: {error}") from error


def thinking_switch(request: Request) -> dict[str, bool]:
    """What tells the chat template whether the model thinks first; nothing where the question leaves it open."""
    return {} if request.thinking is None else {request.thinking_key: bool(request.thinking)}


@dataclass
class QwenPreparer:
    """Qwen2-VL to Qwen3.5: chat template, image placeholders expanded, token types for the positions."""

    tokenizer: Any
    image_processor: Any
    template: str
    image_token: int

    def prompt(self, request: Request) -> TokenizedPrompt:
        """The request as ids: one `image_token` for each merged patch. Raises `ModelError`."""
        images = open_pictures(request)
        text = self.tokenizer.apply_chat_template(
            messages_of(request, images),
            chat_template=self.template,
            add_generation_prompt=True,
            tokenize=False,
            **thinking_switch(request),
        )
        pictures = [self._picture(image) for image in images]
        ids = self.tokenizer.encode(text + request.prefill, add_special_tokens=False)
        return TokenizedPrompt(self._expand(ids, pictures), pictures)

    def _picture(self, pixels: Pixels) -> Picture:
        """`pixels` in the size of the processor's own rule, which is the one that they have as a rule."""
        take, (height, width) = self.image_processor, pixels.image.shape[:2]
        low, high = take.size["shortest_edge"], take.size["longest_edge"]
        try:
            rows, columns = smart_resize(height, width, take.patch_size * take.merge_size, low, high)
        except ValueError as error:
            raise ModelError(f"a picture cannot be read: {error}") from error
        if (rows, columns) != (height, width):
            resized = PilImage.fromarray(pixels.image).resize((columns, rows), take.resample)
            pixels = Pixels(np.asarray(resized))
        return Picture(pixels, torch.tensor([[1, rows // take.patch_size, columns // take.patch_size]]))

    def patches(self, pixels: Pixels) -> torch.Tensor:
        """What the processor makes of a picture (patches x values): each value is looked up, none computed."""
        looked_up = np.asarray(cv2.LUT(np.ascontiguousarray(pixels.image), self._values))
        arranged, frames = self._arranged(looked_up), int(self.image_processor.temporal_patch_size)
        made = np.empty((*arranged.shape[:5], frames, *arranged.shape[5:]), np.float32)
        made[:] = arranged[:, :, :, :, :, None]
        return torch.from_numpy(made.reshape(-1, math.prod(made.shape[4:])))

    def _arranged(self, image: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """HxWx3 as a view: rows and columns of tokens, patches of a token down and across, 3, rows and columns."""
        side, merge = int(self.image_processor.patch_size), int(self.image_processor.merge_size)
        rows, columns = (length // side // merge for length in image.shape[:2])
        return image.reshape(rows, merge, side, columns, merge, side, 3).transpose(0, 3, 1, 4, 6, 2, 5)

    @cached_property
    def _values(self) -> np.ndarray[Any, np.dtype[np.float32]]:
        """What the processor makes of each value of each channel (1 x 256 x 3), by its own account."""
        take = self.image_processor
        side = take.patch_size * take.merge_size
        ramp = np.repeat(np.resize(np.arange(256, dtype=np.uint8), (side, side, 1)), 3, axis=2)
        made = take(images=[ramp], do_resize=False, return_tensors="np", input_data_format="channels_last")
        flat = made["pixel_values"].reshape(take.merge_size, take.merge_size, 3, take.temporal_patch_size, -1)
        values, arranged = np.empty((1, 256, 3), np.float32), self._arranged(ramp)[0, 0]
        for channel in range(3):
            values[0, arranged[:, :, channel].ravel(), channel] = flat[:, :, channel, 0].ravel()
        return values

    def _expand(self, ids: Sequence[int], pictures: Sequence[Picture]) -> list[int]:
        merged = self.image_processor.merge_size**2
        left = iter(pictures)
        out: list[int] = []
        for token in ids:
            if token != self.image_token:
                out.append(token)
                continue
            out += [token] * (int(next(left).grid.prod()) // merged)
        if next(left, None) is not None:
            raise ModelError("the checkpoint's chat template leaves the picture out: it is a text model's")
        return out

    def batch(
        self, prompts: Sequence[TokenizedPrompt], ids: Sequence[Sequence[int]], pad: int, known: int = 0
    ) -> dict[str, torch.Tensor]:
        """As `Preparer.batch`."""
        tensors = left_padded(ids, pad)
        tensors["mm_token_type_ids"] = (tensors["input_ids"] == self.image_token).int() * tensors[
            "attention_mask"
        ].int()
        pictures = [picture for prompt in prompts for picture in prompt.pictures]
        if pictures:
            tensors["image_grid_thw"] = torch.cat([picture.grid for picture in pictures])
        if pictures[known:]:
            tensors["pixel_values"] = torch.cat([self.patches(picture.pixels) for picture in pictures[known:]])
        return tensors


def left_padded(rows: Sequence[Sequence[int]], pad: int) -> dict[str, torch.Tensor]:
    """`rows` of ids as one tensor with `pad` at the left, and its attention mask."""
    width = max(map(len, rows))
    ids = torch.tensor([[pad] * (width - len(row)) + list(row) for row in rows], dtype=torch.long)
    mask = torch.tensor([[0] * (width - len(row)) + [1] * len(row) for row in rows], dtype=torch.long)
    return {"input_ids": ids, "attention_mask": mask}


@dataclass
class ProcessorPreparer:
    """Any checkpoint whose own processor works here."""

    processor: Any

    @cached_property
    def _control_tokens(self) -> tuple[str, ...]:
        """The tokenizer's special tokens but those that mark places and thoughts in answers."""
        added = self.processor.tokenizer.added_tokens_decoder.values()
        return tuple(str(token) for token in added if token.special and not _MARKS.search(str(token)))

    def prompt(self, request: Request) -> TokenizedPrompt:
        """The request through the processor's own chat template. Raises `ModelError`."""
        pictures = [PilImage.fromarray(pixels.image) for pixels in open_pictures(request)]
        messages = messages_of(replace(request, control_tokens=self._control_tokens), pictures)
        try:
            made = self.processor.apply_chat_template(
                messages,
                add_generation_prompt=True,
                tokenize=True,
                return_dict=True,
                return_tensors="pt",
                **thinking_switch(request),
            )
        except (ValueError, TypeError, KeyError, ImportError) as error:
            raise ModelError(f"the checkpoint's processor refuses the request: {error}") from error
        ids = [int(token) for token in made["input_ids"][0]]
        ids += self.processor.tokenizer.encode(request.prefill, add_special_tokens=False) if request.prefill else []
        return TokenizedPrompt(ids, tensors={k: v for k, v in made.items() if k not in ("input_ids", "attention_mask")})

    def batch(
        self, prompts: Sequence[TokenizedPrompt], ids: Sequence[Sequence[int]], pad: int, known: int = 0
    ) -> dict[str, torch.Tensor]:
        """As `Preparer.batch`: what goes with the tokens is padded like them, the rest is joined."""
        tensors = left_padded(ids, pad)
        width = tensors["input_ids"].shape[1]
        for name in prompts[0].tensors:
            parts = [prompt.tensors[name] for prompt in prompts]
            along = [part.shape[-1] == len(prompt.ids) for part, prompt in zip(parts, prompts, strict=True)]
            tensors[name] = torch.cat(
                [_stretched(part, len(row), width) for part, row in zip(parts, ids, strict=True)]
                if name.endswith("token_type_ids") and all(along)
                else parts
            )
        return tensors


def _stretched(part: torch.Tensor, length: int, width: int) -> torch.Tensor:
    """Token types of a prompt (1 x n) for its ids and what was written since, `length` in all, padded to `width`."""
    right = length - part.shape[-1]
    return torch.nn.functional.pad(part, (width - length, right))
