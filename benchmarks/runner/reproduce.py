"""A stored result, run again."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

from agent.core.errors import UserError
from benchmarks.runner.compare import check_reproduction
from benchmarks.runner.manifest import IDENTITY, differences, environment, handeye_version
from benchmarks.runner.model_pool import open_models
from benchmarks.runner.plan import RunPlan
from benchmarks.runner.result import SuiteResult
from benchmarks.runner.run import ExecutionOptions, run_plan

SURROUNDINGS = ("handeye", "environment", "server")


def again(
    before: SuiteResult, how: ExecutionOptions, *, data: Path | None, model: str | None, tell: Callable[[str], None]
) -> dict[str, Any]:
    """Run `before` again and compare; the object that ``handeye bench reproduce --json`` prints.

    `data` and `model` say where those are now. `tell` is given each difference of the surroundings. Raises
    `UserError` when the data or the model are not those of the result, before anything is asked.
    """
    plan = _plan(before, data, model)
    _refuse_another(before, plan)
    around = differences(
        before.manifest, {"handeye": handeye_version(), "environment": environment()}, SURROUNDINGS[:2]
    )
    for line in around:
        tell(line)
    done = run_plan(plan, how)
    found = check_reproduction(before, done.result)
    around = differences(before.manifest, done.result.manifest, SURROUNDINGS)
    lists = {name: list(getattr(found, name)) for name in ("changed", "missing", "extra")}
    return {
        "reproduced": found.reproduced,
        "sentence": found.sentence,
        "accuracy": done.result.summary["accuracy"],
        "accuracy_before": before.summary["accuracy"],
        **lists,
        "same_bytes": before.digest == done.result.digest,
        "surroundings": around,
        "result": str(done.path),
    }


def _plan(before: SuiteResult, data: Path | None, model: str | None) -> RunPlan:
    if "plan" not in before.manifest:
        raise UserError("the result does not say how it was made: it has no plan in its manifest")
    plan = RunPlan.from_json(before.manifest["plan"])
    if data is not None:
        plan = dataclasses.replace(plan, data=data.absolute())
    if model is None:
        return plan
    return dataclasses.replace(plan, model=dataclasses.replace(plan.model, name=model))


def _refuse_another(before: SuiteResult, plan: RunPlan) -> None:
    """The suite, its data and the model must be the same. Raises `UserError`."""
    suite = plan.check()
    models = open_models(plan, suite)
    try:
        now = {
            "suite": suite.name,
            "protocol": dict(suite.protocol),
            "options": plan.to_json()["options"],
            "limit": plan.limit,
            "samples": len(plan.samples(suite)),
            "model": models.identity,
            "plugins": plan.plugins(),
        }
    finally:
        models.close()
    unlike = differences(before.manifest, now, IDENTITY)
    if unlike:
        raise UserError(f"this is not the same run: {'; '.join(unlike[:4])}. Give the same data and model")
