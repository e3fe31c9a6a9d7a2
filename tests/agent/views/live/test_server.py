"""Who gets in, and what they are told who do not."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import urlsplit

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.action import Click
from actions.frame import Frame, Point
from agent.core.errors import UserError
from agent.core.stop import Stop
from agent.views.live.commands import AnyCommand, read_command
from agent.views.live.server import LiveServer
from agent.views.live.state import LiveState
from agent.views.loopback import LARGEST
from tests.agent.views.live.person import Person
from tests.properties import examples

FRAME = Frame(id="1", width=100, height=50)
CLICK = Click(point=Point(10, 10))
PATHS = ("/", "/state?page=p&after=-1&steps=0", "/screen", "/steps/0", "/do", "/nothing", "/../../etc/passwd")


@pytest.fixture(scope="module")
def state() -> LiveState:
    state = LiveState({"task": "t"}, Stop(), supported=frozenset({"click", "type"}))
    state.show(np.full((50, 100, 3), 7, np.uint8), FRAME)
    state.add_step({"index": 0}, np.full((50, 100, 3), 9, np.uint8))
    state.put("action", FRAME, action=CLICK, waits=True)
    return state


@pytest.fixture(scope="module")
def server(state: LiveState) -> Iterator[LiveServer]:
    server = LiveServer(state)
    yield server
    server.close()


@pytest.fixture
def person(server: LiveServer) -> Person:
    return Person(server.url)


def bare(answer: object) -> None:
    """403, and nothing told: neither a body nor who answers."""
    assert answer.status == 403  # type: ignore[attr-defined]
    assert answer.body == b""  # type: ignore[attr-defined]
    assert not {"Server", "Set-Cookie", "Allow"} & set(answer.headers)  # type: ignore[attr-defined]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_without_the_token_nothing_is_told(person: Person, state: LiveState, path: str, method: str) -> None:
    before = state.version
    for credentials in (None, "", "Bearer", "Bearer wrong", f"Basic {person.token}", f"Bearer {person.token[:-1]}"):
        bare(person.ask(method, path, b"{}" if method == "POST" else None, Authorization=credentials))  # type: ignore[arg-type]
    bare(person.ask(method, f"{path}{'&' if '?' in path else '?'}token=wrong", Authorization=None))  # type: ignore[arg-type]
    assert state.version == before


def test_the_token_in_an_address_opens_the_page_and_nothing_else(person: Person) -> None:
    bare(person.ask("GET", f"/state?page=p&after=-1&steps=0&token={person.token}", Authorization=None))  # type: ignore[arg-type]
    body = json.dumps({"do": "pause"}).encode()
    bare(person.ask("POST", f"/do?token={person.token}", body, Authorization=None))  # type: ignore[arg-type]
    assert person.ask("GET", f"/?token={person.token}", Authorization=None).status == 200  # type: ignore[arg-type]


def test_the_cookie_loads_the_page_again_and_nothing_else(person: Person) -> None:
    page = person.ask("GET", f"/?token={person.token}", Authorization=None)  # type: ignore[arg-type]
    cookie, *guards = page.headers["Set-Cookie"].split("; ")
    assert {"HttpOnly", "SameSite=Strict"} <= set(guards)
    assert person.token not in cookie
    assert person.ask("GET", "/", Authorization=None, Cookie=f"a=b; {cookie}").status == 200  # type: ignore[arg-type]
    bare(person.ask("GET", "/", Authorization=None, Cookie=f"{cookie}x"))  # type: ignore[arg-type]
    bare(person.ask("GET", "/screen", Authorization=None, Cookie=cookie))  # type: ignore[arg-type]
    bare(person.ask("POST", "/do", b'{"do": "stop"}', Authorization=None, Cookie=cookie))  # type: ignore[arg-type]
    bare(person.ask("GET", "/screen", Authorization=f"Bearer {cookie.partition('=')[2]}"))


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1", "127.0.0.1:1", "evil.example:{port}", "127.0.0.1.:{port}", ""]
)
def test_another_host_is_refused(person: Person, server: LiveServer, host: str) -> None:
    for path in PATHS:
        bare(person.ask("GET", path, Host=host.format(port=server.port)))
    assert person.ask("GET", "/screen", Host=f"localhost:{server.port}").status == 200


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "https://127.0.0.1:{port}", "http://127.0.0.1:1", ""]
)
def test_another_origin_is_refused(person: Person, server: LiveServer, state: LiveState, origin: str) -> None:
    bare(person.ask("POST", "/do", b'{"do": "pause"}', Origin=origin.format(port=server.port)))
    assert not state.paused
    assert person.ask("GET", "/screen", Origin=f"http://127.0.0.1:{server.port}").status == 200


def test_two_hosts_are_none(server: LiveServer, person: Person) -> None:
    request = f"GET /screen HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nHost: evil\r\n"
    assert raw(server, f"{request}Authorization: Bearer {person.token}\r\n\r\n".encode()).startswith(b"HTTP/1.1 403 ")


def test_commands_are_posted(person: Person, state: LiveState) -> None:
    for method in ("GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"):
        assert person.ask(method, "/do?do=pause", b'{"do": "pause"}').status == 405
    assert person.ask("POST", "/state", b"{}").status == 405
    assert not state.paused


@pytest.mark.parametrize(
    "path",
    ["/nothing", "/../live.html", "/..%2f..%2fetc/passwd", "//etc/passwd", "/steps/../do", "/steps/-1", "/steps/7",
     "/steps/0x0", "/state/", "/live.js", "/%00", "/steps/" + "9" * 40],
)  # fmt: skip
def test_there_is_nothing_else(person: Person, path: str) -> None:
    assert person.ask("GET", path).status == 404


@pytest.mark.parametrize(
    "query", ["", "page=p", "page=p&after=x&steps=0", "page=../p&after=1&steps=0", "after=1&steps=1"]
)
def test_a_state_is_asked_for_in_full(person: Person, query: str) -> None:
    assert person.ask("GET", f"/state?{query}").status == (200 if query == "page=p" else 400)


BAD = {
    "no JSON": b"hello",
    "half": b'{"do": "pau',
    "not an object": b"[1, 2]",
    "empty": b"",
    "unknown": b'{"do": "shell", "command": "id"}',
    "no verb": b"{}",
    "more": b'{"do": "pause", "token": "x"}',
    "not UTF-8": b'{"do": "\xff"}',
    "deep": b"[" * 100_000,
    "a huge number": b'{"do": "approve", "card": 1e999}',
    "a text for a number": b'{"do": "approve", "card": "x"}',
    "NaN": b'{"do": "edit", "card": 1, "action": {"type": "click", "point": [NaN, 1]}}',
    "no such action": b'{"do": "edit", "card": 1, "action": {"type": "shell", "command": "id"}}',
    "no such key": b'{"do": "edit", "card": 1, "action": {"type": "key", "chords": ["hyper+x"]}}',
}


@pytest.mark.parametrize("name", BAD)
def test_garbage_is_named_and_does_nothing(person: Person, state: LiveState, name: str) -> None:
    before = state.version
    answer = person.ask("POST", "/do", BAD[name])
    assert answer.status == 400
    message = json.loads(answer.body)["error"]  # type: ignore[attr-defined]
    assert message
    assert "\n" not in message
    assert state.version == before


def test_a_command_is_json_of_a_bounded_length(person: Person, server: LiveServer, state: LiveState) -> None:
    command = b'{"do": "pause"}'
    for kind in ("text/plain", "application/x-www-form-urlencoded", "", None):
        assert person.ask("POST", "/do", command, Content_Type=kind).status == 415  # type: ignore[arg-type]
    head = f"POST /do HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nAuthorization: Bearer {person.token}\r\n"
    head += "Content-Type: application/json\r\n"
    for length in (
        "Content-Length: -1",
        "Content-Length: 1e3",
        "X: y",
        "Content-Length: 15\r\nTransfer-Encoding: chunked",
    ):
        assert raw(server, f"{head}{length}\r\n\r\n".encode() + command).startswith(b"HTTP/1.1 411 ")
    assert raw(server, f"{head}Content-Length: {LARGEST + 1}\r\n\r\n".encode()).startswith(b"HTTP/1.1 413 ")
    assert person.ask("POST", "/do", b" " * LARGEST).status == 400
    assert not state.paused


@pytest.mark.parametrize(
    "request_",
    [b"\r\n\r\n", b"nonsense\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\x16\x03\x01\r\n\r\n", b"BREW / HTTP/1.1\r\n\r\n"],
)
def test_a_broken_request_gets_no_page(server: LiveServer, request_: bytes) -> None:
    answer = raw(server, request_)
    assert b"\r\n\r\n" not in answer.rstrip()
    assert b"Python" not in answer
    assert b"html" not in answer


def test_everything_is_kept_out_of_caches_frames_and_referrers(person: Person) -> None:
    for answer in (person.ask("GET", path) for path in (f"/?token={person.token}", *PATHS[1:4], "/none")):
        headers = answer.headers
        assert headers["Cache-Control"] == "no-store"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert "Access-Control-Allow-Origin" not in headers


def test_the_page_itself_holds_no_state(person: Person) -> None:
    page = person.ask("GET", f"/?token={person.token}")
    assert person.token.encode() not in page.body  # type: ignore[attr-defined]
    assert "script-src 'sha256-" in page.headers["Content-Security-Policy"]


def test_pictures_are_what_the_board_shows(person: Person) -> None:
    screen = person.ask("GET", "/screen")
    assert (screen.headers["Content-Type"], screen.headers["X-Screen"]) == ("image/png", "1")
    assert person.ask("GET", "/steps/0").headers["Content-Type"] == "image/jpeg"


def test_it_listens_on_this_machine_only_and_not_after_it_is_closed(state: LiveState) -> None:
    server = LiveServer(state)
    assert urlsplit(server.url).hostname == "127.0.0.1"
    assert len(Person(server.url).token) >= 43, "256 bits"
    with pytest.raises(UserError, match="--live-port"):
        LiveServer(state, server.port)
    server.close()
    server.close()
    with pytest.raises(OSError), socket.create_connection(("127.0.0.1", server.port), timeout=1):
        pass


@examples(40)
@given(
    st.binary(max_size=200)
    | st.recursive(st.none() | st.floats() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)).map(
        lambda x: json.dumps(x).encode()
    )
)
def test_whatever_is_sent_is_a_command_or_an_error(data: bytes) -> None:
    with suppress(ValueError):
        assert isinstance(read_command(data), AnyCommand)


def raw(server: LiveServer, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        return connection.makefile("rb").read()
