"""Servers that misbehave: waits end at the deadline, memory is bounded, the ending is clear and nothing is done."""

from __future__ import annotations

import functools
import gzip
import json
import threading
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

from actions.action import Click
from actions.frame import Frame
from agent.core.model import Decision, ModelError, ParseError
from agent.core.task import Task
from agent.models.chat import ChatModel
from agent.models.dialects.registry import DIALECTS
from agent.models.endpoints.openai import OpenAIEndpoint
from agent.models.endpoints.patience import Patience
from envs.env import Observation
from tests.agent.misbehaving_server import MisbehavingServer, Script, Send
from tests.agent.scripted_server import computer

HURRIED = Patience(total=0.8, connect=0.5, attempts=2, first_pause=0.01, max_pause=0.02, max_retry_after=0.05)
SCREEN = Observation(np.zeros((56, 56, 3), np.uint8), Frame(id="1", width=56, height=56))
CLICK = computer("left_click", coordinate=[10, 20])
INNER = '{"action": "left_click", "coordinate": [10, 20]}'
WATCHDOG, HUNG, MEMORY = 30.0, 120.0, 200 * 2**20


def decide(url: str, patience: Patience = HURRIED) -> Decision:
    endpoint = OpenAIEndpoint(url, "qwen2.5-vl-7b", patience=patience)
    return ChatModel(endpoint, DIALECTS["qwen2.5-vl"]).decide(Task(instruction="go"), SCREEN, [])


def outcome(work: Callable[[], Any]) -> Any:
    """What `work` returns or raises; the test fails where it does not end."""
    found: list[Any] = []

    def run() -> None:
        try:
            found.append(work())
        except ModelError as error:
            found.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(HUNG)
    assert found, "it never ended, or with another error"
    return found[0]


# Bytes ---------------------------------------------------------------------------------------------------------------


def head(*lines: str, status: str = "200 OK") -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status}", *lines, "", ""]).encode()


def whole(body: bytes | str, *lines: str, status: str = "200 OK", kind: str = "application/json") -> Script:
    data = body.encode() if isinstance(body, str) else body
    return lambda send: send(
        head(f"Content-Type: {kind}", f"Content-Length: {len(data)}", *lines, status=status) + data
    )


def message(**fields: Any) -> dict[str, Any]:
    finish = fields.pop("finish", "stop")
    return {"choices": [{"index": 0, "message": {"role": "assistant", **fields}, "finish_reason": finish}]}


def answer(**fields: Any) -> Script:
    return whole(json.dumps(message(**fields)))


def event(data: Any) -> bytes:
    return b"data: %s\n\n" % (data if isinstance(data, bytes) else json.dumps(data).encode())


def delta(finish: str | None = None, **fields: Any) -> bytes:
    return event({"choices": [{"index": 0, "delta": fields, "finish_reason": finish}]})


def stream(*events: bytes) -> Script:
    return lambda send: send(head("Content-Type: text/event-stream") + b"".join(events))


def endless(first: bytes, more: bytes) -> Script:
    def script(send: Send) -> None:
        send(first)
        while True:
            send(more)

    return script


def slow(data: bytes, first: bytes = b"") -> Script:
    def script(send: Send) -> None:
        send(first)
        send(data * 1000, every=0.02)

    return script


def silent(first: bytes = b"") -> Script:
    def script(send: Send) -> None:
        send(first)
        send(b" " * 3, every=WATCHDOG)

    return script


def error(message: str, **more: Any) -> bytes:
    return event({"error": {"message": message, **more}})


EVENTS, JSON = head("Content-Type: text/event-stream"), head("Content-Type: application/json")
DONE, END = event(b"[DONE]"), delta("stop")


@functools.cache
def packed(megabytes: int, form: int) -> bytes:
    """So many megabytes of zeros in zlib's `form`, never all in memory."""
    packer = zlib.compressobj(wbits=form)
    return b"".join(packer.compress(bytes(2**20)) for _ in range(megabytes)) + packer.flush()


