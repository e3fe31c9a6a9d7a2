"""The browser env: addresses go through the address bar of real Chromium, one page back through the keyboard."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import psutil
import pytest

from actions.action import Open
from agent.core.loop import Agent, Result
from agent.core.task import Ending, Limits, Task
from agent.guard.limits import AllowLists, LimitsPolicy
from agent.models.opening import open_model
from agent.models.spec import ModelSpec
from agent.run.env_spec import EnvSpec, open_env
from envs.capture import Deadline
from envs.sandbox import SandboxEnv
from tests.agent.fakes import ListMemory
from tests.agent.scripted_server import ScriptedServer, computer
from tests.e2e.conftest import story


class Pages:
    """A site whose pages say their paths in the title; `asked` are those that were asked for."""

    def __enter__(self) -> Pages:
        self.asked: list[str] = []
        pages = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.path != "/favicon.ico":
                    pages.asked.append(self.path)
                body = f"<!doctype html><title>page {self.path}</title><h1>Page {self.path}</h1>".encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.send_header("Cache-Control", "no-store")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture(scope="module")
def pages() -> Iterator[Pages]:
    with Pages() as site:
        yield site


@pytest.fixture(scope="module")
def browser(pages: Pages) -> Iterator[SandboxEnv]:
    env = open_env(EnvSpec("browser", network="loopback"))
    assert isinstance(env, SandboxEnv)
    with env:
        yield env


def browse(env: SandboxEnv, script: list[str], **allowed: tuple[str, ...]) -> Result:
    policy = LimitsPolicy(AllowLists(**allowed), env.explain)
    with ScriptedServer([*script, computer("terminate", status="success")], names=("Fara-7B",)) as server:
        model = open_model(ModelSpec(server.url), ability="decide")
        return Agent(env, model, policy, ListMemory()).run(Task("Look around", Limits(steps=20)))


def test_a_model_for_browsers_visits_pages_and_goes_back(pages: Pages, browser: SandboxEnv) -> None:
    assert browser.name.startswith("browser :")
    visit = [computer("visit_url", url=f"{pages.url}/{name}") for name in ("lamps", "lamp")]
    pages.asked.clear()
    result = browse(browser, [*visit, computer("history_back")])
    assert result.ending is Ending.DONE, story(result)
    assert pages.asked[:2] == ["/lamps", "/lamp"], story(result)  # and not what the address bar completes
    deadline = Deadline(10)
    while "page /lamps" not in (app := browser.observe().app or "") and not deadline.passed:
        pass
    assert "page /lamps" in app


@contextmanager
def pausing(stopped: float, running: float) -> Iterator[None]:
    """Chromium's processes stop and run again, for so many seconds each, for as long as the block lasts."""
    over = threading.Event()

    def tell(number: int) -> None:
        for program in psutil.Process().children(recursive=True):
            with suppress(psutil.Error):
                if "chromium" in program.name():
                    program.send_signal(number)

    def pause() -> None:
        while not over.is_set():
            tell(signal.SIGSTOP)
            over.wait(stopped)
            tell(signal.SIGCONT)
            over.wait(running)

    thread = threading.Thread(target=pause)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def test_an_address_is_typed_whole_into_a_browser_that_hardly_runs(pages: Pages, browser: SandboxEnv) -> None:
    pages.asked.clear()
    with pausing(1.2, 0.1):
        result = browse(browser, [computer("visit_url", url=f"{pages.url}/{name}") for name in ("lamps", "lamp")])
    assert result.ending is Ending.DONE, story(result)
    assert pages.asked == ["/lamps", "/lamp"], story(result)


def test_an_address_outside_the_list_is_not_typed(pages: Pages, browser: SandboxEnv) -> None:
    pages.asked.clear()
    script = [computer("visit_url", url=f"{pages.url}/other"), computer("visit_url", url="javascript:alert(1)")]
    result = browse(browser, script, allow_hosts=("example.org",))
    assert pages.asked == []
    assert all("not allowed in this run" in (step.effect or "") for step in result.steps[:2]), story(result)
    inside = browse(browser, script[:1], allow_hosts=("127.0.0.1",), allow_apps=("chromium",))
    assert inside.ending is Ending.DONE, story(inside)
    assert pages.asked == ["/other"]


def test_what_is_no_page_and_a_program_without_an_address_bar_are_refused_in_a_line(
    pages: Pages, browser: SandboxEnv
) -> None:
    pages.asked.clear()
    frame = browser.observe().frame
    for target in ("mousepad", "file:///etc/passwd", "example.org", "https://a b.org"):
        outcome = browser.perform(Open(target=target), frame)
        assert not outcome.performed
        assert "\n" not in outcome.detail
        assert "address of a page" in outcome.detail or "not a URL" in outcome.detail
    browser.launch(["xterm"])
    outcome = browser.perform(Open(target=f"{pages.url}/lamp"), browser.observe().frame)
    assert not outcome.performed
    assert outcome.detail.startswith("no browser has the focus, but XTerm")
    assert pages.asked == []
