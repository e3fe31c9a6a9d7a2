"""``handeye run``."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Annotated

import typer

from agent.cli.options import (
    AsJson,
    ConfirmName,
    NetworkOption,
    NoIsolation,
    SecretOptions,
    ShareOptions,
    parse_size,
    print_json,
    record_option,
    takes_model,
)
from agent.models.spec import ModelSpec

_screen = functools.partial(typer.Option, rich_help_panel="Screen")
_limits = functools.partial(typer.Option, rich_help_panel="Limits and safety")
_live = functools.partial(typer.Option, rich_help_panel="Live view")


@takes_model
def run(
    task: Annotated[str, typer.Argument(help="What to do, in plain words.", metavar="TASK")],
    env: Annotated[
        str | None,
        _screen(
            help="desktop (your own), sandbox (a private display), browser (Chromium on one: addresses "
            "go through its address bar), android (over adb), phone (a simulated one), "
            "or an env of yours as module:object. Default: desktop, or sandbox with --app.",
            metavar="ENV",
        ),
    ] = None,
    serial: Annotated[
        str | None,
        _screen(help="Which Android device, as adb devices names it, or HOST:PORT. Default: the only one."),
    ] = None,
    display: Annotated[
        int | None,
        _screen(help="Which display of the Android device, by its logical id (dumpsys display). Default: 0.", min=0),
    ] = None,
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
    *,
    model: ModelSpec,
    max_steps: Annotated[int, _limits(help="End after this many steps.")] = 50,
    max_seconds: Annotated[float | None, _limits(help="End after this many seconds.")] = None,
    max_tokens: Annotated[int | None, _limits(help="End after this many tokens.")] = None,
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
    dry_run: Annotated[bool, _limits("--dry-run", help="Decide and record, but send nothing.")] = False,
    confirm: Annotated[
        ConfirmName | None,
        _limits(
            help="Ask before an action; risky looks at what it does: the control under the pointer, commands, Enter, "
            "addresses. Default: never on a phone or sandbox made for the run that shares nothing with you, else risky."
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

      handeye run --app mousepad --share . 'Type "Hello", press ctrl+s, type "hello.txt" and press Enter'

      handeye run --env desktop --model http://127.0.0.1:8000 "Open the settings and switch to dark mode"

      handeye run --live --confirm always --app mousepad 'Type "Hello"'

      handeye run --env phone "Open Settings, turn on Airplane mode, then go back to the home screen"

      handeye run --env sandbox --policy rules:no_purchases --model http://127.0.0.1:8000 "Find the cheapest lamp"

      handeye run --env android --serial 192.168.1.20:5555 --model http://127.0.0.1:8000 "Set an alarm for 7:30"

    Stop at any time with Ctrl-C, with Ctrl+Alt+Escape from any window, or by pushing the mouse pointer into the
    top-left corner of the screen. The exit status is 0 only when the task was done.
    """
    from agent.guard.limits import AllowLists
    from agent.guard.secrets import Secrets
    from agent.run.env_spec import EnvSpec
    from agent.run.session import RunOptions, run_task
    from agent.views.live.page import LivePageOptions

    screen = EnvSpec(
        env or ("sandbox" if app_ else "desktop"),
        tuple(app_ or ()),
        parse_size(size) if size else None,
        monitors,
        monitor,
        dry_run,
        serial,
        display,
        share=tuple(share or ()),
        network=network.value if network else None,
        isolated=not no_isolation,
    )
    options = RunOptions(
        model=model,
        policies=tuple(policy or ()),
        limits=AllowLists.of(allow_apps or (), allow_hosts or (), deny or (), policy_file),
        verify=verify,
        max_steps=max_steps,
        max_seconds=max_seconds,
        max_tokens=max_tokens,
        max_repeats=max_repeats,
        secrets=Secrets.parse(secret or ()),
        confirm=confirm.value if confirm else None,
        out=out,
        live=LivePageOptions(live_port or 0, live_open, 300.0 if live_wait is None else live_wait)
        if live or live_open or live_port is not None or live_wait is not None
        else None,
    )
    done = run_task(task, screen, options)
    if as_json:
        print_json(done.to_json())
    if not done.result.ending.ok:
        raise typer.Exit(130 if done.result.ending == "stopped_by_user" else 1)