def bomb() -> bytes:
    return gzip.compress(packed(256, 31))


TRANSPORT: dict[str, Script] = {
    "closed": lambda send: None,
    "reset": lambda send: send(None),
    "silence": silent(),
    "silence after the headers": silent(EVENTS),
    "silence inside the answer": silent(EVENTS + delta(content=CLICK)),
    "status line byte by byte": slow(b"HTTP/1.1 200 OK"),
    "headers byte by byte": slow(b"X-Pad: y\r\n", b"HTTP/1.1 200 OK\r\n"),
    "a stream byte by byte": slow(delta(content="x"), EVENTS),
    "JSON byte by byte": slow(b" ", JSON),
    "chunks byte by byte": slow(b"1\r\n \r\n", head("Transfer-Encoding: chunked")),
    "endless headers": endless(b"HTTP/1.1 200 OK\r\n", b"X-Pad: yyyyyyyyyyyyyyyyyyyyyy\r\n"),
    "one endless header": endless(b"HTTP/1.1 200 OK\r\nX-Pad: ", b"y" * 4096),
    "endless 100": endless(b"", head(status="100 Continue")),
    "endless 102": endless(b"", head(status="102 Processing")),
    "endless 103": endless(b"", head("Link: </a>", status="103 Early Hints")),
    "slow 100": slow(head(status="100 Continue")),
    "101": lambda send: send(head("Upgrade: websocket", "Connection: Upgrade", status="101 Switching Protocols")),
    "an SSH banner": lambda send: send(b"SSH-2.0-OpenSSH_9.9\r\n"),
    "a mail banner": lambda send: send(b"220 mail ready\r\n"),
    "TLS": lambda send: send(b"\x15\x03\x01\x00\x02\x02\x28"),
    "NULs": lambda send: send(bytes(4096)),
    "endless NULs": endless(b"", bytes(65536)),
    "HTTP 0.9": lambda send: send(json.dumps(message(content=CLICK)).encode()),
    "status abc": lambda send: send(head(status="abc OK")),
    "status 999": whole("{}", status="999 What"),
    "status 204": lambda send: send(head(status="204 No Content")),
    "status 206": whole(json.dumps(message(content=CLICK)), status="206 Partial Content"),
    "a redirect to itself": whole("", "Location: /v1/chat/completions", status="302 Found"),
    "a redirect elsewhere": whole("", "Location: http://192.0.2.1/", status="301 Moved Permanently"),
    "407": whole("", "Proxy-Authenticate: Basic", status="407 Proxy Authentication Required"),
    "429 for ever": whole("{}", "Retry-After: 99999999", status="429 Too Many Requests"),
    "503 until a day": whole("{}", "Retry-After: Fri, 31 Dec 2100 23:59:59 GMT", status="503 Service Unavailable"),
    "an endless error": endless(head(status="500 Internal Server Error"), b"<p>error</p>" * 1000),
    "a slow error": slow(b"x", head("Content-Length: 5000", status="400 Bad Request")),
    "a negative length": lambda send: send(head("Content-Length: -5") + b"{}"),
    "two lengths": lambda send: send(head("Content-Length: 5", "Content-Length: 2") + b"{}   "),
    "a length too large": lambda send: send(head("Content-Length: 5000") + b"{}"),
    "a length of petabytes": silent(head("Content-Length: 9999999999999999") + b"{}"),
    "a length too small": lambda send: send(head("Content-Length: 9") + json.dumps(message(content=CLICK)).encode()),
    "a chunk size of letters": lambda send: send(head("Transfer-Encoding: chunked") + b"zz\r\n{}\r\n"),
    "a chunk of petabytes": silent(head("Transfer-Encoding: chunked") + b"fffffffffffffff\r\n{"),
    "an endless chunk size": endless(head("Transfer-Encoding: chunked"), b"1" * 4096),
    "no last chunk": lambda send: send(head("Transfer-Encoding: chunked") + b"2\r\n{}\r\n"),
    "endless trailers": endless(head("Transfer-Encoding: chunked") + b"2\r\n{}\r\n0\r\n", b"X-Pad: yyyyyyyyyyy\r\n"),
    "gzip": whole(gzip.compress(json.dumps(message(content=CLICK)).encode()), "Content-Encoding: gzip"),
    "a gzip bomb in a gzip bomb": lambda send: whole(bomb(), "Content-Encoding: gzip, gzip")(send),
    "deflate": lambda send: whole(packed(128, 15), "Content-Encoding: deflate")(send),
    "br": whole(b"\x8b\x00\x80", "Content-Encoding: br"),
    "zstd": whole(b"\x28\xb5\x2f\xfd", "Content-Encoding: zstd"),
    "an encoding of no name": whole(b"{}", "Content-Encoding: \x01\x02"),
    "a gzip bomb as an error": lambda send: whole(bomb(), "Content-Encoding: gzip", status="400 Bad Request")(send),
}

