"""A result as what the trackers take: named numbers, and short texts."""

from __future__ import annotations

import json
from typing import Any

from benchmarks.runner.result import SuiteResult


def numbers(result: SuiteResult) -> dict[str, float]:
    """Every figure of the summary by a path, e.g. ``by platform/mobile``; undefined ones are left out."""
    summary = result.summary
    named = {name: summary.get(name) for name in ("accuracy", "micro", "macro", "correct", "total")}
    for name, ends in (("ci95", summary.get("ci95")), ("macro_ci95", summary.get("macro_ci95"))):
        named |= {f"{name}_low": ends[0], f"{name}_high": ends[1]} if ends else {}
    named |= {f"answers/{kind}": count for kind, count in summary["kinds"].items()}
    for over, table in summary["tables"].items():
        named |= {f"by {over}/{cell}": figure["accuracy"] for cell, figure in table.items()}
    named |= {f"average/{name}": figure["accuracy"] for name, figure in summary["averages"].items()}
    named["without_answer"] = len(result.errors)
    return {name: float(value) for name, value in named.items() if value is not None}


def facts(result: SuiteResult) -> dict[str, Any]:
    """What was run, as short values by name: suite, model, digest, and the parts of the protocol."""
    manifest = result.manifest
    found: dict[str, Any] = {"suite": manifest["suite"], "digest": result.digest, "complete": result.complete}
    found |= {f"model.{name}": value for name, value in manifest["model"].items()}
    found |= {f"protocol.{name}": value for name, value in manifest["protocol"].items()}
    found["handeye"] = manifest.get("handeye", {}).get("version")
    return {name: _short(value) for name, value in found.items() if value is not None}


def _short(value: Any) -> Any:
    return value if isinstance(value, str | int | float) else json.dumps(value, ensure_ascii=False)


def title(result: SuiteResult) -> str:
    """``screenspot-v2, Qwen2.5-VL-3B``."""
    return f"{result.manifest['suite']}, {result.manifest['model']['name']}"
