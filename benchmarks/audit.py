"""Faults of a benchmark, found by baselines and its oracle: ``handeye bench audit``.

A task that an idle agent passes measures nothing; a task that the suite's oracle fails is unsolvable, or its check is
wrong. The baselines (`benchmarks.baselines`) run in the ordinary runner: their figures are those of
``handeye bench SUITE --model baseline:NAME``. The targets of grounding data are checked as well.

A finding that a suite declares with its reason (`Suite.flagged`, by task or ``CHECK:task``) is shown, but not counted.
"""

from __future__ import annotations

import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from agent.core.errors import UserError
from agent.models.spec import ModelSpec
from benchmarks.figures.scoring import Nothing
from benchmarks.runner.plan import RunPlan
from benchmarks.runner.result import SuiteResult
from benchmarks.runner.run import ExecutionOptions, run_plan
from benchmarks.runner.schedule import Retries
from benchmarks.suite import Figure, Kind, Sample, Suite, SuiteError

BASELINES: Mapping[Kind, tuple[str, ...]] = {
    "interactive": ("idle", "say-done", "random", "centre", "blind-replay", "oracle"),
    "grounding": ("random", "centre", "blind-replay", "oracle"),
    "navigation": ("idle", "say-done", "random", "centre", "oracle"),
}
"""The baselines of each kind of suite. On recorded steps an idle agent is right wherever the recorded action is a wait,
so only figures are shown there."""

LARGE = 0.5
"""The share of the image above which a target can be hit by chance."""
_NAMED = 3


class _AuditValue(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class AuditFinding(_AuditValue):
    """A finding.

    `check` is the baseline or data check that found it, `where` the task or sample; `count` of its `of` samples are
    affected. `declared` is the suite's own reason, empty for an undeclared finding.
    """

    check: str
    where: str
    what: str
    count: int = 1
    of: int = 1
    declared: str = ""


class Audit(_AuditValue):
    """All that was found. `flagged` counts the findings that the suite does not declare itself."""

    suite: str
    kind: str
    mode: str | None
    samples: int
    baselines: dict[str, Figure]
    findings: tuple[AuditFinding, ...]
    skipped: dict[str, str] = {}

    @property
    def flagged(self) -> int:
        """Findings that count."""
        return sum(not finding.declared for finding in self.findings)

    def to_json(self) -> dict[str, Any]:
        """For ``--json``."""
        return {**self.model_dump(mode="json"), "flagged": self.flagged, "ok": not self.flagged}


@dataclass(frozen=True)
class AuditRequest:
    """What is to be audited, and how. `baselines` empty means all that fit the suite's kind."""

    plan: RunPlan
    baselines: tuple[str, ...] = ()
    workers: int = 1
    out: Path | None = None


def audit(wanted: AuditRequest) -> Audit:
    """Run the baselines and look through the data. Raises `SuiteError` and what a run raises."""
    suite = wanted.plan.check()
    samples = wanted.plan.samples(suite)
    findings, figures, skipped = list[AuditFinding](), dict[str, Figure](), dict[str, str]()
    with ExitStack() as stack:
        folder = wanted.out or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="handeye-audit-")))
        for name in _baselines(suite, wanted.baselines):
            try:
                result = _run(wanted, name, folder / name)
            except SuiteError as error:
                skipped[name] = str(error)
                continue
            figures[name] = _figure(result)
            findings += _of_baseline(suite, samples, name, result)
        if "oracle" in skipped:
            findings.append(AuditFinding(check="oracle", where=suite.name, what=skipped["oracle"]))
    if suite.kind == "grounding":
        findings += check_targets(suite.name, samples)
    known = suite.flagged
    return Audit(
        suite=suite.name,
        kind=suite.kind,
        mode=wanted.plan.options.mode,
        samples=len(samples),
        baselines=figures,
        findings=tuple(_declare(finding, known) for finding in findings),
        skipped=skipped,
    )


def _baselines(suite: Suite, names: Sequence[str]) -> Sequence[str]:
    fitting = BASELINES[suite.kind]
    unknown = [name for name in names if name not in fitting]
    if unknown:
        raise SuiteError(f"the audit of {suite.name} has no baseline {unknown[0]!r}: choose from {', '.join(fitting)}")
    return [name for name in fitting if name in names] if names else fitting


def _run(wanted: AuditRequest, name: str, folder: Path) -> SuiteResult:
    plan = wanted.plan
    asked = replace(plan, model=ModelSpec(f"baseline:{name}"))
    how = ExecutionOptions(wanted.workers, out=folder, resume=wanted.out is not None, retries=Retries(1))
    done = run_plan(asked, how)
    if done.gave_up and name != "oracle":
        raise UserError(f"the baseline {name} could not be run: {done.gave_up}")
    return done.result


