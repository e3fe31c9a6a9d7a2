"""``handeye bench android-world``."""

from __future__ import annotations

import functools
import json
from contextlib import redirect_stdout
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from agent.cli.options import AsJson, print_json, takes_model
from agent.models.spec import ModelSpec

_what = functools.partial(typer.Option, rich_help_panel="What is run")
_where = functools.partial(typer.Option, rich_help_panel="Where")


class GestureChoice(StrEnum):
    """How drags are done."""

    json = "json"
    adb = "adb"


@takes_model
def android_world(
    *,
    model: ModelSpec,
    tasks: Annotated[str | None, _what(help="Only these tasks, with commas between.", metavar="A,B")] = None,
    family: Annotated[str, _what(help="AndroidWorld's family of tasks, e.g. android_world, miniwob_subset.")] = (
        "android_world"
    ),
    combinations: Annotated[int, _what(help="Instances of each task (n_task_combinations).", min=1)] = 1,
    seed: Annotated[int, _what(help="AndroidWorld's task_random_seed.", min=0)] = 30,
    gestures: Annotated[
        GestureChoice, _what(help="Drags in AndroidWorld's own words, or exactly as asked by input swipe.")
    ] = GestureChoice.json,
    adb_path: Annotated[str | None, _where(help="Your SDK's adb. Default: adbutils' own.", metavar="FILE")] = None,
    console_port: Annotated[int, _where(help="The emulator's console port.")] = 5554,
    grpc_port: Annotated[int, _where(help="The emulator's gRPC port (emulator -grpc).")] = 8554,
    serial: Annotated[
        str | None,
        _where(help="A device behind adb, no emulator; its figures are not AndroidWorld's.", metavar="SERIAL"),
    ] = None,
    perform_emulator_setup: Annotated[
        bool, _where("--perform-emulator-setup", help="Install AndroidWorld's apps first: once for each emulator.")
    ] = False,
    out: Annotated[
        Path | None,
        _where(help="Folder for result.json, episodes and checkpoints. Default: runs/android-world-<time>. One that "
               "was used before is gone on with.", metavar="DIR"),
    ] = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Run the official AndroidWorld with your model as its agent.

    AndroidWorld's own code sets up each task, counts the steps and checks the state; Handeye looks, asks and acts. It
    needs the package android_world (HANDEYE_ANDROID_WORLD names its checkout) and its emulator; see
    docs/android-world.md.

    [bold]Examples[/]

      handeye bench android-world --model http://127.0.0.1:8000 \\
          --tasks ClockStopWatchRunning,SystemBluetoothTurnOn

      handeye bench android-world --model http://127.0.0.1:8000 --combinations 3 \\
          --out runs/aw
    """
    from agent.models.opening import open_model
    from benchmarks.android_world.agent import AgentOptions
    from benchmarks.android_world.package import android_world as find
    from benchmarks.android_world.suite import AndroidWorldPlan, Emulator, check_tasks, open_env, run_suite, summary

    folder = out or Path("runs") / f"android-world-{datetime.now():%Y-%m-%dT%H-%M-%S}"
    plan = AndroidWorldPlan(family, tasks.split(",") if tasks else None, combinations, seed, folder / "checkpoints")
    emulator = Emulator(adb_path, console_port, grpc_port, perform_emulator_setup, serial)
    opened = open_model(model, platform="mobile", ability="decide")
    with redirect_stdout(_stderr()):  # AndroidWorld prints as it goes
        world = find()
        check_tasks(world, plan)
        env = open_env(world, emulator)
        try:
            options = AgentOptions(folder / "episodes", gestures.value)
            made = {"benchmark": "android-world", **_manifest(world, env, opened, plan, emulator)}
            found = summary(run_suite(world, env, opened, plan, options))
        finally:
            env.close()
    result = made | found | {"gestures": gestures.value, "out": str(folder)}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "result.json").write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    if as_json:
        print_json(result)
    else:
        _tell(result)
    if result["errors"]:
        raise typer.Exit(1)


def _stderr() -> Any:
    import sys

    return sys.stderr


def _manifest(world: Any, env: Any, model: Any, plan: Any, emulator: Any) -> dict[str, Any]:
    """Everything that is needed to run it again."""
    from agent.episodes.format import software_versions
    from benchmarks.android_world.screen import AndroidWorldScreen

    screen = AndroidWorldScreen(world, lambda: env, lambda: None)
    return {
        "official": emulator.serial is None and not screen.simulated,
        "screen": screen.name,
        "model": model.name,
        "dialect": model.dialect,
        "prompt_hash": model.prompt_hash,
        "family": plan.family,
        "only": list(plan.tasks) if plan.tasks else None,
        "combinations": plan.combinations,
        "seed": plan.seed,
        "android_world": str(world.folder),
        "versions": dict(software_versions()),
    }


def _tell(result: dict[str, Any]) -> None:
    for task, success in result["tasks"].items():
        typer.echo(f"{task:<44} {100 * success:5.1f} %")
    if result["success"] is not None:
        low, high = result["ci95"] or (float("nan"), float("nan"))
        typer.echo(
            f"{result['episodes']} episodes: {100 * result['success']:.1f} % ({100 * low:.1f} to {100 * high:.1f})"
        )
    for error in result["errors"]:
        typer.echo(f"{error['task']}: not counted: {error['error']}", err=True)
    if not result["official"]:
        typer.echo("not AndroidWorld's own emulator: no figure of AndroidWorld", err=True)
    typer.echo(f"record: {result['out']}", err=True)
