"""The episode format: its types, its limits, the checksum of each JSON object, and its JSON schema."""

from __future__ import annotations

import contextlib
import json
import math
import platform
import re
import zlib
from collections.abc import Mapping
from importlib import metadata
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from actions.errors import HandeyeError
from agent.core.model import Model
from agent.core.step import Step, Tokens
from agent.core.task import Ending, Limits, Task
from envs.env import Env
from envs.record_clock import RECORD_CLOCK

FORMAT = "handeye-episode"
VERSION = 2
READABLE = (1, 2)
"""The format versions that can be read. Version 1 has neither patches nor checksums."""
MAX_SIDE = 32_767
"""Pixels of a frame's longest side: X11's own limit."""
MAX_PIXELS = 100_000_000
"""Frames above this many pixels are neither written nor read (three 8K screens side by side have 99.5 million)."""
MAX_LINE = 32 * 2**20
"""Bytes of the longest line of ``steps.jsonl``, and of ``episode.json``."""
MAX_STEPS = 100_000
"""Lines of ``steps.jsonl`` that are read."""
_LAST_MOMENT = 253_402_300_799.0  # the end of the year 9999
_LARGEST = 2**53  # the largest integer that every JSON parser reads exactly
_CHECKSUM = re.compile(rb',"crc32":"([0-9a-f]{8})"\}\s*\Z')


class EpisodeError(HandeyeError):
    """An episode cannot be written or read; one line that says what to do next."""


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class EpisodeHeader(_Record):
    """What is known before the first step. `started` is seconds since the epoch.

    `env` is the env's own name, `platform` is ``desktop`` or ``mobile``. `versions` holds software versions by name.
    `extra` is for other data of the writer.
    """

    task: str
    limits: Limits = Limits()
    model: str
    dialect: str | None = None
    prompt_hash: str | None = None
    env: str
    platform: str
    seeds: Mapping[str, int] = Field(default_factory=dict)
    versions: Mapping[str, str] = Field(default_factory=dict)
    started: float = Field(default_factory=RECORD_CLOCK.set)
    extra: Mapping[str, JsonValue] = Field(default_factory=dict)

    @classmethod
    def of(
        cls,
        task: Task,
        model: Model,
        env: Env,
        seeds: Mapping[str, int] | None = None,
        extra: Mapping[str, JsonValue] | None = None,
    ) -> EpisodeHeader:
        """The header of a run of `task` by `model` on `env` that starts now with this software."""
        return cls(
            task=task.instruction,
            limits=task.limits,
            model=model.name,
            dialect=model.dialect,
            prompt_hash=model.prompt_hash,
            env=env.name,
            platform=env.platform,
            seeds=seeds or {},
            versions=software_versions(),
            extra=extra or {},
        )


class Totals(_Record):
    """Sums over an episode's steps; `seconds` is from the start to the end (or to the last step)."""

    steps: int = Field(default=0, ge=0)
    seconds: float = Field(default=0.0, ge=0)
    tokens: Tokens = Field(default_factory=Tokens)


class EpisodeDocument(EpisodeHeader):
    """``episode.json``: the header and, once the run is over, how it ended."""

    format: Literal["handeye-episode"] = "handeye-episode"
    version: Literal[1, 2] = 2
    started: float
    ending: Ending | None = None
    message: str = ""
    answer: str | None = None
    finished: float | None = None
    totals: Totals | None = None


def software_versions() -> dict[str, str]:
    """The versions that a run depends on: Python, the system, this package and those for capture and perception."""
    versions = {"python": platform.python_version(), "system": platform.platform(terse=True)}
    for name in ("handeye", "opencv-python-headless", "rapidocr", "onnxruntime", "mss", "transformers"):
        with contextlib.suppress(metadata.PackageNotFoundError):
            versions[name] = metadata.version(name)
    return versions


def json_schema() -> dict[str, Any]:
    """The JSON schema of the format: ``episode`` for ``episode.json``, ``step`` for a line of ``steps.jsonl``."""
    crc32 = {"type": "string", "pattern": "^[0-9a-f]{8}$", "description": "Of the bytes before its comma."}
    schemas: dict[str, Any] = {}
    for name, record in (("episode", EpisodeDocument), ("step", Step)):
        schema = record.model_json_schema(mode="validation", ref_template="#/definitions/" + name + "/$defs/{model}")
        schema["properties"]["crc32"] = crc32
        schemas[name] = schema
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"{FORMAT}, version {VERSION}",
        "definitions": schemas,
    }


# --- JSON with a checksum --------------------------------------------------------------------------------------


def encode_record(record: BaseModel, indent: int | None = None) -> bytes:
    """UTF-8 JSON of `record` whose last member is the CRC-32 of all bytes before its comma.

    Falls back to ASCII with escapes for lone surrogates, which some models send. Raises ValueError for a record that
    JSON cannot hold.
    """
    try:
        text = record.model_dump_json(indent=indent).encode()
    except ValueError:
        text = json.dumps(record.model_dump(), indent=indent, allow_nan=False).encode()
    body = text[:-1].rstrip()
    return body + b',"crc32":"%08x"}' % zlib.crc32(body)


def decode_record(data: bytes) -> tuple[Any, bool]:
    """The JSON in `data` without its checksum, and whether the checksum is right (True where there is none).

    Raises ValueError for what is not JSON, is nested too deeply, or holds numbers that are not finite.
    """
    match = _CHECKSUM.search(data)
    try:
        value = json.loads(data, parse_constant=_finite, parse_float=_finite)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    checksum = value.pop("crc32", None) if isinstance(value, dict) else None
    right = checksum is None or (match is not None and int(match[1], 16) == zlib.crc32(data[: match.start()]))
    return value, right


def _finite(text: str) -> float:
    if not math.isfinite(value := float(text)):
        raise ValueError(f"{text} is not a finite number")
    return value


def check_bounds(step: Step) -> None:
    """Raises ValueError for numbers outside the format's limits."""
    if step.index >= _LARGEST:
        raise ValueError("index: too large")
    check_time("time", step.time)
    if max(step.frame.width, step.frame.height) > MAX_SIDE:
        raise ValueError(f"frame: above {MAX_SIDE} pixels a side")
    if step.frame.width * step.frame.height > MAX_PIXELS:
        raise ValueError(f"frame: {step.frame.width}x{step.frame.height} is above {MAX_PIXELS} pixels")
    if not all(0 <= n < _LARGEST for n in (step.tokens.prompt, step.tokens.completion, step.tokens.cached)):
        raise ValueError("tokens: not between 0 and 2^53")
    if not all(abs(n) < _LARGEST for n in step.frame.origin):
        raise ValueError("frame.origin: too far away")


def check_time(name: str, seconds: float | None) -> None:
    """Raises ValueError for seconds since the epoch outside the years 1970 to 9999."""
    if seconds is not None and not 0 <= seconds <= _LAST_MOMENT:
        raise ValueError(f"{name}: not a time between 1970 and 9999")


def reason(error: BaseException) -> str:
    """The message of `error` in one line; the system's own words for an OSError."""
    return (isinstance(error, OSError) and error.strerror) or first_line(error) or type(error).__name__


def first_line(error: BaseException) -> str:
    """The first line of `error`; for a ValidationError, the location and message of its first entry."""
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_input=False)[0]
        return f"{'.'.join(map(str, first['loc'])) or 'it'}: {first['msg']}"
    return str(error).partition("\n")[0][:300]
