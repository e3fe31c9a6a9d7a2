"""`run_task`: opens the env, the model and the episode that options name, runs the task, and closes them."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from inspect import isroutine
from pathlib import Path
from typing import Any, Literal, cast

from pydantic import JsonValue
from rich.markup import escape

from actions.errors import HandeyeError
from agent.core.errors import UserError
from agent.core.loop import Result
from agent.core.model import Decide, FunctionModel, Model
from agent.core.policy import Allow, Policy
from agent.core.stop import Stop
from agent.core.task import Limits, Task
from agent.episodes import EpisodeError, EpisodeHeader, EpisodeWriter
from agent.episodes.private_files import FOLDER_MODE
from agent.episodes.writer import check_folder
from agent.guard.chain import PolicyChain
from agent.guard.confirm import Asker, Confirm, PersonReply, Unasked
from agent.guard.limits import AllowLists, LimitsPolicy
from agent.guard.risk import Perceive
from agent.guard.secrets import Secrets
from agent.guard.verification import Check, Verification, check_by, check_outcome
from agent.models.chat import ChatModel
from agent.models.dialects.dialect import Ability, Platform
from agent.models.in_process.checkpoint import PREFIX
from agent.models.opening import model_plugins, open_model
from agent.models.spec import BUILTIN, PLANNER_NAME, TEXT_PLANNER_NAME, ModelSpec
from agent.perception.perceive import lazy_perceive
from agent.plugins import find, installed, require
from agent.run.assemble import assembled
from agent.run.env_spec import SANDBOXES, EnvSpec, check_env, env_plugin, open_env
from agent.views.live.page import LivePage, LivePageOptions
from agent.views.report import write_report
from agent.views.terminal import TerminalView, console
from envs.accessibility import can_serve
from envs.env import Env
from envs.sandbox import SandboxEnv

ConfirmMode = Literal["always", "risky", "never"]
RUNS = Path("runs")
"""Where episodes go by default, below the working directory."""


@dataclass(frozen=True)
class RunOptions:
    """How to run. `confirm` None means never on the simulated phone and on a sandbox that shares nothing, else risky.

    `policies` and `limits` review each action before `confirm` does; a policy is an object, or the name of a plug-in.
    `check` tests the outcome of a run that the model calls done. `verify` has done checked first, by the model
    (``self``), by another one (its name) or by `check` (``check``): what it says no to goes back to the model.
    `live` serves the live page with these options.
    """

    model: ModelSpec | Model = field(default_factory=ModelSpec)
    policies: Sequence[Policy | str] = ()
    limits: AllowLists = field(default_factory=AllowLists)
    check: Callable[[], bool] | None = None
    verify: str | None = None
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


def run(
    task: str,
    env: Env | EnvSpec | str = "desktop",
    model: Model | Decide | ModelSpec | str = BUILTIN,
    policy: Policy | str | None = None,
    *,
    max_steps: int = 50,
    max_seconds: float | None = None,
    max_tokens: int | None = None,
    confirm: ConfirmMode | None = None,
    secrets: Secrets | None = None,
    out: Path | None = None,
    check: Callable[[], bool] | None = None,
    verify: str | None = None,
) -> Run:
    """Do `task` on `env` with `model` and keep its episode in `out` (by default a new folder in ``runs``).

    `env`, `model` and `policy` are your own objects, or what ``--env``, ``--model`` and ``--policy`` take; a function
    of task, observation and history that returns an action is a model. An env of yours stays open. `confirm` and
    `verify` are as in `RunOptions`, after `policy` has reviewed an action. Raises `actions.errors.HandeyeError` when it
    cannot start; once it has started every failure is an ending.
    """
    if isinstance(model, str):
        model = ModelSpec(model)
    options = RunOptions(
        model=FunctionModel(model) if isroutine(model) else cast("Model | ModelSpec", model),
        policies=() if policy is None else (policy,),
        check=check,
        verify=verify,
        max_steps=max_steps,
        max_seconds=max_seconds,
        max_tokens=max_tokens,
        secrets=secrets or Secrets(),
        confirm=confirm,
        out=out,
    )
    return run_task(task, EnvSpec(env) if isinstance(env, str) else env, options)


def run_task(
    instruction: str,
    spec: EnvSpec | Env,
    options: RunOptions,
    *,
    opened: Env | None = None,
    make_view: Callable[[Task, str], TerminalView] = TerminalView,
    stop: Stop | None = None,
) -> Run:
    """Do the task and keep its episode; an env that is given open stays open: as `spec`, or as `opened`, which `spec`
    describes.

    `make_view` makes what shows the run and asks the person, of the task and the env's name; `stop` ends the run from
    outside. Raises `actions.errors.HandeyeError` when it cannot start; after that every failure is an ending.
    """
    instruction = options.secrets.tell(instruction)
    try:
        limits = Limits(options.max_steps, options.max_seconds, options.max_tokens, repeats=options.max_repeats)
        task = Task(instruction, limits)
    except ValueError as error:
        raise UserError(str(error)) from error
    check_folder((options.out or RUNS / "new").absolute())
    policies = [_policy(policy) for policy in options.policies]
    if isinstance(spec, EnvSpec):
        lists = options.limits
        spec = replace(spec, hosts=lists.allow_hosts or spec.hosts, denied_hosts=lists.denied("host"))
    with ExitStack() as stack:
        env, model = _env_and_model(spec, options, stack, opened)
        verified_by = _check_of(options, model, env)
        header = options.secrets.record(EpisodeHeader.of(task, model, env, extra=_extra(spec, options, model)))
        folder = (options.out or run_folder(instruction)).absolute()
        memory = EpisodeWriter.create(folder, header, read_text=True)
        stack.callback(memory.close)
        view = stack.enter_context(make_view(task, _place(env)))
        live = LivePage(header, folder, view, options.secrets, options.live) if options.live else None
        confirm = (lambda question: None) if live else view.ask_to_confirm  # the live page asks by itself
        exposed = spec.exposed if isinstance(spec, EnvSpec) else True
        perceive = lazy_perceive()
        if options.limits:
            policies.append(LimitsPolicy(options.limits, env.explain, perceive))
        policies.append(policy_for(options.confirm, exposed, confirm, env, perceive=perceive))
        policies += [Verification(instruction, verified_by)] if verified_by else []
        agent = stack.enter_context(
            assembled(
                env,
                model,
                policy=PolicyChain(policies),
                memory=memory,
                watch=view,
                ask=view.ask_person,
                check=options.check,
                secrets=options.secrets,
                live=live,
                stop=stop,
                stop_key=True,
                named=True,
            )
        )
        result = agent.run(task)
    return Run(options.secrets.redacted(result), folder, report_of(folder))


def _env_and_model(spec: EnvSpec | Env, options: RunOptions, stack: ExitStack, opened: Env | None) -> tuple[Env, Model]:
    """Both, opened; `stack` closes an env that is opened here. A model is opened before an env that takes time."""
    if opened is not None:
        return opened, _model(options, "mobile" if opened.platform == "mobile" else "desktop")
    if isinstance(spec, EnvSpec) and env_plugin(spec) is None:
        check_env(spec)
        model = _model(options, spec.platform)
        if spec.kind in SANDBOXES and isinstance(options.model, ModelSpec) and options.model.lists_elements:
            spec = replace(spec, accessibility=can_serve())
        env = open_env(spec)
        stack.callback(env.close)
        return env, model
    if isinstance(spec, EnvSpec):
        env = open_env(spec)
        stack.callback(env.close)
    else:
        env = spec
        require(env, Env)
    if env.platform not in ("desktop", "mobile"):
        raise UserError(f"the platform of {env.name} is {env.platform!r}: it must be desktop or mobile")
    return env, _model(options, "mobile" if env.platform == "mobile" else "desktop")


def _model(options: RunOptions, platform: Platform) -> Model:
    """A server is not waited for longer than the whole run may take."""
    if isinstance(options.model, ModelSpec):
        return open_model(options.model, platform=platform, ability="decide", seconds=options.max_seconds)
    require(options.model, Model)
    return options.model


def _place(env: Env) -> str:
    """The env, and where the files of a sandbox's programs are; for people."""
    if not isinstance(env, SandboxEnv):
        return env.name
    return f"{env.name}, working folder {env.working_folder or 'its own, gone at the end (--share DIR: one of yours)'}"


