"""Any server that speaks OpenAI's ``/v1/chat/completions``: vLLM, SGLang, llama.cpp, Ollama, LMDeploy, hosted ones.

Answers are streamed and reading stops once the action is there. What may work on a second try (no connection, a
dropped one, 429, 500, 502, 503, 504, a stream that stops half-way) is tried again with growing pauses; what will not
(400, 401, 403, 404) is said in one line. An answer whose end was not seen is never used.
"""

from __future__ import annotations

import base64
import json
import os
import random
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from agent.endpoints.endpoint import Capabilities, Enough, Reply, Request
from agent.model import ModelError, Usage

MAX_BODY = 4 * 2**20
"""Bytes of one response that are read at most."""
_RETRY = frozenset({408, 409, 425, 429, 500, 502, 503, 504})
_TRAILER = 2.0
"""Seconds to wait for the token counts that follow the end of a streamed answer."""
_DONE = b"[DONE]"
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_TOO_LONG = re.compile(r"context.{0,20}length|max\w* context|max_model_len|too long|exceeds? .{0,40}tokens", re.I)
_UNKNOWN = re.compile(r"extra|unknown|unrecogni[sz]ed|unexpected|not permitted", re.I)
_IMAGE = re.compile(r"image|multimodal|vision", re.I)


@dataclass(frozen=True)
class Patience:
    """How long to wait, in seconds. `total` bounds one `complete` with all its attempts.

    The pause before attempt n is random between half of and all of ``first_pause * 2**(n-1)``, at most `max_pause`;
    a server's Retry-After is honoured up to `max_retry_after`.
    """

    total: float = 300.0
    connect: float = 10.0
    attempts: int = 4
    first_pause: float = 0.5
    max_pause: float = 8.0
    max_retry_after: float = 30.0


class _Again(Exception):  # noqa: N818 - control flow
    """This attempt failed; another may not. `after` is the pause the server asked for; a `free` one is not counted."""

    def __init__(self, why: str, after: float | None = None, free: bool = False) -> None:
        super().__init__(why)
        self.after, self.free = after, free


@dataclass
class _Answer:
    """What has come of one answer so far; `finish` is why the server says it ended."""

    text: list[str] = field(default_factory=list)
    finish: str | None = None
    first_token: float | None = None
    prompt_tokens: int = 0
    completion_tokens: int = 0


class _Alarm:
    """Shuts the socket of `response` down at a time, which ends a read that waits for ever; httpx bounds only each
    read by itself.
    """

    def __init__(self, response: httpx.Response, deadline: float) -> None:
        stream = response.extensions.get("network_stream")
        self._socket = stream.get_extra_info("socket") if stream is not None else None
        self._timer = threading.Timer(0, self._ring)
        self.deadline = deadline
        self._set(deadline - time.monotonic())

    def __enter__(self) -> _Alarm:
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


def api_key(host: str) -> str | None:
    """The key for `host` from the environment: HANDEYE_API_KEY, or OPENAI_API_KEY for OpenAI's and this machine."""
    key = os.environ.get("HANDEYE_API_KEY")
    if not key and (host == "api.openai.com" or host in _LOOPBACK):
        key = os.environ.get("OPENAI_API_KEY")
    return key.strip() if key and key.strip() else None


def base_url(url: str) -> str:
    """`url` with a scheme, without a trailing slash, and with ``/v1`` where it has no path. Raises `ModelError`."""
    try:
        parsed = httpx.URL(url.strip())
    except (httpx.InvalidURL, TypeError) as error:
        raise ModelError(f"not an address: {url!r} ({error})") from error
    if parsed.scheme not in ("http", "https") or not parsed.host or (parsed.port or 80) > 65535:
        raise ModelError(f"not an address: {url!r}; use http://HOST:PORT")
    if parsed.userinfo:
        raise ModelError("leave the password out of the address; set HANDEYE_API_KEY")
    path = parsed.path.rstrip("/").removesuffix("/chat/completions")
    return str(parsed.copy_with(path=path or "/v1", query=None, fragment=None))


