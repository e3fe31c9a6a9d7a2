"""`LivePage`: the live page of one run, which wraps the run's env, policy and watcher."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from actions.errors import plural
from agent.core.loop import Result, Watcher
from agent.core.policy import Policy
from agent.core.step import Step
from agent.core.stop import Stop
from agent.episodes import EpisodeHeader
from agent.guard.secrets import Secrets
from agent.views.live.intervention import LiveEnv, LivePolicy, LiveWatcher
from agent.views.live.server import LiveServer
from agent.views.live.state import LiveState
from agent.views.loopback import opened
from agent.views.report import PageData, header_data, step_data
from agent.views.terminal import TerminalView, console
from envs.env import Env


@dataclass(frozen=True)
class LivePageOptions:
    """How the live page is served. `port` 0 is any free one; `open` opens it in the browser.

    `wait` is how many seconds a question waits while no page is open; then it counts as unanswered.
    """

    port: int = 0
    open: bool = False
    wait: float = 300.0


def _announce(url: str) -> None:
    console().print(f"watch it at {url}", soft_wrap=True, markup=False)


@dataclass(frozen=True)
class Served:
    """The parts of a run wrapped for the page, to be used instead of the given ones."""

    env: Env
    policy: Policy
    watch: Watcher
    ask: Callable[[str], str | None]


@dataclass(frozen=True)
class LivePage:
    """The page of one run. `header` and `folder` are the episode's, without secrets; `terminal` asks too."""

    header: EpisodeHeader
    folder: Path
    terminal: TerminalView
    secrets: Secrets = field(default_factory=Secrets)
    options: LivePageOptions = field(default_factory=LivePageOptions)
    announce: Callable[[str], None] = _announce
    """Called with the address of the page, which contains its token."""

    @contextmanager
    def served(self, env: Env, policy: Policy, watch: Watcher, stop: Stop) -> Iterator[Served]:
        """Serve the page of a run of these parts. Raises `agent.core.errors.UserError` for a port it cannot use."""
        state = LiveState(_branded(header_data(self.header, running=True)), stop, self.secrets, env.supported)
        server = LiveServer(state, self.options.port)
        shown = LiveEnv(env, state)
        asks = LivePolicy(policy, state, shown, self.terminal, self.options.wait)
        with ExitStack() as stack:
            stack.callback(server.close)
            self.announce(server.url)
            if self.options.open:
                stack.enter_context(opened(server.url))
            yield Served(shown, asks, LiveWatcher(state, watch, self._step, self._end), asks.ask)

    def _step(self, step: Step) -> PageData:
        return step_data(step, started=self.header.started, missing="The picture of this step is not loaded yet.")

    def _end(self, result: Result) -> PageData:
        foot = (
            f"{plural(len(result.steps), 'step')}, {result.seconds:.1f} s. The record is in {self.folder}; "
            "its report is report.html there."
        )
        return _branded(
            header_data(self.header, ending=result.ending, message=result.message, answer=result.answer, foot=foot)
        )


def _branded(header: PageData) -> PageData:
    return header | {"brand": "Handeye live"}
