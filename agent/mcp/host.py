"""`ScreenHost`: the screen that the tools work on, one call after another, in the thread that owns it."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from pydantic import JsonValue

from actions.errors import HandeyeError, one_line, plural
from agent.core.loop import Result
from agent.core.model import Model
from agent.core.step import Step
from agent.core.stop import Stop
from agent.core.targets import in_words
from agent.core.task import Ending, Task
from agent.episodes import read_episode
from agent.episodes.replay.script import Script
from agent.guard.confirm import PersonReply, Unasked
from agent.guard.secrets import SecretEnv
from agent.mcp.arguments import (
    ElementsArguments,
    LocateArguments,
    ObserveArguments,
    ReplayArguments,
    RunArguments,
)
from agent.mcp.calls import ClientCall, PersonQuestion, ToolReply
from agent.mcp.client_model import ClientModel, Inbox, ScreenRequest, ShownFrame
from agent.mcp.episodes import episode_folder
from agent.models.opening import open_model
from agent.models.spec import ModelSpec
from agent.perception.listing.lister import ElementLister
from agent.perception.perceive import lazy_perceive
from agent.run.env_spec import EnvSpec
from agent.run.locate import grounding_json
from agent.run.replay import ReplayOptions, check_secrets, replay_on
from agent.run.session import RunOptions, run_folder, run_task
from agent.views.terminal import TerminalView
from envs.env import Env, Observation

CLIENT_STEPS = 100_000
"""The limit of a client's own steps, which its own program bounds."""
LONGEST = 1568
"""Pixels of the longer side of a picture that is sent: larger ones are shrunk by many hosts, unseen by the server."""
CHOICES = ("do it", "leave it undone", "stop")
NOBODY = (
    "a person has to confirm it, and this client cannot ask one (no elicitation) or nobody answered; use a client "
    "that can, or start handeye mcp with --confirm never"
)
_CTRL_C = "Ctrl-C"


@dataclass(frozen=True)
class HostOptions:
    """How a client's work is done: `run` of everything; the episodes are in `runs`; `longest` is as `LONGEST`."""

    run: RunOptions
    runs: Path = Path("runs")
    longest: int = LONGEST


class CallView(TerminalView):
    """Shows a run on stderr as it happens, tells its steps to the client that waits, and asks the client's user.

    `call` is the call under way. With `unasked`, an action that nobody can confirm is left undone; without, the run
    ends.
    """

    def __init__(
        self, call: Callable[[], ClientCall | None], stop: Stop, unasked: bool, task: Task, place: str
    ) -> None:
        super().__init__(task, place)
        self._call, self._stop, self._unasked, self._total = call, stop, unasked, task.limits.steps

    def __enter__(self) -> CallView:
        """Nothing is shown but finished steps."""
        return self

    def stepped(self, step: Step) -> None:
        """Print the step and report it."""
        super().stepped(step)
        if (call := self._call()) is not None and not self._unasked:
            call.progress(step.index + 1, self._total, in_words(step))

    def ask_to_confirm(self, question: str) -> PersonReply | Unasked | None:
        """Ask the client's user."""
        match self._ask_client(PersonQuestion(f"Handeye: may this be done? {one_line(question, 1000)}", CHOICES)):
            case None:
                return Unasked(NOBODY) if self._unasked else None
            case "do it":
                return "yes"
            case "stop":
                return "stop"
        return "no"

    def ask_person(self, question: str) -> str | None:
        """Ask the client's user."""
        return self._ask_client(PersonQuestion(f"Handeye asks: {one_line(question, 1000)}")) or None

    def _ask_client(self, question: PersonQuestion) -> str | None:
        call = self._call()
        return None if call is None else call.ask(question, lambda: bool(self._stop))


