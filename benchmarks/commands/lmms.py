"""``handeye bench lmms``: the other rows of a model's card, run by lmms-eval and kept as results of ours."""

from __future__ import annotations

import datetime
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.cli.options import AsJson, print_json
from agent.core.errors import UserError
from benchmarks.commands.run import LogTo, check_log_to, log

if TYPE_CHECKING:
    from agent.models.endpoints.openai import OpenAIEndpoint
    from benchmarks.lmms.results import LmmsTask
    from benchmarks.lmms.running import LmmsEnvironment, LmmsRun
    from benchmarks.runner.result import SuiteResult


def lmms(
    tasks: Annotated[
        list[str] | None,
        typer.Argument(
            help="Tasks of lmms-eval; without one, those of the model card are listed.", metavar="[TASK...]"
        ),
    ] = None,
    model: Annotated[
        str | None, typer.Option("--model", "-m", help="The address of a served model.", metavar="URL")
    ] = None,
    served_model: Annotated[
        str | None, typer.Option(help="The model's name on the server; asked for if absent.", metavar="NAME")
    ] = None,
    serve: Annotated[
        str | None, typer.Option(help="Serve this model for the run, as handeye serve does.", metavar="MODEL")
    ] = None,
    python: Annotated[
        str | None,
        typer.Option("--lmms", help="The Python that has lmms-eval. Default: HANDEYE_LMMS.", metavar="PYTHON"),
    ] = None,
    limit: Annotated[
        int | None, typer.Option(help="Only the first N samples of each task.", min=1, metavar="N")
    ] = None,
    workers: Annotated[int, typer.Option(help="Questions at a time.", min=1, max=1024)] = 8,
    frames: Annotated[int, typer.Option(help="Frames of a video that are sent.", min=1, max=768)] = 32,
    log_to: LogTo = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the results. Default: runs/lmms-<time>.", metavar="DIR")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Run tasks of lmms-eval against a served model; a result and a page for each, beside the model card's figures.

    lmms-eval asks, scores and aggregates; it runs in its own environment, which it needs (pip install lmms-eval there,
    then --lmms ITS/bin/python or HANDEYE_LMMS). Its figures get intervals where they are means of their samples.
    Requests that fail are in no figure and make the result incomplete, with exit status 1.

    [bold]Examples[/]

      handeye bench lmms

      handeye bench lmms mmmu_val docvqa_val --model http://127.0.0.1:8000 \\
          --lmms ~/lmms/bin/python

      handeye bench lmms videomme --serve Qwen/Qwen2.5-VL-3B-Instruct \\
          --frames 64 --limit 200
    """
    from benchmarks.lmms.running import LmmsRun, find_environment

    names = tuple(dict.fromkeys(name for one in tasks or () for name in one.split(",") if name))
    if not names:
        _list(as_json)
        return
    if (model is None) == (serve is None):
        raise UserError("name the served model with --model URL, or let one be served with --serve MODEL")
    check_log_to(log_to)
    folder = _folder(out)
    where = find_environment(python)
    with _server(serve) as address, _endpoint(model or address, served_model) as endpoint:
        import httpx

        from agent.models.endpoints.openai import api_key

        run = LmmsRun(
            names, endpoint.url, endpoint.model, api_key(httpx.URL(endpoint.url).host), workers, frames, limit
        )
        results = _run(run, where, folder, endpoint)
    status = _tell(results, folder, as_json)
    logged = [log(log_to, one, folder / one.manifest["protocol"]["task"]) for one in results]
    raise typer.Exit(max(status, *logged))


def _list(as_json: bool) -> None:
    from benchmarks.lmms.tasks import CARD

    card = _card()
    if as_json:
        print_json({"tasks": [{"task": t, "benchmark": r.benchmark, "samples": r.samples, "card": card.get(r.benchmark)}
                              for t, r in CARD.items()]})  # fmt: skip
        return
    typer.echo(f"{'task':<26}  {'row of the card':<24}  samples  Qwen2.5-VL-3B")
    for task, row in CARD.items():
        told = f"{card[row.benchmark]:g} %" if row.benchmark in card else ""
        typer.echo(f"{task:<26}  {row.benchmark:<24}  {row.samples:>7,}  {told}")
    typer.echo("\nor any other task of lmms-eval (python -m lmms_eval tasks)")


def _card() -> dict[str, float]:
    """The figures of the card, by row."""
    from benchmarks.figures.published import references

    return {ref.protocol["benchmark"]: ref.value for ref in references() if ref.suite == "lmms" and ref.protocol}


def _folder(out: Path | None) -> Path:
    """The folder for the results, made and empty of others. Raises `UserError`."""
    folder = out or Path("runs") / f"lmms-{time.strftime('%Y%m%d-%H%M%S')}"
    if (folder / "lmms-eval").exists():
        raise UserError(f"{folder} has the results of another run: choose another --out")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"cannot write to {folder}: {error.strerror}; choose another --out") from error
    return folder


@contextmanager
def _server(name: str | None) -> Iterator[str]:
    """The address of a server for the model called `name`, as long as it is needed; "" where none is."""
    if name is None:
        yield ""
        return
    from agent.serving.engines import Machine, ServeRequest, plan
    from agent.serving.process import ServerProcess, free_port, log_file

    made = plan(ServeRequest(name, port=free_port("127.0.0.1")), Machine.here())
    with ServerProcess(made, "127.0.0.1", made.port, log_file(made.engine, made.port)) as server:
        typer.echo(f"starting {made.engine}, log in {server.log}", err=True)
        server.wait_healthy(1800, lambda _: None, time.monotonic())
        yield made.address


@contextmanager
def _endpoint(address: str, served: str | None) -> Iterator[OpenAIEndpoint]:
    """The endpoint at `address`. Raises `UserError` for a model that is not served over OpenAI's protocol."""
    from agent.models.chat import ChatModel
    from agent.models.endpoints.openai import OpenAIEndpoint
    from agent.models.opening import open_model
    from agent.models.spec import ModelSpec

    model = open_model(ModelSpec(address, served))
    if not isinstance(model, ChatModel) or not isinstance(model.endpoint, OpenAIEndpoint):
        raise UserError(f"lmms-eval asks a server: {address} is none. Name its address, or --serve {address}")
    try:
        yield model.endpoint
    finally:
        model.close()


def _run(run: LmmsRun, where: LmmsEnvironment, folder: Path, endpoint: OpenAIEndpoint) -> list[SuiteResult]:
    """The results, written with their pages."""
    from agent.views.terminal import console
    from benchmarks.lmms.results import read_tasks, result_of
    from benchmarks.lmms.running import LOG, run_lmms
    from benchmarks.page import write_page
    from benchmarks.runner.store import RESULT, write_json

    begun = time.monotonic()
    out = console()
    out.print(f"running lmms-eval {where.version}, log in {folder / LOG}", soft_wrap=True, markup=False)
    with out.status("starting") as status:
        theirs = run_lmms(run, where, folder, lambda line: status.update(_status(line)))
    tasks, record = read_tasks(theirs)
    if not tasks:
        raise UserError(f"lmms-eval kept no samples: see {folder / LOG}")
    manifest = _manifest(run, where, endpoint, record)
    results = []
    for task in tasks:
        result = result_of(task, manifest, record, _work(task, run, time.monotonic() - begun))
        place = folder / task.name
        place.mkdir(exist_ok=True)
        write_json(place / RESULT, result.to_json())
        write_page([place])
        results.append(result)
    return results


def _status(line: str) -> str:
    from rich.markup import escape

    return escape(line[:100])


def _manifest(run: LmmsRun, where: LmmsEnvironment, endpoint: OpenAIEndpoint, record: dict[str, Any]) -> dict[str, Any]:
    import dataclasses
    import sys

    from benchmarks.runner.manifest import environment, handeye_version, server_version
    from benchmarks.suite import SuiteOptions

    server = {"address": endpoint.url, "kind": endpoint.server.kind}
    return {
        "kind": "lmms",
        "options": dataclasses.asdict(SuiteOptions()),
        "limit": run.limit,
        "model": {"name": endpoint.model, "dialect": None, "prompt_hash": None, "resize": None},
        "server": server | {"version": server_version(server)},
        "handeye": handeye_version(),
        "environment": environment(),
        "lmms_eval": {"version": where.version, "simple": where.simple, "config": record.get("config")},
        "command": ["handeye", *sys.argv[1:]],
    }


def _work(task: LmmsTask, run: LmmsRun, seconds: float) -> dict[str, Any]:
    return {
        "finished": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "workers": run.workers,
        "engine": "lmms-eval",
        "retries": {"samples": 0, "tries": 0, "requests": 0},
        "samples": len(task.samples),
        "seconds": round(seconds, 1),
    }


def _tell(results: Sequence[SuiteResult], folder: Path, as_json: bool) -> int:
    """Print the figures; the exit status."""
    if as_json:
        print_json({"results": [_object(one, folder) for one in results], "complete": all(r.complete for r in results)})
    else:
        for line in _table(results):
            typer.echo(line)
    for one in results:
        if one.errors:
            first = one.errors[0]["error"]
            typer.echo(f"handeye: {one.manifest['suite']}: {len(one.errors)} of {one.run['samples']} samples have no "
                       f"answer and are in no figure - {first}", err=True)  # fmt: skip
        typer.echo(f"page {folder / one.manifest['protocol']['task'] / 'report.html'}", err=True)
    return 0 if all(one.complete for one in results) else 1


def _object(result: SuiteResult, folder: Path) -> dict[str, Any]:
    protocol = result.manifest["protocol"]
    told = {"task": protocol["task"], "benchmark": protocol["benchmark"], "card": _card().get(protocol["benchmark"])}
    return result.headline() | told | {"result": str(folder / protocol["task"] / "result.json")}


def _table(results: Sequence[SuiteResult]) -> Iterator[str]:
    from benchmarks.runner.formatting import percent

    card = _card()
    yield f"{'task':<26}  {'figure':>9}  {'95 % interval':<16}  samples  card of Qwen2.5-VL-3B"
    for one in results:
        summary, protocol = one.summary, one.manifest["protocol"]
        low = summary["ci95"]
        interval = f"{100 * low[0]:.1f} to {100 * low[1]:.1f}" if low else "none"
        theirs = f"{card[protocol['benchmark']]:g} % ({protocol['benchmark']})" if protocol["benchmark"] in card else ""
        part = "" if protocol["complete"] or not theirs else ", which is over the whole set"
        yield (f"{protocol['task']:<26}  {percent(summary['accuracy']):>9}  {interval:<16}  {summary['total']:>7}  "
               f"{theirs}{part}").rstrip()  # fmt: skip
    for note in dict.fromkeys(note for one in results for note in one.summary["notes"]):
        yield f"  note  {note}"
