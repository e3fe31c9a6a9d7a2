"""Native tool calls, and the protocols that have more of them than chat completions: Responses and Messages.

A question is made as chat completions have it, with calls and their results as messages of their own
(`chat_messages`), and put into another protocol from there; an answer is put into their form before it is read.

Sources: OpenAI's API reference (``computer_call``, ``computer_call_output``), Anthropic's (``tool_use``,
``tool_result``; ``computer_20251124``). Neither owner's own server was at hand: tests use a stand-in.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agent.models.endpoints.control_tokens import plain_request
from agent.models.endpoints.endpoint import Part, Pixels, Request, ToolResult, Video, Wire
from envs.png import data_url

_CALL = re.compile(r"\s*<tool_call>\n(\{.*?\})\n</tool_call>", re.DOTALL)
_DONE = "done"
"""The result of a call of which there is nothing to say."""
COMPUTER = "computer"
"""The name of the tool that both owners have for a screen."""
Json = dict[str, Any]


def chat_messages(request: Request, url: Callable[[bytes], str] = data_url) -> list[Json]:
    """The messages of `request`; with `tools` the calls in its texts are ``tool_calls``, each with its result.

    `url` makes the address of a picture of its bytes.
    """
    request = plain_request(request)
    told: list[Json] = [{"role": "system", "content": request.system}] if request.system else []
    calls: list[Json] = []
    for message in request.messages:
        result = "".join(part for part in message.parts if isinstance(part, ToolResult))
        told += [{"role": "tool", "tool_call_id": call["id"], "content": result or _DONE} for call in calls]
        parts = [part for part in message.parts if not (calls and isinstance(part, ToolResult))]
        calls = []
        if message.role == "assistant":
            said = "".join(part for part in parts if isinstance(part, str))
            answer: Json = _answer(said, len(told)) if request.tools else {"role": "assistant", "content": said}
            calls = answer.get("tool_calls", [])
            told.append(answer)
        elif parts or not result:
            told.append({"role": "user", "content": [_part(part, url) for part in parts]})
    return told


def _answer(said: str, number: int) -> Json:
    """What the model `said` as message `number`; a call that is not whole stays text."""
    try:
        calls = [_function(json.loads(found), number, n) for n, found in enumerate(_CALL.findall(said))]
    except (ValueError, KeyError, TypeError):
        calls = []
    if not calls:
        return {"role": "assistant", "content": said}
    return {"role": "assistant", "content": _CALL.sub("", said).strip(), "tool_calls": calls}


def _function(call: Json, number: int, n: int) -> Json:
    """A call as chat completions have it. Ids are nine letters and digits: Mistral's models take no others."""
    said = {"name": call["name"], "arguments": json.dumps(call["arguments"], ensure_ascii=False)}
    return {"id": f"call{number:03}{n:02}", "type": "function", "function": said}


def _part(part: Part, url: Callable[[bytes], str]) -> Json:
    if isinstance(part, str):
        return {"type": "text", "text": part}
    if isinstance(part, Video):
        return {"type": "video_url", "video_url": {"url": f"data:video/jpeg;base64,{part.decode()}"}}
    assert not isinstance(part, Pixels), "a server takes no pixels"
    return {"type": "image_url", "image_url": {"url": url(part if isinstance(part, bytes) else part.coded())}}


@dataclass(frozen=True)
class WireForm:
    """One protocol: the path under the server's address, the headers over the user's key, a chat completion's request
    in its words, and its whole answer, which `holds` the field named so, as a chat completion. `streams` is whether its
    streams are read.
    """

    path: str = "chat/completions"
    headers: Callable[[str | None], Mapping[str, str]] = lambda key: {}
    body: Callable[[Json], Json] = lambda chat: chat
    answer: Callable[[Json], Json] = lambda said: said
    streams: bool = True
    holds: str = "choices"


# Responses ----------------------------------------------------------------------------------------------------------


