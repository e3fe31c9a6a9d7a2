"""What is checked of every real server, through the endpoint that the product speaks to it with."""

from __future__ import annotations

import json
import os
import re
import signal
from dataclasses import replace
from typing import Any

import cv2
import jsonschema
import numpy as np
import pytest
from tokenizers import Tokenizer

from actions.frame import Frame
from agent.core.model import ModelError
from agent.models.dialects.dialect import Use
from agent.models.dialects.registry import DIALECTS
from agent.models.dialects.shape import data_shape, shape_of
from agent.models.endpoints.endpoint import Request, Shape
from agent.models.endpoints.openai import OpenAIEndpoint
from agent.models.server_resize import ServerResize, Size
from envs.png import encode_png
from tests.agent import tiny_qwen
from tests.servers.conftest import Served

QWEN = DIALECTS["qwen2.5-vl"]
SIZES = [
    (320, 240),
    (390, 844),
    (800, 600),
    (1024, 768),
    (1080, 2400),
    (1280, 800),
    (1920, 1080),
    (2560, 1440),
    (3840, 2160),
]
SYSTEM = "You are a helpful assistant."
WORDS = Request(SYSTEM, ("Name a colour, and say why.",), max_tokens=24)
FRAME = Frame(id="1", width=800, height=600)


def picture(size: Size) -> bytes:
    """A red disc on grey, as PNG, in the size that the family is sent."""
    image = np.full((size[1], size[0], 3), 128, np.uint8)
    cv2.circle(image, (size[0] // 2, size[1] // 3), min(size) // 10, (255, 0, 0), -1)
    return encode_png(QWEN.resize.apply(image))


def seen_size(endpoint: OpenAIEndpoint, size: Size) -> tuple[Size, Size]:
    """The size in which a screen of `size` is sent, and that which the server makes of it, told from its tokens."""
    sent = QWEN.resize.size(*size)
    asked = Request(SYSTEM, (picture(size), "Where is the disc?"), max_tokens=1)
    reply = endpoint.complete(replace(asked, image_tokens=sent[0] * sent[1] // 784 + 2))
    assert reply.image_tokens is not None
    learned = ServerResize()
    note = learned.learn(QWEN, sent, reply.image_tokens, endpoint.capabilities)
    assert bool(note) == bool(learned.found)
    return sent, learned.found.get(sent, sent)


def check_whole_and_streamed(served: Served) -> None:
    """The same answer whole and as a stream, with the same counts."""
    whole, streamed = (served.endpoint(stream=stream).complete(WORDS) for stream in (False, True))
    assert whole.text.strip() == streamed.text.strip() != ""
    assert not whole.ended
    counts = [(reply.usage.prompt_tokens, reply.usage.completion_tokens) for reply in (whole, streamed)]
    assert counts[0] == counts[1]
    assert counts[0][1] == 24
    rendered = f"<|im_start|>system\n{SYSTEM}<|im_end|>\n<|im_start|>user\n{WORDS.user[0]!s}<|im_end|>\n"
    rendered += "<|im_start|>assistant\n"
    tokens = Tokenizer.from_file(str(tiny_qwen.tokenizer_file())).encode(rendered, add_special_tokens=False)
    assert counts[0][0] == len(tokens.ids)


def check_stops(served: Served) -> None:
    """An answer ends before a stop string, and an answer that is enough is read no further."""
    endpoint = served.endpoint()
    text = endpoint.complete(WORDS).text.strip()
    stop = text[len(text) // 2 :][:3]
    stopped = endpoint.complete(replace(WORDS, stop=(stop,)))
    assert stopped.ended
    assert stopped.text.strip() == text.partition(stop)[0].strip()
    read: list[str] = []
    endpoint.complete(WORDS, lambda: lambda piece: read.append(piece) or len(read) == 2)  # type: ignore[func-returns-value]
    assert len(read) == 2


def check_begun(served: Served) -> None:
    """An answer goes on from its beginning, and is held to what that leaves open."""
    shape = Shape(pattern=r"\{\"point\": \[[0-9]{1,4}, [0-9]{1,4}\]\}")
    begun = '{"point": ['
    reply = served.endpoint().complete(replace(WORDS, prefill=begun, shape=shape))
    assert reply.notes == ()
    assert re.fullmatch(shape.pattern or "", reply.text), reply.text


def shapes(use: Use) -> dict[str, str]:
    """The different patterns of all families in `use`, each with the name of one of its families."""
    uses = {
        name: shape_of(speaks, use, FRAME) for name, speaks in DIALECTS.items() if use in (*speaks.decide, "locate")
    }
    return {shape.pattern: name for name, shape in uses.items() if shape is not None and shape.pattern}


def check_held(served: Served, use: Use) -> None:
    """The server takes every shape; a place of Qwen2.5-VL is of it and can be read."""
    endpoint = served.endpoint()
    pointed = shape_of(QWEN, "locate", FRAME)
    for pattern, name in shapes(use).items():
        whole = pointed is not None and pattern == pointed.pattern
        reply = endpoint.complete(replace(WORDS, shape=Shape(pattern=pattern), max_tokens=60 if whole else 2))
        assert reply.notes == (), name
        assert reply.ended or not whole, reply.text
        if whole:
            assert re.fullmatch(pattern, reply.text), reply.text
            QWEN.parse_place(reply.text, FRAME)


SCHEMAS: list[dict[str, Any]] = [
    {
        "type": "object",
        "properties": {"total": {"type": "integer"}, "paid": {"type": "boolean"}, "currency": {"enum": ["EUR", "USD"]}},
        "required": ["total", "paid", "currency"],
    },
    {
        "type": "object",
        "properties": {"rows": {"type": "array", "minItems": 1, "maxItems": 2, "items": {"type": "integer"}}},
        "required": ["rows"],
        "additionalProperties": False,
    },
]
"""One that becomes a pattern, and one that says more than a pattern does."""


def check_data(served: Served, schema: dict[str, Any]) -> None:
    """Data of the schema, without free whitespace where it becomes a pattern."""
    reply = served.endpoint().complete(replace(WORDS, shape=data_shape(schema), max_tokens=200))
    assert reply.notes == ()
    assert reply.ended, reply.text
    jsonschema.validate(json.loads(reply.text), schema)
    assert data_shape(schema).pattern is None or not re.search(r"\s{2}|\n", reply.text)


def error_of(endpoint: OpenAIEndpoint, request: Request) -> str:
    """The one line that the user reads."""
    with pytest.raises(ModelError, match=r"\A[^\n]*\Z") as error:
        endpoint.complete(request)
    return str(error.value)


def check_dead(served: Served) -> None:
    """An engine that is killed while it answers: one line, soon."""
    killed: list[bool] = []

    def kill(_: str) -> bool:
        if not killed:
            os.killpg(served.pid, signal.SIGKILL)
            killed.append(True)
        return False

    with pytest.raises(ModelError, match=r"\A[^\n]*\Z") as error:
        served.endpoint().complete(replace(WORDS, max_tokens=4000), lambda: kill)
    assert "broke the connection off" in str(error.value) or "stopped half-way" in str(error.value)
    assert "no connection to" in error_of(served.endpoint(), WORDS)
