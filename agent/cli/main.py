"""The command line. Data goes to stdout; people's output, progress and logs go to stderr."""

from __future__ import annotations

import functools
import logging
import signal
import sys
from importlib.metadata import entry_points
from pathlib import Path
from typing import Annotated

import typer

from agent.cli.ask import ask
from agent.cli.doctor import doctor
from agent.cli.export import export
from agent.cli.extract import extract
from agent.cli.options import (
    AsJson,
    ConfirmName,
    DialectName,
    EnvName,
    MaxPixels,
    ModelName,
    NoProfile,
    ProfileFile,
    SecretOptions,
    ServedName,
    chosen_profile,
    print_json,
    record_option,
)
from agent.cli.record import record
from agent.cli.replay import replay
from agent.cli.report import report
from agent.cli.serve import serve
from agent.core.errors import UserError

app = typer.Typer(
    name="handeye",
    help="Eyes and hands for any vision-language model: run, record and audit tasks on a screen.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


_screen = functools.partial(typer.Option, rich_help_panel="Screen")
_limits = functools.partial(typer.Option, rich_help_panel="Limits and safety")
_live = functools.partial(typer.Option, rich_help_panel="Live view")


@app.command()
def run(
    task: Annotated[str, typer.Argument(help="What to do, in plain words.", metavar="TASK")],
    env: Annotated[
        EnvName | None,
        _screen(
            help="Your own desktop, a private display, an Android device over adb, or a simulated phone. "
            "Default: desktop, or sandbox with --app."
        ),
    ] = None,
    serial: Annotated[
        str | None,
        _screen(help="Which Android device, as adb devices names it, or HOST:PORT. Default: the only one."),
    ] = None,
    app_: Annotated[
        list[str] | None,
        _screen("--app", help="Start this program on the sandbox first; may be repeated.", metavar="PROGRAM"),
    ] = None,
    size: Annotated[str, _screen(help="Size of the sandbox display.", metavar="WxH")] = "1280x800",
    monitors: Annotated[int, _screen(help="Monitors of the sandbox, side by side.", min=1, max=4)] = 1,
    monitor: Annotated[int | None, _screen(help="Work on this monitor only; 1 is the first.", min=1)] = None,
    live: Annotated[
        bool,
        _live(
            "--live",
            help="Serve a page on this machine that shows the screen and the next action before it happens, and on "
            "which you approve, edit, skip, pause, take over, answer and stop.",
        ),
    ] = False,
    live_port: Annotated[
        int | None, _live(help="Serve it on this port. Default: any free one.", min=0, max=65535, metavar="PORT")
    ] = None,
    live_open: Annotated[bool, _live("--live-open", help="Open it in your browser as well.")] = False,
    live_wait: Annotated[
        float | None,
        _live(
            help="How long a question waits while no page is open; then the run ends as needs_human. Default: 300.",
            min=0,
            metavar="SECONDS",
        ),
    ] = None,
    model: ModelName = "builtin",
    served_model: ServedName = None,
    dialect: DialectName = None,
    max_pixels: MaxPixels = None,
    profile: ProfileFile = None,
    no_profile: NoProfile = False,
    max_steps: Annotated[int, _limits(help="End after this many steps.")] = 50,
    max_seconds: Annotated[float | None, _limits(help="End after this many seconds.")] = None,
    max_tokens: Annotated[int | None, _limits(help="End after this many tokens.")] = None,
    secret: SecretOptions = None,
    dry_run: Annotated[bool, _limits("--dry-run", help="Decide and record, but send nothing.")] = False,
    confirm: Annotated[
        ConfirmName | None,
        _limits(
            help="Ask before an action. Default: risky on your own desktop or device, never on the sandbox or phone."
        ),
    ] = None,
    out: Annotated[
        Path | None,
        record_option(help="Folder for the episode, new or empty. Default: runs/<time>-<task>.", metavar="DIR"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Do a task on a screen and keep a record of it.

    [bold]Examples[/]

      handeye run --app mousepad 'Type "Hello", open the File menu, click "Save As…", type "hello.txt" and press Enter'

      handeye run --env desktop --model http://127.0.0.1:8000 "Open the settings and switch to dark mode"

      handeye run --live --confirm always --app mousepad 'Type "Hello"'

      handeye run --env phone "Open Settings, turn on Airplane mode, then go back to the home screen"

      handeye run --env android --serial 192.168.1.20:5555 --model http://127.0.0.1:8000 "Set an alarm for 7:30"

    Stop at any time with Ctrl-C, with Ctrl+Alt+Escape from any window, or by pushing the mouse pointer into the
    top-left corner of the screen. The exit status is 0 only when the task was done.
    """
    from agent.guard.secrets import Secrets
    from agent.run.session import EnvSpec, RunOptions, run_task

    kind = env or (EnvName.sandbox if app_ else EnvName.desktop)
    screen = EnvSpec(kind.value, tuple(app_ or ()), parse_size(size), monitors, monitor, dry_run, serial)
    options = RunOptions(
        model=model,
        served_model=served_model,
        dialect=dialect,
        max_pixels=max_pixels,
        profile=chosen_profile(profile, no_profile),
        max_steps=max_steps,
        max_seconds=max_seconds,
        max_tokens=max_tokens,
        secrets=Secrets.parse(secret or ()),
        confirm=confirm.value if confirm else None,
        out=out,
        live=live or live_open or live_port is not None or live_wait is not None,
        live_port=live_port or 0,
        live_open=live_open,
        live_wait=300.0 if live_wait is None else live_wait,
    )
    done = run_task(task, screen, options)
    if as_json:
        print_json(done.to_json())
    if not done.result.ending.ok:
        raise typer.Exit(130 if done.result.ending == "stopped_by_user" else 1)


@app.command()
def locate(
    image: Annotated[Path, typer.Argument(help="A screenshot (PNG, JPEG, WebP).")],
    instruction: Annotated[str, typer.Argument(help='What to find, e.g. "the field right of Name".')],
    model: ModelName = "builtin",
    served_model: ServedName = None,
    dialect: DialectName = None,
    max_pixels: MaxPixels = None,
    profile: ProfileFile = None,
    no_profile: NoProfile = False,
    draw: Annotated[Path | None, typer.Option(help="Write the image with the target drawn on it.")] = None,
    as_json: AsJson = False,
) -> None:
    """Find a target on a screenshot: where it is, and how sure that is.

    Coordinates are pixels of the image. The exit status is 1 when nothing fits (a refusal, with its reason).

    [bold]Examples[/]

      handeye locate screen.png "the Save button" --draw found.png

      handeye locate screen.png "second Delete" --json
    """
    from agent.run.locate import locate_on_image

    which = chosen_profile(profile, no_profile)
    found = locate_on_image(image, instruction, model, served_model, max_pixels, draw, dialect, which)
    if as_json:
        print_json(found)
    elif not found["refused"]:
        x, y = found["point"]
        typer.echo(f"{x:.0f} {y:.0f}")
        typer.echo(f"box {found['bbox']}, {found['score']:.0%} sure", err=True)
    else:
        typer.echo(f"not found: {found['reason']}", err=True)
    if found["refused"]:
        raise typer.Exit(1)


app.command()(doctor)
app.command()(extract)
app.command()(serve)
app.command()(replay)
app.command()(record)
app.command()(ask)
app.command()(report)
app.command()(export)


@app.command()
def models(as_json: AsJson = False) -> None:
    """List the models and dialects that --model understands."""
    from agent.models.spec import known_dialects, known_models

    known, dialects = known_models(), known_dialects()
    if as_json:
        named = [{"name": name, "description": words} for name, words in known.items()]
        print_json({"models": named, "dialects": dialects})
        return
    width = max(map(len, known))
    for name, words in known.items():
        typer.echo(f"{name:<{width}}  {words}")
    typer.echo("\nfamilies on a server (handeye models --json says more):")
    for dialect in dialects:
        does = " and ".join(dialect["platforms"]) or "locates only"
        typer.echo(f"{dialect['name']:<20}  {does:<18}  {dialect['sizes']:<36}  {dialect['licence']}")


def parse_size(text: str) -> tuple[int, int]:
    """``1280x800`` → ``(1280, 800)``. Raises `UserError`."""
    width, _, height = text.lower().partition("x")
    if not (width.isdecimal() and height.isdecimal()):
        raise UserError(f"--size {text!r} is not WIDTHxHEIGHT, e.g. 1280x800")
    size = int(width), int(height)
    if not all(200 <= side <= 16384 for side in size):
        raise UserError(f"--size {text}: both sides must be between 200 and 16384 pixels")
    return size


def _version(value: bool) -> None:
    if value:
        from importlib.metadata import version

        typer.echo(f"handeye {version('handeye')}")
        raise typer.Exit()


@app.callback()
def _global(
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks and log everything to stderr.")] = False,
    version: Annotated[
        bool, typer.Option("--version", help="Show the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    logging.basicConfig(level=logging.DEBUG if debug else logging.ERROR, stream=sys.stderr)


PLUGINS = "handeye.commands"
"""The entry-point group of command groups that live in rooms the agent must not import, e.g. ``bench``."""


@functools.cache
def _add_plugins() -> None:
    for plugin in entry_points(group=PLUGINS):
        app.add_typer(plugin.load(), name=plugin.name)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; every error a user can cause is one line on stderr and a non-zero status."""
    arguments = sys.argv[1:] if arguments is None else arguments
    debug = "--debug" in arguments
    # --debug may stand anywhere; the commands themselves do not know it.
    arguments = [*(["--debug"] if debug else []), *(a for a in arguments if a != "--debug")]
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends like Ctrl-C: the record is closed
    try:
        _add_plugins()
        status = app(arguments, prog_name="handeye", standalone_mode=False)
    except KeyboardInterrupt:
        status = _fail("stopped", 130, arguments)
    except Exception as error:
        if debug and not hasattr(error, "format_message"):
            raise
        status = _fail(*_explain(error), arguments)
    sys.exit(status if isinstance(status, int) else 0)


def _explain(error: Exception) -> tuple[str, int]:
    from actions.errors import HandeyeError

    if hasattr(error, "format_message"):  # a wrong option or argument
        return f"{error.format_message() or 'wrong usage'} (see handeye --help)", 2
    if isinstance(error, HandeyeError):
        return str(error), 2
    return f"internal error: {type(error).__name__}: {error} (run again with --debug for the details)", 70


def _fail(message: str, status: int, arguments: list[str]) -> int:
    from actions.action import one_line

    line = one_line(message, 500)
    typer.echo(f"handeye: {line}", err=True)
    if "--json" in arguments:
        print_json({"error": line})
    return status


if __name__ == "__main__":
    main()