@dataclass
class ScreenHost:
    """Does what the clients ask for on `env`, which `spec` describes and which stays open.

    Requests come from any thread by `submit`; `serve` works them off in the thread that calls it.
    """

    spec: EnvSpec
    env: Env
    options: HostOptions
    model: ModelSpec
    halted: str = ""
    """Why nothing more is done: a person has stopped it."""
    _inbox: Inbox = field(default_factory=Inbox)
    _stop: Stop = field(default_factory=Stop)
    _run_ahead: ScreenRequest | None = None
    """The run or replay that is queued or under way."""
    _closed: bool = False
    _locator: Model | None = None

    def __post_init__(self) -> None:
        run = self.options.run
        confirm = run.confirm or ("risky" if self.spec.exposed else "never")
        self.options = replace(self.options, run=replace(run, confirm=confirm))
        self._perceive = lazy_perceive()
        if run.secrets:
            self.env = SecretEnv(self.env, run.secrets)

    def submit(self, request: ScreenRequest) -> None:
        """Take a request; one that has to wait for a whole run is refused."""
        ahead = self._run_ahead
        if ahead is not None:
            kind = "run" if isinstance(ahead.arguments, RunArguments) else "replay"
            request.call.fail(f"the screen is at work on a {kind}: wait for its result, or cancel it")
            return
        if not request.is_clients_own:
            self._run_ahead = request
            request.call.on_cancel(lambda: self._is_over(request))
        self._inbox.put(request)

    def _is_over(self, request: ScreenRequest) -> None:
        """Others need not wait for `request` any more."""
        if self._run_ahead is request:
            self._run_ahead = None

    def serve(self) -> None:
        """Work until `close`, or Ctrl-C."""
        with suppress(KeyboardInterrupt):
            while not self._closed and (request := self._inbox.get()) is not None:
                self._take(request)

    def close(self, why: str) -> None:
        """End `serve` and what is under way; from any thread."""
        self._closed = True
        self._inbox.put(None)
        if self._run_ahead is not None:
            self._stop.request(why)

    def _take(self, request: ScreenRequest) -> None:
        """Do one request, or all of a client's own steps from this one on."""
        if self.halted:
            self._is_over(request)
            request.call.fail(f"{self.halted}: a person stopped this server; restart it in the MCP host to go on")
            return
        self._stop = Stop()
        try:
            if request.is_clients_own:
                self._follow(request)
            else:
                self._work(request)
        except HandeyeError as error:
            request.call.fail(one_line(self.options.run.secrets.redact(str(error)), 1000))
        except KeyboardInterrupt:
            if not request.call.cancelled:
                raise
        except Exception as error:  # noqa: BLE001 - the server outlives a fault of one call
            request.call.fail(one_line(f"internal error: {type(error).__name__}: {error}", 500))
        finally:
            self._is_over(request)

    def _follow(self, first: ScreenRequest) -> None:
        """A client's own steps, as a run of the model that the client is."""
        model = ClientModel(first, self._inbox, self._look, self.options.longest, self._stop)
        title = f"Steps of the {model.name}"
        options = replace(
            self.options.run, model=model, verify=None, max_steps=CLIENT_STEPS, max_seconds=None, max_tokens=None,
            max_repeats=None, out=run_folder(title, runs=self.options.runs),
        )  # fmt: skip
        view = functools.partial(CallView, lambda: model.call, self._stop, True)
        try:
            done = run_task(title, self.spec, options, opened=self.env, make_view=view, stop=self._stop)
        except (HandeyeError, KeyboardInterrupt) as error:
            model.end(ToolReply(error=one_line(str(error), 1000) or "stopped"))
            raise
        said = done.to_json()
        words = (
            f"the steps ended as {done.result.ending}: {one_line(done.result.message, 500)} (episode {done.episode})"
        )
        model.end(ToolReply(said) if done.result.ending.ok else ToolReply(error=words))
        self._note_end(done.result, None)

    def _work(self, request: ScreenRequest) -> None:
        """A run of a model, or a replay."""
        call, arguments = request.call, request.arguments
        call.on_cancel(functools.partial(self._stop.request, "the MCP client cancelled it"))
        if isinstance(arguments, RunArguments):
            result, said = self._run(call, arguments)
        else:
            assert isinstance(arguments, ReplayArguments)
            result, said = self._replay(call, arguments)
        self._note_end(result, call)
        self._is_over(request)
        call.finish(ToolReply(said))

    def _run(self, call: ClientCall, arguments: RunArguments) -> tuple[Result, dict[str, JsonValue]]:
        run = self.options.run
        seconds = [limit for limit in (run.max_seconds, arguments.max_seconds) if limit is not None]
        options = replace(
            run,
            model=self.model,
            max_steps=min(run.max_steps, arguments.max_steps or run.max_steps),
            max_seconds=min(seconds) if seconds else None,
            out=run_folder(arguments.task, runs=self.options.runs),
        )
        done = run_task(
            arguments.task, self.spec, options, opened=self.env, make_view=self._view(call), stop=self._stop
        )
        return done.result, done.to_json()

    def _replay(self, call: ClientCall, arguments: ReplayArguments) -> tuple[Result, dict[str, JsonValue]]:
        folder, run = episode_folder(self.options.runs, arguments.episode), self.options.run
        script = Script(read_episode(folder), opened=bool(self.spec.apps))
        try:
            check_secrets(script, run.secrets)
            out = run_folder(f"replay-of-{folder.name}", 70, self.options.runs)
            options = ReplayOptions(max_seconds=run.max_seconds, secrets=run.secrets, confirm=run.confirm, out=out)
            done = replay_on(self.env, script, options, self.spec.exposed, make_view=self._view(call), stop=self._stop)
        finally:
            script.close()
        return done.result, done.to_json()

    def _view(self, call: ClientCall) -> Callable[[Task, str], TerminalView]:
        return functools.partial(CallView, lambda: call, self._stop, False)

    def _note_end(self, result: Result, call: ClientCall | None) -> None:
        """Remember that a person stopped what was under way, or the whole server."""
        ours = not result.message.startswith("the MCP client") and not (call and call.cancelled)
        if result.ending == Ending.STOPPED_BY_USER and ours:
            self.halted = one_line(result.message, 200) or "stopped"
        if self._stop.reason == _CTRL_C:
            self._closed = True

    def _look(
        self, arguments: ElementsArguments | LocateArguments | ObserveArguments, seen: Observation, shown: ShownFrame
    ) -> ToolReply:
        data = shown.to_json(seen.app)
        if isinstance(arguments, LocateArguments):
            return ToolReply(data | self._located(arguments.target, seen, shown))
        if isinstance(arguments, ElementsArguments):
            return ToolReply(data, self._listed(seen, shown, arguments.tokens))
        listed = self._listed(seen, shown, ElementsArguments().tokens) if arguments.elements else ""
        return ToolReply(data, listed, (shown.png(seen.image),))

    def _listed(self, seen: Observation, shown: ShownFrame, tokens: int) -> str:
        """The elements, a line each, with their middles in pixels of the picture, as many as `tokens` have room for."""
        found = ElementLister(fused=True, perceive=self._perceive).listed(seen, self.env.platform == "mobile")
        lines, left = list[str](), 3 * tokens
        for row in found.rows:
            x, y = seen.frame.to_grid(shown.grid, row.box.center)
            line = f"{row.line} at [{x:.0f}, {y:.0f}]"
            left -= len(line.encode()) + 1
            if left < 0:
                lines.append(f"… and {plural(len(found.rows) - len(lines), 'more element')}")
                break
            lines.append(line)
        return "\n".join(lines) or "no elements were found"

    def _located(self, target: str, seen: Observation, shown: ShownFrame) -> dict[str, JsonValue]:
        self._locator = self._locator or open_model(self.model, ability="locate")
        return grounding_json(self._locator.locate(seen, target), seen.frame, shown.grid)


def text_of(reply: ToolReply, redact: Callable[[str], str]) -> list[str]:
    """The texts of a reply: its object as JSON, then its further text."""
    parts = [json.dumps(dict(reply.data), ensure_ascii=False)] if reply.data else []
    return [redact(part) for part in [*parts, reply.text] if part]
