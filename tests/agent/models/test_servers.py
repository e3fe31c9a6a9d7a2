"""Contracts with the servers people run: what they are sent, what they refuse, and what their errors become.

The servers here are stand-ins, written after vLLM's ``chat_completion/protocol.py``, llama.cpp's ``tools/server``,
Ollama's ``openai/openai.go`` and transformers' ``cli/serving/chat_completion.py``. They are stricter than the real
ones: a field that the real server would ignore fails the test, since somebody relied on what is ignored there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from actions.action import Click
from actions.frame import Frame, Point
from agent.core.model import ModelError, ParseError
from agent.core.task import Task
from agent.models.chat import ChatModel
from agent.models.dialects.registry import DIALECTS
from agent.models.dialects.shape import data_pattern, data_shape, shape_of
from agent.models.endpoints.continuation import rest_of
from agent.models.endpoints.endpoint import Request, Sampling, Shape
from agent.models.endpoints.gbnf import gbnf
from agent.models.endpoints.openai import OpenAIEndpoint
from agent.models.endpoints.patience import Patience
from agent.models.endpoints.servers import context_of
from agent.models.opening import open_model
from agent.models.spec import ModelSpec
from envs.env import Observation
from tests.agent.scripted_server import Entry, Fault, ScriptedServer, computer

QUICK = Patience(total=5, connect=2, attempts=3, first_pause=0.01, max_pause=0.02, loading_pause=0.05)
FRAME = Frame(id="1", width=1280, height=800)
SCREEN = Observation(np.zeros((800, 1280, 3), np.uint8), FRAME)
PLAIN = {"model", "messages", "temperature", "max_tokens", "stream", "stop", "top_p", "frequency_penalty"}
ALL = {"presence_penalty", "top_k", "min_p", "repetition_penalty"}
Refusal = tuple[int, Any]


def _vllm(body: dict[str, Any]) -> Refusal | None:
    if body.get("add_generation_prompt", True) and body.get("continue_final_message"):
        return 400, _vllm_error("Cannot set both `continue_final_message` and `add_generation_prompt` to True.")
    if "stream_options" in body and not body.get("stream"):
        return 400, _vllm_error("Stream options can only be defined when `stream=True`.")
    if "structured_outputs" in body and len(set(body["structured_outputs"]) - {"disable_any_whitespace"}) != 1:
        return 400, _vllm_error("You can only use one kind of constraints for structured outputs")
    return None


def _vllm_error(message: str, kind: str = "BadRequestError", code: int = 400) -> dict[str, Any]:
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


def _llama_cpp(body: dict[str, Any]) -> Refusal | None:
    if "grammar" in body and {"json_schema", "response_format"} & set(body):
        return 400, _llama_error(400, 'Either "json_schema" or "grammar" can be specified, but not both')
    if "grammar" in body and not _gbnf_reads(body["grammar"]):
        return 400, _llama_error(400, "Failed to parse grammar")
    return None


def _llama_error(code: int, message: str, kind: str = "invalid_request_error", **more: Any) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, "type": kind, **more}}


def _gbnf_reads(grammar: str) -> bool:
    return grammar.startswith("root ::= ") and "(?:" not in grammar


@dataclass(frozen=True)
class Kind:
    """One kind of server: the ``owned_by`` of its models, its further pages, the fields it reads."""

    owner: str
    fields: set[str]
    pages: Mapping[str, Any] = field(default_factory=dict)
    check: Any = lambda body: None

    def serve(self, script: list[Entry], name: str = "qwen2.5-vl-7b") -> ScriptedServer:
        def check(body: dict[str, Any]) -> Refusal | None:
            strange = sorted(set(body) - PLAIN - self.fields)
            return (422, {"detail": f"Unexpected fields in the request: {strange}"}) if strange else self.check(body)

        return ScriptedServer(script, names=(name,), owner=self.owner, pages=self.pages, check=check)


KINDS = {
    "vllm": Kind(
        "vllm",
        {"stream_options", "structured_outputs", "response_format", "add_generation_prompt", "continue_final_message"}
        | {"skip_special_tokens", "chat_template_kwargs", "thinking_token_budget"}
        | ALL,
        check=_vllm,
    ),
    "sglang": Kind(
        "sglang",
        {"stream_options", "regex", "response_format", "continue_final_message", "skip_special_tokens"}
        | {"chat_template_kwargs"}
        | ALL,
    ),
    "llama.cpp": Kind(
        "llamacpp",
        {"stream_options", "grammar", "json_schema", "response_format", "repeat_penalty"}
        | {"chat_template_kwargs", "thinking_budget_tokens"}
        | ALL - {"repetition_penalty"},
        check=_llama_cpp,
    ),
    "ollama": Kind(
        "library", {"stream_options", "response_format", "presence_penalty"}, {"/api/version": {"version": "0.12.6"}}
    ),
    "lmdeploy": Kind("lmdeploy", {"stream_options", "response_format", "skip_special_tokens"} | ALL),
    "transformers": Kind(
        "Qwen",
        set(),
        {"/openapi.json": {"paths": {"/load_model": {}, "/v1/chat/completions": {}}}},
        check=lambda body: (
            (400, "'Qwen2_5_VLProcessor' object has no attribute 'get_vocab'") if "stop" in body else None
        ),
    ),
    "unknown": Kind("someone", {"stream_options", "presence_penalty"}),
}
HELD = {"structured_outputs", "regex", "grammar", "response_format", "json_schema"}
CLICK = computer("left_click", coordinate=[100, 200])


def model(server: ScriptedServer, dialect: str = "qwen2.5-vl", **how: Any) -> ChatModel:
    return ChatModel(OpenAIEndpoint(server.url, patience=QUICK), DIALECTS[dialect], **how)


def ask(server: ScriptedServer, shape: Shape | None = None, **how: Any) -> str:
    return OpenAIEndpoint(server.url, patience=QUICK).complete(Request("", ("hello",), shape=shape, **how)).text


@pytest.mark.parametrize("kind", KINDS)
def test_the_kind_is_found_out_once(kind: str) -> None:
    with KINDS[kind].serve(["hi"]) as server:
        one = OpenAIEndpoint(server.url, "qwen2.5-vl-7b", patience=QUICK)
        assert one.server.kind == kind
        one.complete(Request("", ("x",)))
        asked = len(server.paths)
        one.complete(Request("", ("x",)))
        assert server.paths[asked:] == ["/v1/chat/completions"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dialect", ["qwen2.5-vl", "ui-tars-1.0", "os-atlas-pro", "showui"])
def test_only_what_a_server_reads_is_sent(kind: str, dialect: str) -> None:
    """The first request is taken as it is, for an action, for a place and for data."""
    frame, speaks = FRAME, DIALECTS[dialect]
    told = speaks.format(Click(point=Point(90, 200)), frame)
    place = told if dialect == "qwen2.5-vl" else {"showui": "[0.1, 0.2]"}.get(dialect, "(100,200)")
    with KINDS[kind].serve([told, place, '{"a": 1}']) as server:
        talker = model(server, dialect, structured="always")
        decided = talker.decide(Task(instruction="go"), SCREEN, [])
        assert isinstance(decided.action, Click)
        assert talker.locate(SCREEN, "it").point is not None
        if speaks.extract is not None:
            assert talker.extract(SCREEN, {"type": "object", "properties": {"a": {"type": "integer"}}}, "a?").data == {
                "a": 1
            }
        assert decided.notes == () or dialect == "os-atlas-pro"
        posts = [path for path in server.paths if path.endswith("completions")]
        assert len(posts) == 2 + (speaks.extract is not None)


@pytest.mark.parametrize("kind", KINDS)
def test_how_an_action_is_held(kind: str) -> None:
    with KINDS[kind].serve([CLICK]) as server:
        talker = model(server)
        talker.decide(Task(instruction="go"), SCREEN, [])
        body = server.seen[0].body
    shape = shape_of(DIALECTS["qwen2.5-vl"], "desktop", FRAME, pointer=False)
    assert shape is not None
    pattern = shape.pattern or ""
    assert re.fullmatch(pattern, CLICK)
    wanted: dict[str, dict[str, Any]] = {
        "vllm": {"structured_outputs": {"regex": pattern}},
        "sglang": {"regex": pattern},
        "llama.cpp": {"grammar": gbnf(pattern)},
        "lmdeploy": {"response_format": {"type": "regex_schema", "regex_schema": pattern}},
    }
    assert {name: value for name, value in body.items() if name in HELD} == wanted.get(kind, {})


@pytest.mark.parametrize(("dialect", "mode"), [("qwen2.5-vl", "off"), ("qwen3-vl", "auto"), ("ui-tars-1.5", "auto")])
def test_who_thinks_first_is_left_free_unless_asked(dialect: str, mode: str) -> None:
    told = DIALECTS[dialect].format(Click(point=Point(90, 200)), FRAME)
    with KINDS["vllm"].serve([told]) as server:
        model(server, dialect, structured=mode).decide(Task(instruction="go"), SCREEN, [])
        assert "structured_outputs" not in server.seen[0].body
        if mode == "auto":
            model(server, dialect, structured="always").decide(Task(instruction="go"), SCREEN, [])
            assert re.fullmatch(server.seen[1].body["structured_outputs"]["regex"], told)


@pytest.mark.parametrize("kind", KINDS)
def test_how_data_is_held(kind: str) -> None:
    schema = {"type": "object", "properties": {"total": {"type": "number"}}, "required": ["total"]}
    with KINDS[kind].serve(['{"total": 3}']) as server:
        assert model(server).extract(SCREEN, schema, "the total?").data == {"total": 3}
        body = server.seen[0].body
    pattern = data_pattern(schema) or ""
    assert re.fullmatch(pattern, '{"total": 3}')
    if kind in ("transformers", "unknown"):
        assert not HELD & set(body)
    elif kind == "ollama":
        assert body["response_format"]["json_schema"]["schema"] == schema
    else:
        wanted: dict[str, Any] = {
            "vllm": {"structured_outputs": {"regex": pattern}},
            "sglang": {"regex": pattern},
            "llama.cpp": {"grammar": gbnf(pattern)},
            "lmdeploy": {"response_format": {"type": "regex_schema", "regex_schema": pattern}},
        }[kind]
        assert {name: value for name, value in body.items() if name in HELD} == wanted


DATA: list[tuple[dict[str, Any], list[Any], list[str]]] = [
    ({"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "string"}}, "required": ["a", "b"]},
     [{"a": -3, "b": 'x "y" \n'}], ['{"a": 1}', '{"a":  1, "b": ""}', '{"a": 1, "b": ""}\n']),
    ({"type": "object", "properties": {"a": {"type": "number"}, "b": {"type": "null"}, "c": {"type": "boolean"}},
      "required": ["b"]}, [{"b": None}, {"a": 1.5, "b": None}, {"b": None, "c": True}, {"a": 0, "b": None, "c": False}],
     ['{"a": 1}', "{}", '{"c": true, "b": null}']),
    ({"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}}},
     [{}, {"a": 1}, {"b": 2}, {"a": 1, "b": 2}], ["{ }"]),
    ({"type": "array", "items": {"type": ["string", "null"]}}, [[], ["a"], [None, "b", ""]], ["[ ]", '["a" ]']),
    ({"anyOf": [{"enum": ["on", "off", 1]}, {"type": "null"}]}, ["on", 1, None], ['"o"']),
]  # fmt: skip


@pytest.mark.parametrize(("schema", "good", "bad"), DATA, ids=str)
def test_data_is_held_to_one_spacing(schema: dict[str, Any], good: list[Any], bad: list[str]) -> None:
    pattern = data_pattern(schema)
    assert pattern is not None
    for value in good:
        assert re.fullmatch(pattern, json.dumps(value, ensure_ascii=False)), value
    for text in bad:
        assert not re.fullmatch(pattern, text), text
    assert _gbnf_reads(gbnf(pattern))


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#/$defs/a"},
        {"type": "string", "pattern": "a+"},
        {"type": "integer", "minimum": 3},
        {"type": "array", "items": {"type": "object"}, "minItems": 2},
        {"type": "object", "properties": {"a": {}}},
        {"type": "object", "properties": {}, "required": ["a"]},
        {},
    ],
    ids=str,
)
def test_a_schema_that_says_more_is_held_by_itself(schema: dict[str, Any]) -> None:
    assert data_pattern(schema) is None
    with KINDS["vllm"].serve(["3"]) as server:
        ask(server, data_shape(schema))
        assert server.seen[0].body["structured_outputs"] == {"json": schema, "disable_any_whitespace": True}


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("vllm", {"add_generation_prompt": False, "continue_final_message": True}),
        ("sglang", {"continue_final_message": True}),
        ("llama.cpp", {}),
        ("ollama", None),
        ("transformers", None),
    ],
)
def test_how_an_answer_is_begun(kind: str, fields: dict[str, Any] | None) -> None:
    prefill = DIALECTS["qwen2.5-vl"].locate.prefill
    rest = "100, 200]}}\n</tool_call>"
    with KINDS[kind].serve([prefill + rest if fields is None else rest]) as server:
        assert model(server).locate(SCREEN, "it").point is not None
        body = server.seen[0].body
    begun = body["messages"][-1]
    assert (begun == {"role": "assistant", "content": prefill}) == (fields is not None)
    if fields is not None:
        assert fields.items() <= body.items()
        pattern = rest_of(shape_of(DIALECTS["qwen2.5-vl"], "locate", FRAME).pattern, prefill)  # type: ignore[union-attr,arg-type]
        assert pattern is not None
        assert re.fullmatch(pattern, rest)
        assert not re.fullmatch(pattern, prefill + rest)
        wanted = {"vllm": {"structured_outputs": {"regex": pattern}}, "sglang": {"regex": pattern}}
        held = wanted.get(kind, {"grammar": gbnf(pattern)})
        assert {name: value for name, value in body.items() if name in HELD} == held


def test_an_answer_that_was_begun_and_cannot_be_held_says_so() -> None:
    shape = Shape(schema={"type": "object"})
    with KINDS["vllm"].serve(["}"]) as server:
        reply = OpenAIEndpoint(server.url, patience=QUICK).complete(Request("", ("x",), prefill="{", shape=shape))
        assert not HELD & set(server.seen[0].body)
    assert reply.notes == ("the answer was begun for it and could not be held to its shape",)


@pytest.mark.parametrize(
    ("pattern", "begun", "rest"),
    [
        ("ab(?:c|d)e?f", "abc", "e?f"),
        ("ab(?:c|d)e?f", "abce", "f"),
        ("a?b", "b", ""),
        ("[a-c]x{2}", "a", "x{2}"),
        ("(?:ab|ac|ad)e", "a", "(?:be|ce|de)"),
        (r"\{\n", "{", r"\n"),
        ("a|bc", "b", "c"),
        ("x{2}", "x", None),
        ("ab", "c", None),
    ],
)
def test_what_a_beginning_leaves_open(pattern: str, begun: str, rest: str | None) -> None:
    assert rest_of(pattern, begun) == rest


@pytest.mark.parametrize("kind", KINDS)
def test_all_of_the_sampling_is_said(kind: str) -> None:
    """What is not said is taken from the checkpoint: a penalty of repetitions of 1.05 for Qwen2.5-VL."""
    standard = {"top_p": 0.9, "presence_penalty": 0.1, "frequency_penalty": 0.2}
    more = {"top_k": 7, "min_p": 0.05, "repetition_penalty": 1.2}
    wanted = {
        "llama.cpp": standard | {"top_k": 7, "min_p": 0.05, "repeat_penalty": 1.2},
        "transformers": {"top_p": 0.9, "frequency_penalty": 1.2},
        "ollama": standard,
        "unknown": standard,
    }.get(kind, standard | more)
    names = {
        "top_p",
        "top_k",
        "min_p",
        *(f"{what}_penalty" for what in ("repetition", "repeat", "presence", "frequency")),
    }
    with KINDS[kind].serve(["hi"]) as server:
        ask(server, sampling=Sampling(0.3, 0.9, 7, 0.05, 1.2, 0.1, 0.2))
        body = server.seen[0].body
        ask(server)
        greedy = server.seen[1].body
    assert {name: value for name, value in body.items() if name in names} == wanted
    assert body["temperature"] == 0.3
    assert greedy["temperature"] == 0
    assert greedy.get("top_k") == {"vllm": -1, "sglang": -1, "llama.cpp": 0, "lmdeploy": 0}.get(kind)
    none = {"repetition_penalty": 1, "repeat_penalty": 1, "presence_penalty": 0, "min_p": 0}
    assert all(greedy[name] == value for name, value in none.items() if name in greedy)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("stream", [True, False])
def test_an_answer_ends_before_a_stop_string(kind: str, stream: bool) -> None:
    """``transformers serve`` fails on them where the model takes pictures: what it writes is read up to there."""
    said = "one<|end|>two<|stop|>three"
    with KINDS[kind].serve([said if kind == "transformers" else "one"]) as server:
        endpoint = OpenAIEndpoint(server.url, patience=QUICK, stream=stream)
        reply = endpoint.complete(Request("", ("x",), stop=("<|stop|>", "<|end|>")))
        assert ("stop" in server.seen[0].body) == (kind != "transformers")
    assert (reply.text, reply.ended, reply.notes) == ("one", True, ())


def test_the_context_of_a_server_that_answers_to_any_name() -> None:
    """llama-server lists its one model under the path of its file, or an alias, and answers whatever it is called."""
    listed = [{"id": "/models/q.gguf", "owned_by": "llamacpp", "meta": {"n_ctx": 8192}}]
    assert context_of(listed, "qwen2.5-vl") == 8192
    assert context_of([*listed, {"id": "other", "max_model_len": 4096}], "other") == 4096
    assert context_of([*listed, {"id": "other"}], "third") is None


def test_a_word_that_only_looks_like_a_field_is_not_one() -> None:
    words = "Failed to apply the processor with {'min_pixels': 3136}"
    with KINDS["vllm"].serve([Fault(status=400, body=words)]) as server, pytest.raises(ModelError, match="min_pixels"):
        ask(server)


def test_special_tokens_are_asked_for_where_places_need_them() -> None:
    box = "<|box_start|>(100,200),(300,400)<|box_end|><|im_end|>"
    with KINDS["vllm"].serve([box], "qwen2-vl") as server:
        spot = model(server, "qwen2-vl").locate(SCREEN, "it")
        assert server.seen[0].body["skip_special_tokens"] is False
        assert spot.raw == box.removesuffix("<|im_end|>")


@pytest.mark.parametrize("words", ["The provided regex is not supported by xgrammar", "Failed to parse grammar"])
@pytest.mark.parametrize("kind", ["vllm", "llama.cpp"])
def test_a_shape_that_a_server_cannot_hold_is_left_out_from_then_on(kind: str, words: str) -> None:
    with KINDS[kind].serve([Fault(status=400, body=words), CLICK, CLICK]) as server:
        talker = model(server)
        decided = talker.decide(Task(instruction="go"), SCREEN, [])
        assert isinstance(decided.action, Click)
        assert "asked again without" in decided.notes[0]
        assert talker.endpoint.capabilities.structured == "none"
        talker.decide(Task(instruction="go"), SCREEN, [])
        assert len(server.seen) == 3


def test_what_comes_is_checked_however_it_was_held() -> None:
    with KINDS["vllm"].serve([computer("left_click", coordinate=[9999, 5])]) as server, pytest.raises(ParseError):
        model(server).decide(Task(instruction="go"), SCREEN, [])


# Errors --------------------------------------------------------------------------------------------------------------

ERRORS: list[tuple[str, int, Any, list[str]]] = [
    (
        "vllm",
        400,
        _vllm_error(
            "This model's maximum context length is 4096 tokens. However, you requested 5200 tokens (3152 in the "
            "messages, 2048 in the completion). Please reduce the length of the messages or completion."
        ),
        ["4096 tokens", "--max-model-len", "--max-pixels"],
    ),
    (
        "vllm",
        400,
        _vllm_error("The decoder prompt (length 9016) is longer than the maximum model length of 4096."),
        ["9016", "--max-model-len"],
    ),
    ("vllm", 400, _vllm_error("At most 1 image(s) may be provided in one prompt."), ["--limit-mm-per-prompt"]),
    ("vllm", 400, _vllm_error("At most 0 image(s) may be provided in one prompt."), ["takes images"]),
    ("vllm", 400, _vllm_error("Qwen2.5-7B is not a multimodal model"), ["takes no images"]),
    (
        "vllm",
        404,
        {
            "object": "error",
            "message": "The model `x` does not exist.",
            "type": "NotFoundError",
            "param": None,
            "code": 404,
        },
        ["`x` does not exist", "The server has: qwen2.5-vl-7b"],
    ),
    (
        "llama.cpp",
        400,
        _llama_error(
            400,
            "request (9412 tokens) exceeds the available context size (8192 tokens), try increasing it",
            "exceed_context_size_error",
            n_prompt_tokens=9412,
            n_ctx=8192,
        ),
        ["9412 tokens", "larger -c"],
    ),
    (
        "llama.cpp",
        500,
        _llama_error(
            500,
            "image input is not supported - hint: if this is unexpected, you may need to provide the mmproj",
            "server_error",
        ),
        ["--mmproj FILE"],
    ),
    ("llama.cpp", 401, _llama_error(401, "Invalid API Key", "authentication_error"), ["HANDEYE_API_KEY"]),
    (
        "ollama",
        404,
        {
            "error": {
                "message": "model 'qwen2.5vl:7b' not found",
                "type": "not_found_error",
                "param": None,
                "code": None,
            }
        },
        ["ollama pull qwen2.5vl:7b"],
    ),
    (
        "ollama",
        404,
        {"error": {"message": 'model "llava" not found, try pulling it first', "type": "api_error"}},
        ["Run: ollama pull llava"],
    ),
    (
        "ollama",
        500,
        {"error": {"message": "this model is missing data required for image input", "type": "api_error"}},
        ["takes no images"],
    ),
    ("ollama", 400, {"error": {"message": "invalid image input", "type": "invalid_request_error"}}, ["takes images"]),
    (
        "sglang",
        400,
        {"message": "The input (9000 tokens) is longer than the model's context length (4096 tokens)."},
        ["--context-length"],
    ),
    (
        "transformers",
        422,
        {"detail": [{"loc": ["body", "messages"], "msg": "Field required", "type": "missing"}]},
        ["messages: Field required"],
    ),
    (
        "transformers",
        400,
        {"detail": "Server is pinned to '/models/a'; requested 'b'."},
        ["pinned to '/models/a'", "Name the model as the server does: #/models/a"],
    ),
]


@pytest.mark.parametrize(("kind", "status", "body", "words"), ERRORS, ids=lambda value: str(value)[:24])
def test_an_error_is_one_line_with_what_to_do(kind: str, status: int, body: Any, words: list[str]) -> None:
    with KINDS[kind].serve([Fault("json", status=status, body=json.dumps(body))]) as server:
        with pytest.raises(ModelError, match=r"\A[^\n]*\Z") as error:
            ask(server)
        assert len(server.seen) == 1
    for word in words:
        assert word in str(error.value)


def test_too_little_memory_is_said_after_trying_again() -> None:
    body = {"error": {"message": "model runner has unexpectedly stopped, this may be due to resource limitations"}}
    stopped = Fault("json", status=500, body=json.dumps(body))
    with KINDS["ollama"].serve([stopped]) as server, pytest.raises(ModelError, match="tried 3 times"):
        ask(server)


def test_a_model_that_is_loading_is_waited_for() -> None:
    loading = Fault("json", status=503, body=json.dumps(_llama_error(503, "Loading model", "unavailable_error")))
    with KINDS["llama.cpp"].serve([*[loading] * 6, "hi"]) as server:
        reply = OpenAIEndpoint(server.url, patience=QUICK).complete(Request("", ("x",)))
    assert reply.text == "hi"
    assert reply.notes == (f"{server.url} is still loading the model",)
    patience = Patience(total=2.0, connect=30.0, loading_pause=0.05)
    with KINDS["llama.cpp"].serve([loading]) as server, pytest.raises(ModelError, match="still loading the model"):
        OpenAIEndpoint(server.url, patience=patience).complete(Request("", ("x",)))


# Streams, as each server sends them ----------------------------------------------------------------------------------


def stream(kind: str) -> str:
    return (Path(__file__).parents[1] / "golden" / f"stream-{kind}.txt").read_text()


@pytest.mark.parametrize("kind", ["vllm", "llama.cpp", "ollama"])
def test_a_stream_as_the_server_sends_it(kind: str) -> None:
    with KINDS[kind].serve([Fault("events", body=stream(kind))]) as server:
        reply = OpenAIEndpoint(server.url, patience=QUICK).complete(Request("", ("x",)))
        assert server.seen[0].body["stream_options"] == {"include_usage": True}
    assert (reply.text, reply.ended) == ("hello", True)
    assert (reply.usage.prompt_tokens, reply.usage.completion_tokens) == (31, 2)


def test_an_error_in_the_middle_of_a_stream_that_will_not_pass() -> None:
    start = stream("llama.cpp").split("\n\n")[0]
    broken = f"{start}\n\ndata: {json.dumps(_llama_error(500, 'context size has been exceeded', 'server_error'))}\n\n"
    with (
        KINDS["llama.cpp"].serve([Fault("events", body=broken)]) as server,
        pytest.raises(ModelError, match="larger -c"),
    ):
        ask(server)


# Grammars ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "use"), [(n, use) for n, d in DIALECTS.items() for use in (*d.decide, "locate")])
def test_every_shape_has_a_grammar(name: str, use: Any) -> None:
    shape = shape_of(DIALECTS[name], use, FRAME)
    if shape is None:
        return
    grammar = gbnf(shape.pattern or "")
    assert _gbnf_reads(grammar)
    assert max((int(n) for n in re.findall(r"\{\d+,(\d+)\}", grammar)), default=0) <= 64


@pytest.mark.parametrize("name", ["qwen2.5-vl", "ui-tars-1.5", "ui-venus-1.5", "os-atlas-pro", "showui", "cogagent"])
def test_a_grammar_takes_what_the_pattern_takes(name: str) -> None:
    """Read by llguidance, which knows GBNF too; llama.cpp itself is not here."""
    pytest.importorskip("llguidance")
    from llguidance import LLMatcher, LLTokenizer
    from llguidance.gbnf_to_lark import any_to_lark

    dialect, platform = DIALECTS[name], next(iter(DIALECTS[name].decide))
    shape = shape_of(dialect, platform, FRAME)
    assert shape is not None
    good = dialect.format(Click(point=Point(90, 200)), FRAME, platform)
    tokenizer = LLTokenizer("byte")
    for text, fits in ((good, True), (good + "x", False), (re.sub(r"\d+(?=\D*$)", "zz", good), False)):
        matcher = LLMatcher(tokenizer, LLMatcher.grammar_from_lark(any_to_lark(gbnf(shape.pattern or ""))))
        assert not matcher.get_error()
        taken = matcher.try_consume_tokens(tokenizer.tokenize_bytes(text.encode()))
        assert (taken == len(text.encode()) and matcher.is_accepting()) == fits, text


# Thinking ------------------------------------------------------------------------------------------------------------

BUDGETS = {"vllm": {"thinking_token_budget": 300}, "llama.cpp": {"thinking_budget_tokens": 300}}
HOLO = '{"note": null, "thought": "", "tool_call": {"tool_name": "click", "element": "it", "x": 100, "y": 200}}'


def thought(kind: str, **how: Any) -> dict[str, Any]:
    """The request for an action of Holo3, whose owners have it think."""
    with KINDS[kind].serve([HOLO], "Holo3.1-9B") as server:
        assert model(server, "holo3", **how).decide(Task(instruction="go"), SCREEN, []).action.type == "click"
        return server.seen[0].body


@pytest.mark.parametrize("kind", KINDS)
def test_a_model_thinks_as_its_owners_have_it_or_as_is_said(kind: str) -> None:
    switches = kind in ("vllm", "sglang", "llama.cpp")
    for wanted, said in ((None, True), (True, True), (False, False), (300, True)):
        body = thought(kind, thinking=wanted)
        budget = {"thinking_budget": 300} if kind == "sglang" and wanted == 300 else {}
        expected = {"enable_thinking": said, **budget} if switches else None
        assert body.get("chat_template_kwargs") == expected
        assert body["max_tokens"] == 4096 + (300 if wanted == 300 else 0)
        more = {
            name: value for name, value in body.items() if name in ("thinking_token_budget", "thinking_budget_tokens")
        }
        assert more == (BUDGETS.get(kind, {}) if wanted == 300 else {})


def test_thinking_is_off_where_a_model_points_and_a_thought_all_the_same_names_the_flag() -> None:
    events = [
        {"choices": [{"delta": {"reasoning_content": "Where is it?"}}]},
        {"choices": [{"delta": {"content": '{"x": 500, "y": 250}'}, "finish_reason": "stop"}]},
    ]
    stream = "".join(f"data: {json.dumps(event)}\n\n" for event in events) + "data: [DONE]\n\n"
    with KINDS["llama.cpp"].serve([Fault("events", body=stream)], "Holo2-4B") as server:
        found = model(server, "holo2").locate(SCREEN, "it")
        assert server.seen[0].body["chat_template_kwargs"] == {"thinking": False}
    assert found.point == Point(640, 200)
    assert "start llama-server with --jinja --chat-template-kwargs" in found.reason


def test_a_limit_that_a_server_refuses_is_left_out_and_said() -> None:
    def check(body: dict[str, Any]) -> Refusal | None:
        named = "thinking_token_budget is set but reasoning_config is not configured"
        return (400, _vllm_error(named)) if "thinking_token_budget" in body else None

    with ScriptedServer([HOLO], names=("Holo3.1-9B",), owner="vllm", check=check) as server:
        decided = model(server, "holo3", thinking=300).decide(Task(instruction="go"), SCREEN, [])
    assert any("takes no limit for a thought" in note for note in decided.notes)


def test_a_family_without_a_switch_refuses_one() -> None:
    with pytest.raises(ModelError, match=r"--thinking has no effect on qwen2\.5-vl models"):
        open_model(ModelSpec("http://h:9#qwen2.5-vl-7b", thinking=False))


# The switch ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("said", "held"), [("", True), ("auto", True), ("OFF", False)])
def test_the_environment_can_switch_it_off(said: str, held: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HANDEYE_STRUCTURED", said)
    with KINDS["vllm"].serve([CLICK]) as server:
        open_model(ModelSpec(server.url, profile=False)).decide(Task(instruction="go"), SCREEN, [])
        assert ("structured_outputs" in server.seen[0].body) == held


def test_another_word_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HANDEYE_STRUCTURED", "maybe")
    with KINDS["vllm"].serve([CLICK]) as server, pytest.raises(ModelError, match="not one of auto, always, off"):
        open_model(ModelSpec(server.url, profile=False))
