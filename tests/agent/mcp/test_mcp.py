"""The MCP server with the SDK's own client, in memory and over HTTP, on a screen that only remembers."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from actions.action import Click, Key, TypeText
from actions.frame import Box, Frame, Grid, Point
from agent.core.errors import UserError
from agent.core.model import Grounding
from agent.episodes import read_episode
from agent.guard.limits import AllowLists
from agent.guard.secrets import Secrets
from agent.models.spec import ModelSpec
from agent.run.env_spec import EnvSpec
from agent.run.locate import grounding_json
from agent.run.session import RunOptions
from envs.env import Observation
from tests.agent.fakes import FakeEnv
from tests.agent.mcp.models import Waiting
from tests.waiting import until

mcp = pytest.importorskip("mcp", reason="needs pip install 'handeye[mcp]'")
types = pytest.importorskip("mcp_types")
streaming = pytest.importorskip("mcp.client.streamable_http")

from agent.mcp.calls import ClientCall, McpClient, PersonQuestion  # noqa: E402
from agent.mcp.host import HostOptions, ScreenHost  # noqa: E402
from agent.mcp.server import TOOLS, ToolServer  # noqa: E402
from agent.mcp.transports import HttpAddress, serve_http  # noqa: E402

ERAS = ("legacy", "auto")
"""The client's ways: the handshake revisions, and the newest (2026-07-28), in which a server asks nothing by itself."""
SPEC = EnvSpec("tests.agent.fakes:FakeEnv")
CLICK = {"type": "click", "point": [30, 20]}


class Turning(FakeEnv):
    """Another size from the third capture on."""

    def observe(self) -> Observation:
        seen = super().observe()
        if self._count < 3:
            return seen
        return replace(
            seen, image=np.full((100, 50, 3), 128, np.uint8), frame=Frame(id=seen.frame.id, width=50, height=100)
        )


class Served:
    """A client of a server on `env`, and what it is told."""

    def __init__(self, host: ScreenHost, client: Any) -> None:
        self.host, self.client = host, client

    async def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """The object that a tool returns; its further content is under ``more``."""
        result = await self.client.call_tool(tool, arguments)
        assert not result.is_error, result.content[0].text
        return json.loads(result.content[0].text) | {"more": result.content[1:]}

    async def refused(self, tool: str, **arguments: Any) -> str:
        """The one line of a tool's error."""
        result = await self.client.call_tool(tool, arguments)
        assert result.is_error, result.content
        (text,) = [part.text for part in result.content]
        assert "\n" not in text
        return str(text)


def host_of(runs: Path, env: FakeEnv, model: str = "builtin", longest: int = 1568, **run: Any) -> ScreenHost:
    return ScreenHost(SPEC, env, HostOptions(RunOptions(**run), runs, longest), ModelSpec(model))


@asynccontextmanager
async def served(
    runs: Path, env: FakeEnv, era: str = "auto", says: Any = None, **options: Any
) -> AsyncIterator[Served]:
    """A client of `era` in memory; `says` answers elicitations: a string accepts with it, None has no elicitation."""

    async def answer(context: Any, params: Any) -> Any:
        if says in ("decline", "cancel"):
            return types.ElicitResult(action=says)
        return types.ElicitResult(action="accept", content={"answer": says})

    host = host_of(runs, env, **options)
    thread = threading.Thread(target=host.serve, daemon=True)
    thread.start()
    try:
        callback = answer if says else None
        async with mcp.Client(ToolServer(host).server(), mode=era, elicitation_callback=callback) as client:
            yield Served(host, client)
    finally:
        host.close("the MCP client has gone")
        thread.join(30)