def _check_of(options: RunOptions, model: Model, env: Env) -> Check | None:
    """What has to agree before done counts. Raises `UserError` for what cannot check, and like `open_model`."""
    name, spec = options.verify, options.model
    if name is None:
        return None
    if name == "check":
        if options.check is None:
            raise UserError("verify='check' needs a check")
        return check_outcome(options.check)
    if name != "self":
        blind = isinstance(spec, ModelSpec) and spec.plans_blind
        dialect = (
            TEXT_PLANNER_NAME if blind else PLANNER_NAME if name.startswith(("http://", "https://", PREFIX)) else None
        )
        platform: Platform = "mobile" if env.platform == "mobile" else "desktop"
        ability: Ability = "decide" if blind else "extract"
        model = open_model(
            ModelSpec(name, dialect=dialect), platform=platform, ability=ability, seconds=options.max_seconds
        )
    elif isinstance(model, ChatModel):
        model.speaks.require("extract")
    if model.name == BUILTIN:
        raise UserError("the built-in model cannot check whether a task is done: --verify MODEL")
    return check_by(model)


def _policy(policy: Policy | str) -> Policy:
    """The policy, or the one from outside that is called so. Raises `UserError`."""
    if not isinstance(policy, str):
        require(policy, Policy)
        return policy
    plugin = find("policies", policy)
    if plugin is None:
        known = ", ".join(installed("policies")) or "none is installed"
        raise UserError(f"unknown policy {policy!r}: give module:object, or the name of a plug-in ({known})")
    return cast(Policy, plugin.instance(Policy))


