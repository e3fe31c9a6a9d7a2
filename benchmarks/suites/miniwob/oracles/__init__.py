"""The oracles of MiniWoB++, by what their tasks ask for."""

from importlib import import_module

from benchmarks.suites.miniwob.oracle import SCRIPTS, MiniwobOracle

for _room in ("choosing", "clicking", "dates", "dragging", "reasoning", "sites", "writing"):
    import_module(f"{__name__}.{_room}")  # each registers its scripts

__all__ = ["SCRIPTS", "oracle"]


def oracle(task: str) -> MiniwobOracle | None:
    """A new oracle for one episode of `task`, or None where there is no script."""
    script = SCRIPTS.get(task)
    return None if script is None else MiniwobOracle(task, script)
