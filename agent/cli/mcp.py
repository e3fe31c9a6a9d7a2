"""``handeye mcp``."""

from __future__ import annotations

import functools
import os
import sys
import threading
from contextlib import redirect_stdout
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from actions.extras import install_command
from agent.cli.options import (
    RunBounds,
    ScreenOptions,
    record_option,
    takes_bounds,
    takes_model,
    takes_screen,
)
from agent.core.errors import UserError
from agent.models.spec import ModelSpec

_protocol = functools.partial(typer.Option, rich_help_panel="Protocol")


@takes_screen
@takes_model
@takes_bounds
def mcp(
    *,
    screen: ScreenOptions,
    model: ModelSpec,
    bounds: RunBounds,
    http: Annotated[
        int | None,
        _protocol(
            help="Serve streamable HTTP on this port of 127.0.0.1 (0: any free one) instead of stdin and stdout. The "
            "token that clients need is that of HANDEYE_MCP_TOKEN, or a new one, which is shown.",
            min=0,
            max=65535,
            metavar="PORT",
        ),
    ] = None,
    longest: Annotated[
        int,
        _protocol(
            "--max-side",
            help="Pixels of the longer side of a picture; a larger screen is shrunk, and points count in the picture.",
            min=256,
            max=16384,
            metavar="N",
        ),
    ] = 1568,
    runs: Annotated[
        Path | None,
        record_option(help="Folder of the episodes, written and read. Default: runs.", metavar="DIR"),
    ] = None,
) -> None:
    """Give an MCP client (Claude, VS Code, Cursor, an agent of yours) a screen to see and act on.

    Tools: observe, elements, locate, act, run (a task by --model), replay, read_episode. What the client does is
    recorded as an episode whose model is the client. Secrets, lists, policies and confirmation hold for it as for a
    run: a client that can ask its user (elicitation) asks, and any other is refused what a person has to confirm.
    The limits on steps, seconds, tokens and repeats are those of each run. Needs the extra mcp (handeye doctor).

    [bold]Examples[/]

      handeye mcp --app mousepad --runs ~/handeye-runs

      handeye mcp --env desktop --confirm always --model http://127.0.0.1:8000

      handeye mcp --env android:emulator-5554 --allow-apps com.android.settings

      HANDEYE_MCP_TOKEN=… handeye mcp --env sandbox --http 8765

    The host starts the first three itself: put the command into its configuration (docs/mcp.md has it for each). Stop
    with Ctrl-C, with Ctrl+Alt+Escape, or by pushing the mouse pointer into the top-left corner of the screen.
    """
    if find_spec("mcp") is None:
        raise UserError(f"the MCP SDK is not installed: {install_command('mcp')}")
    from dataclasses import replace

    from agent.mcp.host import HostOptions, ScreenHost
    from agent.mcp.transports import TOKEN_VARIABLE, HttpAddress, serve_http, serve_stdio
    from agent.run.env_spec import SANDBOXES, open_env
    from envs.accessibility import can_serve

    folder = (runs or Path("runs")).expanduser().absolute()
    address = None if http is None else HttpAddress(http, os.environ.get(TOKEN_VARIABLE, ""))
    spec, options = screen.spec(), HostOptions(bounds.options(model), folder, longest)
    lists = options.run.limits
    spec = replace(spec, hosts=lists.allow_hosts, denied_hosts=lists.denied("host"))
    with redirect_stdout(sys.stderr):  # stdout is the protocol's, also while an env of the user's is made
        env = open_env(replace(spec, accessibility=spec.kind in SANDBOXES and can_serve()))
    try:
        host = ScreenHost(spec, env, options, model)
        if address is None:
            typer.echo(f"MCP on stdin and stdout: {env.name}; episodes in {folder}", err=True)
            serve_stdio(host)
        else:
            own = "that of HANDEYE_MCP_TOKEN" if os.environ.get(TOKEN_VARIABLE) else address.token
            typer.echo(f"MCP at {address.url}: {env.name}; episodes in {folder}\ntoken {own}", err=True)
            serve_http(host, address)
    finally:
        env.close()
    if any(not thread.daemon for thread in threading.enumerate() if thread is not threading.main_thread()):
        sys.stderr.flush()
        os._exit(0)  # a thread that reads stdin cannot be woken, and would be waited for