def _figure(result: SuiteResult) -> Figure:
    summary = result.summary
    return Figure(correct=summary["correct"], total=summary["total"], accuracy=summary["micro"], ci95=summary["ci95"])


def _of_baseline(suite: Suite, samples: Sequence[Sample], name: str, result: SuiteResult) -> Iterator[AuditFinding]:
    """The findings from a baseline's result."""
    if name == "oracle":
        yield from _of_oracle(suite, samples, result)
    elif suite.kind == "interactive":
        yield from _by_task(name, f"the {name} agent passes", samples, _passed(result))
    elif suite.kind == "grounding" and name == "centre":
        for sample in _passed(result):
            yield AuditFinding(check=name, where=sample, what="a click on the middle of the screen is right")


def _of_oracle(suite: Suite, samples: Sequence[Sample], result: SuiteResult) -> Iterator[AuditFinding]:
    without = {sample.id: "" for sample in samples if suite.oracle(sample) is None}
    failed = {
        v["id"]: str(v["why"] or v["kind"]) for v in result.verdicts if not v["correct"] and v["id"] not in without
    }
    failed |= {e["id"]: str(e["error"]) for e in result.errors if e["id"] not in without}
    yield from _by_task("no oracle", "there is no oracle", samples, without)
    yield from _by_task("oracle", "the oracle fails", samples, failed)


def _passed(result: SuiteResult) -> dict[str, str]:
    return {one["id"]: "" for one in result.verdicts if one["correct"]}


def _by_task(check: str, what: str, samples: Sequence[Sample], found: Mapping[str, str]) -> Iterator[AuditFinding]:
    """One finding for each task (sample, where there are no tasks), with the first reason."""
    task = {s.id: s.groups["task"][0] if "task" in s.groups else s.id for s in samples}
    size = Counter(task.values())
    reasons = defaultdict[str, list[str]](list)
    for sample, why in found.items():
        reasons[task[sample]].append(why)
    for where, whys in reasons.items():
        why = next(filter(None, whys), "")
        yield AuditFinding(
            check=check, where=where, what=f"{what}: {why}" if why else what, count=len(whys), of=size[where]
        )


def _declare(finding: AuditFinding, known: Mapping[str, str]) -> AuditFinding:
    reason = known.get(f"{finding.check}:{finding.where}") or known.get(finding.where, "")
    return finding.model_copy(update={"declared": reason}) if finding.check != "oracle" else finding


# --- the data of grounding suites ------------------------------------------------------------------------------------


def check_targets(suite: str, samples: Sequence[Sample]) -> list[AuditFinding]:
    """Findings without a model: targets too large, without area or off the image, duplicates and contradictions."""
    return [*(f for sample in samples for f in _of_target(sample)), *_contradictions(samples)]


def _of_target(sample: Sample) -> Iterator[AuditFinding]:
    target, (width, height) = sample.data.target, sample.data.size
    if isinstance(target, Nothing):
        return
    box = target.box
    share = box.area / (width * height)
    if share > LARGE:
        yield AuditFinding(check="large target", where=sample.id, what=f"the target covers {share:.0%} of the image")
    if box.area <= 0:
        yield AuditFinding(
            check="no area", where=sample.id, what="the target has no area: hardly any answer can be right"
        )
    if box.x1 < 0 or box.y1 < 0 or box.x2 > width or box.y2 > height:
        outside = box.x1 >= width or box.y1 >= height or box.x2 <= 0 or box.y2 <= 0
        where = "lies outside" if outside else "reaches beyond"
        yield AuditFinding(
            check="off the image", where=sample.id, what=f"the target {where} the {width:g}x{height:g} image"
        )


def _contradictions(samples: Sequence[Sample]) -> Iterator[AuditFinding]:
    """Equal instructions on the same image, with the same target or different ones."""
    alike = defaultdict[tuple[str, str], list[Sample]](list)
    for sample in samples:
        alike[str(sample.data.image), " ".join(sample.instruction.casefold().split())].append(sample)
    for group in (group for group in alike.values() if len(group) > 1):
        same = len({repr(sample.data.target) for sample in group}) == 1
        names = ", ".join(sample.id for sample in group[1 : 1 + _NAMED]) + (" …" if len(group) > 1 + _NAMED else "")
        yield AuditFinding(
            check="duplicate" if same else "contradiction",
            where=group[0].id,
            what=f"the same words on the same image as {names}, with {'the same' if same else 'another'} target",
            count=len(group),
            of=len(group),
        )
