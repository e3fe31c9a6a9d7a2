"""Shapes in the engines that servers hold answers with: xgrammar (vLLM, SGLang, LMDeploy) and llguidance (`hf:`, vLLM).

llama.cpp's grammars are read by xgrammar, whose own have the same syntax; llama.cpp itself takes each in tests/servers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from string import Template
from typing import Any

import pytest

from actions.action import Click
from actions.frame import Frame, Point
from agent.models.dialects.dialect import Dialect, Use
from agent.models.dialects.registry import DIALECTS
from agent.models.dialects.shape import shape_of
from agent.models.endpoints.endpoint import Shape
from agent.models.endpoints.servers import SERVERS
from tests.agent import tiny_qwen
from tests.agent.models.test_fuzz import samples

FRAME = Frame(id="0", width=1932, height=1092)
SIZE, ENDS = 151936, (151645, 151643)
SOME = {"qwen3.5", "opencua", "gelab", "agentcpm-gui"}
"""Tags, calls, fields and JSON, which every `make test` tries with xgrammar: to load an engine takes ten seconds."""
Fits = Callable[[str], bool]


def spoken() -> Iterator[Any]:
    """Every family, what it is asked for, and the engine; families of native calls are held by nothing."""
    for name, dialect in DIALECTS.items():
        for use in ("locate",) if dialect.native else (*dialect.decide, "locate"):
            yield pytest.param(name, use, "xgrammar", marks=() if name in SOME else pytest.mark.slow)
            yield pytest.param(name, use, "llguidance", marks=pytest.mark.slow)


def answers(dialect: Dialect, use: Use) -> list[str]:
    """What the family itself writes."""
    if use != "locate":
        return [text for _, text in samples(dialect, use)]
    view = dialect.view(FRAME, use="locate")
    if not dialect.place_format:
        finder: Any = dialect.place_parser or next(iter(dialect.grammar.values()))
        return [finder.format(Click(point=Point(700, 500)), view)]
    first, last = view.numbers(Point(700, 500))
    x, y = (last, first) if view.swap else (first, last)
    return [Template(dialect.place_format).substitute(x=x, y=y, x2=x, y2=y)]


def damaged(text: str) -> Iterator[str]:
    """`text` cut off, said twice, gone on with, and with a number that is no place."""
    yield from (text[:-1], text + text, text + " and", text + "\n" + text)
    yield from (text[: at.start()] + "99999" + text[at.end() :] for at in list(re.finditer(r"\d{3,}", text))[-1:])


@pytest.fixture(scope="module")
def xgrammar() -> Callable[[Shape], list[Fits]]:
    """Compiles what each server of xgrammar's is sent for a shape, each text once."""
    xgr = pytest.importorskip("xgrammar", reason="needs pip install --no-deps xgrammar apache-tvm-ffi")
    info = xgr.TokenizerInfo.from_huggingface(tiny_qwen.tokenizer(), vocab_size=SIZE)
    compiler = xgr.GrammarCompiler(info, max_threads=1)

    def fits(compiled: Any, text: str) -> bool:
        matcher = xgr.GrammarMatcher(compiled)
        return bool(matcher.accept_string(text) and matcher.is_completed())

    def made(shape: Shape) -> list[Fits]:
        sent = [SERVERS[kind].shaped(shape) for kind in ("vllm", "sglang", "lmdeploy", "llama.cpp")]
        patterns = {
            sent[0]["structured_outputs"]["regex"],
            sent[1]["regex"],
            sent[2]["response_format"]["regex_schema"],
        }
        all_of = [compiler.compile_regex(pattern) for pattern in patterns]
        all_of.append(compiler.compile_grammar(xgr.Grammar.from_ebnf(sent[3]["grammar"])))
        return [lambda text, one=one: fits(one, text) for one in all_of]  # type: ignore[misc]

    return made


@pytest.fixture(scope="module")
def llguidance() -> Callable[[Shape], list[Fits]]:
    """As a checkpoint in process is held."""
    pytest.importorskip("llguidance", reason="needs pip install 'handeye[qwen]'")
    from agent.models.in_process.constraint import Grammars

    words = tiny_qwen.tokenizer()
    grammars = Grammars(words, SIZE, ENDS)

    def fits(shape: Shape, text: str) -> bool:
        matcher = grammars.matcher(shape)
        return matcher.takes(words.encode(text, add_special_tokens=False)) and matcher.may_end

    return lambda shape: [lambda text: fits(shape, text)]


@pytest.mark.parametrize(("name", "use", "engine"), list(spoken()))
def test_a_shape_takes_the_familys_answers_and_no_damaged_one(
    name: str, use: Use, engine: str, request: pytest.FixtureRequest
) -> None:
    dialect = DIALECTS[name]
    shape = shape_of(dialect, use, FRAME)
    if shape is None:
        return
    said = answers(dialect, use)
    broken = [text for answer in said for text in damaged(answer) if text not in said]
    for fits in request.getfixturevalue(engine)(shape):
        assert [text for text in said if not fits(text)] == []
        assert [text for text in broken if fits(text)] == []