@dataclass
class OpenAIEndpoint:
    """A model on an OpenAI-compatible server at `url`. `served` is its name there; without it the server is asked.

    `prefill` says whether the server continues an answer begun for it (vLLM does); a server that refuses the fields
    for it, or for usage in streams, is not sent them again.
    """

    url: str
    served: str | None = None
    stream: bool = True
    prefill: bool = False
    patience: Patience = field(default_factory=Patience)
    transport: httpx.BaseTransport | None = None

    def __post_init__(self) -> None:
        self.url = base_url(self.url)
        host = httpx.URL(self.url).host
        self._key = api_key(host)
        self._refused: set[str] = set()
        self._client = httpx.Client(
            headers={"Accept-Encoding": "identity", "User-Agent": "handeye"}
            | ({"Authorization": f"Bearer {self._key}"} if self._key else {}),
            trust_env=host not in _LOOPBACK,
            transport=self.transport,
        )

    @property
    def name(self) -> str:
        """The served name, when known, and the address."""
        return f"{self.served} at {self.url}" if self.served else self.url

    @property
    def model(self) -> str:
        """The served name; asks ``GET /models`` the first time when it was not given. Raises `ModelError`."""
        if self.served is None:
            names = self._served_names(raises=True)
            if len(names) != 1:
                listed = ", ".join(names[:20]) or "none"
                raise ModelError(f"{self.url} serves {listed}: say which, as {self.url}#NAME")
            self.served = names[0]
        return self.served

    @property
    def capabilities(self) -> Capabilities:
        """Prefill as configured and not refused since."""
        can = self.prefill and "continue_final_message" not in self._refused
        return Capabilities(prefill="continue_final_message" if can else "none")

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def complete(self, request: Request, enough: Enough | None = None) -> Reply:
        """The answer to `request`. `enough` is made anew for each attempt.

        Raises `ModelError` after the last attempt, or at once where another would not help.
        """
        start, notes, failed = time.monotonic(), list[str](), 0
        deadline, answers = start + self.patience.total, list[_Answer]()
        while True:
            answers.append(_Answer())
            body, optional = self._body(request)
            try:
                self._attempt(body, optional, answers[-1], enough() if enough else None, deadline)
                break
            except _Again as error:
                notes.append(str(error))
                failed += not error.free
                self._pause(error, failed, deadline)
        text, prefilled = "".join(answers[-1].text), "continue_final_message" in optional
        return Reply(
            _begun(text, request.prefill) if prefilled else text,
            answers[-1].finish == "stop",
            _usage(answers, start),
            tuple(notes),
        )

    def _body(self, request: Request) -> tuple[dict[str, Any], dict[str, Any]]:
        """The request's JSON and the fields in it that a server may not know."""
        messages: list[dict[str, Any]] = [{"role": "system", "content": request.system}] if request.system else []
        messages.append({"role": "user", "content": [_part(part) for part in request.user]})
        body: dict[str, Any] = {
            "model": self.model,
            "messages": messages,
            "temperature": request.temperature,
            "max_tokens": request.max_tokens,
            "stream": self.stream,
        }
        if request.stop:
            body["stop"] = list(request.stop)
        optional: dict[str, Any] = {}
        if self.stream and "stream_options" not in self._refused:
            optional["stream_options"] = {"include_usage": True}
        if request.prefill and self.capabilities.prefill != "none":
            messages.append({"role": "assistant", "content": request.prefill})
            optional |= {"add_generation_prompt": False, "continue_final_message": True}
        return body | optional, optional

    def _attempt(
        self,
        body: dict[str, Any],
        optional: dict[str, Any],
        answer: _Answer,
        enough: Callable[[str], bool] | None,
        deadline: float,
    ) -> None:
        """Send once and read into `answer`. Raises `_Again` or `ModelError`."""
        try:
            with self._post(body, deadline) as response, _Alarm(response, deadline) as alarm:
                if response.status_code != 200:
                    raise self._refusal(response, optional)
                self._read(response, answer, enough, alarm)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise _Again(f"no connection to {self.url}: {_one_line(str(error)) or 'timed out'}") from error
        except httpx.HTTPError as error:
            if time.monotonic() >= deadline - 0.01:
                raise self._late() from error
            raise _Again(f"{self.url} broke the connection off ({type(error).__name__})") from error

    @contextmanager
    def _post(self, body: dict[str, Any], deadline: float) -> Iterator[httpx.Response]:
        left = max(deadline - time.monotonic(), 0.01)
        timeout = httpx.Timeout(left, connect=min(self.patience.connect, left))
        request = self._client.build_request("POST", f"{self.url}/chat/completions", json=body, timeout=timeout)
        request.extensions["handeye_start"] = time.monotonic()
        response = self._client.send(request, stream=True)
        try:
            yield response
        finally:
            response.close()

    def _read(
        self, response: httpx.Response, answer: _Answer, enough: Callable[[str], bool] | None, alarm: _Alarm
    ) -> None:
        start = response.request.extensions["handeye_start"]
        if "text/event-stream" not in response.headers.get("content-type", ""):
            _take(self._json(_bounded(response)), answer, start)
            answer.finish = answer.finish or "stop"
            return
        try:
            for data in _events(response):
                piece = _take(self._json(data), answer, start)
                if answer.finish is not None:
                    alarm.within(_TRAILER)
                elif piece and enough is not None and enough(piece):
                    answer.finish = "enough"
                    return
                if time.monotonic() > alarm.deadline:
                    raise self._late()
        except httpx.HTTPError:
            if answer.finish is None:
                raise
        if answer.finish is None:
            raise _Again(f"{self.url} stopped half-way through the answer")

    def _json(self, data: bytes) -> dict[str, Any]:
        if data == _DONE:
            return {"choices": [{"finish_reason": "stop"}]}
        try:
            value = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise ModelError(f"{self.url} did not answer in JSON: is this an OpenAI-compatible server?") from error
        if isinstance(value, dict) and value.get("error"):
            raise _Again(f"{self.url} failed while answering: {_one_line(str(value['error']))}")
        if not isinstance(value, dict) or not isinstance(value.get("choices"), list):
            raise ModelError(f"{self.url} sent no 'choices': is this an OpenAI-compatible server?")
        return value

    def _refusal(self, response: httpx.Response, optional: dict[str, Any]) -> Exception:
        """What an HTTP error means: another try or one line."""
        status, said = response.status_code, self._said(response)
        if status in _RETRY:
            return _Again(f"{self.url} answered {status}{said}", _retry_after(response))
        unknown = [name for name in optional if name in said]
        if status in (400, 422) and optional and (unknown or _UNKNOWN.search(said)):
            self._refused |= {"stream_options"} if unknown == ["stream_options"] else set(optional)
            return _Again(f"asked again without {', '.join(unknown or optional)}{said}", 0.0, free=True)
        return ModelError(f"{self.url} answered {status}{said}. {self._advice(status, said)}")

    def _advice(self, status: int, said: str) -> str:
        if status in (401, 403):
            return "Set HANDEYE_API_KEY to a key the server accepts"
        if status == 404:
            names = ", ".join(self._served_names()[:20])
            return f"The server has: {names}" if names else "Check the address (it usually ends in /v1) and the name"
        if status == 413 or (_IMAGE.search(said) and not _TOO_LONG.search(said)):
            return "Check that the model takes images; a smaller picture may be needed (--max-pixels)"
        if _TOO_LONG.search(said):
            return "Picture and history do not fit the model's context: lower --max-pixels, or serve a longer context"
        return "The server refuses the request itself, so it was not repeated"

    def _said(self, response: httpx.Response) -> str:
        """The server's own words, as one short line; the key, if it is in there, is not."""
        try:
            body = _bounded(response)[:20_000].decode(errors="replace")
        except (httpx.HTTPError, ModelError):
            return ""
        try:
            data = json.loads(body)
            error = data.get("error", data.get("detail", data)) if isinstance(data, dict) else data
            body = str(error.get("message", error) if isinstance(error, dict) else error)
        except (ValueError, RecursionError):
            body = re.sub(r"<[^<>]{0,200}>", " ", body)
        if self._key:
            body = body.replace(self._key, "***")
        line = _one_line(body)
        return f": {line}" if line else ""

    def _pause(self, error: _Again, failed: int, deadline: float) -> None:
        """Wait before the next attempt. Raises `ModelError` when there is none."""
        patience = self.patience
        pause = min(patience.first_pause * 2 ** max(failed - 1, 0), patience.max_pause) * random.uniform(0.5, 1)
        if error.after is not None:
            pause = min(error.after, patience.max_retry_after)
        if failed >= patience.attempts or time.monotonic() + pause >= deadline:
            times = "once" if failed == 1 else f"{failed} times"
            raise ModelError(f"{error} (tried {times}). Check that the server is running and not overloaded") from error
        time.sleep(pause)

    def _late(self) -> ModelError:
        return ModelError(
            f"{self.url} gave no whole answer within {self.patience.total:g} s. "
            "Check the server's load, or give it more time"
        )

    def _served_names(self, raises: bool = False) -> list[str]:
        """The names in ``GET /models``; empty when the server cannot say, unless `raises`."""
        try:
            return self._get_names()
        except ModelError:
            if raises:
                raise
            return []

    def _get_names(self) -> list[str]:
        url, patience = f"{self.url}/models", self.patience.connect
        try:
            with (
                self._client.stream("GET", url, timeout=patience) as response,
                _Alarm(response, time.monotonic() + patience),
            ):
                status = response.status_code
                body = _bounded(response)
        except httpx.HTTPError as error:
            why = _one_line(str(error)) or type(error).__name__
            raise ModelError(f"no model server at {self.url} ({why}). Start it or correct the address") from error
        if status in (401, 403):
            raise ModelError(f"{url} answered {status}. {self._advice(status, '')}")
        if status != 200:
            raise ModelError(f"{url} answered {status}. Name the model yourself: {self.url}#NAME")
        try:
            return [str(model["id"]) for model in json.loads(body)["data"]]
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise ModelError(f"{url} lists no models: is this an OpenAI-compatible server?") from error


