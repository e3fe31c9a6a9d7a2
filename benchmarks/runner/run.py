"""A whole run: opens the suite and the model, asks what has not been answered yet, judges, writes the result."""

from __future__ import annotations

import datetime
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from agent.core.errors import UserError
from benchmarks.runner.engines import Engine, Processes, Threads
from benchmarks.runner.manifest import IDENTITY, differences, manifest_of
from benchmarks.runner.model_pool import ModelPool, open_minds
from benchmarks.runner.plan import RunPlan
from benchmarks.runner.progress import Shown, progress
from benchmarks.runner.result import SuiteResult, judge, make_result
from benchmarks.runner.schedule import Retries, Schedule
from benchmarks.runner.store import RESULT, Store, StoredAnswer, read_json, write_json
from benchmarks.runner.work import Desk, Job, JobResult
from benchmarks.suite import Sample, Suite

EngineName = Literal["local", "ray"]
RUNS = Path("runs")


@dataclass(frozen=True)
class How:
    """How a run is done; nothing here changes its result. `out` None makes a folder below ``runs``."""

    workers: int = 1
    engine: EngineName = "local"
    out: Path | None = None
    resume: bool = False
    retries: Retries = field(default_factory=Retries)


@dataclass(frozen=True)
class FinishedRun:
    """What `run_plan` hands back. `gave_up` says why a run ended before every sample had been tried."""

    result: SuiteResult
    folder: Path
    gave_up: str = ""

    @property
    def path(self) -> Path:
        """The ``result.json``."""
        return self.folder / RESULT


def run_plan(plan: RunPlan, how: How) -> FinishedRun:
    """Run `plan` and write its result.

    Raises `actions.errors.HandeyeError` when it cannot begin, and KeyboardInterrupt when it is stopped: the
    answers so far are stored, and the same run with `resume` continues.
    """
    suite = plan.check()
    samples = plan.samples(suite)
    minds = open_minds(plan, suite, how.workers)
    manifest = manifest_of(plan, suite, minds, samples)
    with Store(_folder(plan, how, manifest)) as store:
        _agree(store, manifest, how)
        kept = store.kept()
        unasked = [Job(n, sample) for n, sample in enumerate(samples) if sample.id not in kept]
        sitting = _sit(plan, how, suite, minds, store, kept, unasked, len(samples))
        run = _run(store, how, samples, sitting)
        result = make_result(suite, samples, kept, sitting.errors, manifest, run)
        write_json(store.folder / RESULT, result.to_json())
    return FinishedRun(result, store.folder, sitting.gave_up)


class Stopped(KeyboardInterrupt):
    """A person stopped the run; `folder` has what was answered, `done` samples of `total`."""

    def __init__(self, folder: Path, done: int, total: int) -> None:
        super().__init__()
        self.folder, self.done, self.total = folder, done, total


@dataclass
class _Sitting:
    """One sitting of a run, told what happens."""

    suite: Suite
    store: Store
    kept: dict[str, StoredAnswer]
    shown: Shown
    errors: dict[str, str] = field(default_factory=dict)
    gave_up: str = ""
    correct: int = 0
    judged: int = 0
    retried: int = 0
    seconds: float = 0.0
    model_seconds: float = 0.0

    def answered(self, outcome: JobResult) -> None:
        """Keep the answer, then show how it stands."""
        kept = self.store.keep(outcome)
        self.kept[kept.id] = kept
        self.judged += 1
        self.correct += judge(self.suite, outcome.job.sample, kept).verdict.correct
        self.model_seconds += kept.model_seconds
        self._tell()

    def failed(self, outcome: JobResult, again: bool) -> None:
        """Note it."""
        self.store.failed(outcome)
        self.errors[outcome.job.sample.id] = outcome.error
        self.retried += again
        self._tell()

    def _tell(self) -> None:
        stuck = sum(sample not in self.kept for sample in self.errors)
        self.shown.tell(len(self.kept), self.correct, self.judged, self.retried, stuck)


