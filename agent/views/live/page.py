"""The live view of one run, put together: board, server, and the person's hand on the agent."""

from __future__ import annotations

import contextlib
import os
import tempfile
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from agent.core.loop import Agent, Result
from agent.core.step import Step
from agent.episodes import EpisodeHeader
from agent.guard.secrets import Secrets
from agent.views.live.document import document
from agent.views.live.intervention import LiveEnv, LivePolicy, LiveWatcher
from agent.views.live.server import LiveServer
from agent.views.live.state import Board
from agent.views.report import PageData, header_data, step_data
from agent.views.terminal import LiveView, console
from envs.env import Image

FAREWELL = 3.0
"""Seconds that the end of a run waits for open pages to hear of it."""


@dataclass(frozen=True)
class LiveViewOptions:
    """How the live view is served. `port` 0 is any free one; `open` shows it in the person's browser.

    `wait` is how many seconds a question waits while no page is open; then it counts as nobody being there.
    """

    port: int = 0
    open: bool = False
    wait: float = 300.0


class LivePage:
    """The page of one run, served while the agent works. `url` is its address with the token."""

    def __init__(self, board: Board, header: EpisodeHeader, folder: Path, url: str) -> None:
        self._board, self._header, self._folder, self.url = board, header, folder, url

    def over(self) -> None:
        """The run is over, and nobody can stop it any more."""
        self._board.refuse()
        self._board.stop.settle()

    def ended(self, result: Result) -> None:
        """Tell the page how the run ended, and wait a moment until it has heard."""
        words = f"{len(result.steps)} steps, {result.seconds:.1f} s. The record is in {self._folder}"
        header = header_data(
            self._header,
            ending=result.ending,
            message=result.message,
            answer=result.answer,
            foot=f"{words}; its report is report.html there.",
        )
        self._board.end(_branded(header))
        self._board.farewell(FAREWELL)


@contextmanager
def live_page(
    agent: Agent,
    view: LiveView,
    header: EpisodeHeader,
    folder: Path,
    look: Callable[[], Image],
    secrets: Secrets | None = None,
    options: LiveViewOptions | None = None,
) -> Iterator[LivePage]:
    """Serve the live view of `agent`, whose policy, env, watcher and way to ask then pass through the page.

    `header` and `folder` are the episode's, without secrets. `look` gives a picture of the screen at any time, masked
    as the agent's own. Raises `agent.core.errors.UserError` where the port cannot be used.
    """
    options = options or LiveViewOptions()
    running = _branded(header_data(header, running=True))
    board = Board(running, agent.stop, secrets or Secrets(), agent.env.supported)
    server = LiveServer(board, document(), options.port)
    env = LiveEnv(agent.env, board, look)
    policy = LivePolicy(agent.policy, board, env, view, options.wait)
    agent.env, agent.policy, agent.ask = env, policy, policy.ask
    agent.watch = LiveWatcher(board, agent.watch, lambda step: _step(step, header.started))
    with ExitStack() as stack:
        stack.callback(server.close)
        console().print(f"watch it at {server.url}", soft_wrap=True, markup=False)
        if options.open:
            stack.enter_context(_opened(server.url))
        yield LivePage(board, header, folder, server.url)


def _branded(header: PageData) -> PageData:
    return header | {"brand": "Handeye live"}


def _step(step: Step, started: float) -> PageData:
    return step_data(step, started=started, missing="The picture of this step is on its way.")


@contextmanager
def _opened(url: str) -> Iterator[None]:
    """Have a browser show `url`, by a file that only this user can read: arguments of a process can be read by all."""
    handle, name = tempfile.mkstemp(prefix="handeye-live-", suffix=".html")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(f'<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="0;url={url}">')
    try:
        if not webbrowser.open(Path(name).as_uri()):
            console().print("[yellow]no browser could be started: open the address above yourself[/]", soft_wrap=True)
        yield
    finally:
        with contextlib.suppress(OSError):
            os.unlink(name)
