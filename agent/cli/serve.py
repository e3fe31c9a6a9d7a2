"""``handeye serve``: the best engine here, with the right flags for the model's dialect; a planner and a grounder."""

from __future__ import annotations

import functools
import shlex
import signal
import time
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import asdict
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
    model: Annotated[
        str | None, typer.Argument(help="A checkpoint's folder, a hub id, or a GGUF file.", metavar="MODEL")
    ] = None,
    grounder: Annotated[
        str | None,
        _engine(
            help="Serve this model as well, which says where things are; MODEL is then the planner "
            "(docs/models.md), and the other options are the planner's.",
            metavar="MODEL",
        ),
    ] = None,
    planners: Annotated[
        bool, _engine("--planners", help="List small planners: licence, size, speed, and which fit this machine.")
    ] = False,
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
    dry_run: Annotated[
        bool, _engine("--dry-run", help="Print the command and start nothing, whatever this machine has.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Serve a model with the best engine here, until Ctrl-C.

    Handeye chooses the flags that keep the model's coordinates right, waits until the server is healthy and says how to
    use it. In the end it stops everything it started. With --json it prints one object as soon as the server is ready.

    [bold]Examples[/]

      handeye serve Qwen/Qwen2.5-VL-7B-Instruct

      handeye serve ./Qwen2.5-VL-3B-Instruct-Q4_K_M.gguf --port 8080

      handeye serve ByteDance-Seed/UI-TARS-1.5-7B --gpu-memory 0.8 --dry-run

      handeye serve Qwen/Qwen3-VL-4B-Instruct --grounder osunlp/UGround-V1-2B
    """
    from agent.serving.engines import PROGRAMS, Machine, ServeRequest, plan, plan_pair
    from agent.serving.process import ServerProcess, free_port, log_file

    if planners:
        _say_planners(as_json)
        return
    if model is None:
        raise UserError("serve which model? handeye serve MODEL; --planners lists small ones that plan without a GPU")
    if grounder is not None and max_pixels is not None:
        raise UserError("--max-pixels has no effect with --grounder: leave it out")
    where = port or free_port(host)
    named = next((name for name in PROGRAMS if name == engine.value), None)
    wish = ServeRequest(model, named, host, where, dialect, gpu_memory, max_pixels, mmproj, tuple(shlex.split(extra)))
    if grounder is None:
        made = {"model": plan(wish, Machine.here(), installed=not dry_run)}
        use = made["model"].use
    else:
        pair = plan_pair(wish, grounder, free_port(host, where + 1), Machine.here(), installed=not dry_run)
        made, use = {"planner": pair.planner, "grounder": pair.grounder}, pair.use
    if dry_run:
        _say(made, use, as_json, {})
        return
    signal.signal(signal.SIGHUP, signal.default_int_handler)  # a closed terminal stops it too
    with ExitStack() as stack:
        running = dict[str, ServerProcess]()
        for role, one in made.items():
            to = log if log and role != "grounder" else log_file(one.engine, one.port)
            running[role] = stack.enter_context(ServerProcess(one, host, one.port, to))
        try:
            _wait(running, timeout)
            with suppress(KeyboardInterrupt):
                _say(made, use, as_json, running)
                while True:
                    for server in running.values():
                        server.wait(1 if len(running) > 1 else None)
            typer.echo("stopping", err=True)
        except UserError:
            ended = min(running.values(), key=lambda server: server.lives)
            typer.echo("\n".join(ended.error_lines()), err=True)
            raise


def _wait(running: Mapping[str, ServerProcess], timeout: float) -> None:
    """Wait until all of them are ready, for `timeout` seconds together."""
    from agent.views.terminal import console

    out, start = console(), time.monotonic()
    for role, server in running.items():
        which = "" if role == "model" else f" for the {role}"
        out.print(f"starting {server.plan.engine}{which}, log in {server.log}", soft_wrap=True, markup=False)
    with out.status("waiting until it is ready") as status:
        for server in running.values():
            server.wait_healthy(timeout, lambda line: status.update(_status(line)), start)


def _status(line: str) -> str:
    from rich.markup import escape

    return f"waiting until it is ready: {escape(line[:100])}" if line else "waiting until it is ready"


def _say(
    made: Mapping[str, ServePlan], use: tuple[str, ...], as_json: bool, running: Mapping[str, ServerProcess]
) -> None:
    usage = ["handeye", "run", *use]
    if as_json:
        told = {role: _told(one, running.get(role)) for role, one in made.items()}
        print_json({**told.get("model", told), "use": usage})
    elif not running:
        typer.echo("\n".join(shlex.join(one.command) for one in made.values()))
    else:
        for role, one in made.items():
            which = "" if role == "model" else f"{role} "
            typer.echo(f"{which}{one.served} ({one.dialect}) is ready at {one.url}")
        typer.echo(f'use it:  {shlex.join(usage)} "Open the File menu and click Save"')
        typer.echo("stop it: Ctrl-C", err=True)


def _told(one: ServePlan, server: ServerProcess | None) -> dict[str, object]:
    """The object of ``--json`` for one of the models."""
    running = {} if server is None else {"pid": server.pid, "log": str(server.log)}
    told = {"engine": one.engine, "url": one.url, "served": one.served, "dialect": one.dialect}
    return {**told, "model": one.address, "command": list(one.command), **running}


def _say_planners(as_json: bool) -> None:
    from agent.serving.engines import Machine
    from agent.serving.memory import GB, SMALL_PLANNERS, free_bytes, with_room

    free = free_bytes(Machine.here().gpu)
    rows = []
    for one in SMALL_PLANNERS:
        needed = with_room(one.gigabytes * GB)
        rows.append({**asdict(one), "needs": round(needed / GB, 1), "fits": None if free is None else needed <= free})
    if as_json:
        print_json({"free": free, "planners": rows})
        return
    width = max(len(one.name) for one in SMALL_PLANNERS)
    typer.echo(f"{'model (4 bits, llama.cpp)':<{width}}  licence     GB    needs  fits  tokens/s read, written")
    for one, row in zip(SMALL_PLANNERS, rows, strict=True):
        speed = "{} and {}".format(*one.speed) if one.speed else "not measured"
        fits = {True: "yes", False: "no", None: "?"}[row["fits"]]
        told = f"{one.licence:<10}  {one.gigabytes:<4}  {row['needs']:<5}  {fits:<4}  {speed}"
        typer.echo(f"{one.name:<{width}}  {told}")
    first = f"{SMALL_PLANNERS[0].name}:Q4_K_M --dialect text-planner"
    typer.echo(f"\nspeeds: two cores, no GPU. serve one:  handeye serve {first}")