CONTENT: dict[str, Script] = {
    "nothing": whole(""),
    "white space for ever": endless(JSON, b" " * 65536),
    "a page": whole("<html><title>nginx</title></html>", kind="text/html"),
    "letters of no alphabet": whole(b"\xff\xfe\xfa{}"),
    "deep nesting": whole("[" * 10**6),
    "deep objects": whole('{"choices":' * 10**5),
    "a number of a million digits": whole('{"choices": ' + "9" * 10**6 + "}"),
    "a million lists": whole('{"choices": [' + "[]," * 10**6 + "[]]}"),
    "null": whole("null"),
    "a text": whole('"hello"'),
    "choices null": whole('{"choices": null}'),
    "choices an object": whole('{"choices": {"0": 1}}'),
    "no choice": whole('{"choices": []}'),
    "a choice that is a list": whole('{"choices": [[]]}'),
    "a message that is a text": whole('{"choices": [{"message": "hello"}]}'),
    "content a number": answer(content=3),
    "content an object": answer(content={"text": CLICK}),
    "content of strange parts": answer(content=[1, None, {"type": "image"}, {"text": 7}]),
    "5 MiB of text": answer(content="x" * 5 * 2**20),
    "cut off at the limit": answer(content=CLICK[:60], finish="length"),
    "a finish of no name": answer(content=CLICK[:60], finish={"why": "?"}),
    "an endless comment": endless(EVENTS, b": still here\n"),
    "endless empty events": endless(EVENTS, b"data:\n\n"),
    "endless roles": endless(EVENTS, delta(role="assistant")),
    "endless blanks": endless(EVENTS, delta(content=" ")),
    "endless thinking": endless(EVENTS, delta(reasoning_content="hm ")),
    "an endless event": endless(EVENTS + b"data: ", b"x" * 65536),
    "endless calls": endless(EVENTS, delta(tool_calls=[{"index": 0, "function": {"arguments": "x" * 1000}}])),
    "no end": stream(delta(content=CLICK[:40])),
    "a page as a stream": stream(b"<html></html>\n\n"),
    "JSON as a stream": stream(json.dumps(message(content=CLICK)).encode()),
    "half a letter": stream(b'data: {"choices": [{"delta": {"content": "\xc3'),
    "an empty stream": stream(DONE),
    "an error in the stream": stream(delta(content="<tool"), error("CUDA error: device-side assert", code=500)),
    "an error of the request": stream(error("the prompt is too long", type="BadRequestError", code=400)),
    "an error that is a text": stream(event({"error": "boom"})),
    "an error with no words": stream(event({"error": {}}), event({"error": {"code": None}})),
    "an error of llama.cpp": stream(b'error: {"code": 500, "message": "slot failed"}\n\n'),
    "a filter": answer(content=CLICK, finish="content_filter"),
    "a filter in a stream": stream(delta(content=CLICK), delta("content_filter"), DONE),
    "a refusal": answer(content=None, refusal="I cannot help with that."),
    "an engine that gave up": answer(content=CLICK, finish="abort"),
    "calls without a name": answer(content=None, tool_calls=[{"function": {"arguments": "{"}}, 7], finish="tool_calls"),
    "calls that are a text": answer(content=None, tool_calls="click", finish="tool_calls"),
    "a thought cut off": answer(content="", reasoning_content=CLICK, finish="length"),
    "two clicks in a thought": answer(content="", reasoning="click (1, 2) or (3, 4)?"),
}


