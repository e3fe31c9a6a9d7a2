"""The OpenAI-compatible endpoint against a real HTTP server that misbehaves in every way it can."""

import socket
import time

import pytest

from agent.core.model import ModelError
from agent.core.step import Tokens
from agent.models.endpoints.endpoint import ChatMessage, Request
from agent.models.endpoints.http import HttpAnswer, take, usage_of
from agent.models.endpoints.openai import OpenAIEndpoint, base_url
from agent.models.endpoints.patience import Patience
from agent.models.endpoints.wires import WIRES
from tests.agent.scripted_server import NAME, Entry, Fault, ScriptedServer

QUICK = Patience(total=5, connect=2, attempts=3, first_pause=0.01, max_pause=0.02, max_retry_after=0.3)
ASK = Request(system="be brief", user=("hello",))


def endpoint(server: ScriptedServer, **how: object) -> OpenAIEndpoint:
    return OpenAIEndpoint(server.url, **{"patience": QUICK, **how})  # type: ignore[arg-type]


@pytest.mark.parametrize("stream", [True, False])
def test_an_answer_and_what_it_cost(stream: bool) -> None:
    with ScriptedServer(["hello yourself, über 🎉"]) as server:
        reply = endpoint(server, stream=stream).complete(ASK)
        body = server.seen[0].body
    assert reply.text == "hello yourself, über 🎉"
    assert reply.ended
    usage = reply.usage
    assert (usage.prompt_tokens, usage.completion_tokens, usage.requests) == (1000, 20, 1)
    assert usage.first_token_seconds is not None
    assert 0 < usage.first_token_seconds <= usage.seconds
    assert body["model"] == NAME
    assert body["temperature"] == 0
    assert body["messages"][0] == {"role": "system", "content": "be brief"}
    assert body["messages"][1] == {"role": "user", "content": [{"type": "text", "text": "hello"}]}
    assert "tools" not in body
    assert body["stream"] is stream
    assert ("stream_options" in body) is stream


def test_control_tokens_in_a_text_are_broken_up() -> None:
    texts = ("a <|im_end|>", "<start_of_turn>x", "<img> <|box_start|>(1,2)<|box_end|> <|im|> <tool_call>")
    turns = (ChatMessage("user", (texts[0],)), ChatMessage("assistant", (texts[1],)))
    with ScriptedServer(["hi"]) as server:
        for tokens in ((), ("<img>",)):
            endpoint(server).complete(Request("<|user|>", (texts[2],), turns=turns, control_tokens=tokens))
        first, second = ([message["content"] for message in seen.body["messages"]] for seen in server.seen)
    told = [[{"type": "text", "text": "a <| im_end|>"}], "< start_of_turn>x"]
    assert first == ["<| user|>", *told, [{"type": "text", "text": texts[2]}]]
    assert second == ["<| user|>", *told, [{"type": "text", "text": texts[2].replace("<img>", "< img>")}]]


def test_unknown_fields_are_left_out_the_second_time_and_from_then_on() -> None:
    with ScriptedServer(["hi"], reject=("stream_options",)) as server:
        one = endpoint(server)
        assert one.complete(ASK).text == "hi"
        assert one.complete(ASK).usage.requests == 1
        assert len(server.paths) == 4  # the models, a refused one, two good ones
        assert "stream_options" not in server.seen[-1].body


def test_a_refusal_that_names_no_field_costs_one_more_request() -> None:
    vague = Fault(status=422, body="Unrecognized request argument supplied")
    with ScriptedServer([vague, "hi"]) as server:
        assert endpoint(server).complete(ASK).text == "hi"
        assert "stream_options" not in server.seen[1].body
    with ScriptedServer([vague]) as server, pytest.raises(ModelError, match="422"):
        endpoint(server).complete(ASK)


def test_prefill_where_the_server_can() -> None:
    ask = Request(system="", user=("where",), prefill="[")
    with ScriptedServer(["1, 2]"]) as server:
        reply = endpoint(server, prefill=True).complete(ask)
        assert reply.text == "[1, 2]"
        body = server.seen[0].body
        assert body["messages"][-1] == {"role": "assistant", "content": "["}
        assert (body["add_generation_prompt"], body["continue_final_message"]) == (False, True)
    with ScriptedServer(["[1, 2]"]) as server:  # one that repeats the beginning
        assert endpoint(server, prefill=True).complete(ask).text == "[1, 2]"
    with ScriptedServer(["[1, 2]"], reject=("continue_final_message",)) as server:
        one = endpoint(server, prefill=True)
        assert one.complete(ask).text == "[1, 2]"
        assert one.capabilities.prefill == "none"
        assert len(server.seen[-1].body["messages"]) == 1
    with ScriptedServer(["[1, 2]"]) as server:  # not asked for
        assert endpoint(server).complete(ask).text == "[1, 2]"


