"""The stored result of a calibration, and a dialect corrected by it.

Profiles lie in the user's configuration folder, one for each endpoint, served model and dialect, as JSON with a
version. A profile is used only where it was measured: for another model, or a dialect that has changed since, it is
refused.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agent.calibration.readings import Order
from agent.core.errors import UserError
from agent.core.model import ModelError
from agent.models.chat import ChatModel
from agent.models.dialects.dialect import Dialect, Space
from agent.models.dialects.resize import PaddedCanvas, Resize, SideLimit, Square, Tiles
from agent.models.endpoints.endpoint import Endpoint
from agent.settings import CONFIG, config_folder, write_whole

VERSION: Literal[1] = 1
OVERSHOOT: Mapping[Space, float] = {"rel1": 0.01, "rel100": 1.0, "rel999": 10.0, "rel1000": 10.0, "abs_resized": 28.0}
"""How far beyond an edge a number is still taken for the edge: a hundredth of a side, or one patch."""


class _ProfileModel(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Limit(_ProfileModel):
    """A server's own resize: the area (pixels) or, for ``side``, the longer side that a picture must keep to, and the
    `least` area that it must have.

    `factor` is what the server rounds sides to, None where it does not.
    """

    rule: Literal["patches", "plain", "side"]
    pixels: int | None = Field(default=None, gt=0)
    factor: int | None = Field(default=None, gt=0)
    least: int | None = Field(default=None, gt=0)


class Profile(_ProfileModel):
    """How a model at an endpoint answers, as measured.

    `space` is as in `agent.calibration.readings.CoordinateReading`, `resize` the server's own where the answers
    show one, and
    `largest` the area in pixels of the largest picture that the server took, where it refused a larger one.
    `dialect_hash` is the `prompt_hash` of the dialect it was measured with. `measured` is the report.
    """

    handeye_profile: Literal[1] = VERSION
    made: str
    endpoint: str
    model: str
    dialect: str
    dialect_hash: str
    space: Space
    order: Order
    box: bool = False
    resize: Limit | None = None
    largest: int | None = None
    measured: dict[str, Any] = Field(default_factory=dict)

    @property
    def id(self) -> str:
        """Eight hex digits over all that changes a click: for records."""
        said = self.model_dump(exclude={"made", "measured"}, mode="json")
        if self.resize is not None and self.resize.least is None:
            del said["resize"]["least"]  # as in profiles that were made before there was one
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:8]

    def correct(self, dialect: Dialect) -> Dialect:
        """`dialect` as the model speaks it, with pictures of a size that the server leaves alone.

        Prompts tell the sizes that they told when it was measured. Raises `ModelError` where the rule has no such
        size.
        """
        dialect = replace(dialect, resize=self._rule(dialect.resize))
        asked: Space = dialect.space_for.get("locate", dialect.space)
        space: Space = "abs_resized" if self.space.startswith("abs") else self.space
        overshoot = max(dialect.overshoot if space == asked else 0.0, OVERSHOOT[space])
        dialect = replace(dialect, order=self.order, overshoot=overshoot)
        if space == asked:
            return dialect
        return replace(dialect, space=space, space_for={}, prompt_space=dialect.prompt_space or asked)

    def _rule(self, rule: Resize) -> Resize:
        limit = self.resize
        plain = not isinstance(rule, (Square, Tiles, PaddedCanvas))
        if limit is not None and limit.factor is not None and plain:
            rule = replace(rule, factor=limit.factor)
        if limit is not None and limit.rule == "side" and limit.pixels and plain:
            rule = SideLimit(rule.factor, rule.min_pixels, rule.max_pixels, limit.pixels)
        if limit is not None and limit.least and plain:
            rule = replace(rule, min_pixels=max(rule.min_pixels, limit.least))
        areas = [self.largest, limit.pixels if limit is not None and limit.rule != "side" else None]
        area = min((a for a in areas if a), default=None)
        return rule if area is None or area >= rule.max_pixels else _within(rule, area, limit)


def _within(rule: Resize, area: int, limit: Limit | None) -> Resize:
    """`rule` with no picture larger than `area` pixels. Raises `ModelError`."""
    if isinstance(rule, PaddedCanvas):
        raise ModelError(
            f"the server takes pictures of {area} pixels at most, and the model only larger ones: raise that"
        )
    if area < rule.factor**2 and not isinstance(rule, Square):
        raise ModelError(f"the server takes pictures of {area} pixels at most: too small to find anything on")
    if not isinstance(rule, Square):
        return replace(rule, min_pixels=min(rule.min_pixels, area // 4), max_pixels=area)
    side = math.isqrt(area)
    side -= side % ((limit and limit.factor) or 1)
    return replace(rule, factor=side, min_pixels=side**2, max_pixels=side**2)


def profile_path(endpoint: str, dialect: str) -> Path:
    """The file for a model at an endpoint (`Endpoint.name` once its model is known) as `dialect`."""
    slug = re.sub(r"[^A-Za-z0-9.]+", "-", re.sub(r"\w+://", "", endpoint))[:80].strip("-.")
    key = hashlib.sha256(json.dumps([endpoint, dialect]).encode()).hexdigest()[:8]
    return config_folder() / "profiles" / f"{slug}-{dialect}-{key}.json"


def save_profile(profile: Profile, path: Path | None = None) -> Path:
    """Write `profile` whole or not at all; the path. Raises `UserError`."""
    path = path or profile_path(profile.endpoint, profile.dialect)
    try:
        write_whole(path, profile.model_dump_json(indent=2) + "\n")
    except OSError as error:
        raise UserError(f"cannot write the profile {path}: {error}; set {CONFIG} to a folder of yours") from error
    return path


def read_profile(path: Path) -> Profile:
    """The profile in `path`. Raises `UserError` for a file that is none, or is of another version."""
    try:
        return Profile.model_validate_json(path.read_bytes())
    except FileNotFoundError as error:
        raise UserError(f"no such profile: {path}; make one with handeye doctor --calibrate URL") from error
    except OSError as error:
        raise UserError(f"cannot read the profile {path}: {error}") from error
    except ValidationError as error:
        wrong = error.errors()[0]
        where = ".".join(map(str, wrong["loc"])) or "the file"
        raise UserError(
            f"{path} is no profile of version {VERSION} ({where}: {wrong['msg']}): make it anew with "
            "handeye doctor --calibrate URL, or go without it (--no-profile)"
        ) from error


def profile_for(endpoint: Endpoint, dialect: Dialect) -> tuple[Profile, Path] | None:
    """The saved profile of the model at `endpoint` as `dialect`, if there is one. Raises like `read_profile`."""
    if not any((config_folder() / "profiles").glob("*.json")):
        return None
    path = profile_path(place_of(endpoint), dialect.name)
    return (read_profile(path), path) if path.exists() else None


def place_of(endpoint: Endpoint) -> str:
    """The model and where it runs, for certain: a server that was not told which model is asked."""
    _ = endpoint.model
    return endpoint.name


def with_profile(model: ChatModel, profile: Profile, path: Path) -> ChatModel:
    """`model` as `profile` says that it speaks.

    Raises `ModelError`, one line, for a profile of another model, of another dialect or of another version of it. The
    address is not compared: the same model may have moved.
    """
    speaks, served = model.speaks, model.endpoint.model
    again = f"calibrate again (handeye doctor --calibrate), or go without it (--no-profile): {path}"
    for what, its, ours in (("model", profile.model, served), ("dialect", profile.dialect, speaks.name)):
        if its != ours:
            raise ModelError(f"this profile is of the {what} {its!r}, not of {ours!r}: {again}")
    if profile.dialect_hash != speaks.prompt_hash:
        raise ModelError(f"this profile was made with another version of the dialect {speaks.name}: {again}")
    return replace(model, speaks=profile.correct(speaks), profile=profile.id)
