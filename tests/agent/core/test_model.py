from __future__ import annotations

import pytest
from pydantic import ValidationError

from agent.core.model import Usage
from agent.core.step import Tokens


def test_the_usage_of_two_requests_is_their_sum_with_the_first_ones_first_token() -> None:
    first = Usage(prompt_tokens=100, completion_tokens=7, first_token_seconds=0.5, seconds=2.0, requests=1)
    second = Usage(prompt_tokens=30, completion_tokens=20, first_token_seconds=0.25, seconds=0.5, requests=1)
    total = Usage(prompt_tokens=130, completion_tokens=27, first_token_seconds=0.5, seconds=2.5, requests=2)
    assert first + second == total
    nothing = Usage(requests=0)
    assert nothing + first == first
    assert first + nothing == first


def test_no_tokens_are_counted_where_none_are_named() -> None:
    assert Tokens() == Tokens(prompt=0, completion=0)


def test_the_tokens_of_a_request_are_prompt_and_completion() -> None:
    assert Usage(prompt_tokens=7, completion_tokens=3).tokens == 10


def test_what_a_model_returned_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        Usage().seconds = 1.0  # type: ignore[misc]