def go(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(asyncio.wait_for(work(), 60))


def recorded(runs: Path) -> list[Any]:
    return [read_episode(path.parent) for path in sorted(runs.glob("*/episode.json"))]


@pytest.mark.parametrize("era", ERAS)
def test_a_client_sees_acts_and_is_recorded(tmp_path: Path, era: str) -> None:
    env = FakeEnv()

    async def work() -> None:
        async with served(tmp_path, env, era) as at:
            assert [tool.name for tool in (await at.client.list_tools()).tools] == list(TOOLS)
            seen = await at.call("observe")
            assert (seen["width"], seen["height"], seen["app"]) == (100, 50, "fake")
            assert [part.mime_type for part in seen["more"]] == ["image/png"]
            done = await at.call("act", action=CLICK, frame=seen["frame"], why="to try it")
            assert (done["did"], done["effect"]) == ("click at (30, 20)", "done")
            assert done["frame"] != seen["frame"]
            quiet = await at.call("act", action='{"type": "key", "chords": ["a"]}', picture=False)
            assert (quiet["more"], "frame" in quiet) == ([], False)
            ended = await at.call("act", action={"type": "finish", "status": "success", "message": "all"})
            assert (ended["ending"], ended["steps"]) == ("done", 3)
            told = await at.call("read_episode", episode=ended["episode"], step=1)
            assert (told["model"][:10], told["ending"], told["steps"]) == ("MCP client", "done", 3)
            assert told["more"][0].text.startswith("1. click at (30, 20)  to try it")
            assert told["more"][1].mime_type == "image/png"
            assert [one["steps"] for one in (await at.call("read_episode"))["episodes"]] == [3]
            assert (await at.call("replay", episode=ended["episode"]))["ok"] is True

    go(work)
    assert env.done == [Click(point=Point(30, 20)), Key(chords=("a",))]
    (episode,) = recorded(tmp_path)
    assert [step.thought for step in episode.steps] == ["to try it", "", ""]


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize(
    ("says", "told"),
    [
        ("do it", ""), ("leave it undone", "the person said no"), ("decline", "the person said no"),
        ("cancel", "the person said no"), ("stop", "the person stopped the run"), (None, "cannot ask one"),
    ],
)  # fmt: skip
def test_the_clients_user_confirms(tmp_path: Path, era: str, says: str | None, told: str) -> None:
    env = FakeEnv()

    async def work() -> None:
        async with served(tmp_path, env, era, says, confirm="always") as at:
            await at.call("observe")
            if not told:
                assert (await at.call("act", action=CLICK))["effect"] == "done"
            else:
                assert told in await at.refused("act", action=CLICK)
            if says == "stop":
                assert "restart it" in await at.refused("observe")
            else:
                await at.call("observe")

    go(work)
    assert len(env.done) == (not told)
    assert recorded(tmp_path)[0].steps[0].verdict.kind == {"": "allow", "the person stopped the run": "stop"}.get(
        told, "skip"
    )


@pytest.mark.parametrize("era", ERAS)
def test_the_clients_user_answers_a_question(tmp_path: Path, era: str) -> None:
    async def work() -> None:
        async with served(tmp_path, FakeEnv(), era, "blue") as at:
            asked = await at.call("act", action={"type": "ask_user", "question": "Which colour?"})
            assert asked["effect"] == "the person said: blue"

    go(work)


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "no JSON": ({"action": "click the button"}, "act: action: Value error"),
    "no such type": ({"action": {"type": "clack"}}, "act: action"),
    "no point": ({"action": {"type": "click"}}, "act: action.click.point"),
    "a field too many": ({"action": CLICK | {"then": "exit()"}}, "act: action.click.then"),
    "no number": ({"action": {"type": "click", "point": ["a", "b"]}}, "act: action.click.point"),
    "no action": ({}, "act: action"),
    "outside": ({"action": {"type": "click", "point": [100, 20]}}, "outside the picture of 100x50 pixels"),
    "an old frame": ({"action": CLICK, "frame": "0099"}, "frame 0099 is stale"),
    "not typed here": ({"action": {"type": "type", "text": "{{secret:none}}"}}, "no secret {{secret:none}}"),
    "denied": ({"action": {"type": "open", "target": "xterm"}}, "open is denied"),
}


def test_a_wrong_action_is_one_line_and_is_not_done(tmp_path: Path) -> None:
    env = FakeEnv()
    safe = {"secrets": Secrets({"pw": "hunter22"}), "limits": AllowLists(deny=("action:open",)), "confirm": "never"}

    async def work() -> None:
        async with served(tmp_path, env, **safe) as at:
            assert "call observe" in await at.refused("act", action=CLICK)
            await at.call("observe")
            for arguments, told in BAD.values():
                assert told in await at.refused("act", **arguments)
            assert "no tool" in await at.refused("press")
            assert "no episode" in await at.refused("read_episode", episode="../secret")
            assert "no episode" in await at.refused("replay", episode="/etc", mode="live")

    go(work)
    assert env.done == []


def test_a_screen_that_has_turned_makes_the_picture_stale(tmp_path: Path) -> None:
    env = Turning()

    async def work() -> None:
        async with served(tmp_path, env) as at:
            await at.call("observe")
            await at.call("act", action={"type": "key", "chords": ["a"]}, picture=False)
            assert "another size or rotation" in await at.refused("act", action=CLICK)
            await at.call("observe")
            await at.call("act", action=CLICK)

    go(work)
    assert len(env.done) == 2