def _sit(
    plan: RunPlan,
    how: How,
    suite: Suite,
    minds: ModelPool,
    store: Store,
    kept: dict[str, StoredAnswer],
    jobs: list[Job],
    total: int,
) -> _Sitting:
    start = time.monotonic()
    with progress(f"{plan.suite}, {minds.identity['name']}", total, total - len(jobs)) as shown:
        sitting = _Sitting(suite, store, kept, shown)
        if jobs:
            schedule = Schedule(jobs, _engine(plan, how, suite, minds, len(jobs)), how.retries, sitting)
            try:
                schedule.run()
            except KeyboardInterrupt as stop:
                raise Stopped(store.folder, len(kept), total) from stop
            finally:
                schedule.engine.close()
            sitting.gave_up = schedule.gave_up
    sitting.seconds = time.monotonic() - start
    return sitting


def _engine(plan: RunPlan, how: How, suite: Suite, minds: ModelPool, jobs: int) -> Engine:
    if how.engine == "ray":
        from benchmarks.runner.ray_engine import RayEngine

        return RayEngine(plan, min(how.workers, jobs), minds.lanes)
    if minds.lanes == "processes":
        return Processes(plan, min(how.workers, jobs))
    ahead = how.workers if minds.server else 0
    return Threads(Desk(suite, minds), min(how.workers + ahead, jobs))


def _agree(store: Store, manifest: dict[str, Any], how: How) -> None:
    """Begin in a new folder, or go on in one that was begun with the same things. Raises `UserError`."""
    if not store.begun:
        if any((store.folder / name).exists() for name in ("answers.jsonl", RESULT)):
            raise UserError(f"{store.folder} has results but no manifest: choose another --out")
        store.begin(manifest)
        return
    if not how.resume:
        raise UserError(f"{store.folder} has a run already: add --resume to go on with it, or choose another --out")
    unlike = differences(store.manifest(), manifest)
    if unlike:
        more = f" (and {len(unlike) - 3} more)" if len(unlike) > 3 else ""
        raise UserError(f"cannot resume {store.folder}: {'; '.join(unlike[:3])}{more}. Choose another --out")


def _folder(plan: RunPlan, how: How, manifest: dict[str, Any]) -> Path:
    """``runs/bench-<time>-<suite>-<model>``; with `resume`, the newest such folder of the same run, if there is one."""
    if how.out is not None:
        return how.out
    slug = re.sub(r"[^A-Za-z0-9.]+", "-", f"{plan.suite}-{manifest['model']['name']}").strip("-.")[:80]
    if how.resume and (last := _newest(slug, manifest)) is not None:
        return last
    stamp = datetime.datetime.now().strftime("%Y-%m-%dT%H-%M-%S")
    base = RUNS / f"bench-{stamp}-{slug}"
    names = (base.with_name(base.name + (f"-{n}" if n else "")) for n in range(10_000))
    return next(path for path in names if not path.exists())


def _newest(slug: str, manifest: dict[str, Any]) -> Path | None:
    for path in sorted(RUNS.glob(f"bench-*-{slug}*/manifest.json"), reverse=True):
        if not differences(read_json(path), manifest, IDENTITY):
            return path.parent
    return None


def _run(store: Store, how: How, samples: Sequence[Sample], sitting: _Sitting) -> dict[str, Any]:
    """What is not the same from run to run. Counts are over all sittings, rates over the last one."""
    kept, failures = sitting.kept.values(), store.failures()
    seconds, share = round(sitting.seconds, 3), None
    if sitting.model_seconds and seconds:
        share = round(min(1.0, sitting.model_seconds / (seconds * how.workers)), 4)
    return {
        "finished": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "workers": how.workers,
        "engine": how.engine,
        "retries": {
            "samples": len({one.get("id") for one in failures}),
            "tries": len(failures),
            "requests": sum(max(0, one.requests - one.asked) for one in kept),
        },
        "tokens": {
            "prompt": sum(one.answer.usage.prompt_tokens for one in kept),
            "completion": sum(one.answer.usage.completion_tokens for one in kept),
        },
        "last_sitting": {
            "answered": sitting.judged,
            "seconds": seconds,
            "samples_per_second": round(sitting.judged / seconds, 3) if sitting.judged and seconds else None,
            "model_busy": share,
        },
        "gave_up": sitting.gave_up or None,
        "samples": len(samples),
    }
