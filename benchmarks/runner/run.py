"""A whole run: opens the suite and the model, answers the missing samples, judges, writes the result."""

from __future__ import annotations

import datetime
import re
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from agent.core.errors import UserError
from benchmarks.concurrency import PICTURES
from benchmarks.keeping import KeepMode, episode_path
from benchmarks.runner.engines import Engine, Processes, Threads
from benchmarks.runner.manifest import IDENTITY, differences, manifest_of
from benchmarks.runner.model_pool import ModelPool, open_models
from benchmarks.runner.plan import RunPlan
from benchmarks.runner.progress import ProgressDisplay, progress
from benchmarks.runner.result import SuiteResult, judge, make_result
from benchmarks.runner.schedule import Retries, Schedule
from benchmarks.runner.store import RESULT, Store, StoredAnswer, read_json, write_json
from benchmarks.runner.work import Attempt, AttemptResult, Worker
from benchmarks.suite import Sample, Suite

EngineName = Literal["local", "ray"]
RUNS = Path("runs")


@dataclass(frozen=True)
class ExecutionOptions:
    """Execution of a run; none of it changes the figures. `out` None makes a folder below ``runs``.

    `keep` is which episodes of an interactive suite stay in the folder; None: those of failed samples, where the
    workers are on this machine.
    """

    workers: int = 1
    engine: EngineName = "local"
    out: Path | None = None
    resume: bool = False
    retries: Retries = field(default_factory=Retries)
    keep: KeepMode | None = None


@dataclass(frozen=True)
class FinishedRun:
    """The result of `run_plan`. `gave_up` is the reason of a run that ended before every sample was tried."""

    result: SuiteResult
    folder: Path
    gave_up: str = ""

    @property
    def path(self) -> Path:
        """The ``result.json``."""
        return self.folder / RESULT


def run_plan(plan: RunPlan, options: ExecutionOptions) -> FinishedRun:
    """Run `plan` and write its result.

    Raises `actions.errors.HandeyeError` when it cannot begin, and KeyboardInterrupt when it is stopped: the
    answers so far are stored, and the same run with `resume` continues.
    """
    suite = plan.check()
    samples = plan.samples(suite)
    keep = keep_mode(suite, options)
    models = open_models(plan, suite, options.workers)
    manifest = manifest_of(plan, suite, models, samples)
    with Store(_folder(plan, options, manifest)) as store:
        _agree(store, manifest, options)
        kept = store.kept()
        place = None if keep == "none" else store.folder.absolute()
        unasked = [
            Attempt(n, sample, keep=place and place / episode_path(sample.id))
            for n, sample in enumerate(samples)
            if sample.id not in kept
        ]
        session = _run_session(plan, options, suite, models, store, kept, unasked, len(samples))
        run = _run(store, options, samples, session)
        result = make_result(suite, samples, kept, session.errors, manifest, run, _episodes(store.folder, samples))
        write_json(store.folder / RESULT, result.to_json())
    return FinishedRun(result, store.folder, session.gave_up)


def keep_mode(suite: Suite, options: ExecutionOptions) -> KeepMode:
    """Which episodes are kept. Raises `UserError` where none can be and some are asked for."""
    interactive, elsewhere = suite.kind == "interactive", options.engine == "ray"
    if options.keep not in (None, "none") and not interactive:
        raise UserError(f"--keep has no effect on {suite.name}, whose samples are no runs: leave it out")
    if options.keep not in (None, "none") and elsewhere:
        raise UserError("--keep has no effect with --engine ray, whose workers may be on other machines: leave it out")
    return "none" if not interactive or elsewhere else options.keep or "failed"


def _episodes(folder: Path, samples: Sequence[Sample]) -> dict[str, str]:
    """The kept episodes by sample: their folders below that of the run."""
    places = {sample.id: episode_path(sample.id) for sample in samples}
    return {name: path for name, path in places.items() if (folder / path / "episode.json").exists()}


class Stopped(KeyboardInterrupt):
    """The run was interrupted; `folder` has the answers so far, `done` samples of `total`."""

    def __init__(self, folder: Path, done: int, total: int) -> None:
        super().__init__()
        self.folder, self.done, self.total = folder, done, total


@dataclass
class _Session:
    """The state of one session of a run (a `RunListener`)."""

    suite: Suite
    store: Store
    kept: dict[str, StoredAnswer]
    shown: ProgressDisplay
    keep: KeepMode = "none"
    errors: dict[str, str] = field(default_factory=dict)
    gave_up: str = ""
    correct: int = 0
    judged: int = 0
    retried: int = 0
    seconds: float = 0.0
    model_seconds: float = 0.0

    def answered(self, result: AttemptResult) -> None:
        """Store the answer, drop an episode that is not to be kept, and update the progress display."""
        kept = self.store.keep(result)
        self.kept[kept.id] = kept
        self.judged += 1
        correct = judge(self.suite, result.attempt.sample, kept).verdict.correct
        self.correct += correct
        if correct and self.keep == "failed" and result.attempt.keep is not None:
            shutil.rmtree(result.attempt.keep, ignore_errors=True)
        self.model_seconds += kept.model_seconds
        self._tell()

    def failed(self, result: AttemptResult, again: bool) -> None:
        """Store the failure and update the progress display."""
        self.store.failed(result)
        self.errors[result.attempt.sample.id] = result.error
        self.retried += again
        self._tell()

    def _tell(self) -> None:
        stuck = sum(sample not in self.kept for sample in self.errors)
        self.shown.tell(len(self.kept), self.correct, self.judged, self.retried, stuck)


