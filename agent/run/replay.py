"""Replay on a real screen: a recorded episode is done again without a model, and recorded as an episode of its own."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import JsonValue

from actions.action import Open, TypeText
from agent.core.errors import UserError
from agent.core.loop import Result
from agent.core.stop import Stop
from agent.core.targets import box_at, in_words, known_targets
from agent.core.task import Limits, Task
from agent.episodes import Episode, EpisodeError, EpisodeHeader, EpisodeWriter, read_episode
from agent.episodes.replay.replayer import Halt, ReplayModel
from agent.episodes.replay.script import Script, opened_first
from agent.guard.secrets import Secrets
from agent.perception.naming import read_targets
from agent.perception.perceive import Perceiver
from agent.run.assemble import assembled
from agent.run.env_spec import SANDBOXES, EnvKind, EnvSpec, check_env, open_env
from agent.run.session import ConfirmMode, policy_for, report_of, run_folder
from agent.views.replay_mismatch import write_halt
from agent.views.terminal import TerminalView
from envs.env import Env
from envs.isolation import Network
from envs.settle import Rules

QUICK = Rules(reaction=0.25, quiet=0.05)
"""A short rest is enough where the next moment is waited for anyway."""
TIMEOUT = 10.0
"""Seconds that the moment of each action is waited for, beyond what the record itself waited."""


@dataclass(frozen=True)
class ReplayOptions:
    """How to replay. `confirm` None means risky where the user's files or network are reached, else never."""

    timeout: float = TIMEOUT
    max_seconds: float | None = None
    secrets: Secrets = field(default_factory=Secrets)
    confirm: ConfirmMode | None = None
    out: Path | None = None


@dataclass(frozen=True)
class ReplayResult:
    """The result of a replay. `redone` of `recorded` actions were done again; `halt` is where and why it stopped.

    `recording` is the replay's own episode; `pictures` are the files ``expected.png``, ``found.png`` and
    ``stopped.html`` in it, empty where it did not stop.
    """

    source: Path
    recording: Path
    result: Result
    redone: int
    recorded: int
    halt: Halt | None = None
    pictures: tuple[Path, ...] = ()
    report: Path | None = None

    @property
    def ok(self) -> bool:
        """Whether all was done again, the recorded run did its task, and the last screen is the recorded one."""
        return self.result.ending.ok

    def to_json(self) -> dict[str, Any]:
        """The object that ``handeye replay --mode live --json`` prints."""
        expected, found, page = map(str, self.pictures) if self.pictures else (None, None, None)
        return {
            "mode": "live",
            "episode": str(self.source),
            "recording": str(self.recording),
            "ok": self.ok,
            "ending": str(self.result.ending),
            "message": self.result.message,
            "answer": self.result.answer,
            "recorded": self.recorded,
            "redone": self.redone,
            "stopped_at": self.halt.step if self.halt else None,
            "reason": self.halt.why if self.halt else None,
            "expected": expected,
            "found": found,
            "page": page,
            "seconds": round(self.result.seconds, 3),
            "report": str(self.report) if self.report else None,
        }


def env_spec_for(
    episode: Episode,
    kind: str | None = None,
    apps: Sequence[str] = (),
    size: tuple[int, int] | None = None,
    serial: str | None = None,
    display: int | None = None,
    share: Sequence[str] = (),
    network: Network | None = None,
    isolated: bool = True,
) -> EnvSpec:
    """The screen to replay on: what is not given is as on record: kind, apps, size and display.

    Raises `UserError` for an env that has no name here, another platform than the recorded one, and options that do
    not go together.
    """
    kind = kind or ("sandbox" if apps else "android" if serial else _recorded_kind(episode))
    check_env(EnvSpec(kind, apps=apps, serial=serial, display=display, share=share, network=network, isolated=isolated))
    if kind in SANDBOXES:
        first = episode.steps[0].frame if episode.steps else None
        size = size or ((first.width, first.height) if first else (1280, 800))
        wanted = tuple(apps) or _recorded_apps(episode)
        opened = [
            app for app in wanted if kind == "sandbox" and _opens(episode, app)
        ]  # a demonstration opens them itself
        screen = EnvSpec(kind, tuple(app for app in wanted if app not in opened), size, programs=tuple(opened))
    else:
        recorded = _recorded_display(episode) if kind == "android" else None
        screen = EnvSpec(kind, serial=serial, display=recorded if display is None else display)
    screen = replace(screen, share=share, network=network, isolated=isolated)
    if screen.platform != episode.header.platform:
        raise UserError(f"the episode is of a {episode.header.platform} screen, and {kind} is none: change --env")
    return screen


