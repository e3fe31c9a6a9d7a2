"""What several commands share: their options, how these are read, and how a command prints JSON."""

from __future__ import annotations

import copy
import functools
import inspect
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from agent.core.errors import UserError
from agent.models.endpoints.patience import Patience
from agent.models.spec import (
    BUILTIN,
    BUILTIN_STEPS,
    MARKS_PLANNER_NAME,
    PLANNER_NAME,
    PLANS_FIRST,
    TEXT_PLANNER_NAME,
    ModelSpec,
)

if TYPE_CHECKING:
    from agent.run.env_spec import EnvSpec
    from agent.run.session import RunOptions


class EnvName(StrEnum):
    """Where to work."""

    desktop = "desktop"
    sandbox = "sandbox"
    browser = "browser"
    android = "android"
    phone = "phone"


class ConfirmName(StrEnum):
    """When to ask the person before an action."""

    always = "always"
    risky = "risky"
    never = "never"


class StructuredName(StrEnum):
    """When a server holds an answer to its shape."""

    auto = "auto"
    always = "always"
    off = "off"


class SpaceName(StrEnum):
    """What coordinates count; see `agent.models.dialects.dialect.Space`."""

    abs_resized = "abs_resized"
    abs_sent = "abs_sent"
    rel1 = "rel1"
    rel100 = "rel100"
    rel999 = "rel999"
    rel1000 = "rel1000"


class PromptsName(StrEnum):
    """Whose words a model is asked in."""

    owner = "owner"
    ours = "ours"


class NetworkName(StrEnum):
    """What a sandbox's programs reach; see `envs.isolation.Network`."""

    none = "none"
    loopback = "loopback"
    hosts = "hosts"
    full = "full"


model_option = functools.partial(typer.Option, rich_help_panel="Model")
record_option = functools.partial(typer.Option, rich_help_panel="Record")
_screen = functools.partial(typer.Option, rich_help_panel="Screen")
_limits = functools.partial(typer.Option, rich_help_panel="Limits and safety")

DialectName = Annotated[
    str | None,
    model_option(
        "--dialect",
        help="How the model was trained to answer, where its name does not say: one of handeye models, general for a "
        "model without a protocol of its own, a dialect file (docs/dialects.md), or module:object.",
        metavar="NAME|FILE.toml",
    ),
]
SecretOptions = Annotated[
    list[str] | None,
    typer.Option(
        "--secret",
        help="A value that only the keyboard gets to see: the task and the model say {{secret:NAME}}. The value comes "
        "from an environment variable (NAME=env:VARIABLE) or a file (NAME=file:PATH). May be repeated.",
        metavar="NAME=env:VARIABLE",
        rich_help_panel="Limits and safety",
    ),
]
ShareOptions = Annotated[
    list[str] | None,
    typer.Option(
        "--share",
        help="Sandbox: a folder that its programs see, read-only with :ro; may be repeated. The first is their working "
        "directory. Default: none of your files.",
        metavar="DIR[:ro]",
        rich_help_panel="Sandbox",
    ),
]
NetworkOption = Annotated[
    NetworkName | None,
    typer.Option(
        "--network",
        help="Sandbox: none; loopback: also what you serve on 127.0.0.1 of this machine; hosts: the hosts of "
        "--allow-hosts and no others, through a proxy; full: this machine's network. "
        "Default: none.",
        rich_help_panel="Sandbox",
    ),
]
NoIsolation = Annotated[
    bool,
    typer.Option(
        "--no-isolation",
        help="Sandbox: only the display is private; programs run as you, with your files and network.",
        rich_help_panel="Sandbox",
    ),
]
SerialOption = Annotated[
    str | None,
    _screen(
        help="Which Android device, as adb devices names it, or HOST:PORT. Default: the only one.", metavar="SERIAL"
    ),
]
DisplayOption = Annotated[
    int | None,
    _screen(
        help="Which display of the Android device, by its logical id (dumpsys display). Default: 0.", min=0, metavar="N"
    ),
]
MaxSecondsOption = Annotated[float | None, _limits(help="End after this many seconds.", min=0.1, metavar="SECONDS")]
ConfirmOption = Annotated[
    ConfirmName | None,
    _limits(
        help="Ask before an action; risky looks at what it does: the control under the pointer, commands, Enter, "
        "addresses. Default: never on a phone or sandbox made for it that shares nothing with you, else risky."
    ),
]
AsJson = Annotated[bool, record_option("--json", help="Print one JSON object on stdout and nothing else there.")]

