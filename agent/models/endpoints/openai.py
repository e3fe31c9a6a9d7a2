"""Any server that speaks OpenAI's ``/v1/chat/completions``: vLLM, SGLang, llama.cpp, Ollama, LMDeploy, hosted ones.

Answers are streamed and reading stops once the action is there. What may work on a second try (no connection, a
dropped one, 429, 500, 502, 503, 504, a stream that stops half-way) is tried again with growing pauses, a model that is
still loading is waited for; what will not pass (400, 401, 403, 404) is said in one line. An answer whose end was not
seen is never used.
"""

from __future__ import annotations

import json
import os
import random
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from typing import Any

import httpx

from agent.core.model import ContextError, ModelError
from agent.models.endpoints.body import Pictures
from agent.models.endpoints.continuation import rest_of
from agent.models.endpoints.endpoint import Capabilities, ChatMessage, Enough, Reply, Request, Shape
from agent.models.endpoints.errors import ServerMessage, one_line, read_error
from agent.models.endpoints.http import DONE, Connection, HttpAnswer, bounded, events, retry_after, take, usage_of
from agent.models.endpoints.patience import Patience
from agent.models.endpoints.servers import SERVERS, ServerKind, context_of, recognised
from agent.models.endpoints.wires import WIRES, WireForm, chat_messages

_TRAILER = 2.0
"""Seconds to wait for the token counts that follow the end of a streamed answer."""
_LOOK = 5.0
"""Seconds that finding out the kind of server may take at most, for each question."""
_COUNTING = 20.0
"""Seconds that counting the tokens of a text may take."""
_TOKEN_BYTES, _NEAR = 4.0, 6
"""Bytes of text to a token, about; and tokens by which a count may differ from what was expected."""
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_END_MARK = re.compile(r"(?:<\|(?:im_end|endoftext|end_of_text|eot_id|end|user)\|>|</s>|\s)+\Z")


class _LateError(ModelError):
    """The time for an answer was over."""


class _RetryError(Exception):
    """This attempt failed; another may not. `after` is the pause the server asked for; a `free` one is not counted."""

    def __init__(self, why: str, after: float | None = None, free: bool = False) -> None:
        super().__init__(why)
        self.after, self.free = after, free


class _StreamError(Exception):
    """The server reports an error inside an answer that began well."""

    def __init__(self, said: ServerMessage) -> None:
        super().__init__(said.words)
        self.said = said


@dataclass
class _RequestBody:
    """One request as JSON. `optional` are the fields that a server may not know, `shaped` those that hold the answer to
    a shape; `begun` is the beginning of the answer that was sent. `notes` is what the answer's reader should know. The
    body is a chat completion's, whatever the `wire`; marks in it stand for the `pictures`.
    """

    body: dict[str, Any]
    pictures: Pictures
    optional: dict[str, Any] = field(default_factory=dict)
    shaped: tuple[str, ...] = ()
    begun: str = ""
    notes: tuple[str, ...] = ()
    wire: WireForm = WIRES["chat"]

    def add(self, fields: Mapping[str, Any], optional: bool = True) -> None:
        """Put `fields` into the body."""
        self.body |= fields
        self.optional |= fields if optional else {}


