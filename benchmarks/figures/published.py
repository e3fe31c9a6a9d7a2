"""Published figures with source and protocol, and which of them are comparable with a result."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from benchmarks.suite import Summary

FILE = Path(__file__).with_suffix(".json")


class Reference(BaseModel):
    """One published figure.

    `value` is in percent, as published. `average` says which of our averages it compares with; None where its source
    does not say. `protocol` are the parts of a suite's protocol that must be equal for the two to be comparable; None
    where they can not be: the protocol is not published, or the figure is wrong (`note` says which). `date` is the
    source's, year and where known month.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    suite: str
    model: str
    metric: str
    value: float = Field(ge=0, le=100)
    average: Literal["micro", "macro"] | None = None
    protocol: dict[str, Any] | None
    source: str
    date: str
    note: str = ""

    def line(self) -> str:
        """One line of text."""
        average = self.average or "average not stated"
        parts = (self.metric, average, f"{self.source}, {self.date}", self.note)
        return f"{self.value:5.1f} %  {self.model} ({'; '.join(part for part in parts if part)})"

    def to_json(self) -> dict[str, Any]:
        """As one JSON object."""
        return self.model_dump(mode="json")


@cache
def references() -> tuple[Reference, ...]:
    """All figures."""
    data = json.loads(FILE.read_text(encoding="utf-8"))
    return tuple(Reference.model_validate({**_shared(data, entry), **entry}) for entry in data["figures"])


def _shared(data: Mapping[str, Any], entry: Mapping[str, Any]) -> dict[str, Any]:
    """The defaults of the figures of one suite."""
    return dict(data["suites"][entry["suite"]])


def comparable(protocol: Mapping[str, Any], summary: Summary) -> Sequence[Reference]:
    """The figures comparable with `summary`, the best first; none for a part of a suite, or a zoomed run.

    `protocol` is the suite's. Raises nothing: what cannot be compared is not there.
    """
    whole = protocol.get("complete", True) and protocol.get("samples", summary.total) == summary.total
    if summary.accuracy is None or not whole:
        return ()
    found = [ref for ref in references() if ref.suite == protocol.get("suite") and _fits(ref, protocol)]
    return tuple(sorted(found, key=lambda ref: -ref.value))


def _fits(reference: Reference, protocol: Mapping[str, Any]) -> bool:
    wanted = reference.protocol
    return wanted is not None and all(protocol.get(key) == value for key, value in wanted.items())
