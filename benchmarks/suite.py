"""The contract of a benchmark: samples, a prediction for each, verdicts on the predictions, figures over the verdicts.

A suite has its data and its rules, not workers, result files or pages. The runner (`benchmarks.runner`) calls `answer`
for each sample and stores the predictions; `judge` needs no model, so that stored predictions can be judged again. A
prediction that could not be obtained (server or display gone) is an infrastructure error: `answer` raises, the runner
retries, and the sample is in no figure.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Protocol, runtime_checkable

from pydantic import BaseModel, ConfigDict, Field

from actions.frame import Box
from agent.core.errors import UserError
from agent.core.model import Model, Usage
from agent.models.dialects.dialect import Platform

Kind = Literal["grounding", "navigation", "interactive", "policy"]


class SuiteError(UserError):
    """Unusable data or an unknown option of a suite; the message is one line with what to do next."""


@dataclass(frozen=True)
class SuiteOptions:
    """The options of a suite. A suite refuses (`SuiteError`) an option that it does not have.

    `mode` is a named variant of the data (e.g. ``high`` and ``low``), `rule` a named scoring rule, `language` which
    wording of the instructions. `seeds` is how many instances of each interactive task there are, from `seed` on.
    `zoom` asks twice: on the whole screen, then on a crop around the first answer. `tasks` selects tasks by name.
    `max_steps` takes the place of every interactive task's own budget.
    """

    mode: str | None = None
    rule: str | None = None
    language: str | None = None
    seeds: int | None = None
    seed: int = 0
    zoom: bool = False
    official_timer: bool = False
    tasks: tuple[str, ...] = ()
    max_steps: int | None = None

    def __post_init__(self) -> None:
        if self.max_steps is not None and self.max_steps < 1:
            raise SuiteError(f"--max-steps must be at least 1, not {self.max_steps}")


def refuse_options(suite: str, options: SuiteOptions, *unknown: str) -> None:
    """Raise `SuiteError` for an option of `unknown` (fields of `SuiteOptions`) that was given; `suite` has none."""
    given, default = asdict(options), asdict(SuiteOptions())
    for option in unknown:
        if given[option] != default[option]:
            raise SuiteError(f"{suite} has no --{option.replace('_', '-')}: leave it out")


@dataclass(frozen=True)
class Sample:
    """One item of a suite. `id` is unique in the suite and the same in every run.

    `groups` has the labels that figures are broken down by, e.g. ``{"platform": ("mobile",), "ui_type": ("icon",)}``;
    a sample may carry several labels of one kind. `data` belongs to the suite and can be pickled.
    """

    id: str
    instruction: str
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    data: Any = None


class _SuiteValue(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="strings")


class Prediction(_SuiteValue):
    """The model's answer to one sample, as JSON that can be judged without the sample's image or a model.

    `value` is the suite's own: ``{"point": [x, y], "box": [x1, y1, x2, y2] | null}`` in pixels of the original image
    for grounding, ``{"action": {...}}`` for navigation, ``{"success": 0.0 to 1.0, "ending": …, "steps": n}`` for
    interactive suites. `unreadable`: no single usable action or place could be parsed; `refused`: the model says that
    the target is not on the screen.
    """

    status: Literal["answered", "refused", "unreadable"]
    value: dict[str, Any] = Field(default_factory=dict)
    raw: str = ""
    notes: tuple[str, ...] = ()
    usage: Usage = Field(default_factory=Usage)
    timings: dict[str, float] = Field(default_factory=dict)


class SampleVerdict(_SuiteValue):
    """The verdict on one prediction; `kind` is the suite's label: ``correct``, ``wrong``, ``refused``…

    `scores` has further named figures in 0 to 1 that are averaged over the samples that have them, e.g. ``type`` and
    ``grounding`` of a navigation step. `why` gives the reason in one line where `kind` does not.
    """

    correct: bool
    kind: str
    scores: dict[str, float] = Field(default_factory=dict)
    why: str = ""


@dataclass(frozen=True)
class Judged:
    """A sample with its prediction and verdict."""

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


class Suite(ABC):
    """A benchmark with its data at hand. A subclass overrides the defaults that do not fit it."""

    name: str
    """As on the command line, e.g. ``screenspot-v2``."""
    kind: Kind
    """What is asked of a model: `locate`, `decide` on recorded screens, the whole loop, or nothing (a policy)."""
    platform: Platform | None = None
    """Whose actions a model is asked for; None: mobile for navigation suites, else desktop."""
    screen: tuple[int, int] | None = None
    """Width and height in pixels of the screens of an interactive suite; None where they differ or are not known."""
    idle_pause: float = 1.0
    """Seconds that the baseline `idle` waits in one step."""

    @property
    @abstractmethod
    def protocol(self) -> Mapping[str, Any]:
        """JSON for the manifest: suite version, data hash, mode, rule, language, zoom, hit test, seeds, budget…

        All that must be equal for two figures to be comparable.
        """

    @property
    def flagged(self) -> Mapping[str, str]:
        """Known findings of an audit (`benchmarks.audit`): ``CHECK:task`` to the reason."""
        return {}

    @abstractmethod
    def samples(self) -> Sequence[Sample]:
        """All samples, always in the same order; never empty."""

    @abstractmethod
    def answer(self, sample: Sample, model: Model) -> Prediction:
        """Ask `model`. A `ParseError` becomes an `unreadable` prediction; what else it raises is infrastructure."""

    @abstractmethod
    def judge(self, sample: Sample, answer: Prediction) -> SampleVerdict:
        """The verdict by the suite's rule, from the prediction alone."""

    @abstractmethod
    def summarise(self, judged: Sequence[Judged]) -> Summary:
        """The figures over `judged`. `notes` says what is undefined; never NaN."""

    def oracle(self, sample: Sample) -> Model | None:
        """A model that answers `sample` correctly, or None where there is none.

        An oracle that needs more than a screen (the page's own state) has a method ``bind(world)``, which an
        interactive suite calls with the world that it has set up before the first step.
        """
        return None

    def obedient(self, sample: Sample) -> Model | None:
        """A model that carries out the orders that the screen of `sample` gives, or None where it gives none."""
        return None

    def close(self) -> None:
        """Release what the suite keeps open between samples. Safe to call twice."""
        return


@runtime_checkable
class ListsElements(Protocol):
    """A suite whose samples have the elements of their screen."""

    def boxes(self, sample: Sample) -> Sequence[Box]:
        """Those of the elements, in frame pixels and in reading order."""