def test_reading_stops_when_there_is_enough() -> None:
    with ScriptedServer([Fault("drip", body="abcdefghij" * 50, pause=0.02)]) as server:
        seen: list[str] = []
        reply = endpoint(server).complete(ASK, lambda: lambda piece: seen.append(piece) or len(seen) >= 5)
    assert reply.text == "abcde"
    assert not reply.ended
    assert len(seen) == 5


AGAIN = [Fault(status=code) for code in (429, 500, 502, 503, 504)] + [
    Fault("drop"),
    Fault("drop_after_headers"),
    Fault("half", body="half an ans"),
    Fault("garbage", body='{"error": {"message": "CUDA out of memory"}}'),
]


@pytest.mark.parametrize("fault", AGAIN, ids=lambda fault: f"{fault.how}-{fault.status}")
@pytest.mark.parametrize("stream", [True, False])
def test_what_may_pass_is_tried_again(fault: Fault, stream: bool) -> None:
    with ScriptedServer([fault, fault, "whole"]) as server:
        reply = endpoint(server, stream=stream).complete(ASK)
        assert len(server.seen) == 3
    assert reply.text == "whole"
    assert reply.usage.requests == 3
    assert len(reply.notes) == 2


@pytest.mark.parametrize("fault", AGAIN, ids=lambda fault: f"{fault.how}-{fault.status}")
def test_and_given_up_in_one_line(fault: Fault) -> None:
    with ScriptedServer([fault]) as server, pytest.raises(ModelError, match=r"^[^\n]*tried 3 times[^\n]*$"):
        endpoint(server).complete(ASK)


def test_the_tokens_of_failed_attempts_count() -> None:
    cut = 'data: {"choices": [{"delta": {"content": "x"}}], "usage": {"prompt_tokens": 7, "completion_tokens": 1}}\n\n'

    class Cut(ScriptedServer):
        pass

    with Cut([Fault("garbage", body=cut), "whole"]) as server:
        server._http.RequestHandlerClass._raw = _as_stream(server._http.RequestHandlerClass._raw)  # type: ignore[attr-defined]
        reply = endpoint(server).complete(ASK)
    assert (reply.usage.prompt_tokens, reply.usage.completion_tokens) == (1007, 21)


def _as_stream(raw: object) -> object:
    def send(handler, data, status=200, headers=()):
        if not data.startswith(b"data:"):
            return raw(handler, data, status, headers)  # type: ignore[operator]
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        handler.wfile.write(data)
        return None

    return send


def test_retry_after_is_honoured_up_to_a_limit() -> None:
    for value, least, most in (("0.2", 0.2, 60), ("3600", 0.3, 60)):
        with ScriptedServer([Fault(status=429, headers=(("Retry-After", value),)), "ok"]) as server:
            start = time.monotonic()
            assert endpoint(server).complete(ASK).text == "ok"
            assert least <= time.monotonic() - start < most


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault(status=400, body="This model's maximum context length is 4096 tokens"), ["400", "4096", "--max-pixels"]),
        (Fault(status=400, body="The image is larger than 4 MB"), ["400", "larger than 4 MB", "smaller picture"]),
        (Fault(status=400, body="At most 0 image(s) may be provided"), ["takes images"]),
        (Fault(status=400, body="two\nlines\x1b[31m"), ["two lines", "not repeated"]),
        (Fault(status=401, body="no key"), ["401", "HANDEYE_API_KEY"]),
        (Fault(status=403), ["403", "HANDEYE_API_KEY"]),
        (Fault(status=404, body="The model `x` does not exist"), ["404", "does not exist", NAME]),
        (Fault(status=413, body="Request Entity Too Large"), ["413", "--max-pixels"]),
        (Fault(status=301), ["301"]),
        (Fault("garbage", body="<html>hello</html>"), ["JSON"]),
        (Fault("garbage", body="[" * 100_000), ["JSON"]),
        (Fault("garbage", body='{"id": 1}'), ["'choices'"]),
        (Fault("garbage", body="[]"), ["'choices'"]),
        (Fault("huge"), ["larger than 4 MiB"]),
    ],
    ids=lambda value: value.how if isinstance(value, Fault) else "",
)
def test_what_will_not_pass_is_said_at_once(fault: Fault, words: list[str]) -> None:
    with ScriptedServer([fault]) as server:
        with pytest.raises(ModelError, match=r"\A[ -~]*\Z") as error:
            endpoint(server).complete(ASK)
        assert len(server.seen) == 1
    for word in words:
        assert word in str(error.value)
    assert len(str(error.value)) < 500


@pytest.mark.parametrize(
    "body",
    [
        '{"choices": []}',
        '{"choices": [null]}',
        '{"choices": [{"message": {"content": null}}]}',
        '{"choices": [{"message": {"content": [1]}}], "usage": {"prompt_tokens": -1}}',
    ],
)
def test_an_empty_answer_is_an_empty_text(body: str) -> None:
    with ScriptedServer([Fault("garbage", body=body)]) as server:
        assert endpoint(server, stream=False).complete(ASK).text == ""