def _part(part: str | bytes) -> dict[str, Any]:
    if isinstance(part, str):
        return {"type": "text", "text": part}
    return {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{base64.b64encode(part).decode()}"}}


def _bounded(response: httpx.Response) -> bytes:
    body = bytearray()
    for chunk in response.iter_bytes():
        body += chunk
        if len(body) > MAX_BODY:
            raise _too_big(response)
    return bytes(body)


def _events(response: httpx.Response) -> Iterator[bytes]:
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
                if data == _DONE:
                    return
    if rest.strip() == b"data: " + _DONE:
        yield _DONE


def _too_big(response: httpx.Response) -> ModelError:
    return ModelError(f"the answer of {response.url.host} is larger than {MAX_BODY >> 20} MiB: not read further")


def _take(data: dict[str, Any], answer: _Answer, start: float) -> str:
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


def _usage(answers: list[_Answer], start: float) -> Usage:
    return Usage(
        prompt_tokens=sum(answer.prompt_tokens for answer in answers),
        completion_tokens=sum(answer.completion_tokens for answer in answers),
        first_token_seconds=answers[-1].first_token,
        seconds=time.monotonic() - start,
        requests=len(answers),
    )


def _begun(text: str, prefill: str) -> str:
    """The whole answer: servers give what follows `prefill`, and some repeat it."""
    return text if text.startswith(prefill) else prefill + text


def _retry_after(response: httpx.Response) -> float | None:
    """Seconds from a Retry-After header, as a number or a date; None without one."""
    value = response.headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d{1,9}(\.\d{1,6})?", value):
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (TypeError, ValueError):
        return None


def _one_line(text: str) -> str:
    """`text` on one printable line of at most 200 characters."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text[:2000]).split())
    return line if len(line) <= 200 else line[:199] + "…"
