"""A result in the log format of inspect_ai, which its viewer opens (``inspect view``)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from inspect_ai.log import (
    EvalConfig,
    EvalDataset,
    EvalLog,
    EvalMetric,
    EvalResults,
    EvalSample,
    EvalScore,
    EvalSpec,
    write_eval_log,
)
from inspect_ai.model import ChatMessageUser, ModelOutput
from inspect_ai.scorer import Score

from benchmarks.runner.result import SuiteResult
from benchmarks.tracking.figures import facts, numbers

SCORER = "handeye"


def eval_log(result: SuiteResult) -> EvalLog:
    """The whole result: figures as metrics, a sample for each verdict; those without an answer have an error."""
    manifest = result.manifest
    ids = [one["id"] for one in result.verdicts]
    spec = EvalSpec(
        created=result.run["finished"],
        task=manifest["suite"],
        task_args=manifest["protocol"],
        dataset=EvalDataset(name=manifest["suite"], samples=len(ids), sample_ids=ids),
        model=manifest["model"]["name"],
        config=EvalConfig(limit=manifest.get("limit"), epochs=1),
        packages={"handeye": str(manifest.get("handeye", {}).get("version"))},
        metadata=facts(result),
    )
    metrics = {name: EvalMetric(name=name, value=value) for name, value in numbers(result).items()}
    score = EvalScore(name=SCORER, scorer=SCORER, metrics=metrics)
    results = EvalResults(total_samples=len(ids) + len(result.errors), completed_samples=len(ids), scores=[score])
    return EvalLog(eval=spec, results=results, status="success", samples=list(_samples(result)))


def _samples(result: SuiteResult) -> Iterator[EvalSample]:
    model = result.manifest["model"]["name"]
    for one in result.verdicts:
        value = "C" if one["correct"] else "I"
        yield EvalSample(
            id=one["id"],
            epoch=1,
            input=one["instruction"],
            target="",
            messages=[ChatMessageUser(content=one["instruction"])],
            output=ModelOutput.from_content(model, one["raw"]),
            scores={SCORER: Score(value=value, answer=one["raw"][:2000], explanation=_why(one))},
            metadata={"value": one["value"], "groups": one["groups"], **one["scores"]},
        )


def _why(verdict: dict[str, Any]) -> str:
    return ": ".join(filter(None, (verdict["kind"], verdict["why"])))


def write_log(log: EvalLog, folder: Path) -> Path:
    """Write it in `folder`, under a name as inspect_ai gives one."""
    stamp, task = (re.sub(r"[^A-Za-z0-9-]+", "-", text) for text in (log.eval.created, log.eval.task))
    path = folder / "inspect" / f"{stamp}_{task}.eval"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_eval_log(log, str(path))
    return path
