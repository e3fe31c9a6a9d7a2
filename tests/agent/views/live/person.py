"""Somebody at the live page: speaks its protocol over HTTP and waits for what they want to see."""

from __future__ import annotations

import http.client
import io
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from rich.console import Console

from agent.core.loop import Agent
from agent.core.task import Task
from agent.episodes import EpisodeHeader
from agent.guard.confirm import Confirm
from agent.guard.secrets import Secrets
from agent.run.assemble import assembled
from agent.views.live.page import LivePage, LivePageOptions
from agent.views.terminal import TerminalView
from tests.agent.fakes import Answer, FakeEnv, ListMemory, ScriptedModel

State = dict[str, Any]
PATIENCE = 15.0


@dataclass
class Person:
    """One page's client. `bytes` is all that the server ever answered."""

    url: str
    bytes: bytearray = field(default_factory=bytearray)

    @property
    def token(self) -> str:
        return parse_qs(urlsplit(self.url).query)["token"][0]

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> http.client.HTTPResponse:
        """A request as the page makes it; a header of None is left out, and `_` in a name is ``-``."""
        sent = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        connection = http.client.HTTPConnection("127.0.0.1", urlsplit(self.url).port or 0, timeout=30)
        connection.request(method, path, body, {name: value for name, value in sent.items() if value is not None})
        answer = connection.getresponse()
        answer.body = answer.read()  # type: ignore[attr-defined]
        self.bytes += str(answer.headers).encode() + answer.body  # type: ignore[attr-defined]
        connection.close()
        return answer

    def state(self, after: int = -1, steps: int = 0) -> State:
        answer = self.ask("GET", f"/state?page=person&after={after}&steps={steps}")
        assert answer.status == 200, answer.status
        return dict(json.loads(answer.body))  # type: ignore[attr-defined]

    def see(self, wanted: Callable[[State], Any]) -> State:
        """The first state that fits."""
        deadline, state = time.monotonic() + PATIENCE, self.state()
        while not wanted(state):
            assert time.monotonic() < deadline, f"not seen: {state}"
            state = self.state(state["version"])
        return state

    def card(self, words: str) -> State:
        """The card that waits and says `words`."""
        state = self.see(
            lambda s: s["card"] and s["card"]["waits"] and words in s["card"]["words"] + s["card"]["question"]
        )
        return dict(state["card"])

    def do(self, do: str, **more: Any) -> tuple[int, Any]:
        """Status and JSON of a command."""
        answer = self.ask("POST", "/do", json.dumps({"do": do, **more}).encode())
        return answer.status, json.loads(answer.body)  # type: ignore[attr-defined]

    def must(self, do: str, **more: Any) -> int | None:
        """A command that is carried out; the card shown then."""
        status, said = self.do(do, **more)
        assert status == 200, (do, more, said)
        return said["card"]


@dataclass
class Live:
    """A whole run with fakes, and a real server."""

    agent: Agent
    env: FakeEnv
    url: str
    model: ScriptedModel
    terminal: io.StringIO

    def run(self, person: Callable[[Person], None]) -> Any:
        """The result of the run while somebody does `person` in a thread of their own, whose failure fails the test."""
        failed, over = list[BaseException](), list[bool]()
        somebody = Person(self.url)

        def act() -> None:
            try:
                person(somebody)
                if somebody.bytes:
                    somebody.state(10**9)  # the page has seen all that there is to come
            except BaseException as error:  # noqa: BLE001 - told to the test
                failed.append(error)
                if not over:
                    self.agent.stop.request("the person failed")

        thread = threading.Thread(target=act)
        thread.start()
        try:
            result = self.agent.run(Task("Press OK"))
            over.append(True)
        finally:
            thread.join(2 * PATIENCE)
        if failed:
            raise failed[0]
        assert not thread.is_alive()
        return result


@contextmanager
def live(
    *answers: Answer,
    mode: str = "always",
    env: FakeEnv | None = None,
    secrets: Secrets | None = None,
    wait: float = 60.0,
    opened: bool = False,
    task: str = "Press OK",
) -> Iterator[Live]:
    """`Live` with a model that gives these answers."""
    env, model, told = env or FakeEnv(), ScriptedModel(answers), io.StringIO()
    view = TerminalView(Task(task), "fake", Console(file=told))
    policy = Confirm("always" if mode == "always" else "risky", lambda question: None)
    urls: list[str] = []
    header = EpisodeHeader.of(Task(task), model, env)
    page = LivePage(
        header, Path("/ep"), view, secrets or Secrets(), LivePageOptions(wait=wait, open=opened), urls.append
    )
    with (
        assembled(env, model, policy=policy, memory=ListMemory(), watch=view, secrets=secrets, live=page) as agent,
    ):
        yield Live(agent, env, urls[0], model, told)