def test_points_count_in_the_picture_that_was_sent(tmp_path: Path) -> None:
    env = FakeEnv()

    async def work() -> None:
        async with served(tmp_path, env, longest=50) as at:
            seen = await at.call("observe")
            assert (seen["width"], seen["height"]) == (50, 25)
            await at.call("act", action={"type": "drag", "path": [[10, 5], [20, 24]]})

    go(work)
    assert [tuple(point) for point in env.done[0].path] == [(20, 10), (40, 48)]


def test_a_place_is_one_object_in_pixels_of_the_picture() -> None:
    frame, found = Frame(id="1", width=300, height=150), Grounding(point=Point(100, 51), box=Box(90, 45, 110, 60))
    (whole, sent) = (grounding_json(found, frame, grid) for grid in (Grid(300, 150), Grid(100, 50)))
    assert (whole["point"], whole["bbox"], whole["image_size"]) == ([100, 51], [90, 45, 110, 60], [300, 150])
    assert (sent["point"], sent["bbox"], sent["image_size"]) == ([33.33, 17], [30, 15, 36.67, 20], [100, 50])
    refusal = grounding_json(Grounding(refused=True, reason="none"), frame, Grid(100, 50))
    assert (refusal["point"], refusal["bbox"], refusal["reason"]) == (None, None, "none")


def test_a_question_waits_until_its_deadline_whatever_the_rounds_take(monkeypatch: pytest.MonkeyPatch) -> None:
    now, looks = time.perf_counter(), list[float]()

    def given_up() -> bool:
        looks.append(passed := 200.0 * len(looks))  # each round takes long: the machine slept
        monkeypatch.setattr(time, "perf_counter", lambda: now + passed)
        return False

    call = ClientCall(McpClient("test", True), lambda event: None)
    assert call.ask(PersonQuestion("May it?"), given_up, patience=300) is None
    assert looks == [0, 200, 400]


def test_a_secret_is_typed_and_never_shown(tmp_path: Path) -> None:
    env = FakeEnv()

    async def work() -> None:
        async with served(tmp_path, env, secrets=Secrets({"pw": "hunter22"})) as at:
            assert "{{secret:pw}}" in at.client.instructions
            done = await at.call("act", action={"type": "type", "text": "{{secret:pw}}"}, why="as hunter22")
            assert "hunter22" not in json.dumps(done["did"])

    go(work)
    assert env.done == [TypeText(text="hunter22")]
    assert not Secrets({"pw": "hunter22"}).traces(tmp_path)


@pytest.mark.parametrize("era", ERAS)
def test_a_run_reports_its_steps(tmp_path: Path, era: str) -> None:
    env, steps = FakeEnv(), list[tuple[float, float | None, str | None]]()

    async def note(*told: Any) -> None:
        steps.append(told)

    async def work() -> None:
        async with served(tmp_path, env, era, model="tests.agent.mcp.models:TwoClicks", max_steps=9) as at:
            await at.call("observe")
            result = await at.client.call_tool("run", {"task": "Click twice"}, progress_callback=note)
            told = json.loads(result.content[0].text)
            assert (told["ending"], told["steps"], told["message"]) == ("done", 3, "both")
            assert read_episode(Path(told["episode"])).header.model == "two clicks"
            few = await at.call("run", task="Click twice", max_steps=1)
            assert few["ending"] == "step_limit"

    go(work)
    assert [step[:2] for step in steps] == [(1, 9), (2, 9), (3, 9)]
    assert steps[0][2] == "click at (10, 20)"


def test_an_episode_is_replayed_on_the_screen(tmp_path: Path) -> None:
    env = FakeEnv()

    async def work() -> None:
        async with served(tmp_path, env) as at:
            await at.call("act", action={"type": "key", "chords": ["a"]})
            ended = await at.call("act", action={"type": "finish", "status": "success"})
            again = await at.call("replay", episode=ended["episode"], mode="live")
            assert (again["ending"], again["redone"], again["recorded"]) == ("done", 1, 1)

    go(work)
    assert env.done == [Key(chords=("a",))] * 2


