"""Benchmark results on the site of ``handeye view``: their lines in the index, and their pages."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from actions.errors import HandeyeError, plural
from agent.views.formatting import line
from agent.views.site.catalog import ResultSource, RunEntry, broken
from benchmarks.page.formatting import between, count, percent
from benchmarks.page.loading import load
from benchmarks.page.page import GALLERY, render
from benchmarks.runner.result import read_result
from benchmarks.runner.store import ANSWERS, FAILURES, MANIFEST, RESULT, read_json
from benchmarks.suite import Summary


class BenchmarkResults(ResultSource):
    """The runs of ``handeye bench``."""

    def entry(self, key: str, folder: Path) -> RunEntry | None:
        """The line for the run in `folder`, also for one that is not finished or cannot be read."""
        try:
            if not (folder / RESULT).exists():
                return _unfinished(key, folder)
            result = read_result(folder)
            return _entry(
                key, folder, result.manifest, Summary.model_validate(result.summary), result.errors, result.run
            )
        except (HandeyeError, ValidationError, KeyError, TypeError, AttributeError, ValueError, OSError) as error:
            said = error if isinstance(error, HandeyeError | OSError) else HandeyeError(f"no whole result: {error!r}")
            return broken(key, "result", folder, said)

    def page(self, folder: Path, home: str) -> str:
        """The page of the result in `folder`."""
        return render([load(folder, "A")], GALLERY, home)


def _entry(
    key: str, folder: Path, manifest: dict[str, Any], summary: Summary, errors: list[Any], run: dict[str, Any]
) -> RunEntry:
    figure = f"{percent(summary.accuracy)} ({between(summary.ci95)})"
    words = f"{figure}, {count(summary.correct)} of {summary.total:,} right"
    missing = f"{plural(len(errors), 'sample')} without an answer" if errors else ""
    return RunEntry(
        key=key,
        kind="result",
        folder=folder,
        title=f"{manifest['suite']}: {line(str(manifest['model']['name']), 120)}",
        tone="warn" if errors else "plain",
        state="incomplete" if errors else "complete",
        words=words,
        time=datetime.fromisoformat(run["finished"]).timestamp(),
        model=line(str(manifest["model"]["name"]), 120),
        suite=str(manifest["suite"]),
        facts=(plural(summary.total, "sample"),),
        problem=missing,
    )


def _unfinished(key: str, folder: Path) -> RunEntry | None:
    """A run that has answers and no result yet; None where the manifest is none of a benchmark."""
    manifest = read_json(folder / MANIFEST)
    if "suite" not in manifest or "model" not in manifest:
        return None
    files = [folder / name for name in (ANSWERS, FAILURES, MANIFEST)]
    answers = (folder / ANSWERS).read_bytes().count(b"\n") if (folder / ANSWERS).exists() else 0
    return RunEntry(
        key=key,
        kind="result",
        folder=folder,
        title=f"{manifest['suite']}: {line(str(manifest['model']['name']), 120)}",
        tone="warn",
        state="unfinished",
        words=f"No result yet: interrupted, or it is still going on ({plural(answers, 'answer')} kept)",
        time=max(file.stat().st_mtime for file in files if file.exists()),
        model=line(str(manifest["model"]["name"]), 120),
        suite=str(manifest["suite"]),
    )
