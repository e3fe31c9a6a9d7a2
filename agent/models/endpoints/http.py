"""HTTP as model servers speak it: whole answers and streams of events, bounded in size and time."""

from __future__ import annotations

import ast
import json
import math
import re
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from email.utils import formatdate, parsedate_to_datetime
from typing import Any

import httpx

from agent.core.model import ModelError, Usage
from agent.models.endpoints.errors import one_line

MAX_BODY = 4 * 2**20
"""Bytes of one response that are read at most."""
DONE = b"[DONE]"


@dataclass
class HttpAnswer:
    """What has come of one answer so far; `finish` is why the server says it ended.

    `thought` is reasoning that the server keeps apart from the text, `calls` the [name, arguments] of tool calls that
    it took out of the text, by their index.
    """

    text: list[str] = field(default_factory=list)
    thought: list[str] = field(default_factory=list)
    refusal: list[str] = field(default_factory=list)
    calls: dict[int, list[str]] = field(default_factory=dict)
    finish: str | None = None
    first_token: float | None = None
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0

    @property
    def ended(self) -> bool:
        """Whether the model stopped by itself. Some servers say so of calls that were cut off too."""
        whole = all(_is_whole(said) for _, said in self.calls.values())
        return self.finish in ("stop", "tool_calls", "function_call") and whole

    def message(self, begun: str) -> tuple[str, str, str]:
        """The text of the answer, the thought apart from it, and what came instead of a text in the usual place.

        Servers give what follows `begun`, and some repeat it.
        """
        text, thought = "".join(self.text), "".join(self.thought)
        if self.calls and "<tool_call>" not in text:
            return "\n".join([text.strip(), *(_tagged(*call) for call in self.calls.values())]).strip(), thought, ""
        if not text.strip():
            instead = self._instead(thought.strip())
            return (thought, "", instead) if self.ended else ("", thought, instead)
        return (text if text.startswith(begun) else begun + text), thought, ""

    def _instead(self, thought: str) -> str:
        counted = f", {self.completion_tokens:,} tokens" if self.completion_tokens else ""
        cut = ", cut off at the limit: give the model more tokens or" if self.finish == "length" else ":"
        if thought:
            return f"only a thought came{counted}{cut} switch thinking off"
        refusal = one_line("".join(self.refusal))
        return f"the model refuses: {refusal}" if refusal else f"the answer is empty{counted}"


def _tagged(name: str, said: str) -> str:
    """A call in its tags, which one that was cut off does not get to its end."""
    return f'<tool_call>\n{{"name": {json.dumps(name)}, "arguments": {said or "{}"}' + "}\n</tool_call>" * _is_whole(
        said
    )


def _is_whole(said: str) -> bool:
    """Whether the arguments of a call are a whole value, in JSON or with Python's quotes."""
    for read in (json.loads, ast.literal_eval):
        try:
            return read(said or "{}") is not None
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
    return False


class _Watchdog:
    """One thread that rings every connection whose time is over: a timer of its own for each is a thread a request."""

    def __init__(self) -> None:
        self._due: dict[Connection, float] = {}
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def watch(self, connection: Connection, until: float) -> None:
        """Ring `connection` at `until` (`time.monotonic`), and at no time set before."""
        with self._changed:
            sooner = until < min(self._due.values(), default=math.inf)
            self._due[connection] = until
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._ring, name="http-deadlines", daemon=True)
                self._thread.start()
            elif sooner:
                self._changed.notify()

    def forget(self, connection: Connection) -> None:
        """Ring it no more; one that rings has rung when this returns."""
        with self._changed:
            self._due.pop(connection, None)

    def _ring(self) -> None:
        with self._changed:
            while True:
                for connection in [one for one, until in self._due.items() if until <= time.monotonic()]:
                    del self._due[connection]
                    connection.ring()
                soonest = min(self._due.values(), default=None)
                self._changed.wait(None if soonest is None else max(soonest - time.monotonic(), 0))


_WATCHDOG = _Watchdog()


