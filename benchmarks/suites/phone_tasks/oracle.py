"""The oracle of the phone tasks."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.suites.phone_tasks.script import PhoneScript
from benchmarks.suites.phone_tasks.world import PhoneWorld
from benchmarks.suites.tasks.oracle import Move, ScriptOracle, Until


def phone_oracle() -> ScriptOracle[PhoneWorld]:
    """A model that runs the script of the scene that it is bound to, then waits for the state to be right."""
    return ScriptOracle(_moves)


def _moves(world: PhoneWorld) -> Iterator[Move]:
    yield from world.scene.script(PhoneScript(world.device))
    yield Until(lambda: not world.problem(), "the state to be right", 20.0)