def _responses_body(chat: Json) -> Json:
    system, rest = _parted(chat["messages"])
    items: list[Json] = []
    screens: list[str] = []
    for message in rest:
        if message["role"] == "assistant":
            items += _response_items(message)
            screens = [item["call_id"] for item in items[-1:] if item["type"] == "computer_call"]
        elif message["role"] == "tool" and message["tool_call_id"] in screens:
            said = [] if message["content"] == _DONE else [{"type": "input_text", "text": message["content"]}]
            items += [{"type": "message", "role": "user", "content": said}] if said else []
        elif message["role"] == "tool":
            result = {"type": "function_call_output", "call_id": message["tool_call_id"]}
            items.append({**result, "output": message["content"]})
        else:
            items += _seen(message["content"], screens)
            screens = []
    body = {"model": chat["model"], "input": items, "tools": chat["tools"], "store": False}
    body |= {"max_output_tokens": chat["max_tokens"], "truncation": "auto"}
    return body | ({"instructions": system} if system else {}) | _sampled(chat)


def _response_items(message: Json) -> Iterator[Json]:
    """An earlier answer: its text, its calls of functions, and last its actions on the screen as one call."""
    if message["content"]:
        yield {"type": "message", "role": "assistant", "content": message["content"]}
    on_screen = [call for call in message.get("tool_calls", ()) if call["function"]["name"] == COMPUTER]
    for call in message.get("tool_calls", ()):
        if call not in on_screen:
            yield {"type": "function_call", "call_id": call["id"], **call["function"]}
    if on_screen:
        said = [json.loads(call["function"]["arguments"]) for call in on_screen]
        actions = [{"type": values.pop("action", ""), **values} for values in said]
        about = {"call_id": on_screen[0]["id"], "status": "completed", "pending_safety_checks": []}
        yield {"type": "computer_call", **about, "actions": actions}


def _seen(parts: Sequence[Json], screens: Sequence[str]) -> Iterator[Json]:
    """A user message; its first picture is the result of the call `screens`."""
    pictures = [part["image_url"]["url"] for part in parts if part["type"] == "image_url"]
    for call_id in screens if pictures else ():
        shown = {"type": "computer_screenshot", "image_url": pictures.pop(0)}
        yield {"type": "computer_call_output", "call_id": call_id, "output": shown}
    said = [{"type": "input_text", "text": part["text"]} for part in parts if part["type"] == "text"]
    said += [{"type": "input_image", "image_url": url, "detail": "original"} for url in pictures]
    if said:
        yield {"type": "message", "role": "user", "content": said}


def _responses_answer(said: Json) -> Json:
    items = [item for item in said.get("output") or () if isinstance(item, dict)]
    calls = [call for item in items for call in _calls_of(item)]
    parts = [part for item in items if item.get("type") == "message" for part in item.get("content") or ()]
    thought = [part for item in items if item.get("type") == "reasoning" for part in item.get("summary") or ()]
    finish = "length" if said.get("status") == "incomplete" else "error" if said.get("status") == "failed" else "stop"
    refusal = "".join(str(part.get("refusal", "")) for part in parts)
    return _completion(said, {"content": parts, "reasoning_content": thought, "refusal": refusal}, calls, finish)


def _calls_of(item: Json) -> Iterator[tuple[str, Any]]:
    """The calls in an item of an answer. A safety check is an argument of its call: no grammar takes it."""
    if item.get("type") == "function_call":
        yield str(item.get("name")), item.get("arguments")
    if item.get("type") == "computer_call":
        checks = {"pending_safety_checks": item["pending_safety_checks"]} if item.get("pending_safety_checks") else {}
        for action in item.get("actions") or [item.get("action")]:
            said = dict(action) if isinstance(action, dict) else {}
            yield COMPUTER, {"action": said.pop("type", None), **said, **checks}


