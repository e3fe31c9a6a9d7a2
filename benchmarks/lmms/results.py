"""Results of lmms-eval's files: one for each task, with its own figure, our interval and a verdict for each sample."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.core.errors import UserError
from benchmarks.figures.statistics import Undefined, mean_bootstrap
from benchmarks.figures.summary import summarise, wilson_of
from benchmarks.lmms.tasks import CARD
from benchmarks.runner.result import SuiteResult, verdict_line
from benchmarks.suite import Judged, Prediction, Sample, SampleVerdict, Summary

VERSION = 1
FAILED = "[LMMS_EVAL_REQUEST_FAILED"
"""Stands for an answer where the server gave none (lmms-eval, ``models/chat/openai.py``), which counts it as wrong."""
_SAME = 6e-4
"""How far its figure may be from the mean of its samples: it rounds."""
_PAIRS = (("pred_answer", "answer"), ("pred_answer", "gt_answer"), ("parsed_pred", "answer"), ("pred", "ground_truth"),
          ("pred", "answer"), ("pred", "gt"))  # fmt: skip
_LABELS = ("subdomain", "subject", "task_type", "category", "sub_category", "domain", "duration", "question_type")


@dataclass(frozen=True)
class LmmsSample:
    """One sample of a task: `score` 0 to 1, None where the metric tells nothing of one sample; `failed`: no answer."""

    id: str
    question: str
    right: str
    answer: str
    score: float | None
    groups: Mapping[str, tuple[str, ...]]
    failed: str = ""


@dataclass(frozen=True)
class LmmsTask:
    """A task, or a group of them: its metric, the figure that lmms-eval gives (as it gives it), and its samples."""

    name: str
    metric: str
    value: float | None
    samples: tuple[LmmsSample, ...]


def read_tasks(folder: Path) -> tuple[list[LmmsTask], dict[str, Any]]:
    """The tasks of the newest run in `folder`, groups after their parts, and its own record. Raises `UserError`."""
    try:
        file = max(folder.rglob("*_results.json"))
        told = json.loads(file.read_text(encoding="utf-8"))
        stamp = file.name.removesuffix("_results.json")
        tasks = {}
        for name, config in told["configs"].items():
            lines = file.with_name(f"{stamp}_samples_{name}.jsonl")
            if lines.is_file():
                tasks[name] = _task(name, config, told["results"].get(name, {}), lines)
        groups = [_group(name, [tasks[part] for part in parts if part in tasks])
                  for name, parts in told.get("group_subtasks", {}).items() if parts]  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"the files of lmms-eval in {folder} cannot be read: {error}") from error
    record = {
        key: told.get(key) for key in ("versions", "n-shot", "task_hashes", "config", "total_evaluation_time_seconds")
    }
    return [*tasks.values(), *(group for group in groups if group.samples)], record


def _task(name: str, config: Mapping[str, Any], results: Mapping[str, Any], lines: Path) -> LmmsTask:
    metrics = [one["metric"] for one in config.get("metric_list", ()) if one["metric"] != "submission"]
    metric = metrics[0] if metrics else ""
    value = next((v for key, v in results.items() if key.partition(",")[0] == metric and _number(v)), None)
    with lines.open(encoding="utf-8") as file:
        samples = tuple(_sample(name, metric, json.loads(line)) for line in file if line.strip())
    return LmmsTask(name, metric, None if value is None else float(value), samples)


def _group(name: str, parts: Sequence[LmmsTask]) -> LmmsTask:
    """All samples of `parts`, each labelled with its part; its figure is the mean of theirs."""
    samples = tuple(
        LmmsSample(s.id, s.question, s.right, s.answer, s.score, {"task": (part.name,), **s.groups}, s.failed)
        for part in parts
        for s in part.samples
    )
    values = [part.value for part in parts if part.value is not None]
    value = sum(values) / len(values) if values and len(values) == len(parts) else None
    return LmmsTask(name, parts[0].metric if parts else "", value, samples)


def _number(value: Any) -> bool:
    return isinstance(value, int | float)


def _sample(task: str, metric: str, line: Mapping[str, Any]) -> LmmsSample:
    said = line.get("filtered_resps", line.get("resps", ""))
    while isinstance(said, list) and said:
        said = said[0]
    answer, scored = str(said), line.get(metric)
    labels = scored if isinstance(scored, dict) else {}
    groups = {key: (str(labels[key]),) for key in _LABELS if isinstance(labels.get(key), str)}
    failed = answer if answer.startswith(FAILED) else ""
    score = None if failed else score_of(scored)
    right = line.get("target", "")
    return LmmsSample(f"{task}/{line['doc_id']}", str(line.get("input", "")), str(right), answer, score, groups, failed)


def score_of(scored: Any) -> float | None:
    """What a sample counts for, 0 to 1, by the forms in which the tasks of lmms-eval keep it; None for others."""
    if _number(scored):
        return float(scored) if 0 <= scored <= 1 else None
    if not isinstance(scored, dict):
        return None
    for key in ("score", "correct", "true_false", "acc"):
        if _number(scored.get(key)) and 0 <= scored[key] <= 1:
            return float(scored[key])
    if isinstance(scored.get("scores"), list) and scored["scores"] and _number(scored["scores"][0]):
        return float(scored["scores"][0])
    for said, right in _PAIRS:
        if said in scored and right in scored:
            return _equal(scored[said], scored[right], scored.get("question_type"))
    return None


def _equal(said: Any, right: Any, kind: Any) -> float | None:
    if isinstance(said, list):
        said = said[0] if len(said) == 1 and kind in (None, "multiple-choice") else None
    return None if said is None or isinstance(right, list) else float(str(said) == str(right))


# --- a task as a result ---------------------------------------------------------------------------------------------


def result_of(
    task: LmmsTask, manifest: Mapping[str, Any], record: Mapping[str, Any], run: Mapping[str, Any]
) -> SuiteResult:
    """`task` as a result. A request that failed is no answer: in no figure, where lmms-eval counts it as wrong."""
    judged = [_judged(one, task.metric) for one in task.samples if not one.failed]
    errors = [{"id": one.id, "error": one.failed} for one in task.samples if one.failed]
    summary = json.loads(summary_of(task, judged, bool(errors)).model_dump_json())
    whole = {
        **manifest,
        "suite": f"lmms {task.name}",
        "protocol": protocol_of(task, record),
        "samples": len(task.samples),
    }
    return SuiteResult(whole, summary, [verdict_line(one) for one in judged], errors, dict(run))


def protocol_of(task: LmmsTask, record: Mapping[str, Any]) -> dict[str, Any]:
    """All that must be equal for two figures to be comparable; `complete` is None where the size is not known."""
    row = CARD.get(task.name)
    config = record.get("config") or {}
    return {
        "suite": "lmms",
        "version": VERSION,
        "benchmark": row.benchmark if row else task.name,
        "task": task.name,
        "metric": task.metric,
        "complete": len(task.samples) == row.samples if row else True,
        "task_version": (record.get("versions") or {}).get(task.name),
        "task_hash": (record.get("task_hashes") or {}).get(task.name),
        "shots": (record.get("n-shot") or {}).get(task.name),
        "backend": config.get("model_backend"),
        "frames": _argument(config.get("model_args"), "max_frames_num"),
        "seeds": [config.get(name) for name in ("random_seed", "numpy_seed", "torch_seed", "fewshot_seed")],
    }


def _argument(told: Any, name: str) -> str | None:
    found = [part.partition("=")[2] for part in str(told).split(",") if part.startswith(f"{name}=")]
    return found[0] if found else None


def _judged(one: LmmsSample, metric: str) -> Judged:
    kind = "not judged alone" if one.score is None else {1.0: "correct", 0.0: "wrong"}.get(one.score, "partly right")
    scores = {} if one.score is None else {metric: one.score}
    verdict = SampleVerdict(correct=one.score == 1, kind=kind, scores=scores, why=f"right: {one.right}"[:300])
    sample = Sample(one.id, one.question[:2000], one.groups)
    return Judged(sample, Prediction(status="answered", raw=one.answer), verdict)


def summary_of(task: LmmsTask, judged: Sequence[Judged], failures: bool) -> Summary:
    """The figure of lmms-eval, with our interval where it is the mean of its samples; `notes` says where not."""
    notes = [f"scored by lmms-eval: {task.metric}"] if task.metric else []
    if not judged or any(not one.verdict.scores for one in judged):
        return _alone(task, judged, [*notes, *_why_alone(task, failures)], failures)
    binary = all(one.verdict.scores[task.metric] in (0.0, 1.0) for one in judged)
    made = summarise(
        judged,
        macro_over="task" if "task" in judged[0].sample.groups else "",
        score=lambda one: one.verdict.scores[task.metric],
        interval=wilson_of if binary else lambda some: _bootstrap(some, task.metric),
        interval_name="Wilson" if binary else "bootstrap over samples",
        notes=[*notes, *_failure_notes(failures)],
    )
    value = _share(task.value, made.micro)
    if failures or value is None or abs(value - (made.micro or 0.0)) < _SAME:
        return made
    told = f"lmms-eval's figure is no mean of its samples ({100 * (made.micro or 0):.1f} %): no interval"
    return made.model_copy(update={"accuracy": value, "ci95": None, "macro": value, "macro_over": "lmms-eval's own",
                                   "headline": "macro", "notes": (*made.notes, told)})  # fmt: skip


def _alone(task: LmmsTask, judged: Sequence[Judged], notes: Sequence[str], failures: bool) -> Summary:
    value = None if failures else _share(task.value, None)
    total = len(judged)
    return Summary(
        correct=round((value or 0.0) * total, 6),
        total=total,
        accuracy=value,
        ci95=None,
        micro=value,
        macro=None,
        kinds={"not judged alone": total} if total else {},
        notes=tuple(notes),
    )


def _why_alone(task: LmmsTask, failures: bool) -> Iterator[str]:
    yield "no interval: what each sample counts for cannot be read"
    if not task.metric or task.value is None:
        yield "no figure: lmms-eval gives none (its answers are for a server to judge)"
    yield from _failure_notes(failures)


def _failure_notes(failures: bool) -> Iterator[str]:
    if failures:
        yield "lmms-eval counts requests that failed as wrong; here they are in no figure"


def _share(value: float | None, mean: float | None) -> float | None:
    """`value` as a part of 1: tasks give parts or percent, told by the mean of the samples, else by its size."""
    if value is None:
        return None
    if mean is not None and min(abs(value - mean), abs(value / 100 - mean)) < _SAME:
        return value if abs(value - mean) <= abs(value / 100 - mean) else value / 100
    return value / 100 if value > 1 else value


def _bootstrap(judged: Sequence[Judged], metric: str) -> tuple[float, float] | None:
    found = mean_bootstrap([one.verdict.scores[metric] for one in judged])
    return None if isinstance(found, Undefined) else found.ci95
