"""The body of a request is the JSON that it would be with every picture in it, whatever the texts and pictures are."""

import json
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.models.endpoints.body import Pictures
from agent.models.endpoints.endpoint import ChatMessage, LaterPicture, Part, Request, Wire
from agent.models.endpoints.openai import OpenAIEndpoint
from agent.models.endpoints.patience import Patience
from agent.models.endpoints.wires import WIRES, chat_messages
from envs.png import data_url, encode_png
from tests.agent.scripted_server import Fault, ScriptedServer

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
PNG = encode_png(np.zeros((1, 1, 3), np.uint8))
PARTS = st.lists(TEXTS | st.binary(max_size=40) | st.just(b"\0" * 400_000), min_size=1, max_size=5)


@settings(max_examples=25)
@given(system=TEXTS, earlier=PARTS, now=PARTS, wire=st.sampled_from(sorted(WIRES)))
def test_the_pieces_are_the_json_with_the_pictures_in_it(
    system: str, earlier: list[Part], now: list[Part], wire: Wire
) -> None:
    request = Request(system, tuple(now), turns=(ChatMessage("user", tuple(earlier)), ChatMessage("assistant", ("a",))))
    pictures, form = Pictures(), WIRES[wire]
    more = {"model": "m", "max_tokens": 1, "tools": []}
    length, pieces = pictures.body(form.body({"messages": chat_messages(request, pictures.url), **more}))
    whole = form.body({"messages": chat_messages(request), **more})
    body = b"".join(pieces)
    assert body == json.dumps(whole, ensure_ascii=False, separators=(",", ":")).encode()
    assert len(body) == length


def test_a_text_that_tells_another_mark_stays_as_it_is() -> None:
    pictures, other = Pictures(), Pictures()
    text = other.url(b"x")
    _, pieces = pictures.body({"text": text, "picture": pictures.url(b"abc")})
    assert json.loads(b"".join(pieces)) == {"text": text, "picture": "data:image/png;base64,YWJj"}


def test_a_picture_is_let_go_once_it_is_sent() -> None:
    pictures, picture = Pictures(), bytes(10**6)
    before = sys.getrefcount(picture)
    _, pieces = pictures.body({"a": pictures.url(picture)})
    first = next(pieces)
    assert sys.getrefcount(picture) > before
    assert len(first) < 100 < len(next(pieces)) < 300_000
    assert next(piece for piece in pieces if piece == b'"}')
    assert sys.getrefcount(picture) == before


@pytest.mark.parametrize("times", [1, 2])
def test_a_later_picture_is_made_for_each_attempt(times: int) -> None:
    made: list[int] = []

    def coded() -> bytes:
        made.append(1)
        return PNG

    picture = LaterPicture(coded, lambda: np.zeros((1, 1, 3), np.uint8))
    with ScriptedServer([*[Fault(status=503)] * (times - 1), "hi"]) as server:
        asked = OpenAIEndpoint(server.url, patience=Patience(total=20, first_pause=0.01, max_pause=0.01))
        assert asked.complete(Request("", ("where", picture))).text == "hi"
        assert server.seen[-1].body["messages"][0]["content"][1]["image_url"]["url"] == data_url(PNG)
    assert len(made) == times