def api_key(host: str) -> str | None:
    """The key for `host` from the environment: HANDEYE_API_KEY, or without it OPENAI_API_KEY for OpenAI's and this
    machine, ANTHROPIC_API_KEY for Anthropic's.
    """
    key = os.environ.get("HANDEYE_API_KEY")
    if not key and host == "api.anthropic.com":
        key = os.environ.get("ANTHROPIC_API_KEY")
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

    What kind of server it is, and so what it can do, is found out on first use
    (`agent.models.endpoints.servers`). `prefill`
    says that it continues an answer begun for it although its kind is unknown. A server that refuses a field that it
    could do without is not sent it again. `turn` is entered while the server is at a request, e.g. a semaphore.
    """

    url: str
    served: str | None = None
    stream: bool = True
    prefill: bool = False
    patience: Patience = field(default_factory=Patience)
    turn: AbstractContextManager[Any] = field(default_factory=nullcontext)

    def __post_init__(self) -> None:
        self.url = base_url(self.url)
        host = httpx.URL(self.url).host
        self._key = api_key(host)
        self._refused: set[str] = set()
        self._server: ServerKind | None = None
        self._context: int | None = None
        self._headers = {"Accept-Encoding": "identity", "User-Agent": "handeye"}
        self._headers |= {"Authorization": f"Bearer {self._key}"} if self._key else {}
        self._idle: list[Connection] = []
        self._counting = threading.Lock()
        self._text_tokens: tuple[int, int] | None = None
        """Bytes and tokens of a text that the server has counted; (0, 0) for one that does not count."""

    @property
    def name(self) -> str:
        """The served name, when known, and the address."""
        return f"{self.served} at {self.url}" if self.served else self.url

    @property
    def model(self) -> str:
        """The served name; asks ``GET /models`` the first time when it was not given. Raises `ModelError`."""
        if self.served is None:
            models = self._models()
            self._recognise(models)
            if len(models) != 1:
                listed = ", ".join(str(model["id"]) for model in models[:20]) or "none"
                raise ModelError(f"{self.url} serves {listed}: say which, as {self.url}#NAME")
            self.served = str(models[0]["id"])
        return self.served

    @property
    def server(self) -> ServerKind:
        """What kind of server it is; asked once, and ``unknown`` for one that does not say."""
        if self._server is None:
            try:
                self._recognise(self._models())
            except ModelError:
                self._recognise([])
        return self._server or SERVERS["unknown"]

    @property
    def capabilities(self) -> Capabilities:
        """What its kind of server can do, less what it has refused."""
        found = self.server.capabilities
        prefill = self._continuing is not None
        shaped = not self._refused & {"structured_outputs", "response_format", "grammar", "regex"}
        return replace(
            found,
            structured=found.structured if shaped else "none",
            prefill="continue_final_message" if prefill else "none",
            context=self._context,
        )

    @property
    def _continuing(self) -> Mapping[str, Any] | None:
        """The fields for an answer that was begun, None where the server cannot continue one."""
        fields = self.server.prefill
        if fields is None and self.prefill:
            fields = SERVERS["vllm"].prefill
        return None if fields is None or self._refused & {"continue_final_message", "prefill"} else fields

    def close(self) -> None:
        """Close the connections."""
        while self._idle:
            self._idle.pop().close()

    def _connect(self) -> Connection:
        url = httpx.URL(self.url)
        return Connection(self._headers, trust_env=url.host not in _LOOPBACK, tls=url.scheme == "https")

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        """A connection that nobody else uses meanwhile."""
        one = self._idle.pop() if self._idle else self._connect()
        try:
            yield one
        finally:
            self._idle.append(one)

    def complete(self, request: Request, enough: Enough | None = None) -> Reply:
        """The answer to `request`. `enough` is made anew for each attempt.

        Raises `ModelError` after the last attempt, or at once where another would not help.
        """
        ask = self._ask(request)
        start, notes, failed = time.monotonic(), list[str](), 0
        deadline, answers = start + self.patience.total, list[HttpAnswer]()
        while True:
            answers.append(HttpAnswer())
            stops = () if self.server.stops else request.stop
            try:
                self._attempt(ask, answers[-1], _until(stops, enough() if enough else None), deadline)
                break
            except _LateError as error:
                raise ModelError(f"{error}{_before(notes)}") from error
            except _RetryError as error:
                if not error.free or str(error) not in notes[-1:]:
                    notes.append(str(error))
                failed += not error.free
                self._pause(error, failed, deadline, notes)
                ask = self._ask(request)
        usage, last = usage_of(answers, start), answers[-1]
        text, thought, missing = last.message(ask.begun)
        text = _END_MARK.sub("", text) if "skip_special_tokens" in ask.body else text
        if request.thinking is False and thought.strip():
            notes.append(f"the model thinks although it was asked not to: {self.server.quiet}")
        stopped = min((at for at in map(text.find, stops) if at >= 0), default=None)
        images = self._image_tokens(request, last.prompt_tokens)
        ended = last.ended or stopped is not None
        return Reply(text[:stopped], ended, usage, (*notes, *ask.notes), thought, missing, images)

    def _image_tokens(self, request: Request, prompt: int) -> int | None:
        """How many tokens of a prompt of `prompt` tokens are the pictures', None where that cannot be told."""
        expected = request.image_tokens
        if expected is None or not prompt or self._text_tokens == (0, 0):
            return None
        with self._counting:  # answers that come meanwhile wait for the count, and need none of their own
            return self._image_tokens_of(request, prompt, expected)

    def _image_tokens_of(self, request: Request, prompt: int, expected: int) -> int | None:
        """The text's are counted by the server: the question is asked once without its pictures, and again where the
        count for a longer or shorter text is far from what those would make.
        """
        size = _text_bytes(request)
        known, tokens = self._text_tokens or (size, 0)
        if self._text_tokens is not None:
            apart = abs(prompt - expected - tokens - (size - known) / _TOKEN_BYTES)
            if apart <= _NEAR + abs(size - known) / _TOKEN_BYTES:
                return expected
        elif self.server.kind == "unknown" and size / 6 <= prompt - expected <= size / 3:
            return None
        tokens = self._count_text(request)
        self._text_tokens = (size, tokens) if 0 < tokens < prompt else (0, 0)
        return prompt - tokens if 0 < tokens < prompt else None

    def _count_text(self, request: Request) -> int:
        """The tokens of `request` without its pictures as the server counts them, 0 where it does not say."""
        turns = tuple(ChatMessage(turn.role, _texts(turn)) for turn in request.turns)
        text = replace(request, user=_texts(request.messages[-1]), turns=turns, shape=None, max_tokens=1)
        ask = self._ask(text)
        ask.body.pop("stream_options", None)
        ask.body["stream"] = False
        counted, seconds = HttpAnswer(), min(self.patience.total, _COUNTING)
        try:
            self._attempt(ask, counted, None, time.monotonic() + seconds)
        except (ModelError, _RetryError):
            return 0
        return counted.prompt_tokens

    def _ask(self, request: Request) -> _RequestBody:
        wire, pictures = WIRES[request.wire], Pictures()
        messages = chat_messages(request, pictures.url)
        ask = _RequestBody({"model": self.model, "messages": messages}, pictures, wire=wire)
        if wire.streams or "temperature" not in self._refused:
            ask.add({"temperature": request.sampling.temperature}, optional=not wire.streams)
        ask.add({"max_tokens": request.max_tokens, "stream": self.stream and wire.streams}, optional=False)
        if request.tools:
            ask.add({"tools": list(request.tools)}, optional=False)
            if "tool_choice" not in self._refused:
                ask.add({"tool_choice": request.tool_choice})
        if request.stop and self.server.stops:
            ask.add({"stop": list(request.stop)}, optional=False)
        if self.stream and self.server.counts and "stream_options" not in self._refused:
            ask.add({"stream_options": {"include_usage": True}})
        if request.special_tokens and self.server.special_tokens and "skip_special_tokens" not in self._refused:
            ask.add({"skip_special_tokens": False})
        sampling = self.server.sampling(request.sampling)
        ask.add({name: value for name, value in sampling.items() if name not in self._refused})
        if request.thinking is not None:
            self._think(request, request.thinking, ask)
        self._hold(request, ask)
        return ask

    def _think(self, request: Request, wanted: bool | int, ask: _RequestBody) -> None:
        """Have the model think or not, where the server has a field for it; a budget is on top of the answer's own."""
        fields = self.server.thinking(request.thinking_key, wanted) if self.server.thinking else {}
        ask.add({name: value for name, value in fields.items() if name not in self._refused})
        if not isinstance(wanted, bool):
            ask.body["max_tokens"] += wanted
            if len(fields.keys() - self._refused) < len(fields) or not fields:
                ask.notes += (f"{self.url} takes no limit for a thought",)

    def _hold(self, request: Request, ask: _RequestBody) -> None:
        """Begin the answer, and hold it to its shape: to what that leaves open, where the answer was begun."""
        shape = request.shape
        if request.prefill and self._continuing is not None:
            ask.body["messages"].append({"role": "assistant", "content": request.prefill})
            ask.add(self._continuing)
            ask.begun = request.prefill
            if shape is not None:
                rest = rest_of(shape.pattern, request.prefill) if shape.pattern is not None else None
                shape = None if rest is None else Shape(pattern=rest, free=shape.free)
                ask.notes += ("the answer was begun for it and could not be held to its shape",) if rest is None else ()
        if shape is not None:
            fields = self.server.shaped(shape)
            if not self._refused & set(fields):
                ask.add(fields)
                ask.shaped = tuple(fields)

    def _attempt(
        self, ask: _RequestBody, answer: HttpAnswer, enough: Callable[[str], bool] | None, deadline: float
    ) -> None:
        """Send once and read into `answer`. Raises `_RetryError` or `ModelError`."""
        try:
            with self.turn, self._connection() as line:
                start, url, wire = time.monotonic(), f"{self.url}/{ask.wire.path}", ask.wire
                headers, body = wire.headers(self._key), ask.pictures.body(wire.body(ask.body))
                with line.open("POST", url, deadline, self.patience.connect, body, headers) as response:
                    if response.status_code != 200:
                        raise self._refusal(response, ask)
                    try:
                        self._read(response, answer, enough, line, start, wire)
                    except _StreamError as error:
                        raise self._meaning(error.said, ask, None, "failed while answering") from error
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            if time.monotonic() >= deadline - 0.01:
                raise self._late() from error
            raise _RetryError(f"no connection to {self.url}: {one_line(str(error)) or 'timed out'}") from error
        except httpx.HTTPError as error:
            if time.monotonic() >= deadline - 0.01:
                raise self._late() from error
            raise _RetryError(f"{self.url} broke the connection off ({type(error).__name__})") from error
        if answer.finish == "content_filter":
            raise ModelError(f"{self.url} withheld the answer: its content filter stopped it. Use another model")
        if answer.finish in ("error", "abort"):
            raise _RetryError(f"{self.url} gave up the answer (finish_reason {answer.finish})")

    def _read(
        self,
        response: httpx.Response,
        answer: HttpAnswer,
        enough: Callable[[str], bool] | None,
        line: Connection,
        start: float,
        wire: WireForm,
    ) -> None:
        if "text/event-stream" not in response.headers.get("content-type", ""):
            take(self._json(bounded(response), wire), answer, start)
            answer.finish = answer.finish or "stop"
            return
        try:
            for data in events(response):
                piece = take(self._json(data), answer, start)
                if answer.finish is not None:
                    line.within(_TRAILER)
                elif piece and enough is not None and enough(piece):
                    answer.finish = "enough"
                    return
                if time.monotonic() > line.deadline:
                    raise self._late()
        except httpx.HTTPError:
            if answer.finish is None:
                raise
        if answer.finish is None:
            raise _RetryError(f"{self.url} stopped half-way through the answer")

    def _json(self, data: bytes, wire: WireForm = WIRES["chat"]) -> dict[str, Any]:
        if data == DONE:
            return {"choices": [{"finish_reason": "stop"}]}
        try:
            value = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise ModelError(f"{self.url} did not answer in JSON: is this an OpenAI-compatible server?") from error
        if isinstance(value, dict) and value.get("error"):
            raise _StreamError(read_error(None, data, self._key))
        value = wire.answer(value) if isinstance(value, dict) else value
        if not isinstance(value, dict) or not isinstance(value.get("choices"), list):
            raise ModelError(f"{self.url} sent no '{wire.holds}': is this an OpenAI-compatible server?")
        return value

    def _refusal(self, response: httpx.Response, ask: _RequestBody) -> Exception:
        """What an HTTP error means: another try or one line."""
        try:
            body = bounded(response)
        except (httpx.HTTPError, ModelError):
            body = b""
        said = read_error(response.status_code, body, self._key)
        return self._meaning(said, ask, retry_after(response), f"answered {said.status}")

    def _meaning(self, said: ServerMessage, ask: _RequestBody, after: float | None, what: str) -> Exception:
        refused = said.refused(list(ask.optional), ask.shaped)
        if ask.begun and (len(refused) == len(ask.optional) or "prefill" in said.words):
            refused.append("prefill")
        if refused:
            self._refused |= set(refused)
            return _RetryError(f"asked again without {', '.join(refused)}{said.told}", 0.0, free=True)
        if said.loading:
            return _RetryError(f"{self.url} is still loading the model", self.patience.loading_pause, free=True)
        if said.may_pass:
            return _RetryError(f"{self.url} {what}{said.told}", after)
        kind = ContextError if said.too_long else ModelError
        return kind(f"{self.url} {what}{said.told}. {self._advice(said)}")

    def _advice(self, said: ServerMessage) -> str:
        return said.advice(self._names() if said.status == 404 else (), self.server.room)

    def _pause(self, error: _RetryError, failed: int, deadline: float, notes: list[str]) -> None:
        """Wait before the next attempt. Raises `ModelError` when there is none; `notes` is what was said so far."""
        patience = self.patience
        pause = min(patience.first_pause * 2 ** max(failed - 1, 0), patience.max_pause) * random.uniform(0.5, 1)
        if error.after is not None:
            pause = min(error.after, patience.max_retry_after)
        if failed >= patience.attempts or time.monotonic() + pause >= deadline:
            times = f" (tried {'once' if failed == 1 else f'{failed} times'})" if failed else ""
            times += _before([said for said in notes if said != str(error)])
            raise ModelError(
                f"{error}{times}. Check that the server is running and not overloaded; its log says more"
            ) from error
        time.sleep(pause)

    def _late(self) -> ModelError:
        return _LateError(
            f"{self.url} gave no whole answer within {self.patience.total:g} s. "
            "Check the server's load, or give it more time"
        )

    def _recognise(self, models: list[dict[str, Any]]) -> None:
        if self._server is None:
            self._server = recognised(models, self.url.startswith("http://"), self._fetch)
            self._context = context_of(models, self.served)

    def _fetch(self, path: str) -> Any:
        """The JSON at `path` under the server's root, None for none."""
        url = httpx.URL(self.url).copy_with(path=path)
        try:
            status, body = self._get(str(url), min(self.patience.connect, _LOOK))
            return json.loads(body) if status == 200 else None
        except (httpx.HTTPError, ModelError, ValueError, RecursionError):
            return None

    def _get(self, url: str, seconds: float) -> tuple[int, bytes]:
        deadline = time.monotonic() + seconds
        with self._connection() as line, line.open("GET", url, deadline, seconds) as response:
            return response.status_code, bounded(response)

    def _names(self) -> list[str]:
        """The names in ``GET /models``; empty when the server cannot say."""
        try:
            return [str(model["id"]) for model in self._models()]
        except ModelError:
            return []

    def _models(self) -> list[dict[str, Any]]:
        """The models that the server lists, each with its ``id``. Raises `ModelError`."""
        url, deadline = f"{self.url}/models", time.monotonic() + self.patience.connect
        try:
            status, body = self._get(url, self.patience.connect)
        except httpx.HTTPError as error:
            late = time.monotonic() >= deadline
            why = (
                f"no answer within {self.patience.connect:g} s"
                if late
                else one_line(str(error)) or type(error).__name__
            )
            raise ModelError(f"no model server at {self.url} ({why}). Start it or correct the address") from error
        if status in (401, 403):
            raise ModelError(f"{url} answered {status}. {ServerMessage(status, '').advice((), '')}")
        if status != 200:
            raise ModelError(f"{url} answered {status}. Name the model yourself: {self.url}#NAME")
        try:
            models = json.loads(body)["data"] or []
            return [model | {"id": str(model["id"])} for model in models]
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise ModelError(f"{url} lists no models: is this an OpenAI-compatible server?") from error


def _until(stops: Sequence[str], enough: Callable[[str], bool] | None) -> Callable[[str], bool] | None:
    """`enough`, and True once one of `stops` has come."""
    text = ""

    def stopped(piece: str) -> bool:
        nonlocal text
        text += piece
        return any(stop in text for stop in stops) or (enough is not None and enough(piece))

    return stopped if stops else enough


def _texts(message: ChatMessage) -> tuple[str, ...]:
    return tuple(part for part in message.parts if isinstance(part, str))


def _before(notes: Sequence[str]) -> str:
    """What was said before an error, each once, for the end of its line."""
    return "".join(f"; before that: {said}" for said in dict.fromkeys(notes[-3:]))


def _text_bytes(request: Request) -> int:
    texts = (text for message in request.messages for text in _texts(message))
    return sum(len(text.encode()) for text in (request.system, *texts, request.prefill))
