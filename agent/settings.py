"""Settings: defaults for the options of commands, from the environment, a project's file and the user's file.

A flag holds over the environment (``HANDEYE_MODEL``), this over ``handeye.toml`` in the working directory, this over
``config.toml`` in `config_folder`, and this over what is built in. In a file, a setting stands at the top, for all
of `TOP_COMMANDS` that have the option, or in the table of one command, which holds over the top::

    model = "http://127.0.0.1:8000"

    [bench]
    workers = 8

Settings that belong together come from one place: where a model is named, the dialect and limits that were set for
another model at a lower level do not hold. A project's file may name a server that sees the screen: it holds only after
``handeye config --trust``, for as long as its content is the same.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from agent.core.errors import UserError

CONFIG = "HANDEYE_CONFIG"
PROJECT_FILE = "handeye.toml"
Value = str | int | float | list[str]


@dataclass(frozen=True)
class SettingSpec:
    """What an option of this name is set to in files and the environment: its type, what it is, an example.

    Of a `group`, the settings that come from one place together; a `leader` names what the others are about.
    """

    kind: type[str] | type[int] | type[float] | type[list[str]]
    about: str
    example: Value
    group: str = ""
    leader: bool = False


SETTINGS: dict[str, SettingSpec] = {
    "model": SettingSpec(str, "the model that decides", "http://127.0.0.1:8000", "model", True),
    "planner": SettingSpec(str, "a model that plans, in place of model", "http://127.0.0.1:8001", "model", True),
    "grounder": SettingSpec(str, "a model that finds what a planner describes", "http://127.0.0.1:8000", "model", True),
    "served-model": SettingSpec(str, "its name on the server, where that serves several", "Qwen2.5-VL-3B", "model"),
    "dialect": SettingSpec(str, "how it was trained to answer, where its name does not say", "qwen2.5-vl", "model"),
    "space": SettingSpec(str, "what its coordinates count, where its dialect is wrong", "rel1000", "model"),
    "prompts": SettingSpec(str, "whose prompts: owner or ours", "ours", "model"),
    "max-pixels": SettingSpec(int, "the server's limit on a picture's area", 1003520, "model"),
    "structured": SettingSpec(str, "hold answers to their shape: auto, always or off", "auto", "model"),
    "history-images": SettingSpec(int, "screenshots in a question at most", 3, "model"),
    "context": SettingSpec(int, "tokens of a prompt and its answer together", 16384, "model"),
    "thinking": SettingSpec(str, "on, off, or at most N tokens", "off", "model"),
    "patience": SettingSpec(float, "seconds to wait for an answer, retries included", 300.0, "model"),
    "env": SettingSpec(str, "where to work: desktop, sandbox, browser, android or phone", "sandbox", "screen", True),
    "serial": SettingSpec(str, "which Android device, as adb devices names it", "192.168.1.20:5555", "screen"),
    "display": SettingSpec(int, "which display of the device", 0, "screen"),
    "size": SettingSpec(str, "size of the sandbox display", "1280x800", "screen"),
    "max-steps": SettingSpec(int, "end a run after this many steps", 50),
    "max-seconds": SettingSpec(float, "end a run after this many seconds", 600.0),
    "max-tokens": SettingSpec(int, "end a run after this many tokens", 200000),
    "confirm": SettingSpec(str, "ask before an action: always, risky or never", "risky"),
    "allow-apps": SettingSpec(list[str], "act on these programs only", ["mousepad"]),
    "allow-hosts": SettingSpec(list[str], "in browsers, act on pages of these hosts only", ["example.org"]),
    "deny": SettingSpec(list[str], "never do this: app:NAME, host:NAME, key:CHORD or action:TYPE", ["key:alt+f4"]),
    "workers": SettingSpec(int, "samples of a benchmark at a time", 4),
}
"""All of them; each is an option of one or more commands. What is asked once (a task, a file, a secret) is none."""

TOP_COMMANDS = frozenset({"run", "record", "locate", "extract", "ask", "bench", "mcp"})
"""The commands that take the settings at the top. The others refuse options in some of their modes, and take what their
own tables say."""

_FOREIGN_LEADERS = {"app": "screen"}
"""Options that are no settings, but where one is given, the settings of its group do not hold."""


@dataclass(frozen=True)
class ChosenDefault:
    """A value and where it was set: the name of an environment variable, or a file and its table."""

    value: Value
    source: str


class Settings:
    """What is set in the places of a level each, the highest first: environment, project's file, user's file.

    `environ` and `folder` (the working directory) are this process's own by default. Raises `UserError` for a file that
    is no TOML, a name or a type that is not in `SETTINGS`, a command that is none, and a project's file that is not
    trusted.
    """

    def __init__(
        self, commands: Iterable[str], environ: Mapping[str, str] | None = None, folder: Path | None = None
    ) -> None:
        env = os.environ if environ is None else environ
        self.user, self.project = config_folder(env) / "config.toml", (folder or Path.cwd()) / PROJECT_FILE
        known = ["", *commands]
        self._environ = {
            name: ChosenDefault(env[variable], variable) for name in SETTINGS if env.get(variable := variable_of(name))
        }
        if self.project.is_file() and not is_trusted(self.project, env):
            raise UserError(
                f"{self.project} is not trusted: it can name a server that sees your screen. Read it, then: "
                "handeye config --trust"
            )
        self._files = [_read(file, known) for file in (self.project, self.user) if file.is_file()]

    def of(self, command: str | None = None, given: Iterable[str] = ()) -> dict[str, ChosenDefault]:
        """The settings that hold for `command` (None: for those that take them from the top), where the options `given`
        are on its command line.
        """
        top = command is None or command in TOP_COMMANDS
        levels = [self._environ] if top else []
        for tables in self._files:
            levels += [tables.get(command or "", {}), *([tables[""]] if top and command else [])]
        named = {*given}
        closed = {SETTINGS[name].group for name in named if name in SETTINGS and SETTINGS[name].leader}
        closed |= {_FOREIGN_LEADERS[name] for name in named if name in _FOREIGN_LEADERS}
        found: dict[str, ChosenDefault] = {}
        for level in levels:
            here = {name: to for name, to in level.items() if SETTINGS[name].group not in closed}
            found = {**here, **found}
            closed |= {SETTINGS[name].group for name in here if SETTINGS[name].leader}
        return {name: found[name] for name in SETTINGS if name in found and name not in named}

    def in_table(self, command: str) -> dict[str, ChosenDefault]:
        """What the tables of `command` set."""
        return {name: to for tables in self._files for name, to in tables.get(command, {}).items()}


def variable_of(name: str) -> str:
    """The environment variable of a setting: ``max-steps`` → ``HANDEYE_MAX_STEPS``."""
    return "HANDEYE_" + name.upper().replace("-", "_")


def config_folder(environ: Mapping[str, str] | None = None, platform: str = sys.platform) -> Path:
    """Where this user's settings lie: HANDEYE_CONFIG, or ``handeye`` in the place that the platform has for them."""
    env = os.environ if environ is None else environ
    if env.get(CONFIG):
        return Path(env[CONFIG]).expanduser()
    if platform == "win32":
        return Path(env.get("APPDATA") or Path.home() / "AppData" / "Roaming") / "handeye"
    if platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "handeye"
    base = Path(env.get("XDG_CONFIG_HOME") or "")
    return (base if base.is_absolute() else Path.home() / ".config") / "handeye"