@pytest.mark.parametrize("era", ERAS)
def test_a_cancelled_run_ends_and_the_next_call_is_served(tmp_path: Path, era: str) -> None:
    Waiting.asked.clear()

    async def work() -> None:
        async with served(tmp_path, FakeEnv(), era, model="tests.agent.mcp.models:Waiting") as at:
            running = asyncio.create_task(at.call("run", task="Wait"))
            while "at work on a run" not in (await at.client.call_tool("observe", {})).content[0].text:
                await asyncio.sleep(0.01)
            while not Waiting.asked.is_set():  # a run that has not begun leaves no record
                await asyncio.sleep(0.01)
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            while (await at.client.call_tool("observe", {})).is_error:
                await asyncio.sleep(0.01)

    go(work)
    endings = {episode.header.model: (episode.ending, episode.message) for episode in recorded(tmp_path)}
    assert endings["waiting"] == ("stopped_by_user", "the MCP client cancelled it")


def test_a_run_that_nobody_can_confirm_ends_and_says_so(tmp_path: Path) -> None:
    env = FakeEnv()

    async def work() -> None:
        async with served(tmp_path, env, model="tests.agent.mcp.models:Risky") as at:
            told = await at.call("run", task="Close it")
            assert (told["ending"], "nobody is there to confirm it" in told["message"]) == ("needs_human", True)
        async with served(tmp_path, env, says="do it", model="tests.agent.mcp.models:Risky") as at:
            assert (await at.call("run", task="Close it"))["ending"] == "done"

    go(work)
    assert env.done == [Key(chords=("alt+f4",))]


def test_a_question_that_nobody_answers_is_given_up() -> None:
    call, able = ClientCall(McpClient("one", True), lambda event: None), PersonQuestion("Now?")
    assert call.ask(able, lambda: False, patience=0.2) is None
    assert call.ask(able, lambda: True) is None
    call.cancel()
    assert call.ask(able, lambda: False) is None


@pytest.fixture
def address(tmp_path: Path) -> Any:
    """A server over HTTP, with a token."""
    address, host = HttpAddress(0), host_of(tmp_path, FakeEnv())
    thread = threading.Thread(target=serve_http, args=(host, address), daemon=True)
    thread.start()
    until(lambda: _answers(address))
    yield address
    host.close("the test is over")
    thread.join(30)
    assert not thread.is_alive()


def _answers(address: HttpAddress) -> bool:
    try:
        return httpx.get(address.url).status_code == 403
    except httpx.HTTPError:
        return False


@pytest.mark.parametrize("era", ERAS)
def test_a_client_with_the_token_is_served_over_http(address: Any, era: str) -> None:
    async def work() -> None:
        http = streaming.create_mcp_http_client(headers={"Authorization": f"Bearer {address.token}"})
        async with mcp.Client(streaming.streamable_http_client(address.url, http_client=http), mode=era) as client:
            at = Served(None, client)  # type: ignore[arg-type]
            await at.call("observe")
            assert (await at.call("act", action={"type": "wait", "seconds": 0}))["effect"] == "done"

    go(work)


def test_a_request_from_elsewhere_gets_nothing(address: Any) -> None:
    good = {"Authorization": f"Bearer {address.token}"}
    own = f"127.0.0.1:{address.port}"
    refused: list[dict[str, str]] = [
        {}, {"Authorization": "Bearer wrong"}, {"Authorization": address.token}, good | {"Host": "example.org"},
        good | {"Host": f"127.0.0.1:{address.port + 1}"}, good | {"Origin": "http://example.org"},
        good | {"Origin": "null"},
    ]  # fmt: skip
    with httpx.Client() as client:
        for path, method in (("/mcp", "POST"), ("/mcp", "GET"), ("/mcp", "DELETE"), ("/nothing", "OPTIONS")):
            for headers in refused:
                answer = client.request(method, f"http://{own}{path}", headers=headers)
                assert (answer.status_code, answer.content) == (403, b""), (path, method, headers)
        assert client.get(f"http://{own}/nothing", headers=good | {"Origin": f"http://{own}"}).status_code == 404

    async def stranger() -> None:
        async with mcp.Client(address.url, mode="legacy") as client:
            await client.list_tools()

    with pytest.raises(BaseException, match=r"."):
        go(stranger)


def test_a_short_token_and_a_taken_port_are_refused() -> None:
    with pytest.raises(UserError, match="at least 16"):
        HttpAddress(0, "short")
    taken = HttpAddress(0)
    taken.listening.listen()
    with pytest.raises(UserError, match="--http"):
        HttpAddress(taken.port)
    taken.listening.close()
