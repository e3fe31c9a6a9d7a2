"""What each kind of server can do beyond plain chat, how it is told apart, and the words it takes a shape in.

A server that takes an unknown field for nothing (vLLM, llama.cpp, Ollama) would leave an answer unheld in silence, and
one that refuses it (``transformers serve``: 422) would cost a request, so each is sent what it knows and no more. Field
names are from vLLM ``chat_completion/protocol.py``, SGLang ``openai/protocol.py``, llama.cpp's ``tools/server``,
Ollama ``openai/openai.go``, LMDeploy ``serve/openai/protocol.py`` and transformers ``cli/serving/chat_completion.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

from agent.models.endpoints.endpoint import Capabilities, Sampling, Shape
from agent.models.endpoints.gbnf import gbnf

Kind = Literal["vllm", "sglang", "llama.cpp", "ollama", "lmdeploy", "transformers", "unknown"]


@dataclass(frozen=True)
class ServerKind:
    """One kind of server.

    `shaped` is the fields that hold an answer to a shape, empty where it cannot; `sampling` those that say how tokens
    are chosen. `prefill` is the fields for an answer that was begun for it, None where it cannot continue one. `stops`
    is whether it takes stop strings, `counts` whether streams can be asked for token counts, `special_tokens` whether
    answers can be asked for with theirs, `room` how its context is made longer.
    `thinking` is the fields that have a model think or not, over the name of it in the model's chat template, None
    where there are none; `quiet` is how the server is started so that its models do not think.
    """

    kind: Kind
    capabilities: Capabilities = field(default_factory=Capabilities)
    shaped: Callable[[Shape], dict[str, Any]] = lambda shape: {}
    sampling: Callable[[Sampling], dict[str, Any]] = lambda sampling: _openai(sampling)
    prefill: Mapping[str, Any] | None = None
    stops: bool = True
    counts: bool = True
    special_tokens: bool = False
    room: str = "serve a longer context"
    thinking: Callable[[str, bool | int], dict[str, Any]] | None = None
    quiet: str = "switch thinking off where it is served"


def _openai(sampling: Sampling) -> dict[str, Any]:
    penalties = {"presence_penalty": sampling.presence_penalty, "frequency_penalty": sampling.frequency_penalty}
    return {"top_p": sampling.top_p, **penalties}


def _all(sampling: Sampling, *, repetition: str = "repetition_penalty", all_tokens: int = -1) -> dict[str, Any]:
    more = {"top_k": sampling.top_k or all_tokens, "min_p": sampling.min_p, repetition: sampling.repetition_penalty}
    return _openai(sampling) | more


def _transformers(sampling: Sampling) -> dict[str, Any]:
    """``transformers serve`` takes its ``frequency_penalty`` for the penalty of repetitions (cli/serving/utils.py)."""
    return {"top_p": sampling.top_p, "frequency_penalty": sampling.repetition_penalty}


def _thinking(key: str, wanted: bool | int, budget: str = "") -> dict[str, Any]:
    """The switch for the chat template, and the most tokens of a thought under `budget` where that has a name."""
    fields: dict[str, Any] = {"chat_template_kwargs": {key: bool(wanted)}}
    return fields if isinstance(wanted, bool) or not budget else {**fields, budget: wanted}


def _sglang_thinking(key: str, wanted: bool | int) -> dict[str, Any]:
    """The template of Qwen3 takes the most tokens of a thought too (SGLang's page "thinking budget")."""
    most = {} if isinstance(wanted, bool) else {"thinking_budget": wanted}
    return {"chat_template_kwargs": {key: bool(wanted), **most}}


def _json_schema(schema: Mapping[str, Any]) -> dict[str, Any]:
    form = {"name": "answer", "strict": True, "schema": dict(schema)}
    return {"response_format": {"type": "json_schema", "json_schema": form}}


def _vllm(shape: Shape) -> dict[str, Any]:
    if shape.pattern is not None:
        return {"structured_outputs": {"regex": shape.pattern}}
    compact = {"json": dict(shape.schema or {}), "disable_any_whitespace": True}
    return {"structured_outputs": compact} if _bare(shape) else {}


def _sglang(shape: Shape) -> dict[str, Any]:
    return {"regex": shape.pattern} if shape.pattern is not None else _plain_json(shape)


def _llama_cpp(shape: Shape) -> dict[str, Any]:
    return {"grammar": gbnf(shape.pattern)} if shape.pattern is not None else _plain_json(shape)


def _lmdeploy(shape: Shape) -> dict[str, Any]:
    if shape.pattern is not None:
        return {"response_format": {"type": "regex_schema", "regex_schema": shape.pattern}}
    return _plain_json(shape)


def _plain_json(shape: Shape) -> dict[str, Any]:
    """A schema for the whole answer; nothing for a shape that has more in it than JSON."""
    return _json_schema(shape.schema) if shape.schema is not None and _bare(shape) else {}


def _bare(shape: Shape) -> bool:
    return not (shape.before or shape.after)


_VLLM_LIMITS = (
    """Start vLLM with --mm-processor-kwargs '{"min_pixels": 3136}'""",
    """Start vLLM with --mm-processor-kwargs '{"max_pixels": $pixels}'""",
)
_LLAMA_LIMITS = (
    "Start llama-server with --image-min-tokens 4",
    "Start llama-server with --image-max-tokens $tokens or more",
)
_CONTINUES: Mapping[str, Any] = {"add_generation_prompt": False, "continue_final_message": True}

SERVERS: dict[Kind, ServerKind] = {
    server.kind: server
    for server in (
        ServerKind(
            "vllm",
            Capabilities(
                "structured_outputs", "continue_final_message", prefix_cache=True, image_limits=_VLLM_LIMITS, video=True
            ),
            _vllm,
            _all,
            _CONTINUES,
            special_tokens=True,
            room="start vLLM with a larger --max-model-len",
            thinking=partial(_thinking, budget="thinking_token_budget"),
            quiet="""start vLLM with --default-chat-template-kwargs '{"enable_thinking": false}'""",
        ),
        ServerKind(
            "sglang",
            Capabilities("grammar", "continue_final_message", prefix_cache=True),
            _sglang,
            _all,
            {"continue_final_message": True},
            special_tokens=True,
            room="start SGLang with a larger --context-length",
            thinking=_sglang_thinking,
        ),
        ServerKind(
            "llama.cpp",
            Capabilities("grammar", "continue_final_message", prefix_cache=True, image_limits=_LLAMA_LIMITS),
            _llama_cpp,
            partial(_all, repetition="repeat_penalty", all_tokens=0),
            {},
            room="start llama-server with a larger -c",
            thinking=partial(_thinking, budget="thinking_budget_tokens"),
            quiet="""start llama-server with --jinja --chat-template-kwargs '{"enable_thinking": false}'""",
        ),
        ServerKind(
            "ollama",
            Capabilities("response_format", prefix_cache=True),
            _plain_json,
            room="start Ollama with a larger OLLAMA_CONTEXT_LENGTH",
        ),
        ServerKind(
            "lmdeploy",
            Capabilities("response_format"),
            _lmdeploy,
            partial(_all, all_tokens=0),
            special_tokens=True,
            room="start LMDeploy with a larger --session-len",
        ),
        # 5.24 fails on stop strings where the model takes pictures, and counts the tokens of streams unasked
        ServerKind("transformers", sampling=_transformers, stops=False, counts=False),
        ServerKind("unknown"),
    )
}
"""Every kind by its name."""

_OWNERS: dict[str, Kind] = {"vllm": "vllm", "sglang": "sglang", "llamacpp": "llama.cpp", "lmdeploy": "lmdeploy"}

Fetch = Callable[[str], Any]
"""The JSON at a path under the server's root; None where there is none."""


def recognised(models: Sequence[Mapping[str, Any]], local: bool, fetch: Fetch) -> ServerKind:
    """The server that lists `models` (the ``data`` of ``GET /v1/models``).

    Most say so by ``owned_by``. Ollama and ``transformers serve`` put the model's author there: they are asked for
    what only they have, ``/api/version`` and ``/load_model``, unless the server is a hosted one (not `local`).
    """
    owner = str(models[0].get("owned_by") or "") if models else ""
    if owner in _OWNERS:
        return SERVERS[_OWNERS[owner]]
    if not local or (models and "owned_by" not in models[0]):
        return SERVERS["unknown"]
    if _has(fetch("/api/version"), "version"):
        return SERVERS["ollama"]
    described = fetch("/openapi.json")
    paths = described.get("paths") if isinstance(described, Mapping) else None
    return SERVERS["transformers" if _has(paths, "/load_model") else "unknown"]


def context_of(models: Sequence[Mapping[str, Any]], served: str | None) -> int | None:
    """How many tokens the model `served` has room for, where the listing says: vLLM's and SGLang's ``max_model_len``,
    llama.cpp's ``meta.n_ctx``. llama.cpp answers to any name, and lists its one model under its own.
    """
    for model in models:
        if served in (None, model["id"]) or len(models) == 1:
            meta = model.get("meta")
            said = model.get("max_model_len") or (meta.get("n_ctx") if isinstance(meta, Mapping) else None)
            return said if isinstance(said, int) and said > 0 else None
    return None


def _has(data: Any, key: str) -> bool:
    return isinstance(data, Mapping) and key in data