# Messages -----------------------------------------------------------------------------------------------------------


def _messages_body(chat: Json) -> Json:
    system, rest = _parted(chat["messages"])
    told: list[Json] = []
    for message in rest:
        role = "assistant" if message["role"] == "assistant" else "user"
        if not told or told[-1]["role"] != role:
            told.append({"role": role, "content": []})
        told[-1]["content"] += _blocks(message)
    body = {"model": chat["model"], "max_tokens": chat["max_tokens"], "messages": told, "tools": chat["tools"]}
    return body | ({"system": system} if system else {}) | _sampled(chat)


def _blocks(message: Json) -> Iterator[Json]:
    if message["role"] == "tool":
        yield {"type": "tool_result", "tool_use_id": message["tool_call_id"], "content": message["content"]}
    elif message["role"] == "assistant":
        if message["content"]:
            yield {"type": "text", "text": message["content"]}
        for call in message.get("tool_calls", ()):
            said = {"name": call["function"]["name"], "input": json.loads(call["function"]["arguments"])}
            yield {"type": "tool_use", "id": call["id"], **said}
    else:
        yield from map(_block, message["content"])


def _block(part: Json) -> Json:
    if part["type"] == "text":
        return part
    kind, _, data = part["image_url"]["url"].removeprefix("data:").partition(";base64,")
    return {"type": "image", "source": {"type": "base64", "media_type": kind, "data": data}}


def _messages_answer(said: Json) -> Json:
    blocks = [block for block in said.get("content") or () if isinstance(block, dict)]
    calls = [(str(block.get("name")), block.get("input")) for block in blocks if block.get("type") == "tool_use"]
    thought = "".join(str(block.get("thinking", "")) for block in blocks)
    texts = [block for block in blocks if block.get("type") == "text"]
    finish = {"max_tokens": "length", "refusal": "content_filter", "pause_turn": "length"}
    message = {"content": texts, "reasoning_content": thought}
    return _completion(said, message, calls, finish.get(str(said.get("stop_reason")), "stop"))


def _headers(key: str | None) -> Mapping[str, str]:
    known = {"x-api-key": key} if key else {}
    return {"anthropic-version": "2023-06-01", "anthropic-beta": "computer-use-2025-11-24", **known}


# Both ---------------------------------------------------------------------------------------------------------------


def _parted(messages: Sequence[Json]) -> tuple[str, Sequence[Json]]:
    first = messages[0]["role"] == "system"
    return (messages[0]["content"] if first else ""), messages[first:]


def _sampled(chat: Json) -> Json:
    """The temperature, which some models refuse: it is left out of the next request then."""
    return {"temperature": chat["temperature"]} if "temperature" in chat else {}


def _completion(said: Json, message: Json, calls: Iterable[tuple[str, Any]], finish: str) -> Json:
    """An answer as a chat completion; as it is where it is none, for the reader to say so."""
    if not isinstance(said.get("output", said.get("content")), list):
        return said
    functions = [{"function": {"name": name, "arguments": arguments}} for name, arguments in calls]
    usage: Json = {**said["usage"]} if isinstance(said.get("usage"), dict) else {}
    counts = [usage.get(name) for name in ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")]
    counted = sum(count for count in counts if isinstance(count, int))
    details = usage.get("input_tokens_details") or {"cached_tokens": usage.get("cache_read_input_tokens")}
    told = {"prompt_tokens": counted, "completion_tokens": usage.get("output_tokens"), "prompt_tokens_details": details}
    return {"choices": [{"message": {**message, "tool_calls": functions}, "finish_reason": finish}], "usage": told}


WIRES: dict[Wire, WireForm] = {
    "chat": WireForm(),
    "responses": WireForm("responses", lambda key: {}, _responses_body, _responses_answer, False, "output"),
    "messages": WireForm("messages", _headers, _messages_body, _messages_answer, False, "content"),
}
"""Every protocol by its name."""