@pytest.mark.parametrize("script", [*TRANSPORT.values(), *CONTENT.values()], ids=[*TRANSPORT, *CONTENT])
def test_it_ends_in_one_line_and_nothing_is_done(script: Script) -> None:
    with MisbehavingServer(script) as url, bounded_memory():
        found = outcome(lambda: decide(url))
    assert isinstance(found, ModelError), found
    assert "\n" not in str(found)
    assert 10 < len(str(found)) < 700


@contextmanager
def bounded_memory() -> Iterator[None]:
    tracemalloc.start(1)
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < MEMORY
    finally:
        tracemalloc.stop()


def test_a_packed_answer_is_refused_in_so_many_words() -> None:
    with MisbehavingServer(TRANSPORT["gzip"]) as url, pytest.raises(ModelError, match=r"packs its answers \(gzip\)"):
        decide(url)


def test_there_are_as_many_as_promised() -> None:
    assert len(TRANSPORT) + len(CONTENT) >= 90


@pytest.mark.parametrize("script", TRANSPORT.values(), ids=list(TRANSPORT))
def test_a_server_that_is_only_asked_its_name(script: Script) -> None:
    with MisbehavingServer(script, everything=True) as url:
        found = outcome(lambda: OpenAIEndpoint(url, patience=HURRIED).model)
    assert isinstance(found, ModelError), found
    assert "\n" not in str(found)


def test_a_server_that_is_silent_about_its_models() -> None:
    with MisbehavingServer(silent(), everything=True) as url, pytest.raises(ModelError) as error:
        _ = OpenAIEndpoint(url, patience=HURRIED).model
    assert "(no answer within 0.5 s)" in str(error.value)


def called(arguments: Any) -> dict[str, Any]:
    return {"function": {"name": "computer_use", "arguments": arguments}}


def after_100(send: Send) -> None:
    send(head(status="100 Continue") * 5)
    answer(content=CLICK)(send)


UNUSUAL: dict[str, Script] = {
    "content as parts": answer(content=[{"type": "text", "text": CLICK[:20]}, {"type": "text", "text": CLICK[20:]}]),
    "a call taken out": answer(content=None, tool_calls=[called('{"action": "left_click", "coordinate": [10, 20]}')]),
    "a call under its old name": answer(content=None, function_call=called(INNER)["function"], finish="function_call"),
    "a call in pieces": stream(
        delta(tool_calls=[{"index": 0, "function": {"name": "computer_use", "arguments": '{"action": "left_'}}]),
        delta(tool_calls=[{"index": 0, "function": {"arguments": 'click", "coordinate": [10, 20]}'}}]),
        delta("tool_calls"),
        DONE,
    ),
    "a call whose arguments are an object": answer(
        tool_calls=[called({"action": "left_click", "coordinate": [10, 20]})], finish="tool_calls"
    ),
    "a call that stands in the text too": answer(
        content=CLICK, tool_calls=[called('{"action": "left_click", "coordinate": [1, 2]}')]
    ),
    "the same call in the text and beside it": answer(content=CLICK, tool_calls=[called(INNER)]),
    "the same call without tags in the text and beside it": answer(
        content=f'{{"name": "computer_use", "arguments": {INNER}}}', tool_calls=[called(INNER)]
    ),
    "the same call in the thought and in the text": answer(content=CLICK, reasoning_content=CLICK),
    "an answer in the reasoning": answer(content="", reasoning_content=f"The menu. {CLICK}"),
    "an answer in the reasoning of a stream": stream(delta(reasoning=CLICK[:9]), delta(reasoning=CLICK[9:]), END, DONE),
    "Windows line ends": stream((delta(content=CLICK) + END + DONE).replace(b"\n", b"\r\n")),
    "comments between": stream(b": hello\n\n", delta(content=CLICK), b"retry: 5\n\n", END, DONE),
    "no DONE": stream(delta(content=CLICK), END),
    "a whole answer to a question for a stream": answer(content=CLICK),
    "some 100 before it": after_100,
    "UTF-16": whole(json.dumps(message(content=CLICK)).encode("utf-16")),
    "identity": whole(json.dumps(message(content=CLICK)), "Content-Encoding: identity"),
}