_NAMES = (
    "builtin, the URL of an OpenAI-compatible server, hf:FOLDER_OR_ID (a checkpoint in this process; its own "
    "generation settings are not used), or module:object (from where Python looks, then the working directory)"
)


def read_model(
    *,
    model: Annotated[str | None, model_option("--model", "-m", help=f"{_NAMES}.", metavar="MODEL")] = BUILTIN,
    planner: Annotated[
        str | None,
        model_option(
            help="A model that plans, in place of --model. Alone, it sees no picture: it chooses among the numbered "
            "elements of the screen (handeye elements).",
            metavar="MODEL",
        ),
    ] = None,
    marks: Annotated[
        bool,
        model_option(
            "--marks",
            help="With --planner and --grounder: number the elements on the picture; it may say a number, too.",
        ),
    ] = False,
    builtin_steps: Annotated[
        bool,
        model_option(
            "--builtin-steps",
            help="With --planner alone: it may hand an explicit instruction (“turn on Wi-Fi”) to the built-in model, "
            "which takes the steps that it needs.",
        ),
    ] = False,
    each_step: Annotated[
        bool,
        model_option(
            "--each-step",
            help="With --planner alone: ask it for the next action at every step, with the steps so far and what they "
            "changed, in place of one plan at the beginning that is followed.",
        ),
    ] = False,
    served_model: Annotated[
        str | None, model_option(help="The model's name on the server; asked for if absent.", metavar="NAME")
    ] = None,
    grounder: Annotated[
        str | None,
        model_option(
            help="A second model that finds on the screen what the first, the planner, describes in words; named as a "
            "model is. --model PLANNER+GROUNDER says the same.",
            metavar="MODEL",
        ),
    ] = None,
    dialect: DialectName = None,
    space: Annotated[
        SpaceName | None,
        model_option(
            help="What the model's coordinates count, where its dialect does not know it or is wrong: pixels of the "
            "picture sent (abs_resized) or of the screen (abs_sent), or parts of a side, up to 1, 100, 999 or 1000."
        ),
    ] = None,
    prompts: Annotated[
        PromptsName,
        model_option(help="Whose prompts: those of the model's owner (handeye prompts get FAMILY), or Handeye's own."),
    ] = PromptsName.ours,
    max_pixels: Annotated[
        int | None,
        model_option(help="The server's limit on an image's area, where it is below the model's own.", metavar="N"),
    ] = None,
    profile: Annotated[
        Path | None,
        model_option(
            help="Read answers by this profile of handeye doctor --calibrate. Default: the saved one, if any.",
            metavar="FILE",
        ),
    ] = None,
    no_profile: Annotated[bool, model_option("--no-profile", help="Read answers as the model's name says.")] = False,
    structured: Annotated[
        StructuredName | None,
        model_option(
            help="Hold answers to the shape of an action: where the whole answer is one (auto), always, or never "
            "(off). Default: HANDEYE_STRUCTURED, else auto, and always with hf:."
        ),
    ] = None,
    patience: Annotated[
        float | None,
        model_option(
            help="Wait this long for an answer, retries included. Default: 300.", min=0.001, metavar="SECONDS"
        ),
    ] = None,
    history_images: Annotated[
        int | None,
        model_option(
            help="Screenshots in a question at most, the current one included; where it is not the model's own "
            "number, the older half leaves at once. Default: as many as the model was trained with.",
            min=1,
            max=100,
            metavar="N",
        ),
    ] = None,
    context: Annotated[
        int | None,
        model_option(
            help="Tokens that a prompt and its answer may have together. Default: what the server says.",
            min=1024,
            metavar="N",
        ),
    ] = None,
    thinking: Annotated[
        str | None,
        model_option(
            help="Have the model think before it answers: on, off, or at most N tokens. Default: as its owners do.",
            metavar="on|off|N",
        ),
    ] = None,
) -> ModelSpec:
    """The model that the options name; an empty name where ``--model`` is absent and has no default.

    Raises `UserError` for options that exclude each other.
    """
    if profile is not None and no_profile:
        raise UserError("--profile and --no-profile cannot go together: leave one out")
    if planner is not None and model not in (None, BUILTIN):
        raise UserError("--planner and --model both name the model that decides: leave one out")
    named = planner if planner is not None else model or ""
    first, plus, second = named.partition("+")
    if plus and grounder is None:
        if not first.strip() or not second.strip():
            raise UserError(f"--model {named}: two models are PLANNER+GROUNDER")
        named, grounder = first.strip(), second.strip()
    if each_step and (planner is None or grounder is not None or dialect is not None or builtin_steps):
        raise UserError("--each-step is for --planner, alone: it asks at every step instead of following a plan")
    if planner is not None and grounder is None:
        dialect = dialect or (TEXT_PLANNER_NAME if each_step or builtin_steps else PLANS_FIRST)
    if marks and (grounder is None or dialect not in (None, PLANNER_NAME, MARKS_PLANNER_NAME)):
        raise UserError("--marks is for a planner that sees pictures: name it and its --grounder")
    dialect = MARKS_PLANNER_NAME if marks else dialect
    if builtin_steps and dialect not in (TEXT_PLANNER_NAME, BUILTIN_STEPS):
        raise UserError("--builtin-steps is for a planner that sees no pictures: name it with --planner, alone")
    dialect = BUILTIN_STEPS if builtin_steps else dialect
    return ModelSpec(
        named,
        served_model,
        dialect,
        max_pixels,
        profile if profile is not None else not no_profile,
        structured.value if structured else None,
        Patience() if patience is None else Patience(total=patience),
        history_images=history_images,
        context=context,
        thinking=_thinking(thinking),
        space=space.value if space else None,
        prompts=prompts.value,
        grounder=grounder,
    )