def is_trusted(file: Path, environ: Mapping[str, str] | None = None) -> bool:
    """Whether the user has trusted a project's file with its present content."""
    try:
        return _mark(file) in _trusted(environ).read_text("utf-8").split()
    except OSError:
        return False


def trust(file: Path, environ: Mapping[str, str] | None = None) -> None:
    """Trust a project's file with its present content. Raises `UserError`."""
    kept = _trusted(environ)
    try:
        mark = _mark(file)
        kept.parent.mkdir(parents=True, exist_ok=True)
        with kept.open("a", encoding="utf-8") as lines:
            lines.write(f"{mark}\n")
    except OSError as error:
        raise UserError(f"cannot trust {file}: {error}") from error


def write_whole(path: Path, text: str) -> None:
    """Write a file of the user's settings whole or not at all. Raises OSError."""
    beside = path.with_name(f"{path.name}.{os.getpid()}")
    path.parent.mkdir(parents=True, exist_ok=True)
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)


def write_settings(path: Path, chosen: Mapping[str, Value]) -> None:
    """Write a settings file with what is `chosen`. Raises `UserError`."""
    try:
        write_whole(path, written(chosen))
    except OSError as error:
        raise UserError(f"cannot write {path}: {error}") from error


def written(chosen: Mapping[str, Value]) -> str:
    """A settings file as TOML: what is `chosen`, and the rest as comments."""
    lines = [
        "# Defaults of Handeye's options. A flag and an environment variable (HANDEYE_MODEL) hold over them.",
        "# A setting in a command's table, such as [bench], is for this command only. handeye config shows what holds.",
    ]
    for name, setting in SETTINGS.items():
        value = chosen.get(name)
        lines += [
            "",
            f"# {setting.about}",
            f"{'# ' if value is None else ''}{name} = {_toml(setting.example if value is None else value)}",
        ]
    return "\n".join(lines) + "\n"


def _toml(value: Value) -> str:
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _trusted(environ: Mapping[str, str] | None) -> Path:
    return config_folder(environ) / "trusted"


def _mark(file: Path) -> str:
    """Of a file's place and content."""
    return hashlib.sha256(str(file.resolve()).encode() + b"\0" + file.read_bytes()).hexdigest()


def _read(file: Path, commands: list[str]) -> dict[str, dict[str, ChosenDefault]]:
    """The settings of a file by table, ``""`` for its top. Raises `UserError`."""
    import tomllib

    try:
        content = tomllib.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{file}: {error}") from error
    tables = {name: value for name, value in content.items() if isinstance(value, dict)}
    unknown = next((name for name in tables if name not in commands), None)
    if unknown is not None:
        raise UserError(f"{file}: [{unknown[:40]}]: there is no such command")
    tables[""] = {name: value for name, value in content.items() if name not in tables}
    return {
        table: {
            name: _checked(name, value, f"{file} [{table}]" if table else str(file)) for name, value in here.items()
        }
        for table, here in tables.items()
    }


def _checked(name: str, value: object, source: str) -> ChosenDefault:
    """The value of a setting. Raises `UserError` for another name or type."""
    setting = SETTINGS.get(name)
    if setting is None:
        raise UserError(f"{source}: there is no setting {name[:40]!r}; handeye config lists them")
    if setting.kind is float and type(value) is int:
        return ChosenDefault(float(value), source)
    texts = isinstance(value, list) and setting.kind == list[str] and all(isinstance(item, str) for item in value)
    if texts or type(value) is setting.kind:
        return ChosenDefault(cast("Value", value), source)
    raise UserError(f"{source}: {name} is {_KINDS[setting.kind]}, such as {_toml(setting.example)}")


_KINDS = {str: "a text", int: "a whole number", float: "a number", list[str]: "a list of texts"}