class Connection:
    """An HTTP client of one connection. Every wait ends at a deadline, which shuts its socket down; httpx bounds only
    each read by itself. With `tls` false it speaks plain http only, and reads no certificates (40 ms of CPU).
    """

    def __init__(self, headers: Mapping[str, str], trust_env: bool, tls: bool) -> None:
        limits = httpx.Limits(max_connections=1)
        verify = True if tls else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self._client = httpx.Client(headers=dict(headers), trust_env=trust_env, limits=limits, verify=verify)
        self._socket: socket.socket | None = None
        self.deadline = 0.0

    @contextmanager
    def open(
        self,
        method: str,
        url: str,
        deadline: float,
        connect: float,
        body: tuple[int, Iterator[bytes]] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Iterator[httpx.Response]:
        """The response to one request, not read yet; `body` is the length of its JSON and the pieces of that.

        Raises `httpx.HTTPError`, and `ModelError` for a packed response.
        """
        self.deadline = deadline
        left = max(deadline - time.monotonic(), 0.01)
        _WATCHDOG.watch(self, time.monotonic() + left)
        timeout, trace = httpx.Timeout(left, connect=min(connect, left)), {"trace": self._trace}
        try:
            told = {**(headers or {})}
            if body is not None:
                told |= {"Content-Type": "application/json", "Content-Length": str(body[0])}
            content = None if body is None else body[1]
            request = self._client.build_request(
                method, url, content=content, headers=told, timeout=timeout, extensions=trace
            )
            with closing(self._client.send(request, stream=True)) as response:
                packed = response.headers.get("content-encoding", "identity").strip().lower()
                if packed not in ("", "identity"):
                    raise ModelError(
                        f"{request.url.host} packs its answers ({one_line(packed)}), which was not asked for"
                    )
                yield response
        finally:
            _WATCHDOG.forget(self)

    def within(self, seconds: float) -> None:
        """Ring in `seconds` from now, if that is sooner."""
        if time.monotonic() + seconds < self.deadline:
            _WATCHDOG.watch(self, time.monotonic() + seconds)

    def close(self) -> None:
        """Close it."""
        self._client.close()

    def _trace(self, event: str, info: Mapping[str, Any]) -> None:
        if event in ("connection.connect_tcp.complete", "connection.start_tls.complete"):
            self._socket = info["return_value"].get_extra_info("socket")
            if time.monotonic() > self.deadline:
                self.ring()

    def ring(self) -> None:
        """Shut the socket down, which ends every wait for it."""
        if self._socket is not None:
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)


def bounded(response: httpx.Response) -> bytes:
    """The whole body. Raises `ModelError` for one larger than `MAX_BODY`."""
    body = bytearray()
    for chunk in response.iter_raw():
        body += chunk
        if len(body) > MAX_BODY:
            raise _too_big(response)
    return bytes(body)


def events(response: httpx.Response) -> Iterator[bytes]:
    """The data of each server-sent event, ``[DONE]`` included as the last."""
    rest, total = b"", 0
    for chunk in response.iter_raw():
        total += len(chunk)
        if total > MAX_BODY:
            raise _too_big(response)
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            name, _, data = line.partition(b":")
            data = data.strip()
            if data and name in (b"data", b"error"):
                yield data if name == b"data" else b'{"error": %s}' % data
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
        details = usage.get("prompt_tokens_details")
        answer.cached_tokens = _count(details.get("cached_tokens")) if isinstance(details, dict) else 0
    choice = data["choices"][0] if data["choices"] else {}
    if not isinstance(choice, dict):
        return ""
    message = choice.get("delta") or choice.get("message")
    piece = _take_message(message, answer) if isinstance(message, dict) else ""
    if piece:
        answer.text.append(piece)
        answer.first_token = answer.first_token or time.monotonic() - start
    if isinstance(choice.get("finish_reason"), str):
        answer.finish = answer.finish or choice["finish_reason"]
    return piece


def _take_message(message: Mapping[str, Any], answer: HttpAnswer) -> str:
    """Add what stands beside the text to `answer`; the text."""
    answer.thought.append(_text(message.get("reasoning_content") or message.get("reasoning")))
    answer.refusal.append(_text(message.get("refusal")))
    calls = message.get("tool_calls") or [{"function": message.get("function_call")}]  # its name before 2024
    for number, call in enumerate(calls if isinstance(calls, list) else ()):
        function = call.get("function") if isinstance(call, dict) else None
        if isinstance(function, dict):
            known = answer.calls.setdefault(_count(call.get("index", number)), ["", ""])
            said = function.get("arguments")
            known[0] += _text(function.get("name"))
            known[1] += json.dumps(said) if isinstance(said, dict) else _text(said)
    return _text(message.get("content"))


def _text(content: Any) -> str:
    """A text, or the texts of a list of parts."""
    if isinstance(content, list):
        return "".join(_text(part.get("text") if isinstance(part, dict) else part) for part in content)
    return content if isinstance(content, str) else ""


def _count(value: Any) -> int:
    return value if isinstance(value, int) and 0 <= value < 10**12 else 0


def usage_of(answers: Sequence[HttpAnswer], start: float) -> Usage:
    """What all attempts together cost since `start` (`time.monotonic`)."""
    return Usage(
        prompt_tokens=sum(answer.prompt_tokens for answer in answers),
        completion_tokens=sum(answer.completion_tokens for answer in answers),
        cached_tokens=sum(answer.cached_tokens for answer in answers),
        first_token_seconds=answers[-1].first_token,
        seconds=time.monotonic() - start,
        requests=len(answers),
    )


def retry_after(response: httpx.Response) -> float | None:
    """Seconds from a Retry-After header, as a number or a date of the server's clock; None without one."""
    value = response.headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d{1,9}(\.\d{1,6})?", value):
        return float(value)
    try:
        wait = parsedate_to_datetime(value) - parsedate_to_datetime(
            response.headers.get("date") or formatdate(usegmt=True)
        )
        return max(0.0, wait.total_seconds())
    except (TypeError, ValueError):
        return None
