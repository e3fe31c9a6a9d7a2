"""`run_task`: opens the env, the model and the episode that options name, runs the task, and closes them."""

from __future__ import annotations

import datetime
import os
import re
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import JsonValue
from rich.markup import escape

from actions.action import AnyAction, describe
from agent.core.errors import UserError
from agent.core.loop import Result
from agent.core.model import Model
from agent.core.policy import Allow, Policy
from agent.core.task import Limits, Task
from agent.episodes import EpisodeError, EpisodeHeader, EpisodeWriter
from agent.guard.confirm import Asker, Confirm
from agent.guard.secrets import Secrets
from agent.models.dialects.dialect import Platform
from agent.models.opening import open_model
from agent.models.spec import ModelSpec
from agent.run.assemble import assembled
from agent.run.env_spec import EnvSpec, check_env, open_env
from agent.views.live.page import LivePage, LivePageOptions
from agent.views.report import write_report
from agent.views.terminal import TerminalView, console

ConfirmMode = Literal["always", "risky", "never"]


@dataclass(frozen=True)
class RunOptions:
    """How to run. `confirm` None means risky on the user's own desktop and never on the sandbox.

    `live` serves the live page with these options.
    """

    model: ModelSpec = field(default_factory=ModelSpec)
    max_steps: int = 50
    max_seconds: float | None = None
    max_tokens: int | None = None
    max_repeats: int | None = 5
    secrets: Secrets = field(default_factory=Secrets)
    confirm: ConfirmMode | None = None
    out: Path | None = None
    live: LivePageOptions | None = None


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


def run_task(instruction: str, spec: EnvSpec, options: RunOptions) -> Run:
    """Do the task and keep its episode.

    Raises `actions.errors.HandeyeError` when it cannot start; once it has started every failure is an ending.
    """
    instruction = options.secrets.tell(instruction)
    try:
        limits = Limits(options.max_steps, options.max_seconds, options.max_tokens, repeats=options.max_repeats)
        task = Task(instruction, limits)
    except ValueError as error:
        raise UserError(str(error)) from error
    check_env(spec)
    folder = (options.out or run_folder(instruction)).absolute()
    _check_folder(folder)
    with ExitStack() as stack:
        model = _model(options, spec.platform)
        env = open_env(spec)
        stack.callback(env.close)
        header = options.secrets.record(EpisodeHeader.of(task, model, env, extra=_extra(spec, options)))
        memory = EpisodeWriter.create(folder, header)
        stack.callback(memory.close)
        view = stack.enter_context(TerminalView(task, env.name))
        live = LivePage(header, folder, view, options.secrets, options.live) if options.live else None
        confirm = (lambda question: None) if live else view.ask_to_confirm  # the live page asks by itself
        agent = stack.enter_context(
            assembled(
                env,
                model,
                policy=policy_for(options.confirm, spec.own, confirm, env.explain),
                memory=memory,
                watch=view,
                ask=view.ask_person,
                secrets=options.secrets,
                live=live,
                stop_key=True,
            )
        )
        result = agent.run(task)
    return Run(options.secrets.redacted(result), folder, report_of(folder))


def _model(options: RunOptions, platform: Platform) -> Model:
    """A server is not waited for longer than the whole run may take."""
    return open_model(options.model, platform=platform, ability="decide", seconds=options.max_seconds)


def _extra(spec: EnvSpec, options: RunOptions) -> dict[str, JsonValue]:
    """What replay needs to read the answers as this run does, and to start what was started."""
    apps: dict[str, JsonValue] = {"apps": list(spec.apps)} if spec.apps else {}
    return apps if options.model.max_pixels is None else {**apps, "max_pixels": options.model.max_pixels}


def run_folder(words: str, longest: int = 40) -> Path:
    """``runs/2026-11-22T15-04-05-open-the-file-menu`` below the working directory; a number is added if taken."""
    stamp = datetime.datetime.now().strftime("%Y-%m-%dT%H-%M-%S")
    slug = re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")[:longest].rstrip("-")
    base = Path("runs") / f"{stamp}-{slug or 'task'}"
    names = (base.with_name(base.name + (f"-{n}" if n else "")) for n in range(10_000))
    return next(path for path in names if not path.exists())


def _check_folder(folder: Path) -> None:
    """Fail before anything is started rather than after, and make nothing yet. Raises `EpisodeError`."""
    there = next(path for path in (folder, *folder.parents) if path.exists())
    if not there.is_dir():
        raise EpisodeError(f"cannot write to {folder}: {there} is a file; choose another folder with --out")
    if not os.access(there, os.W_OK | os.X_OK):
        raise EpisodeError(f"cannot write to {there}: permission denied; choose another folder with --out")


def policy_for(
    confirm: ConfirmMode | None, own: bool, ask: Asker, explain: Callable[[AnyAction], str] = describe
) -> Policy:
    """Confirmation as wanted; where nothing is said, of risky actions on the user's own screen."""
    mode = confirm or ("risky" if own else "never")
    return Allow() if mode == "never" else Confirm(mode, ask, explain)


def report_of(folder: Path) -> Path | None:
    """The report of a finished episode, written and announced; None where that failed, which is said."""
    try:
        path = write_report(folder)
    except (EpisodeError, OSError) as error:
        console().print(f"[yellow]no report: {escape(str(error))}[/]", soft_wrap=True)
        return None
    console().print(f"episode {folder}\nreport  {path}", soft_wrap=True, markup=False)
    return path
