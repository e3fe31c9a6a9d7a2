"""``result.json``: the manifest, the figures, a verdict for each sample, and how the run went.

`summary` and `verdicts` (and `digest` over both) depend on the answers alone: they are byte-identical for any number
of workers, engine and interruptions. Times, retries and the machine are in `run` and `manifest`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agent.core.errors import UserError
from benchmarks.keeping import episode_path
from benchmarks.runner.store import StoredAnswer, read_json
from benchmarks.suite import Judged, Sample, Suite, Summary

FORMAT, VERSION = "handeye-bench-result", 1


@dataclass(frozen=True)
class SuiteResult:
    """A stored result. `errors` lists samples without an answer: they are in no figure.

    `episodes` has the folder of each kept episode, relative to that of the result, by the sample's id.
    """

    manifest: dict[str, Any]
    summary: dict[str, Any]
    verdicts: list[dict[str, Any]]
    errors: list[dict[str, Any]]
    run: dict[str, Any]
    episodes: Mapping[str, str] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        """Whether every sample has an answer."""
        return not self.errors

    @property
    def digest(self) -> str:
        """sha256 over `summary` and `verdicts`, the first 16 hex digits."""
        same = json.dumps([self.summary, self.verdicts], sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(same.encode(errors="surrogatepass")).hexdigest()[:16]

    def scores(self) -> dict[str, float]:
        """The score of each sample, by id."""
        return {one["id"]: float(one["correct"]) for one in self.verdicts}

    def to_json(self) -> dict[str, Any]:
        """The object in ``result.json``."""
        return {
            "format": FORMAT,
            "version": VERSION,
            "complete": self.complete,
            "digest": self.digest,
            "manifest": self.manifest,
            "summary": self.summary,
            "errors": self.errors,
            "run": self.run,
            **({"episodes": dict(self.episodes)} if self.episodes else {}),
            "verdicts": self.verdicts,
        }

    def headline(self) -> dict[str, Any]:
        """The object that ``handeye bench SUITE --json`` prints, without the verdicts."""
        options, protocol = self.manifest["options"], self.manifest["protocol"]
        asked = {name: protocol.get(name) or options[name] for name in ("mode", "rule", "language", "zoom")}
        correct = self.summary["correct"]
        return {
            "suite": self.manifest["suite"],
            **asked,
            "model": self.manifest["model"]["name"],
            **self.summary,
            "correct": int(correct) if correct == int(correct) else correct,
            "complete": self.complete,
            "digest": self.digest,
            "errors": self.errors,
            "run": self.run,
        }


def make_result(
    suite: Suite,
    samples: Sequence[Sample],
    kept: Mapping[str, StoredAnswer],
    errors: Mapping[str, str],
    manifest: dict[str, Any],
    run: dict[str, Any],
    episodes: Mapping[str, str],
) -> SuiteResult:
    """Judge the answers in the suite's order. A sample without an answer is an error, with its reason from `errors`."""
    judged = [judge(suite, sample, kept[sample.id]) for sample in samples if sample.id in kept]
    missing = [
        {"id": sample.id, "error": errors.get(sample.id, "not answered")} for sample in samples if sample.id not in kept
    ]
    summary: Summary = suite.summarise(judged)
    return SuiteResult(
        manifest, json.loads(summary.model_dump_json()), [verdict_line(one) for one in judged], missing, run, episodes
    )


def judge(suite: Suite, sample: Sample, kept: StoredAnswer) -> Judged:
    """One answer judged."""
    return Judged(sample, kept.answer, suite.judge(sample, kept.answer))


def verdict_line(judged: Judged) -> dict[str, Any]:
    """A verdict with its prediction, without what differs between runs (times, tokens, repairs)."""
    answer = judged.answer
    return {
        "id": judged.sample.id,
        **json.loads(judged.verdict.model_dump_json()),
        "status": answer.status,
        "value": json.loads(answer.model_dump_json(include={"value"}))["value"],
        "raw": answer.raw,
        "instruction": judged.sample.instruction,
        "groups": {kind: list(labels) for kind, labels in judged.sample.groups.items()},
    }


def read_result(path: Path) -> SuiteResult:
    """A stored result; a folder stands for the ``result.json`` in it. Raises `UserError`."""
    path = path / "result.json" if path.is_dir() else path
    data = read_json(path)
    if data.get("format") != FORMAT:
        raise UserError(f"{path} is not a result of handeye bench")
    if data.get("version") != VERSION:
        raise UserError(f"{path} has version {data.get('version')}; this Handeye reads version {VERSION}")
    try:
        names = ("manifest", "summary", "verdicts", "errors", "run")
        return SuiteResult(**{name: data[name] for name in names}, episodes=_inside(data.get("episodes", {})))
    except KeyError as error:
        raise UserError(f"{path} is no whole result: {error.args[0]!r} is missing") from error


def _inside(episodes: Any) -> dict[str, str]:
    """Those of `episodes` whose folders are where a run puts them: others may lead anywhere."""
    found = episodes.items() if isinstance(episodes, dict) else ()
    return {name: path for name, path in found if path == episode_path(name)}
