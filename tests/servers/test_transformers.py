"""The real ``transformers serve``: it holds no answer to a shape, continues none and says nothing of its context."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.servers import checks
from tests.servers.checks import SIZES, WORDS
from tests.servers.conftest import Served


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_pictures_are_left_alone(transformers: Served, size: tuple[int, int]) -> None:
    sent, seen = checks.seen_size(transformers.endpoint(), size)
    assert seen == sent


def test_whole_and_streamed(transformers: Served) -> None:
    checks.check_whole_and_streamed(transformers)


def test_stops(transformers: Served) -> None:
    checks.check_stops(transformers)


def test_what_it_cannot_do_is_not_asked_of_it(transformers: Served) -> None:
    endpoint = transformers.endpoint()
    assert (endpoint.server.kind, endpoint.capabilities.structured) == ("transformers", "none")
    reply = endpoint.complete(replace(WORDS, prefill="I say: "))
    assert not reply.text.startswith("I say")
    assert "Ignoring unsupported fields" not in transformers.log.read_text()


def test_another_model(transformers: Served) -> None:
    said = checks.error_of(transformers.endpoint(served="other"), WORDS)
    assert "answered 400: Server is pinned to" in said


def test_an_engine_that_dies(transformers: Served) -> None:
    checks.check_dead(transformers)
