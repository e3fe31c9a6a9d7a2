"""Comparison of two results: paired statistics, and verdict by verdict."""

from __future__ import annotations

import dataclasses
from typing import Any

from actions.errors import plural
from agent.core.errors import UserError
from benchmarks.figures import statistics
from benchmarks.runner.formatting import headline
from benchmarks.runner.manifest import differences
from benchmarks.runner.result import SuiteResult

COMPARABLE = ("suite", "protocol", "options")


def compare_results(a: SuiteResult, b: SuiteResult, *, force: bool = False) -> dict[str, Any]:
    """B against A as JSON, with a plain `sentence`. Raises `UserError` for results that are not comparable."""
    unlike = differences(a.manifest, b.manifest, COMPARABLE)
    if unlike and not force:
        raise UserError(f"not comparable: {'; '.join(unlike[:3])}. --force compares what they share all the same")
    warnings = [f"warning: {line}" for line in unlike]
    warnings += [f"warning: {n} is incomplete" for n, one in (("A", a), ("B", b)) if not one.complete]
    if not a.scores().keys() & b.scores().keys():
        raise UserError("the two results have no sample in common")
    found = statistics.compare(a.scores(), b.scores(), clusters=_clusters(a, b))
    return {
        "a": _about(a),
        "b": _about(b),
        **{name: _plain(value) for name, value in vars(found).items()},
        "warnings": warnings,
    }


def _about(result: SuiteResult) -> dict[str, Any]:
    model = result.manifest["model"]
    prompts = model.get("prompts", "ours")
    return {"model": model["name"], "prompts": prompts, "digest": result.digest, "headline": headline(result.summary)}


def _clusters(a: SuiteResult, b: SuiteResult) -> dict[str, str] | None:
    """The task of each sample of an interactive suite, whose seeds are not independent of each other."""
    if a.manifest["kind"] != "interactive":
        return None
    return {
        one["id"]: (one["groups"].get("task") or [one["id"].rsplit("/", 1)[0]])[0]
        for result in (a, b)
        for one in result.verdicts
    }


def _plain(value: Any) -> Any:
    if isinstance(value, statistics.Undefined):
        return {"undefined": value.reason}
    return dataclasses.asdict(value) if dataclasses.is_dataclass(value) and not isinstance(value, type) else value


@dataclasses.dataclass(frozen=True)
class Reproduction:
    """A result compared with the one that it repeats. `changed` lists ids with another verdict."""

    reproduced: bool
    changed: tuple[str, ...]
    missing: tuple[str, ...]
    extra: tuple[str, ...]
    sentence: str


def check_reproduction(before: SuiteResult, now: SuiteResult) -> Reproduction:
    """Compare verdict by verdict: whether it is correct, and what kind it is."""
    old = {one["id"]: (one["correct"], one["kind"]) for one in before.verdicts}
    new = {one["id"]: (one["correct"], one["kind"]) for one in now.verdicts}
    changed = tuple(name for name in old if name in new and new[name] != old[name])
    missing = tuple(name for name in old if name not in new)
    extra = tuple(name for name in new if name not in old)
    same = not (changed or missing or extra) and now.complete
    return Reproduction(same, changed, missing, extra, _sentence(before, now, changed, missing, extra))


def _sentence(
    before: SuiteResult, now: SuiteResult, changed: tuple[str, ...], missing: tuple[str, ...], extra: tuple[str, ...]
) -> str:
    total, figure = len(before.verdicts), headline(now.summary)
    if changed or missing or extra:
        parts = [f"{len(changed)} of {total} verdicts differ"] if changed else []
        parts += [f"{plural(len(missing), 'sample')} without an answer now"] if missing else []
        parts += [f"{plural(len(extra), 'sample')} without an answer before"] if extra else []
        return f"Not reproduced: {', '.join(parts)}; {figure}, before {headline(before.summary)}."
    if not now.complete:
        return f"Not reproduced: {plural(len(now.errors), 'sample')} without an answer; {figure}."
    how = "answers and verdicts are the same to the byte" if before.digest == now.digest else "the raw answers differ"
    return f"Reproduced: all {total} verdicts are the same ({how}); {figure}."
