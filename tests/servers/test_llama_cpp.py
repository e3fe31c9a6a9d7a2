"""The real llama.cpp server."""

from __future__ import annotations

import json
import re
import urllib.request
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent.core.model import ContextError
from agent.models.dialects.dialect import Use
from agent.models.dialects.registry import DIALECTS
from agent.models.endpoints.endpoint import Request, Sampling, Shape
from agent.models.endpoints.wires import chat_messages
from tests.agent import tiny_qwen
from tests.agent.asked import SIZE, chat_of, ids_of, request_at
from tests.agent.simulated_grounder import llama_size
from tests.servers import checks
from tests.servers.checks import SIZES, WORDS
from tests.servers.conftest import CONVERTER, Served, gguf, handeye_serve, serving

OWN_LIMITS = (8, 4096)
"""llama.cpp's own, in tokens."""


@pytest.mark.parametrize("size", SIZES[:-1], ids=str)
def test_pictures_are_left_alone_as_handeye_serve_starts_it(llama: Served, size: tuple[int, int]) -> None:
    sent, seen = checks.seen_size(llama.endpoint(), size)
    assert seen == sent


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_a_resize_of_its_own_defaults_is_told_from_the_tokens(own_llama: Served, size: tuple[int, int]) -> None:
    sent, seen = checks.seen_size(own_llama.endpoint(), size)
    assert seen == llama_size(*sent, *OWN_LIMITS)
    assert (seen != sent) == (sent[0] * sent[1] > OWN_LIMITS[1] * 784)


def test_the_largest_screen(folder: Path) -> None:
    """By Qwen2-VL, which has the same rule and no windows: their mask takes 18 GB for a picture of this size."""
    with serving(folder, str(gguf("qwen2_vl")), "--extra", "-t 2") as served:
        sent, seen = checks.seen_size(served.endpoint(), SIZES[-1])
    assert seen == sent


def test_whole_and_streamed(llama: Served) -> None:
    checks.check_whole_and_streamed(llama)


def test_stops(llama: Served) -> None:
    checks.check_stops(llama)


def test_an_answer_that_was_begun(llama: Served) -> None:
    checks.check_begun(llama)


@pytest.mark.parametrize("use", ["desktop", "mobile", "locate"])
def test_answers_are_held(llama: Served, use: Use) -> None:
    checks.check_held(llama, use)


@pytest.mark.parametrize("schema", checks.SCHEMAS, ids=["pattern", "schema"])
def test_data_is_held(llama: Served, schema: dict[str, object]) -> None:
    checks.check_data(llama, schema)


def test_all_of_the_sampling_is_taken(llama: Served) -> None:
    """As the server itself lists it for its last request."""
    llama.endpoint().complete(replace(WORDS, sampling=Sampling(0.3, 0.9, 7, 0.05, 1.25, 0.1, 0.2)))
    with urllib.request.urlopen(f"{llama.url.removesuffix('/v1')}/slots", timeout=30) as response:
        used = json.load(response)[0]["params"]
    wanted = {"temperature": 0.3, "top_p": 0.9, "top_k": 7, "min_p": 0.05, "repeat_penalty": 1.25}
    wanted |= {"presence_penalty": 0.1, "frequency_penalty": 0.2}
    assert {name: used[name] for name in wanted} == pytest.approx(wanted)


def test_a_grammar_that_it_refuses_is_left_out_with_a_note(llama: Served) -> None:
    reply = llama.endpoint().complete(replace(WORDS, shape=Shape(pattern="(?:(?:a{0,60}b){0,60}c){0,60}")))
    assert reply.text
    assert reply.notes == ("asked again without grammar: Failed to initialize samplers: failed to parse grammar",)


def test_a_context_that_is_full(own_llama: Served) -> None:
    with pytest.raises(ContextError, match=r"\A[^\n]*start llama-server with a larger -c\Z"):
        own_llama.endpoint().complete(Request("", ("long " * 9000,)))


def test_a_context_is_known(llama: Served, own_llama: Served) -> None:
    assert own_llama.endpoint().capabilities.context == 8192
    assert (llama.endpoint().capabilities.context or 0) >= 16384 + 4096


