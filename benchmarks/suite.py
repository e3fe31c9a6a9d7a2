"""What every benchmark is: samples in, one answer each, a verdict on each answer, and figures over all of them.

A suite knows its data and its rules; it knows nothing of workers, files of results or pages. The runner
(`benchmarks.runner`) asks `answer` for each sample and keeps the answers; `judge` needs no model, so that stored
answers can be judged again. An answer that could not be got (server away, display gone) is an error of the
infrastructure: `answer` raises, the runner tries again, and it is never averaged into a figure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field

from agent.core.errors import UserError
from agent.core.model import Model, Usage

Kind = Literal["grounding", "navigation", "interactive"]


class SuiteError(UserError):
    """The data of a suite is not what it should be, or an option does not exist; one line with what to do next."""


@dataclass(frozen=True)
class SuiteOptions:
    """How a suite is to be run. A suite refuses (`SuiteError`) an option that means nothing to it.

    `mode` is a named variant of the data (e.g. ``high`` and ``low``), `rule` a named scoring rule, `language` which
    wording of the instructions. `seeds` is how many instances of each interactive task there are, from `seed` on.
    `zoom` looks twice: at the whole screen, then at what surrounds the first answer. `tasks` names some of the tasks.
    """

    mode: str | None = None
    rule: str | None = None
    language: str | None = None
    seeds: int | None = None
    seed: int = 0
    zoom: bool = False
    official_timer: bool = False
    tasks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Sample:
    """One question. `id` is unique in the suite and the same in every run.

    `groups` has the labels that figures are broken down by, e.g. ``{"platform": ("mobile",), "ui_type": ("icon",)}``;
    a sample may carry several labels of one kind. `data` is the suite's own and can be pickled.
    """

    id: str
    instruction: str
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    data: Any = None


class _SuiteValue(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="strings")


class Prediction(_SuiteValue):
    """What came of one sample, as JSON that can be judged without the sample's image or a model.

    `value` is the suite's own: ``{"point": [x, y], "box": [x1, y1, x2, y2] | null}`` in pixels of the original image
    for grounding, ``{"action": {...}}`` for navigation, ``{"success": 0.0 to 1.0, "ending": …, "steps": n}`` for
    interactive suites. `unreadable` is an answer without exactly one usable action or place; `refused` says that
    there is no such place.
    """

    status: Literal["answered", "refused", "unreadable"]
    value: dict[str, Any] = Field(default_factory=dict)
    raw: str = ""
    notes: tuple[str, ...] = ()
    usage: Usage = Field(default_factory=Usage)
    timings: dict[str, float] = Field(default_factory=dict)


class SampleVerdict(_SuiteValue):
    """`kind` is the suite's word for it: ``correct``, ``wrong``, ``wrong_format``, ``refused`` and so on.

    `scores` has further named figures in 0 to 1 that are averaged over the samples that have them, e.g. ``type`` and
    ``grounding`` of a navigation step. `why` says in one line what decided it, where that is not plain.
    """

    correct: bool
    kind: str
    scores: dict[str, float] = Field(default_factory=dict)
    why: str = ""


@dataclass(frozen=True)
class Judged:
    """A sample with its answer and verdict."""

    sample: Sample
    answer: Prediction
    verdict: SampleVerdict


class Figure(_SuiteValue):
    """One figure: `correct` of `total`, with the 95 % interval of the accuracy (None where there is none)."""

    correct: float
    total: int
    accuracy: float | None
    ci95: tuple[float, float] | None


class Summary(_SuiteValue):
    """The figures of a run. All rates in 0 to 1; None is undefined, and `notes` says why.

    `micro` is the mean over samples, `macro` the mean over the cells of `macro_over`, with an interval where the
    cells share no sample. `accuracy` is the one that the suite's authors report, named by `headline` ("micro" or
    "macro"). `refusals` counts samples whose right answer is a refusal. `tables` has a table for each kind of label,
    in the order in which they are to be shown; `averages` has the means of `SampleVerdict.scores`.
    """

    correct: float
    total: int
    accuracy: float | None
    ci95: tuple[float, float] | None
    micro: float | None
    macro: float | None
    macro_ci95: tuple[float, float] | None = None
    macro_over: str = ""
    headline: str = "micro"
    interval: str = "Wilson"
    refusals: int = 0
    kinds: dict[str, int] = Field(default_factory=dict)
    tables: dict[str, dict[str, Figure]] = Field(default_factory=dict)
    averages: dict[str, Figure] = Field(default_factory=dict)
    notes: tuple[str, ...] = ()


class Suite(Protocol):
    """A benchmark with its data at hand."""

    @property
    def name(self) -> str:
        """As on the command line, e.g. ``screenspot-v2``."""

    @property
    def kind(self) -> Kind:
        """What is asked of a model: `locate`, `decide` on recorded screens, or the whole loop."""

    @property
    def protocol(self) -> Mapping[str, Any]:
        """JSON for the manifest: suite version, data hash, mode, rule, language, zoom, hit test, seeds, budget…

        All that must be equal for two figures to be comparable.
        """

    def samples(self) -> Sequence[Sample]:
        """All samples, always in the same order; never empty."""

    def answer(self, sample: Sample, model: Model) -> Prediction:
        """Ask `model`. A `ParseError` becomes an `unreadable` answer; what else it raises is infrastructure."""

    def judge(self, sample: Sample, answer: Prediction) -> SampleVerdict:
        """The rule of the suite. Needs neither model nor screen."""

    def summarise(self, judged: Sequence[Judged]) -> Summary:
        """The figures over `judged`. Says in `notes` what is undefined; never NaN."""

    def oracle(self, sample: Sample) -> Model | None:
        """A model that answers `sample` rightly, or None where there is no such thing.

        An oracle that has to see more than a screen (the page's own state) has a method ``bind(world)``, which an
        interactive suite calls with what it has set up before the first step.
        """
