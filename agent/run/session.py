"""From words to a finished run: opens the screen, the model and the episode, and closes them whatever happens."""

from __future__ import annotations

import datetime
import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from pydantic import JsonValue
from rich.markup import escape

from actions.action import AnyAction, describe
from actions.dryrun import DryRunBackend
from agent.core.errors import UserError
from agent.core.loop import Agent, Result
from agent.core.model import Model
from agent.core.policy import Allow, Asker, Confirm, Policy
from agent.core.stop import Stop
from agent.core.task import Limits, Task
from agent.episodes import EpisodeError, EpisodeHeader, EpisodeWriter
from agent.guard.secrets import SecretEnv, SecretMemory, SecretModel, Secrets
from agent.models.dialects.dialect import Platform
from agent.models.opening import open_model
from agent.models.spec import ModelSpec
from agent.views.report import write_report
from agent.views.terminal import LiveView, console
from envs.desktop import DesktopEnv
from envs.env import Env, Image
from envs.hotkey import watch_for_stop
from envs.sandbox import SandboxEnv
from envs.settle import Rules

if TYPE_CHECKING:
    from agent.views.live.page import LivePage
    from envs.android import AndroidEnv

EnvKind = Literal["desktop", "sandbox", "android", "phone"]
ConfirmMode = Literal["always", "risky", "never"]


@dataclass(frozen=True)
class EnvSpec:
    """Which screen to work on. `apps` are started on the sandbox first, `programs` may be opened on it; `size` and
    `monitors` shape it.

    ``android`` is the device with `serial` (None: the only one), ``phone`` a simulated one for this run.
    """

    kind: EnvKind = "desktop"
    apps: Sequence[str] = ()
    size: tuple[int, int] = (1280, 800)
    monitors: int = 1
    monitor: int | None = None
    dry_run: bool = False
    serial: str | None = None
    programs: Sequence[str] = ()

    @property
    def platform(self) -> Platform:
        """Which action schema fits."""
        return "mobile" if self.kind in ("android", "phone") else "desktop"

    @property
    def own(self) -> bool:
        """Whether it is the user's, and not made for the run."""
        return self.kind in ("desktop", "android")


@dataclass(frozen=True)
class RunOptions:
    """How to run. `confirm` None means risky on the user's own desktop and never on the sandbox.

    `live` serves the live view on `live_port` (0: any), opens it in a browser if `live_open`, and lets a question wait
    `live_wait` seconds while no page is open.
    """

    model: ModelSpec = field(default_factory=ModelSpec)
    max_steps: int = 50
    max_seconds: float | None = None
    max_tokens: int | None = None
    secrets: Secrets = field(default_factory=Secrets)
    confirm: ConfirmMode | None = None
    out: Path | None = None
    live: bool = False
    live_port: int = 0
    live_open: bool = False
    live_wait: float = 300.0


@dataclass(frozen=True)
class Run:
    """What `run_task` hands back: the result, the episode's folder, and its report (None where that failed)."""

    result: Result
    episode: Path
    report: Path | None

    def to_json(self) -> dict[str, Any]:
        """The object that ``handeye run --json`` prints."""
        result = self.result
        return {
            "ending": str(result.ending),
            "steps": len(result.steps),
            "episode": str(self.episode),
            "answer": result.answer,
            "message": result.message,
            "seconds": round(result.seconds, 3),
            "tokens": result.tokens,
            "report": str(self.report) if self.report else None,
        }


def run_task(instruction: str, screen: EnvSpec, options: RunOptions) -> Run:
    """Do the task and keep its episode.

    Raises `actions.errors.HandeyeError` when it cannot start; once it has started every failure is an ending.
    """
    instruction = options.secrets.tell(instruction)
    try:
        limits = Limits(options.max_steps, options.max_seconds, options.max_tokens)
        task = Task(instruction, limits)
    except ValueError as error:
        raise UserError(str(error)) from error
    _check_screen(screen)
    folder = (options.out or run_folder(instruction)).absolute()
    _check_folder(folder)
    with ExitStack() as stack:
        model = _model(options, screen.platform)
        env = open_env(screen)
        stack.callback(env.close)
        header = options.secrets.record(EpisodeHeader.of(task, model, env, extra=_extra(screen, options)))
        memory = EpisodeWriter.create(folder, header)
        stack.callback(memory.close)
        stop = Stop()
        view = stack.enter_context(LiveView(task, env.name))
        stack.enter_context(stoppable(env, stop))
        ask = (lambda question: None) if options.live else view.ask_to_confirm  # the live view asks by itself
        policy = policy_for(options.confirm, screen.own, ask, explain_on(env))
        agent = Agent(env, model, policy, memory, stop, view, view.ask_person)
        veil = keep_secrets(agent, options.secrets).veil if options.secrets else _bare
        page = stack.enter_context(_live(agent, view, header, folder, options, lambda: veil(env.peek())))
        result = agent.run(task)
        if page is not None:
            page.over()
        result = redacted(result, options.secrets)
        memory.finish(result.ending, result.message, result.answer)
        view.ended(result)
        if page is not None:
            page.ended(result)
    return Run(result, folder, _report(folder))


Screened: TypeAlias = "DesktopEnv | SandboxEnv | AndroidEnv"


def _model(options: RunOptions, platform: Platform) -> Model:
    """A server is not waited for longer than the whole run may take."""
    return open_model(options.model, platform=platform, ability="decide", seconds=options.max_seconds)


