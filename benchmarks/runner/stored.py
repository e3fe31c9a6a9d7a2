"""Rescored answers stored as a result, to be compared and shown on a page."""

from __future__ import annotations

import dataclasses
import datetime
import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from agent.core.errors import UserError
from benchmarks.rescore import RescoreRequest, Scored, paths_of
from benchmarks.runner.manifest import environment, handeye_version
from benchmarks.runner.result import SuiteResult, verdict_line
from benchmarks.runner.store import MANIFEST, RESULT, read_json, write_json
from benchmarks.suites import SUITES


def keep(runs: Sequence[Scored], request: RescoreRequest, out: Path) -> list[Path]:
    """Write ``result.json`` in `out`, or in a folder of it for each of several runs; the folders.

    Raises `UserError` for a folder that has the result of a run, or that cannot be written.
    """
    folders = [out if len(runs) == 1 else out / _slug(run.mode or f"run-{n}") for n, run in enumerate(runs, 1)]
    for run, folder in zip(runs, folders, strict=True):
        _refuse_run(folder)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            write_json(folder / RESULT, stored_result(run, request).to_json())
        except OSError as error:
            raise UserError(f"cannot write to {folder}: {error.strerror}; choose another --out") from error
    return folders


def stored_result(run: Scored, request: RescoreRequest) -> SuiteResult:
    """`run` as a result. Its manifest has ``rescored`` (which files) in place of ``plan``."""
    predictions, data = paths_of(request)
    manifest = {
        "suite": request.suite,
        "kind": SUITES[request.suite].kind,
        "protocol": dict(run.protocol),
        "options": dataclasses.asdict(request.options),
        "limit": None,
        "samples": len(run.judged),
        "model": _model(run, request),
        "server": None,
        "handeye": handeye_version(),
        "environment": environment(),
        "command": ["handeye", *sys.argv[1:]],
        "rescored": {"predictions": str(predictions.absolute()), "data": str(data.absolute()), "mode": run.mode},
    }
    work = {
        "finished": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "retries": {"samples": 0, "tries": 0, "requests": 0},
        "samples": len(run.judged),
    }
    summary = json.loads(run.summary.model_dump_json())
    return SuiteResult(manifest, summary, [verdict_line(one) for one in run.judged], [], work)


def _model(run: Scored, request: RescoreRequest) -> dict[str, Any]:
    """The model of the responses: from the run's manifest, else named by dialect and mode."""
    folder = request.predictions
    if folder is not None and (folder / MANIFEST).is_file():
        return dict(read_json(folder / MANIFEST)["model"])
    name = " ".join(filter(None, (run.dialect or "stored answers", run.mode)))
    return {"name": name, "dialect": run.dialect, "prompt_hash": None, "resize": None}


def _slug(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9.-]+", "-", name).strip("-.") or "run"


def _refuse_run(folder: Path) -> None:
    if (folder / RESULT).exists() and "rescored" not in read_json(folder / RESULT).get("manifest", {}):
        raise UserError(f"{folder} has the result of a run: choose another --out")