def _thinking(said: str | None) -> bool | int | None:
    """Whether to think, or the most tokens of it. Raises `UserError`."""
    if said is None or said.strip().lower() in ("on", "off"):
        return None if said is None else said.strip().lower() == "on"
    if not said.isascii() or not said.isdigit() or not 1 <= len(said) <= 6:
        raise UserError(f"--thinking is on, off or a number of tokens, not {said[:40]!r}")
    return int(said) or False


def takes_model(
    command: Callable[..., None], default: str | None = BUILTIN, more_names: str = ""
) -> Callable[..., None]:
    """`command` for typer, with its keyword parameter ``model: ModelSpec`` replaced by the options of `read_model`.

    `default` is that of ``--model``; `more_names` is what else the command takes for it, for the help text.
    """
    options = dict(inspect.signature(read_model, eval_str=True).parameters)
    told = f"{_NAMES}{more_names}. With --grounder, the model that plans."
    names = Annotated[str | None, model_option("--model", "-m", help=told, metavar="MODEL")]
    options["model"] = options["model"].replace(default=default, annotation=names)
    return _expanded(command, "model", read_model, list(options.values()))


def takes_screen(
    command: Callable[..., None],
    only: Sequence[str] = (),
    told: Mapping[str, str] | None = None,
    panel: str | None = None,
) -> Callable[..., None]:
    """`command` with its keyword parameter ``screen: ScreenOptions`` replaced by the options of `read_screen`.

    `only` are the parameters of it that the command has, by default all; `told` is their help and `panel` the heading
    that they stand under, where these are not `run`'s. A help that begins with ``Default:`` stands for that sentence.
    """
    options = inspect.signature(read_screen, eval_str=True).parameters
    chosen = {name: options[name] for name in only or options}
    helps = told or {}
    return _expanded(
        command, "screen", read_screen, [_retold(option, helps.get(name), panel) for name, option in chosen.items()]
    )


def _retold(option: inspect.Parameter, told: str | None, panel: str | None) -> inspect.Parameter:
    """`option` with another help, or another sentence on its default at the end of it, under the heading `panel`."""
    kind, info = get_args(option.annotation)
    info = copy.copy(info)
    if told is not None:
        info.help = f"{info.help.partition(' Default: ')[0]} {told}" if told.startswith("Default: ") else told
    if panel is not None:
        info.rich_help_panel = panel
    return option.replace(annotation=Annotated[kind, info])