def open_env(screen: EnvSpec, rules: Rules | None = None) -> Screened:
    """Open the screen; `rules` are for waiting until a desktop has settled. Raises `EnvError` with what to do next."""
    if screen.kind == "sandbox":
        return SandboxEnv(
            apps=screen.apps,
            programs=screen.programs,
            size=screen.size,
            monitors=screen.monitors,
            monitor=(screen.monitor or 1) - 1,
            make_backend=(lambda display: DryRunBackend()) if screen.dry_run else None,
            rules=rules,
        )
    if screen.platform == "mobile":
        from envs.android import AndroidEnv, SimulatedPhoneEnv

        if screen.kind == "phone":
            return SimulatedPhoneEnv(dry_run=screen.dry_run)
        return AndroidEnv(screen.serial, dry_run=screen.dry_run)
    which = None if screen.monitor is None else screen.monitor - 1
    return DesktopEnv(monitor=which, backend=DryRunBackend() if screen.dry_run else None, rules=rules)


def _extra(screen: EnvSpec, options: RunOptions) -> dict[str, JsonValue]:
    """What replay needs to read the answers as this run does, and to start what was started."""
    apps: dict[str, JsonValue] = {"apps": list(screen.apps)} if screen.apps else {}
    return apps if options.model.max_pixels is None else {**apps, "max_pixels": options.model.max_pixels}


def keep_secrets(agent: Agent, secrets: Secrets) -> SecretEnv:
    """Let the agent's model, env and memory know the secrets by their placeholders only; the masked env."""
    veiled = SecretEnv(agent.env, secrets)
    agent.model = SecretModel(agent.model, secrets)
    agent.env = veiled
    agent.memory = SecretMemory(agent.memory, secrets)
    return veiled


def redacted(result: Result, secrets: Secrets) -> Result:
    """`result` with placeholders for the values in its words."""
    answer = None if result.answer is None else secrets.redact(result.answer)
    return replace(result, message=secrets.redact(result.message), answer=answer)


def run_folder(words: str, longest: int = 40) -> Path:
    """``runs/2026-11-22T15-04-05-open-the-file-menu`` below the working directory; a number is added if taken."""
    stamp = datetime.datetime.now().strftime("%Y-%m-%dT%H-%M-%S")
    slug = re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")[:longest].rstrip("-")
    base = Path("runs") / f"{stamp}-{slug or 'task'}"
    names = (base.with_name(base.name + (f"-{n}" if n else "")) for n in range(10_000))
    return next(path for path in names if not path.exists())


def _check_screen(screen: EnvSpec) -> None:
    if screen.kind != "sandbox" and screen.apps:
        raise UserError("--app starts a program on the sandbox: add --env sandbox, or start the program yourself")
    if screen.serial is not None and screen.kind != "android":
        raise UserError("--serial names an Android device: add --env android")
    wanted = screen.monitor or 1
    if screen.kind == "sandbox" and wanted > screen.monitors:
        raise UserError(f"--monitor {wanted}: the sandbox has {screen.monitors}; add --monitors {wanted}")


def _check_folder(folder: Path) -> None:
    """Fail before anything is started rather than after, and make nothing yet. Raises `EpisodeError`."""
    there = next(path for path in (folder, *folder.parents) if path.exists())
    if not there.is_dir():
        raise EpisodeError(f"cannot write to {folder}: {there} is a file; choose another folder with --out")
    if not os.access(there, os.W_OK | os.X_OK):
        raise EpisodeError(f"cannot write to {there}: permission denied; choose another folder with --out")


def explain_on(env: Env) -> Callable[[AnyAction], str]:
    """What says in one line what an action does on `env`."""
    return env.explain if isinstance(env, DesktopEnv | SandboxEnv) else describe


def policy_for(
    confirm: ConfirmMode | None, own: bool, ask: Asker, explain: Callable[[AnyAction], str] = describe
) -> Policy:
    """Confirmation as wanted; where nothing is said, of risky actions on the user's own desktop."""
    mode = confirm or ("risky" if own else "never")
    return Allow() if mode == "never" else Confirm(mode, ask, explain)


@contextmanager
def stoppable(env: Env, stop: Stop) -> Iterator[None]:
    """The stop key and the corner, as far as this machine has them; says what is missing."""
    if isinstance(env, DesktopEnv | SandboxEnv):
        displays = [env.display] if env.display else []
        watch = watch_for_stop(displays, stop.request, position=env.pointer, corner=env.corner())
    else:
        watch = watch_for_stop([], stop.request)
    with watch as problems:
        for problem in problems:
            console().print(f"[yellow]{escape(problem)}[/]", soft_wrap=True)
        yield


@contextmanager
def _live(
    agent: Agent, view: LiveView, header: EpisodeHeader, folder: Path, options: RunOptions, look: Callable[[], Image]
) -> Iterator[LivePage | None]:
    """The live view, where it is wanted."""
    if not options.live:
        yield None
        return
    from agent.views.live.page import LiveViewOptions, live_page

    how = LiveViewOptions(options.live_port, options.live_open, options.live_wait)
    with live_page(agent, view, header, folder, look, options.secrets, how) as page:
        yield page


def _bare(image: Image) -> Image:
    return image


def _report(folder: Path) -> Path | None:
    try:
        path = write_report(folder)
    except (EpisodeError, OSError) as error:
        console().print(f"[yellow]no report: {escape(str(error))}[/]", soft_wrap=True)
        return None
    console().print(f"episode {folder}\nreport  {path}", soft_wrap=True, markup=False)
    return path