def _extra(spec: EnvSpec | Env, options: RunOptions, model: Model) -> dict[str, JsonValue]:
    """What replay needs to read the answers as this run does and to start what was started; what came from outside."""
    extra: dict[str, JsonValue] = {"limits": options.limits.to_json()} if options.limits else {}
    extra |= {"verify": options.verify} if options.verify else {}
    if isinstance(spec, EnvSpec) and spec.apps:
        extra["apps"] = list(spec.apps)
    if isinstance(model, ChatModel):
        extra |= {"sampling": asdict(model.sampling), "prompts": model.prompts}
    if isinstance(options.model, ModelSpec):
        names = ("max_pixels", "history_images", "context", "thinking", "space")
        said = {name: getattr(options.model, name) for name in names}
        extra |= {name: value for name, value in said.items() if value is not None}
    named = [find("policies", policy) for policy in options.policies if isinstance(policy, str)]
    outside: dict[str, JsonValue] = {}
    if isinstance(options.model, ModelSpec):
        outside |= model_plugins(options.model)
    if isinstance(spec, EnvSpec) and (plugin := env_plugin(spec)):
        outside["env"] = plugin.to_json()
    if named:
        outside["policies"] = [plugin.to_json() for plugin in named if plugin]
    return extra | ({"plugins": outside} if outside else {})


def run_folder(words: str, longest: int = 40, runs: Path = RUNS) -> Path:
    """A new folder ``2026-11-22T15-04-05-open-the-file-menu`` in `runs`.

    A number is added if the name is taken, also by a run that begins at the same moment. Raises `EpisodeError`.
    """
    stamp = datetime.datetime.now().strftime("%Y-%m-%dT%H-%M-%S")
    slug = re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")[:longest].rstrip("-")
    base = runs / f"{stamp}-{slug or 'task'}"
    for path in (base.with_name(base.name + (f"-{n}" if n else "")) for n in range(10_000)):
        try:
            runs.mkdir(exist_ok=True)
            path.mkdir(FOLDER_MODE)
        except FileExistsError:
            continue
        except OSError as error:
            raise EpisodeError(f"cannot write to {path}: {error.strerror}; choose another folder with --out") from error
        return path
    raise EpisodeError(f"{runs} is full of runs called {base.name}: choose another folder with --out")


def policy_for(
    confirm: ConfirmMode | None,
    exposed: bool,
    ask: Asker,
    env: Env,
    no: Literal["skip", "block"] = "skip",
    perceive: Perceive | None = None,
) -> Policy:
    """Confirmation as wanted; where nothing is said, of risky actions on a screen from which the user's is reached.

    What `env` holds pressed is let go before the person is asked.
    """

    def asked(question: str) -> PersonReply | Unasked | None:
        env.release()
        return ask(question)

    mode = confirm or ("risky" if exposed else "never")
    return Allow() if mode == "never" else Confirm(mode, asked, env.explain, no, perceive)


def report_of(folder: Path) -> Path | None:
    """The report of a finished episode, written and announced; None where that failed, which is said."""
    try:
        path = write_report(folder)
    except (HandeyeError, OSError) as error:
        console().print(f"[yellow]no report: {escape(str(error))}[/]", soft_wrap=True)
        return None
    console().print(f"episode {folder}\nreport  {path}", soft_wrap=True, markup=False)
    return path