def takes_bounds(command: Callable[..., None]) -> Callable[..., None]:
    """`command` with its keyword parameter ``bounds: RunBounds`` replaced by the options of `read_bounds`."""
    return _expanded(command, "bounds", read_bounds)


def _expanded(
    command: Callable[..., None],
    name: str,
    read: Callable[..., Any],
    options: list[inspect.Parameter] | None = None,
) -> Callable[..., None]:
    """`command` with the parameter `name` replaced by `options`, of which `read` makes it; by default all of `read`."""
    options = options or list(inspect.signature(read, eval_str=True).parameters.values())
    parameters = list[inspect.Parameter]()
    for parameter in inspect.signature(command, eval_str=True).parameters.values():
        if parameter.name == name:
            parameters += options
        else:
            parameters.append(parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY))
    names = [option.name for option in options]

    @functools.wraps(command)
    def run(**arguments: Any) -> None:
        read_value = read(**{option: arguments.pop(option) for option in names})
        command(**arguments, **{name: read_value})

    run.__annotations__ = {}
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return run


@dataclass(frozen=True)
class ScreenOptions:
    """The options that name a screen, as they were given."""

    env: str | None
    serial: str | None
    display: int | None
    apps: tuple[str, ...]
    size: str | None
    share: tuple[str, ...]
    network: NetworkName | None
    isolated: bool
    monitors: int | None
    monitor: int | None
    dry_run: bool

    @property
    def named(self) -> tuple[str | None, str | None]:
        """The kind of ``--env``, and the serial of it or of ``--serial``. Raises `UserError` where both have one."""
        kind, colon, device = (self.env or "").partition(":")
        if kind != "android" or not colon:
            return self.env, self.serial
        if device and self.serial:
            raise UserError("--env android:SERIAL and --serial both name the device: leave one out")
        return kind, device or self.serial

    @property
    def given(self) -> dict[str, object]:
        """The options that were given, by name."""
        options = {"env": self.env, "serial": self.serial, "display": self.display, "app": self.apps}
        options |= {"size": self.size, "share": self.share, "network": self.network}
        options |= {"no-isolation": not self.isolated, "monitors": self.monitors, "monitor": self.monitor}
        return {f"--{name}": value for name, value in options.items() if value not in (None, (), False)}

    def spec(self) -> EnvSpec:
        """The screen that they name. Raises `UserError`."""
        from agent.run.env_spec import EnvSpec

        kind, serial = self.named
        return EnvSpec(
            kind or ("sandbox" if self.apps else "desktop"),
            self.apps,
            parse_size(self.size) if self.size else None,
            self.monitors,
            self.monitor,
            self.dry_run,
            serial,
            self.display,
            share=self.share,
            network=self.network.value if self.network else None,
            isolated=self.isolated,
        )


def read_screen(
    *,
    env: Annotated[
        str | None,
        _screen(
            help="desktop (your own), sandbox (a private display), browser (Chromium on one: addresses "
            "go through its address bar), android (over adb; android:SERIAL for one of several), phone (a simulated "
            "one), or an env of yours as module:object. Default: desktop, or sandbox with --app.",
            metavar="ENV",
        ),
    ] = None,
    serial: SerialOption = None,
    display: DisplayOption = None,
    app_: Annotated[
        list[str] | None,
        _screen("--app", help="Start this program on the sandbox first; may be repeated.", metavar="PROGRAM"),
    ] = None,
    size: Annotated[str | None, _screen(help="Size of the sandbox display. Default: 1280x800.", metavar="WxH")] = None,
    share: ShareOptions = None,
    network: NetworkOption = None,
    no_isolation: NoIsolation = False,
    monitors: Annotated[
        int | None, _screen(help="Monitors of the sandbox, side by side. Default: 1.", min=1, max=4)
    ] = None,
    monitor: Annotated[int | None, _screen(help="Work on this monitor only; 1 is the first.", min=1)] = None,
    dry_run: Annotated[bool, _limits("--dry-run", help="Decide and record, but send nothing.")] = False,
) -> ScreenOptions:
    """The options of a screen."""
    apps, shared = tuple(app_ or ()), tuple(share or ())
    return ScreenOptions(
        env, serial, display, apps, size, shared, network, not no_isolation, monitors, monitor, dry_run
    )