@pytest.mark.parametrize("script", UNUSUAL.values(), ids=list(UNUSUAL))
def test_an_unusual_answer_is_the_answer(script: Script) -> None:
    with MisbehavingServer(script) as url:
        found = outcome(lambda: decide(url, Patience(total=WATCHDOG, attempts=1)))
    assert isinstance(found, Decision), found
    assert isinstance(found.action, Click)
    assert found.action.point is not None
    assert (round(found.action.point.x), round(found.action.point.y), found.rest) == (10, 20, ())


def test_a_thought_apart_from_the_text_is_the_thought() -> None:
    with MisbehavingServer(answer(content=CLICK, reasoning_content="The File menu.")) as url:
        assert decide(url).thought == "The File menu."


@pytest.mark.parametrize(
    ("fields", "words", "raw"),
    [
        (
            {"content": "", "reasoning": "hm", "finish": "length"},
            "only a thought came.*cut off at the limit.*thinking off",
            "hm",
        ),
        ({"content": None, "reasoning_content": "hm"}, "only a thought came: switch thinking off", "hm"),
        ({"content": None, "refusal": "No."}, r"the model refuses: No\.", ""),
        ({"content": ""}, "the answer is empty", ""),
    ],
)
def test_an_empty_answer_says_where_the_text_was(fields: dict[str, Any], words: str, raw: str) -> None:
    with MisbehavingServer(answer(**fields)) as url, pytest.raises(ParseError, match=words) as caught:
        decide(url)
    assert caught.value.raw == raw


def test_the_words_of_an_engine_that_died_come_through() -> None:
    died: list[Script] = [stream(error("EngineCore died: CUDA out of memory", code=500)), lambda send: send(None)]

    def script(send: Send) -> None:
        died.pop(0)(send) if len(died) > 1 else died[0](send)

    with MisbehavingServer(script) as url, pytest.raises(ModelError, match="CUDA out of memory"):
        decide(url, Patience(total=WATCHDOG, attempts=2, first_pause=0.01))


def test_an_error_in_a_stream_is_understood_like_a_400() -> None:
    words = "Grammar error: invalid regex"
    script = [stream(error(words, type="BadRequestError", code=400)), stream(delta(content=CLICK), END, DONE)]
    pages = {"data": [{"id": "qwen2.5-vl-7b", "owned_by": "vllm"}]}
    found: list[Script] = [whole(json.dumps(pages)), *script]
    with MisbehavingServer(lambda send: found.pop(0)(send), everything=True) as url:
        decided = decide(url, Patience(total=WATCHDOG, attempts=1))
    assert isinstance(decided.action, Click)
    assert decided.notes[0] == f"asked again without structured_outputs: {words}"


def test_the_deadline_is_the_deadline_of_all_attempts_together() -> None:
    """Each attempt is cut short at what is left of the whole, by the endpoint's own clock."""
    server = MisbehavingServer(slow(b"X-Pad: y\r\n", b"HTTP/1.1 200 OK\r\n"))
    with server as url:
        endpoint = OpenAIEndpoint(url, "qwen2.5-vl-7b", patience=HURRIED)
        found = outcome(lambda: ChatModel(endpoint, DIALECTS["qwen2.5-vl"]).locate(SCREEN, "it"))
    assert isinstance(found, ModelError)
    assert "within 0.8 s" in str(found)
    assert server.posts == 1