def test_a_server_without_its_vision_part(folder: Path) -> None:
    from tests.servers.conftest import LLAMA, bare, free_port

    port = free_port("127.0.0.1", 0)
    weights = gguf("qwen2_5_vl") / "tiny-qwen2.5-vl.gguf"
    command = [str(LLAMA), "-m", str(weights), "-c", "4096", "-np", "1", "-t", "2", "--port", str(port)]
    with bare(folder, command, f"http://127.0.0.1:{port}/v1", weights.name) as served:
        said = checks.error_of(served.endpoint(), Request("", (checks.picture((320, 240)), "Where?")))
        assert "--mmproj FILE" in said
        checks.check_dead(served)


def asked(served: Served, path: str, **body: Any) -> Any:
    """What the server answers to a question that OpenAI's have not."""
    url, form = f"{served.url.removesuffix('/v1')}/{path}", {"Content-Type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(url, json.dumps(body).encode(), form), timeout=60) as response:
        return json.load(response)


QWEN35 = CONVERTER.parent / "models" / "templates" / "Qwen3.5-4B.jinja"
"""The chat template of Qwen3.5's checkpoints, to the letter, which comes with llama.cpp."""
PAD = 151655


@pytest.mark.parametrize(
    ("family", "kind", "factor"),
    [("qwen2.5-vl", "qwen2_5_vl", 28), ("qwen3-vl", "qwen3_vl", 32), ("qwen3.5", "qwen3_vl", 32)],
)
def test_a_conversation_of_five_pictures_has_the_ids_of_the_chat_template(
    folder: Path, family: str, kind: str, factor: int
) -> None:
    """By the server's own template and tokenizer; and the tokens of all its pictures are counted."""
    words, stand_in = tiny_qwen.tokenizer("qwen2.5" if factor == 28 else "qwen3"), tiny_qwen.TEMPLATES[family]
    model, flags, template = str(gguf(kind)), "-t 2 --image-min-tokens 8", stand_in
    if family == "qwen3.5":  # llama.cpp converts none this small: its template and its questions, another's weights
        flags, template = f"{flags} --jinja --chat-template-file {QWEN35}", QWEN35.read_text()
    patches = SIZE[0] * SIZE[1] // factor**2
    with serving(folder, model, "--dialect", family, "--extra", flags) as served:
        for step, shown in ((1, 1), (2, 2), (12, 5 if family == "qwen3-vl" else 4), (13, 5)):
            request = request_at(DIALECTS[family], step, pictures=5)
            text, own = (
                words.apply_chat_template(
                    chat_of(request), chat_template=one, add_generation_prompt=True, tokenize=False
                )
                for one in (template, stand_in)
            )
            assert text == own
            said = asked(served, "apply-template", messages=chat_messages(request))["prompt"]
            assert re.sub("<__media_[^>]*>", "<|vision_start|><|image_pad|><|vision_end|>", said) == text
            wanted = words.encode(text, add_special_tokens=False)
            assert asked(served, "tokenize", content=text, parse_special=True)["tokens"] == wanted
            images = shown * (patches + 2)
            reply = served.endpoint().complete(replace(request, max_tokens=1, shape=None, image_tokens=images))
            assert reply.usage.prompt_tokens == len(ids_of(text, words, PAD, patches))
            assert reply.image_tokens == images


FAILURES = {
    "a flag that it does not know": (("--extra", "--no-such-flag"), "invalid argument: --no-such-flag"),
    "a vision part that is none": (("--mmproj", "{weights}"), "failed to load multimodal model"),
    "weights that are none": (("{broken}",), "broken.gguf"),
}


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    models = gguf("qwen2_5_vl")
    (tmp_path / "broken.gguf").write_bytes(b"GGUF" + bytes(range(256)))
    (tmp_path / "mmproj.gguf").symlink_to(models / "mmproj-tiny-qwen2.5-vl.gguf")
    return tmp_path / "broken.gguf"


@pytest.mark.parametrize("how", FAILURES)
def test_the_engines_own_error_is_printed(folder: Path, broken: Path, how: str) -> None:
    weights = gguf("qwen2_5_vl") / "tiny-qwen2.5-vl.gguf"
    arguments, words = FAILURES[how]
    filled = [argument.format(weights=weights, broken=broken) for argument in arguments]
    model = [] if "{broken}" in arguments else [str(weights)]
    with handeye_serve(folder, *model, *filled, "--dialect", "qwen2.5-vl") as child:
        _, said = child.communicate(timeout=120)
    assert child.returncode == 2
    assert "stopped with status" in said.splitlines()[-1]
    assert words in said.splitlines()[-1]
