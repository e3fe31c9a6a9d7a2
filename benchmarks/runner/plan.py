"""What is to be run: a suite, its data and options, and who answers. Small enough to be sent to another machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from importlib import import_module
from pathlib import Path
from typing import Any

from agent.models.dialects.dialect import Ability, Platform
from agent.models.opening import model_plugins
from agent.models.spec import ModelSpec
from agent.plugins import find
from benchmarks.suite import Kind, Sample, Suite, SuiteError, SuiteOptions
from benchmarks.suites import SUITES, Opener, open_suite

BASELINE = "baseline:"
"""What the name of a model from `benchmarks.baselines` begins with."""


@dataclass(frozen=True)
class RunPlan:
    """One run. `data` is absolute. `model` may be a ``baseline:NAME`` too; `limit` keeps the first so many samples.

    `opener` is ``module:function`` of one of Handeye's suites, so that a worker needs no registry; empty for a plug-in.
    """

    suite: str
    model: ModelSpec
    data: Path | None = None
    options: SuiteOptions = field(default_factory=SuiteOptions)
    limit: int | None = None
    opener: str = ""

    def __post_init__(self) -> None:
        if self.limit is not None and self.limit < 1:
            raise SuiteError(f"--limit must be at least 1, not {self.limit}")
        if not self.opener and self.suite in SUITES:
            object.__setattr__(self, "opener", SUITES[self.suite].opener)

    def check(self) -> Suite:
        """The suite, opened with the registry's checks. Raises `SuiteError`."""
        return open_suite(self.suite, self.data, self.options)

    def open(self) -> Suite:
        """The suite, in a worker."""
        if not self.opener:
            return self.check()
        module, _, function = self.opener.partition(":")
        opener: Opener = getattr(import_module(module), function)
        return opener(self.suite, self.data, self.options)

    def samples(self, suite: Suite) -> Sequence[Sample]:
        """The samples of this run, in the suite's order. Raises `SuiteError` where ids are not unique."""
        found = suite.samples()
        if not found:
            raise SuiteError(f"{self.suite}: there is no sample to run; check --tasks and the data")
        if len({sample.id for sample in found}) < len(found):
            raise SuiteError(f"{self.suite}: two samples have the same id; check the data")
        return found[: self.limit]

    def plugins(self) -> dict[str, Any] | None:
        """What comes from outside, by its role, each with its ``module:object`` and the hash of its file."""
        suite = None if self.opener else find("suites", self.suite)
        return (model_plugins(self.model) | ({"suite": suite.to_json()} if suite else {})) or None

    def to_json(self) -> dict[str, Any]:
        """For the manifest; the inverse of `from_json`."""
        data = None if self.data is None else str(self.data)
        return asdict(self) | {"data": data, "model": self.model.to_json()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> RunPlan:
        """Raises `SuiteError` for an object that is no plan."""
        try:
            known = {name.name for name in fields(SuiteOptions)}
            options: dict[str, Any] = {
                k: tuple(v) if isinstance(v, list) else v for k, v in data["options"].items() if k in known
            }
            folder = data.get("data")
            return cls(
                suite=data["suite"],
                model=_model(data),
                data=None if folder is None else Path(folder),
                options=SuiteOptions(**options),
                limit=data.get("limit"),
                opener=data.get("opener", ""),
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise SuiteError(f"the result does not say how it was made (no usable 'plan': {error})") from error


def _model(data: Mapping[str, Any]) -> ModelSpec:
    """The plan's model; results of Handeye 0.1 have its name, served name and image limit beside each other."""
    if isinstance(data["model"], str):
        return ModelSpec(data["model"], data.get("served_model"), max_pixels=data.get("max_pixels"))
    return ModelSpec.from_json(data["model"])


def ability_for(kind: Kind) -> Ability:
    """What a suite of `kind` asks of a model."""
    return "locate" if kind == "grounding" else "decide"


def platform_for(suite: Suite) -> Platform:
    """Whose actions a model is to speak of: the suite's own `platform`, else a phone's for recorded navigation."""
    return suite.platform or ("mobile" if suite.kind == "navigation" else "desktop")