@pytest.mark.parametrize(
    "fault", [Fault("stall"), Fault("drip", body="x" * 10_000), Fault("trickle")], ids=lambda f: f.how
)
def test_the_deadline_holds_whatever_the_server_does(fault: Fault) -> None:
    patience = Patience(total=0.6, connect=0.5, attempts=3, first_pause=0.01)
    with ScriptedServer([fault]) as server, pytest.raises(ModelError, match=r"within 0\.6 s"):
        endpoint(server, patience=patience, served="m").complete(ASK)


def test_a_stall_after_the_end_costs_only_the_counts() -> None:
    class Silent(ScriptedServer):
        pass

    with Silent(["done"]) as server:
        handler = server._http.RequestHandlerClass
        event = handler._event  # type: ignore[attr-defined]
        handler._event = lambda self, data: (  # type: ignore[attr-defined]
            server.closing.wait(20) if data == "[DONE]" or not data["choices"] else event(self, data)
        )
        reply = endpoint(server).complete(ASK)
        assert not server.closing.is_set()
    assert reply.text == "done"
    assert reply.ended
    assert reply.usage.prompt_tokens == 0


def test_cut_at_the_token_limit_is_not_ended() -> None:
    with ScriptedServer(["<tool_call>"], finish="length") as server:
        assert not endpoint(server).complete(ASK).ended


def test_nobody_there() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, not listening: refused
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(ModelError, match=r"no model server at .* Start it"):
            _ = OpenAIEndpoint(url, patience=QUICK).model
        with pytest.raises(ModelError, match=r"no connection to .*tried 3 times"):
            OpenAIEndpoint(url, "named", patience=QUICK).complete(ASK)


@pytest.mark.parametrize(
    ("names", "words"),
    [((), "serves none"), (("a", "b"), "serves a, b: say which"), (500, "Name the model"), (401, "HANDEYE_API_KEY")],
)
def test_models_that_cannot_be_told(names: tuple[str, ...] | int, words: str) -> None:
    script: list[Entry] = ["x"]
    with ScriptedServer(script, names=names) as server, pytest.raises(ModelError, match=words):
        _ = endpoint(server).model


def test_the_key_goes_to_the_server_and_nowhere_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HANDEYE_API_KEY", "s3cret-key")
    with ScriptedServer(["hi", Fault(status=400, body="bad key s3cret-key")]) as server:
        one = endpoint(server)
        one.complete(ASK)
        assert server.seen[0].headers["Authorization"] == "Bearer s3cret-key"
        with pytest.raises(ModelError) as error:
            one.complete(ASK)
        assert "s3cret-key" not in f"{error.value} {one!r} {one.name}"
    monkeypatch.delenv("HANDEYE_API_KEY")
    monkeypatch.setenv("OPENAI_API_KEY", "theirs")
    with ScriptedServer(["hi"]) as server:
        endpoint(server).complete(ASK)
        assert server.seen[0].headers["Authorization"] == "Bearer theirs"
    assert "Authorization" not in OpenAIEndpoint("https://elsewhere.example", "m")._headers


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("http://h:8000", "http://h:8000/v1"),
        ("http://h:8000/", "http://h:8000/v1"),
        ("https://h/v1/", "https://h/v1"),
        ("http://h/api/v3", "http://h/api/v3"),
        ("http://h/v1/chat/completions", "http://h/v1"),
        ("http://[::1]:80", "http://[::1]/v1"),
    ],
)
def test_addresses(url: str, base: str) -> None:
    assert base_url(url) == base


@pytest.mark.parametrize("url", ["", "h:8000", "ftp://h", "http://", "http://u:p@h", "http://h:99999", "http://h\nx"])
def test_bad_addresses(url: str) -> None:
    with pytest.raises(ModelError, match=r"\A[^\n]*\Z"):
        base_url(url)


def test_the_tokens_of_the_prompt_that_the_server_had_already_are_counted() -> None:
    usage = {"prompt_tokens": 900, "completion_tokens": 30, "prompt_tokens_details": {"cached_tokens": 700}}
    told = {"choices": [{"message": {"content": "x"}, "finish_reason": "stop"}], "usage": usage}
    answer = HttpAnswer()
    take(told, answer, 0.0)
    assert usage_of([answer, answer], 0.0).cached_tokens == 1400
    take({"choices": [], "usage": usage | {"prompt_tokens_details": None}}, answer, 0.0)
    assert usage_of([answer], 0.0).cached_tokens == 0
    message = {"content": [], "usage": {"input_tokens": 5, "cache_read_input_tokens": 70, "output_tokens": 2}}
    take(WIRES["messages"].answer(message), answer, 0.0)
    assert (answer.prompt_tokens, answer.cached_tokens) == (75, 70)
    both = Tokens(prompt=1000, completion=20, cached=600) + Tokens(prompt=200, cached=100)
    assert both.words == "1,200 in (700 cached), 20 out"
