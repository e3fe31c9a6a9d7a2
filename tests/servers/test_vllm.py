"""The real vLLM, where HANDEYE_VLLM gives it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agent.core.model import ContextError
from agent.models.dialects.dialect import Use
from agent.models.endpoints.endpoint import Request, Sampling
from tests.servers import checks
from tests.servers.checks import SIZES, WORDS
from tests.servers.conftest import Served


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_pictures_are_left_alone(vllm: Served, size: tuple[int, int]) -> None:
    sent, seen = checks.seen_size(vllm.endpoint(), size)
    assert seen == sent


def test_whole_and_streamed(vllm: Served) -> None:
    checks.check_whole_and_streamed(vllm)


def test_stops(vllm: Served) -> None:
    checks.check_stops(vllm)


def test_an_answer_that_was_begun(vllm: Served) -> None:
    checks.check_begun(vllm)


@pytest.mark.parametrize("use", ["desktop", "mobile", "locate"])
def test_answers_are_held(vllm: Served, use: Use) -> None:
    checks.check_held(vllm, use)


@pytest.mark.parametrize("schema", checks.SCHEMAS, ids=["pattern", "schema"])
def test_data_is_held(vllm: Served, schema: dict[str, object]) -> None:
    checks.check_data(vllm, schema)


def test_all_of_the_sampling_is_taken(vllm: Served) -> None:
    reply = vllm.endpoint().complete(replace(WORDS, sampling=Sampling(0.3, 0.9, 7, 0.05, 1.25, 0.1, 0.2)))
    assert reply.notes == ()


def test_errors(vllm: Served) -> None:
    assert "The server has:" in checks.error_of(vllm.endpoint(served="other"), WORDS)
    with pytest.raises(ContextError, match=r"\A[^\n]*--max-model-len\Z"):
        vllm.endpoint().complete(Request("", ("long " * 90_000,)))
