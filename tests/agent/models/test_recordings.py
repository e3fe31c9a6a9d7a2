"""Recorded answers of real servers, byte for byte: llama.cpp, vLLM, ``transformers serve``, a vLLM whose engine died.

They lie beside the repository and are no part of it; without them these tests are skipped.
"""

from __future__ import annotations

import base64
import io
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image as PillowImage

from agent.core.model import ModelError
from agent.models.endpoints.endpoint import Request
from agent.models.endpoints.openai import OpenAIEndpoint
from agent.models.endpoints.patience import Patience
from tests.agent.misbehaving_server import MisbehavingServer

DATA = Path(os.environ.get("HANDEYE_DATA", Path(__file__).parents[3].parent / "shared" / "data"))
RECORDINGS = DATA / "servers"
ABSENT = "no recordings of real servers: set HANDEYE_DATA to the folder that has servers/"
ONCE = Patience(total=30, attempts=1)


@dataclass(frozen=True)
class Exchange:
    """One request (`body` is None for a GET) and the bytes of its response."""

    body: dict[str, Any] | None
    status: int
    response: bytes

    @property
    def data(self) -> list[Any]:
        """The JSON of the response: that of each event, or the whole."""
        text = self.response.partition(b"\r\n\r\n")[2]
        if b"text/event-stream" in self.response[:600]:
            return [json.loads(found) for found in re.findall(rb"^data: (\{.*\})", text, re.M)]
        return [json.loads(text)] if text[:1] == b"{" else [text.decode()]

    @property
    def error(self) -> str:
        """What the server says went wrong."""
        last = self.data[-1] if self.data else ""
        if self.status != 200 and isinstance(last, str):
            return last
        return str(last["error"]["message"] if "error" in last else last.get("detail", ""))

    @property
    def pictures(self) -> list[bytes]:
        """The pictures of the request."""
        return [part for part in _parts(self.body) if isinstance(part, bytes)]


def _parts(body: dict[str, Any] | None) -> list[str | bytes]:
    user = next((m["content"] for m in (body or {"messages": []})["messages"] if m["role"] == "user"), [])
    return [part["text"] if part["type"] == "text" else _decoded(part["image_url"]["url"]) for part in user]


def _decoded(url: str) -> bytes:
    return base64.b64decode(url.partition(",")[2])


def exchanges(path: Path) -> Iterator[Exchange]:
    """The exchanges of one connection."""
    asked, told = path.read_bytes(), path.with_suffix(".resp").read_bytes()
    while b"\r\n\r\n" in asked and b"\r\n\r\n" in told:
        request, asked = _message(asked)
        response, told = _message(told)
        body = request.partition(b"\r\n\r\n")[2]
        yield Exchange(json.loads(body) if body else None, int(response[9:12]), response)


def _message(data: bytes) -> tuple[bytes, bytes]:
    """The first message with its head, and the rest."""
    end = data.index(b"\r\n\r\n") + 4
    head = data[:end].lower()
    length = re.search(rb"content-length: (\d+)", head)
    if length:
        end += int(length[1])
    elif b"transfer-encoding: chunked" in head:
        while (line := data.find(b"\r\n", end)) >= 0:
            size = int(data[end:line], 16)
            end = line + 2 + size + 2
            if not size:
                break
    return data[:end], data[end:]


def recorded() -> list[Any]:
    found = []
    for path in sorted(RECORDINGS.glob("*/*.req")):
        for number, one in enumerate(exchanges(path)):
            if one.body is not None:
                found.append(pytest.param(one, id=f"{path.parent.name.removeprefix('rec-')}-{path.stem}-{number}"))
    return found or [pytest.param(None, id="none", marks=pytest.mark.skip(reason=ABSENT))]


def models_of(name: str) -> bytes:
    """What the server of the recording lists."""
    for path in sorted((RECORDINGS / name).glob("*.req")):
        for one in exchanges(path):
            if one.body is None and b'"data"' in one.response:
                return one.response.partition(b"\r\n\r\n")[2]
    return b'{"data": [{"id": "x"}]}'


@pytest.mark.parametrize("one", recorded())
def test_a_recorded_answer_is_understood(one: Exchange, request: pytest.FixtureRequest) -> None:
    """The text, its end and the counts as they stand in the recording; an error in one line with the server's words."""
    assert one.body is not None
    messages = one.body["messages"]
    system = next((m["content"] for m in messages if m["role"] == "system"), "")
    prefill = next((m["content"] for m in messages if m["role"] == "assistant"), "")
    asked = Request(system, tuple(_parts(one.body)), prefill, max_tokens=one.body["max_tokens"])
    name = request.node.callspec.id.rsplit("-", 2)[0]
    with MisbehavingServer(lambda send: send(one.response), models=models_of(f"rec-{name}")) as url:
        endpoint = OpenAIEndpoint(url, one.body["model"], patience=ONCE, prefill=bool(prefill))
        if one.error or one.status != 200 or not _ends(one):
            with pytest.raises(ModelError, match=r"\A[^\n]*\Z") as error:
                endpoint.complete(asked)
            assert " ".join(one.error.split())[:60] in str(error.value)
            return
        reply = endpoint.complete(asked)
    choices = [event["choices"][0] for event in one.data if event.get("choices")]
    text = "".join((choice.get("delta") or choice.get("message") or {}).get("content") or "" for choice in choices)
    begun = prefill if reply.text.startswith(prefill) and not text.startswith(prefill) else ""
    assert reply.text == begun + text
    assert reply.ended == (choices[-1]["finish_reason"] == "stop")
    usage = next((event["usage"] for event in reversed(one.data) if event.get("usage")), None)
    if usage is not None:
        assert (reply.usage.prompt_tokens, reply.usage.completion_tokens) == (
            usage["prompt_tokens"],
            usage["completion_tokens"],
        )


def _ends(one: Exchange) -> bool:
    return any(c.get("finish_reason") for event in one.data for c in event.get("choices") or ())


@pytest.mark.skipif(not RECORDINGS.exists(), reason=ABSENT)
def test_a_picture_makes_a_token_for_each_patch_on_every_server() -> None:
    """The same question with pictures of five sizes: what is left of the prompt's tokens is the text and two marks."""
    left: dict[str, set[int]] = {}
    for path in sorted(RECORDINGS.glob("*/*.req")):
        for one in exchanges(path):
            usage = next((e["usage"] for e in one.data if isinstance(e, dict) and e.get("usage")), None)
            if usage is None or len(one.pictures) != 1 or "messages" not in (one.body or {}):
                continue
            size = PillowImage.open(io.BytesIO(one.pictures[0])).size
            texts = [len(m["content"]) for m in one.body["messages"] if isinstance(m["content"], str)]  # type: ignore[index]
            if size[0] % 28 == 0 and len(texts) == 2:  # the system's words and the beginning of the answer
                patches = size[0] * size[1] // 784
                left.setdefault(path.parent.name, set()).add(usage["prompt_tokens"] - patches)
    assert set(left) == {"rec-llama-server-b11434", "rec-vllm-0.32"}
    every = set().union(*left.values())
    assert max(every) - min(every) <= 2
