"""AndroidWorld's suite, run by its ``suite_utils`` with Handeye's agent, and the figures of the run."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adbutils import adb_path

from actions.adb.server import AdbServer
from agent.core.errors import UserError
from agent.core.model import Model
from benchmarks.android_world.agent import AgentOptions, handeye_agent
from benchmarks.android_world.device import console_answers, device_env
from benchmarks.android_world.package import AndroidWorld
from benchmarks.figures.statistics import Undefined, cluster_bootstrap, wilson

_MINIWOB_PAUSE = 0.2
"""The ``transition_pause`` of AndroidWorld's ``run.py`` for MiniWoB; for all else it waits until the screen rests."""


@dataclass(frozen=True)
class Emulator:
    """Where AndroidWorld's emulator is; with `serial` any device behind the adb server instead."""

    adb: str | None = None
    console_port: int = 5554
    grpc_port: int = 8554
    setup: bool = False
    serial: str | None = None

    @property
    def adb_path(self) -> str:
        """The adb to use: the one named, else the one of adbutils."""
        return str(Path(self.adb).expanduser()) if self.adb else str(adb_path())


@dataclass(frozen=True)
class AndroidWorldPlan:
    """What is run: the arguments of AndroidWorld's ``run.py`` of the same names."""

    family: str = "android_world"
    tasks: Sequence[str] | None = None
    combinations: int = 1
    seed: int = 30
    checkpoints: Path | None = None


def open_env(world: AndroidWorld, emulator: Emulator) -> Any:
    """AndroidWorld's environment, set up as its ``run.py`` does. Raises `UserError` and `BackendError`."""
    if not Path(emulator.adb_path).is_file():
        raise UserError(f"no adb at {emulator.adb_path}: give --adb-path")
    if emulator.serial is not None:
        return device_env(world, emulator.serial, AdbServer(), emulator.adb_path)
    if not console_answers(emulator.console_port):
        raise UserError(
            f"no emulator at console port {emulator.console_port}: start one with emulator -avd NAME -no-snapshot "
            f"-grpc {emulator.grpc_port} (docs/android-world.md), or name a device with --serial"
        )
    return world["env.env_launcher"].load_and_setup_env(
        console_port=emulator.console_port,
        emulator_setup=emulator.setup,
        adb_path=emulator.adb_path,
        grpc_port=emulator.grpc_port,
    )


def check_tasks(world: AndroidWorld, plan: AndroidWorldPlan) -> Mapping[str, Any]:
    """The registry of the family. Raises `UserError` for a family or a task that AndroidWorld does not have."""
    registry = world["registry"]
    families = registry.get_families()
    if plan.family not in families:
        raise UserError(f"AndroidWorld has no family {plan.family!r}: {', '.join(families)}")
    known: Mapping[str, Any] = registry.TaskRegistry().get_registry(family=plan.family)
    unknown = [name for name in plan.tasks or () if name not in known]
    if unknown:
        raise UserError(f"AndroidWorld's family {plan.family} has no task {', '.join(unknown)}: see its registry.py")
    return known


def run_suite(
    world: AndroidWorld, env: Any, model: Model, plan: AndroidWorldPlan, options: AgentOptions
) -> list[dict[str, Any]]:
    """AndroidWorld's metadata of every episode, as ``suite_utils.run`` returns it."""
    suites, checkpoints = world["suite_utils"], world["checkpointer"]
    suite = suites.create_suite(
        check_tasks(world, plan), plan.combinations, plan.seed, list(plan.tasks) if plan.tasks else None, env=env
    )
    suite.suite_family = plan.family
    pause = _MINIWOB_PAUSE if plan.family.startswith("miniwob") else None
    agent = handeye_agent(env, model, options, transition_pause=pause, world=world)
    keeper = checkpoints.NullCheckpointer()
    if plan.checkpoints is not None:
        keeper = checkpoints.IncrementalCheckpointer(str(plan.checkpoints))
    found: list[dict[str, Any]] = suites.run(suite, agent, checkpointer=keeper, demo_mode=False)
    return found


def summary(episodes: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Figures of `run_suite`: ``success`` is the mean over episodes that ran, ``ci95`` its interval (over tasks and
    instances; Wilson's where there is one task), ``errors`` those whose environment or server failed: in no figure.
    """
    ran: dict[str, list[float]] = {}
    errors = []
    for episode in episodes:
        if episode.get("exception_info") is not None:
            last = str(episode["exception_info"]).strip().splitlines()[-1]
            errors.append({"task": episode["task_template"], "instance": episode["instance_id"], "error": last})
        else:
            ran.setdefault(str(episode["task_template"]), []).append(float(episode["is_successful"]))
    scores = [score for one in ran.values() for score in one]
    return {
        "episodes": len(scores),
        "success": sum(scores) / len(scores) if scores else None,
        "ci95": _interval(ran),
        "tasks": {task: sum(one) / len(one) for task, one in sorted(ran.items())},
        "steps": _mean([float(e["episode_length"]) for e in episodes if e.get("exception_info") is None]),
        "errors": errors,
    }


def _interval(ran: Mapping[str, list[float]]) -> tuple[float, float] | None:
    if len(ran) == 1:
        scores = next(iter(ran.values()))
        return wilson(sum(scores), len(scores))
    found = cluster_bootstrap(ran)
    return None if isinstance(found, Undefined) else found.ci95


def _mean(values: Sequence[float]) -> float | None:
    known = [value for value in values if not math.isnan(value)]
    return sum(known) / len(known) if known else None
