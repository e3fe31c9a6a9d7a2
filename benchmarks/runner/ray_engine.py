"""The Ray engine: one `Worker` in each actor, on all machines of the cluster.

``RAY_ADDRESS`` names a cluster; without it one is started on this machine for as long as the run takes. Every machine
needs Handeye of the same version and the data under the same path. Ray's usage reports are off.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from typing import Any

from actions.extras import install_command
from agent.core.errors import UserError
from benchmarks.runner.model_pool import WorkerKind
from benchmarks.runner.plan import RunPlan
from benchmarks.runner.work import Attempt, AttemptResult, Worker


class RayEngine:
    """`slots` actors; one that dies, or whose machine does, is replaced and its sample retried."""

    def __init__(self, plan: RunPlan, slots: int, workers: WorkerKind) -> None:
        self.slots, self._plan = slots, plan
        self._ray = _connected(slots)
        share = min(1.0, self._ray.cluster_resources().get("CPU", 1.0) / slots) if workers == "processes" else 0
        self._actor = self._ray.remote(num_cpus=share, scheduling_strategy="SPREAD")(_WorkerActor)
        self._idle: list[Any] = []
        self._busy: dict[Any, tuple[Any, Attempt]] = {}

    def begin(self, attempt: Attempt) -> None:
        """Send the attempt to an idle actor, or to a new one."""
        actor = self._idle.pop() if self._idle else self._actor.remote(self._plan)
        self._busy[actor.do.remote(attempt)] = actor, attempt

    def finished(self, timeout: float) -> Sequence[AttemptResult]:
        """Results; the attempts of dead actors are failures."""
        if not self._busy:
            return []
        ready, _ = self._ray.wait(list(self._busy), num_returns=1, timeout=timeout)
        return [self._result_of(reference) for reference in ready]

    def _result_of(self, reference: Any) -> AttemptResult:
        actor, attempt = self._busy.pop(reference)
        try:
            result: AttemptResult = self._ray.get(reference)
        except self._ray.exceptions.RayActorError as error:
            cause = error.__cause__ or error
            return AttemptResult(attempt, error=f"the Ray worker ended: {_line(cause)}", transient=True)
        except self._ray.exceptions.RayError as error:
            self._ray.kill(actor)
            return AttemptResult(attempt, error=f"Ray: {_line(error)}", transient=True)
        self._idle.append(actor)
        return result

    def close(self) -> None:
        """Kill the actors and leave the cluster; end it if it was started here."""
        for actor in (*self._idle, *(actor for actor, _ in self._busy.values())):
            self._ray.kill(actor)
        self._ray.shutdown()


class _WorkerActor:
    """A Ray actor around a `Worker`."""

    def __init__(self, plan: RunPlan) -> None:
        self._worker = Worker.open(plan)

    def do(self, attempt: Attempt) -> AttemptResult:
        return self._worker.do(attempt)


def _connected(slots: int) -> Any:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    try:
        import ray
        import ray.exceptions
    except ImportError as error:
        raise UserError(f"--engine ray needs Ray: {install_command('bench')}, or leave the option out") from error
    shared: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR, "configure_logging": True}
    try:
        if os.environ.get("RAY_ADDRESS"):
            ray.init(**shared)
        else:
            here: dict[str, Any] = {"include_dashboard": False, "_node_ip_address": "127.0.0.1"}
            ray.init(address="local", num_cpus=max(slots, os.cpu_count() or 1), **here, **shared)
    except (ConnectionError, OSError, RuntimeError, ValueError) as error:
        where = os.environ.get("RAY_ADDRESS") or "this machine"
        raise UserError(f"no Ray on {where}: {_line(error)}. Check RAY_ADDRESS") from error
    return ray


def _line(error: object) -> str:
    return " ".join(str(error).split())[:300]
