"""The oracles of MiniWoB++; a module has the scripts of one kind of task."""

from collections.abc import Iterator
from importlib import import_module

from actions.action import AnyAction
from benchmarks.suites.miniwob.oracle import SCRIPTS, PageScript, Script
from benchmarks.suites.miniwob.world import MiniwobWorld
from benchmarks.suites.tasks.oracle import ScriptOracle
from envs.miniwob import MiniwobEnv

for _module in ("choosing", "clicking", "dates", "dragging", "reasoning", "sites", "writing"):
    import_module(f"{__name__}.{_module}")  # each registers its scripts

__all__ = ["SCRIPTS", "oracle"]


def oracle(task: str) -> ScriptOracle[MiniwobWorld[MiniwobEnv]] | None:
    """A new oracle of `task`, or None where there is no script."""
    script = SCRIPTS.get(task)
    return None if script is None else ScriptOracle(lambda world: _moves(world, script), f"oracle of {task}")


def _moves(world: MiniwobWorld[MiniwobEnv], script: Script) -> Iterator[AnyAction]:
    return script(PageScript(world.env.page, world.instruction, world.env.zoom))
