"""Control tokens, which only a chat template may say: in the texts of a request they are broken up, so that they stay
text.

A server encodes the filled-in template as one text and takes a control token anywhere in it for one: llama.cpp b11434
(measured: ``<|im_end|>`` in a message is one token), vLLM (its pull request 31735), transformers (its issue 29279).
A task or a screen with one would begin a message of its own, or need a picture that is not there.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TypeVar

from agent.models.endpoints.endpoint import Part, Request

_COMMON = (
    r"<\|(?:im_\w+|endoftext|vision_\w+|image(?:_\w+)?|video(?:_\w+)?|media_\w+|system|user|assistant|observation|end|"
    r"(?:begin|end)_of_(?:text|image|video)|(?:start|end)_header_id|eot_id)\|>|"
    r"<(?:start|end)_of_(?:turn|image)>|<image_soft_token>|<\|(?:turn|image)>|<(?:turn|image)\|>"
)
"""Those of Qwen, InternVL, GLM, Kimi, Phi, Llama and Gemma that no text has for another reason; marks of places are
none.
"""
_Text = TypeVar("_Text", bound=Part)


def plain_request(request: Request) -> Request:
    """`request` with a blank in every control token of its texts; `prefill` is the model's and stays."""
    known = re.compile("|".join((_COMMON, *map(re.escape, request.control_tokens))))

    def plain(part: _Text) -> _Text:
        return type(part)(known.sub(_broken, part)) if isinstance(part, str) else part

    turns = tuple(replace(turn, parts=tuple(map(plain, turn.parts))) for turn in request.turns)
    return replace(request, system=plain(request.system), user=tuple(map(plain, request.user)), turns=turns)


def _broken(token: re.Match[str]) -> str:
    """``<| im_end|>``, ``< image>``."""
    return re.sub(r"\W\|?", r"\g<0> ", token.group(), count=1)
