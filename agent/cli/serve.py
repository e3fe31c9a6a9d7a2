"""``handeye serve``: the best engine here, with the right flags for the model's dialect."""

from __future__ import annotations

import functools
import shlex
import signal
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli.options import AsJson, DialectName, print_json
from agent.core.errors import UserError

if TYPE_CHECKING:
    from agent.serving.engines import ServePlan
    from agent.serving.process import ServerProcess

_engine = functools.partial(typer.Option, rich_help_panel="Engine")


class EngineName(StrEnum):
    """What serves."""

    auto = "auto"
    vllm = "vllm"
    llama_cpp = "llama.cpp"
    transformers = "transformers"


def serve(
    model: Annotated[str, typer.Argument(help="A checkpoint's folder, a hub id, or a GGUF file.", metavar="MODEL")],
    engine: Annotated[
        EngineName, _engine(help="auto: vLLM on a GPU, llama.cpp for GGUF, transformers otherwise.")
    ] = EngineName.auto,
    host: Annotated[str, _engine(help="Where to listen. Anyone who can reach it can use it.")] = "127.0.0.1",
    port: Annotated[int | None, _engine(help="Default: 8000, or a free one.", min=1, max=65535)] = None,
    dialect: DialectName = None,
    max_pixels: Annotated[
        int | None,
        _engine(help="Largest area of an image. Lower is faster and takes less memory.", min=3136, metavar="N"),
    ] = None,
    gpu_memory: Annotated[
        float | None, _engine(help="The share of the GPU's memory that vLLM takes.", min=0.05, max=1.0, metavar="F")
    ] = None,
    mmproj: Annotated[
        Path | None, _engine(help="The eyes of a GGUF model. Default: the mmproj file beside it.", metavar="FILE")
    ] = None,
    extra: Annotated[str, _engine(help="Further flags for the engine, in one text.", metavar="FLAGS")] = "",
    timeout: Annotated[float, _engine(help="Seconds to wait until it is ready, downloads included.", min=1)] = 1800,
    log: Annotated[Path | None, _engine(help="Where its output goes. Default: a file in ~/.cache.")] = None,
    dry_run: Annotated[bool, _engine("--dry-run", help="Print the command and start nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Serve a model with the best engine here, until Ctrl-C.

    Handeye chooses the flags that keep the model's coordinates right, waits until the server is healthy and says how to
    use it. In the end it stops everything it started. With --json it prints one object as soon as the server is ready.

    [bold]Examples[/]

      handeye serve Qwen/Qwen2.5-VL-7B-Instruct

      handeye serve ./Qwen2.5-VL-3B-Instruct-Q4_K_M.gguf --port 8080

      handeye serve ByteDance-Seed/UI-TARS-1.5-7B --gpu-memory 0.8 --dry-run
    """
    from agent.serving.engines import PROGRAMS, Machine, ServeRequest, plan
    from agent.serving.process import ServerProcess, free_port, log_file

    where = port or free_port(host)
    named = next((name for name in PROGRAMS if name == engine.value), None)
    wish = ServeRequest(model, named, host, where, dialect, gpu_memory, max_pixels, mmproj, tuple(shlex.split(extra)))
    made = plan(wish, Machine.here(), installed=not dry_run)
    if dry_run:
        _say(made, as_json, made.command)
        return
    signal.signal(signal.SIGHUP, signal.default_int_handler)  # a closed terminal stops it too
    with ServerProcess(made, host, where, log or log_file(made.engine, where)) as server:
        try:
            _wait(server, made, timeout)
            with suppress(KeyboardInterrupt):
                _say(made, as_json, made.command, server)
                server.wait()
            typer.echo("stopping", err=True)
        except UserError:
            typer.echo("\n".join(server.error_lines()), err=True)
            raise


def _wait(server: ServerProcess, made: ServePlan, timeout: float) -> None:
    from agent.views.terminal import console

    out = console()
    out.print(f"starting {made.engine}, log in {server.log}", soft_wrap=True, markup=False)
    with out.status("waiting until it is ready") as status:
        server.wait_healthy(timeout, lambda line: status.update(_status(line)))


def _status(line: str) -> str:
    from rich.markup import escape

    return f"waiting until it is ready: {escape(line[:100])}" if line else "waiting until it is ready"


def _say(made: ServePlan, as_json: bool, command: tuple[str, ...], server: ServerProcess | None = None) -> None:
    usage = ["handeye", "run", *made.use]
    if as_json:
        running = {} if server is None else {"pid": server.pid, "log": str(server.log)}
        told = {"engine": made.engine, "url": made.url, "served": made.served, "dialect": made.dialect}
        print_json({**told, "model": made.address, "command": list(command), "use": usage, **running})
    elif server is None:
        typer.echo(shlex.join(command))
    else:
        typer.echo(f"{made.served} ({made.dialect}) is ready at {made.url}")
        typer.echo(f'use it:  {shlex.join(usage)} "Open the File menu and click Save"')
        typer.echo("stop it: Ctrl-C", err=True)