def _run_session(
    plan: RunPlan,
    options: ExecutionOptions,
    suite: Suite,
    models: ModelPool,
    store: Store,
    kept: dict[str, StoredAnswer],
    attempts: list[Attempt],
    total: int,
) -> _Session:
    start = time.monotonic()
    with progress(f"{plan.suite}, {models.identity['name']}", total, total - len(attempts)) as shown:
        session = _Session(suite, store, kept, shown, keep_mode(suite, options))
        if attempts:
            schedule = Schedule(
                attempts, _engine(plan, options, suite, models, len(attempts)), options.retries, session
            )
            try:
                schedule.run()
            except KeyboardInterrupt as stop:
                raise Stopped(store.folder, len(store.kept()), total) from stop
            finally:
                schedule.engine.close()
            session.gave_up = schedule.gave_up
    session.seconds = time.monotonic() - start
    return session


def _engine(plan: RunPlan, options: ExecutionOptions, suite: Suite, models: ModelPool, attempts: int) -> Engine:
    if options.engine == "ray":
        from benchmarks.runner.ray_engine import RayEngine

        return RayEngine(plan, min(options.workers, attempts), models.workers)
    if models.workers == "processes":
        return Processes(plan, min(options.workers, attempts))
    ahead = min(options.workers, PICTURES) if models.server else 0
    return Threads(Worker(suite, models), min(options.workers + ahead, attempts))


def _agree(store: Store, manifest: dict[str, Any], options: ExecutionOptions) -> None:
    """Start in a new folder, or resume one whose manifest agrees. Raises `UserError`."""
    if not store.begun:
        if any((store.folder / name).exists() for name in ("answers.jsonl", RESULT)):
            raise UserError(f"{store.folder} has results but no manifest: choose another --out")
        store.begin(manifest)
        return
    if not options.resume:
        raise UserError(f"{store.folder} has a run already: add --resume to go on with it, or choose another --out")
    unlike = differences(store.manifest(), manifest)
    if unlike:
        more = f" (and {len(unlike) - 3} more)" if len(unlike) > 3 else ""
        raise UserError(f"cannot resume {store.folder}: {'; '.join(unlike[:3])}{more}. Choose another --out")


def _folder(plan: RunPlan, options: ExecutionOptions, manifest: dict[str, Any]) -> Path:
    """``runs/bench-<time>-<suite>-<model>``; with `resume` the newest unfinished one of this run, else its newest."""
    if options.out is not None:
        return options.out
    slug = re.sub(r"[^A-Za-z0-9.]+", "-", f"{plan.suite}-{manifest['model']['name']}").strip("-.")[:80]
    if options.resume and (last := _newest(slug, manifest)) is not None:
        return last
    stamp = datetime.datetime.now().strftime("%Y-%m-%dT%H-%M-%S")
    base = RUNS / f"bench-{stamp}-{slug}"
    names = (base.with_name(base.name + (f"-{n}" if n else "")) for n in range(10_000))
    return next(path for path in names if not path.exists())


def _newest(slug: str, manifest: dict[str, Any]) -> Path | None:
    there = sorted(RUNS.glob(f"bench-*-{slug}*/manifest.json"), reverse=True)
    for path in sorted(there, key=lambda path: (path.parent / RESULT).exists()):
        if not differences(read_json(path), manifest, IDENTITY):
            return path.parent
    return None


def _run(store: Store, options: ExecutionOptions, samples: Sequence[Sample], session: _Session) -> dict[str, Any]:
    """What differs between runs: counts over all sessions, rates over the last one."""
    kept, failures = session.kept.values(), store.failures()
    seconds, share = round(session.seconds, 3), None
    if session.model_seconds and seconds:
        share = round(min(1.0, session.model_seconds / (seconds * options.workers)), 4)
    return {
        "finished": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "workers": options.workers,
        "engine": options.engine,
        "retries": {
            "samples": len({one.get("id") for one in failures}),
            "tries": len(failures),
            "requests": sum(max(0, one.requests - one.asked) for one in kept),
        },
        "tokens": {
            "prompt": sum(one.answer.usage.prompt_tokens for one in kept),
            "completion": sum(one.answer.usage.completion_tokens for one in kept),
            "cached": sum(one.answer.usage.cached_tokens for one in kept),
        },
        "last_sitting": {
            "answered": session.judged,
            "seconds": seconds,
            "samples_per_second": round(session.judged / seconds, 3) if session.judged and seconds else None,
            "model_busy": share,
        },
        "gave_up": session.gave_up or None,
        "samples": len(samples),
    }