@dataclass(frozen=True)
class RunBounds:
    """The options that bound a run and say what is reviewed, as they were given."""

    max_steps: int
    max_seconds: float | None
    max_tokens: int | None
    max_repeats: int
    secret: tuple[str, ...]
    policy: tuple[str, ...]
    allow_apps: tuple[str, ...]
    allow_hosts: tuple[str, ...]
    deny: tuple[str, ...]
    policy_file: Path | None
    verify: str | None
    confirm: ConfirmName | None

    def options(self, model: ModelSpec) -> RunOptions:
        """How to run `model` within them. Raises `UserError`."""
        from agent.guard.limits import AllowLists
        from agent.guard.secrets import Secrets
        from agent.run.session import RunOptions

        return RunOptions(
            model=model,
            policies=self.policy,
            limits=AllowLists.of(self.allow_apps, self.allow_hosts, self.deny, self.policy_file),
            verify=self.verify,
            max_steps=self.max_steps,
            max_seconds=self.max_seconds,
            max_tokens=self.max_tokens,
            max_repeats=self.max_repeats,
            secrets=Secrets.parse(self.secret),
            confirm=self.confirm.value if self.confirm else None,
        )


def read_bounds(
    *,
    max_steps: Annotated[int, _limits(help="End after this many steps.", min=1, metavar="N")] = 50,
    max_seconds: MaxSecondsOption = None,
    max_tokens: Annotated[int | None, _limits(help="End after this many tokens.", min=1, metavar="N")] = None,
    max_repeats: Annotated[
        int,
        _limits(help="End as stuck after the same action was done this often in a row and nothing changed.", min=2),
    ] = 5,
    secret: SecretOptions = None,
    policy: Annotated[
        list[str] | None,
        _limits(
            help="Have a policy of yours review each action, as module:object; may be repeated.",
            metavar="MODULE:OBJECT",
        ),
    ] = None,
    allow_apps: Annotated[
        list[str] | None,
        _limits(help="Act on these programs only, by window class, package or name; * for any part.", metavar="A,B"),
    ] = None,
    allow_hosts: Annotated[
        list[str] | None,
        _limits(help="In browsers, act on pages of these hosts only: example.org, *.example.org.", metavar="A,B"),
    ] = None,
    deny: Annotated[
        list[str] | None,
        _limits(help="Never do this: app:NAME, host:NAME, key:CHORD or action:TYPE.", metavar="A,B"),
    ] = None,
    policy_file: Annotated[
        Path | None, _limits(help="Lists as above in TOML: allow-apps, allow-hosts, deny.", metavar="FILE.toml")
    ] = None,
    verify: Annotated[
        str | None,
        _limits(
            help="Have “done” checked before it counts, by self (the model, asked anew) or another MODEL. What it says "
            "no to goes back to the model with the reason; the third time ends the run.",
            metavar="self|MODEL",
        ),
    ] = None,
    confirm: ConfirmOption = None,
) -> RunBounds:
    """The options of what a run may do."""
    secrets, policies, apps, hosts, denied = (
        tuple(given or ()) for given in (secret, policy, allow_apps, allow_hosts, deny)
    )
    budgets = max_steps, max_seconds, max_tokens, max_repeats
    return RunBounds(*budgets, secrets, policies, apps, hosts, denied, policy_file, verify, confirm)


def parse_size(text: str) -> tuple[int, int]:
    """``1280x800`` → ``(1280, 800)``. Raises `UserError`."""
    width, _, height = text.lower().partition("x")
    if not (width.isdecimal() and height.isdecimal()):
        raise UserError(f"--size {text!r} is not WIDTHxHEIGHT, e.g. 1280x800")
    size = int(width), int(height)
    if not all(200 <= side <= 16384 for side in size):
        raise UserError(f"--size {text}: both sides must be between 200 and 16384 pixels")
    return size


def print_json(data: dict[str, Any]) -> None:
    """One JSON object on one line of stdout."""
    typer.echo(json.dumps(data, ensure_ascii=False))
