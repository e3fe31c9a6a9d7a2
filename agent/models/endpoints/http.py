"""HTTP as model servers speak it: whole answers and streams of events, bounded in size and time."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from agent.core.model import ModelError, Usage

MAX_BODY = 4 * 2**20
"""Bytes of one response that are read at most."""
DONE = b"[DONE]"


@dataclass
class HttpAnswer:
    """What has come of one answer so far; `finish` is why the server says it ended."""

    text: list[str] = field(default_factory=list)
    finish: str | None = None
    first_token: float | None = None
    prompt_tokens: int = 0
    completion_tokens: int = 0


class ReadDeadline:
    """Shuts the socket of `response` down at a time, which ends a read that waits for ever; httpx bounds only each
    read by itself.
    """

    def __init__(self, response: httpx.Response, deadline: float) -> None:
        stream = response.extensions.get("network_stream")
        self._socket = stream.get_extra_info("socket") if stream is not None else None
        self._timer = threading.Timer(0, self._ring)
        self.deadline = deadline
        self._set(deadline - time.monotonic())

    def __enter__(self) -> ReadDeadline:
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

    def within(self, seconds: float) -> None:
        """Ring in `seconds` from now, if that is sooner."""
        if time.monotonic() + seconds < self.deadline:
            self._set(seconds)

    def _set(self, seconds: float) -> None:
        self._timer.cancel()
        self._timer = threading.Timer(max(seconds, 0), self._ring)
        self._timer.daemon = True
        self._timer.start()

    def _ring(self) -> None:
        if self._socket is not None:
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)


def bounded(response: httpx.Response) -> bytes:
    """The whole body. Raises `ModelError` for one larger than `MAX_BODY`."""
    body = bytearray()
    for chunk in response.iter_bytes():
        body += chunk
        if len(body) > MAX_BODY:
            raise _too_big(response)
    return bytes(body)


def events(response: httpx.Response) -> Iterator[bytes]:
    """The data of each server-sent event, ``[DONE]`` included as the last."""
    rest, total = b"", 0
    for chunk in response.iter_bytes():
        total += len(chunk)
        if total > MAX_BODY:
            raise _too_big(response)
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            if line.startswith(b"data:"):
                data = line[5:].strip()
                if data:
                    yield data
                if data == DONE:
                    return
    if rest.strip() == b"data: " + DONE:
        yield DONE


def _too_big(response: httpx.Response) -> ModelError:
    return ModelError(f"the answer of {response.url.host} is larger than {MAX_BODY >> 20} MiB: not read further")


def take(data: dict[str, Any], answer: HttpAnswer, start: float) -> str:
    """Add one event, or a whole answer, to `answer`; the new text."""
    usage = data.get("usage")
    if isinstance(usage, dict):
        answer.prompt_tokens = _count(usage.get("prompt_tokens"))
        answer.completion_tokens = _count(usage.get("completion_tokens"))
    choice = data["choices"][0] if data["choices"] else {}
    if not isinstance(choice, dict):
        return ""
    message = choice.get("delta") or choice.get("message")
    piece = message.get("content") if isinstance(message, dict) else None
    if isinstance(piece, str) and piece:
        answer.text.append(piece)
        answer.first_token = answer.first_token or time.monotonic() - start
    if isinstance(choice.get("finish_reason"), str):
        answer.finish = answer.finish or choice["finish_reason"]
    return piece if isinstance(piece, str) else ""


def _count(value: Any) -> int:
    return value if isinstance(value, int) and 0 <= value < 10**12 else 0


def usage_of(answers: Sequence[HttpAnswer], start: float) -> Usage:
    """What all attempts together cost since `start` (`time.monotonic`)."""
    return Usage(
        prompt_tokens=sum(answer.prompt_tokens for answer in answers),
        completion_tokens=sum(answer.completion_tokens for answer in answers),
        first_token_seconds=answers[-1].first_token,
        seconds=time.monotonic() - start,
        requests=len(answers),
    )


def retry_after(response: httpx.Response) -> float | None:
    """Seconds from a Retry-After header, as a number or a date; None without one."""
    value = response.headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d{1,9}(\.\d{1,6})?", value):
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (TypeError, ValueError):
        return None