def _recorded_kind(episode: Episode) -> EnvKind:
    words = episode.header.env
    kinds: dict[str, EnvKind] = {
        "sandbox": "sandbox", "browser": "browser", "desktop": "desktop", "simulated phone": "phone",
        "android": "android",
    }  # fmt: skip
    kind = next((kind for name, kind in kinds.items() if words.startswith(name)), None)
    if kind is None:
        raise UserError(f"the episode was recorded on {words[:80]!r}: say where to replay it with --env")
    return kind


def _recorded_display(episode: Episode) -> int | None:
    """The logical id at the end of an Android env's name; None for the first display."""
    found = re.search(r" display (\d+)$", episode.header.env)
    return int(found[1]) if found else None


def _opens(episode: Episode, app: str) -> bool:
    """Whether the record itself starts the program of the command line `app`."""
    targets = {step.action.target for step in episode.steps if isinstance(step.action, Open)}
    return app in targets or shlex.join(shlex.split(app)) in targets


def _recorded_apps(episode: Episode) -> tuple[str, ...]:
    apps = episode.header.extra.get("apps")
    named = tuple(app for app in apps if isinstance(app, str)) if isinstance(apps, list) else ()
    return named or opened_first(episode)


def replay_episode(folder: Path, screen: EnvSpec | None = None, options: ReplayOptions | None = None) -> ReplayResult:
    """Do the episode in `folder` again on `screen` (None: one like the recorded).

    Raises `actions.errors.HandeyeError` when it cannot start; once it has started every failure is an ending.
    """
    episode, options = read_episode(folder), options or ReplayOptions()
    screen = screen or env_spec_for(episode)
    with ExitStack() as stack:
        script = Script(episode, opened=bool(screen.apps) and not screen.programs)
        stack.callback(script.close)
        check_secrets(script, options.secrets)
        env = open_env(screen, QUICK)
        stack.callback(env.close)
        return replay_on(env, script, options, exposed=screen.exposed)


def replay_on(
    env: Env,
    script: Script,
    options: ReplayOptions,
    exposed: bool = False,
    perceivers: tuple[Perceiver, Perceiver] | None = None,
    make_view: Callable[[Task, str], TerminalView] = TerminalView,
    stop: Stop | None = None,
) -> ReplayResult:
    """Do `script` again on an open screen, which stays open. `exposed` is as in `EnvSpec`. Raises `EpisodeError`.

    `perceivers` are `ReplayModel`'s; they may be kept for the next replay, which then reads only what is new to them.
    `make_view` and `stop` are as those of `agent.run.session.run_task`.
    """
    episode = script.episode
    out = (options.out or run_folder(f"replay-of-{episode.folder.resolve().name}", 70)).absolute()
    task = Task(episode.header.task, Limits(steps=10 * len(script.actions) + 50, seconds=options.max_seconds))
    model = ReplayModel(script, env.platform, options.timeout, perceivers)
    secrets = options.secrets
    with ExitStack() as stack:
        header = EpisodeHeader.of(task, model, env, extra=_extra(episode))
        writer = EpisodeWriter.create(out, secrets.record(header))
        stack.callback(writer.close)
        view = stack.enter_context(make_view(task, env.name))
        agent = stack.enter_context(
            assembled(
                env,
                model,
                policy=policy_for(options.confirm, exposed, view.ask_to_confirm, env, "block"),
                memory=writer,
                watch=view,
                ask=view.ask_person,
                secrets=secrets,
                stop=stop,
                stop_key=True,
                named=True,
            )
        )
        result = secrets.redacted(agent.run(task))
    halt = replace(model.halt, why=secrets.redact(model.halt.why)) if model.halt else None
    pictures = _pictures(out, halt, script)
    return ReplayResult(episode.folder, out, result, model.redone, len(script.actions), halt, pictures, report_of(out))


def _extra(episode: Episode) -> dict[str, JsonValue]:
    """Where the replay comes from."""
    header = episode.header
    source: dict[str, JsonValue] = {"episode": episode.folder.name, "model": header.model, "started": header.started}
    return {"replay_of": source} | ({"apps": header.extra["apps"]} if "apps" in header.extra else {})


def check_secrets(script: Script, secrets: Secrets) -> None:
    """Every placeholder on record needs its value again. Raises `UserError`."""
    for recorded in script.actions:
        if isinstance(recorded.action, TypeText):
            secrets.check(recorded.action.text, UserError)


def _pictures(out: Path, halt: Halt | None, script: Script) -> tuple[Path, ...]:
    if halt is None:
        return ()
    step = next((recorded.step for recorded in script.actions if recorded.number == halt.step), None)
    targets = read_targets(step.action, halt.expected) if step and step.action else ()
    target = box_at(halt.point, (*known_targets(step), *targets)) if step and halt.point else None
    try:
        return write_halt(out, halt, in_words(step, targets) if step else "", target)
    except OSError as error:
        raise EpisodeError(f"the pictures of expected and found could not be written to {out}: {error}") from error
